//! What tests of cubes read of them.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use geoio::{Found, GeoioError, ImagerySpec, StackSpec};
use raster::Role;

pub(crate) fn stack(path: &Path) -> Result<Found, GeoioError> {
    let spec = StackSpec {
        bands: [("ndvi".parse().expect("a role"), path.to_owned())].into(),
        dates: None,
        sensor: None,
        platform: None,
        orbit: None,
        scale: None,
        offset: None,
        nodata: None,
        qa: None,
        clear: None,
    };
    geoio::find(&[ImagerySpec::Stack(spec)], Path::new(""))
}

/// All values (time, y, x) in order.
pub(crate) fn values(found: &Found) -> Result<Vec<f32>, GeoioError> {
    use raster::{RasterReader as _, RasterSource as _};
    let grid = found.imagery.scenes[0].grid.clone();
    let source = geoio::GriddedImagery::new(found.imagery.clone(), grid.clone(), geoio::Resampling::Nearest);
    let (mut reader, role): (_, Role) = (source.open()?, "ndvi".parse().expect("a role"));
    let mut all = Vec::new();
    for scene in 0..found.imagery.scenes.len() {
        let cube = reader.read(scene, std::slice::from_ref(&role), grid.window(), 0)?;
        all.extend(cube.values.iter().map(|stored| cube.scaling[0].apply(*stored) as f32));
    }
    Ok(all)
}

pub(crate) fn told(path: &Path) -> String {
    match stack(path).and_then(|found| values(&found)) {
        Err(error) => error.to_string(),
        Ok(values) => panic!("{}: {} values were read", path.display(), values.len()),
    }
}

/// The files and stores of which numbers are expected, and these.
pub(crate) fn expected(folder: &Path) -> Vec<(PathBuf, Vec<f32>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".expected")) else { continue };
        let bytes = fs::read(&path).expect("read");
        let numbers = bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes"))).collect();
        found.push((PathBuf::from(name), numbers));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() > 50, "{} cubes", found.len());
    found
}

pub(crate) fn named(folder: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    if name == "groups.nc" { folder.join("groups.nc#b/ndvi") } else { path.to_owned() }
}

pub(crate) fn equal(ours: &[f32], theirs: &[f32]) -> bool {
    let is_near = |(a, b): (&f32, &f32)| a.is_nan() && b.is_nan() || (a - b).abs() <= 2.0 * f32::EPSILON * b.abs();
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(is_near)
}

/// A copy of a file or store.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("copied");
        return;
    }
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
