use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use alert::{Features, Values};
use arrow_array::{ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use geo::BoundingRect as _;
use geo::orient::{Direction, Orient as _};
use geo_types::{Geometry, Rect};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::json;

use super::SinkError;
use crate::Staged;
use crate::layer::geoparquet::wkb;

/// Rows a group.
const GROUP: usize = 100_000;

/// A table as it is written part by part: `GeoParquet` 1.1 (well-known binary in longitude and latitude, a covering of boxes) where
/// its first part has geometry, plain Parquet where that has none. Rows keep their order.
pub(super) struct Parts {
    writer: ArrowWriter<File>,
    schema: Arc<Schema>,
    /// Names of the columns of geometry and boxes, where there is any.
    place: Option<(String, String)>,
    types: BTreeSet<&'static str>,
    extent: Option<Rect<f64>>,
    path: PathBuf,
}

impl Parts {
    /// Begins a table whose columns are those of this part.
    pub(super) fn new(staged: &Staged, features: &Features) -> Result<Self, SinkError> {
        let path = staged.target().to_owned();
        let file = File::create(staged.partial()).map_err(|source| SinkError::Write { path: path.clone(), source })?;
        let table = Table::new(features);
        let schema = Arc::new(table.schema());
        let failed = |reason| SinkError::Driver { path: path.clone(), what: "writing Parquet", reason };
        let properties = table.properties().map_err(failed)?;
        let writer =
            ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(|error| failed(error.to_string()))?;
        Ok(Self { writer, schema, place: table.place, types: BTreeSet::new(), extent: None, path })
    }

    /// Writes rows.
    pub(super) fn append(&mut self, features: &Features) -> Result<(), SinkError> {
        for first in (0..features.len()).step_by(GROUP) {
            let arrays = Table { features, place: self.place.clone() }.arrays(first, GROUP.min(features.len() - first));
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(|error| self.failed(error.to_string()))?;
            self.writer.write(&batch).map_err(|error| self.failed(error.to_string()))?;
        }
        if self.place.is_some() {
            let geometries = || features.geometries.iter().flatten();
            self.types.extend(geometries().filter_map(name));
            let extents = geometries().filter_map(geo::BoundingRect::bounding_rect);
            self.extent = self.extent.into_iter().chain(extents).reduce(crate::layer::joined);
        }
        Ok(())
    }

    /// Writes the footer.
    pub(super) fn finish(mut self) -> Result<(), SinkError> {
        if let Some(key) = self.geo_key() {
            self.writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), key));
        }
        let path = self.path;
        let failed = |error: ParquetError| SinkError::Driver { path, what: "writing Parquet", reason: error.to_string() };
        self.writer.close().map(|_| ()).map_err(failed)
    }

    fn failed(&self, reason: String) -> SinkError {
        SinkError::Driver { path: self.path.clone(), what: "writing Parquet", reason }
    }

    /// The file key `geo`; `None` without geometry.
    fn geo_key(&self) -> Option<String> {
        let (geometry, boxes) = self.place.as_ref()?;
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": self.types,
            "orientation": "counterclockwise",
            "covering": { "bbox": {
                "xmin": [boxes, "xmin"], "ymin": [boxes, "ymin"], "xmax": [boxes, "xmax"], "ymax": [boxes, "ymax"],
            } },
        });
        if let Some(rect) = self.extent {
            column["bbox"] = json!([rect.min().x, rect.min().y, rect.max().x, rect.max().y]);
        }
        Some(json!({ "version": "1.1.0", "primary_column": geometry, "columns": { geometry: column } }).to_string())
    }
}

/// A part of a table on its way out.
struct Table<'a> {
    features: &'a Features,
    place: Option<(String, String)>,
}

impl<'a> Table<'a> {
    fn new(features: &'a Features) -> Self {
        // A table of places that holds none yet is one all the same.
        let spatial = features.is_empty() || features.geometries.iter().any(Option::is_some);
        let place = spatial.then(|| (free(features, "geometry"), free(features, "bbox")));
        Self { features, place }
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
            let path = ColumnPath::from(geometry.as_str());
            properties = properties
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
