//! Where does every number of a simulated machine come from?
//!
//! A parameter has a value, an interval that the truth lies in nine times out of ten, a unit and a
//! provenance. A preset is a TOML file of parameters; what it does not say is taken from the
//! generic one and counts as a default. A prediction is *calibrated* when parameters were
//! measured on the machine that it speaks of; how many is always said with it.

mod names;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::experiment::{Dtype, Family};
use crate::text::{line_of, one_line, plain};
use names::{UNITS, unit};

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
const FORMAT_VERSION: u32 = 2;

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
    #[error(
        "{file} has format version {found}, this program reads {FORMAT_VERSION}; run 'oversub \
         calibrate' for a new one"
    )]
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
        let malformed = |error: toml::de::Error| {
            let words = plain(&one_line(error.message()));
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            ParameterError::Malformed {
                file: file.to_owned(),
                message: format!("line {line}: {words}"),
            }
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

    /// Has the user say that a parameter is `value`, in its unit and for certain.
    ///
    /// # Errors
    ///
    /// If there is no such parameter or it cannot have that value.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ParameterError> {
        let parameter = Parameter {
            value,
            interval: [value, value],
            unit: unit(name).map_or("", |(unit, _)| unit).to_owned(),
            provenance: Provenance::User,
            source: "said by the user".to_owned(),
        };
        let refused = |message| ParameterError::Parameter {
            file: "what was set".to_owned(),
            name: name.to_owned(),
            message,
        };
        parameter.check(name).map_err(refused)?;
        self.parameters.insert(name.to_owned(), parameter);
        Ok(())
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

    /// Name of the time of the usual task of `family` on numbers of type `dtype`.
    pub fn task(family: Family, dtype: Dtype) -> String {
        format!("task_{}", family.key(dtype))
    }

    /// The rates known as `name` with an order behind it, by order.
    pub(super) fn by_order(&self, name: &str) -> Vec<(f64, f64)> {
        let order = |known: &str| -> Option<f64> {
            let order = known.strip_prefix(name)?.strip_prefix('_')?;
            order.parse().ok()
        };
        let all = self.parameters.iter();
        let mut rates: Vec<(f64, f64)> = all
            .filter_map(|(name, parameter)| Some((order(name)?, parameter.value)))
            .collect();
        rates.sort_by(|a, b| a.0.total_cmp(&b.0));
        rates
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
        let Some((unit, [least, most])) = unit(name) else {
            return Err(format!(
                "unknown; known are {}, rates of products by order such as flops_f64_256, and \
                 times of tasks such as task_dot_f64",
                UNITS.map(|(known, ..)| known).join(", ")
            ));
        };
        if self.unit != unit {
            return Err(format!("unit '{}' must be '{unit}'", self.unit));
        }
        let [low, high] = self.interval;
        let inside = |value: &f64| (least..=most).contains(value);
        if let Some(value) = [self.value, low, high].iter().find(|value| !inside(value)) {
            return Err(format!(
                "must be between {least:e} and {most:e} {unit} (got {value:e})"
            ));
        }
        if !(low..=high).contains(&self.value) {
            return Err(format!(
                "value {} must lie in its interval {low} to {high}",
                self.value
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
