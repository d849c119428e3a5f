use alert::Features;
use gdal::Dataset;
use gdal::vector::{Defn, Feature, LayerAccess as _, LayerOptions, OGRFieldType, OGRwkbGeometryType};

use super::{SinkError, ogr, style};
use crate::Staged;

const DRIVER: &str = "GPKG";

/// Writes a `GeoPackage`: one layer with its index, and the style that QGIS loads with it.
pub(super) fn write(staged: &Staged, features: &Features) -> Result<(), SinkError> {
    let path = staged.target();
    let mut dataset = ogr::create(path, staged.partial(), DRIVER)?;
    let (fid, geometry) =
        (ogr::free(features, &["fid", "ogc_fid", "fid_1"]), ogr::free(features, &["geom", "geometry", "geom_1"]));
    ogr::step(path, "writing records", || {
        let options = [format!("FID={fid}"), format!("GEOMETRY_NAME={geometry}")];
        ogr::layer(&mut dataset, features, OGRFieldType::OFTDate, &options.each_ref().map(String::as_str))?;
        let transaction = dataset.start_transaction()?;
        ogr::fill(&transaction.layer(0)?, features)?;
        transaction.commit()
    })?;
    ogr::step(path, "writing its style", || add_style(&mut dataset, features, geometry))?;
    ogr::step(path, "closing it", || dataset.close())?;
    ogr::check(path, staged.partial(), DRIVER, features)
}

fn add_style(dataset: &mut Dataset, features: &Features, geometry: &str) -> gdal::errors::Result<()> {
    let table = dataset.layer(0)?.name();
    let options = LayerOptions { name: "layer_styles", srs: None, ty: OGRwkbGeometryType::wkbNone, options: Some(&["FID=id"]) };
    let layer = dataset.create_layer(options)?;
    let qml = qml(features);
    let texts = [
        ("f_table_catalog", ""),
        ("f_table_schema", ""),
        ("f_table_name", table.as_str()),
        ("f_geometry_column", geometry),
        ("styleName", "atalaya"),
        ("styleQML", qml.as_str()),
        ("styleSLD", ""),
        ("description", ""),
        ("owner", ""),
        ("ui", ""),
    ];
    let mut fields: Vec<_> = texts.iter().map(|(name, _)| (*name, OGRFieldType::OFTString)).collect();
    fields.push(("useAsDefault", OGRFieldType::OFTInteger));
    fields.push(("update_time", OGRFieldType::OFTDateTime));
    layer.create_defn_fields(&fields)?;
    let defn = Defn::from_layer(&layer);
    let mut record = Feature::new(&defn)?;
    for (i, (_, text)) in texts.iter().enumerate() {
        record.set_field_string(i, text)?;
    }
    record.set_field_integer(texts.len(), 1)?;
    record.set_field_string(texts.len() + 1, "2000-01-01T00:00:00Z")?;
    record.create(&layer)
}

/// The smallest QGIS style: outlines coloured by confidence, or all alike.
fn qml(features: &Features) -> String {
    let colours: Vec<(&str, &str)> = if features.column("confidence").is_some() {
        style::CLASSES.iter().map(|(name, _)| (*name, style::colour(name))).chain([("", style::PLAIN)]).collect()
    } else {
        vec![("", style::PLAIN)]
    };
    let symbols: String = colours.iter().enumerate().map(|(i, (_, colour))| symbol(features, i, colour)).collect();
    let renderer = if colours.len() == 1 {
        format!(r#"<renderer-v2 type="singleSymbol"><symbols>{symbols}</symbols></renderer-v2>"#)
    } else {
        let category = |(i, (name, _)): (usize, &(&str, &str))| {
            format!(r#"<category value="{name}" symbol="{i}" label="{name}" render="true"/>"#)
        };
        let categories: String = colours.iter().enumerate().map(category).collect();
        format!(
            r#"<renderer-v2 type="categorizedSymbol" attr="confidence"><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"#
        )
    };
    format!(r#"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis version="3.22">{renderer}</qgis>"#)
}

fn symbol(features: &Features, name: usize, colour: &str) -> String {
    let [red, green, blue] = [0, 2, 4].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or_default());
    let (kind, class, options) = match ogr::kind(features) {
        OGRwkbGeometryType::wkbPoint | OGRwkbGeometryType::wkbMultiPoint => ("marker", "SimpleMarker", "color"),
        OGRwkbGeometryType::wkbMultiLineString => ("line", "SimpleLine", "line_color"),
        _ => ("fill", "SimpleFill", "outline_color"),
    };
    let hollow = if kind == "fill" {
        r#"<Option type="QString" name="style" value="no"/><Option type="QString" name="outline_width" value="0.6"/>"#
    } else {
        ""
    };
    format!(
        r#"<symbol type="{kind}" name="{name}"><layer class="{class}"><Option type="Map"><Option type="QString" name="{options}" value="{red},{green},{blue},255"/>{hollow}</Option></layer></symbol>"#
    )
}
