//! Cubes of the xarray world by the program.

mod support;
#[path = "../../geoio/tests/support/written.rs"]
mod written;

use std::fs;

use support::{argument, fail, scratch, succeed};
use written::cubes;

const FROM: [&str; 2] = ["--monitor-from", "2019-11-01"];

#[test]
fn a_cube_gives_the_bytes_that_a_geotiff_of_its_numbers_gives() {
    let Some(folder) = cubes("a_cube_gives_the_bytes_that_a_geotiff_of_its_numbers_gives") else { return };
    let out = scratch();
    let detect = |input: &str, name: &str, more: &[&str]| {
        let out = out.path().join(name);
        let fixed = ["detect", "ewma", input, "-p", "trend=false", "-p", "order=1", "-o", argument(&out), "-q"];
        succeed(fixed.iter().chain(&FROM).chain(more));
        fs::read(out).expect("an output")
    };
    let file = |name: &str| format!("ndvi={}", folder.join(name).display());
    let dates = folder.join("dates.csv");
    let of_tiff = detect(&file("stack.tif"), "tiff.tif", &["--dates", argument(&dates)]);
    assert!(of_tiff.len() > 1000);
    for name in
        ["packed.nc", "chunked.nc", "single.nc", "classic.nc", "turned.nc", "growing_latest.h5", "two.zarr", "three_shards.zarr"]
    {
        assert!(detect(&file(name), &format!("{name}.tif"), &[]) == of_tiff, "{name}");
    }
    let variable = file("groups.nc#b/ndvi");
    for (input, more) in [(variable.as_str(), &["--jobs", "1"][..]), (&file("packed.nc"), &["--dates", argument(&dates)])] {
        assert!(detect(input, &format!("{}.tif", more.len() + input.len()), more) == of_tiff, "{input}");
    }
}

#[test]
fn a_cube_that_cannot_be_told_is_refused_in_one_line() {
    let Some(folder) = cubes("a_cube_that_cannot_be_told_is_refused_in_one_line") else { return };
    let scratch = scratch();
    let out = scratch.path().join("out.tif");
    let refused = |exit: i32, input: &str, more: &[&str]| {
        let input = format!("ndvi={}", folder.join(input).display());
        let fixed = ["detect", "ewma", &input, "-o", argument(&out), "-q"];
        fail(exit, fixed.iter().chain(&FROM).chain(more))
    };
    for (input, reason) in [
        ("images.nc", "several variables"),
        ("images.nc#red", "--dates"),
        ("packed.nc#evi", "no layer evi"),
        ("bad_external.h5", "H5Pset_external"),
        ("bad_zeros.zarr", "never written"),
    ] {
        let told = refused(3, input, &[]);
        assert!(told.contains(reason), "{input}: {told}");
    }
    let few = scratch.path().join("few.csv");
    fs::write(&few, "date\n2019-01-05\n").expect("written");
    assert!(refused(3, "packed.nc", &["--dates", argument(&few)]).contains("9 bands"));
    assert!(!out.exists());
}

#[test]
fn single_images_of_a_cube_are_layers_by_their_names() {
    let Some(folder) = cubes("single_images_of_a_cube_are_layers_by_their_names") else { return };
    let out = scratch();
    let index = |name: &str, input: &[&str]| {
        let out = out.path().join(name);
        succeed(["index", "NDVI"].iter().chain(input).chain(&["-o", argument(&out), "-q"]));
        fs::read(out).expect("an output")
    };
    let (cube, tiff) = (folder.join("images.nc"), folder.join("stack.tif"));
    let by_name = index("name.tif", &[argument(&cube)]);
    let named = format!("red={0}#red,nir={0}#nir", cube.display());
    let of_stack = format!("red={0}#ndvi:1,nir={0}#ndvi:2", folder.join("packed.nc").display());
    let of_tiff = format!("red={0}:1,nir={0}:2", tiff.display());
    for (name, bands) in [("named.tif", named), ("stack.tif", of_stack), ("tiff.tif", of_tiff)] {
        assert!(index(name, &["--bands", &bands]) == by_name, "{bands}");
    }
}

#[test]
fn an_input_is_never_the_output() {
    let Some(folder) = cubes("an_input_is_never_the_output") else { return };
    let scratch = scratch();
    let cube = scratch.path().join("cube.tif");
    fs::copy(folder.join("packed.nc"), &cube).expect("copied");
    let input = format!("ndvi={}#ndvi", cube.display());
    let told = fail(2, ["detect", "ewma", &input, "-o", argument(&cube), "--force", "-q"].iter().chain(&FROM));
    assert!(told.contains("is an input"), "{told}");
}

#[test]
fn a_run_keeps_the_looks_of_cubes_and_gives_the_same_alerts() {
    let Some(cubes) = cubes("a_run_keeps_the_looks_of_cubes_and_gives_the_same_alerts") else { return };
    let scratch = scratch();
    for name in ["packed.nc", "three_shards.zarr", "classic.nc", "groups.nc#b/ndvi"] {
        let (job, out, looks) = (scratch.path().join("job.toml"), scratch.path().join("out"), scratch.path().join("looks"));
        let text = format!(
            "[[imagery]]\nproduct = \"stack\"\nbands = {{ ndvi = \"{}\" }}\n[change]\nindex = \"NDVI\"\n\
             baseline = {{ from = 2019-01-01, to = 2019-10-31 }}\nmonitoring = {{ from = 2019-11-01 }}\n",
            cubes.join(name).display()
        );
        fs::write(&job, text).expect("a job");
        let run = |more: &[&str]| -> Vec<u8> {
            succeed(["run", argument(&job), "-o", argument(&out), "-q", "--force"].iter().chain(more));
            ["change.tif", "days.tif", "alerts.geojson"].map(|name| fs::read(out.join(name)).expect("an output")).concat()
        };
        let of_scenes = run(&[]);
        let state = ["--state", argument(&looks)];
        assert!(run(&state) == of_scenes, "{name}: looks that were made");
        assert!(run(&state) == of_scenes, "{name}: looks that were there");
    }
}
