//! What the items of a STAC catalogue say of themselves; no image is opened.

use std::path::Path;

use geoio::{ListedItem, ListedScene, StacSpec};
use raster::Warning;
use serde_json::{Value, json};

use crate::args::{Common, Search};
use crate::fault::{Exit, Fault};
use crate::report::{Report, print, printable};

/// Lists the items that a search finds.
pub(super) fn items(path: &Path, search: &Search, common: &Common) -> Result<Report, Fault> {
    let listing = geoio::list_stac(&spec(path, search)?, Path::new(""))?;
    let mut report = Report::new("scenes");
    let mut skipped: Vec<Value> = listing.rejected.iter().map(|one| json!(one)).collect();
    report.warnings = listing.warnings;
    for one in &listing.rejected {
        report.warnings.push(Warning::new("item_skipped", one.reason.clone()).about(one.path.display().to_string()));
    }
    let mut scenes = Vec::new();
    for listed in &listing.items {
        match &listed.scene {
            Ok(scene) => {
                if !common.json {
                    print(&printable(&line(listed, scene)))?;
                }
                scenes.push(facts(listed, scene));
                report.warnings.extend(absent(listed, scene));
            }
            Err(error) => {
                let (origin, reason) = (listed.item.origin.display().to_string(), error.to_string());
                skipped.push(json!({ "path": origin, "reason": reason }));
                report.warnings.push(Warning::new("scene_skipped", reason).about(origin));
            }
        }
    }
    if scenes.is_empty() && listing.seen == listing.items.len() {
        let reason = skipped.first().and_then(|one| one["reason"].as_str()).unwrap_or("it holds no item").to_owned();
        let told = path.display().to_string();
        let reason = if reason.contains(&told) { reason } else { format!("{told}: {reason}") };
        return Err(Fault::new(Exit::Input, reason));
    }
    report.rejected = skipped.len();
    report.say(format!("{} of {} items, {} cannot be used", scenes.len(), listing.seen, skipped.len()));
    report.fact("seen", listing.seen);
    report.fact("scenes", scenes);
    report.fact("skipped", skipped);
    Ok(report)
}

fn spec(path: &Path, search: &Search) -> Result<StacSpec, Fault> {
    let bbox = search.bbox.as_ref().map(|corners| <[f64; 4]>::try_from(corners.as_slice()));
    Ok(StacSpec {
        path: path.to_owned(),
        bbox: bbox.transpose().map_err(|_| Fault::usage("--bbox: expected west,south,east,north"))?,
        datetime: search.datetime.clone(),
        collections: search.collection.clone(),
        ids: search.ids.clone(),
        max_cloud: search.max_cloud,
        folders: (!search.allow_folder.is_empty()).then(|| search.allow_folder.clone()),
        ..StacSpec::default()
    })
}

fn line(listed: &ListedItem, scene: &ListedScene) -> String {
    let layers: Vec<String> = scene.layers.iter().map(|layer| layer.role.to_string()).collect();
    let cloud = listed.item.cloud_cover.map_or_else(|| "cloud not told".to_owned(), |cover| format!("cloud {cover} %"));
    format!("{} {} {} {} {cloud}", listed.item.when(), scene.sensor, listed.item.id, layers.join(","))
}

fn facts(listed: &ListedItem, scene: &ListedScene) -> Value {
    let item = &listed.item;
    let layers: Vec<Value> = scene
        .layers
        .iter()
        .map(|layer| {
            json!({
                "role": layer.role.to_string(), "asset": layer.asset, "href": layer.href, "there": layer.is_there,
                "scale": layer.scaling.map(|s| s.scale), "offset": layer.scaling.map(|s| s.offset),
            })
        })
        .collect();
    json!({
        "id": item.id, "collection": item.collection, "stac_version": item.version, "datetime": item.when(), "bbox": item.bbox(),
        "cloud_cover": item.cloud_cover, "sensor": scene.sensor, "platform": scene.platform, "layers": layers,
        "item": item.origin.display().to_string(),
    })
}

/// What a job could not read of a scene.
fn absent(listed: &ListedItem, scene: &ListedScene) -> Option<Warning> {
    let absent: Vec<String> = scene.layers.iter().filter(|layer| !layer.is_there).map(|layer| layer.role.to_string()).collect();
    let message = format!("no file of this machine that is there for {}: a job reads what is", absent.join(", "));
    (!absent.is_empty()).then(|| Warning::new("layer_missing", message).about(listed.item.origin.display().to_string()))
}
