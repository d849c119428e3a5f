//! Cubes that are cut, damaged or lie about themselves.

#[path = "support/cubes.rs"]
mod support;
#[path = "support/written.rs"]
mod written;

use std::fs;

use support::{copy, equal, expected, named, stack, told, values};
use written::cubes;

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
