//! Whatever becomes of a child process, the sweep gets rows. Children here are shell scripts that
//! misbehave in known ways.

use std::fs;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use oversub::experiment::{Protocol, Visit};
use oversub::machine::CpuBudget;
use oversub::process::{Host, Message};
use oversub::record::Answer;
use oversub::runner::{Runner, VisitRequest};

use crate::program::oversub;

const OK: &str = r#"{"rep":1,"answer":{"ok":{"wall":{"secs":0,"nanos":5},"cpu":null,"tasks_done":4,"voluntary_switches":null,"involuntary_switches":null,"run_queue_wait":null,"threads":2}}}"#;

fn request(cell: &str, reps: u32, limit: Duration) -> VisitRequest {
    let visit = Visit {
        round: 1,
        cell: cell.parse().unwrap(),
    };
    let protocol = Protocol::of_one_visit(NonZeroU32::new(reps).unwrap(), 0, limit);
    VisitRequest::new(visit, &protocol, 1)
}

/// What a child with `script` answers to a visit of three repetitions.
fn answers(script: &str) -> Vec<(u32, Answer)> {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("child");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let cell = "matmul.f64.8_1x1_fork-join.passive_independent_unbound_static_t4";
    let mut answers = Vec::new();
    let request = request(cell, 3, Duration::from_secs(1));
    let run = Host::new(program).run(&request, &mut |rep, answer| {
        answers.push((rep, answer));
        ControlFlow::Continue(())
    });
    assert_eq!(run, Ok(()));
    answers
}

fn reason(answer: &Answer) -> &str {
    match answer {
        Answer::Failed(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_child_said_before_it_died_is_kept() {
    let answers = answers(&format!("echo '{OK}'\necho 'out of luck' >&2\nkill -9 $$"));
    assert_eq!(answers.len(), 2);
    assert!(matches!(&answers[0], (1, Answer::Ok(sample)) if sample.tasks_done == Some(4)));
    assert_eq!(answers[1].0, 2);
    let reason = reason(&answers[1].1);
    assert!(
        reason.contains("signal: 9") && reason.contains("out of luck"),
        "{reason}"
    );
}

#[test]
fn a_child_that_ends_well_before_its_last_repetition_owes_an_answer() {
    let answers = answers(&format!("echo '{OK}'\necho done >&2"));
    assert_eq!(answers.len(), 2);
    let expected = "cell process ended with exit status 0 but without an answer: done";
    assert_eq!((answers[1].0, reason(&answers[1].1)), (2, expected));
}

#[test]
fn a_child_that_used_up_its_time_owes_nothing() {
    let slow = OK.replace("\"secs\":0", "\"secs\":1");
    assert_eq!(answers(&format!("echo '{slow}'")).len(), 1);
}

/// A process that it started has its output, and stays.
#[test]
fn a_dead_child_whose_output_stays_open_is_a_failed_row() {
    let answers = answers("sleep 2 &\nkill -9 $$");
    assert!(reason(&answers[0].1).contains("signal: 9"), "{answers:?}");
}

/// Twice there is something missing; the third process answers.
#[test]
fn a_child_that_lacks_something_for_a_moment_is_started_again() {
    let place = tempfile::tempdir().unwrap();
    let count = place.path().join("count");
    let count = count.display();
    let all = [1, 2, 3].map(|rep| OK.replace("\"rep\":1", &format!("\"rep\":{rep}")));
    let script = format!(
        "echo x >> {count}\n[ $(wc -l < {count}) -lt 3 ] && {{ echo 'no threads' >&2; exit 75; }}\n\
         echo '{}'",
        all.join("\n")
    );
    let answers = answers(&script);
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|(_, answer)| matches!(answer, Answer::Ok(_)))
    );
}

#[test]
fn a_child_that_talks_nonsense_is_a_failed_row() {
    let answers = answers("echo hello");
    assert!(reason(&answers[0].1).contains("unreadable"), "{answers:?}");
}

#[test]
fn a_child_that_floods_its_errors_does_not_block() {
    let answers = answers("head -c 1000000 /dev/zero | tr '\\0' x >&2\nexit 3");
    assert!(
        reason(&answers[0].1).contains("exit status: 3"),
        "{answers:?}"
    );
}

#[test]
fn a_program_that_cannot_be_started_is_a_failed_row() {
    let mut answers = Vec::new();
    let cell = "matmul.f64.8_1x1_rayon_shared_unbound_static_t4";
    let request = request(cell, 1, Duration::from_nanos(1));
    let run = Host::new("/no/such/program".into()).run(&request, &mut |rep, answer| {
        answers.push((rep, answer));
        ControlFlow::Continue(())
    });
    assert_eq!(run, Ok(()));
    assert!(
        reason(&answers[0].1).contains("/no/such/program"),
        "{answers:?}"
    );
}

/// Two threads of one pool, each bound to a PU of its own: both PUs are used, as two teams would.
#[test]
fn a_placed_shared_pool_uses_more_than_the_first_place() {
    let pus = CpuBudget::discover().allowed.len();
    for placement in ["close.pu", "spread.pu"] {
        let cell = format!("matmul.f64.64_2x2_rayon_shared_{placement}_queue.1_t16");
        let output = oversub(&["cell", &cell, "--reps", "1", "--limit", "60"]);
        let line = String::from_utf8(output.stdout).unwrap();
        let message: Message = serde_json::from_str(&line).unwrap();
        let sample = message.answer.sample().unwrap();
        assert_eq!(sample.pus_used, Some(pus.min(2) as u32), "{placement}");
    }
}
