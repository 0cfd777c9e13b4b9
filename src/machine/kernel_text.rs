//! How is a text of the kernel read?
//!
//! As bytes: the numbers and keywords in it are ASCII, the names are whatever somebody chose. What
//! has not the expected form is `None`, and hides nothing but itself.
//
// --- Implementation ---
// procfs-core 0.18 reads the same files, but all or nothing: one mount, group, mapping or thread
// whose name is no UTF-8 makes the whole file an error (`BufRead::lines`), it leaves the octal
// escapes of mountinfo as they are, and a file that lacks one of many fields (a container's
// meminfo, `/proc/pressure/cpu` before Linux 5.13) is an error too.

use std::str::FromStr;

use bstr::ByteSlice;

/// The number, list or word that is all of `text` but the white space around it.
pub(crate) fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The lines of `text`; a carriage return is a part of a name.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_str("\n")
}

/// The words of `text`, between white space.
pub(crate) fn words(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let words = text.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty())
}

/// The value after `key` and a colon in the first line of `text` that has it.
pub(crate) fn field<'a>(text: &'a [u8], key: &str) -> Option<&'a [u8]> {
    lines(text).find_map(|line| {
        let (name, value) = line.split_once_str(":")?;
        (name.trim_ascii() == key.as_bytes()).then(|| value.trim_ascii())
    })
}

/// The number after `key` and a blank in the first line of `text` that has it: `nr_periods 9`.
pub(crate) fn count(text: &[u8], key: &str) -> Option<u64> {
    lines(text).find_map(|line| {
        let (name, value) = line.split_once_str(" ")?;
        (name == key.as_bytes()).then(|| number(value))?
    })
}

/// The fields of the `stat` file of a process or thread from number `first` on, which is 3 or more. The
/// second, a name in parentheses, may hold anything.
//
// Source: proc(5), /proc/pid/stat.
pub(crate) fn stat_fields(stat: &[u8], first: usize) -> Option<impl Iterator<Item = &[u8]>> {
    let (_, fields) = stat.rsplit_once_str(")")?;
    Some(words(fields).skip(first.checked_sub(3)?))
}

/// `text` with each `\ooo`, a byte in octal, replaced by that byte.
//
// Source: Linux, lib/string_helpers.c, `escape_octal`, as `mangle_path` and `seq_escape` use it.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..3).and_then(octal).filter(|_| *first == b'\\');
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &after[3..]
        } else {
            after
        };
    }
    bytes
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    u8::from_str_radix(digits, 8).ok().filter(|_| octal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_beside_names_that_are_no_utf_8() {
        let status = b"Name:\tcaf\xe9\nCpus_allowed_list:\t0-3\n";
        assert_eq!(field(status, "Cpus_allowed_list"), Some(&b"0-3"[..]));
        assert_eq!(field(status, "Name"), Some(&b"caf\xe9"[..]));
        assert_eq!(field(status, "Uid"), None);
    }

    #[test]
    fn numbers_are_whole_and_have_64_bits() {
        assert_eq!(number(b" 18446744073709551615\n"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u64>(b"1 2"), None);
        assert_eq!(number::<u64>(b"\xff1"), None);
        let stat = b"nr_periods 5000000000\nnr_throttled x\n";
        assert_eq!(count(stat, "nr_periods"), Some(5_000_000_000));
        assert_eq!(count(stat, "nr_throttled"), None);
    }

    #[test]
    fn octal_escapes_of_any_byte_are_undone_and_nothing_else() {
        for (text, expected) in [
            (&b"/all\\040groups"[..], &b"/all groups"[..]),
            (b"/a\\134040b", b"/a\\040b"),
            (b"/caf\xe9\\011\\012\\043", b"/caf\xe9\t\n#"),
            (b"/caf\\351", b"/caf\xe9"),
            (b"\\", b"\\"),
            (b"\\04", b"\\04"),
            (b"\\400\\089\\+12", b"\\400\\089\\+12"),
        ] {
            assert_eq!(unescape(text), expected, "{}", text.escape_ascii());
        }
    }
}
