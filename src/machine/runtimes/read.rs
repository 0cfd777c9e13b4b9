//! How does each reader make a number of a text?
//!
//! Runtimes differ in white space, signs, what may follow, and numbers that are too large. Each
//! function is named after who reads so.

/// What C's `isspace` skips.
fn trim_c(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
}

/// C's `strtol` in base 10: the number that `text` begins with, if any, and the rest. A number too
/// large to be held saturates.
fn strtol(text: &str) -> Option<(i128, &str)> {
    let text = trim_c(text);
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let number = match &digits[..end] {
        "" => return None,
        run => run.parse::<i128>().unwrap_or(i128::MAX),
    };
    Some((sign * number, &digits[end..]))
}

fn positive(number: i128) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0)
}

/// A number of at least 1 and what follows it, as libgomp reads it.
//
// Source: GCC 12, libgomp/env.c, `parse_unsigned_long_1`: `strtoul`, no `errno`, above 0 as a long.
fn gomp_element(text: &str) -> Option<(u64, &str)> {
    let (number, rest) = strtol(text)?;
    let number = positive(number).filter(|number| i64::try_from(*number).is_ok())?;
    Some((number, trim_c(rest)))
}

/// One number of at least 1 for libgomp; anything after it spoils it.
pub(super) fn gomp_number(text: &str) -> Option<u64> {
    gomp_element(text).and_then(|(number, rest)| rest.is_empty().then_some(number))
}

/// A list of numbers of at least 1, checked to its end: one that is spoilt spoils all.
//
// Source: GCC 12, libgomp/env.c, `parse_unsigned_long_list`.
pub(super) fn gomp_list(text: &str) -> Option<Vec<u64>> {
    text.split(',').map(gomp_number).collect()
}

/// `true` or `false` in any case with white space around; anything else is passed over.
//
// Source: GCC 12, libgomp/env.c, `parse_boolean`.
pub(super) fn gomp_bool(text: &str) -> Option<bool> {
    let text = trim_c(text).trim_end().to_ascii_lowercase();
    text.parse().ok()
}

/// The first number of a list as `nproc` reads it: digits, then nothing or a comma.
//
// Source: gnulib, lib/nproc.c, `parse_omp_threads`. 0 is no number; one too large saturates.
pub(super) fn nproc_number(text: &str) -> Option<u64> {
    let text = trim_c(text);
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (number, rest) = strtol(text)?;
    let rest = trim_c(rest);
    let ends = rest.is_empty() || rest.starts_with(',');
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    (ends && number > 0).then_some(number)
}

/// What LLVM's OpenMP makes of `OMP_NUM_THREADS`: `Err` is text that it warns of and then does not
/// run reliably with, `Ok(None)` that the first level is not set.
//
// Source: LLVM 14, openmp/runtime/src/kmp_settings.cpp, `__kmp_parse_nested_num_threads`: digits,
// white space and commas only; an empty place is "not set"; 0 and what is no int become 1.
pub(super) fn libomp_list(text: &str) -> Result<Option<u64>, ()> {
    let allowed = |c: char| c.is_ascii_digit() || c == ',' || c == ' ' || c == '\t';
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let spaced = parts.iter().any(|part| part.contains([' ', '\t']));
    let empty = parts.iter().all(|part| part.is_empty());
    if empty || spaced || !text.chars().all(allowed) {
        return Err(());
    }
    Ok((!parts[0].is_empty()).then(|| libomp_int(parts[0])))
}

/// 0 and what is no C int become 1.
fn libomp_int(digits: &str) -> u64 {
    let number: Option<i32> = digits.parse().ok();
    number
        .and_then(|number| positive(number.into()))
        .unwrap_or(1)
}

/// A limit as LLVM's OpenMP reads it: digits with white space around them. 0 becomes 1; anything else
/// is no limit.
//
// Source: LLVM 14, kmp_settings.cpp, `__kmp_stg_parse_int`.
pub(super) fn libomp_limit(text: &str) -> Option<u64> {
    let digits = text.trim();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<i32> = digits.parse().ok().filter(|_| plain);
    number.map(|number| u64::try_from(number).unwrap_or(1).max(1))
}

/// LLVM's truth values, each of which may be shortened.
//
// Source: LLVM 14, kmp_str.cpp, `__kmp_str_match_true`.
pub(super) fn libomp_bool(text: &str) -> bool {
    const TRUE: [(&str, usize); 7] = [
        ("true", 1),
        ("on", 2),
        ("1", 1),
        (".true.", 2),
        (".t.", 2),
        ("yes", 1),
        ("enabled", 1),
    ];
    let text = text.to_ascii_lowercase();
    TRUE.iter()
        .any(|(word, least)| text.len() >= *least && word.starts_with(text.as_str()))
}

/// As C's `atoi` reads it: the number that it begins with, cut to a C int; `None` below 1.
pub(super) fn atoi(text: &str) -> Option<u64> {
    atoi_int(text).and_then(|number| positive(number.into()))
}

/// The same with its sign; `None` where `text` begins with no number.
pub(super) fn atoi_int(text: &str) -> Option<i32> {
    let (number, _) = strtol(text)?;
    Some(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64 as i32)
}

/// As Rust's `usize::from_str`: digits, perhaps after a plus.
pub(super) fn rust_number(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// As Go reads `GOMAXPROCS`: an int32 of at least 1 and nothing else. A plus is new in Go 1.26.
//
// Source: Go 1.24, runtime/string.go, `atoi32`; Go 1.27, runtime/proc.go, `schedinit`.
pub(super) fn go_number(text: &str, plus: bool) -> Option<u64> {
    let number: i32 = text.parse().ok()?;
    let signed = text.starts_with('+');
    positive(number.into()).filter(|_| plus || !signed)
}

/// As CPython reads `PYTHON_CPU_COUNT`: all of it an int of at least 1.
//
// Source: CPython 3.13, Python/initconfig.c, `config_init_cpu_count`, and `_Py_str_to_int`.
pub(super) fn python_setting(text: &str) -> Option<u64> {
    let (number, rest) = strtol(text)?;
    let number = i32::try_from(number).ok().filter(|_| rest.is_empty())?;
    positive(number.into())
}

/// As Python's `int()` reads a text.
pub(super) fn python_int(text: &str) -> Option<i64> {
    let text = text.trim();
    let bad = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    let after_sign = text.trim_start_matches(['+', '-']);
    let bad = bad || after_sign.starts_with('_');
    text.replace('_', "").parse().ok().filter(|_| !bad)
}

/// As HotSpot reads an integer option: decimal or hexadecimal, perhaps with a factor.
//
// Source: OpenJDK 17, src/hotspot/share/runtime/arguments.cpp, `parse_integer`.
pub(super) fn hotspot_int(text: &str) -> Option<i32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let factor = match digits.chars().last()?.to_ascii_lowercase() {
        'k' => 1 << 10,
        'm' => 1 << 20,
        'g' => 1 << 30,
        _ => 1,
    };
    let digits = if factor > 1 {
        &digits[..digits.len() - 1]
    } else {
        digits
    };
    let hexadecimal = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let number = match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => digits.parse::<i64>(),
    };
    let plain = !digits.starts_with(['+', '-']);
    let number = number.ok().filter(|_| plain)?.checked_mul(factor)?;
    i32::try_from(if negative { -number } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As libgomp of gcc 12, 14 and 16 answered.
    #[test]
    fn libgomp_reads_a_list_to_its_end() {
        for (text, first) in [
            ("3", Some(3)),
            (" 4 , 2 ", Some(4)),
            ("+3", Some(3)),
            ("3,2147483648", Some(3)),
            ("4,x", None),
            ("4,", None),
            ("3,0", None),
            ("3,,2", None),
            ("2,-1", None),
            (",3", None),
            ("3 4", None),
            ("0x4", None),
            ("4.5", None),
            ("0", None),
            ("-3", None),
            ("", None),
            ("9223372036854775808", None),
        ] {
            let read = gomp_list(text).map(|list| list[0]);
            assert_eq!(read, first, "{text}");
        }
    }

    /// As nproc 9.1, 9.7 and 9.10 answered.
    #[test]
    fn nproc_reads_the_first_of_a_list_and_no_further() {
        for (text, number) in [
            (" 3 ", Some(3)),
            ("4,x", Some(4)),
            ("3,", Some(3)),
            ("+3", None),
            ("0,3", None),
            ("3x", None),
            (",3", None),
            ("99999999999999999999999", Some(u64::MAX)),
        ] {
            assert_eq!(nproc_number(text), number, "{text}");
        }
    }

    /// As LLVM's OpenMP 14, 19 and 23 answered.
    #[test]
    fn libomp_takes_empty_places_and_no_signs() {
        for (text, read) in [
            ("4,2", Ok(Some(4))),
            (" 4 , 2 ", Ok(Some(4))),
            ("4,", Ok(Some(4))),
            ("3,,2", Ok(Some(3))),
            (",3", Ok(None)),
            ("0", Ok(Some(1))),
            ("2147483648", Ok(Some(1))),
            ("4,x", Err(())),
            ("+3", Err(())),
            ("3 4", Err(())),
            ("", Err(())),
        ] {
            assert_eq!(libomp_list(text), read, "{text}");
        }
        let limits = ["1", " 2 ", "0", "x", "-1", "2147483648", "2 x"].map(libomp_limit);
        assert_eq!(limits, [Some(1), Some(2), Some(1), None, None, None, None]);
        let yes = [
            "true", "TRUE", "tru", "t", "yes", "on", "1", ".true.", "enabled",
        ];
        assert!(yes.into_iter().all(libomp_bool));
        assert!(
            !["", "2", " true ", "o", "false"]
                .into_iter()
                .any(libomp_bool)
        );
    }

    #[test]
    fn each_reader_has_its_own_rule_for_signs_space_and_size() {
        let texts = ["3", " 3", "+3", "3x", "0", "-1", "", "4294967297"];
        let read = |reader: fn(&str) -> Option<u64>| texts.map(reader).map(|n| n.unwrap_or(0));
        assert_eq!(read(atoi), [3, 3, 3, 3, 0, 0, 0, 1]);
        assert_eq!(read(rust_number), [3, 0, 3, 0, 0, 0, 0, 4_294_967_297]);
        assert_eq!(read(python_setting), [3, 3, 3, 0, 0, 0, 0, 0]);
        assert_eq!(
            read(|text| go_number(text, false)),
            [3, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(read(|text| go_number(text, true)), [3, 0, 3, 0, 0, 0, 0, 0]);
        let gomp_bools = ["true", " True ", "1", "yes", "false"].map(gomp_bool);
        assert_eq!(
            gomp_bools,
            [Some(true), Some(true), None, None, Some(false)]
        );
    }

    /// As OpenJDK 17 and 25 answered.
    #[test]
    fn hotspot_reads_hexadecimal_and_factors() {
        let texts = ["6", "0x10", "1k", "-1", "x", "99999999999", "+3", ""].map(hotspot_int);
        let expected = [
            Some(6),
            Some(16),
            Some(1024),
            Some(-1),
            None,
            None,
            None,
            None,
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn python_int_takes_underscores_between_digits() {
        let texts = [" 3 ", "1_0", "-2", "_1", "1__0", "x", ""].map(python_int);
        let expected = [Some(3), Some(10), Some(-2), None, None, None, None];
        assert_eq!(texts, expected);
    }
}
