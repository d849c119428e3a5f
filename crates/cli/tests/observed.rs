//! What a run says it saw: counted again from the scenes, and told wherever no alert might be taken for no change.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use geoio::RasterFile;
use ndarray::Array2;
use raster::Date;
use serde_json::Value;
use support::region::{Copy, Region};
use support::{atalaya, scratch};

/// First day of the monitoring period of the region's job.
const MONITORING: &str = "2023-01-01";
const NO_DAY: i64 = i32::MIN as i64;

/// So few scenes that cloud leaves gaps in both periods.
fn region() -> &'static Region {
    static REGION: OnceLock<Region> = OnceLock::new();
    REGION.get_or_init(|| Region::simulated("region-of-observed", 160, 12))
}

/// The region with masks that do not grow, so that a pixel's class alone decides.
fn plain(scratch: &Path) -> Copy {
    let copy = region().link(scratch, false);
    copy.edit("job.toml", &[("dilate_m = 40", "dilate_m = 0")]);
    copy
}

fn codes(path: &Path, band: usize) -> Array2<i64> {
    let file = RasterFile::open(path).expect("a raster");
    file.read_i64(band, file.grid().window(), NO_DAY).expect("its numbers")
}

/// Clear looks and last clear day of each pixel in a period, from the scene classes of its images.
struct Seen {
    looks: Array2<i64>,
    last: Array2<i64>,
}

fn seen(folders: &[std::path::PathBuf], in_period: impl Fn(Date) -> bool) -> Seen {
    let mut images: Vec<(Date, std::path::PathBuf)> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name.rsplit('_').next().expect("a day").parse().expect("a day"), path)
        })
        .filter(|(date, _)| in_period(*date))
        .collect();
    images.sort();
    let shape = codes(&images[0].1, 7).dim();
    let mut seen = Seen { looks: Array2::zeros(shape), last: Array2::from_elem(shape, NO_DAY) };
    for (date, path) in images {
        let (classes, nir, swir) = (codes(&path, 7), codes(&path, 4), codes(&path, 6));
        for (at, class) in classes.indexed_iter() {
            if [4, 5, 6].contains(class) && nir[at] != 0 && swir[at] != 0 {
                seen.looks[at] += 1;
                seen.last[at] = i64::from(date.days());
            }
        }
    }
    seen
}

#[test]
fn overpasses_with_their_last_clear_days_are_those_of_the_scenes() {
    let scratch = scratch();
    let copy = plain(scratch.path());
    // Another sensor on a day of the first one is a look of its own.
    let twice = copy.path(&copy.scene_from(MONITORING));
    fs::create_dir(copy.path("other")).expect("a folder");
    fs::copy(&twice, copy.path("other").join(twice.file_name().expect("a name"))).expect("a copy");
    let other =
        "[[imagery]]\nproduct = \"geotiff\"\npath = \"other\"\nsensor = \"another\"\nscale = 0.0001\nclear = [4, 5, 6]\n\n[mask]";
    copy.edit("job.toml", &[("[mask]", other)]);
    copy.run(&["--strip-rows", "37"]);
    let folders = [copy.path("imagery"), copy.path("other")];
    let start: Date = MONITORING.parse().expect("a day");
    let (before, after) = (seen(&folders, |date| date < start), seen(&folders, |date| date >= start));
    let layer = copy.path("out/observations.tif");
    let file = RasterFile::open(&layer).expect("a raster");
    let names: Vec<_> = file.bands().iter().map(|band| band.description.clone()).collect();
    assert_eq!(names, ["n_baseline", "n_clear", "last_clear_baseline_day", "last_clear_day"]);
    for (band, expected) in [(1, &before.looks), (2, &after.looks), (3, &before.last), (4, &after.last)] {
        assert_eq!(&codes(&layer, band), expected, "{}", names[band - 1]);
    }
    assert!(
        after.looks.iter().any(|looks| *looks == 0) && after.looks.iter().any(|looks| *looks > 2),
        "gaps, and more than one look"
    );
}

#[test]
fn not_seen_not_eligible_and_unchanged_are_told_apart_by_municipality() {
    let scratch = scratch();
    let copy = plain(scratch.path());
    let report = copy.run(&[]);
    let outputs = copy.outputs();
    let mut table = csv::Reader::from_reader(outputs.files["summary.csv"].as_slice());
    let rows: Vec<BTreeMap<String, String>> = table.deserialize().map(|row| row.expect("a row")).collect();
    let number = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().ok();
    let total = |name: &str| rows.iter().map(|row| number(row, name).expect("hectares")).sum::<f64>();
    for (column, answer) in [("not_seen_ha", "not_seen"), ("not_eligible_ha", "not_eligible"), ("unchanged_ha", "unchanged")] {
        let whole = report["counts"]["answers"][answer]["ha"].as_f64().expect("hectares");
        assert!(whole > 0.0 && (total(column) - whole).abs() < 0.01, "{column}: {} of {whole}", total(column));
    }
    for row in rows.iter().filter(|row| number(row, "eligible_ha").is_some_and(|area| area > 0.0)) {
        let shares = ["seen_share", "not_seen_share"].map(|name| number(row, name).expect("a share"));
        assert!((shares[0] + shares[1] - 1.0).abs() < 2e-6, "{row:?}");
        if shares[0] > 0.0 {
            let days = ["days_since_clear_median", "days_since_clear_max"].map(|name| number(row, name).expect("days"));
            assert!(days[0] >= 0.0 && days[0] <= days[1] && days[1] < 365.0, "{row:?}");
        }
    }
}

#[test]
fn without_an_alert_the_last_line_says_how_much_was_not_seen() {
    let scratch = scratch();
    let copy = plain(scratch.path());
    copy.edit("job.toml", &[("drop = 0.2", "drop = 5")]);
    let ran = atalaya(["run", &copy.job()]);
    assert_eq!(ran.status.code(), Some(0));
    let told = String::from_utf8(ran.stderr).expect("a text");
    let answers: Value = copy.outputs().json("run.json")["counts"]["answers"].clone();
    let not_seen = answers["not_seen"]["ha"].as_f64().expect("hectares");
    assert!(not_seen > 1.0, "cloud hides some of the region");
    let last = told.lines().last().expect("a line");
    assert!(last.starts_with(&format!("not seen: {not_seen:.1} ha, ")), "{last}");
    assert!(last.ends_with("no alert there does not mean no change"), "{last}");
}
