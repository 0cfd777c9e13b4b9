//! What does one word of a synthetic description say?

use super::SyntheticError;
use crate::machine::ObjectKind;
use crate::text::excerpt;

/// How many objects a word asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// So many in each object of the level before.
    PerParent(usize),
    /// One beside the children of each object of the level before.
    Beside,
}

/// One word of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// As written, with its attributes.
    pub(super) text: &'a str,
    /// `None`: an instruction cache.
    pub(super) kind: Option<ObjectKind>,
    pub(super) count: Count,
    pub(super) bytes: Option<u64>,
    /// The attribute `indexes=`.
    pub(super) indexes: Option<&'a str>,
}

const KINDS: &str =
    "expected package, numa, die, group, l1 to l5, core or pu, for example 'core:4'";

/// Words that a description may have.
//
// Source: hwloc 2.9, topology-synthetic.c, HWLOC_SYNTHETIC_MAX_DEPTH with the machine.
const MOST_WORDS: usize = 127;

/// A description in words.
pub(super) struct Description<'a> {
    /// Memory of the whole machine [bytes], by the attributes in front of all levels.
    pub(super) memory: Option<u64>,
    /// The other words in order.
    pub(super) tokens: Vec<Token<'a>>,
}

/// The words of `description`.
pub(super) fn read(description: &str) -> Result<Description<'_>, SyntheticError> {
    let mut words = words(description)?;
    let root = words.first().filter(|word| word.starts_with('(')).copied();
    let root = root.map(|attributes| {
        words.remove(0);
        with_attributes(attributes, None, Count::Beside, attributes)
    });
    let memory = root.transpose()?.and_then(|root| root.bytes);
    let levels_missing = || SyntheticError::new(description, format!("no levels; {KINDS}"));
    words.first().ok_or_else(levels_missing)?;
    if words.len() > MOST_WORDS {
        let problem = format!("more than {MOST_WORDS} levels");
        return Err(SyntheticError::new(description, problem));
    }
    let tokens = tokens(&words)?;
    Ok(Description { memory, tokens })
}

fn tokens<'a>(words: &[&'a str]) -> Result<Vec<Token<'a>>, SyntheticError> {
    let mut kinds = unnamed_kinds(words).into_iter();
    words
        .iter()
        .map(|word| match word.strip_prefix('[') {
            Some(inside) => beside(word, inside.trim_end_matches(']')),
            None if word.starts_with('(') => {
                let problem = "attributes follow their object at once, as in 'l3:1(size=32MiB)'";
                Err(SyntheticError::new(word, problem))
            }
            None if is_unnamed(word) => {
                let mixed = || SyntheticError::new(word, format!("no kind of object; {KINDS}"));
                level(word, kinds.next().ok_or_else(mixed)?, word)
            }
            None => {
                let (name, count) = word.split_once(':').ok_or_else(|| {
                    SyntheticError::new(word, format!("no number of objects; {KINDS}"))
                })?;
                level(word, kind(word, name)?, count)
            }
        })
        .collect()
}

/// Splits outside parentheses and brackets: at white space, before a bracket opens, and after
/// brackets or parentheses close.
fn words(description: &str) -> Result<Vec<&str>, SyntheticError> {
    let (mut words, mut start, mut open) = (Vec::new(), 0, 0_u32);
    let unmatched = |start: usize| {
        let problem = "parentheses or brackets do not match";
        SyntheticError::new(&description[start..], problem)
    };
    for (i, c) in description.char_indices() {
        let next = i + c.len_utf8();
        match (c, open) {
            ('[', 0) => {
                words.push(&description[start..i]);
                (start, open) = (i, 1);
            }
            ('(' | '[', _) => open += 1,
            (')' | ']', 0) => return Err(unmatched(start)),
            (')' | ']', 1) => {
                words.push(&description[start..next]);
                (start, open) = (next, 0);
            }
            (')' | ']', _) => open -= 1,
            (c, 0) if c.is_whitespace() => {
                words.push(&description[start..i]);
                start = next;
            }
            _ => {}
        }
    }
    if open != 0 {
        return Err(unmatched(start));
    }
    words.push(&description[start..]);
    words.retain(|word| !word.is_empty());
    Ok(words)
}

fn is_unnamed(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// The kinds of the levels that give only a number: all of them, or the last one.
//
// Source: hwloc 2.9, topology-synthetic.c: "we want in priority: numa, package, core, up to 3
// caches, groups", placed in the order groups, package, numa, caches (l3, l2, l1, l1i), core, pu.
fn unnamed_kinds(words: &[&str]) -> Vec<Option<ObjectKind>> {
    use ObjectKind::{Cache, Core, Group, NumaNode, Package, Pu};
    let beside = words.iter().filter(|word| word.starts_with('[')).count();
    let levels = words.len() - beside;
    let unnamed = words.iter().filter(|word| is_unnamed(word)).count();
    if unnamed != levels {
        let last = words.last().is_some_and(|word| is_unnamed(word));
        return if last && unnamed == 1 {
            vec![Some(Pu)]
        } else {
            Vec::new()
        };
    }
    let mut left = levels.saturating_sub(1);
    let mut take = |most: usize| {
        let taken = left.min(most);
        left -= taken;
        taken
    };
    let numa = take(usize::from(beside == 0));
    let (package, core, caches) = (take(1), take(1), take(4));
    let groups = take(usize::MAX);
    let of_caches: &[Option<ObjectKind>] = match caches {
        0 => &[],
        1 => &[Some(Cache(2))],
        2 => &[Some(Cache(2)), Some(Cache(1))],
        3 => &[Some(Cache(3)), Some(Cache(2)), Some(Cache(1))],
        _ => &[Some(Cache(3)), Some(Cache(2)), Some(Cache(1)), None],
    };
    [
        vec![Some(Group); groups],
        vec![Some(Package); package],
        vec![Some(NumaNode); numa],
        of_caches.to_vec(),
        vec![Some(Core); core],
        vec![Some(Pu)],
    ]
    .concat()
}

/// What hwloc understands by `name`; `None` is an instruction cache.
//
// Source: hwloc 2.9, traversal.c, hwloc_type_sscanf: names without regard to case, shortened to no
// less than the given number of letters.
pub(super) fn kind(word: &str, name: &str) -> Result<Option<ObjectKind>, SyntheticError> {
    const NAMES: [(&str, usize, ObjectKind); 10] = [
        ("numanode", 2, ObjectKind::NumaNode),
        ("node", 2, ObjectKind::NumaNode),
        ("package", 2, ObjectKind::Package),
        ("socket", 2, ObjectKind::Package),
        ("die", 2, ObjectKind::Die),
        ("core", 2, ObjectKind::Core),
        ("pu", 2, ObjectKind::Pu),
        ("group", 2, ObjectKind::Group),
        ("tile", 4, ObjectKind::Group),
        ("module", 6, ObjectKind::Group),
    ];
    let lower = name.to_ascii_lowercase();
    let letters = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let known = NAMES.iter().find(|(full, least, _)| {
        let numbered = *full == "group" || letters == lower;
        numbered && letters.len() >= *least && full.starts_with(letters)
    });
    if let Some((_, _, kind)) = known {
        return Ok(Some(*kind));
    }
    let unknown = || {
        let name = excerpt(name);
        SyntheticError::new(word, format!("'{name}' is not a kind of object; {KINDS}"))
    };
    let cache = lower.strip_prefix('l').ok_or_else(unknown)?;
    let cache = cache.strip_suffix("cache").unwrap_or(cache);
    let depth = cache.trim_end_matches(['d', 'u', 'i']);
    match (depth.parse::<u8>(), &cache[depth.len()..]) {
        (Ok(1..=3), "i") => Ok(None),
        (Ok(depth @ 1..=5), "" | "d" | "u") => Ok(Some(ObjectKind::Cache(depth))),
        _ => Err(unknown()),
    }
}

/// A level: `count` is the number with the attributes behind it.
fn level<'a>(
    text: &'a str,
    kind: Option<ObjectKind>,
    count: &'a str,
) -> Result<Token<'a>, SyntheticError> {
    let (number, attributes) = count.split_at(count.find('(').unwrap_or(count.len()));
    match self::number(number) {
        Some(objects @ 1..) => {
            let objects = usize::try_from(objects).unwrap_or(usize::MAX);
            with_attributes(text, kind, Count::PerParent(objects), attributes)
        }
        _ => {
            let number = excerpt(number);
            let problem = format!("'{number}' is not a number of objects; expected 1 or more");
            Err(SyntheticError::new(text, problem))
        }
    }
}

/// A number as C has it: `0x10` is 16, `010` is 8.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (digits, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    let unsigned = digits.starts_with(|c: char| c.is_ascii_alphanumeric());
    unsigned.then(|| u64::from_str_radix(digits, radix).ok())?
}

/// A NUMA node in brackets.
fn beside<'a>(text: &'a str, inside: &'a str) -> Result<Token<'a>, SyntheticError> {
    let (name, attributes) = inside.split_at(inside.find('(').unwrap_or(inside.len()));
    match kind(text, name)? {
        Some(ObjectKind::NumaNode) => {
            with_attributes(text, Some(ObjectKind::NumaNode), Count::Beside, attributes)
        }
        _ => Err(SyntheticError::new(
            text,
            "only NUMA nodes can stand in brackets, as in '[numa]'",
        )),
    }
}

fn with_attributes<'a>(
    text: &'a str,
    kind: Option<ObjectKind>,
    count: Count,
    attributes: &'a str,
) -> Result<Token<'a>, SyntheticError> {
    let mut token = Token {
        text,
        kind,
        count,
        bytes: None,
        indexes: None,
    };
    if attributes.is_empty() {
        return Ok(token);
    }
    let inside = attributes
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let inside =
        inside.ok_or_else(|| SyntheticError::new(text, "something follows the attributes"))?;
    for attribute in inside.split_whitespace() {
        match attribute.split_once('=') {
            Some(("size" | "memory", size)) => token.bytes = Some(bytes(text, size)?),
            Some(("indexes", indexes)) => token.indexes = Some(indexes),
            Some(("memorysidecachesize", size)) => {
                bytes(text, size)?; // known to hwloc, but nothing of ours depends on it
            }
            _ => {
                let attribute = excerpt(attribute);
                let problem = format!(
                    "'{attribute}' is not an attribute; expected size=, memory= or indexes="
                );
                return Err(SyntheticError::new(text, problem));
            }
        }
    }
    Ok(token)
}

/// `16MB` is 16 000 000, `16MiB` is 16 777 216, as hwloc has it.
fn bytes(text: &str, size: &str) -> Result<u64, SyntheticError> {
    const UNITS: [(&str, u64); 9] = [
        ("tb", 1_000_000_000_000),
        ("tib", 1 << 40),
        ("gb", 1_000_000_000),
        ("gib", 1 << 30),
        ("mb", 1_000_000),
        ("mib", 1 << 20),
        ("kb", 1_000),
        ("kib", 1 << 10),
        ("", 1),
    ];
    let unit = size.trim_start_matches(|c: char| c.is_ascii_digit());
    let (number, unit) = size.split_at(size.len() - unit.len());
    let unit = unit.to_ascii_lowercase();
    let scale = UNITS.iter().find(|(name, _)| *name == unit);
    let bytes = self::number(number).zip(scale);
    let bytes = bytes.and_then(|(number, (_, scale))| number.checked_mul(*scale));
    bytes.ok_or_else(|| {
        let size = excerpt(size);
        let problem = format!(
            "'{size}' is not a size; expected a number with kB, KiB, MB, MiB, GB, GiB, TB or TiB"
        );
        SyntheticError::new(text, problem)
    })
}
