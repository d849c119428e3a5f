//! What a run promises when it is cut short: the same command goes on and ends with the same bytes, and outputs that
//! cannot be written leave those of an earlier run as they were.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::region::{Copy, Outputs, Region};
use support::{argument, command, scratch, tool};

/// Ten strips in the region of 320 rows.
const CUT: [&str; 4] = ["--strip-rows", "32", "--jobs", "2"];

fn region() -> &'static Region {
    static REGION: OnceLock<Region> = OnceLock::new();
    REGION.get_or_init(|| Region::simulated("region-of-interrupted", 320, 3))
}

/// What an uninterrupted run gives, and how long it takes.
fn plain() -> &'static (Outputs, Duration) {
    static PLAIN: OnceLock<(Outputs, Duration)> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let scratch = scratch();
        let copy = region().link(scratch.path(), false);
        let began = Instant::now();
        copy.run(&CUT);
        (copy.outputs(), began.elapsed())
    })
}

/// The command of a run; what it says is dropped.
fn run_of(copy: &Copy, more: &[&str]) -> Command {
    let job = copy.job();
    let mut run = command(["run", &job, "-q"].iter().chain(&CUT).chain(more));
    run.stdout(Stdio::null()).stderr(Stdio::null());
    run
}

/// The run under strace, which meddles with its calls of the system as `meddling` says.
fn traced(strace: &Path, copy: &Copy, meddling: &str, more: &[&str]) -> Output {
    let job = copy.job();
    let calls = meddling.split(':').next().expect("a call");
    Command::new(strace)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &format!("inject={meddling}")])
        // On one thread, since strace counts the calls of each by themselves.
        .args([env!("CARGO_BIN_EXE_atalaya"), "run", &job, "-q", "--strip-rows", "32", "--jobs", "1"])
        .args(more)
        .output()
        .expect("strace starts")
}

/// How many strips a run found finished.
fn continued(report: &Value) -> u64 {
    report["strips"]["continued"].as_u64().expect("a count")
}

/// The kept strips of an unfinished run.
fn strips(copy: &Copy) -> Vec<PathBuf> {
    let work = copy.path("out/.work");
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| !argument(path).ends_with(".partial")).collect()
    };
    let mut found: Vec<PathBuf> =
        below(&work).iter().flat_map(|run| below(&run.join("strips-32"))).filter(|path| path.is_file()).collect();
    found.sort();
    found
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let kills: u32 = std::env::var("ATALAYA_KILLS").map_or(10, |text| text.parse().expect("a number of kills"));
    let (mut on_the_way, mut gone_on) = (0, 0);
    let mut whole = plain().1;
    for i in 1..=kills {
        // Moments spread over a whole run, by the multiples of the golden ratio.
        let moment = whole.mul_f64((f64::from(i) * 0.618_033_988_749_895).fract());
        let scratch = scratch();
        let copy = region().link(scratch.path(), false);
        let mut run = run_of(&copy, &[]).spawn().expect("the program starts");
        std::thread::sleep(moment);
        match run.try_wait().expect("its state") {
            None => on_the_way += 1,
            // The machine is less busy than it was: a run is shorter now.
            Some(_) => whole = whole.mul_f64(0.7),
        }
        run.kill().expect("it is killed or gone");
        run.wait().expect("it is gone");
        let report = copy.run(&CUT);
        gone_on += u32::from(report.get("strips").is_some() && continued(&report) > 0);
        copy.outputs().assert_same(&plain().0, &format!("killed after {moment:?}"));
    }
    println!("{kills} runs, {on_the_way} killed on the way, {gone_on} of them went on from finished strips");
    assert!(on_the_way * 2 >= kills && gone_on > 0, "{on_the_way} were killed on the way, {gone_on} had finished strips");
}

#[test]
fn a_run_killed_while_its_outputs_get_their_names_is_mended_by_the_same_command() {
    let Some(strace) = tool("a_run_killed_while_its_outputs_get_their_names_is_mended_by_the_same_command", "strace") else {
        return;
    };
    // 10 strips are renamed, and 14 outputs twice: from .partial, and into the folder, the manifest last.
    for nth in [8, 11, 20, 26, 30, 36, 37, 38] {
        let scratch = scratch();
        let copy = region().link(scratch.path(), false);
        traced(&strace, &copy, &format!("rename:signal=KILL:when={nth}"), &[]);
        assert!(!copy.path("out/run.json").exists(), "rename {nth} comes before the manifest's last");
        let report = copy.run(&CUT);
        assert!(continued(&report) >= 7.min(nth - 1), "strips before rename {nth} are used");
        copy.outputs().assert_same(&plain().0, &format!("killed at rename {nth}"));
    }
}

#[test]
fn torn_or_altered_strips_are_computed_again() {
    let Some(strace) = tool("torn_or_altered_strips_are_computed_again", "strace") else { return };
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    traced(&strace, &copy, "rename:signal=KILL:when=15", &[]);
    let kept = strips(&copy);
    assert_eq!(kept.len(), 10);
    let bytes = fs::read(&kept[2]).expect("a strip");
    fs::write(&kept[2], &bytes[..bytes.len() / 2]).expect("torn");
    let mut bytes = fs::read(&kept[7]).expect("a strip");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept[7], bytes).expect("altered");
    fs::copy(&kept[0], &kept[4]).expect("exchanged");
    assert_eq!(continued(&copy.run(&CUT)), 7);
    copy.outputs().assert_same(&plain().0, "strips torn, altered and exchanged");
}

#[test]
fn a_fresh_start_or_another_job_uses_no_strip_of_an_unfinished_run() {
    let Some(strace) = tool("a_fresh_start_or_another_job_uses_no_strip_of_an_unfinished_run", "strace") else { return };
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    traced(&strace, &copy, "rename:signal=KILL:when=15", &[]);
    let text = copy.bytes("job.toml");
    copy.edit("job.toml", &[("drop = 0.2", "drop = 0.25")]);
    assert_eq!(continued(&copy.run(&CUT)), 0);
    assert!(!copy.path("out/.work").exists(), "a complete run leaves no work behind");

    copy.replace("job.toml", text);
    traced(&strace, &copy, "rename:signal=KILL:when=15", &["--force"]);
    assert_eq!(continued(&copy.run(&[&CUT[..], &["--force", "--fresh"]].concat())), 0);
    copy.outputs().assert_same(&plain().0, "a fresh start");
}

#[test]
fn strips_are_used_with_other_threads_too() {
    let Some(strace) = tool("strips_are_used_with_other_threads_too", "strace") else { return };
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    traced(&strace, &copy, "rename:signal=KILL:when=15", &[]);
    assert_eq!(continued(&copy.run(&["--jobs", "1", "--memory", "1GiB"])), 10);
    copy.outputs().assert_same(&plain().0, "other threads and memory");
}

#[test]
fn a_write_sync_or_rename_that_fails_ends_with_5_and_leaves_the_earlier_outputs() {
    let Some(strace) = tool("a_write_sync_or_rename_that_fails_ends_with_5_and_leaves_the_earlier_outputs", "strace") else {
        return;
    };
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let mut failed = 0;
    for (call, error) in [("write", "ENOSPC"), ("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("rename", "EIO")] {
        copy.run(&[&CUT[..], &["--force"]].concat());
        let earlier = copy.outputs();
        copy.edit("job.toml", &[("drop = 0.2", "drop = 0.25")]);
        let mut nth = 1;
        loop {
            let ran = traced(&strace, &copy, &format!("{call}:error={error}:when={nth}"), &["--force", "--fresh"]);
            let told = String::from_utf8_lossy(&ran.stderr);
            match ran.status.code() {
                Some(0) => break,
                code => assert_eq!(code, Some(5), "{call} {nth}: {told}"),
            }
            failed += 1;
            assert!(told.lines().any(|line| line.starts_with("error: ")), "{call} {nth}: {told}");
            let _ = fs::remove_dir_all(copy.path("out/.work"));
            assert!(copy.outputs() == earlier, "{call} {nth}: the earlier outputs stand as they were");
            // Every place early on, then ever fewer.
            nth += 1 + nth / 3;
        }
        assert!(nth > 10, "{call} is called often");
        copy.edit("job.toml", &[("drop = 0.25", "drop = 0.2")]);
    }
    println!("{failed} failures of the system told with exit code 5");
    assert!(failed >= 20, "{failed} calls failed");
}

#[test]
fn a_full_disk_ends_with_5_and_leaves_nothing_half_written() {
    let name = "a_full_disk_ends_with_5_and_leaves_nothing_half_written";
    let Some(unshare) = tool(name, "unshare") else { return };
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let small = copy.path("small");
    fs::create_dir_all(&small).expect("a folder");
    for size in ["64k", "256k", "1m", "2m"] {
        let script = format!(
            "mount -t tmpfs -o size={size} none {small} && touch {small}/before && {program} run {job} -q -o {small}/out {cut}; \
             code=$?; find {small} -type f ! -path '*/.work/*'; exit $code",
            small = argument(&small),
            program = env!("CARGO_BIN_EXE_atalaya"),
            job = copy.job(),
            cut = CUT.join(" "),
        );
        let ran = Command::new(&unshare).args(["-m", "sh", "-c", &script]).output().expect("unshare starts");
        let told = String::from_utf8_lossy(&ran.stderr);
        if told.contains("unshare failed") || told.contains("permission denied") || told.contains("must be superuser") {
            support::skipped(name, "no right to mount a small disk");
            return;
        }
        assert_eq!(ran.status.code(), Some(5), "{size}: {told}");
        assert!(told.contains("error: ") && told.contains("small"), "{size}: {told}");
        let left = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(left.trim(), argument(&small.join("before")), "{size}: nothing but what was there");
    }
}
