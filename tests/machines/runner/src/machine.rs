//! A machine, as its file describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// A virtual machine and the checks that run in it; a file `tests/machines/NAME.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    /// Name of the file.
    #[serde(skip)]
    pub(crate) name: String,
    /// What is special about it, for the table.
    pub(crate) about: String,
    /// Version of Linux, such as `6.12`.
    pub(crate) kernel: String,
    /// CPUs, as QEMU's `-smp` takes them.
    pub(crate) cpus: String,
    /// Memory, as QEMU's `-m` takes it.
    #[serde(default = "default_memory")]
    pub(crate) memory: String,
    /// More words for QEMU, such as `-numa ...`.
    #[serde(default)]
    pub(crate) qemu: String,
    /// More kernel arguments.
    #[serde(default)]
    pub(crate) arguments: String,
    /// Whether it is part of `make test`.
    #[serde(default)]
    pub(crate) quick: bool,
    /// Seconds after which it is ended [s].
    #[serde(default = "default_limit")]
    pub(crate) limit_s: u32,
    /// Control groups that are mounted.
    #[serde(default)]
    cgroups: Cgroups,
    /// Who runs the checks.
    #[serde(default)]
    user: User,
    /// Shell lines that root runs before the checks.
    #[serde(default)]
    pub(crate) setup: String,
    /// Names of the checks, in this order.
    pub(crate) checks: Vec<String>,
    /// What the checks are given: what must come out, or what to try; variables `given_NAME`.
    #[serde(default)]
    given: BTreeMap<String, toml::Value>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cgroups {
    #[default]
    V2,
    V1,
    Hybrid,
    None,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum User {
    #[default]
    Root,
    User,
}

fn default_memory() -> String {
    "1G".to_owned()
}

fn default_limit() -> u32 {
    180
}

impl Machine {
    /// Every machine of `folder`, by name.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, holds an unknown key, or names a check that does not exist.
    pub(crate) fn read_all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut files: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
        files.sort();
        let machines = files.iter().map(|file| {
            Self::read(file, &folder.join("checks")).with_context(|| file.display().to_string())
        });
        machines.collect()
    }

    fn read(file: &Path, checks: &Path) -> anyhow::Result<Self> {
        let mut machine: Self = toml::from_str(&fs::read_to_string(file)?)?;
        let name = file.file_stem().context("a file without a name")?;
        machine.name = name.to_string_lossy().into_owned();
        for check in &machine.checks {
            let script = checks.join(format!("{check}.sh"));
            ensure!(
                script.is_file(),
                "no check '{check}': {} is missing",
                script.display()
            );
        }
        Ok(machine)
    }

    /// What the machine's `/init` reads before it begins: shell assignments.
    pub(crate) fn settings(&self) -> String {
        let mut lines = vec![
            format!("checks={}", quoted(&self.checks.join(" "))),
            format!("cgroups={}", format!("{:?}", self.cgroups).to_lowercase()),
            format!("user={}", format!("{:?}", self.user).to_lowercase()),
        ];
        for (name, value) in &self.given {
            let value = match value {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            lines.push(format!("export given_{name}={}", quoted(&value)));
        }
        lines.join("\n") + "\n"
    }
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panic")]
mod tests {
    use super::*;

    const MACHINE: &str = "\
about = 'x'
kernel = '6.1'
cpus = '2'
cgroups = 'hybrid'
checks = ['one', 'two']
setup = 'echo 0 > /x'
[given]
cpus = 2
kinds = \"it's\"
";

    #[test]
    fn settings_are_assignments_of_a_shell() {
        let machine: Machine = toml::from_str(MACHINE).unwrap();
        let settings = machine.settings();
        let lines: Vec<&str> = settings.lines().collect();
        let expected = [
            "checks='one two'",
            "cgroups=hybrid",
            "user=root",
            "export given_cpus='2'",
            r"export given_kinds='it'\''s'",
        ];
        assert_eq!(lines, expected);
        assert_eq!(machine.setup, "echo 0 > /x");
    }

    #[test]
    fn an_unknown_key_and_a_missing_check_are_refused() {
        let wrong = MACHINE.replace("cpus = '2'", "cpus = '2'\ncolour = 'red'");
        assert!(toml::from_str::<Machine>(&wrong).is_err());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.toml"), MACHINE).unwrap();
        let error = Machine::read_all(folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("no check 'one'"), "{error:#}");
    }

    #[test]
    fn every_machine_of_the_project_can_be_read_and_is_short() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let machines = Machine::read_all(&folder).unwrap();
        assert!(machines.iter().any(|machine| machine.quick));
        for machine in machines {
            let file = folder.join(format!("{}.toml", machine.name));
            let lines = fs::read_to_string(file).unwrap().lines().count();
            assert!(lines <= 30, "{} has {lines} lines", machine.name);
        }
    }

    #[test]
    fn the_page_of_results_has_every_machine_of_the_project() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let page = fs::read_to_string(folder.join("../../docs/machines.md")).unwrap();
        for machine in Machine::read_all(&folder).unwrap() {
            let row = format!("| {} |", machine.name);
            assert!(
                page.contains(&row),
                "make test-machines MACHINES={}",
                machine.name
            );
        }
    }
}
