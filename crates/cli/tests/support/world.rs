//! A provider of scenes as a scripted host.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::host::{Asked, Host, Pieces, answer, content, file};
use crate::support::{argument, atalaya, scratch};

/// A provider of its own: an interface with scenes `a`, `b`.., and their files, as `file_of` gives them.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn told(json: &Value) -> Pieces {
    answer("200 OK", &[], json.to_string().as_bytes())
}

pub(crate) fn item(id: &str, assets: Value) -> Value {
    json!({
        "type": "Feature", "stac_version": "1.0.0", "id": id, "collection": "s2", "geometry": null, "bbox": [0, 0, 1, 1],
        "links": [{ "rel": "self", "href": format!("/items/{id}") }],
        "properties": { "datetime": "2024-01-01T10:00:00Z", "updated": "2024-01-02T00:00:00Z" }, "assets": assets,
    })
}

impl World {
    pub(crate) fn new(items: Vec<Value>, file_of: impl Fn(&Asked, usize) -> Pieces + Send + Sync + 'static) -> Self {
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
        Self { host, folder: scratch() }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes the source: `more` goes behind the keys of [fetch].
    pub(crate) fn source(&self, more: &str) -> PathBuf {
        let path = self.folder.path().join("source.toml");
        let api = self.host.at("/");
        let text = format!("[fetch]\napi = \"{api}\"\ncollections = [\"s2\"]\n{more}\n[network]\nhosts = [\"127.0.0.1\"]\n");
        std::fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn arguments(&self, more: &str) -> Vec<String> {
        let source = self.source(more);
        ["fetch", argument(&source), "-o", argument(&self.out()), "--json"].map(str::to_owned).to_vec()
    }

    pub(crate) fn fetch(&self, more: &str) -> Output {
        atalaya(self.arguments(more))
    }

    /// How often files were asked for.
    pub(crate) fn files_asked(&self) -> usize {
        self.host.asked().iter().filter(|asked| asked.method == "GET" && asked.target.contains('.')).count()
    }
}

pub(crate) fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {}", stderr(output)))
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn two_assets(id: &str) -> Value {
    json!({ "red": { "href": format!("/{id}/B04.tif") }, "nir": { "href": format!("/{id}/B08.tif") } })
}

pub(crate) fn good(asked: &Asked) -> Pieces {
    file(asked, &content(2000 + asked.target.len()), "\"a\"", usize::MAX)
}
