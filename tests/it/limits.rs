//! What is said of limits that another namespace, mount or permission hides?
//!
//! Most of it takes root: a control group with half a CPU, and namespaces. Where there is no right to
//! those, a test says so and ends.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

/// A control group with a quota of half a CPU, and how its hierarchy is mounted.
struct HalfACpu {
    folder: PathBuf,
    point: &'static str,
    /// Mounts the hierarchy anew at its point.
    mount: &'static str,
}

impl HalfACpu {
    /// The group, called `name`; `None`, and said, where it cannot be made.
    fn make(name: impl AsRef<OsStr>) -> Option<Self> {
        const V1: (&str, &str) = ("/sys/fs/cgroup/cpu", "-t cgroup -o cpu cgroup");
        const V2: (&str, &str) = ("/sys/fs/cgroup", "-t cgroup2 cgroup2");
        let v1 = Path::new(V1.0).join("cpu.cfs_quota_us").exists();
        let (point, mount) = if v1 { V1 } else { V2 };
        let mut full = OsString::from(format!("oversub-test-{}-", std::process::id()));
        full.push(name);
        let group = Self {
            folder: Path::new(point).join(full),
            point,
            mount,
        };
        let (file, quota) = match v1 {
            true => ("cpu.cfs_quota_us", "50000"),
            false => ("cpu.max", "50000 100000"),
        };
        let made = fs::create_dir(&group.folder)
            .and_then(|()| {
                fs::OpenOptions::new()
                    .write(true)
                    .open(group.folder.join(file))
            })
            .and_then(|mut file| std::io::Write::write_all(&mut file, quota.as_bytes()));
        let may = Command::new("unshare").args(["-m", "-C", "true"]).output();
        match made {
            Ok(()) if may.is_ok_and(|output| output.status.success()) => Some(group),
            _ => {
                println!("left out: no right to control groups or namespaces here");
                None
            }
        }
    }

    /// A shell in the group that runs `script`, which finds the program, the group's folder, the mount
    /// point and the arguments of `mount` in its environment.
    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "echo $$ > \"$GROUP/cgroup.procs\"; eval \"$SCRIPT\""])
            .env("SCRIPT", script)
            .env("GROUP", &self.folder)
            .env("POINT", self.point)
            .env("MOUNT", self.mount)
            .env("OVERSUB", env!("CARGO_BIN_EXE_oversub"));
        shell
    }

    /// What `doctor --json` prints when a script runs it in the group.
    fn doctor(&self, script: &str) -> Told {
        let output = self.shell(script).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout);
        Told(report.unwrap_or_else(|error| panic!("{error} after {said}")))
    }
}

impl Drop for HalfACpu {
    fn drop(&mut self) {
        // The kernel lets the group go a moment after its last process.
        for _ in 0..100 {
            if !self.folder.exists() || fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What doctor says.
struct Told(Value);

impl Told {
    fn p(&self) -> f64 {
        self.0["budget"]["cpus"].as_f64().unwrap()
    }

    /// Asserts that a quota of half a CPU is found, and no other.
    fn assert_half(&self) {
        assert_eq!(self.p(), 0.5, "{}", self.0["budget"]);
    }

    /// Asserts that no quota is found and that P is an upper bound, because of `why`.
    fn assert_unknown(&self, why: &str) {
        let budget = &self.0["budget"];
        let pus = budget["allowed"].as_str().unwrap();
        assert!(self.p() >= 1.0, "{budget}");
        assert_eq!(self.0["upper_bound"], true, "{budget}");
        assert_eq!(budget["unknown"][0]["kind"], "cpu-quota", "{budget}");
        let said = budget["unknown"][0]["why"].as_str().unwrap();
        assert!(said.contains(why), "'{why}' is not in: {said}");
        let conclusion = self.0["conclusion"].as_str().unwrap();
        assert!(conclusion.starts_with("P at most "), "{conclusion}");
        assert!(!conclusion.contains("whole machine"), "{conclusion}, {pus}");
    }
}

#[test]
fn a_mount_elsewhere_that_is_no_utf_8_hides_no_quota() {
    let Some(group) = HalfACpu::make("mount") else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    let script = "unshare -m sh -c 'mount -t tmpfs none \"$FOLDER\"; \"$OVERSUB\" doctor --json'";
    let output = group.shell(script).env("FOLDER", &folder).output().unwrap();
    let told = Told(serde_json::from_slice(&output.stdout).unwrap());
    told.assert_half();
    // In a container, outer groups may be hidden all the same.
    let without = group.doctor("\"$OVERSUB\" doctor --json");
    assert_eq!(told.0["upper_bound"], without.0["upper_bound"]);
}

#[test]
fn a_group_that_is_no_utf_8_has_its_quota_found() {
    let name = OsStr::from_bytes(b"caf\xe9 \\040:x");
    let Some(group) = HalfACpu::make(name) else {
        return;
    };
    group.doctor("\"$OVERSUB\" doctor --json").assert_half();
}

#[test]
fn a_mount_point_with_blanks_is_found() {
    let Some(group) = HalfACpu::make("blanks") else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a b\tc\\d\n");
    fs::create_dir(&folder).unwrap();
    let script = "unshare -m sh -c 'umount -R /sys/fs/cgroup; mount $MOUNT \"$FOLDER\"; \
                  \"$OVERSUB\" doctor --json'";
    let output = group.shell(script).env("FOLDER", &folder).output().unwrap();
    Told(serde_json::from_slice(&output.stdout).unwrap()).assert_half();
}

#[test]
fn without_a_mount_of_the_hierarchy_the_quota_is_unknown() {
    let Some(group) = HalfACpu::make("unmounted") else {
        return;
    };
    let told =
        group.doctor("unshare -m sh -c 'umount -R /sys/fs/cgroup; \"$OVERSUB\" doctor --json'");
    told.assert_unknown("no cgroup file system");
    told.assert_unknown(group.folder.file_name().unwrap().to_str().unwrap());
}

#[test]
fn in_a_namespace_without_mounts_of_its_own_the_quota_is_unknown() {
    let Some(group) = HalfACpu::make("namespace") else {
        return;
    };
    let told = group.doctor("unshare -C \"$OVERSUB\" doctor --json");
    told.assert_unknown("the cgroup namespace hides which");
}

#[test]
fn in_a_namespace_with_mounts_of_its_own_outer_quotas_are_unknown() {
    let Some(group) = HalfACpu::make("container") else {
        return;
    };
    let told = group.doctor(
        "unshare -C -m sh -c 'umount \"$POINT\"; mount $MOUNT \"$POINT\"; \"$OVERSUB\" doctor --json'",
    );
    told.assert_half();
    let why = told.0["budget"]["unknown"][0]["why"].as_str().unwrap();
    assert!(why.contains("are hidden from here"), "{why}");
}

/// The process of the test is in the root group, the namespace that it enters in another.
#[test]
fn the_quota_of_an_entered_namespace_is_not_that_of_who_enters() {
    let Some(group) = HalfACpu::make("entered") else {
        return;
    };
    let inner = "umount \"$POINT\"; mount $MOUNT \"$POINT\"; echo in; exec sleep 60";
    let script = format!("exec unshare -C -m sh -c '{inner}'");
    let mut sleeper = group.shell(&script);
    let mut sleeper = Running(sleeper.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = [0; 3];
    let out = sleeper.0.stdout.as_mut().unwrap();
    std::io::Read::read_exact(out, &mut said).unwrap();
    let output = Command::new("nsenter")
        .args(["-t", &sleeper.0.id().to_string(), "-m", "-C"])
        .args([env!("CARGO_BIN_EXE_oversub"), "doctor", "--json"])
        .output()
        .unwrap();
    let told = Told(serde_json::from_slice(&output.stdout).unwrap());
    told.assert_unknown("shows other groups");
}

#[test]
fn a_group_that_another_mount_covers_is_unknown() {
    let Some(group) = HalfACpu::make("covered") else {
        return;
    };
    for place in ["$GROUP", "$POINT"] {
        let script = format!(
            "unshare -m sh -c 'mount -t tmpfs none \"{place}\"; \"$OVERSUB\" doctor --json'"
        );
        group.doctor(&script).assert_unknown("another mount covers");
    }
}

#[test]
fn a_quota_that_may_not_be_read_is_unknown() {
    let Some(group) = HalfACpu::make("unreadable") else {
        return;
    };
    // Where the program itself may be run by anybody.
    let place = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let program = place.path().join("oversub");
    fs::copy(env!("CARGO_BIN_EXE_oversub"), &program).unwrap();
    let script = "chmod 700 \"$GROUP\"; exec setpriv --reuid 65534 --clear-groups \
                  \"$PROGRAM\" doctor --json";
    let output = group
        .shell(script)
        .env("PROGRAM", &program)
        .output()
        .unwrap();
    let told = Told(serde_json::from_slice(&output.stdout).unwrap());
    told.assert_unknown("Permission denied");
}

/// As in Docker, the group's own folder is all that the process sees of the hierarchy.
#[test]
fn the_quota_of_a_watched_container_is_found_from_outside() {
    let Some(group) = HalfACpu::make("watched") else {
        return;
    };
    let bound = "mount --bind \"$GROUP\" /mnt; umount \"$POINT\"; mount --bind /mnt \"$POINT\"; \
                 umount /mnt; exec sleep 60";
    let script = format!("exec unshare -m sh -c '{bound}'");
    let sleeper = Running(group.shell(&script).spawn().unwrap());
    sleep(Duration::from_millis(300));
    let pid = sleeper.0.id().to_string();
    let hidden = "umount -R /sys/fs/cgroup; exec \"$0\" watch --pid \"$1\" --for 0.5";
    for script in ["exec \"$0\" watch --pid \"$1\" --for 0.5", hidden] {
        let output = Command::new("unshare")
            .args(["-m", "sh", "-c", script])
            .args([env!("CARGO_BIN_EXE_oversub"), &pid])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(last["summary"]["budget"], 0.5, "{script}: {said}");
    }
}

/// What LXCFS puts in the place of the file: PUs counted from 0, whatever their numbers.
#[test]
fn the_affinity_mask_counts_and_not_what_a_container_is_told_to_be_online() {
    let here = Told(doctor(&mut Command::new(env!("CARGO_BIN_EXE_oversub"))));
    let place = tempfile::tempdir().unwrap();
    let online = place.path().join("online");
    fs::write(&online, "0\n").unwrap();
    let script = "mount --bind \"$0\" /sys/devices/system/cpu/online && exec taskset -c 1 \"$1\" \
                  doctor --json";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .arg(&online)
        .arg(env!("CARGO_BIN_EXE_oversub"))
        .output()
        .unwrap();
    let Ok(report) = serde_json::from_slice(&output.stdout) else {
        println!("left out: no right to mount here, or no PU 1");
        return;
    };
    let told = Told(report);
    assert_eq!(told.0["budget"]["allowed"], "1");
    assert_eq!(told.p(), here.p().min(1.0));
    let conclusion = told.0["conclusion"].as_str().unwrap();
    assert!(!conclusion.contains("whole machine"), "{conclusion}");
}

/// No group can be found, but the kernel still tells the mask by a call.
#[test]
fn without_proc_the_mask_is_known_and_the_quota_is_not() {
    let here = Told(doctor(&mut Command::new(env!("CARGO_BIN_EXE_oversub"))));
    let script = "umount -l /proc && exec \"$0\" doctor --json";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_oversub")])
        .output()
        .unwrap();
    if output.stdout.is_empty() && !String::from_utf8_lossy(&output.stderr).contains("error:") {
        println!("left out: no right to unmount here");
        return;
    }
    let told = Told(serde_json::from_slice(&output.stdout).unwrap());
    assert_eq!(told.0["budget"]["allowed"], here.0["budget"]["allowed"]);
    told.assert_unknown("/proc/self/cgroup cannot be read");
}

fn doctor(program: &mut Command) -> Value {
    let output = program.args(["doctor", "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
