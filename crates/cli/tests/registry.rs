//! Registries as the program reads them: dialects, stores, and hosts that nobody allowed.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use support::{argument, atalaya, fail, scratch, succeed};

const PARCELS: &str = "predio,titular,lon,lat\n00123,Ana,-75.0,2.0\n00124,Eva,-74.0,2.0\n";

fn source(id: &str, path: &str, more: &str) -> String {
    format!(
        "[[source]]\nid = \"{id}\"\ntitle = {{ es = \"Predios\", en = \"Parcels\" }}\nauthority = \"Catastro\"\npath = \"{path}\"\n\
         key = \"predio\"\nname = \"titular\"\nprivacy = \"public\"\njoin = \"nearest\"\n{more}\n"
    )
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    argument(&path).to_owned()
}

/// The row of the first feature, and the codes of the warnings.
fn joined(features: &str, catalogue: &str, out: &Path, more: &[&str]) -> (BTreeMap<String, String>, Vec<String>) {
    let arguments = ["--json", "--force", "join", features, "--registries", catalogue, "--wide", "-o", argument(out)];
    let told: serde_json::Value = serde_json::from_str(&succeed(arguments.iter().chain(more))).expect("JSON");
    let warnings = told["warnings"].as_array().expect("warnings").iter();
    let codes = warnings.map(|warning| warning["code"].as_str().expect("a code").to_owned()).collect();
    let mut table = csv::Reader::from_path(out).expect("a table");
    (table.deserialize().next().expect("a row").expect("a row"), codes)
}

#[test]
fn a_source_kept_in_a_store_is_asked_as_of_a_day() {
    let folder = scratch();
    let features = write(folder.path(), "f.csv", "id,lon,lat\n1,-75.0,2.0\n");
    write(folder.path(), "p.csv", PARCELS);
    let raw = write(folder.path(), "raw.toml", source("predios", "p.csv", ""));
    let store = folder.path().join("store.gpkg");
    let load = |day: &str| {
        let arguments = ["--json", "registry", "load", &raw, "--store", argument(&store), "--retrieved", day];
        serde_json::from_str::<serde_json::Value>(&succeed(arguments)).expect("JSON")["sources"][0]["kept"].to_string()
    };
    assert_eq!(load("2026-01-10"), "\"written\"");
    assert_eq!(load("2026-01-15"), "\"known\"");
    write(folder.path(), "p.csv", PARCELS.replace("Ana", "Luz"));
    assert_eq!(load("2026-01-20"), "\"written\"");
    write(folder.path(), "p.csv", PARCELS.replace("Ana", "Sol"));
    let arguments = ["registry", "load", &raw, "--store", argument(&store), "--retrieved", "2026-01-20"];
    assert!(fail(2, arguments).contains("retrieved on 2026-01-20 with another content"));

    let kept = write(folder.path(), "kept.toml", source("predios", "store.gpkg", "layer = \"predios\""));
    let out = folder.path().join("o.csv");
    let name = |more: &[&str]| joined(&features, &kept, &out, more).0["predios_name"].clone();
    assert_eq!((name(&[]), name(&["--as-of", "2026-01-19"])), ("Luz".to_owned(), "Ana".to_owned()));
    let (row, codes) = joined(&features, &kept, &out, &["--as-of", "2026-01-09"]);
    assert_eq!((row["predios_name"].as_str(), codes), ("", vec!["no_snapshot".to_owned()]));
    assert_eq!(joined(&features, &kept, &out, &[]).0["predios_key"], "00123");
}

#[test]
fn a_held_store_ends_with_its_own_exit_code() {
    let folder = scratch();
    write(folder.path(), "p.csv", PARCELS);
    let raw = write(folder.path(), "raw.toml", source("predios", "p.csv", ""));
    let store = folder.path().join("store.gpkg");
    let held = fs::File::open(folder.path()).expect("the folder");
    held.lock().expect("held");
    let arguments = ["registry", "load", &raw, "--store", argument(&store), "--retrieved", "2026-01-20"];
    assert!(fail(6, arguments).contains("store.gpkg"));
    assert!(!store.exists());
}

#[test]
fn only_the_sources_that_are_named_are_loaded() {
    let folder = scratch();
    write(folder.path(), "p.csv", PARCELS);
    let text = format!("{}{}", source("a", "p.csv", ""), source("b", "missing.csv", ""));
    let raw = write(folder.path(), "raw.toml", text);
    let store = folder.path().join("store.gpkg");
    let load = |id| ["registry", "load", &raw, "--source", id, "--store", argument(&store), "--retrieved", "2026-01-20"];
    assert!(fail(2, load("c")).contains("it has a, b"));
    assert!(fail(3, load("b")).contains("missing.csv"));
    assert!(!store.exists());
    succeed(load("a"));
}

#[test]
fn nothing_is_asked_over_a_network_unless_its_host_is_named() {
    let folder = scratch();
    let features = write(folder.path(), "f.csv", "id,lon,lat\n1,-75.0,2.0\n");
    let out = folder.path().join("o.csv");
    for (path, host) in [
        ("PG:host=127.0.0.1 port=1 dbname=x password=secret", "127.0.0.1"),
        ("http://127.0.0.1:1/a.geojson", "127.0.0.1"),
        ("https://registro.example/a.geojson", "registro.example"),
    ] {
        let catalogue = write(folder.path(), "c.toml", source("predios", path, "layer = \"a\""));
        let told = fail(2, ["join", &features, "--registries", &catalogue, "-o", argument(&out)]);
        assert!(told.contains("predios") && told.contains(&format!("--allow-host {host}")) && !told.contains("secret"), "{told}");
    }
    let catalogue = write(folder.path(), "c.toml", source("predios", "PG:dbname=x", "layer = \"a\""));
    assert!(fail(2, ["join", &features, "--registries", &catalogue, "-o", argument(&out)]).contains("`host` is missing"));
}

#[test]
fn a_catalogue_says_how_its_table_is_written() {
    let folder = scratch();
    let features = write(folder.path(), "f.csv", "id,fecha,lon,lat\n1,2026-02-01,-75.0,2.0\n");
    let bytes = b"predio|titular|x|y|desde\n00123|\xd1usta|4.778.015,1|1.778.787,3|31/01/2026\n";
    write(folder.path(), "p.csv", bytes);
    let more = "lon = \"x\"\nlat = \"y\"\ncrs = \"EPSG:9377\"\ndelimiter = \"|\"\ndecimal = \",\"\nencoding = \"latin1\"\n\
                valid_from = \"desde\"\n";
    let out = folder.path().join("o.csv");
    let dated = ["--date-field", "fecha"];
    let catalogue = write(folder.path(), "c.toml", source("p", "p.csv", &format!("{more}date_format = \"DD/MM/YYYY\"")));
    let (row, codes) = joined(&features, &catalogue, &out, &dated);
    assert_eq!((row["p_key"].as_str(), row["p_name"].as_str(), codes.len()), ("00123", "Ñusta", 0));
    let untold = write(folder.path(), "c.toml", source("p", "p.csv", more));
    assert_eq!(joined(&features, &untold, &out, &dated).1, ["date_unreadable"]);
}

#[test]
fn a_join_of_no_features_is_a_table_without_rows() {
    let folder = scratch();
    let features = write(folder.path(), "f.geojson", r#"{"type":"FeatureCollection","features":[]}"#);
    write(folder.path(), "p.csv", PARCELS);
    let catalogue = write(folder.path(), "c.toml", source("predios", "p.csv", ""));
    for (out, wide) in [("o.csv", true), ("o.geojson", false)] {
        let out = folder.path().join(out);
        let arguments = ["join", &features, "--registries", &catalogue, "-o", argument(&out)];
        let ended = atalaya(arguments.into_iter().chain(wide.then_some("--wide")));
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        assert!(String::from_utf8_lossy(&ended.stderr).contains("no feature to join") && out.exists());
    }
}

#[test]
fn features_far_from_every_record_are_told_with_the_likely_reason() {
    let folder = scratch();
    write(folder.path(), "p.csv", PARCELS);
    let catalogue = write(folder.path(), "c.toml", source("predios", "p.csv", ""));
    let out = folder.path().join("o.csv");
    for (place, reason) in [("2.0,-75.0", Some("exchanged")), ("10.0,50.0", Some("country")), ("-74.5,2.5", None)] {
        let features = write(folder.path(), "f.csv", format!("id,lon,lat\n1,{place}\n"));
        let ended = atalaya(["--force", "join", &features, "--registries", &catalogue, "-o", argument(&out)]);
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{told}");
        assert_eq!(told.contains("no feature lies within"), reason.is_some(), "{told}");
        assert!(reason.is_none_or(|reason| told.contains(reason)), "{told}");
    }
}

#[test]
fn a_registry_in_a_database_is_joined_and_kept_there() {
    let test = "a_registry_in_a_database_is_joined_and_kept_there";
    let Some(address) = support::postgis(test) else { return };
    let folder = scratch();
    let database = format!("PG:host={} port={} user=postgres dbname=postgres", address.0, address.1);
    let features = write(folder.path(), "f.csv", "id,lon,lat\n1,-75.0,2.0\n");
    write(folder.path(), "p.csv", PARCELS);
    let raw = write(folder.path(), "raw.toml", source("cli_predios", "p.csv", ""));
    let host = address.0.as_str();
    let load = ["registry", "load", &raw, "--store", &database, "--retrieved", "2026-01-10"];
    assert!(fail(2, load).contains("--allow-host"));
    succeed(load.into_iter().chain(["--allow-host", host]));
    let out = folder.path().join("o.csv");
    for layer in ["cli_predios", "public.cli_predios__2026_01_10"] {
        let kept = write(folder.path(), "kept.toml", source("predios", &database, &format!("layer = \"{layer}\"")));
        let (row, codes) = joined(&features, &kept, &out, &["--allow-host", host]);
        assert_eq!((row["predios_key"].as_str(), row["predios_name"].as_str(), codes.len()), ("00123", "Ana", 0));
    }
}
