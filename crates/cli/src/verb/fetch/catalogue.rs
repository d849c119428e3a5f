//! The local STAC catalogue: items whose files are all there, with addresses that lead to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fetch::Client;
use fetch::stac::Api;
use serde_json::{Map, Value, json};

use super::bring::Brought;
use super::kept::{Kept, KeptItem, write_json};
use super::wanted::{Wanted, WantedItem};
use crate::fault::Fault;

/// Version of STAC of what is not the provider's.
const VERSION: &str = "1.1.0";

/// The extension that checksums and sizes stand in.
const FILE: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";

/// Writes items, collections and the catalogue, whose path is given back. Items of earlier calls stay in it.
pub(super) fn write(api: &Api, client: &Client, wanted: &Wanted<'_>, brought: &mut Brought) -> Result<PathBuf, Fault> {
    let complete: Vec<&WantedItem<'_>> = wanted.items.iter().filter(|item| !brought.failed(item)).collect();
    for item in complete {
        let path = format!("{}/{}.json", item.folder, item.item.id);
        write_json(&brought.kept.out().join(&path), &localised(item, &brought.kept))?;
        brought.kept.take_item(KeptItem {
            id: item.item.id.clone(),
            collection: item.item.collection.clone(),
            path,
            datetime: item.item.datetime.clone(),
            bbox: bbox(&item.item.json["bbox"]),
        });
    }
    let kept = &brought.kept;
    let mut collections: BTreeMap<&str, Vec<&KeptItem>> = BTreeMap::new();
    let mut links = vec![link("root", "./catalog.json", "application/json")];
    for item in kept.all_items() {
        match &item.collection {
            Some(collection) => collections.entry(collection).or_default().push(item),
            None => links.push(link("item", &format!("./{}", item.path), "application/geo+json")),
        }
    }
    for (id, items) in collections {
        let path = format!("{id}/collection.json");
        let earlier =
            || serde_json::from_slice(&std::fs::read(kept.out().join(&path)).ok()?).ok().filter(|known| !is_ours(known));
        let document = match api.collection(client, id) {
            Ok(Some(document)) => document,
            // That it is not described is no reason to lose what has come, nor an earlier description.
            Ok(None) | Err(_) => earlier().unwrap_or_else(|| described(id, &items)),
        };
        write_json(&kept.out().join(&path), &collection(document, id, &items))?;
        links.push(link("child", &format!("./{path}"), "application/json"));
    }
    let catalogue = kept.out().join("catalog.json");
    let description = "Scenes that atalaya fetch has brought; their files are beside them, with their SHA-256";
    write_json(
        &catalogue,
        &json!({ "type": "Catalog", "stac_version": VERSION, "id": "fetched", "description": description, "links": links }),
    )?;
    Ok(catalogue)
}

fn link(rel: &str, href: &str, kind: &str) -> Value {
    json!({ "rel": rel, "href": href, "type": kind })
}

/// The item as its provider gives it, but with files that are here, and with no others.
fn localised(wanted: &WantedItem<'_>, kept: &Kept) -> Value {
    let mut json = wanted.item.json.clone();
    let mut assets = Map::new();
    for (key, name) in &wanted.assets {
        let mut asset = wanted.item.json["assets"][key].as_object().cloned().unwrap_or_default();
        for remote in ["alternate", "checksum:multihash", "file:checksum", "file:size"] {
            asset.remove(remote);
        }
        asset.insert("href".to_owned(), json!(format!("./{name}")));
        // A product that is a folder has no sum of its own: its manifest has those of its files.
        if let Some(file) = kept.at(&format!("{}/{name}", wanted.folder)) {
            asset.insert("file:size".to_owned(), json!(file.bytes));
            asset.insert("file:checksum".to_owned(), json!(format!("1220{}", file.sha256)));
        }
        assets.insert(key.clone(), Value::Object(asset));
    }
    json["assets"] = Value::Object(assets);
    let mut links = vec![link("root", "../../catalog.json", "application/json")];
    if wanted.item.collection.is_some() {
        links.push(link("collection", "../collection.json", "application/json"));
        links.push(link("parent", "../collection.json", "application/json"));
    } else {
        links.push(link("parent", "../../catalog.json", "application/json"));
    }
    if let Some(own) = &wanted.item.own {
        links.push(link("via", &own.to_string(), "application/geo+json"));
    }
    json["links"] = json!(links);
    let mut extensions = json["stac_extensions"].as_array().cloned().unwrap_or_default();
    if !extensions.iter().any(|known| known.as_str().is_some_and(|known| known.contains("/file/"))) {
        extensions.push(json!(FILE));
    }
    json["stac_extensions"] = json!(extensions);
    json
}

/// What stands for a description that its provider does not give.
const UNDESCRIBED: &str =
    "Its provider gives no description of this collection; extent by the items that were fetched, licence not known";

/// Whether a collection was described here.
fn is_ours(collection: &Value) -> bool {
    collection["description"] == UNDESCRIBED
}

/// The collection as its provider describes it, with links to the items that are here.
fn collection(mut json: Value, id: &str, items: &[&KeptItem]) -> Value {
    let licences =
        json["links"].as_array().map(|links| links.iter().filter(|link| link["rel"] == "license").cloned().collect::<Vec<_>>());
    let mut links =
        vec![link("root", "../catalog.json", "application/json"), link("parent", "../catalog.json", "application/json")];
    links.extend(licences.unwrap_or_default());
    for item in items {
        let path = item.path.strip_prefix(&format!("{id}/")).unwrap_or(&item.path);
        links.push(link("item", &format!("./{path}"), "application/geo+json"));
    }
    json["links"] = json!(links);
    if let Some(object) = json.as_object_mut() {
        // Pictures of the collection lie elsewhere.
        object.remove("assets");
    }
    json
}

/// A collection that its provider does not describe, by its items.
fn described(id: &str, items: &[&KeptItem]) -> Value {
    let boxes: Vec<[f64; 4]> = items.iter().filter_map(|item| item.bbox).collect();
    let whole = boxes.into_iter().reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    let whole = whole.unwrap_or([-180.0, -90.0, 180.0, 90.0]);
    let mut days: Vec<&str> = items.iter().filter_map(|item| item.datetime.as_deref()).collect();
    days.sort_unstable();
    json!({
        "type": "Collection", "stac_version": VERSION, "id": id, "license": "other",
        "description": UNDESCRIBED,
        "extent": { "spatial": { "bbox": [whole] }, "temporal": { "interval": [[days.first(), days.last()]] } },
        "links": [],
    })
}

/// West, south, east, north of a box of two or three dimensions.
fn bbox(json: &Value) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = json.as_array()?.iter().filter_map(Value::as_f64).collect();
    match numbers[..] {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([west, south, east, north]),
        _ => None,
    }
}
