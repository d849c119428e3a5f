//! What `detect --state` promises: in whatever pieces a series comes, the answer is that of the whole, and a state is used whole or not at
//! all.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use raster::{Date, Grid};
use serde_json::Value;
use support::stack::{Dice, Files, Stack};
use support::{argument, case, command, fail, scratch, succeed, tool};

/// A method and how it is called.
#[derive(Clone, Copy)]
struct Method {
    name: &'static str,
    from: &'static str,
    more: &'static [&'static str],
}

const fn method(name: &'static str, more: &'static [&'static str]) -> Method {
    Method { name, from: "2019-01-01", more }
}

impl Method {
    fn call(&self, stacks: &[Files], out: &Path, state: Option<&Path>) -> Vec<String> {
        let inputs = stacks.iter().map(|files| format!("{}={}", files.role, argument(&files.file)));
        let dates: Vec<String> = stacks.iter().map(|files| format!("{}={}", files.role, argument(&files.table))).collect();
        let mut call: Vec<String> = ["detect", self.name].map(str::to_owned).into();
        call.extend(inputs);
        call.extend(["--dates", &dates.join(","), "--monitor-from", self.from, "-o", argument(out)].map(str::to_owned));
        call.extend(["--type", "float64", "--force", "-q", "--json"].map(str::to_owned));
        if self.name != "bayts" {
            call.extend(["--keep", "fit,process"].map(str::to_owned));
        }
        call.extend(self.more.iter().map(|text| (*text).to_owned()));
        call.extend(state.into_iter().flat_map(|state| ["--state".to_owned(), argument(state).to_owned()]));
        call
    }
}

/// How a call came to its answer.
fn how(said: &str) -> String {
    let report: Value = serde_json::from_str(said).expect("a report");
    report["state"]["how"].as_str().expect("a state").to_owned()
}

const PLAIN: &[&str] = &["-p", "order=2", "-p", "trend=false"];
const BAYTS: &[&str] = &["-p", "value=[0.7,0.1,0.25,0.1]"];

const FROM_HISTORY: &[&str] = &["-p", "value=data"];

const ROUNDED: &[&str] = &["-p", "value=data", "-p", "bits=16"];

const METHODS: [Method; 9] = [
    method("ewma", PLAIN),
    method("cusum", PLAIN),
    method("mosum", PLAIN),
    method("iqr", &[]),
    method("bayts", BAYTS),
    method("bayts", FROM_HISTORY),
    method("bayts", ROUNDED),
    method("pvts-beta", &["-p", "beta=2", "-p", "gaps=interpolated"]),
    method("bfast-monitor", &["-p", "order=1", "-p", "trend=false"]),
];

/// Each answer of a series that comes in pieces is that of the whole up to there.
fn pieces_give_the_whole(method: Method, stacks: &[Stack], batches: &[Vec<Date>], folder: &Path) {
    let state = folder.join(format!("state-{}", method.name));
    let mut so_far: BTreeSet<Date> = BTreeSet::new();
    let times = |stack: &Stack, days: &dyn Fn(&Date) -> bool| -> Vec<usize> {
        stack.all().into_iter().filter(|time| days(&stack.dates[*time])).collect()
    };
    let written = |name: &str, days: &dyn Fn(&Date) -> bool| -> Vec<Files> {
        let some = stacks.iter().map(|stack| (stack, times(stack, days))).filter(|(_, times)| !times.is_empty());
        some.map(|(stack, times)| stack.write(folder, name, &times)).collect()
    };
    let (own, whole) = (folder.join("own.tif"), folder.join("whole.tif"));
    for (number, batch) in batches.iter().enumerate() {
        so_far.extend(batch);
        let piece = written("piece", &|day| batch.contains(day));
        succeed(method.call(&piece, &own, Some(&state)));
        // The whole is costly: every seventh, and the last.
        if number % 7 == 0 || number + 1 == batches.len() {
            let known = written("known", &|day| so_far.contains(day));
            succeed(method.call(&known, &whole, None));
            assert!(fs::read(&own).expect("a raster") == fs::read(&whole).expect("a raster"), "{} after {number}", method.name);
        }
    }
}

/// History first, then every image by itself.
fn one_by_one(days: &BTreeSet<Date>, from: &str) -> Vec<Vec<Date>> {
    let from: Date = from.parse().expect("a day");
    let history = days.iter().copied().filter(|day| *day < from).collect();
    std::iter::once(history).chain(days.iter().filter(|day| **day >= from).map(|day| vec![*day])).collect()
}

/// History with some images, then images in batches of at most seven.
fn in_batches(days: &BTreeSet<Date>, from: &str, seed: u64) -> Vec<Vec<Date>> {
    let mut dice = Dice(seed);
    let mut batches = one_by_one(days, from);
    let mut later: Vec<Date> = batches.drain(1..).flatten().collect();
    let some = dice.roll(3) as usize;
    batches[0].extend(later.drain(..some));
    while !later.is_empty() {
        let many = (1 + dice.roll(7) as usize).min(later.len());
        batches.push(later.drain(..many).collect());
    }
    batches
}

fn days(stacks: &[Stack]) -> BTreeSet<Date> {
    stacks.iter().flat_map(|stack| stack.dates.iter().copied()).collect()
}

#[test]
fn image_by_image_is_the_whole_on_synthetic_series() {
    for (seed, method) in METHODS.into_iter().enumerate() {
        let scratch = scratch();
        let stacks = [Stack::synthetic(100 + seed as u64, 21, 34)];
        pieces_give_the_whole(method, &stacks, &one_by_one(&days(&stacks), method.from), scratch.path());
    }
}

#[test]
fn random_batches_are_the_whole_on_synthetic_series() {
    for (seed, method) in METHODS.into_iter().enumerate() {
        let scratch = scratch();
        let seed = 7 + 10 * seed as u64;
        let stacks = [Stack::synthetic(seed, 18, 40)];
        pieces_give_the_whole(method, &stacks, &in_batches(&days(&stacks), method.from, seed), scratch.path());
    }
}

#[test]
fn pieces_are_the_whole_on_real_series_of_sentinel_2() {
    let Some(case) = case("pieces_are_the_whole_on_real_series_of_sentinel_2", "03_nrt_sentinel2") else { return };
    let folder = case.join("romania_20m");
    let read = |role, name: &str| Stack::read(role, &folder.join(name), &folder.join("dates.csv"));
    let (ndvi, green, swir) = (read("ndvi", "expected_ndvi_masked.tif"), read("green", "B3.tif"), read("swir", "B11.tif"));
    let alone = [ndvi.clone()];
    for (seed, method) in METHODS.into_iter().take(4).enumerate() {
        let scratch = scratch();
        pieces_give_the_whole(method, &alone, &in_batches(&days(&alone), method.from, 40 + seed as u64), scratch.path());
    }
    let screened = [ndvi, green, swir];
    let scratch = scratch();
    pieces_give_the_whole(method("ccdc-nrt", &[]), &screened, &in_batches(&days(&screened), "2019-01-01", 50), scratch.path());
}

#[test]
fn pieces_are_the_whole_on_real_series_of_two_sensors() {
    let Some(case) = case("pieces_are_the_whole_on_real_series_of_two_sensors", "02_bayts_bolivia") else { return };
    let read = |role, name: &str| Stack::read(role, &case.join(format!("{name}.tif")), &case.join(format!("{name}_dates.csv")));
    let stacks = [read("ndvi", "lndvi"), read("vv", "s1vv")];
    let parameters = &["-p", "percentile=0.95", "-p", "ndvi=[0,0.1,-0.5,0.125]", "-p", "vv=[-1,0.75,-4,1]"];
    let bayts = Method { name: "bayts", from: "2016-01-01", more: parameters };
    for seed in 0..2 {
        let scratch = scratch();
        // The first call names the sensors, so that it has images of both.
        let mut batches = in_batches(&days(&stacks), bayts.from, 60 + seed);
        while !stacks.iter().all(|stack| stack.dates.iter().any(|day| batches[0].contains(day))) {
            let next = batches.remove(1);
            batches[0].extend(next);
        }
        pieces_give_the_whole(bayts, &stacks, &batches, scratch.path());
    }
}

/// Every file of a state but its header, by name.
fn pixels_of(state: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(state).expect("a state").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.map(|path| (argument(path.file_name().expect("a name").as_ref()).to_owned(), path)).collect();
    files.sort();
    files.into_iter().map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
}

#[test]
fn late_images_are_replayed_and_known_ones_are_left_out() {
    let scratch = scratch();
    let folder = scratch.path();
    let stack = Stack::synthetic(3, 20, 20);
    let history = stack.before("2019-01-01");
    for (number, method) in METHODS.into_iter().enumerate() {
        let state = folder.join(format!("{}-{number}", method.name));
        let (own, whole) = (folder.join("own.tif"), folder.join("whole.tif"));
        let call = |times: &[usize]| how(&succeed(method.call(&[stack.write(folder, "some", times)], &own, Some(&state))));
        let same = |times: &[usize]| {
            succeed(method.call(&[stack.write(folder, "some", times)], &whole, None));
            assert!(fs::read(&own).expect("a raster") == fs::read(&whole).expect("a raster"), "{}", method.name);
        };
        let reads_again = method.name == "bfast-monitor";
        let expected = |how: &str| if reads_again { "read_again".to_owned() } else { how.to_owned() };
        let times = stack.all();
        let without: Vec<usize> =
            times.iter().copied().filter(|time| ![history - 3, history + 2, history + 9].contains(time)).collect();
        assert_eq!(call(&without[..history + 8]), expected("fitted"));
        assert_eq!(call(&without), expected("continued"), "a longer stack");
        same(&without);
        let before = pixels_of(&state);
        assert_eq!(call(&without[history..]), expected("unchanged"));
        assert!(before == pixels_of(&state), "{}: nothing new leaves the state as it is", method.name);
        same(&without);
        assert_eq!(call(&[history + 9, history + 2]), expected("replayed"));
        let but_history: Vec<usize> = times.iter().copied().filter(|time| *time != history - 3).collect();
        same(&but_history);
        if !reads_again {
            let late = stack.write(folder, "late", &[history - 3]);
            let said = fail(2, method.call(&[late], &own, Some(&state)));
            assert!(said.contains("lies in the history") && said.contains("--fresh"), "{said}");
        }
        assert_eq!(call(&times), expected("fitted"), "a late image of the history, given with the whole");
        same(&times);
    }
}

#[test]
fn the_height_of_strips_and_the_threads_do_not_change_the_state() {
    let scratch = scratch();
    let stack = Stack::synthetic(5, 90, 70);
    let files = [stack.write(scratch.path(), "all", &stack.all())];
    let states: Vec<_> =
        [["--jobs", "1", "--memory", "4GiB"], ["--jobs", "2", "--memory", "64MB"], ["--jobs", "5", "--memory", "1GiB"]]
            .iter()
            .enumerate()
            .map(|(number, more)| {
                let state = scratch.path().join(format!("state{number}"));
                let mut call = METHODS[2].call(&files, &scratch.path().join("out.tif"), Some(&state));
                call.extend(more.map(str::to_owned));
                succeed(call);
                pixels_of(&state)
            })
            .collect();
    assert!(states[0] == states[1] && states[0] == states[2]);
}

#[test]
fn another_call_is_refused_with_what_differs() {
    let scratch = scratch();
    let folder = scratch.path();
    let stack = Stack::synthetic(9, 16, 16);
    let (files, state, out) = ([stack.write(folder, "all", &stack.all())], folder.join("state"), folder.join("out.tif"));
    let ewma = METHODS[0];
    succeed(ewma.call(&files, &out, Some(&state)));
    let before = pixels_of(&state);
    let other = |method: Method| method.call(&files, &out, Some(&state));
    let with = |more: &'static [&'static str]| other(Method { more, ..ewma });
    let cropped = Stack {
        images: stack.images.iter().map(|image| image.slice(ndarray::s![..15, ..]).to_owned()).collect(),
        grid: Grid { rows: 15, ..stack.grid.clone() },
        ..stack.clone()
    };
    let shifted = Stack { grid: Grid { west: 300_010.0, ..stack.grid.clone() }, ..stack.clone() };
    let named = Stack { role: "ndvi", ..stack.clone() };
    let mut altered = stack.clone();
    altered.images[60][[3, 3]] = 0.123;
    let given = |stack: &Stack, name| ewma.call(&[stack.write(folder, name, &stack.all())], &out, Some(&state));
    for (call, word) in [
        (other(METHODS[1]), "method = ewma, and this call has cusum"),
        (with(&["-p", "order=1", "-p", "trend=false"]), "parameters.order = 2, and this call has 1"),
        (with(&["-p", "order=2", "-p", "trend=false", "-p", "lambda=0.2"]), "parameters.lambda = 0.3"),
        (with(&["-p", "order=2", "-p", "trend=false", "--scale", "0.5"]), "scale = not given, and this call has 0.5"),
        (other(Method { from: "2019-02-01", ..ewma }), "monitor_from = 2019-01-01, and this call has 2019-02-01"),
        (given(&cropped, "cropped"), "grid.rows = 16, and this call has 15"),
        (given(&shifted, "shifted"), "grid.west = 300000.0"),
        (given(&named, "named"), "has the role ndvi"),
        (given(&altered, "altered"), "with other pixels than"),
    ] {
        let said = fail(2, call);
        assert!(said.contains(word) && said.contains("--fresh"), "{said}");
    }
    let said = fail(2, ewma.call(&files, &state.join("model-reals-0001.tif"), Some(&state)));
    assert!(said.contains("lies in the folder of the state"), "{said}");
    assert!(before == pixels_of(&state), "a refused call leaves the state as it is");
    let mut fresh = with(&["-p", "order=1", "-p", "trend=false"]);
    fresh.push("--fresh".to_owned());
    assert_eq!(how(&succeed(fresh)), "fitted");
    assert!(pixels_of(&state).iter().all(|(name, _)| name.contains("-0002") || name == "state.json"), "only the new one is left");
    fs::create_dir(folder.join("other")).expect("a folder");
    fs::write(folder.join("other/notes.txt"), "mine").expect("a file");
    let said = fail(2, ewma.call(&files, &out, Some(&folder.join("other"))));
    assert!(said.contains("notes.txt"), "{said}");
}

#[test]
fn a_damaged_older_or_newer_state_is_refused_and_named() {
    let scratch = scratch();
    let folder = scratch.path();
    let stack = Stack::synthetic(11, 16, 16);
    let history = stack.before("2019-01-01");
    let (state, out) = (folder.join("state"), folder.join("out.tif"));
    let ewma = METHODS[0];
    let without: Vec<usize> = stack.all().into_iter().filter(|time| *time != history + 4).collect();
    succeed(ewma.call(&[stack.write(folder, "all", &without)], &out, Some(&state)));
    // A late image makes every file be read.
    let late = || ewma.call(&[stack.write(folder, "late", &[history + 4])], &out, Some(&state));
    let mut dice = Dice(1);
    let mut refused = 0;
    for (name, bytes) in pixels_of(&state) {
        let path = state.join(&name);
        let mut damaged: Vec<Option<Vec<u8>>> = vec![None, Some(bytes[..bytes.len() - 1].to_vec()), Some(Vec::new())];
        for _ in 0..4 {
            let mut flipped = bytes.clone();
            flipped[dice.roll(bytes.len() as u64) as usize] ^= 1 << dice.roll(8);
            damaged.push(Some(flipped));
        }
        for content in damaged {
            match content {
                None if name == "state.json" => continue,
                None => fs::remove_file(&path).expect("removed"),
                Some(content) => fs::write(&path, content).expect("written"),
            }
            let said = fail(3, late());
            assert!(said.contains(&name) && said.contains("--fresh"), "{name}: {said}");
            refused += 1;
        }
        fs::write(&path, bytes).expect("mended");
    }
    assert!(refused >= 60, "{refused}");
    let header = fs::read_to_string(state.join("state.json")).expect("a header");
    for (version, word) in [("0", "an older form"), ("2", "a newer form")] {
        let other = header.replace("\"version\": 1", &format!("\"version\": {version}"));
        fs::write(state.join("state.json"), other).expect("written");
        let said = fail(3, late());
        assert!(said.contains(&format!("version {version}")) && said.contains(word), "{said}");
    }
    fs::write(state.join("state.json"), header).expect("mended");
    assert_eq!(how(&succeed(late())), "replayed");
}

#[test]
fn a_killed_call_leaves_a_state_that_goes_on() {
    let scratch = scratch();
    let folder = scratch.path();
    let stack = Stack::synthetic(13, 300, 200);
    let history = stack.before("2019-01-01");
    let (state, out, whole) = (folder.join("state"), folder.join("out.tif"), folder.join("whole.tif"));
    let mosum = METHODS[2];
    let all = stack.all();
    let files = |name: &str, times: &[usize]| [stack.write(folder, name, times)];
    succeed(mosum.call(&files("whole", &all), &whole, None));
    let expected = fs::read(&whole).expect("a raster");
    let (first, next) = (files("first", &all[..history + 10]), files("next", &all[history + 10..]));
    succeed(mosum.call(&first, &out, Some(&state)));
    let earlier = pixels_of(&state);
    let restore = || {
        fs::remove_dir_all(&state).expect("removed");
        fs::create_dir(&state).expect("a folder");
        for (name, bytes) in &earlier {
            fs::write(state.join(name), bytes).expect("written");
        }
    };
    let began = Instant::now();
    succeed(mosum.call(&next, &out, Some(&state)));
    let took = began.elapsed();
    let mut on_the_way = 0;
    for kill in 1..=8 {
        restore();
        let moment: Duration = took.mul_f64((f64::from(kill) * 0.618_033_988_749_895).fract());
        let mut call = command(mosum.call(&next, &out, Some(&state)));
        let mut run = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        std::thread::sleep(moment);
        on_the_way += u32::from(run.try_wait().expect("its state").is_none());
        run.kill().expect("it is killed or gone");
        run.wait().expect("it is gone");
        succeed(mosum.call(&next, &out, Some(&state)));
        assert!(fs::read(&out).expect("a raster") == expected, "killed after {moment:?}");
    }
    assert!(on_the_way >= 2, "{on_the_way} were killed on the way");
    let Some(strace) = tool("a_killed_call_leaves_a_state_that_goes_on", "strace") else { return };
    // Each rename and removal on the way: files of the state, its header, the output.
    for (call, most) in [("rename", 6), ("unlink", 8)] {
        for nth in 1..=most {
            restore();
            std::process::Command::new(&strace)
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
                .args(["-e", &format!("inject={call}:signal=KILL:when={nth}")])
                .arg(env!("CARGO_BIN_EXE_atalaya"))
                .args(mosum.call(&next, &out, Some(&state)))
                .args(["--jobs", "1"])
                .stdout(Stdio::null())
                .status()
                .expect("strace starts");
            succeed(mosum.call(&next, &out, Some(&state)));
            assert!(fs::read(&out).expect("a raster") == expected, "killed at {call} {nth}");
            let named: Vec<String> = pixels_of(&state).into_iter().map(|(name, _)| name).collect();
            assert!(!named.iter().any(|name| argument(name.as_ref()).contains(".partial")), "{named:?}");
        }
    }
}

#[test]
fn tables_have_no_state_and_a_state_is_written_by_one_call_at_a_time() {
    let scratch = scratch();
    let folder = scratch.path();
    fs::write(folder.join("s.csv"), "date,value\n2018-01-01,1\n").expect("a table");
    let (table, state, out) = (folder.join("s.csv"), folder.join("state"), folder.join("out.csv"));
    let call =
        ["detect", "ewma", argument(&table), "--monitor-from", "2019-01-01", "--state", argument(&state), "-o", argument(&out)];
    assert!(fail(2, call).contains("--state is for rasters"));
    fs::create_dir(&state).expect("a folder");
    let held = fs::File::open(&state).expect("a folder");
    held.try_lock().expect("free");
    let stack = Stack::synthetic(15, 16, 16);
    let files = [stack.write(folder, "all", &stack.all())];
    let said = fail(6, METHODS[0].call(&files, &folder.join("out.tif"), Some(&state)));
    assert!(said.contains("state"), "{said}");
}
