//! `fetch` from a scripted host: what it refuses, and what it never shows.

#[path = "../../fetch/tests/support/mod.rs"]
mod host;
mod support;
#[path = "support/world.rs"]
mod world;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use host::{Asked, answer};
use serde_json::{Value, json};
use support::{argument, command};
use world::{World, good, item, report, stderr, two_assets};

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
