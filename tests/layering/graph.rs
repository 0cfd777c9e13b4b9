//! Which module uses which, as the compiler's own grammar reads the sources?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The path of a module below the crate, `["sim", "engine"]`; that of the crate is empty.
pub(crate) type ModulePath = Vec<String>;

/// A file of the crate.
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    /// Paths that its code names, each from the crate on, and the names that its `use` items bring in.
    named: Vec<ModulePath>,
    aliases: BTreeMap<String, ModulePath>,
    /// Its modules that only tests see.
    tests: Vec<ModulePath>,
}

/// Every module of the crate but the crate itself, by its path.
pub(crate) struct Modules(BTreeMap<ModulePath, Module>);

impl Modules {
    /// Reads every file below `src` of the checkout at `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        let mut modules = BTreeMap::new();
        for file in files {
            let short = file.strip_prefix(root).unwrap().to_owned();
            let Some(path) = module_path(&short) else {
                continue;
            };
            let text = fs::read_to_string(&file).unwrap();
            modules.insert(path.clone(), Module::parse(short, &path, text));
        }
        Self(modules)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ModulePath, &Module)> {
        self.0.iter()
    }

    /// The modules that each module uses, itself and what only tests see left out. A name that another
    /// module passes on is followed to where it is defined.
    pub(crate) fn uses(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let used = |(path, module): (&ModulePath, &Module)| {
            let targets = module.named.iter().filter_map(|named| self.home(named));
            let others = targets.filter(|target| target != path).collect();
            (path.clone(), others)
        };
        let tests: Vec<&ModulePath> = self.0.values().flat_map(|module| &module.tests).collect();
        let for_tests = |path: &ModulePath| tests.iter().any(|test| path.starts_with(test));
        let modules = self.0.iter().filter(|(path, _)| !for_tests(path));
        modules.map(used).collect()
    }

    /// The module in which what `named` names is defined.
    fn home(&self, named: &[String]) -> Option<ModulePath> {
        let mut named = named.to_vec();
        // A name is passed on a few times at most; a circle of names would not compile.
        for _ in 0..16 {
            let depth = (0..=named.len())
                .rev()
                .find(|n| self.0.contains_key(&named[..*n]))?;
            let module = named[..depth].to_vec();
            let alias = named
                .get(depth)
                .and_then(|name| self.0[&module].aliases.get(name));
            match alias {
                Some(target) if !target.starts_with(&named[..=depth]) => {
                    named = [target, &named[depth + 1..]].concat();
                }
                _ => return Some(module),
            }
        }
        None
    }
}

impl Module {
    pub(crate) fn parse(file: PathBuf, path: &[String], text: String) -> Self {
        let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut reader = Reader {
            module: path.to_vec(),
            named: Vec::new(),
            aliases: BTreeMap::new(),
            tests: Vec::new(),
        };
        reader.visit_file(&syntax);
        Self {
            file,
            text,
            named: reader.named,
            aliases: reader.aliases,
            tests: reader.tests,
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `src/sim/engine.rs` is `["sim", "engine"]`; the crate's own two files are none.
fn module_path(file: &Path) -> Option<ModulePath> {
    let inner = file.strip_prefix("src").ok()?.with_extension("");
    let path: ModulePath = inner
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    let crate_root = path.len() == 1 && ["lib", "main"].contains(&path[0].as_str());
    (!crate_root).then_some(path)
}

/// Collects the paths that code names; what only tests use is left out.
struct Reader {
    module: ModulePath,
    named: Vec<ModulePath>,
    aliases: BTreeMap<String, ModulePath>,
    tests: Vec<ModulePath>,
}

impl Reader {
    /// `path` from the crate on; `None` where it begins in another crate or at a local name.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.module, &path[1..]].concat()),
            "super" => {
                let above = self.module.len().checked_sub(supers)?;
                Some([&self.module[..above], &path[supers..]].concat())
            }
            _ => None,
        }
    }

    fn use_tree(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let under = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&path.tree, &under(&path.ident)),
            syn::UseTree::Group(group) => {
                group
                    .items
                    .iter()
                    .for_each(|item| self.use_tree(item, prefix));
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.bring_in(prefix.last().cloned(), prefix);
            }
            syn::UseTree::Name(name) => {
                self.bring_in(Some(name.ident.to_string()), &under(&name.ident))
            }
            syn::UseTree::Rename(rename) => {
                self.bring_in(Some(rename.rename.to_string()), &under(&rename.ident));
            }
            syn::UseTree::Glob(_) => self.bring_in(None, prefix),
        }
    }

    fn bring_in(&mut self, name: Option<String>, path: &[String]) {
        // `pub use pu::CpuSet` names a child without `self`; a crate by that name has no such file.
        let child = || [&self.module, path].concat();
        let target = self.absolute(path).unwrap_or_else(child);
        self.aliases.extend(name.map(|name| (name, target.clone())));
        self.named.push(target);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &[]);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.attrs.iter().any(is_for_tests) {
            let path = [&self.module[..], &[item.ident.to_string()]].concat();
            self.tests.push(path);
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: ModulePath = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let absolute = self.absolute(&parts);
        // `tree::draw` after `use super::tree`, and `look::Look` of a child.
        let child = || [&self.module[..], &parts].concat();
        let brought_in = self
            .aliases
            .get(&parts[0])
            .map(|t| [&t[..], &parts[1..]].concat());
        let named = absolute.or(brought_in).unwrap_or_else(child);
        self.named.push(named);
        visit::visit_path(self, path);
    }
}

/// Whether `attribute` is `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let Ok(list) = attribute.meta.require_list() else {
        return false;
    };
    let condition = list.tokens.to_string();
    let condition = condition.trim_start_matches(|c: char| "all( ".contains(c));
    list.path.is_ident("cfg")
        && condition
            .split(',')
            .any(|part| part.trim_matches([' ', ')']) == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(files: &[(&str, &str)]) -> Modules {
        let module = |(name, text): &(&str, &str)| {
            let path: ModulePath = name.split("::").map(str::to_owned).collect();
            let module = Module::parse(PathBuf::from(name), &path, (*text).to_owned());
            (path, module)
        };
        Modules(files.iter().map(module).collect())
    }

    /// What `a::user` uses, of modules `a`, `a::child` and `b`.
    fn used(text: &str) -> Vec<String> {
        let modules = crate_of(&[
            ("a", "mod child;\nmod user;\npub use child::Thing;"),
            ("a::child", "pub struct Thing;"),
            ("a::user", text),
            ("b", "pub fn of() {}"),
        ]);
        let path = ["a", "user"].map(str::to_owned);
        let uses = &modules.uses()[&path[..]];
        uses.iter().map(|used| used.join("::")).collect()
    }

    #[test]
    fn imports_are_seen_however_they_are_written() {
        assert_eq!(used("use crate::{b, a::child};"), ["a::child", "b"]);
        assert_eq!(used("use super::super::b::of;"), ["b"]);
        assert_eq!(
            used("use crate::b as other;\nfn f() { other::of() }"),
            ["b"]
        );
        assert_eq!(used("fn f() { crate::b::of() }"), ["b"]);
        assert_eq!(used("use super::child::*;"), ["a::child"]);
    }

    #[test]
    fn a_file_of_tests_is_left_out() {
        let modules = crate_of(&[
            ("a", "#[cfg(test)]\nmod tests;"),
            ("a::tests", "use crate::b;"),
            ("b", ""),
        ]);
        assert_eq!(modules.uses().len(), 2);
    }

    #[test]
    fn a_name_that_is_passed_on_is_followed_home() {
        assert_eq!(used("use crate::a::Thing;"), ["a::child"]);
        assert_eq!(used("fn f(_: super::Thing) {}"), ["a::child"]);
    }

    #[test]
    fn what_tests_use_and_other_crates_are_left_out() {
        for test in ["test", "all(test, unix)"] {
            let module = format!("#[cfg({test})]\nmod tests {{ use crate::b; }}");
            assert_eq!(used(&module), [""; 0]);
        }
        assert_eq!(used("#[cfg(unix)]\nmod other { use crate::b; }"), ["b"]);
        assert_eq!(used("use std::fmt;\nuse serde::{Serialize, de};"), [""; 0]);
    }
}
