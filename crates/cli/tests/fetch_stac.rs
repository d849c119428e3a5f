//! `fetch` from a real STAC API: stac-fastapi over pgstac, as `scripts/stac-server` runs it.

#[path = "../../fetch/tests/support/mod.rs"]
mod host;
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use host::{Host, content, file};
use serde_json::{Value, json};
use support::{argument, succeed};

/// Address of the server; `None` (and a line that says so) where there is none.
fn server(test: &str) -> Option<String> {
    let Ok(address) = std::env::var("ATALAYA_STAC") else {
        assert!(
            std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(),
            "a STAC server is required: scripts/stac-server with COMMAND"
        );
        support::skipped(test, "no STAC server (scripts/stac-server install; scripts/stac-server with COMMAND)");
        return None;
    };
    Some(address)
}

/// Puts a document into the server.
fn post(server: &str, path: &str, document: &Value) {
    let place = server.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(place).expect("a connection");
    let body = document.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {place}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

const COLLECTION: &str = "atalaya-test-s2";

fn collection() -> Value {
    json!({
        "type": "Collection", "stac_version": "1.0.0", "id": COLLECTION, "description": "Simulated scenes", "license": "CC0-1.0",
        "extent": { "spatial": { "bbox": [[-75, 0, -73, 2]] }, "temporal": { "interval": [["2024-01-01T00:00:00Z", null]] } }, "links": [],
    })
}

/// The scene of a day of January: as cloudy, in percent, as the day; the files on the host that gives them.
fn item(files: &Host, day: usize, cloud: f64) -> Value {
    let id = format!("S2A_202401{day:02}");
    let asset = |name: &str| json!({ "href": files.at(&format!("/{id}/{name}.tif")).to_string(), "type": "image/tiff", "roles": ["data"] });
    let mut red = asset("red");
    red["file:size"] = json!(size(&format!("/{id}/red.tif")));
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id, "collection": COLLECTION, "links": [],
        "bbox": [-74.0, 1.0, -73.9, 1.1],
        "geometry": { "type": "Polygon", "coordinates": [[[-74.0, 1.0], [-73.9, 1.0], [-73.9, 1.1], [-74.0, 1.1], [-74.0, 1.0]]] },
        "properties": { "datetime": format!("2024-01-{day:02}T15:00:00Z"), "eo:cloud_cover": cloud },
        "assets": { "red": red, "scl": asset("scl"), "thumbnail": asset("thumbnail") },
    })
}

/// Every file has a length of its own.
fn size(target: &str) -> usize {
    1000 + target.bytes().map(usize::from).sum::<usize>()
}

fn bytes(target: &str) -> Vec<u8> {
    content(size(target))
}

fn report(stdout: &str) -> Value {
    serde_json::from_str(stdout).expect("a report")
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn scenes_come_page_by_page_and_later_only_new_ones() {
    let Some(server) = server("scenes_come_page_by_page_and_later_only_new_ones") else { return };
    let files = Host::new(|asked, _| file(asked, &bytes(&asked.target), "\"a\"", usize::MAX));
    post(&server, "/collections", &collection());
    for day in 1..=25 {
        post(&server, &format!("/collections/{COLLECTION}/items"), &item(&files, day, day as f64));
    }
    let folder = support::scratch();
    let (source, out) = (folder.path().join("source.toml"), folder.path().join("scenes"));
    let text = format!(
        "[fetch]\napi = \"{server}\"\ncollections = [\"{COLLECTION}\"]\nbbox = [-74.5, 0.5, -73.5, 1.5]\ndatetime = \"2024-01-03/..\"\n\
         max_cloud = 20\nassets = [\"red\", \"scl\"]\npage = 7\n\n[network]\nhosts = [\"127.0.0.1\"]\n"
    );
    std::fs::write(&source, text).expect("written");
    let arguments = ["fetch", argument(&source), "-o", argument(&out), "--json", "-q"];

    // Days 3 to 20 are clear enough: 18 scenes of two files, on three pages.
    let planned = report(&succeed(arguments.iter().copied().chain(["--dry-run"])));
    let targets: Vec<String> =
        (3..=20).flat_map(|day| ["red", "scl"].map(|name| format!("/S2A_202401{day:02}/{name}.tif"))).collect();
    let whole: usize = targets.iter().map(|target| size(target)).sum();
    assert_eq!(planned["estimate"], json!({ "bytes": whole, "files_of_unknown_size": 0 }));
    assert!(!out.exists() && files.asked().iter().all(|asked| asked.method == "HEAD"), "a plan brings nothing");

    let first = report(&succeed(arguments));
    assert_eq!((&first["items"], &first["pages"]), (&json!(18), &json!(3)));
    assert_eq!(first["fetched"], json!({ "files": 36, "bytes": whole }));
    for target in &targets {
        let path = out.join(COLLECTION).join(target.trim_start_matches('/'));
        assert!(std::fs::read(&path).expect("a file") == bytes(target), "{target}");
    }
    let catalogue = json_of(&out.join("catalog.json"));
    assert_eq!(catalogue["links"][1]["href"], format!("./{COLLECTION}/collection.json"));
    let scenes = json_of(&out.join(COLLECTION).join("collection.json"));
    assert_eq!((&scenes["license"], scenes["links"].as_array().expect("links").len()), (&json!("CC0-1.0"), 20));
    let scene = json_of(&out.join(COLLECTION).join("S2A_20240103/S2A_20240103.json"));
    assert_eq!(scene["assets"].as_object().expect("assets").keys().collect::<Vec<_>>(), ["red", "scl"]);
    assert_eq!(scene["assets"]["red"]["href"], "./red.tif");
    let sum = geoio::sha256_file(&out.join(COLLECTION).join("S2A_20240103/red.tif")).expect("a sum");
    assert_eq!(scene["assets"]["red"]["file:checksum"], format!("1220{sum}"));
    assert!(!out.join(".work").exists(), "nothing is left of the way");

    let before = files.asked().len();
    let second = report(&succeed(arguments));
    assert_eq!((&second["fetched"]["files"], &second["files"]["known"]), (&json!(0), &json!(36)));
    assert_eq!(files.asked().len(), before, "what is there is not asked for");

    post(&server, &format!("/collections/{COLLECTION}/items"), &item(&files, 26, 1.0));
    let third = report(&succeed(arguments));
    assert_eq!((&third["items"], &third["fetched"]["files"]), (&json!(19), &json!(2)));
    let asked: Vec<String> = files.asked()[before..].iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.contains("S2A_20240126")), "{asked:?}");
    let scenes = json_of(&out.join(COLLECTION).join("collection.json"));
    assert_eq!(scenes["links"].as_array().expect("links").len(), 21);
}

#[test]
fn a_search_that_finds_nothing_is_told_as_such() {
    let Some(server) = server("a_search_that_finds_nothing_is_told_as_such") else { return };
    let folder = support::scratch();
    let source = folder.path().join("source.toml");
    let text = format!(
        "[fetch]\napi = \"{server}\"\ncollections = [\"atalaya-none\"]\nassets = [\"*\"]\n\n[network]\nhosts = [\"127.0.0.1\"]\n"
    );
    std::fs::write(&source, text).expect("written");
    let told = support::fail(3, ["fetch", argument(&source), "-o", argument(&folder.path().join("out"))]);
    assert!(told.contains("the search finds nothing"), "{told}");
}
