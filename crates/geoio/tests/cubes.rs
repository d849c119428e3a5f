//! Cubes as xarray, netCDF4, h5py and zarr write them, against what xarray reads of them.

#[path = "support/cubes.rs"]
mod support;
#[path = "support/written.rs"]
mod written;

use std::fs;

use raster::Window;
use support::{equal, expected, named, stack, told, values};
use written::cubes;

#[test]
fn every_cube_is_read_as_xarray_reads_it() {
    let Some(folder) = cubes("every_cube_is_read_as_xarray_reads_it") else { return };
    let table = fs::read_to_string(folder.join("dates.csv")).expect("dates");
    let dates: Vec<&str> = table.lines().skip(1).collect();
    for (path, expected) in expected(folder) {
        let found = stack(&named(folder, &path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let ours = values(&found).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let wrong = ours.iter().zip(&expected).position(|(a, b)| !equal(&[*a], &[*b]));
        assert!(
            equal(&ours, &expected),
            "{}: {} of {} numbers, the first other one is {wrong:?}",
            path.display(),
            ours.len(),
            expected.len()
        );
        let read: Vec<String> = found.imagery.scenes.iter().map(|scene| scene.date.to_string()).collect();
        assert_eq!(read, dates, "{}", path.display());
        let grid = &found.imagery.scenes[0].grid;
        let (corner, step) = if grid.crs.geographic { ((-74.005, 4.005), 0.01) } else { ((500_000.0, 300_000.0), 10.0) };
        let off = [grid.west - corner.0, grid.north - corner.1, grid.step_x - step, grid.step_y - step];
        assert!(off.iter().all(|off| off.abs() < 1e-9), "{}: {grid:?}", path.display());
        assert_eq!(grid.crs.epsg, Some(if grid.crs.geographic { 4326 } else { 32618 }), "{}", path.display());
    }
}

#[test]
fn a_time_of_day_is_kept_and_a_place_that_is_assumed_is_told() {
    let Some(folder) = cubes("a_time_of_day_is_kept_and_a_place_that_is_assumed_is_told") else { return };
    let found = stack(&folder.join("hours.nc")).expect("found");
    assert!(found.imagery.scenes.iter().all(|scene| scene.second == Some(36_090)));
    let found = stack(&folder.join("geographic.nc")).expect("found");
    let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code).collect();
    assert!(codes.contains(&"place_assumed"), "{codes:?}");
}

#[test]
fn windows_give_what_the_whole_gives() {
    let Some(folder) = cubes("windows_give_what_the_whole_gives") else { return };
    for name in ["chunked.nc", "turned.nc", "south_up.nc", "west_last.nc", "three_shards.zarr"] {
        let file = geoio::RasterFile::open(&folder.join(name)).expect("opened");
        for band in 1..=file.bands().len() {
            let whole = file.read(band, file.grid().window()).expect("read");
            // One that leaves the file on all sides, too.
            for window in [Window { row: 3, col: 15, rows: 20, cols: 21 }, Window { row: -2, col: -3, rows: 50, cols: 60 }] {
                let part = file.read(band, window).expect("read");
                for ((row, col), value) in part.indexed_iter() {
                    let (row, col) = (window.row + row as isize, window.col + col as isize);
                    let inside = usize::try_from(row).ok().zip(usize::try_from(col).ok()).and_then(|at| whole.get(at));
                    assert_eq!(value.to_bits(), inside.copied().unwrap_or(f32::NAN).to_bits(), "{name}, {row}, {col}");
                }
            }
        }
    }
}

#[test]
fn what_leads_out_of_a_file_or_was_never_written_is_refused() {
    let Some(folder) = cubes("what_leads_out_of_a_file_or_was_never_written_is_refused") else { return };
    for (name, reason) in [
        ("bad_external.h5", "H5Pset_external"),
        ("bad_passwd.h5", "H5Pset_external"),
        ("bad_virtual.h5", "virtual dataset"),
        ("bad_link.h5", "links to other files are not followed"),
        ("bad_link.h5#ndvi", "link to another file"),
        ("bad_nbit.h5", "scaleoffset"),
        ("bad_unwritten.h5", "was never written"),
        ("bad_zeros.zarr", "was never written"),
        ("bad_bomb.h5", "chunk (0, 0, 0)"),
        ("bad_claim.h5", "next to nothing of it was written"),
        ("images.nc", "several variables"),
        ("images.nc#nothing", "no layer nothing"),
        ("groups.nc", "several variables"),
    ] {
        let told = told(&folder.join(name));
        assert!(told.contains(reason), "{name}: {told}");
    }
}
