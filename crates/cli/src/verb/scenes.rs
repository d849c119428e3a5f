//! `scenes`: what products and their metadata say of themselves; no image is unpacked.

mod items;

use std::path::Path;

use geoio::{MetadataFile, ProducerCheck, SafeMetadata};
use raster::{Scene, Warning};
use serde_json::{Value, json};

use crate::args::{Common, Scenes, Search};
use crate::fault::Fault;
use crate::report::{Report, print, printable};

/// Lists the scenes of a folder or zip, or what one metadata file says.
pub(crate) fn scenes(arguments: &Scenes, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let path = &arguments.path;
    if geoio::is_stac(path) {
        return items::items(path, &arguments.search, common);
    }
    refuse_search(&arguments.search)?;
    let is_xml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
    if is_xml { metadata(path, common) } else { products(path, common) }
}

/// Products are listed whole; what would search them must not be passed over in silence.
fn refuse_search(search: &Search) -> Result<(), Fault> {
    let Search { bbox, datetime, collection, ids, max_cloud, allow_folder } = search;
    let given = [
        ("--bbox", bbox.is_some()),
        ("--datetime", datetime.is_some()),
        ("--collection", collection.is_some()),
        ("--ids", ids.is_some()),
        ("--max-cloud", max_cloud.is_some()),
        ("--allow-folder", !allow_folder.is_empty()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Fault::usage(format!("{flag} searches STAC files (.json); products are listed whole"))),
        None => Ok(()),
    }
}

fn products(path: &Path, common: &Common) -> Result<Report, Fault> {
    let found = geoio::find(&[geoio::product_at(path)], Path::new(""))?;
    let mut report = Report::new("scenes");
    let scenes = &found.imagery.scenes;
    if !common.json {
        for scene in scenes {
            let layers: Vec<String> = scene.layers.iter().map(|(role, _)| role.to_string()).collect();
            print(&printable(&format!("{} {} {} {}", scene.date, scene.sensor.id, scene.id, layers.join(","))))?;
        }
    }
    report.fact("scenes", scenes.iter().map(scene_facts).collect::<Vec<Value>>());
    report.fact("skipped", json!(found.skipped));
    report.rejected = found.skipped.len();
    report.warnings = found.warnings;
    let skipped =
        found.skipped.iter().map(|s| Warning::new("scene_skipped", s.reason.clone()).about(s.path.display().to_string()));
    report.warnings.extend(skipped);
    report.say(format!("{} scenes, {} cannot be used", scenes.len(), found.skipped.len()));
    Ok(report)
}

fn scene_facts(scene: &Scene) -> Value {
    let layers: Vec<Value> = scene
        .layers
        .iter()
        .map(|(role, scaling)| json!({ "role": role.to_string(), "scale": scaling.scale, "offset": scaling.offset }))
        .collect();
    json!({
        "id": scene.id, "sensor": scene.sensor.id, "platform": scene.platform, "orbit": scene.orbit,
        "date": scene.date.to_string(), "second": scene.second, "generation": scene.generation,
        "crs": scene.grid.crs.name(), "rows": scene.grid.rows, "cols": scene.grid.cols, "layers": layers,
    })
}

fn metadata(path: &Path, common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("scenes");
    let (lines, facts) = match geoio::metadata_file(path)? {
        MetadataFile::Sentinel2(product) => {
            let failed = product.failed_checks.iter().map(String::as_str);
            report.warnings.extend(failed.map(|check| not_passed(check, path)));
            product_facts(&product)
        }
        MetadataFile::Checks(checks) => {
            let failed = checks.iter().filter(|check| !check.is_passed());
            report.warnings.extend(failed.map(|check| not_passed(&format!("{} {}", check.name, check.status), path)));
            check_facts(&checks)
        }
    };
    if !common.json {
        for line in lines {
            print(&printable(&line))?;
        }
    }
    for (name, value) in facts {
        report.fact(name, value);
    }
    Ok(report)
}

fn not_passed(check: &str, path: &Path) -> Warning {
    Warning::new("producer_check", format!("the producer's own check says {check}")).about(path.display().to_string())
}

type Facts = (Vec<String>, Vec<(&'static str, Value)>);

fn product_facts(product: &SafeMetadata) -> Facts {
    let offsets: Vec<String> = product.offsets.iter().map(|(band, offset)| format!("{band} {offset}")).collect();
    let offsets = if offsets.is_empty() { "none".to_owned() } else { offsets.join(", ") };
    let lines = vec![
        format!("{} {} {}", product.date, product.platform, product.id),
        format!("tile {}, baseline {}, made {}", product.tile, product.baseline, product.generation),
        format!("divided by {}; offsets: {offsets}", product.quantification),
    ];
    let facts = json!({
        "id": product.id, "date": product.date.to_string(), "second": product.second, "platform": product.platform,
        "orbit": product.orbit, "tile": product.tile, "baseline": product.baseline, "generation": product.generation,
        "quantification": product.quantification, "offsets": product.offsets, "nodata": product.nodata,
        "saturated": product.saturated, "images": product.images, "failed_checks": product.failed_checks,
    });
    (lines, vec![("product", facts)])
}

fn check_facts(checks: &[ProducerCheck]) -> Facts {
    let lines = checks.iter().map(|check| format!("{} {} {}", check.status, check.name, check.message)).collect();
    let list: Vec<Value> =
        checks.iter().map(|check| json!({ "name": check.name, "status": check.status, "message": check.message })).collect();
    (lines, vec![("checks", json!(list))])
}
