//! Do links lead somewhere?

use std::fs;
use std::path::Path;

use regex::Regex;

use super::markdown::{anchors, files, pages, root, targets};

/// Why the link to `target` on the page at `page` leads nowhere; `None` if it does not, or leads elsewhere
/// than into the project.
fn broken(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = match file {
        "" => page.to_owned(),
        _ => page.parent().unwrap().join(file),
    };
    if !file.exists() {
        return Some(format!("{}: no file for {target}", page.display()));
    }
    let known = || anchors(&fs::read_to_string(&file).unwrap());
    let found = heading.is_empty() || known().iter().any(|anchor| anchor == heading);
    (!found).then(|| format!("{}: no heading for {target}", page.display()))
}

/// The links of the page at `page` that lead nowhere.
fn broken_links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let targets = targets(&text);
    targets
        .iter()
        .filter_map(|target| broken(page, target))
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let broken: Vec<String> = pages().iter().flat_map(|page| broken_links(page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let place = tempfile::tempdir().unwrap();
    let page = place.path().join("page.md");
    let text = "# A `word`, and more\n\n[a](page.md#a-word-and-more) [b](#a-word-and-more) [c](https://x.y/z)\n\n\
        [d](none.md)\n\n| t |\n|---|\n| [e](page.md#none) ![f](none.png) |\n\n    [no](link.md)\n";
    fs::write(&page, text).unwrap();
    let broken = broken_links(&page).join("\n");
    assert_eq!(broken.lines().count(), 3, "{broken}");
    for target in ["none.md", "page.md#none", "none.png"] {
        assert!(broken.contains(target), "{broken}");
    }
}

/// Pages are named in prose, messages and comments too, which are no links.
#[test]
fn every_page_that_is_named_is_there() {
    let name = Regex::new(r"\b(docs/[a-z0-9/-]+|[A-Z]{5,})\.md\b").unwrap();
    let mut readers = pages();
    readers.retain(|page| !page.ends_with("CHANGELOG.md"));
    readers.push(root().join("Makefile"));
    for folder in ["src", "benches/src", "lessons", "tests/machines"] {
        readers.extend(files(&root().join(folder), true));
    }
    for reader in readers {
        let text = String::from_utf8_lossy(&fs::read(&reader).unwrap()).into_owned();
        for found in name.find_iter(&text) {
            let page = root().join(found.as_str());
            assert!(page.is_file(), "{} in {}", found.as_str(), reader.display());
        }
    }
}

#[test]
fn every_experiment_is_in_their_index() {
    let folder = root().join("experiments");
    let listed = targets(&fs::read_to_string(folder.join("README.md")).unwrap());
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let inside = format!("{name}/");
        assert!(
            entry.path().is_file() || listed.iter().any(|target| target.starts_with(&inside)),
            "experiments/README.md leaves out {name}"
        );
    }
}

/// An index that leaves a page out hides it.
#[test]
fn every_page_of_the_documentation_is_in_an_index() {
    for folder in ["docs", "docs/adr"] {
        let folder = root().join(folder);
        let index = fs::read_to_string(folder.join("README.md")).unwrap();
        let listed = targets(&index);
        for page in files(&folder, false) {
            let name = page.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(
                name == "README.md" || listed.contains(&name),
                "{name} is not in the index beside it"
            );
        }
    }
}
