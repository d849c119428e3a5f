//! `indices`, `sensors`, `methods`: what there is.

use serde_json::json;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::{Report, print};

/// The catalogue of spectral indices.
pub(crate) fn indices(common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("indices");
    let catalogue = change::catalogue();
    if !common.json {
        for index in &catalogue {
            print(&format!("{:<6} {:<70} {}", index.name(), index.formula(), index.reference()))?;
        }
    }
    let list: Vec<_> = catalogue
        .iter()
        .map(|index| json!({ "name": index.name(), "formula": index.formula(), "reference": index.reference(), "direction": index.direction() }))
        .collect();
    report.fact("indices", json!(list));
    Ok(report)
}

/// The sensor tables.
pub(crate) fn sensors(common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("sensors");
    let mut list = Vec::new();
    for sensor in raster::sensor::all() {
        let bands: Vec<String> = sensor.bands.iter().map(|band| format!("{}={}", band.band, band.asset)).collect();
        let masks: Vec<&str> = sensor.masks.iter().map(|class| class.name.as_str()).collect();
        if !common.json {
            print(&format!(
                "{:<13} {}\n              bands {}\n              masks {}",
                sensor.id,
                sensor.title,
                bands.join(" "),
                masks.join(" ")
            ))?;
        }
        list.push(json!({ "id": sensor.id, "title": sensor.title, "bands": bands, "masks": masks }));
    }
    report.fact("sensors", json!(list));
    Ok(report)
}

/// The change detection methods.
pub(crate) fn methods(common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("methods");
    let mut list = Vec::new();
    for method in change::METHODS {
        if !common.json {
            print(&format!("{:<13} {}\n              {}", method.name, method.title, method.citation))?;
        }
        list.push(json!({ "name": method.name, "title": method.title, "citation": method.citation }));
    }
    report.fact("methods", json!(list));
    Ok(report)
}
