//! One STAC file: an item, a collection of items, a collection or a catalogue.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::item::Item;
use super::{asset, version};
use crate::GeoioError;
use crate::open::read_bytes;

/// Largest file that is read: a list of ten thousand items of a provider has some 200 MB.
const MAX_BYTES: u64 = 512 << 20;

/// What a file holds.
pub(super) enum Document {
    /// An item, or the items of a list; each may be none.
    Items {
        /// The items in their order.
        items: Vec<Result<Item, GeoioError>>,
        /// Whether the list goes on on another page.
        goes_on: bool,
    },
    /// A collection or catalogue.
    Folder {
        /// Its id where it is a collection.
        collection: Option<String>,
        /// The `href`s of its children and items, in their order.
        links: Vec<String>,
    },
}

/// A link: how it is related, and where it leads.
#[derive(Deserialize)]
#[serde(expecting = "a link")]
struct Link {
    #[serde(default)]
    rel: String,
    #[serde(default)]
    href: String,
}

/// What tells apart what a file may be.
#[derive(Deserialize)]
#[serde(expecting = "a STAC object")]
struct Head<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    features: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    links: Option<Vec<Link>>,
}

/// Reads a file.
///
/// # Errors
/// [`GeoioError::Stac`] for what is no JSON, with line and column, and for what is no STAC; of a file that is one item also what is
/// wrong with it.
pub(super) fn read(path: &Path) -> Result<Document, GeoioError> {
    let bytes = read_bytes(path, MAX_BYTES)?.ok_or_else(|| GeoioError::stac(path, "it is larger than any STAC file"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| GeoioError::stac(path, "it is not UTF-8 text"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head: Head<'_> = serde_json::from_str(text).map_err(|error| syntax(path, &error))?;
    let links = |rels: &[&str]| -> Vec<String> {
        let own = head.links.iter().flatten().filter(|link| rels.contains(&link.rel.as_str()));
        own.map(|link| link.href.clone()).collect()
    };
    match head.kind.as_deref() {
        Some("Feature") => {
            let value: Value = serde_json::from_str(text).map_err(|error| syntax(path, &error))?;
            Ok(Document::Items { items: vec![Ok(Item::parse(&value, path)?)], goes_on: false })
        }
        Some("FeatureCollection") => {
            let features = head.features.as_deref().unwrap_or_default();
            let item = |raw: &&RawValue| {
                let value: Value = serde_json::from_str(raw.get()).map_err(|error| GeoioError::stac(path, error.to_string()))?;
                Item::parse(&value, path)
            };
            Ok(Document::Items { items: features.iter().map(item).collect(), goes_on: !links(&["next"]).is_empty() })
        }
        Some("Catalog" | "Collection") | None => {
            let value: Value = serde_json::from_str(text).map_err(|error| syntax(path, &error))?;
            let field = |name: &str| value.get(name).and_then(Value::as_str);
            version::check(field("stac_version"), path, "it")?;
            let id = field("id").ok_or_else(|| GeoioError::stac(path, "it has no id"))?;
            // Before 1.0 only a collection has an extent, and nothing else tells the two apart.
            let is_collection = head.kind.as_deref().map_or(value.get("extent").is_some(), |kind| kind == "Collection");
            Ok(Document::Folder { collection: is_collection.then(|| id.to_owned()), links: links(&["child", "item"]) })
        }
        Some(other) => {
            let told = asset::told(other);
            Err(GeoioError::stac(
                path,
                format!("its type is '{told}', and STAC knows Feature, FeatureCollection, Collection, Catalog"),
            ))
        }
    }
}

fn syntax(path: &Path, error: &serde_json::Error) -> GeoioError {
    let said = error.to_string();
    let reason = said.split(" at line ").next().unwrap_or_default().to_owned();
    GeoioError::Stac { path: path.to_owned(), place: Some((error.line(), error.column())), reason }
}
