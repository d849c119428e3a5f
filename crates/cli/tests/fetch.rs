//! `fetch` from a scripted host: what it refuses, what it keeps, what it goes on with, and what it never shows.

#[path = "../../fetch/tests/support/mod.rs"]
mod host;
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use host::{Asked, Host, Pieces, answer, content, file};
use serde_json::{Value, json};
use support::{argument, atalaya, command};

/// A provider of its own: an interface with scenes `a`, `b`.., and their files, as `file_of` gives them.
struct World {
    host: Host,
    folder: tempfile::TempDir,
}

fn told(json: &Value) -> Pieces {
    answer("200 OK", &[], json.to_string().as_bytes())
}

fn item(id: &str, assets: Value) -> Value {
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id, "collection": "s2", "geometry": null, "bbox": [0, 0, 1, 1],
        "links": [{ "rel": "self", "href": format!("/items/{id}") }],
        "properties": { "datetime": "2024-01-01T10:00:00Z", "updated": "2024-01-02T00:00:00Z" }, "assets": assets,
    })
}

impl World {
    fn new(items: Vec<Value>, file_of: impl Fn(&Asked, usize) -> Pieces + Send + Sync + 'static) -> Self {
        let items = json!(items);
        let host = Host::new(move |asked, count| match asked.target.as_str() {
            "/" => {
                let search = json!([{ "rel": "search", "href": "/search", "method": "POST" }]);
                told(&json!({ "type": "Catalog", "stac_version": "1.0.0", "id": "x", "links": search, "conformsTo": [] }))
            }
            "/search" => told(&json!({ "type": "FeatureCollection", "features": items })),
            "/collections/s2" => answer("404 Not Found", &[], b""),
            _ => file_of(asked, count),
        });
        Self { host, folder: support::scratch() }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes the source: `more` goes behind the keys of [fetch].
    fn source(&self, more: &str) -> PathBuf {
        let path = self.folder.path().join("source.toml");
        let api = self.host.at("/");
        let text = format!("[fetch]\napi = \"{api}\"\ncollections = [\"s2\"]\n{more}\n[network]\nhosts = [\"127.0.0.1\"]\n");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn arguments(&self, more: &str) -> Vec<String> {
        let source = self.source(more);
        ["fetch", argument(&source), "-o", argument(&self.out()), "--json"].map(str::to_owned).to_vec()
    }

    fn fetch(&self, more: &str) -> Output {
        atalaya(self.arguments(more))
    }

    /// How often files were asked for.
    fn files_asked(&self) -> usize {
        self.host.asked().iter().filter(|asked| asked.method == "GET" && asked.target.contains('.')).count()
    }
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {}", stderr(output)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn two_assets(id: &str) -> Value {
    json!({ "red": { "href": format!("/{id}/B04.tif") }, "nir": { "href": format!("/{id}/B08.tif") } })
}

fn good(asked: &Asked) -> Pieces {
    file(asked, &content(2000 + asked.target.len()), "\"a\"", usize::MAX)
}

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

/// Every text that a call gives or leaves.
fn everything(output: &Output, folder: &Path, skipped: &[&Path]) -> String {
    let mut all = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(output));
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if !skipped.contains(&entry.path().as_path()) {
                all.push_str(&entry.path().display().to_string());
                all.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).expect("bytes")));
            }
        }
    }
    all
}

#[test]
fn a_secret_stands_in_no_output() {
    const SECRET: &str = "hunter2-5c1d9";
    // A host that throws back whatever it is shown, and signs addresses.
    let echo = |asked: &Asked| {
        let back = format!("{} {}", asked.head, asked.target);
        match asked.target.as_str() {
            "/token/s2" => answer("200 OK", &[], format!("{{\"token\":\"sig={SECRET}\"}}").as_bytes()),
            target if target.starts_with("/moved.tif") => {
                answer("302 Found", &[("location", &format!("/gone?sig={SECRET}"))], b"")
            }
            target if target.starts_with("/good.tif") => good(asked),
            _ => answer("403 Forbidden", &[("x-back", back.trim_end().lines().last().unwrap_or_default())], back.as_bytes()),
        }
    };
    let items = || {
        ["good.tif", "moved.tif", "refused.tif"]
            .iter()
            .map(|name| item(&name[..4], json!({ "red": { "href": format!("/{name}") } })))
            .collect()
    };
    for kind in [
        "kind = \"bearer\"\ntoken = \"TEST_SECRET\"",
        "kind = \"basic\"\nuser = \"TEST_SECRET\"\npassword = \"TEST_SECRET\"",
        "kind = \"s3\"\nkey = \"TEST_SECRET\"\nsecret = \"TEST_SECRET\"\nregion = \"x\"",
        "kind = \"oauth2\"\ntoken = \"HOST/nowhere\"\nclient_id = \"TEST_SECRET\"\nclient_secret = \"TEST_SECRET\"",
        "kind = \"signed\"\ntoken = \"HOST/token/{collection}\"",
    ] {
        for by_file in [false, true] {
            let world = World::new(items(), move |asked, _| echo(asked));
            let api = world.host.at("");
            let secrets = world.folder.path().join("secrets.toml");
            std::fs::write(&secrets, format!("TEST_SECRET = \"{SECRET}\"\n")).expect("written");
            std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).expect("a mode");
            let kind = kind.replace("HOST", api.to_string().trim_end_matches('/'));
            let named = if by_file { "secrets = \"secrets.toml\"\n" } else { "" };
            let source = world.folder.path().join("source.toml");
            let text = format!(
                "[fetch]\nprovider = \"mine\"\ncollections = [\"s2\"]\nassets = [\"*\"]\n{named}\n[[fetch.providers]]\nid = \"mine\"\napi = \"{api}\"\n\
                 [[fetch.providers.access]]\nhosts = [\"127.0.0.1\"]\n{kind}\n[network]\nhosts = [\"127.0.0.1\"]\n"
            );
            std::fs::write(&source, text).expect("written");
            let mut call = command([
                "fetch",
                argument(&source),
                "-o",
                argument(&world.out()),
                "--json",
                "-vv",
                "--log-format",
                "json",
                "--progress",
                "json",
            ]);
            if !by_file {
                call.env("TEST_SECRET", SECRET);
            }
            let output = call.output().expect("started");
            assert!(matches!(output.status.code(), Some(3 | 4)), "{kind}: {:?} {}", output.status, stderr(&output));
            let all = everything(&output, world.folder.path(), &[&secrets]);
            assert!(!all.contains(SECRET), "{kind}: the secret stands in an output");
            let shown =
                world.host.asked().iter().any(|asked| asked.head.contains("authorization") || asked.target.contains(SECRET));
            assert!(shown || kind.contains("oauth2"), "{kind}: the host was shown it");
        }
    }
}

#[test]
fn a_file_of_secrets_that_others_may_read_is_refused() {
    let world = World::new(vec![item("a", two_assets("a"))], |asked, _| good(asked));
    let secrets = world.folder.path().join("secrets.toml");
    std::fs::write(&secrets, "TOKEN = \"hunter2\"\n").expect("written");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let output = world.fetch("assets = [\"*\"]\nsecrets = \"secrets.toml\"\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("chmod 600") && !stderr(&output).contains("hunter2"), "{}", stderr(&output));
    assert!(world.host.asked().is_empty());
}

#[test]
fn hosts_that_nobody_named_are_told_all_at_once_and_hear_nothing() {
    let assets = json!({ "red": { "href": "https://one.invalid/a.tif" }, "nir": { "href": "https://two.invalid/b.tif" } });
    let world = World::new(vec![item("a", assets)], |asked, _| good(asked));
    let output = world.fetch("assets = [\"*\"]");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("add \"one.invalid\", \"two.invalid\" to [network] hosts"), "{}", stderr(&output));

    let source = world.folder.path().join("offline.toml");
    let text = format!("[fetch]\napi = \"{}\"\ncollections = [\"s2\"]\nassets = [\"*\"]\n", world.host.at("/"));
    std::fs::write(&source, text).expect("written");
    let before = world.host.asked().len();
    let told = support::fail(2, ["fetch", argument(&source), "-o", argument(&world.out())]);
    assert!(told.contains("--allow-host 127.0.0.1"), "{told}");
    assert_eq!(world.host.asked().len(), before);
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let mut items: Vec<Value> = ["../../evil", "/etc", "..", "a/b"].iter().map(|id| item(id, two_assets("x"))).collect();
    items.push(item("a", json!({ "up": { "href": "/x/..%2f..%2fevil.tif" }, "dot": { "href": "/x/.bashrc.tif" } })));
    let mut collection = item("b", two_assets("b"));
    collection["collection"] = json!("../c");
    items.push(collection);
    let world = World::new(items, |asked, _| good(asked));
    let output = world.fetch("assets = [\"*\"]");
    assert_eq!((output.status.code(), &report(&output)["rejected"]), (Some(4), &json!(5)), "{}", stderr(&output));
    let mut names: Vec<String> = std::fs::read_dir(world.out().join("s2/a"))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name().into_string().expect("text"))
        .collect();
    names.sort();
    assert_eq!(names, ["_2f.._2fevil.tif", "a.json", "bashrc.tif"]);
}

#[test]
fn assets_that_nobody_named_are_asked_for() {
    let world = World::new(vec![item("a", two_assets("a"))], |asked, _| good(asked));
    let output = world.fetch("");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the items have nir, red"), "{}", stderr(&output));
}

#[test]
fn more_than_was_allowed_does_not_come() {
    let world =
        World::new(vec![item("a", json!({ "red": { "href": "/a.tif", "file:size": 3_000_000_000_u64 } }))], |asked, _| {
            good(asked)
        });
    let output = world.fetch("assets = [\"red\"]\nmax_gb = 2.5");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("3000000000 bytes (3.0 GB) would come, more than [fetch] max_gb = 2.5"),
        "{}",
        stderr(&output)
    );
    let many = World::new((0..3).map(|n| item(&format!("i{n}"), two_assets("a"))).collect(), |asked, _| good(asked));
    let output = many.fetch("assets = [\"red\"]\nmax_items = 2");
    assert!(output.status.code() == Some(2) && stderr(&output).contains("more than 2 items"), "{}", stderr(&output));
}

#[test]
fn mistakes_of_the_source_are_told_with_their_key() {
    let world = World::new(Vec::new(), |asked, _| good(asked));
    for (more, expected) in [
        ("bbox = [2, 0, 1, -1]", "[fetch] bbox"),
        ("datetime = \"2024-13-01\"", "[fetch] datetime"),
        ("max_cloud = 130", "[fetch] max_cloud"),
        ("provider = \"earth-search\"", "either `provider`"),
        ("asets = [\"red\"]", "did you mean `assets`?"),
    ] {
        let output = world.fetch(more);
        assert!(output.status.code() == Some(2) && stderr(&output).contains(expected), "{more}: {}", stderr(&output));
    }
    let job = world.folder.path().join("job.toml");
    std::fs::write(&job, "[[imagery]]\nproduct = \"geotiff\"\npath = \"x\"\n[change]\nindex = \"NBR\"\nbaseline = { from = 2020-01-01 }\nmonitoring = { from = 2021-01-01 }\n").expect("written");
    let told = support::fail(2, ["fetch", argument(&job), "-o", argument(&world.out())]);
    assert!(told.contains("has no table [fetch]"), "{told}");
    assert!(world.host.asked().is_empty());
}

#[test]
fn a_folder_is_taken_by_one_call_at_a_time() {
    let world = World::new(vec![item("a", two_assets("a"))], |asked, _| good(asked));
    std::fs::create_dir(world.out()).expect("a folder");
    let held = std::fs::File::open(world.out()).expect("a folder");
    held.lock().expect("a lock");
    assert_eq!(world.fetch("assets = [\"*\"]").status.code(), Some(6));
}

#[test]
fn providers_are_listed_with_the_names_of_their_secrets() {
    let told = support::succeed(["fetch", "--providers"]);
    for word in ["earth-search", "planetary-computer", "copernicus", "CDSE_S3_ACCESS_KEY", "EARTHDATA_TOKEN"] {
        assert!(told.contains(word), "{told}");
    }
}
