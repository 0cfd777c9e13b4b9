//! Which commands would a sweep run?

use std::process::Command;

use super::screen;
use crate::experiment::{Plan, Protocol};
use crate::host::Host;
use crate::runner::Ask;

/// Prints the command of every cell of `plan`, as `host` would start it.
pub(super) fn print_commands(plan: &Plan, host: &Host) -> anyhow::Result<()> {
    let (cells, skipped) = plan.grid.cells();
    for why in skipped {
        screen::say(format!("# skipped: {why}"))?;
    }
    for visit in plan.visits().take(cells.len()) {
        let Protocol { reps, .. } = plan.protocol;
        let ask = Ask {
            visit,
            first_rep: 1,
            last_rep: reps,
            protocol: plan.protocol.clone(),
            budget: plan.grid.budget,
        };
        let command = host.command(&ask);
        screen::say(typed(&command))?;
    }
    Ok(())
}

/// `command` as one can type it, with the environment that it sets.
fn typed(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={value}", name.to_string_lossy()))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    set.chain(words).collect::<Vec<_>>().join(" ")
}
