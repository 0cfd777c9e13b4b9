//! How fast are oversub's kernels and teams beside their peers?
//!
//! `oversub-benches [single[=N] | team[=N] | empty | effect | overhead | record | picture | reading | coverage | scaling]..`, all of them by
//! default; `single` and
//! `team` multiply matrices, of order N only where one is given. Contestants take
//! turns: a *turn* is a process of its own that warms up and repeats one contestant's work for a
//! moment, so that no spinning pool of one disturbs another; rounds of turns are interleaved, so
//! that a slow moment of the machine falls on all. A time is the median over rounds of the median
//! of a turn; a ratio is the median over rounds of the ratio within the round, with its quartiles.
//!
//! `labelled[=GROUP]` is no part of them: it says how often `oversub explain` names the right cause.

mod bind;
mod coverage;
mod effect;
mod empty;
mod labelled;
mod library;
mod overhead;
mod peers;
mod picture;
mod products;
mod reading;
mod record;
mod scaling;
mod turn;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["turn", rest @ ..] = &args[..] {
        return turn::answer(rest);
    }
    let all = [
        "single", "team", "empty", "effect", "overhead", "record", "picture", "reading",
        "coverage", "scaling",
    ];
    for section in if args.is_empty() { &all[..] } else { &args[..] } {
        let (name, order) = section.split_once('=').unwrap_or((section, ""));
        match name {
            "single" => products::table(1, order.parse().ok()),
            "team" => products::table(turn::cpus(), order.parse().ok()),
            "empty" => empty::table(),
            "effect" => effect::table(),
            "overhead" => overhead::table(),
            "record" => record::table(order),
            "picture" => picture::table(),
            "reading" => reading::table(),
            "coverage" => coverage::table(),
            "scaling" => scaling::table(),
            "labelled" => labelled::table(order),
            other => {
                eprintln!("error: '{other}' is not one of {}", all.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
