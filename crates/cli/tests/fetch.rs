//! `fetch` from a scripted host: what it keeps, and what it goes on with.

#[path = "../../fetch/tests/support/mod.rs"]
mod host;
mod support;
#[path = "support/world.rs"]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use host::{Asked, answer, content, file};
use serde_json::{Value, json};
use support::{argument, command};
use world::{World, good, item, report, stderr, two_assets};

#[test]
fn what_fails_is_listed_and_the_rest_is_complete() {
    let items =
        vec![item("a", two_assets("a")), item("b", two_assets("b")), item("c", json!({ "red": { "href": "/c/B04.tif" } }))];
    let world =
        World::new(items, |asked, _| if asked.target == "/b/B08.tif" { answer("404 Not Found", &[], b"") } else { good(asked) });
    let output = world.fetch("assets = [\"red\", \"nir\"]");
    let report = report(&output);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert_eq!((&report["rejected"], &report["fetched"]["files"]), (&json!(2), &json!(3)));
    assert_eq!(report["failures"][0]["path"], "s2/b/B08.tif");
    let told = stderr(&output);
    assert!(told.contains("/b/B08.tif: the host answers 404") && told.contains("item c: has no asset nir; it has red"), "{told}");
    // Of the scene that is not whole there are files, but no item that others could take for whole.
    let place = |path: &str| world.out().join(path);
    assert!(place("s2/a/a.json").is_file() && !place("s2/b/b.json").exists() && place("s2/b/B04.tif").is_file());
    let collection: Value = serde_json::from_slice(&std::fs::read(place("s2/collection.json")).expect("a file")).expect("JSON");
    let items = collection["links"].as_array().expect("links").iter().filter(|link| link["rel"] == "item").count();
    assert_eq!((items, &collection["license"]), (1, &json!("other")));
    let state: Value = serde_json::from_slice(&std::fs::read(place("fetch.json")).expect("a file")).expect("JSON");
    assert_eq!((&state["schema"], state["failures"].as_array().map(Vec::len)), (&json!("atalaya-fetch/1"), Some(1)));
}

#[test]
fn a_call_that_was_stopped_is_gone_on_with() {
    let big = |asked: &Asked| content(3_000_000 + asked.target.len());
    let slow = Arc::new(AtomicBool::new(true));
    let world = World::new(vec![item("a", two_assets("a"))], {
        let slow = Arc::clone(&slow);
        move |asked, _| {
            let bytes = big(asked);
            if slow.load(Ordering::Relaxed) && asked.target == "/a/B08.tif" && asked.method == "GET" {
                let whole = file(asked, &bytes, "\"a\"", usize::MAX).remove(0).0;
                return whole.chunks(100_000).map(|part| (part.to_vec(), Duration::from_millis(100))).collect();
            }
            file(asked, &bytes, "\"a\"", usize::MAX)
        }
    });
    let mut child =
        command(world.arguments("assets = [\"red\", \"nir\"]")).stderr(std::process::Stdio::null()).spawn().expect("started");
    let (begun, work) = (Instant::now(), world.out().join(".work/fetch"));
    let on_the_way = || {
        let entries = std::fs::read_dir(&work).into_iter().flatten().flatten();
        let sizes = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "partial"));
        sizes.filter_map(|entry| Some(entry.metadata().ok()?.len())).any(|bytes| bytes > 300_000 && bytes < 2_900_000)
    };
    while !(on_the_way() && world.out().join("s2/a/B04.tif").exists()) && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // As the system does it to a machine that goes down: no farewell.
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(!world.out().join("s2/a/B08.tif").exists() && !world.out().join("s2/a/a.json").exists());
    slow.store(false, Ordering::Relaxed);
    let before = world.files_asked();
    let output = world.fetch("assets = [\"red\", \"nir\"]");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let last = world.host.asked();
    let rest: Vec<&Asked> =
        last.iter().filter(|asked| asked.method == "GET" && asked.target.contains('.')).skip(before).collect();
    assert_eq!(rest.len(), 1, "only what was on its way is asked for");
    assert!(rest[0].from().is_some_and(|from| from > 300_000), "{:?}", rest[0].head);
    assert!(std::fs::read(world.out().join("s2/a/B08.tif")).expect("a file") == content(3_000_010));
    assert!(!world.out().join(".work").exists());
}

#[test]
fn a_changed_scene_is_brought_again_and_an_altered_file_too() {
    let world = World::new(vec![item("a", two_assets("a"))], |asked, _| good(asked));
    assert_eq!(world.fetch("assets = [\"*\"]").status.code(), Some(0));
    assert_eq!(world.files_asked(), 2);
    std::fs::write(world.out().join("s2/a/B04.tif"), "short").expect("written");
    assert_eq!(world.fetch("assets = [\"*\"]").status.code(), Some(0));
    assert_eq!(world.files_asked(), 3);
    let mut state: Value = serde_json::from_slice(&std::fs::read(world.out().join("fetch.json")).expect("a file")).expect("JSON");
    state["files"][0]["updated"] = json!("2023-01-01T00:00:00Z");
    std::fs::write(world.out().join("fetch.json"), state.to_string()).expect("written");
    assert_eq!(world.fetch("assets = [\"*\"]").status.code(), Some(0));
    assert_eq!(world.files_asked(), 4);
}

#[test]
fn checksums_of_the_provider_must_be_met() {
    let bytes = content(5000);
    let folder = support::scratch();
    std::fs::write(folder.path().join("a"), &bytes).expect("written");
    let sum = geoio::sha256_file(&folder.path().join("a")).expect("a sum");
    let asset = |sum: &str| json!({ "red": { "href": "/B04.tif", "file:checksum": format!("1220{sum}") } });
    let items = vec![item("right", asset(&sum)), item("wrong", asset(&"0".repeat(64))), item("odd", asset("0"))];
    let world = World::new(items, move |asked, _| file(asked, &bytes, "\"a\"", usize::MAX));
    let output = world.fetch("assets = [\"red\"]");
    assert_eq!((output.status.code(), &report(&output)["fetched"]["files"]), (Some(4), &json!(1)));
    assert!(stderr(&output).contains("its SHA-256 is") && stderr(&output).contains("cannot be read"), "{}", stderr(&output));
    assert!(world.out().join("s2/right/B04.tif").is_file() && !world.out().join("s2/wrong/B04.tif").exists());
}

#[test]
fn a_zip_is_held_against_the_manifest_in_it() {
    let folder = support::scratch();
    let product = folder.path().join("S2A.SAFE");
    std::fs::create_dir(&product).expect("a folder");
    let manifest = "<a><dataObject><byteStream size=\"3\"><fileLocation href=\"./a.xml\"/><checksum checksumName=\"MD5\">900150983cd24fb0d6963f7d28e17f72</checksum></byteStream></dataObject></a>";
    let zip = |text: &str, name: &str| {
        std::fs::write(product.join("manifest.safe"), manifest).expect("written");
        std::fs::write(product.join("a.xml"), text).expect("written");
        let path = folder.path().join(name);
        geoio::zip_folder(&product, &path).expect("a zip");
        std::fs::read(path).expect("bytes")
    };
    let (right, wrong) = (zip("abc", "right.zip"), zip("abd", "wrong.zip"));
    let product = |id: &str| item(id, json!({ "product": { "href": format!("/{id}/$value"), "type": "application/zip" } }));
    let world = World::new(vec![product("right"), product("wrong")], move |asked, _| {
        file(asked, if asked.target.contains("right") { &right } else { &wrong }, "\"a\"", usize::MAX)
    });
    let output = world.fetch("assets = [\"product\"]");
    let report = report(&output);
    assert_eq!((output.status.code(), &report["verified_products"]), (Some(4), &json!(1)), "{}", stderr(&output));
    assert!(report["failures"][0]["reason"].as_str().expect("a reason").contains("a.xml: its MD5 is"), "{report}");
    assert!(world.out().join("s2/right/right.zip").is_file() && !world.out().join("s2/wrong/wrong.zip").exists());
}

#[test]
fn a_product_that_is_a_folder_in_a_bucket_comes_whole_and_proven() {
    for (text, code) in [("abc", 0), ("abd", 4)] {
        let asset = json!({ "product": {
            "href": "https://elsewhere.invalid/x.zip", "alternate": { "s3": { "href": "s3://eodata/S2/S2A_X.SAFE" } },
        } });
        let mut world = World::new(Vec::new(), |asked, _| good(asked));
        let manifest = "<a><dataObject><byteStream size=\"3\"><fileLocation href=\"./IMG/a.jp2\"/><checksum checksumName=\"SHA3-256\">3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532</checksum></byteStream></dataObject></a>";
        world.host = World::new(vec![item("a", asset)], move |asked, _| {
            let object =
                |key: &str, bytes: usize| format!("<Contents><Key>S2/S2A_X.SAFE/{key}</Key><Size>{bytes}</Size></Contents>");
            match asked.target.as_str() {
                target if target.contains("list-type=2") => {
                    let list = object("manifest.safe", manifest.len()) + &object("IMG/a.jp2", 3);
                    answer("200 OK", &[], format!("<ListBucketResult>{list}</ListBucketResult>").as_bytes())
                }
                "/eodata/S2/S2A_X.SAFE/manifest.safe" => file(asked, manifest.as_bytes(), "\"m\"", usize::MAX),
                _ => file(asked, text.as_bytes(), "\"a\"", usize::MAX),
            }
        })
        .host;
        let source = world.folder.path().join("source.toml");
        let (api, bucket) = (world.host.at("/"), world.host.at("/eodata"));
        let records = format!(
            "[fetch]\nprovider = \"mine\"\ncollections = [\"s2\"]\nassets = [\"product\"]\nalternate = \"s3\"\n[[fetch.providers]]\nid = \"mine\"\napi = \"{api}\"\n\
             [[fetch.providers.access]]\nhosts = [\"127.0.0.1\"]\nkind = \"s3\"\nkey = \"TEST_KEY\"\nsecret = \"TEST_SECRET\"\nregion = \"default\"\n\
             buckets = {{ eodata = \"{bucket}\" }}\n[network]\nhosts = [\"127.0.0.1\"]\n"
        );
        std::fs::write(&source, records).expect("written");
        let mut call = command(["fetch", argument(&source), "-o", argument(&world.out()), "--json"]);
        let output = call.env("TEST_KEY", "AKID").env("TEST_SECRET", "hunter2").output().expect("started");
        let place = world.out().join("s2/a/S2A_X.SAFE");
        if code == 0 {
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_eq!(report(&output)["verified_products"], 1);
            assert_eq!(std::fs::read_to_string(place.join("IMG/a.jp2")).expect("a file"), "abc");
            let item: Value =
                serde_json::from_slice(&std::fs::read(world.out().join("s2/a/a.json")).expect("a file")).expect("JSON");
            assert_eq!(
                (&item["assets"]["product"]["href"], &item["assets"]["product"]["alternate"]),
                (&json!("./S2A_X.SAFE"), &Value::Null)
            );
        } else {
            // Nothing else is there, so nothing is usable.
            assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
            assert!(stderr(&output).contains("IMG/a.jp2: its SHA3-256 is"), "{}", stderr(&output));
            assert!(!place.join("IMG/a.jp2").exists() && !world.out().join("s2/a/a.json").exists());
        }
    }
}
