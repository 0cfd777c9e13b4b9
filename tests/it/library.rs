//! What the command line does, from a program of one's own.

use oversub::app::{
    Error, PlannedSweep, Run, Setup, SimulateRequest, Stop, SweepRequest, simulate,
};
use oversub::experiment::Request;
use oversub::record::Resume;

fn request(rounds: u32) -> Request {
    let toml = format!(
        "n = 16\ntasks = 4\nouter = [1, 2]\ninner = 1\nreps = 1\nrounds = {rounds}\nname = 'own'"
    );
    toml::from_str(&toml).unwrap()
}

/// Its outcome is the run in memory, which is the one that is on disk.
#[test]
fn a_sweep_gives_the_run_that_its_folder_holds_and_grows_with_the_next() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    for (rounds, samples) in [(1, 2), (2, 4)] {
        let sweep = PlannedSweep::new(SweepRequest {
            request: request(rounds),
            out: Some(out.clone()),
            program: Some(env!("CARGO_BIN_EXE_oversub").into()),
            ..SweepRequest::default()
        });
        let swept = sweep.unwrap().run(&Stop::default(), &mut ()).unwrap();
        assert_eq!((swept.unresolved, swept.run.records.len()), (0, samples));
        let read = Run::open(&out, &[]).unwrap();
        assert_eq!(read.records, swept.run.records);
        assert_eq!(read.header.plan, swept.run.header.plan);
        assert_eq!(read.cells(), swept.run.cells());
        assert!(read.completeness.is_complete());
    }
}

#[test]
fn a_stopped_sweep_is_told_from_one_that_failed_and_is_resumed() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let sim = |stop: &Stop| {
        let request = SimulateRequest {
            request: request(2),
            setup: Setup {
                machine: Some("l3:1 core:2 pu:1".to_owned()),
                preset: Some("epyc-9004".to_owned()),
                ..Setup::default()
            },
            out: Some(out.clone()),
            resume: Resume::AsBefore,
            ..SimulateRequest::default()
        };
        simulate(request, stop, &mut ())
    };
    let stop = Stop::default();
    stop.request();
    let stopped = sim(&stop);
    assert!(matches!(stopped.err(), Some(Error::Interrupted(folder)) if folder == out));
    let done = sim(&Stop::default()).unwrap();
    assert_eq!((done.run.records.len(), done.executions), (4, 4));
    // Nothing is left to simulate, and the run says the same.
    let again = sim(&Stop::default()).unwrap();
    assert_eq!((again.run.records.len(), again.executions), (4, 0));
    assert_eq!(again.run.analysis.verdicts.len(), 1);
}

/// What cannot be meant is refused before a folder is made.
#[test]
fn a_request_that_cannot_be_meant_is_a_usage_error() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let refused = PlannedSweep::new(SweepRequest {
        request: toml::from_str("runtime = 'openblas-0.3.26'").unwrap(),
        out: Some(out.clone()),
        ..SweepRequest::default()
    });
    assert!(matches!(refused.err(), Some(Error::Usage(why)) if why.0.contains("oversub simulate")));
    assert!(!out.exists() && matches!(Run::open(&out, &[]).err(), Some(Error::Usage(_))));
}
