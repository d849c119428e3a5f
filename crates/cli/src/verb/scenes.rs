//! `scenes`: what products and their metadata say of themselves; no image is unpacked.

mod items;

use std::path::Path;

use geoio::{MetadataFile, ProducerCheck, SafeMetadata, SafeTile, TileGrid};
use raster::sensor::Quantity;
use raster::{Scaling, Scene, Warning};
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
            for line in lines(scene) {
                print(&printable(&line))?;
            }
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

/// What was read of a scene: whose it is, how its numbers become values, what tells its clouds, where it lies.
fn lines(scene: &Scene) -> Vec<String> {
    let sensor = &scene.sensor;
    let layers: Vec<String> = scene.layers.iter().map(|(role, _)| role.to_string()).collect();
    let orbit = scene.orbit.map(|orbit| format!(", orbit {orbit}")).unwrap_or_default();
    let mut lines = vec![
        format!("{} {} {} {}", scene.date, sensor.id, scene.id, layers.join(",")),
        format!("    {}{}{orbit}{}", sensor.title, of(&scene.platform), version(scene)),
    ];
    let mut told: Vec<Scaling> = Vec::new();
    for (_, scaling) in scene.layers.iter().filter(|(role, _)| !role.is_quality()) {
        if told.contains(scaling) {
            continue;
        }
        told.push(*scaling);
        let alike = scene.layers.iter().filter(|(role, other)| other == scaling && !role.is_quality());
        let alike: Vec<String> = alike.map(|(role, _)| role.to_string()).collect();
        lines.push(if *scaling == Scaling::IDENTITY {
            format!("    {} = {}", alike.join(", "), unscaled(scene, &alike))
        } else {
            format!("    {} = stored x {} {:+}", alike.join(", "), scaling.scale, scaling.offset)
        });
    }
    let missing = sensor.missing_mask(None, |role| scene.has(role));
    let masks = sensor.masks.iter().filter(|class| class.default).map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
    lines.push(match missing {
        Some(layer) => format!("    not masked: it has no {layer}"),
        None if masks.is_empty() => "    nothing is masked".to_owned(),
        None => format!("    masked: {masks}"),
    });
    let grid = &scene.grid;
    let place = geoio::crs::bounds_lonlat(grid).map_or_else(
        |_| String::new(),
        |b| format!(", {:.5} to {:.5} east, {:.5} to {:.5} north", b.west, b.east, b.south, b.north),
    );
    lines.push(format!("    {} x {} pixels of {} in {}{place}", grid.cols, grid.rows, grid.step_x, grid.crs.name()));
    lines
}

fn of(platform: &str) -> String {
    if platform.is_empty() { String::new() } else { format!("; {platform}") }
}

/// What numbers are that no factor turns into values.
fn unscaled(scene: &Scene, layers: &[String]) -> &'static str {
    match scene.sensor.quantity {
        Quantity::TopOfAtmosphere if layers.iter().all(|layer| layer.starts_with("lwir")) => "kelvin of brightness",
        Quantity::Decibel => "decibels of power",
        Quantity::Power => "power as stored",
        _ => "stored",
    }
}

/// The version of the usable data mask, which hangs on the day.
fn version(scene: &Scene) -> String {
    if scene.sensor.product == "planetscope" { format!(", UDM {}", geoio::udm2_version(scene.date)) } else { String::new() }
}

fn scene_facts(scene: &Scene) -> Value {
    let layers: Vec<Value> = scene
        .layers
        .iter()
        .map(|(role, scaling)| json!({ "role": role.to_string(), "scale": scaling.scale, "offset": scaling.offset }))
        .collect();
    let masks: Vec<&str> = scene.sensor.masks.iter().filter(|class| class.default).map(|class| class.name.as_str()).collect();
    let missing = scene.sensor.missing_mask(None, |role| scene.has(role)).map(ToString::to_string);
    let footprint = geoio::crs::bounds_lonlat(&scene.grid).ok().map(|b| [b.west, b.south, b.east, b.north]);
    json!({
        "product": scene.sensor.product, "quantity": scene.sensor.quantity, "masks": masks, "missing_mask": missing,
        "footprint": footprint,
        "id": scene.id, "sensor": scene.sensor.id, "platform": scene.platform, "orbit": scene.orbit,
        "date": scene.date.to_string(), "second": scene.second, "generation": scene.generation,
        "crs": scene.grid.crs.text(), "rows": scene.grid.rows, "cols": scene.grid.cols, "layers": layers,
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
        MetadataFile::Tile(tile) => tile_facts(&tile),
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
        format!(
            "{}, tile {}, baseline {}, made {}, {}",
            product.level.name(),
            product.tile,
            product.baseline,
            product.generation,
            product.direction.to_lowercase()
        ),
        format!("divided by {}; offsets: {offsets}", product.quantification),
    ];
    let facts = json!({
        "level": product.level.name(), "direction": product.direction.to_lowercase(), "strip_start": product.strip_start,
        "id": product.id, "date": product.date.to_string(), "second": product.second, "platform": product.platform,
        "orbit": product.orbit, "tile": product.tile, "baseline": product.baseline, "generation": product.generation,
        "quantification": product.quantification, "offsets": product.offsets, "nodata": product.nodata,
        "saturated": product.saturated, "images": product.images, "failed_checks": product.failed_checks,
    });
    (lines, vec![("product", facts)])
}

fn tile_facts(tile: &SafeTile) -> Facts {
    let percent = tile.cloud_percent.map(|percent| format!(", {percent} % cloud")).unwrap_or_default();
    let mut lines = vec![format!("{} in {}{percent}", tile.id, tile.crs)];
    let grid =
        |grid: &TileGrid| format!("{} m: {} x {} pixels from {}, {}", grid.metres, grid.cols, grid.rows, grid.west, grid.north);
    lines.extend(tile.grids.iter().map(grid));
    let grids: Vec<Value> = tile
        .grids
        .iter()
        .map(|g| json!({ "metres": g.metres, "rows": g.rows, "cols": g.cols, "west": g.west, "north": g.north }))
        .collect();
    let facts = json!({
        "id": tile.id, "crs": tile.crs, "grids": grids, "cloud_percent": tile.cloud_percent,
        "sun_elevation": tile.sun_elevation, "sun_azimuth": tile.sun_azimuth,
    });
    (lines, vec![("tile", facts)])
}

fn check_facts(checks: &[ProducerCheck]) -> Facts {
    let lines = checks.iter().map(|check| format!("{} {} {}", check.status, check.name, check.message)).collect();
    let list: Vec<Value> =
        checks.iter().map(|check| json!({ "name": check.name, "status": check.status, "message": check.message })).collect();
    (lines, vec![("checks", json!(list))])
}
