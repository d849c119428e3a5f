//! The catalogue of indices, unmixing and the comparison with surroundings, by the program.

mod support;

use std::path::Path;

use geoio::{RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::Array2;
use raster::{Grid, RasterSink as _};
use serde_json::Value;
use support::{argument, atalaya, corpus, fail, scratch, succeed};

const BANDS: [&str; 6] = ["blue", "green", "red", "nir", "swir16", "swir22"];

/// Endmembers of Souza et al. (2005) in the order of the bands: GV, shade, NPV, soil.
const SPECTRA: [[f32; 6]; 4] = [
    [0.05, 0.09, 0.04, 0.61, 0.30, 0.10],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.14, 0.17, 0.22, 0.30, 0.55, 0.30],
    [0.20, 0.30, 0.34, 0.58, 0.60, 0.58],
];

/// Writes mixtures of the spectra: `shares` of each pixel; NaN in all bands where the first is NaN.
fn write(path: &Path, side: usize, shares: impl Fn(usize, usize) -> [f32; 4]) {
    let crs = geoio::crs::crs("EPSG:32618").expect("a zone");
    let grid = Grid { crs, west: 500_000.0, north: 400_000.0, step_x: 30.0, step_y: 30.0, rows: side, cols: side };
    let options = RasterOptions { format: RasterFormat::Gtiff, ..RasterOptions::values(&BANDS).nodata(f64::NAN) };
    let mut writer = RasterWriter::<f32>::create(path, &grid, options, true).expect("a file");
    for band in 0..BANDS.len() {
        let mixed = |(row, col)| shares(row, col).iter().zip(&SPECTRA).map(|(share, spectrum)| share * spectrum[band]).sum();
        writer.write(band, grid.window(), Array2::from_shape_fn((side, side), mixed).view()).expect("a band");
    }
    writer.finish().expect("a file");
}

fn plane(path: &Path, band: usize) -> Array2<f64> {
    let file = RasterFile::open(path).expect("a raster");
    file.read_f64(band, file.grid().window()).expect("its pixels")
}

#[test]
fn fractions_come_out_beside_other_indices() {
    let scratch = scratch();
    let (scene, out) = (scratch.path().join("scene.tif"), scratch.path().join("out.tif"));
    write(&scene, 16, |row, col| if row == col { [f32::NAN; 4] } else { [0.5, 0.3, 0.1, 0.1] });
    let asked = "NDFI,GV,NPV,Soil,Shade,Cloud,UnmixingRMSE,NDVI,(GV+NPV)/(1-Shade)";
    succeed(["index", asked, argument(&scene), "--no-guard", "-o", argument(&out), "-q"]);
    let names: Vec<String> =
        RasterFile::open(&out).expect("a raster").bands().iter().map(|band| band.description.clone()).collect();
    assert_eq!(names.join(","), asked);
    let ndvi = (0.373 - 0.076) / (0.373 + 0.076 + 0.02);
    for (band, expected) in [0.5625, 0.5, 0.1, 0.1, 0.3, 0.0, 0.0, ndvi, 0.6 / 0.7].into_iter().enumerate() {
        for ((row, col), value) in plane(&out, band + 1).indexed_iter() {
            let near = if band == 7 { 0.05 } else { 1e-6 };
            assert!(if row == col { value.is_nan() } else { (value - expected).abs() < near }, "{}: {value}", names[band]);
        }
    }
}

#[test]
fn endmembers_may_be_ones_own() {
    let scratch = scratch();
    let (scene, out, table) = (scratch.path().join("scene.tif"), scratch.path().join("out.tif"), scratch.path().join("own.csv"));
    write(&scene, 8, |_, _| [0.25, 0.75, 0.0, 0.0]);
    std::fs::write(&table, "endmember;red;nir\nleaf;0.04;0.61\ndark;0;0\n").expect("a table");
    let index = |names: &str| {
        ["index", names, argument(&scene), "--no-guard", "--endmembers", argument(&table), "-o", argument(&out), "--force", "-q"]
            .map(str::to_owned)
    };
    succeed(index("leaf,Dark"));
    for (band, expected) in [(1, 0.25), (2, 0.75)] {
        assert!(plane(&out, band).iter().all(|value| (value - expected).abs() < 1e-6));
    }
    assert!(fail(2, index("NDFI")).contains("there is no band or constant 'GV'"));
    std::fs::write(&table, "endmember,red,nir\nleaf,0.04,high\n").expect("a table");
    assert!(fail(3, index("leaf")).ends_with("own.csv, line 2: nir is 'high', expected reflectance from 0 to 1"));
    std::fs::write(&table, "endmember,red,nir\nleaf,0.04,0.6\nleaves,0.04,0.6\n").expect("a table");
    assert!(fail(3, index("leaf")).contains("leaves is a mixture of the endmembers before it"));
}

#[test]
fn what_an_index_lacks_is_told_with_what_to_give() {
    let scratch = scratch();
    let (scene, out) = (scratch.path().join("scene.tif"), scratch.path().join("out.tif"));
    write(&scene, 8, |_, _| [0.5, 0.3, 0.1, 0.1]);
    let index = |names: &str, more: &[&str]| {
        let all = ["index", names, argument(&scene), "--no-guard", "-o", argument(&out), "--force", "-q"];
        all.iter().chain(more).map(|text| (*text).to_owned()).collect::<Vec<_>>()
    };
    assert!(fail(2, index("NIRvP", &[])).contains("give PAR=VALUE"));
    assert!(fail(2, index("FAI", &[])).contains("no wavelength of nir is known"));
    assert!(fail(2, index("NDVI", &["-c", "L=1"])).contains("no index that is asked for has L"));
    assert!(fail(3, index("NDREI", &[])).contains("NDREI needs the rededge071 layer"));
    succeed(index("FAI,SAVI", &["-c", "lambdaN=830", "-c", "lambdaR=660", "-c", "lambdaS1=1610", "-c", "SAVI.L=0.25"]));
}

#[test]
fn a_hostile_list_is_an_error_with_its_place() {
    let Some(folder) = corpus("a_hostile_list_is_an_error_with_its_place", "config") else { return };
    let scratch = scratch();
    let (scene, out) = (scratch.path().join("scene.tif"), scratch.path().join("out.tif"));
    write(&scene, 8, |_, _| [0.5, 0.3, 0.1, 0.1]);
    let list = folder.join("bad_formula.json");
    let index = |name: &str| {
        ["index", name, argument(&scene), "--no-guard", "--catalogue", argument(&list), "-o", argument(&out), "--force", "-q"]
            .map(str::to_owned)
    };
    assert!(fail(2, index("X")).contains("bad_formula.json: the formula of X cannot be read at character 13"));
    assert!(fail(2, index("Y")).contains("within each other"));
    succeed(index("Z,NDVI"));
    let listed = atalaya(["indices", "--catalogue", argument(&list), "--json"]);
    assert_eq!(listed.status.code(), Some(4));
    let told: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!((told["rejected"].as_u64(), told["indices"].as_array().map(Vec::len)), (Some(2), Some(290)));
    let broken = scratch.path().join("broken.json");
    std::fs::write(&broken, "{\"SpectralIndices\": {\n \"A\": {\"formula\": 3}}}").expect("a file");
    let told = fail(2, ["indices", "--catalogue", argument(&broken)]);
    assert!(told.contains("broken.json:2:19: invalid type: integer `3`, expected a string"), "{told}");
}

#[test]
fn disturbance_against_the_surroundings_does_not_depend_on_the_tiles() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let leaf = |row: usize, col: usize| 0.6 + ((row * 31 + col * 17) % 23) as f32 / 200.0;
    let forest = move |row, col| [leaf(row, col), 1.0 - leaf(row, col), 0.0, 0.0];
    // The whole later image is hazier, which is no disturbance; a road of three pixels' width and one pixel alone are.
    let is_road = |row: usize, col: usize| (col.abs_diff(row + 20) < 2 && row > 40) || (row, col) == (10, 100);
    write(&path("before.tif"), 128, forest);
    write(&path("after.tif"), 128, |row, col| {
        if is_road(row, col) { [0.2, 0.2, 0.3, 0.3] } else { forest(row, col).map(|share| share * 0.9) }
    });
    let difference = |mask: &str, delta: &str, more: &[&str]| {
        let (before, after, mask, delta) = (path("before.tif"), path("after.tif"), path(mask), path(delta));
        let all = [
            "difference",
            "--index",
            "NBR",
            "--before",
            argument(&before),
            "--after",
            argument(&after),
            "--before-date",
            "2020-01-01",
            "--after-date",
            "2021-01-01",
            "--no-guard",
            "--self-reference",
            "210m",
            "--drop",
            "0.1",
            "-o",
            argument(&mask),
            "--magnitude",
            argument(&delta),
            "--json",
            "-q",
        ];
        let told = succeed(all.iter().chain(more).map(|text| (*text).to_owned()));
        serde_json::from_str::<Value>(&told).expect("JSON")["counts"].clone()
    };
    let counts = difference("mask.tif", "delta.tif", &["--density", "80:3"]);
    let mask = plane(&path("mask.tif"), 1);
    assert_eq!((mask[[10, 100]], mask[[60, 80]], mask[[20, 20]]), (0.0, 1.0, 0.0));
    assert_eq!(counts["clear_before"].as_u64(), Some(128 * 128));
    let delta = plane(&path("delta.tif"), 1);
    assert!(delta.iter().all(|value| (0.0..=1.0).contains(value)) && delta[[10, 100]] > 0.1);
    let tiles = difference("tiles.tif", "delta_tiles.tif", &["--density", "80:3", "--block", "32", "--jobs", "1"]);
    assert_eq!(counts, tiles);
    assert_eq!((plane(&path("tiles.tif"), 1), plane(&path("delta_tiles.tif"), 1)), (mask, delta));
    let all = difference("all.tif", "all_delta.tif", &[]);
    assert_eq!(plane(&path("all.tif"), 1)[[10, 100]].to_bits(), 1.0f64.to_bits());
    assert!(all["changed"].as_u64() > counts["changed"].as_u64());
}

#[test]
fn an_index_whose_direction_nobody_knows_needs_one() {
    let scratch = scratch();
    let (scene, out) = (scratch.path().join("scene.tif"), scratch.path().join("mask.tif"));
    write(&scene, 16, |row, _| [0.5, 0.3, 0.1, row as f32 / 100.0]);
    let file = argument(&scene);
    let days = ["--before-date", "2020-01-01", "--after-date", "2021-01-01"];
    let all = |more: &[&'static str]| {
        let start = [
            "difference",
            "--index",
            "ARVI",
            "--before",
            file,
            "--after",
            file,
            "--drop",
            "0.1",
            "-o",
            argument(&out),
            "--no-guard",
            "--force",
            "-q",
        ];
        start.iter().chain(&days).chain(more).map(|text| (*text).to_owned()).collect::<Vec<_>>()
    };
    assert!(fail(2, all(&[])).contains("whether clearing makes ARVI fall or rise is not known"));
    succeed(all(&["--direction", "fall"]));
    let job = scratch.path().join("job.toml");
    let check = |index: &str| {
        let text = format!(
            "[[imagery]]\nproduct = \"geotiff\"\npath = \"x\"\n[change]\nindex = {index}\nbaseline = {{ from = 2020-01-01 }}\nmonitoring = {{ from = 2021-01-01 }}\n"
        );
        std::fs::write(&job, text).expect("a job");
        let told = String::from_utf8_lossy(&atalaya(["check", argument(&job)]).stderr).into_owned();
        told.lines().find(|line| line.starts_with("error: ")).unwrap_or_default().to_owned()
    };
    assert!(check("\"ARVI\"").contains("job.toml:5:9: whether clearing makes ARVI fall or rise"));
    let told = check("{ name = \"ARVI\", direction = \"fall\", constants = { gamma = 0.9, L = 1 } }");
    assert!(told.contains("job.toml:5:9: ARVI, constant L"), "{told}");
    let told = check("{ name = \"ARVI\", direction = \"fall\", constants = { gamma = 0.9 } }");
    assert!(!told.contains("ARVI"), "{told}");
    let told = check("{ name = \"OURS\", catalogue = \"none.json\" }");
    assert!(told.contains("none.json: cannot be read"), "{told}");
}
