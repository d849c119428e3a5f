use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use alert::{Features, Values};
use arrow_array::{ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use geo::BoundingRect as _;
use geo::orient::{Direction, Orient as _};
use geo_types::{Geometry, Rect};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::json;

use super::SinkError;
use crate::Staged;
use crate::layer::geoparquet::wkb;

/// Rows a group.
const GROUP: usize = 100_000;

/// Writes a table: `GeoParquet` 1.1 (well-known binary in longitude and latitude, a covering of boxes) where it has geometry, plain
/// Parquet where it has none. Rows keep their order.
pub(super) fn write(staged: &Staged, features: &Features) -> Result<(), SinkError> {
    let path = staged.target();
    let file = File::create(staged.partial()).map_err(|source| SinkError::Write { path: path.to_owned(), source })?;
    let table = Table::new(features);
    table.write(file).map_err(|reason| SinkError::Driver { path: path.to_owned(), what: "writing Parquet", reason })
}

/// A table on its way out.
struct Table<'a> {
    features: &'a Features,
    /// Names of the columns of geometry and boxes, where there is any.
    place: Option<(String, String)>,
}

impl<'a> Table<'a> {
    fn new(features: &'a Features) -> Self {
        let spatial = features.geometries.iter().any(Option::is_some);
        let place = spatial.then(|| (free(features, "geometry"), free(features, "bbox")));
        Self { features, place }
    }

    fn write(&self, file: File) -> Result<(), String> {
        let failed = |error: parquet::errors::ParquetError| error.to_string();
        let schema = Arc::new(self.schema());
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(self.properties()?)).map_err(failed)?;
        let rows = self.features.len();
        for first in (0..rows).step_by(GROUP) {
            let batch = RecordBatch::try_new(Arc::clone(&schema), self.arrays(first, GROUP.min(rows - first)));
            writer.write(&batch.map_err(|error| error.to_string())?).map_err(failed)?;
        }
        writer.close().map(|_| ()).map_err(failed)
    }

    fn properties(&self) -> Result<WriterProperties, String> {
        let level = ZstdLevel::try_new(1).map_err(|error| error.to_string())?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(GROUP))
            .set_created_by("atalaya".to_owned());
        for column in self.features.columns.iter().filter(|column| matches!(column.values, Values::Real(_))) {
            // Measures hardly repeat.
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column.name.as_str()), false);
        }
        if let Some((geometry, _)) = &self.place {
            let metadata = vec![KeyValue::new("geo".to_owned(), self.geo_key())];
            let path = ColumnPath::from(geometry.as_str());
            properties = properties
                .set_key_value_metadata(Some(metadata))
                .set_column_statistics_enabled(path.clone(), EnabledStatistics::None)
                .set_column_dictionary_enabled(path, false);
        }
        Ok(properties.build())
    }

    fn schema(&self) -> Schema {
        let kind = |values: &Values| match values {
            Values::Text(_) => DataType::Utf8,
            Values::Integer(_) => DataType::Int64,
            Values::Real(_) => DataType::Float64,
            Values::Day(_) => DataType::Date32,
        };
        let columns = self.features.columns.iter();
        let mut fields: Vec<Field> = columns.map(|column| Field::new(&column.name, kind(&column.values), true)).collect();
        if let Some((geometry, boxes)) = &self.place {
            fields.push(Field::new(geometry, DataType::Binary, true));
            fields.push(Field::new(boxes, DataType::Struct(box_fields()), true));
        }
        Schema::new(fields)
    }

    fn arrays(&self, first: usize, count: usize) -> Vec<ArrayRef> {
        let rows = first..first + count;
        let array = |values: &Values| -> ArrayRef {
            match values {
                Values::Text(values) => Arc::new(values[rows.clone()].iter().map(Option::as_deref).collect::<StringArray>()),
                Values::Integer(values) => Arc::new(values[rows.clone()].iter().copied().collect::<Int64Array>()),
                Values::Real(values) => Arc::new(values[rows.clone()].iter().copied().collect::<Float64Array>()),
                Values::Day(values) => {
                    Arc::new(values[rows.clone()].iter().map(|day| day.map(raster::Date::days)).collect::<Date32Array>())
                }
            }
        };
        let mut arrays: Vec<ArrayRef> = self.features.columns.iter().map(|column| array(&column.values)).collect();
        if self.place.is_some() {
            let geometries = &self.features.geometries[rows];
            let bytes = geometries.iter().map(|geometry| geometry.as_ref().and_then(|geometry| wkb::write(&wound(geometry))));
            arrays.push(Arc::new(bytes.collect::<BinaryArray>()));
            arrays.push(Arc::new(boxes(geometries)));
        }
        arrays
    }

    /// The file key `geo`.
    fn geo_key(&self) -> String {
        let Some((geometry, boxes)) = &self.place else { return String::new() };
        let geometries = || self.features.geometries.iter().flatten();
        let types: BTreeSet<&str> = geometries().filter_map(name).collect();
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": types,
            "orientation": "counterclockwise",
            "covering": { "bbox": {
                "xmin": [boxes, "xmin"], "ymin": [boxes, "ymin"], "xmax": [boxes, "xmax"], "ymax": [boxes, "ymax"],
            } },
        });
        if let Some(rect) = geometries().filter_map(geo::BoundingRect::bounding_rect).reduce(crate::layer::joined) {
            column["bbox"] = json!([rect.min().x, rect.min().y, rect.max().x, rect.max().y]);
        }
        json!({ "version": "1.1.0", "primary_column": geometry, "columns": { geometry: column } }).to_string()
    }
}

/// A name that no column has.
fn free(features: &Features, name: &str) -> String {
    let mut name = name.to_owned();
    while features.column(&name).is_some() {
        name.push('_');
    }
    name
}

fn name(geometry: &Geometry<f64>) -> Option<&'static str> {
    match geometry {
        Geometry::Point(_) => Some("Point"),
        Geometry::MultiPoint(_) => Some("MultiPoint"),
        Geometry::LineString(_) => Some("LineString"),
        Geometry::MultiLineString(_) => Some("MultiLineString"),
        Geometry::Polygon(_) => Some("Polygon"),
        Geometry::MultiPolygon(_) => Some("MultiPolygon"),
        _ => None,
    }
}

/// The geometry with shells wound counter-clockwise and holes clockwise.
fn wound(geometry: &Geometry<f64>) -> Geometry<f64> {
    match geometry {
        Geometry::Polygon(polygon) => polygon.orient(Direction::Default).into(),
        Geometry::MultiPolygon(multi) => multi.orient(Direction::Default).into(),
        other => other.clone(),
    }
}

fn box_fields() -> Fields {
    ["xmin", "ymin", "xmax", "ymax"].map(|name| Field::new(name, DataType::Float64, true)).into_iter().collect()
}

fn boxes(geometries: &[Option<Geometry<f64>>]) -> StructArray {
    let rects: Vec<Option<Rect<f64>>> = geometries.iter().map(|geometry| geometry.as_ref()?.bounding_rect()).collect();
    let side =
        |of: &dyn Fn(Rect<f64>) -> f64| -> ArrayRef { Arc::new(rects.iter().map(|rect| rect.map(of)).collect::<Float64Array>()) };
    let sides = vec![side(&|r| r.min().x), side(&|r| r.min().y), side(&|r| r.max().x), side(&|r| r.max().y)];
    StructArray::new(box_fields(), sides, None)
}
