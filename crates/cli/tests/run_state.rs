//! What `run --state` promises: the outputs are those of a run that reads everything, however the scenes come; a look is used as it was
//! written or not at all.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::region::{Copy, Outputs, Region, files};
use support::{argument, command, fail, scratch, succeed};

/// Pixels of the region's side: looks have several tiles both ways.
const SIDE: usize = 272;

fn region() -> &'static Region {
    static REGION: OnceLock<Region> = OnceLock::new();
    REGION.get_or_init(|| Region::simulated("region-of-run-state", SIDE, 2))
}

/// Names of the scenes, in order of time.
fn scenes() -> Vec<String> {
    let names = files(region().dir()).into_keys().map(|name| argument(&name).to_owned());
    names.filter(|name| name.starts_with("imagery/")).collect()
}

/// Lets only these scenes be there.
fn show(copy: &Copy, shown: &[String]) {
    for name in scenes() {
        let there = copy.path(&name);
        let _ = fs::remove_file(&there);
        if shown.contains(&name) {
            fs::hard_link(region().dir().join(&name), there).expect("a link on one disk");
        }
    }
}

fn with_method(copy: &Copy, method: &str) {
    copy.edit("job.toml", &[("method = \"difference\"", &format!("method = \"{method}\""))]);
}

/// What a run with a state told of it: looks that were there, and scenes that were read.
fn with_state(copy: &Copy, state: &Path) -> (u64, u64) {
    let told = copy.run(&["--state", argument(state), "--force"]);
    let count = |name: &str| told["state"][name].as_u64().expect("a count");
    (count("known"), count("made"))
}

/// The outputs of a run that reads every scene.
fn of_all(copy: &Copy) -> Outputs {
    copy.run(&["--force"]);
    copy.outputs()
}

fn looks(state: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = files(state).into_keys().filter(|name| argument(name).starts_with("look-")).collect();
    names.sort();
    names.into_iter().map(|name| state.join(name)).collect()
}

#[test]
fn scenes_that_come_one_after_another_give_the_outputs_of_all_at_once() {
    let all = scenes();
    let last = all.len() - 1;
    for method in ["difference", "bfast-monitor", "ewma", "mosum", "ccdc-nrt"] {
        let scratch = scratch();
        let copy = region().link(scratch.path(), false);
        with_method(&copy, method);
        let state = scratch.path().join("state");
        for (shown, known, made) in
            [(last - 2, 0, last - 2), (last - 1, last - 2, 1), (last + 1, last - 1, 2), (last + 1, last + 1, 0)]
        {
            show(&copy, &all[..shown]);
            assert_eq!(with_state(&copy, &state), (known as u64, made as u64), "{method}, {shown} scenes");
            let own = copy.outputs();
            own.assert_same(&of_all(&copy), &format!("{method}, {shown} scenes"));
            assert!(!own.alerts().is_empty(), "{method}");
        }
    }
}

#[test]
fn a_scene_that_comes_late_gives_the_outputs_of_all_at_once() {
    let all = scenes();
    let scratch = scratch();
    let (copy, state) = (region().link(scratch.path(), false), scratch.path().join("state"));
    with_method(&copy, "cusum");
    // One of the history, one of the monitoring period.
    let late = [all.len() / 4, all.len() - 3];
    let some: Vec<String> = all.iter().enumerate().filter(|(at, _)| !late.contains(at)).map(|(_, name)| name.clone()).collect();
    show(&copy, &some);
    assert_eq!(with_state(&copy, &state), (0, some.len() as u64));
    show(&copy, &all);
    assert_eq!(with_state(&copy, &state), (some.len() as u64, 2));
    copy.outputs().assert_same(&of_all(&copy), "with late scenes");
}

#[test]
fn looks_are_those_of_their_masks_and_formulas_whatever_the_method_does_with_them() {
    let scratch = scratch();
    let (copy, state) = (region().link(scratch.path(), false), scratch.path().join("state"));
    let all = scenes().len() as u64;
    assert_eq!(with_state(&copy, &state), (0, all));
    copy.edit("job.toml", &[("drop = 0.2", "drop = 0.25"), ("min_pixels = 4", "min_pixels = 3")]);
    assert_eq!(with_state(&copy, &state), (all, 0), "another limit looks at the same looks");
    copy.outputs().assert_same(&of_all(&copy), "another limit");
    for edit in
        [("dilate_m = 40", "dilate_m = 60"), ("index = \"NBR\"", "index = \"NDVI\""), ("scale = 0.0001", "scale = 0.0002")]
    {
        copy.edit("job.toml", &[edit]);
        assert_eq!(with_state(&copy, &state), (0, all), "{edit:?} makes other looks");
        copy.outputs().assert_same(&of_all(&copy), edit.1);
    }
    // A scene under the same name whose bytes are others.
    let names = scenes();
    let other = fs::read(region().dir().join(&names[3])).expect("a scene");
    copy.replace(&names[4], other);
    assert_eq!(with_state(&copy, &state), (all - 1, 1));
    copy.outputs().assert_same(&of_all(&copy), "another scene");
    let told = copy.run(&["--state", argument(&state), "--force", "--fresh"]);
    assert_eq!(
        (&told["state"]["made"], &told["state"]["others"]),
        (&Value::from(all), &Value::from(0)),
        "fresh removes the others"
    );
    assert_eq!(looks(&state).len() as u64, all);
}

#[test]
fn a_look_that_is_cut_altered_or_missing_is_refused_and_fresh_makes_it_anew() {
    let scratch = scratch();
    let (copy, state) = (region().link(scratch.path(), false), scratch.path().join("state"));
    show(&copy, &scenes()[..]);
    with_state(&copy, &state);
    let expected = copy.outputs();
    let look = looks(&state).swap_remove(2);
    let bytes = fs::read(&look).expect("a look");
    let mut altered = bytes.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let job = copy.job();
    let call = ["run", &job, "--state", argument(&state), "--force", "-q"];
    for (what, content) in [("altered", Some(altered)), ("cut", Some(bytes[..bytes.len() / 2].to_vec())), ("missing", None)] {
        match content {
            Some(content) => fs::write(&look, content).expect("a file"),
            None => fs::remove_file(&look).expect("a file"),
        }
        let told = fail(3, call);
        assert!(told.contains("look-") && told.contains("--fresh"), "{what}: {told}");
        copy.outputs().assert_same(&expected, "a refusal leaves the outputs");
    }
    let list = state.join("looks.json");
    let text = fs::read_to_string(&list).expect("a list");
    fs::write(&look, bytes).expect("a file");
    for (from, to, said) in [
        ("\"clear\": ", "\"clear\": 1", "damaged"),
        ("\"version\": 1", "\"version\": 0", "older"),
        ("\"version\": 1", "\"version\": 2", "newer"),
    ] {
        fs::write(&list, text.replacen(from, to, 1)).expect("a file");
        let told = fail(3, call);
        assert!(told.contains(said) && told.contains("--fresh"), "{told}");
    }
    succeed(call.iter().chain(&["--fresh"]));
    copy.outputs().assert_same(&expected, "made anew");
}

#[test]
fn a_run_that_is_killed_goes_on_with_the_looks_it_made() {
    let scratch = scratch();
    let (copy, state) = (region().link(scratch.path(), false), scratch.path().join("state"));
    let job = copy.job();
    let call = ["run", &job, "--state", argument(&state), "--force", "-q", "--jobs", "1"];
    let mut child = command(call).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let began = Instant::now();
    while looks(&state_or_empty(&state)).len() < 4 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let all = scenes().len() as u64;
    let (known, made) = with_state(&copy, &state);
    assert!(known >= 3 && known + made == all, "{known} were kept, {made} made");
    copy.outputs().assert_same(&of_all(&copy), "after a kill");
    assert_eq!(looks(&state).len() as u64, all, "nothing is left over");
}

fn state_or_empty(state: &Path) -> PathBuf {
    fs::create_dir_all(state).expect("a folder");
    state.to_owned()
}

#[test]
fn a_folder_that_is_not_the_looks_own_is_refused() {
    let scratch = scratch();
    let copy = region().link(scratch.path(), false);
    let job = copy.job();
    for (folder, said) in [("out", "outputs"), ("imagery", "input"), ("registries", "holds")] {
        let told = fail(2, ["run", &job, "--state", argument(&copy.path(folder)), "-q"]);
        assert!(told.contains(said), "{folder}: {told}");
    }
    let told = fail(5, ["run", &job, "--state", &job, "-q"]);
    assert!(told.contains("is a file"), "{told}");
}
