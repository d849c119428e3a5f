//! What is promised of scenes whose numbers lie: they are named with the cause, left out, and change nothing.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use support::region::{Outputs, files};
use support::{argument, atalaya, case, fail, scratch, succeed};

/// A region of Sentinel-2 products that no test writes into.
fn region() -> &'static Path {
    static REGION: OnceLock<PathBuf> = OnceLock::new();
    REGION.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("region-of-guard");
        let _ = fs::remove_dir_all(&dir);
        succeed(["synth", argument(&dir), "--size", "160", "--every", "8", "--product", "sentinel-2-l2a", "-q"]);
        dir
    })
}

/// The region in a folder of the test's own, its files copied.
fn copy(into: &Path) -> PathBuf {
    for (name, bytes) in files(region()) {
        let target = into.join(name);
        fs::create_dir_all(target.parent().expect("it lies in the folder")).expect("a folder");
        fs::write(target, bytes).expect("a copy");
    }
    into.join("job.toml")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The product of 2023 with most clear vegetation, by its folder's name.
fn clearest() -> &'static str {
    static CLEAREST: OnceLock<String> = OnceLock::new();
    CLEAREST.get_or_init(|| {
        let told = json(&succeed(["check", argument(&region().join("job.toml")), "--json", "-q"]));
        let scenes = told["guard"].as_array().expect("scenes");
        assert!(scenes.len() > 8 && scenes.iter().all(|scene| scene["findings"] == Value::Array(Vec::new())), "{told}");
        let vegetation = |scene: &&Value| scene["statistics"]["vegetation"].as_u64();
        let of_2023 = scenes.iter().filter(|scene| scene["id"].as_str().is_some_and(|id| id.contains("MSIL2A_2023")));
        let best = of_2023.max_by_key(vegetation).expect("a scene");
        assert!(vegetation(&best) > Some(10_000), "enough of it is vegetation: {best}");
        best["id"].as_str().expect("an id").to_owned()
    })
}

/// The folder of a product of the job.
fn product(job: &Path, id: &str) -> PathBuf {
    job.with_file_name("imagery").join(format!("{id}.SAFE"))
}

/// Says of a product that another number is to be added.
fn set_offset(product: &Path, offset: &str) {
    let path = product.join("MTD_MSIL2A.xml");
    let text = fs::read_to_string(&path).expect("metadata");
    assert!(text.contains(">-1000<"));
    fs::write(path, text.replace(">-1000<", &format!(">{offset}<"))).expect("metadata");
}

/// Gives red the name of the near infrared, and the other way round.
fn swap_bands(product: &Path) {
    let names = files(product);
    let of = |layer: &str| product.join(names.keys().find(|name| argument(name).contains(layer)).expect("a layer"));
    let (red, nir) = (of("_B04_10m"), of("_B08_10m"));
    let kept = fs::read(&red).expect("red");
    fs::copy(&nir, &red).expect("exchanged");
    fs::write(&nir, kept).expect("exchanged");
}

type Lie = (&'static str, fn(&Path), &'static str);

const LIES: [Lie; 3] = [
    ("negative_share", |product| set_offset(product, "-2000"), "the offset seems to be applied twice"),
    ("blue_first_percentile", |product| set_offset(product, "0"), "the offset seems not to be applied"),
    ("red_above_nir_share", swap_bands, "the two bands seem to be exchanged"),
];

/// Alerts without the run that they name.
fn alerts(outputs: &Outputs) -> Vec<Value> {
    let mut alerts: Vec<Value> = outputs.alerts().into_values().collect();
    for alert in &mut alerts {
        alert["properties"]["run"] = Value::Null;
    }
    alerts
}

#[test]
fn a_scene_that_lies_is_left_out_and_the_alerts_are_those_without_it() {
    let without = scratch();
    let job = copy(without.path());
    fs::remove_dir_all(product(&job, clearest())).expect("removed");
    succeed(["run", argument(&job), "-q"]);
    let expected = Outputs::read(&without.path().join("out"));
    assert!(!expected.alerts().is_empty(), "there are alerts to compare");
    for (key, lie, cause) in LIES {
        let scratch = scratch();
        let job = copy(scratch.path());
        lie(&product(&job, clearest()));
        let output = atalaya(["run", argument(&job), "--json"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{told}");
        let warned = told.lines().find(|line| line.contains(cause)).expect("it is told");
        assert!(warned.contains(clearest()) && warned.contains(&format!("set [guard] {key}")), "{warned}");
        let report = json(&String::from_utf8_lossy(&output.stdout));
        assert_eq!((&report["rejected"], &report["counts"]["scenes_skipped"]), (&Value::from(1), &Value::from(1)));
        let got = Outputs::read(&scratch.path().join("out"));
        assert_eq!(alerts(&got), alerts(&expected), "{cause}");
        for file in ["change.tif", "days.tif", "magnitude.tif", "observations.tif"] {
            assert!(got.files[file] == expected.files[file], "{file}: {cause}");
        }
        let record = got.json("run.json");
        assert_eq!(record["scenes_skipped"][0]["path"], clearest());
        let of = record["guard"].as_array().expect("scenes").iter().find(|scene| scene["id"] == clearest()).expect("it is told");
        assert!(of["statistics"]["vegetation"].as_u64() > Some(1000) && of["findings"][0]["got"].is_number(), "{of}");
    }
}

#[test]
fn the_guard_can_be_set_and_put_off() {
    let scratch = scratch();
    let job = copy(scratch.path());
    set_offset(&product(&job, clearest()), "-2000");
    let text = fs::read_to_string(&job).expect("the job");
    for guard in [
        "enabled = false",
        "negative_share = 1.0",
        "checks = [\"missed_offset\", \"swapped_bands\"]",
        "min_vegetation_px = 1000000",
    ] {
        fs::write(&job, format!("{text}\n[guard]\n{guard}\n")).expect("a job");
        succeed(["check", argument(&job), "-q"]);
    }
    fs::write(&job, format!("{text}\n[guard]\nnegative_share = 2\n")).expect("a job");
    let told = fail(2, ["check", argument(&job), "-q"]);
    assert!(told.contains("negative_share is 2, expected a number from 0 to 1"), "{told}");
    let schema = json(&succeed(["schema", "job"]));
    let told = schema["$defs"]["Guard"]["properties"]["blue_first_percentile"]["description"].as_str().expect("a description");
    assert!(told.contains("0.08"), "{told}");
}

#[test]
fn where_every_scene_lies_nothing_is_done() {
    let scratch = scratch();
    let job = copy(scratch.path());
    for entry in fs::read_dir(scratch.path().join("imagery")).expect("a folder") {
        set_offset(&entry.expect("an entry").path(), "-2000");
    }
    let told = fail(3, ["run", argument(&job), "-q"]);
    assert!(told.contains("no scene can be used") && told.contains("applied twice"), "{told}");
    assert!(!scratch.path().join("out").join("alerts.geojson").exists());
}

#[test]
fn an_index_of_a_scene_that_lies_is_refused_before_anything_is_written() {
    for (_, lie, cause) in LIES {
        let scratch = scratch();
        let place = product(&copy(scratch.path()), clearest());
        lie(&place);
        let out = scratch.path().join("ndvi.tif");
        let command = ["index", "NDVI", argument(&place), "-o", argument(&out), "-q"];
        let told = fail(3, command);
        assert!(told.contains(clearest()) && told.contains(cause) && told.contains("--no-guard"), "{told}");
        assert!(!out.exists());
        succeed(command.iter().copied().chain(["--no-guard"]));
    }
}

#[test]
fn the_sample_does_not_depend_on_the_number_of_threads() {
    let told = |jobs: &str| json(&succeed(["check", argument(&region().join("job.toml")), "--json", "-q", "--jobs", jobs]));
    assert_eq!(told("1")["guard"], told("3")["guard"]);
}

#[test]
fn honest_simulated_scenes_pass_whatever_the_seed() {
    for seed in ["18", "1", "7"] {
        let scratch = scratch();
        succeed(["synth", argument(scratch.path()), "--size", "256", "--every", "3", "--seed", seed, "-q", "--force"]);
        let told = json(&succeed(["check", argument(&scratch.path().join("job.toml")), "--json", "-q"]));
        assert_eq!(told["counts"]["scenes_skipped"], 0, "seed {seed}");
    }
}

#[test]
fn real_scenes_pass_and_do_not_with_another_offset() {
    let Some(folder) = case("real_scenes_pass_and_do_not_with_another_offset", "12_gewata_ethiopia") else { return };
    let scratch = scratch();
    let (file, out) = (folder.join("landsat7_sr_x10000.tif"), scratch.path().join("ndvi.tif"));
    let file = argument(&file);
    let index = |bands: &str, offset: &str| {
        let bands = bands.replace('@', file);
        let offset = format!("--offset={offset}");
        let arguments = ["index", "NDVI", "--bands", &bands, "--scale", "0.0001", &offset, "-o", argument(&out), "--force", "-q"];
        atalaya(arguments).status.code()
    };
    let right = "blue=@:1,red=@:3,nir=@:4";
    assert_eq!(index(right, "0"), Some(0));
    assert_eq!(index(right, "-0.1"), Some(3));
    assert_eq!(index(right, "0.1"), Some(3));
    assert_eq!(index("red=@:4,nir=@:3", "0"), Some(3));
}

#[test]
fn a_real_series_with_haze_over_all_of_it_once_passes() {
    let name = "a_real_series_with_haze_over_all_of_it_once_passes";
    let Some(folder) = case(name, "03_nrt_sentinel2") else { return };
    let cases = folder.parent().expect("the cases").to_owned();
    let scratch = scratch();
    let job = scratch.path().join("job.toml");
    fs::write(&job, include_str!("jobs/romania.toml").replace("CASES", argument(&cases))).expect("a job");
    let told = json(&succeed(["check", argument(&job), "--json", "-q"]));
    assert_eq!((&told["counts"]["scenes"], &told["counts"]["scenes_skipped"]), (&Value::from(140), &Value::from(0)));
}

/// Numbers that are no reflectance have no scale to be judged by; the other date tells all the same (real Landsat 5 counts).
#[test]
fn bands_exchanged_between_two_dates_are_refused_whatever_the_units() {
    let Some(case) = case("bands_exchanged_between_two_dates_are_refused_whatever_the_units", "11_landsat5_para_brazil") else {
        return;
    };
    let scratch = scratch();
    let out = scratch.path().join("mask.tif");
    let band = |number: u8| case.join(format!("LT52240631988227CUB02_B{number}.tif")).display().to_string();
    let look = |red: u8, nir: u8| format!("red={},nir={}", band(red), band(nir));
    let pair = |after: &str| {
        [
            "difference",
            "--before",
            &look(3, 4),
            "--after",
            after,
            "--scale",
            "1",
            "--drop",
            "0.2",
            "-o",
            argument(&out),
            "-q",
            "--force",
        ]
        .map(str::to_owned)
    };
    let line = fail(3, pair(&look(4, 3)));
    assert!(line.contains("one of them has these bands exchanged") && line.contains("--no-guard"), "{line}");
    let mut allowed = pair(&look(4, 3)).to_vec();
    allowed.push("--no-guard".to_owned());
    succeed(allowed);
    // Another visible band in place of red is no exchange.
    succeed(pair(&look(2, 4)));
}
