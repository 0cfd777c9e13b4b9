//! Which machinery runs the inner level?

use std::fmt;
use std::str::FromStr;

use super::{Blas, RuntimeModel, WaitPolicy};
use crate::serde_as_text;
use crate::text::ParseError;

/// The machinery that runs a region. Text forms: `fork-join.active` (any wait policy), `rayon`,
/// `blas:openblas` (any [`Blas`]), `libgomp` (any [`RuntimeModel`]), `program`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// Our fork-join team; the calling worker is its first member.
    ForkJoin(WaitPolicy),
    /// Rayon. Its idle workers yield, then sleep; there is no policy to choose.
    Rayon,
    /// A BLAS library with threads of its own, one instance for all workers of the process.
    Blas(Blas),
    /// The threading of a library as the simulator knows it; it cannot be measured.
    Modelled(RuntimeModel),
    /// Whatever a program of the user's brings with it; it is told only how many threads.
    Program,
}

impl Runtime {
    /// Name without the wait policy, as in the record column `runtime`.
    pub fn name(&self) -> RuntimeName {
        match self {
            Self::ForkJoin(_) => RuntimeName::ForkJoin,
            Self::Rayon => RuntimeName::Rayon,
            Self::Blas(blas) => RuntimeName::Blas(*blas),
            Self::Modelled(modelled) => RuntimeName::Modelled(*modelled),
            Self::Program => RuntimeName::Program,
        }
    }

    /// The wait policy, where the runtime has one to choose.
    pub fn wait(&self) -> Option<WaitPolicy> {
        match self {
            Self::ForkJoin(wait) => Some(*wait),
            Self::Rayon | Self::Blas(_) | Self::Modelled(_) | Self::Program => None,
        }
    }

    /// The library, where the runtime is one.
    pub fn blas(&self) -> Option<Blas> {
        match self {
            Self::ForkJoin(_) | Self::Rayon | Self::Modelled(_) | Self::Program => None,
            Self::Blas(blas) => Some(*blas),
        }
    }

    /// The model of a library, where the runtime is one.
    pub fn modelled(&self) -> Option<RuntimeModel> {
        match self {
            Self::ForkJoin(_) | Self::Rayon | Self::Blas(_) | Self::Program => None,
            Self::Modelled(modelled) => Some(*modelled),
        }
    }

    /// Whether it is a BLAS, there or modelled: one instance for the whole process, whose threads
    /// are its own and multiply matrices.
    pub fn is_blas(&self) -> bool {
        match self {
            Self::ForkJoin(_) | Self::Rayon | Self::Program => false,
            Self::Blas(_) => true,
            Self::Modelled(modelled) => modelled.is_blas(),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)?;
        self.wait().map_or(Ok(()), |wait| write!(f, ".{wait}"))
    }
}

impl FromStr for Runtime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.starts_with(Blas::PREFIX) {
            return text.parse().map(Self::Blas);
        }
        match text.split_once('.') {
            None if text == "rayon" => Ok(Self::Rayon),
            None if text == "program" => Ok(Self::Program),
            Some(("fork-join", wait)) => wait.parse().map(Self::ForkJoin),
            _ => text.parse().map(Self::Modelled).map_err(|known| {
                let forms = "fork-join.POLICY, rayon, blas:LIBRARY, program, or to simulate";
                ParseError::new("runtime", text, format!("{forms} {}", known.expected))
            }),
        }
    }
}

serde_as_text!(Runtime);

/// A runtime without its wait policy, as users ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeName {
    /// See [`Runtime::ForkJoin`].
    ForkJoin,
    /// See [`Runtime::Rayon`].
    Rayon,
    /// See [`Runtime::Blas`].
    Blas(Blas),
    /// See [`Runtime::Modelled`].
    Modelled(RuntimeModel),
    /// See [`Runtime::Program`].
    Program,
}

impl RuntimeName {
    /// What may be asked for, as a phrase.
    pub fn forms() -> String {
        "fork-join, rayon, blas:openblas, blas:blis, blas:mkl, blas:/path/lib.so; in simulations also \
         libgomp, libgomp.active, libgomp.passive, libomp, libomp.MS, openblas-VERSION, \
         openblas-openmp-VERSION, blis"
            .to_owned()
    }

    /// This runtime, waiting by `wait` where it has a choice.
    pub(super) fn waiting(self, wait: WaitPolicy) -> Runtime {
        match self {
            Self::ForkJoin => Runtime::ForkJoin(wait),
            Self::Rayon => Runtime::Rayon,
            Self::Blas(blas) => Runtime::Blas(blas),
            Self::Modelled(modelled) => Runtime::Modelled(modelled),
            Self::Program => Runtime::Program,
        }
    }
}

impl fmt::Display for RuntimeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForkJoin => f.write_str("fork-join"),
            Self::Rayon => f.write_str("rayon"),
            Self::Blas(blas) => blas.fmt(f),
            Self::Modelled(modelled) => modelled.fmt(f),
            Self::Program => f.write_str("program"),
        }
    }
}

impl FromStr for RuntimeName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "fork-join" => Ok(Self::ForkJoin),
            "rayon" => Ok(Self::Rayon),
            "program" => Ok(Self::Program),
            _ if text.starts_with(Blas::PREFIX) => text.parse().map(Self::Blas),
            _ => text.parse().map(Self::Modelled).map_err(|known| {
                let forms = "fork-join, rayon, blas:openblas, blas:blis, blas:mkl, \
                             blas:/path/lib.so, or to simulate";
                ParseError::new("runtime", text, format!("{forms} {}", known.expected))
            }),
        }
    }
}
