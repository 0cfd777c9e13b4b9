//! Where does every number of a simulated machine come from?
//!
//! A parameter has a value, an interval that the truth lies in nine times out of ten, a unit and a
//! provenance. A preset is a TOML file of parameters; what it does not say is taken from the
//! generic one and counts as a default. A prediction is *calibrated* when parameters were
//! measured on the machine that it speaks of; how many is always said with it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Every parameter with its unit. Files may set these and no others. The quantum and the share of a
/// thread beside a yielding one need not be known: they follow from the kernel's version.
const UNITS: [(&str, &str); 24] = [
    ("arrive", "ns"),
    ("flops_f32", "flop/ns"),
    ("flops_f64", "flop/ns"),
    ("half_size", "1"),
    ("handoff_llc", "ns"),
    ("handoff_machine", "ns"),
    ("handoff_next", "ns"),
    ("handoff_package", "ns"),
    ("idle_exit", "ns"),
    ("idle_look", "ns"),
    ("look", "ns"),
    ("private_cache", "bytes"),
    ("probing", "ns"),
    ("quantum", "ns"),
    ("refill_rate", "bytes/ns"),
    ("smt_compute", "1"),
    ("smt_spin", "1"),
    ("smt_yield", "1"),
    ("switch", "ns"),
    ("take", "ns"),
    ("wake_call", "ns"),
    ("wake_each", "ns"),
    ("yield_call", "ns"),
    ("yield_share", "1"),
];

/// The presets that come with the program, by name; the first is what others fall back on.
const PRESETS: [(&str, &str); 6] = [
    ("generic", include_str!("../../presets/generic.toml")),
    ("epyc-9004", include_str!("../../presets/epyc-9004.toml")),
    (
        "epyc-9004-vm",
        include_str!("../../presets/epyc-9004-vm.toml"),
    ),
    ("cortex-a76", include_str!("../../presets/cortex-a76.toml")),
    ("xeon-spr", include_str!("../../presets/xeon-spr.toml")),
    ("xeon-e5-v4", include_str!("../../presets/xeon-e5-v4.toml")),
];

/// Version of the meaning of parameter files.
const FORMAT_VERSION: u32 = 1;

/// How a value was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// On the machine that it speaks of.
    Measured,
    /// By somebody, for this kind of machine.
    Preset,
    /// By the user.
    User,
    /// For machines in general.
    Default,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measured => "measured",
            Self::Preset => "preset",
            Self::User => "user",
            Self::Default => "default",
        })
    }
}

/// One number of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The number that is used.
    pub value: f64,
    /// The truth is in here, ends included, nine times out of ten.
    pub interval: [f64; 2],
    /// Unit of value and interval.
    pub unit: String,
    /// How it was come by.
    pub provenance: Provenance,
    /// Where it is written, or how it was measured or guessed.
    pub source: String,
}

/// A parameter file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Version of the file's meaning.
    pub format_version: u32,
    /// Name of the machine.
    pub name: String,
    /// The machine, in a few words.
    pub machine: String,
    /// The numbers by name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// A parameter file that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// No preset of that name.
    #[error("no preset is called '{name}'; there are {}", names())]
    NoPreset {
        /// The name asked for.
        name: String,
    },
    /// Not TOML, or not of the right form.
    #[error("{file} is no parameter file: {message}")]
    Malformed {
        /// Name of the file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// Written for another version.
    #[error("{file} has format version {found}, this program reads {FORMAT_VERSION}")]
    OtherVersion {
        /// Name of the file.
        file: String,
        /// Its version.
        found: u32,
    },
    /// A parameter that means nothing.
    #[error("{file}: parameter '{name}': {message}")]
    Parameter {
        /// Name of the file.
        file: String,
        /// Name of the parameter.
        name: String,
        /// What is wrong.
        message: String,
    },
}

fn names() -> String {
    PRESETS.map(|(name, _)| name).join(", ")
}

impl Parameters {
    /// The preset called `name`, with everything it does not say from the generic one.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn preset(name: &str) -> Result<Self, ParameterError> {
        let found = PRESETS.iter().find(|(preset, _)| *preset == name);
        let (_, text) = found.ok_or_else(|| ParameterError::NoPreset {
            name: name.to_owned(),
        })?;
        Self::read(name, text)
    }

    /// The parameters in `text`, a TOML file called `file`; likewise completed.
    ///
    /// # Errors
    ///
    /// If it is not of the right form or names unknown parameters, units or impossible values.
    pub fn read(file: &str, text: &str) -> Result<Self, ParameterError> {
        let mut own = Self::parse(file, text)?;
        let (generic, text) = PRESETS[0];
        let fallback = Self::parse(generic, text)?;
        for (name, parameter) in fallback.parameters {
            own.parameters.entry(name).or_insert(parameter);
        }
        Ok(own)
    }

    fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let malformed = |error: toml::de::Error| ParameterError::Malformed {
            file: file.to_owned(),
            message: error
                .message()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        };
        let parsed: Self = toml::from_str(text).map_err(malformed)?;
        if parsed.format_version != FORMAT_VERSION {
            let found = parsed.format_version;
            return Err(ParameterError::OtherVersion {
                file: file.to_owned(),
                found,
            });
        }
        for (name, parameter) in &parsed.parameters {
            parameter
                .check(name)
                .map_err(|message| ParameterError::Parameter {
                    file: file.to_owned(),
                    name: name.clone(),
                    message,
                })?;
        }
        Ok(parsed)
    }

    /// These parameters, and those of `base` that nobody has measured or said.
    #[must_use]
    pub fn over(mut self, base: Self) -> Self {
        for (name, parameter) in base.parameters {
            if !self.parameters.contains_key(&name) || self.provenance(&name) == Provenance::Default
            {
                self.parameters.insert(name, parameter);
            }
        }
        self
    }

    /// The value of a parameter; every one in the table has one.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.parameters
            .get(name)
            .map_or(0.0, |parameter| parameter.value)
    }

    /// The value of a parameter that need not be known.
    pub fn known(&self, name: &str) -> Option<f64> {
        self.parameters.get(name).map(|parameter| parameter.value)
    }

    /// How the value of a parameter was come by.
    pub(super) fn provenance(&self, name: &str) -> Provenance {
        self.parameters
            .get(name)
            .map_or(Provenance::Default, |parameter| parameter.provenance)
    }

    /// Whether any parameter was measured on the machine itself; no machine can tell them all.
    pub fn is_calibrated(&self) -> bool {
        self.parameters
            .values()
            .any(|parameter| parameter.provenance == Provenance::Measured)
    }

    /// The parameters of a machine, to be written to a file.
    pub fn measured(name: String, machine: String, numbers: BTreeMap<String, Parameter>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            name,
            machine,
            parameters: numbers,
        }
    }

    /// How many parameters have each provenance, in words: `3 measured, 18 default`.
    pub fn summary(&self) -> String {
        let mut counts = BTreeMap::new();
        for parameter in self.parameters.values() {
            *counts.entry(parameter.provenance).or_insert(0) += 1;
        }
        let words: Vec<String> = counts
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        words.join(", ")
    }
}

impl Parameter {
    fn check(&self, name: &str) -> Result<(), String> {
        let Some((_, unit)) = UNITS.iter().find(|(known, _)| *known == name) else {
            return Err(format!(
                "unknown; known are {}",
                UNITS.map(|(known, _)| known).join(", ")
            ));
        };
        if self.unit != *unit {
            return Err(format!("unit '{}' must be '{unit}'", self.unit));
        }
        let [low, high] = self.interval;
        let ordered = 0.0 <= low && low <= self.value && self.value <= high && high.is_finite();
        if !ordered {
            return Err(format!(
                "value {} must not be negative and must lie in its interval {low} to {high}",
                self.value
            ));
        }
        let divides = [
            "flops_f32",
            "flops_f64",
            "refill_rate",
            "smt_compute",
            "smt_spin",
            "smt_yield",
        ];
        if divides.contains(&name) && self.value == 0.0 {
            return Err("must be above 0".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_read_and_is_complete() {
        for (name, _) in PRESETS {
            let preset = Parameters::preset(name).unwrap();
            assert_eq!(preset.name, name);
            let optional = ["quantum", "yield_share"];
            let known = UNITS.map(|(name, _)| name).into_iter();
            let known = known.filter(|name| !optional.contains(name));
            assert!(preset.parameters.keys().eq(known), "{name}");
            assert!(
                !preset.is_calibrated(),
                "{name} was not measured on the user's machine"
            );
        }
    }

    #[test]
    fn what_a_file_does_not_say_is_a_default() {
        let text = "format_version = 1\nname = 'mine'\nmachine = 'here'\n[parameters]\n\
             switch = { value = 2000, interval = [1800, 2300], unit = 'ns', provenance = 'measured', source = 'calibrate' }";
        let mine = Parameters::read("mine.toml", text).unwrap();
        assert_eq!(
            (mine.value("switch"), mine.provenance("switch")),
            (2000.0, Provenance::Measured)
        );
        assert_eq!(mine.provenance("take"), Provenance::Default);
        assert_eq!(mine.summary(), "1 measured, 21 default");
    }

    #[test]
    fn files_that_mean_nothing_are_refused_with_the_reason() {
        let file = |version: u32, line: &str| {
            format!("format_version = {version}\nname = 'x'\nmachine = 'x'\n[parameters]\n{line}")
        };
        let parameter = |name: &str, value: &str, unit: &str| {
            let rest = "provenance = 'user', source = 'x'";
            file(
                1,
                &format!(
                    "{name} = {{ value = {value}, interval = [1, 9], unit = '{unit}', {rest} }}"
                ),
            )
        };
        for (text, why) in [
            (file(2, ""), "format version 2"),
            (parameter("switch", "5", "us"), "unit 'us' must be 'ns'"),
            (parameter("swich", "5", "ns"), "'swich': unknown"),
            (parameter("switch", "10", "ns"), "must lie in its interval"),
            (
                file(
                    1,
                    "switch = { value = 5, interval = [1, 9], provenance = 'user', source = 'x' }",
                ),
                "missing field `unit`",
            ),
            ("[[".to_owned(), "is no parameter file"),
        ] {
            let error = Parameters::read("x.toml", &text).unwrap_err().to_string();
            assert!(error.contains(why) && error.lines().count() == 1, "{error}");
        }
        assert!(
            Parameters::preset("pdp-11")
                .unwrap_err()
                .to_string()
                .contains("generic")
        );
    }
}
