//! `oversub report` from the command line, and its page in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oversub::record::{Answer, Sample};

use crate::browser::Browser;
use crate::program::{oversub, said};
use crate::scripted::{self, Machine, plausible};

/// A simulated run of 4 x 4 x 2 cells in `place`.
fn run(place: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = place.join(name);
    let fixed = [
        "simulate",
        "--machine",
        "pack:1 l3:1 core:2 pu:1",
        "--preset",
        "epyc-9004",
        "--n",
        "32",
        "--tasks",
        "4",
        "--outer",
        "1,2",
        "--inner",
        "1..=4",
        "--wait",
        "active,passive",
        "--reps",
        "1",
        "--rounds",
        "2",
        "--out",
    ];
    let done = oversub(&[&fixed[..], &[out.to_str().unwrap()], more].concat());
    assert!(done.status.success(), "{}", said(&done));
    out
}

fn report(place: &Path, runs: &[&Path]) -> PathBuf {
    let page = place.join("report.html");
    let runs: Vec<&str> = runs.iter().map(|run| run.to_str().unwrap()).collect();
    let output = ["-o", page.to_str().unwrap(), "--force"];
    let done = oversub(&[&["report"], &runs[..], &output].concat());
    assert!(done.status.success(), "{}", said(&done));
    page
}

#[test]
fn a_page_is_whole_and_refers_to_nothing_outside() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path(), "a<b", &[]);
    let text = fs::read_to_string(report(place.path(), &[&run])).unwrap();
    for word in [
        "<link rel=\"stylesheet",
        "src=",
        "https://",
        "@import",
        "url(",
    ] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(text.contains("best split"), "the findings are on it");
    assert!(text.contains("export OMP_NUM_THREADS="));
    assert!(text.contains("matmul n=32 outer=2 inner=4 wait=active"));
}

/// Every other of six rounds takes twice as long.
#[test]
fn a_page_says_what_disturbed_the_run_before_what_to_set() {
    let two = Machine {
        cores: 2,
        pus_per_core: 1,
    };
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    let plan = scripted::plan("outer='1,2'\ninner='1,2'\nrounds=6\nreps=1", two);
    let mut plausible = plausible(two);
    scripted::write(&run, &plan, two, |visit, rep| {
        match (plausible(visit, rep), visit.round % 2) {
            (Answer::Ok(sample), 1) => Answer::Ok(Sample {
                wall: 2 * sample.wall,
                ..sample
            }),
            (answer, _) => answer,
        }
    });
    let recommended = oversub(&["recommend", run.to_str().unwrap()]).stdout;
    let recommended = String::from_utf8(recommended).unwrap();
    let line = recommended
        .lines()
        .find(|line| line.starts_with("disturbed by two modes: slow rounds take 2."))
        .unwrap_or_else(|| panic!("{recommended}"));
    let text = fs::read_to_string(report(place.path(), &[&run])).unwrap();
    let at = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words}: {text}"))
    };
    assert!(at(&format!("<p>{line}</p>")) < at("best split"));
    at("<p>cannot be told from these records: outliers, steal");
}

#[test]
fn what_cannot_be_shown_together_or_at_all_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let a = run(place.path(), "a", &[]);
    let other = run(place.path(), "b", &["--tasks", "8"]);
    let page = place.path().join("page.html");
    let (a, other, page) = (
        a.to_str().unwrap(),
        other.to_str().unwrap(),
        page.to_str().unwrap(),
    );
    let refused = |arguments: &[&str], words: &str| {
        let output = oversub(arguments);
        assert_ne!(output.status.code(), Some(0));
        assert!(said(&output).contains(words), "{}", said(&output));
    };
    refused(&["report", a, other, "-o", page], "have no work in common");
    refused(&["report", "/nowhere", "-o", page], "not a run folder");
    refused(&["report", a], "--output");
    assert!(!Path::new(page).exists());
    fs::write(page, "mine").unwrap();
    refused(&["report", a, "-o", page], "exists; give --force");
    assert_eq!(fs::read_to_string(page).unwrap(), "mine");
    fs::write(Path::new(a).join("samples.csv"), "").unwrap();
    refused(&["report", a, "-o", page, "--force"], "has no samples");
}

/// Chooses in one of the pickers of a page.
fn pick(browser: &Browser, picker: &str, choice: &str) {
    browser.run(&format!(
        "const s = document.querySelector('[data-picker={picker}]');
         s.{choice}; s.dispatchEvent(new Event('change'))"
    ));
}

/// Two runs of 2 x 4 cells for each of two wait policies.
#[test]
fn in_a_browser_pickers_cells_keys_and_tables_work_without_a_network() {
    let Some(browser) = Browser::start((1200, 900), false) else {
        eprintln!("left out: there is no chromedriver here");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let (a, b) = (
        run(place.path(), "a", &[]),
        run(place.path(), "b", &["--seed", "2"]),
    );
    let page = report(place.path(), &[&a, &b]);
    browser.open(&page);
    let count = |what: &str| {
        browser.run(&format!(
            "return document.querySelectorAll('{what}').length"
        ))
    };
    assert_eq!((count("figure svg"), count(".cell")), (2.into(), 16.into()));
    assert_eq!((count("table"), count("table td")), (2.into(), 16.into()));
    let label = |i: u32| {
        let script =
            format!("return document.querySelectorAll('.cell')[{i}].getAttribute('aria-label')");
        browser.run(&script).as_str().unwrap().to_owned()
    };
    assert!(
        label(7).starts_with("outer 2, inner 4: slowdown"),
        "{}",
        label(7)
    );
    let active = label(7);
    pick(&browser, "wait", "selectedIndex = 1");
    assert_ne!(label(7), active, "the other wait policy has other numbers");
    pick(&browser, "metric", "value = 'time'");
    assert!(
        label(0).contains("time") && label(0).contains('s'),
        "{}",
        label(0)
    );
    browser.run("document.querySelector('.cell').focus()");
    let details = || browser.run("return document.getElementById('cell').textContent");
    assert!(
        details()
            .as_str()
            .unwrap()
            .contains("matmul n=32 outer=1 inner=1")
    );
    browser.press("\u{e014}");
    assert!(
        details()
            .as_str()
            .unwrap()
            .contains("matmul n=32 outer=1 inner=2"),
        "{}",
        details()
    );
    assert!(
        details()
            .as_str()
            .unwrap()
            .contains("Where the time of the PUs went")
    );
    let csv = browser.run("return csv()");
    assert_eq!(
        csv.as_str()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .split(',')
            .count(),
        14
    );
    assert!(csv.as_str().unwrap().lines().count() > 2 * 16 * 4);
    assert_eq!(browser.console(), Vec::<serde_json::Value>::new());
    let outside: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|url| url.starts_with("http"))
        .collect();
    assert_eq!(outside, Vec::<String>::new());
}

/// Nothing stands out of a window as narrow as a phone; figures scroll within themselves.
#[test]
fn on_a_phone_the_page_is_as_wide_as_the_window_light_and_dark() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path(), "a", &[]);
    let page = report(place.path(), &[&run]);
    let mut grounds = Vec::new();
    for dark in [false, true] {
        let Some(browser) = Browser::start((500, 900), dark) else {
            eprintln!("left out: there is no chromedriver here");
            return;
        };
        browser.open(&page);
        let fits =
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(browser.run(fits), true);
        grounds.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
        assert!(browser.screenshot().len() > 10_000);
    }
    assert_eq!(grounds, ["rgb(255, 255, 255)", "rgb(21, 23, 26)"]);
}

/// A cell of a command is not known to `oversub cell`: the line is that of the program.
#[test]
fn the_line_that_runs_a_command_again_is_one_that_a_shell_can_run() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let flags = ["--outer", "3", "--inner", "2", "--rounds", "1", "--out"];
    let program = ["--", "sh", "-c", "echo $OMP_NUM_THREADS \"it's\" {outer}"];
    let swept = [&["sweep"], &flags[..], &[out.to_str().unwrap()], &program].concat();
    let swept = oversub(&swept);
    assert!(swept.status.success(), "{}", said(&swept));
    let page = fs::read_to_string(report(place.path(), &[&out])).unwrap();
    let (_, again) = page.split_once("\"again\":").unwrap();
    let lines = serde_json::Deserializer::from_str(again).into_iter::<Vec<String>>();
    let lines = lines.into_iter().next().unwrap().unwrap();
    assert_eq!(lines.len(), 1);
    let shell = Command::new("sh").args(["-c", &lines[0]]).output().unwrap();
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), "2 it's 3\n");
}
