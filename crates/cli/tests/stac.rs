//! What is promised of STAC: items are read as the products that they describe, and every output tells itself by one.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use geoio::{StacSpec, list_stac};
use serde_json::{Value, json};
use support::region::{Outputs, files};
use support::{argument, atalaya, case, corpus, fail, scratch, skipped, succeed};

/// A simulated region with Sentinel-2 products, and a catalogue with an item for each beside them.
fn region(folder: &Path) -> PathBuf {
    succeed(["synth", argument(folder), "--size", "160", "--every", "8", "--product", "sentinel-2-l2a", "-q"]);
    let imagery = folder.join("imagery");
    let mut links = Vec::new();
    let mut products: Vec<PathBuf> =
        fs::read_dir(&imagery).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    products.sort();
    for product in products {
        let name = product.file_name().expect("a name").to_string_lossy().replace(".SAFE", "");
        let stamp = name.split('_').nth(2).expect("a day");
        let day = format!("{}-{}-{}", &stamp[..4], &stamp[4..6], &stamp[6..8]);
        let mut assets = json!({});
        for path in files(&product).into_keys().filter(|path| path.extension().is_some_and(|end| end == "jp2")) {
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let key = stem.splitn(3, '_').nth(2).expect("a band").to_owned();
            let band = key.split('_').next().expect("a band");
            assets[&key] = json!({
                "href": format!("./{name}.SAFE/{}", path.display()), "type": "image/jp2", "roles": ["data"],
                "proj:code": "EPSG:32618", "bands": [{ "name": band }],
                "file:checksum": format!("1220{}", geoio::sha256_file(&product.join(&path)).expect("a sum")),
            });
        }
        let item = json!({
            "type": "Feature", "stac_version": "1.1.0", "id": name, "geometry": null, "links": [], "assets": assets,
            "properties": {
                "datetime": format!("{day}T15:26:41Z"), "platform": "sentinel-2a", "constellation": "sentinel-2", "eo:cloud_cover": 10,
                "product:type": "S2MSI2A", "processing:version": "05.09",
            },
        });
        fs::write(imagery.join(format!("{name}.json")), item.to_string()).expect("an item");
        links.push(json!({ "rel": "item", "href": format!("./{name}.json") }));
    }
    let catalogue = json!({ "type": "Catalog", "stac_version": "1.1.0", "id": "region", "description": "x", "links": links });
    let path = imagery.join("catalog.json");
    fs::write(&path, catalogue.to_string()).expect("a catalogue");
    path
}

#[test]
fn one_ground_gives_one_map_from_products_and_from_the_items_that_describe_them() {
    let scratch = scratch();
    let catalogue = region(scratch.path());
    let job = scratch.path().join("job.toml");
    succeed(["run", argument(&job), "-q"]);
    let of_products = Outputs::read(&scratch.path().join("out"));
    let text = fs::read_to_string(&job).expect("a job");
    let stac = text
        .replace(
            "product = \"sentinel-2-l2a\"\npath = \"imagery\"",
            "product = \"stac\"\npath = \"imagery/catalog.json\"\nmax_cloud = 40",
        )
        .replace("folder = \"out\"", "folder = \"items\"");
    fs::write(scratch.path().join("stac.toml"), stac).expect("a job");
    succeed(["run", argument(&scratch.path().join("stac.toml")), "-q"]);
    let of_items = Outputs::read(&scratch.path().join("items"));
    assert!(!of_products.alerts().is_empty(), "the ground has clearings");
    for file in ["change.tif", "days.tif", "magnitude.tif", "observations.tif", "summary.csv"] {
        assert!(of_products.files[file] == of_items.files[file], "{file}");
    }
    let inputs = of_items.json("run.json")["inputs"].to_string();
    assert!(inputs.contains("imagery/catalog.json") && inputs.contains("_B8A_20m.jp2"), "what was read is recorded");
    assert!(!inputs.contains("manifest.safe"));
    // An asset that is not what its item says leaves its scene out, by name.
    let item = fs::read_dir(catalogue.parent().expect("a folder"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("catalog.json"))
        .min()
        .expect("an item");
    let text = fs::read_to_string(&item).expect("an item");
    let at = text.find("\"1220").expect("a checksum") + 5;
    fs::write(&item, format!("{}{}{}", &text[..at], "0".repeat(8), &text[at + 8..])).expect("written");
    let output = atalaya(["check", argument(&scratch.path().join("stac.toml")), "--json"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not the file it describes"));
}

#[test]
fn every_raster_and_the_alerts_have_an_item_with_checksums_and_the_way_to_every_input() {
    let scratch = scratch();
    region(scratch.path());
    succeed(["run", argument(&scratch.path().join("job.toml")), "-q", "--lang", "en"]);
    let out = scratch.path().join("out");
    let outputs = Outputs::read(&out);
    let manifest = outputs.json("run.json");
    let inputs = manifest["inputs"].as_array().expect("inputs");
    for (name, file) in [
        ("change.stac.json", "change.tif"),
        ("days.stac.json", "days.tif"),
        ("magnitude.stac.json", "magnitude.tif"),
        ("observations.stac.json", "observations.tif"),
        ("alerts.stac.json", "alerts.gpkg"),
    ] {
        let item = outputs.json(name);
        let asset = item["assets"].as_object().expect("assets").values().find(|asset| asset["href"] == format!("./{file}"));
        let asset = asset.unwrap_or_else(|| panic!("{name} has {file}"));
        let sum = geoio::sha256_file(&out.join(file)).expect("a sum");
        assert_eq!(asset["file:checksum"], format!("1220{sum}"), "{name}");
        assert_eq!(asset["file:size"], outputs.files[file].len(), "{name}");
        let derived: Vec<&Value> =
            item["links"].as_array().expect("links").iter().filter(|link| link["rel"] == "derived_from").collect();
        assert_eq!(derived.len(), inputs.len(), "{name}");
        for link in derived {
            let path = out.join(link["href"].as_str().expect("an href"));
            let sum = geoio::sha256_file(&path).expect("the way leads to the input");
            assert_eq!(link["file:checksum"], format!("1220{sum}"));
        }
    }
    let classes = &outputs.json("change.stac.json")["assets"]["data"]["bands"][0]["classification:classes"];
    assert_eq!(classes.as_array().expect("classes").len(), 5);
    // Our own reader finds all of them; none is a scene of a day, and each says why.
    let listing = list_stac(&StacSpec { path: "collection.json".into(), ..StacSpec::default() }, &out).expect("a listing");
    assert_eq!((listing.items.len(), listing.rejected.len()), (5, 0));
    let boxes: Vec<_> = listing.items.iter().map(|one| one.item.bbox()).collect();
    assert!(boxes.iter().all(|bbox| bbox.is_some() && *bbox == boxes[0]), "{boxes:?}");
    validate("every_raster_and_the_alerts_have_an_item", &out);
}

/// Holds the STAC files of a folder against the schemas of the specification and its extensions, where Python and they are there.
fn validate(test: &str, folder: &Path) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/validators");
    let shared = std::env::var_os("ATALAYA_SHARED").map_or(shared, |place| Path::new(&place).join("validators"));
    let python = std::env::var("ATALAYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let knows = Command::new(&python).args(["-c", "import pystac, jsonschema, referencing"]).output();
    if !shared.is_dir() || !knows.is_ok_and(|output| output.status.success()) {
        return skipped(test, "no Python with pystac and jsonschema (ATALAYA_PYTHON), or no schemas");
    }
    let stac = files(folder).into_keys().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".stac.json") || name == "collection.json"
    });
    let output = Command::new(&python)
        .args(["-B", argument(&shared.join("stac_offline.py")), argument(&shared.join("stac-schemas"))])
        .args(stac.map(|path| folder.join(path)))
        .output()
        .expect("Python starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_index_tells_itself_by_an_item_that_a_job_reads_as_a_ready_made_index() {
    let scratch = scratch();
    let catalogue = region(scratch.path());
    let mut items: Vec<PathBuf> = fs::read_dir(catalogue.parent().expect("a folder"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("catalog.json"))
        .collect();
    items.sort();
    let out = scratch.path().join("ndvi.tif");
    succeed(["index", "NDVI", argument(&items[0]), "--mask", "default", "-o", argument(&out), "--stac", "-q"]);
    let item: Value = serde_json::from_slice(&fs::read(scratch.path().join("ndvi.stac.json")).expect("an item")).expect("JSON");
    assert_eq!(item["assets"]["data"]["bands"][0]["name"], "NDVI");
    assert!(item["properties"]["datetime"].as_str().is_some_and(|when| when.ends_with("T15:26:41Z")), "{item}");
    let told = succeed(["scenes", argument(&scratch.path().join("ndvi.stac.json")), "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["scenes"][0]["layers"][0]["role"], &told["scenes"][0]["layers"][0]["there"]),
        (&json!("ndvi"), &json!(true))
    );
    validate("an_index_tells_itself_by_an_item", scratch.path());
    // What stands in its place is not replaced, and the raster is not written either.
    fs::remove_file(&out).expect("removed");
    let line = fail(5, ["index", "NDVI", argument(&items[0]), "-o", argument(&out), "--stac", "-q"]);
    assert!(line.contains("ndvi.stac.json") && !out.exists(), "{line}");
    let forest = scratch.path().join("forest.tif");
    let bands = format!("red={0},nir={0}", forest.display());
    let line =
        fail(2, ["index", "NDVI", "--bands", &bands, "--scale", "1", "--no-guard", "-o", argument(&out), "--stac", "--force"]);
    assert!(line.contains("day of the scene"), "{line}");
}

#[test]
fn scenes_lists_what_a_search_finds_and_why_the_rest_is_none() {
    let scratch = scratch();
    let catalogue = region(scratch.path());
    let count = |arguments: &[&str]| {
        let told = succeed(["scenes", argument(&catalogue), "--json", "-q"].iter().chain(arguments));
        let told: Value = serde_json::from_str(&told).expect("JSON");
        told["scenes"].as_array().expect("scenes").len()
    };
    let all = count(&[]);
    assert!(all > 3);
    let first = count(&["--datetime", "../2021-12-31"]);
    assert!(first > 0 && first < all);
    assert_eq!(count(&["--datetime", "2022-01-01/.."]), all - first);
    assert_eq!((count(&["--max-cloud", "9"]), count(&["--max-cloud", "10"])), (0, all));
    assert!(fail(2, ["scenes", argument(&catalogue), "--bbox=-75,5,-74,4"]).contains("bbox"));
    // The items of this catalogue have no place: that is told, and not taken for "elsewhere".
    let output = atalaya(["scenes", argument(&catalogue), "--bbox=-75,4,-74,5"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("do not tell their place"));
    assert!(fail(2, ["scenes", argument(scratch.path()), "--ids", "x"]).contains("--ids"));
}

#[test]
fn items_of_the_specification_and_of_stactools_are_told_as_they_are() {
    let Some(folder) = case("items_of_the_specification", "09_stac") else { return };
    let spec = |path: &str| StacSpec { path: path.into(), folders: Some(vec![folder.clone()]), ..StacSpec::default() };
    let listing = |path: &str| list_stac(&spec(path), &folder).expect("a listing");
    // As pystac 1.15.2 reads them: id, version, datetime, collection.
    let landsat = "landsat/landsat-c2-l2/LC09_L2SP_010065_20220129_02_T1/LC09_L2SP_010065_20220129_02_T1.json";
    let one = &listing(landsat).items[0];
    assert_eq!((one.item.when().as_str(), one.item.cloud_cover), ("2022-01-29T15:28:34.396428Z", Some(21.12)));
    let scene = one.scene.as_ref().expect("a scene");
    let roles: Vec<String> = scene.layers.iter().map(|layer| layer.role.to_string()).collect();
    assert_eq!(roles, ["coastal", "blue", "green", "red", "nir08", "swir16", "swir22", "qa", "qa_radsat"]);
    assert!(scene.layers.iter().take(7).all(|layer| layer.scaling.is_some_and(|s| (s.scale, s.offset) == (2.75e-5, -0.2))));
    let old = listing("landsat/landsat-c2-l2/LT05_L2SP_010067_19860424_02_T2/LT05_L2SP_010067_19860424_02_T2.json");
    assert_eq!(old.items[0].scene.as_ref().expect("a scene").sensor, "landsat-tm");
    // Level 1, top of the atmosphere: items, and no scenes.
    let level_1 = listing("pystac/example-catalog/catalog.json");
    assert_eq!((level_1.items.len(), level_1.items.iter().filter(|one| one.scene.is_ok()).count()), (4, 0));
    let extended = listing("stac-spec-1.1.0/extended-item.json");
    assert_eq!(extended.items[0].item.version, "1.1.0-beta.1");
    assert_eq!(extended.items[0].scene.as_ref().expect("a scene").layers.len(), 4);
    let null = listing("stac-spec-1.1.0/core-item.json");
    assert_eq!(null.items[0].item.when(), "2020-12-11T22:38:32.125Z/2020-12-11T22:38:32.327Z");
}

#[test]
fn hostile_items_are_refused_in_one_line_that_names_file_and_cause() {
    let Some(folder) = corpus("hostile_items", "stac") else { return };
    for (name, cause) in [
        ("naive_datetime.json", "time zone"),
        ("href_file_url.json", "leads out"),
        ("href_vsi.json", "virtual file system"),
        ("id_path.json", "is a path"),
        ("overlapping_sources_with_nodata.json", ":18:7:"),
    ] {
        let line = fail(3, ["scenes", argument(&folder.join(name)), "-q"]);
        assert!(line.contains(name) && line.contains(cause), "{line}");
    }
}
