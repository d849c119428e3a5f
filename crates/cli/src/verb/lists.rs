//! `sensors`, `methods`: what there is.

use change::{Implementation, MethodInfo, Place, Publication};
use raster::sensor::{HARMONISATIONS, Harmonisation, Quantity, Regression, SensorBand};
use raster::{MaskClass, QaRule, Role, Scaling, Sensor};
use serde_json::{Value, json};

use crate::args::{Common, Methods};
use crate::fault::Fault;
use crate::report::{Report, print};

/// The sensor tables.
pub(crate) fn sensors(common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("sensors");
    let mut list = Vec::new();
    for sensor in raster::sensor::all() {
        if !common.json {
            for line in sensor_lines(&sensor) {
                print(&line)?;
            }
        }
        list.push(sensor_record(&sensor));
    }
    report.fact("sensors", json!(list));
    if !common.json {
        print("\nharmonisation: reflectance = slope x reflectance + intercept")?;
        for lines in HARMONISATIONS {
            let bands = lines.bands.iter().map(|(band, slope, intercept)| format!("{band}={slope}{intercept:+}"));
            let bands =
                bands.chain(lines.indices.iter().map(|(index, slope, intercept)| format!("{index}={slope}{intercept:+}")));
            print(&format!(
                "{:<15} {:<12} to {} ({})\n              {}\n              {}",
                lines.from,
                lines.platform,
                lines.to,
                if lines.regression == Regression::Rma { "rma" } else { "ols" },
                bands.collect::<Vec<_>>().join(" "),
                lines.citation
            ))?;
        }
    }
    let record = |lines: &Harmonisation| {
        json!({
            "from": lines.from, "platform": lines.platform, "to": lines.to, "regression": lines.regression,
            "citation": lines.citation, "bands": lines_by_band(lines)
        })
    };
    report.fact("harmonisation", HARMONISATIONS.iter().map(record).collect::<Vec<_>>());
    Ok(report)
}

fn sensor_lines(sensor: &Sensor) -> Vec<String> {
    let bands = sensor.bands.iter().map(|band| format!("{}={}", band.band, band.asset));
    let more = sensor.indices.iter().map(|(role, asset)| format!("{role}={asset}"));
    let bands: Vec<String> = bands.chain(more).collect();
    let quality: Vec<String> = sensor.quality.iter().map(|(role, asset)| format!("{role}={asset}")).collect();
    let named = |default: bool| {
        let of = sensor.masks.iter().filter(|class| class.default == default).map(|class| class.name.as_str());
        of.collect::<Vec<_>>().join(" ")
    };
    let Scaling { scale, offset } = sensor.scaling;
    let nodata = sensor.nodata.map(|nodata| format!(", no data {nodata}")).unwrap_or_default();
    let mut lines = vec![format!("{:<23} {}", sensor.id, sensor.title)];
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("    {name:<19} {text}"));
        }
    };
    line("product", format!("\"{}\"", sensor.product));
    line("bands", bands.join(" "));
    let values = match sensor.quantity {
        Quantity::TopOfAtmosphere if sensor.scaling == Scaling::IDENTITY => "scaled by each product's metadata".to_owned(),
        Quantity::Relative => "stored / 256, comparable within one flight".to_owned(),
        _ => format!("stored x {scale} {offset:+}"),
    };
    line("values", format!("{}: {values}{nodata}", quantity(sensor.quantity)));
    line("quality", quality.join(" "));
    line("masked", named(true));
    line("masked if asked", named(false));
    lines
}

fn quantity(quantity: Quantity) -> String {
    let name = json!(quantity).as_str().unwrap_or_default().replace('_', " ");
    if quantity == Quantity::Any { "as the job says".to_owned() } else { name }
}

fn sensor_record(sensor: &Sensor) -> Value {
    let band = |band: &SensorBand| {
        let scaling = sensor.scaling_of(&Role::Band(band.band));
        json!({ "band": band.band.name(), "asset": band.asset, "centre_nm": band.centre_nm, "scale": scaling.scale, "offset": scaling.offset })
    };
    let layer = |(role, asset): &(Role, String)| json!({ "role": role.to_string(), "asset": asset });
    let mask = |class: &MaskClass| {
        json!({
            "name": class.name, "layer": class.layer.to_string(), "default": class.default, "grows": class.grows,
            "rule": QaRule { conditions: vec![class.condition.clone()] }.to_string()
        })
    };
    json!({
        "id": sensor.id, "title": sensor.title, "product": sensor.product, "quantity": sensor.quantity, "platforms": sensor.platforms,
        "bands": sensor.bands.iter().map(band).collect::<Vec<_>>(), "indices": sensor.indices.iter().map(layer).collect::<Vec<_>>(),
        "quality": sensor.quality.iter().map(layer).collect::<Vec<_>>(), "scale": sensor.scaling.scale,
        "offset": sensor.scaling.offset, "nodata": sensor.nodata, "masks": sensor.masks.iter().map(mask).collect::<Vec<_>>(),
    })
}

/// Slope and intercept of each band and ready-made index.
pub(crate) fn lines_by_band(lines: &Harmonisation) -> Value {
    let bands = lines.bands.iter().map(|(band, slope, intercept)| (band.to_string(), json!([slope, intercept])));
    bands.chain(lines.indices.iter().map(|(index, slope, intercept)| ((*index).to_owned(), json!([slope, intercept])))).collect()
}

/// The change detection methods, and what each rests on.
pub(crate) fn methods(arguments: &Methods, common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("methods");
    let chosen = chosen(&arguments.names)?;
    if !common.json && arguments.cite {
        print(&entries(&chosen).join("\n\n"))?;
    } else if !common.json {
        for method in &chosen {
            print(&format!("{:<13} {}\n              {}", method.name, method.title, method.citation))?;
        }
    }
    report.fact("methods", chosen.into_iter().map(record).collect::<Vec<_>>());
    Ok(report)
}

/// The methods of these names in the order of the list; all where none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static MethodInfo>, Fault> {
    let is_known = |name: &&String| change::METHODS.iter().any(|method| method.name == **name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<&str> = change::METHODS.iter().map(|method| method.name).collect();
        return Err(Fault::usage(format!("{name}: no such method; there is {}", known.join(", "))));
    }
    let is_chosen = |method: &&MethodInfo| names.is_empty() || names.iter().any(|name| name == method.name);
    Ok(change::METHODS.iter().filter(is_chosen).collect())
}

/// BibTeX entries of what methods rest on, each once.
fn entries(methods: &[&MethodInfo]) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for method in methods {
        let publications = method.publications.iter().map(Publication::bibtex);
        for entry in publications.chain(method.reference.map(|program| program.bibtex())) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    entries
}

fn record(method: &MethodInfo) -> Value {
    let publication = |of: &Publication| {
        let (name, volume, number, pages) = match of.place {
            Place::Journal { name, volume, number, pages } => (name, Some(volume), number, pages),
            Place::Book { publisher } => (publisher, None, "", ""),
        };
        let known = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        json!({
            "key": of.key, "authors": of.authors, "title": of.title, "year": of.year, "published": name, "volume": volume,
            "number": known(number), "pages": known(pages), "doi": known(of.doi), "bibtex": of.bibtex()
        })
    };
    let program = |of: Implementation| {
        json!({
            "key": of.key, "name": of.name, "kind": of.kind, "version": of.version, "licence": of.licence, "url": of.url,
            "bibtex": of.bibtex()
        })
    };
    json!({
        "name": method.name, "title": method.title, "citation": method.citation,
        "publications": method.publications.iter().map(publication).collect::<Vec<_>>(),
        "reference": method.reference.map(program)
    })
}
