//! Does `oversub doctor` say what the runtimes themselves say? Those that are not here are left out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A setting of the environment.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// What a team of OpenMP is wide, and what its first thread was told.
const TEAM: &str = r#"
#include <omp.h>
#include <stdio.h>
int main(void) {
  int threads = 0;
  #pragma omp parallel
  {
    #pragma omp single
    threads = omp_get_num_threads();
  }
  printf("%d\n", threads);
  return 0;
}
"#;

const PYTHON: &str = "import os, concurrent.futures as f
p = getattr(os, 'process_cpu_count', lambda: '-')()
print(os.cpu_count(), p, f.ThreadPoolExecutor()._max_workers)";

const JAVA: &str = "
public class Counts {
  public static void main(String[] arguments) {
    System.out.println(Runtime.getRuntime().availableProcessors() + \" \"
      + java.util.concurrent.ForkJoinPool.getCommonPoolParallelism());
  }
}";

const GO: &str = "package main
import (\"fmt\"; \"runtime\")
func main() { fmt.Println(runtime.GOMAXPROCS(0)) }
";

/// Variables that this test process may have been started with.
const STEERING: [&str; 14] = [
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OMP_DYNAMIC",
    "OMP_MAX_ACTIVE_LEVELS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "PYTHON_CPU_COUNT",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "GOMAXPROCS",
    "GODEBUG",
    "NODE_OPTIONS",
    "UV_THREADPOOL_SIZE",
];

fn with(program: impl AsRef<std::ffi::OsStr>, variables: Variables<'_>) -> Command {
    let mut command = Command::new(program);
    for name in STEERING {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

/// The last line that `command` prints, if it starts and ends well.
fn answer(mut command: Command) -> Option<String> {
    let output: Output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().last().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(line)
}

/// Whether `program` runs here at all; says so where not.
fn here(program: &str, argument: &str) -> bool {
    let found = answer({
        let mut command = with(program, &[]);
        command.arg(argument);
        command
    });
    if found.is_none() {
        eprintln!("left out: there is no {program} here");
    }
    found.is_some()
}

/// What the doctor says `runtimes` start, in words as the programs print them.
fn doctor(runtimes: &[&str], variables: Variables<'_>) -> Vec<String> {
    let mut command = with(env!("CARGO_BIN_EXE_oversub"), variables);
    let output = command.args(["doctor", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["runtimes"].as_array().unwrap();
    let threads = |name: &&str| {
        let row = rows.iter().find(|row| row["runtime"] == **name).unwrap();
        row["threads"]
            .as_u64()
            .map_or("-".to_owned(), |n| n.to_string())
    };
    runtimes.iter().map(threads).collect()
}

/// Asserts that the doctor says of `runtimes` what `ask` hears in each of `settings`; a program that
/// does not start counts as a dash each.
fn compare(
    runtimes: &[&str],
    settings: &[Variables<'_>],
    ask: impl Fn(Variables<'_>) -> Option<String>,
) {
    for variables in settings {
        let said = doctor(runtimes, variables);
        let real = ask(variables);
        let real: Vec<String> = match real {
            Some(line) => line.split_whitespace().map(str::to_owned).collect(),
            None => vec!["-".to_owned(); runtimes.len()],
        };
        assert_eq!(said, real, "{runtimes:?} with {variables:?}");
    }
}

/// Settings that differ in how `name` is written.
fn each<'a>(name: &'a str, values: &[&'a str]) -> Vec<Vec<(&'a str, &'a str)>> {
    values.iter().map(|value| vec![(name, *value)]).collect()
}

fn slices<'a>(settings: &'a [Vec<(&'a str, &'a str)>]) -> Vec<Variables<'a>> {
    settings.iter().map(Vec::as_slice).collect()
}

#[test]
fn nproc_reads_openmps_variables_its_own_way() {
    if !here("nproc", "--version") {
        return;
    }
    let values = ["", "3", " 3 ", "4,2", "4,x", "3,", "+3", "0", "3x", "0,3"];
    let mut settings = each("OMP_NUM_THREADS", &values);
    settings.push(vec![]);
    settings.push(vec![("OMP_THREAD_LIMIT", "1")]);
    settings.push(vec![("OMP_NUM_THREADS", "5"), ("OMP_THREAD_LIMIT", "3,x")]);
    compare(&["nproc"], &slices(&settings), |variables| {
        answer(with("nproc", variables))
    });
}

#[test]
fn libgomp_reads_its_lists_to_their_end() {
    let place = tempfile::tempdir().unwrap();
    let Some(program) = team(place.path()) else {
        return;
    };
    let values = [
        "", "3", " 4 , 2 ", "4,2", "4,x", "4,", "+3", "0", "-3", "3x", "3,0", ",3", "3 4", "3,,2",
    ];
    let mut settings = each("OMP_NUM_THREADS", &values);
    settings.push(vec![]);
    settings.push(vec![("OMP_NUM_THREADS_ALL", "3")]);
    for limit in ["1", "0", "1x", "99999999999"] {
        settings.push(vec![("OMP_NUM_THREADS", "3"), ("OMP_THREAD_LIMIT", limit)]);
    }
    settings.push(vec![("OMP_MAX_ACTIVE_LEVELS", "0")]);
    settings.push(vec![("OMP_NUM_THREADS", "3"), ("OMP_DYNAMIC", "1")]);
    compare(&["OpenMP (libgomp)"], &slices(&settings), |variables| {
        answer(with(&program, variables))
    });
    // What is left of the mask depends on the load.
    let dynamic: Variables<'_> = &[("OMP_NUM_THREADS", "9"), ("OMP_DYNAMIC", "true")];
    let most = doctor(&["OpenMP (libgomp)"], dynamic)[0]
        .parse::<u32>()
        .unwrap();
    let real = answer(with(&program, dynamic)).unwrap();
    assert!(real.parse::<u32>().unwrap() <= most, "{real} of {most}");
}

/// A program with one parallel region, built into `place`.
fn team(place: &Path) -> Option<std::path::PathBuf> {
    let (source, program) = (place.join("team.c"), place.join("team"));
    fs::write(&source, TEAM).unwrap();
    let built = Command::new("cc")
        .arg("-fopenmp")
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output();
    if !built.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: cc does not build for OpenMP here");
        return None;
    }
    Some(program)
}

#[test]
fn python_counts_as_its_version_does() {
    if !here("python3", "--version") {
        return;
    }
    let values = ["", "6", " 6", "+6", "60", "default", "0", "x", "3x"];
    let mut settings = each("PYTHON_CPU_COUNT", &values);
    settings.push(vec![]);
    let runtimes = [
        "Python os.cpu_count",
        "Python os.process_cpu_count",
        "Python ThreadPoolExecutor",
    ];
    compare(&runtimes, &slices(&settings), |variables| {
        let mut command = with("python3", variables);
        command.args(["-c", PYTHON]);
        answer(command)
    });
}

#[test]
fn node_counts_the_mask() {
    if !here("node", "--version") {
        return;
    }
    compare(&["Node"], &[&[]], |variables| {
        let mut command = with("node", variables);
        command.args(["-p", "require('os').availableParallelism()"]);
        answer(command)
    });
}

#[test]
fn java_takes_its_options_from_three_variables() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("Counts.java");
    fs::write(&source, JAVA).unwrap();
    let built = Command::new("javac").arg(&source).output();
    if !built.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: there is no Java compiler here");
        return;
    }
    let tool = |value| ("JAVA_TOOL_OPTIONS", value);
    let settings = [
        vec![],
        vec![tool("-XX:ActiveProcessorCount=6")],
        vec![
            tool("-XX:ActiveProcessorCount=6"),
            ("_JAVA_OPTIONS", "-XX:ActiveProcessorCount=0x10"),
        ],
        vec![tool("-XX:ActiveProcessorCount=x")],
        vec![tool(
            "-Djava.util.concurrent.ForkJoinPool.common.parallelism=7",
        )],
    ];
    compare(
        &["Java", "Java common pool"],
        &slices(&settings),
        |variables| {
            let mut command = with("java", variables);
            command.arg("-cp").arg(place.path()).arg("Counts");
            answer(command)
        },
    );
}

#[test]
fn go_takes_plain_numbers() {
    if !here("go", "version") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (source, program) = (place.path().join("main.go"), place.path().join("counts"));
    fs::write(&source, GO).unwrap();
    let built = with("go", &[("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0")])
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .env("GOCACHE", place.path().join("cache"))
        .output();
    assert!(built.unwrap().status.success());
    let mut settings = each("GOMAXPROCS", &["5", "+5", " 5", "0", "-1", "x", "5x"]);
    settings.push(vec![]);
    compare(&["Go"], &slices(&settings), |variables| {
        answer(with(&program, variables))
    });
}
