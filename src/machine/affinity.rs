//! Does this thread run where it was told to?
//!
//! One PU is set through core_affinity, a wider set through hwloc; both are read back from the
//! kernel, because a request is not a grant.

use core_affinity::CoreId;

use super::{Binder, CpuSet};

/// A binding that did not take.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// The system refused.
    #[error("binding to PUs {asked} was refused: {message}")]
    Refused {
        /// PUs asked for.
        asked: CpuSet,
        /// What was said.
        message: String,
    },
    /// The system said yes and did something else.
    #[error("asked for PUs {asked}, but the thread may run on {granted}")]
    NotGranted {
        /// PUs asked for.
        asked: CpuSet,
        /// PUs granted.
        granted: CpuSet,
    },
}

/// Binds the calling thread to `asked` and checks what the kernel made of it.
pub(crate) fn bind_current_thread(binder: &Binder, asked: &CpuSet) -> Result<(), BindError> {
    let refused = |message: String| BindError::Refused {
        asked: asked.clone(),
        message,
    };
    let mut pus = asked.iter();
    match (pus.next(), pus.next()) {
        (Some(pu), None) => {
            let id = CoreId { id: pu.0 as usize };
            if !core_affinity::set_for_current(id) {
                // It only says no; the system call it has just made said why.
                return Err(refused(std::io::Error::last_os_error().to_string()));
            }
        }
        _ => binder
            .bind_current_thread(asked)
            .map_err(|error| refused(error.to_string()))?,
    }
    let granted = binder
        .current_binding()
        .map_err(|error| refused(error.to_string()))?;
    if granted == *asked {
        Ok(())
    } else {
        Err(BindError::NotGranted {
            asked: asked.clone(),
            granted,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::machine::PuId;

    /// By the call for one PU and by that for several.
    #[test]
    fn a_refused_binding_names_the_pus_and_what_the_system_said() {
        let binder = Binder::new().expect("hwloc knows this machine");
        for (pus, said) in [
            (
                &[1000][..],
                "binding to PUs 1000 was refused: Invalid argument",
            ),
            (&[1000, 1001], "binding to PUs 1000-1001 was refused: "),
        ] {
            let asked: CpuSet = pus.iter().map(|pu| PuId(*pu)).collect();
            let error = bind_current_thread(&binder, &asked).unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
