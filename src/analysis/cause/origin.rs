//! How was a run made, and how is one of its cells measured again?

use std::collections::BTreeMap;

use crate::experiment::{Cell, CommandRequest, CommandSpec, Protocol, Request, Runtime};
use crate::record::RunHeader;
use crate::text::quoted;

/// Variables that keep a library from starting as many threads as it is asked for.
//
// Sources: OpenMP 5.2, sections 21.1.1 (OMP_DYNAMIC), 21.1.3 (OMP_THREAD_LIMIT), 21.1.4
// (OMP_MAX_ACTIVE_LEVELS); LLVM OpenMP, runtime/src/kmp_settings.cpp (KMP_DEVICE_THREAD_LIMIT);
// oneMKL 2025.2 Developer Guide, "MKL_DYNAMIC".
const LIMITING: [&str; 5] = [
    "OMP_THREAD_LIMIT",
    "OMP_DYNAMIC",
    "OMP_MAX_ACTIVE_LEVELS",
    "KMP_DEVICE_THREAD_LIMIT",
    "MKL_DYNAMIC",
];

/// Prefixes of variables that a library looks at when it starts.
const OF_LIBRARIES: [&str; 7] = [
    "OMP_",
    "GOMP_",
    "KMP_",
    "OPENBLAS_",
    "GOTO_",
    "MKL_",
    "BLIS_",
];

/// A check as it is put together.
pub(super) struct Draft {
    pub(super) request: Request,
    /// Variables to change for it; `None` is to be unset.
    pub(super) changed: Vec<(String, Option<String>)>,
    /// The outcome that shows that a cause is wrong.
    pub(super) wrong_if: String,
}

impl Draft {
    pub(super) fn new(request: Request, wrong_if: impl Into<String>) -> Self {
        Self {
            request,
            changed: Vec::new(),
            wrong_if: wrong_if.into(),
        }
    }
}

/// Everything beside a cell that a command line needs to measure it as its run did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Folder of the run, where it has one.
    pub folder: Option<String>,
    /// Whether it was simulated; its machine is then read from the folder.
    pub simulated: bool,
    /// P in whole CPUs.
    pub cpus: u32,
    /// The quota that `--quota` set [CPUs].
    quota: Option<String>,
    protocol: Option<Protocol>,
    command: Option<CommandSpec>,
    /// Variables of libraries as they stood.
    environment: BTreeMap<String, String>,
}

impl Origin {
    /// What the header of a run says of it.
    pub(super) fn of(header: &RunHeader) -> Self {
        let of_libraries = |(name, _): &(&String, &String)| {
            OF_LIBRARIES.iter().any(|prefix| name.starts_with(prefix))
        };
        let environment = header.environment.iter().filter(of_libraries);
        Self {
            folder: None,
            simulated: false,
            cpus: header.plan.budget,
            quota: argument(&header.argv, "--quota"),
            protocol: Some(header.plan.protocol.clone()),
            command: header.plan.command.clone(),
            environment: environment
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }

    /// A run of which nothing but the variables of its libraries is known.
    #[cfg(test)]
    pub(super) fn with_environment(environment: BTreeMap<String, String>) -> Self {
        Self {
            environment,
            ..Self::default()
        }
    }

    /// The variables that may keep a library from starting the threads it is asked for, with their
    /// values.
    pub(super) fn limiting(&self) -> impl Iterator<Item = (&String, &String)> {
        let limits = |(name, value): &(&String, &String)| {
            let off = ["false", "0"].contains(&value.to_ascii_lowercase().as_str());
            LIMITING.contains(&name.as_str()) && !(off && name.ends_with("DYNAMIC"))
        };
        self.environment.iter().filter(limits)
    }

    /// The request for `cell` as the run asked for it.
    pub(super) fn request(&self, cell: &Cell) -> Request {
        let request = Request {
            command: self.command.as_ref().map(CommandRequest::from),
            ..Request::of(cell)
        };
        match &self.protocol {
            Some(protocol) => request.repeated_as_in(protocol),
            None => request,
        }
    }

    /// The command line that asks what `draft` asks of `cell`, into a folder of its own, `name` in it.
    pub(super) fn line(&self, cell: &Cell, draft: &Draft, name: &str) -> String {
        let words = self
            .environment(cell, draft)
            .into_iter()
            .chain(self.words(draft, name));
        let words: Vec<String> = words.map(|word| quoted(&word)).collect();
        words.join(" ")
    }

    /// What stands before the program: the variables of its libraries as they stood, and those that
    /// `draft` changes.
    fn environment(&self, cell: &Cell, draft: &Draft) -> Vec<String> {
        if !matches!(cell.runtime, Runtime::Blas(_) | Runtime::Program) {
            return Vec::new();
        }
        let own = self.environment.iter();
        let mut set: BTreeMap<&str, Option<&str>> = own
            .map(|(name, value)| (name.as_str(), Some(value.as_str())))
            .collect();
        for (name, value) in &draft.changed {
            set.insert(name, value.as_deref());
        }
        let unset = set.iter().filter(|(_, value)| value.is_none());
        let unset: Vec<String> = unset
            .flat_map(|(name, _)| ["-u".to_owned(), (*name).to_owned()])
            .collect();
        let env = (!unset.is_empty()).then(|| "env".to_owned());
        let given = set
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", (*value)?)));
        env.into_iter().chain(unset).chain(given).collect()
    }

    /// The program and its arguments.
    pub(super) fn words(&self, draft: &Draft, name: &str) -> Vec<String> {
        let mut words: Vec<String> = match (self.simulated, &self.folder) {
            (true, Some(folder)) => vec!["simulate".into(), "--machine".into(), folder.clone()],
            (true, None) => vec!["simulate".into()],
            (false, _) => vec!["sweep".into()],
        };
        if let Some(quota) = self.quota.as_ref().filter(|_| !self.simulated) {
            words.extend(["--quota".into(), quota.clone()]);
        }
        if let Some(folder) = &self.folder {
            let out = format!("{}-{name}", folder.trim_end_matches('/'));
            words.extend(["--out".into(), out]);
        }
        let program = ["oversub".to_owned()].into_iter();
        program.chain(words).chain(draft.request.words()).collect()
    }
}

/// The value of `flag` in a command line, up to the program of the user's; the last one counts.
fn argument(argv: &[String], flag: &str) -> Option<String> {
    let own: Vec<&String> = argv.iter().take_while(|word| *word != "--").collect();
    let at = |i: usize| match own[i] == flag {
        true => own.get(i + 1).map(|value| (*value).clone()),
        false => Some(own[i].strip_prefix(flag)?.strip_prefix('=')?.to_owned()),
    };
    (0..own.len()).rev().find_map(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_in_both_forms_but_not_in_the_program() {
        let argv = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let quota = |text: &str| argument(&argv(text), "--quota");
        assert_eq!(quota("oversub sweep --quota 1.5"), Some("1.5".to_owned()));
        assert_eq!(quota("oversub sweep --quota=2 --n 8"), Some("2".to_owned()));
        assert_eq!(quota("oversub sweep -- docker --quota 3"), None);
    }
}
