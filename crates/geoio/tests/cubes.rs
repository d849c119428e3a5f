//! Cubes as xarray, netCDF4, h5py and zarr write them, against what xarray reads of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use geoio::{Found, GeoioError, ImagerySpec, StackSpec};
use raster::{Role, Window};

/// The cubes that `support/cubes.py` writes, once; `None` (and a line that says so) where there is no Python with what it needs.
fn cubes(test: &str) -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let python = std::env::var("ATALAYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let needed = "import xarray, netCDF4, h5netcdf, h5py, zarr, scipy, rioxarray";
        let knows = Command::new(&python).args(["-c", needed]).output();
        if !knows.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/cubes.py");
        let output = Command::new(&python).args([Path::new("-B"), &script, folder.path()]).output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(folder)
    });
    if folder.is_none() {
        assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "no Python that writes cubes: scripts/stac-server install");
        eprintln!("skipped: {test}: no Python with xarray, netCDF4, h5netcdf, h5py, zarr and rioxarray (ATALAYA_PYTHON)");
    }
    folder.as_ref().map(tempfile::TempDir::path)
}

fn stack(path: &Path) -> Result<Found, GeoioError> {
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
fn values(found: &Found) -> Result<Vec<f32>, GeoioError> {
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

fn told(path: &Path) -> String {
    match stack(path).and_then(|found| values(&found)) {
        Err(error) => error.to_string(),
        Ok(values) => panic!("{}: {} values were read", path.display(), values.len()),
    }
}

/// The files and stores of which numbers are expected, and these.
fn expected(folder: &Path) -> Vec<(PathBuf, Vec<f32>)> {
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

fn named(folder: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    if name == "groups.nc" { folder.join("groups.nc#b/ndvi") } else { path.to_owned() }
}

fn equal(ours: &[f32], theirs: &[f32]) -> bool {
    let is_near = |(a, b): (&f32, &f32)| a.is_nan() && b.is_nan() || (a - b).abs() <= 2.0 * f32::EPSILON * b.abs();
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(is_near)
}

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

/// A copy of a file or store.
fn copy(from: &Path, to: &Path) {
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

#[test]
fn a_file_that_was_cut_short_gives_no_value() {
    let Some(folder) = cubes("a_file_that_was_cut_short_gives_no_value") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    for (path, _) in expected(folder) {
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).expect("read");
        let cut = scratch.path().join("cut");
        for length in [bytes.len() / 3, bytes.len() * 9 / 10, bytes.len() - 8] {
            fs::write(&cut, &bytes[..length]).expect("written");
            let told = told(&named(scratch.path(), &cut));
            assert!(told.contains("cut short"), "{}: {told}", path.display());
        }
    }
}

#[test]
fn a_damaged_chunk_is_named() {
    let Some(folder) = cubes("a_damaged_chunk_is_named") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    // The last bytes before the end of a chunk: DEFLATE's own checksum, and Fletcher's.
    for name in ["chunked.nc", "fixed_earliest.h5", "growing_both_latest.h5", "zstd.nc"] {
        let (whole, clean) = (fs::read(folder.join(name)).expect("read"), stack(&folder.join(name)).expect("found"));
        let clean = values(&clean).expect("values");
        let path = scratch.path().join(name);
        let mut seen = 0;
        for place in (2000..whole.len()).step_by(997) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            fs::write(&path, bytes).expect("written");
            match stack(&path).and_then(|found| values(&found)) {
                Err(error) => seen += usize::from(error.to_string().contains("chunk (")),
                // What does not belong to the variable changes nothing of it.
                Ok(read) => assert!(equal(&read, &clean) || name == "zstd.nc", "{name}: byte {place}"),
            }
        }
        assert!(seen > 0, "{name}");
    }
    for (name, chunk) in [("three.zarr", "ndvi/c/1/0/2"), ("two.zarr", "ndvi/1.0.2"), ("three_shards.zarr", "ndvi/c/1/0/2")] {
        let path = scratch.path().join(name);
        copy(&folder.join(name), &path);
        let bytes = fs::read(path.join(chunk)).expect("a chunk");
        fs::write(path.join(chunk), &bytes[..bytes.len() - 5]).expect("written");
        let message = told(&path);
        assert!(message.contains("chunk (") && message.contains(name), "{message}");
        fs::remove_file(path.join(chunk)).expect("removed");
        if name == "two.zarr" {
            // Its fill value is the missing one.
            let missing = values(&stack(&path).expect("found")).expect("values");
            let clean = values(&stack(&folder.join(name)).expect("found")).expect("values");
            let differ = missing.iter().zip(&clean).filter(|(a, b)| a.to_bits() != b.to_bits());
            let (gone, all) = differ.fold((0, 0), |(gone, all), (a, _)| (gone + usize::from(a.is_nan()), all + 1));
            assert!(all > 0 && gone == all);
        } else {
            assert!(told(&path).contains("was never written"), "{name}");
        }
        // A link is not followed, wherever it leads.
        std::os::unix::fs::symlink(folder.join(name).join(chunk), path.join(chunk)).expect("a link");
        let message = told(&path);
        assert!(message.contains("is a link"), "{message}");
    }
}

#[test]
fn no_damage_makes_a_panic() {
    let Some(folder) = cubes("no_damage_makes_a_panic") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("damaged");
    let (mut state, mut refused, mut read) = (9_u64, 0, 0);
    let mut roll = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    for name in [
        "many.nc",
        "classic_growing.nc",
        "pages_latest.h5",
        "growing_latest.h5",
        "growing_both_latest.h5",
        "cdf5.nc",
        "packed.nc",
    ] {
        let whole = fs::read(folder.join(name)).expect("read");
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..=roll(6) {
                // Metadata stand near the beginning more often than not.
                let sides = if roll(2) == 0 { bytes.len() } else { bytes.len().min(6000) };
                let place = roll(sides);
                bytes[place] = [0, 0xff, bytes[place] ^ 1 << roll(8)][roll(3)];
            }
            fs::write(&path, bytes).expect("written");
            match stack(&path).and_then(|found| values(&found)) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

/// A classic file of one variable over (time, y, x), two records of 2 x 3 numbers of 16 bits.
fn classic() -> Vec<u8> {
    fn number(bytes: &mut Vec<u8>, number: u32) {
        bytes.extend(number.to_be_bytes());
    }
    fn text(bytes: &mut Vec<u8>, text: &str) {
        number(bytes, text.len() as u32);
        bytes.extend(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    fn told(bytes: &mut Vec<u8>, all: &[(&str, &str)]) {
        number(bytes, if all.is_empty() { 0 } else { 12 });
        number(bytes, all.len() as u32);
        for (key, value) in all {
            text(bytes, key);
            number(bytes, 2);
            text(bytes, value);
        }
    }
    let build = |begins: [u32; 4]| {
        let mut bytes = b"CDF\x01".to_vec();
        number(&mut bytes, 2);
        number(&mut bytes, 10);
        number(&mut bytes, 3);
        for (name, length) in [("time", 0), ("lat", 2), ("lon", 3)] {
            text(&mut bytes, name);
            number(&mut bytes, length);
        }
        told(&mut bytes, &[]);
        number(&mut bytes, 11);
        number(&mut bytes, 4);
        let variables: [(&str, &[u32], &str, u32, u32); 4] = [
            ("lat", &[1], "degrees_north", 6, 16),
            ("lon", &[2], "degrees_east", 6, 24),
            ("time", &[0], "days since 2020-01-01", 4, 4),
            ("ndvi", &[0, 1, 2], "1", 3, 12),
        ];
        for ((name, dimensions, units, kind, size), begin) in variables.into_iter().zip(begins) {
            text(&mut bytes, name);
            number(&mut bytes, dimensions.len() as u32);
            for dimension in dimensions {
                number(&mut bytes, *dimension);
            }
            told(&mut bytes, &[("units", units)]);
            number(&mut bytes, kind);
            number(&mut bytes, size);
            number(&mut bytes, begin);
        }
        bytes
    };
    let first = build([0; 4]).len() as u32;
    let mut bytes = build([first, first + 16, first + 40, first + 44]);
    for place in [4.0_f64, 3.0, -74.0, -73.0, -72.0] {
        bytes.extend(place.to_be_bytes());
    }
    for record in 0..2_u32 {
        bytes.extend((record * 31).to_be_bytes());
        for cell in 0..6_u16 {
            bytes.extend((cell + 10 * record as u16).to_be_bytes());
        }
    }
    bytes
}

#[test]
fn a_classic_file_is_measured_by_its_own_header() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("a.nc");
    let whole = classic();
    fs::write(&path, &whole).expect("written");
    let found = stack(&path).expect("found");
    assert_eq!(values(&found).expect("values"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
    let dates: Vec<String> = found.imagery.scenes.iter().map(|scene| scene.date.to_string()).collect();
    assert_eq!(dates, ["2020-01-01", "2020-02-01"]);
    for cut in [1, 2, 13, 16, 40] {
        fs::write(&path, &whole[..whole.len() - cut]).expect("written");
        let told = told(&path);
        assert!(told.contains("cut short"), "{cut}: {told}");
    }
    // A thousand million records in a few bytes.
    let mut bytes = whole.clone();
    bytes[4..8].copy_from_slice(&1_000_000_000_u32.to_be_bytes());
    fs::write(&path, bytes).expect("written");
    assert!(told(&path).contains("cut short"));
    // Bytes that the writer never counted.
    let mut bytes = whole;
    bytes[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    fs::write(&path, bytes).expect("written");
    assert!(told(&path).contains("how many records"));
}

#[test]
fn a_small_store_that_claims_numbers_without_end_is_refused() {
    let scratch = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = scratch.path().join("a.zarr").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    };
    let array = |shape: &str, chunk: &str, names: &str, codecs: &str, more: &str| {
        format!(
            r#"{{"zarr_format":3,"node_type":"array","shape":[{shape}],"data_type":"float64","fill_value":"NaN","chunk_grid":{{"name":"regular",
            "configuration":{{"chunk_shape":[{chunk}]}}}},"chunk_key_encoding":{{"name":"default"}},"codecs":[{codecs}],
            "dimension_names":[{names}]{more}}}"#
        )
    };
    let (bytes, yx) = (r#"{"name":"bytes","configuration":{"endian":"little"}}"#, r#""lat","lon""#);
    put("zarr.json", r#"{"zarr_format":3,"node_type":"group","attributes":{}}"#);
    let path = scratch.path().join("a.zarr");
    for (shape, chunk, codecs, more, reason) in [
        ("9000000,9000000", "1000,1000", bytes, "", "next to nothing of it was written"),
        ("9000000,9000000", "9000000,9000000", bytes, "", "in chunks of"),
        ("2,3", "2,3", r#""bytes",{"name":"zfpy"}"#, "", "'zfpy'"),
        ("2,3", "2,3", bytes, r#","storage_transformers":[{"name":"x"}]"#, "storage_transformers"),
        ("2,3", "2,3", bytes, r#","novelty":{"name":"x"}"#, "'novelty'"),
        ("2,3", "0,3", bytes, "", "does not fit its shape"),
        ("0,3", "1,3", bytes, "", "is empty"),
    ] {
        put("ndvi/zarr.json", &array(shape, chunk, yx, codecs, more));
        let told = told(&path);
        assert!(told.contains(reason), "{shape} {chunk}: {told}");
    }
    // A chunk that unpacks to more than a chunk.
    let axis = |name: &str| {
        array(
            "2",
            "2",
            &format!("\"{name}\""),
            bytes,
            &format!(r#","attributes":{{"units":"degrees_{}"}}"#, if name == "lat" { "north" } else { "east" }),
        )
    };
    for (name, places) in [("lat", [4.0_f64, 3.0]), ("lon", [-74.0, -73.0])] {
        put(&format!("{name}/zarr.json"), &axis(name));
        fs::create_dir_all(path.join(name).join("c")).expect("a folder");
        fs::write(path.join(name).join("c/0"), places.map(f64::to_le_bytes).concat()).expect("written");
    }
    put("ndvi/zarr.json", &array("2,2", "2,2", yx, &format!(r#"{bytes},{{"name":"zstd"}}"#), ""));
    fs::create_dir_all(path.join("ndvi/c/0")).expect("a folder");
    fs::write(path.join("ndvi/c/0/0"), zstd_of_zeros()).expect("written");
    let file = geoio::RasterFile::open(&path).expect("opened");
    let told = file.read(1, file.grid().window()).expect_err("refused").to_string();
    assert!(told.contains("ZSTD") && told.contains("chunk (0, 0)"), "{told}");
}

/// A ZSTD frame (RFC 8878) of raw zeros, more than a chunk has.
fn zstd_of_zeros() -> Vec<u8> {
    // Magic, a frame of a single segment with its size of 200 in one byte, one last block that repeats a byte 200 times.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 200];
    let header: u32 = 200 << 3 | 1 << 1 | 1;
    frame.extend(&header.to_le_bytes()[..3]);
    frame.push(0);
    frame
}
