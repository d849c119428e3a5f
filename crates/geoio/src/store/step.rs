//! What is written of one content: its table, and its line in the list.

use alert::{Column, Features, Values};
use gdal::Dataset;
use gdal::vector::{Defn, Feature, LayerAccess as _, LayerOptions as NewLayer, OGRFieldType, OGRwkbGeometryType};

use super::{COLUMNS, KNOWN_FROM, Kept, LIST, Retrieval};
use crate::complaint;
use crate::sink::ogr;

/// What is to be done for one content.
pub(super) struct Step<'a> {
    pub(super) retrieval: Retrieval<'a>,
    pub(super) table: String,
    pub(super) content: String,
    pub(super) kept: Kept,
}

impl Step<'_> {
    pub(super) fn write(&self, dataset: &mut Dataset) -> gdal::errors::Result<()> {
        let features = &self.retrieval.layer.features;
        let day = Some(self.retrieval.retrieved.to_string());
        let known_from = Column { name: KNOWN_FROM.to_owned(), values: Values::Text(vec![day; features.len()]) };
        let mut table = Features { name: self.table.clone(), ..features.clone() };
        table.columns.push(known_from);
        let (fid, geometry) =
            (ogr::free(&table, &["fid", "ogc_fid", "fid_1"]), ogr::free(&table, &["geom", "geometry", "geom_1"]));
        // Names of columns stay as they are; a database would put them in small letters.
        let options = [format!("FID={fid}"), format!("GEOMETRY_NAME={geometry}"), "LAUNDER=NO".to_owned()];
        let options = options.each_ref().map(String::as_str);
        let layer = if table.geometries.iter().all(Option::is_none) {
            plain(dataset, &self.table, table.columns.iter().map(|column| column.name.as_str()), &[options[0], options[2]])?
        } else {
            ogr::layer(dataset, &table, OGRFieldType::OFTString, &options)?
        };
        ogr::fill(&layer, &table)
    }

    /// Its line in the list, in the order of [`COLUMNS`].
    fn line(&self) -> [String; 9] {
        let Retrieval { source, retrieved, request, layer, program } = self.retrieval;
        [
            source.to_owned(),
            retrieved.to_string(),
            self.table.clone(),
            request.to_owned(),
            layer.sha256.clone(),
            self.content.clone(),
            layer.features.len().to_string(),
            layer.crs.clone(),
            program.to_owned(),
        ]
    }
}

/// Adds lines to the list of snapshots; makes it where there is none.
pub(super) fn list<'s, 'a: 's>(dataset: &mut Dataset, steps: impl Iterator<Item = &'s Step<'a>>) -> gdal::errors::Result<()> {
    let there = dataset.layer_by_name(LIST).is_ok();
    complaint::clear();
    let layer =
        if there { dataset.layer_by_name(LIST)? } else { plain(dataset, LIST, COLUMNS.into_iter(), &["FID=fid", "LAUNDER=NO"])? };
    let defn = Defn::from_layer(&layer);
    for step in steps {
        let mut line = Feature::new(&defn)?;
        for (i, text) in step.line().iter().enumerate() {
            line.set_field_string(i, text)?;
        }
        line.create(&layer)?;
    }
    Ok(())
}

/// A table of texts without geometry.
fn plain<'d, 'n>(
    dataset: &'d mut Dataset,
    name: &str,
    columns: impl Iterator<Item = &'n str>,
    options: &[&str],
) -> gdal::errors::Result<gdal::vector::Layer<'d>> {
    let options = NewLayer { name, srs: None, ty: OGRwkbGeometryType::wkbNone, options: Some(options) };
    let layer = dataset.create_layer(options)?;
    let fields: Vec<_> = columns.map(|name| (name, OGRFieldType::OFTString)).collect();
    layer.create_defn_fields(&fields)?;
    Ok(layer)
}
