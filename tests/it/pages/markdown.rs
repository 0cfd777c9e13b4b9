//! Which pages are there, and what is in them?

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The folder of the project.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page: those of the project's folder, and all below `docs`, `experiments` and `plots`.
pub(super) fn pages() -> Vec<PathBuf> {
    let mut found = files(root(), false);
    for folder in ["docs", "experiments", "plots"] {
        found.extend(files(&root().join(folder), true));
    }
    found.retain(|file| file.extension().is_some_and(|end| end == "md"));
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The files in `folder`, with those of its subfolders if `deep`.
pub(super) fn files(folder: &Path, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if deep => found.extend(files(&path, true)),
            true => {}
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// A block of code on a page.
pub(super) struct Block {
    /// The word behind its fence; empty of an indented block.
    pub(super) language: String,
    /// Where its lines stand in the page [bytes].
    pub(super) lines: Range<usize>,
}

/// The blocks of code of the page `text`, without those that are empty.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut language = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match (event, &mut language) {
            (Event::Start(Tag::CodeBlock(kind)), _) => {
                let word = match kind {
                    CodeBlockKind::Fenced(word) => word.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                language = Some((word, None));
            }
            (Event::Text(_), Some((_, lines))) => {
                let start = lines
                    .as_ref()
                    .map_or(range.start, |lines: &Range<usize>| lines.start);
                *lines = Some(start..range.end);
            }
            (Event::End(TagEnd::CodeBlock), open) => {
                if let Some((language, Some(lines))) = open.take() {
                    found.push(Block { language, lines });
                }
            }
            _ => {}
        }
    }
    found
}

/// Where the links and pictures of the page `text` lead.
pub(super) fn targets(text: &str) -> Vec<String> {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.to_string())
        }
        _ => None,
    };
    events.filter_map(target).collect()
}

/// The headings of the page `text`, by the names that links give them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(words) | Event::Code(words), Some(heading)) => heading.push_str(&words),
            (Event::End(TagEnd::Heading(_)), open) => {
                found.extend(open.take().as_deref().map(anchor));
            }
            _ => {}
        }
    }
    found
}

/// The name of a heading in links, as GitHub makes it: in small letters, words joined by hyphens,
/// other signs left out.
fn anchor(heading: &str) -> String {
    let kept = |sign: char| match sign {
        ' ' => Some('-'),
        '-' | '_' => Some(sign),
        _ if sign.is_alphanumeric() => Some(sign),
        _ => None,
    };
    heading.to_lowercase().chars().filter_map(kept).collect()
}
