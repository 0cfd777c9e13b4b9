//! `oversub completions`: what a shell needs to complete this program's arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, screen};

/// Prints the completion script of a shell; `make install` puts them where shells look.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub completions bash > ~/.local/share/bash-completion/completions/oversub
  oversub completions zsh > ~/.zfunc/_oversub          (a folder of $fpath)
  oversub completions fish > ~/.config/fish/completions/oversub.fish
  oversub completions powershell >> $PROFILE
  oversub completions elvish >> ~/.config/elvish/rc.elv")]
pub(super) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "oversub", &mut script);
        screen::say(String::from_utf8(script)?.trim_end())
    }
}
