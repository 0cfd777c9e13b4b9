//! Which commands would a sweep run?

use std::process::Command;

use super::screen;
use crate::experiment::{Plan, Protocol};
use crate::process::Host;
use crate::runner::Ask;
use crate::text::quoted;

/// Prints the command of every cell of `plan`, as `host` would start it.
pub(super) fn print_commands(plan: &Plan, host: &Host) -> anyhow::Result<()> {
    for why in &plan.left_out {
        screen::say(format!("# skipped: {why}"))?;
    }
    for visit in plan.visits().take(plan.cells.len()) {
        let Protocol { reps, .. } = plan.protocol;
        let ask = Ask {
            visit,
            first_rep: 1,
            last_rep: reps,
            protocol: plan.protocol.clone(),
            budget: plan.budget,
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
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    set.chain(words).collect::<Vec<_>>().join(" ")
}
