//! `GeoParquet` 1.x: geometry as well-known binary, described by the file key `geo`.
//!
//! The columns are unpacked by a library; what is made for others to break is looked at before (see [`pages`]), and a panic within it
//! is an error of the file.

mod cell;
mod geo_key;
mod pages;
pub(crate) mod wkb;

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use geo_types::{Geometry, Rect};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use self::geo_key::{GeoKey, Stated};
use self::wkb::Refusal;
use super::notice::{Notice, Notices};
use super::records::Records;
use super::{Found, LayerError, joined};
use crate::caught::caught;

/// The longest footer that is read, bytes.
const FOOTER: u64 = 64 << 20;

/// Rows a batch.
const BATCH: usize = 4096;

/// What a file holds, its coordinates as they stand there.
pub(super) struct Stored {
    /// The records.
    pub(super) records: Records,
    /// The reference system it states.
    pub(super) crs: Found,
}

/// Reads a file.
pub(super) fn read(path: &Path, notices: &mut Notices) -> Result<Stored, LayerError> {
    let file = File::open(path).map_err(|source| LayerError::Read { path: path.to_owned(), source })?;
    let damaged = |message: String| LayerError::Damaged { path: path.to_owned(), message };
    let refused = |message: String| LayerError::Table { path: path.to_owned(), message };
    let length = framed(&file).map_err(damaged)?;
    let footer = caught(|| {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        ArrowReaderMetadata::load(&file, options).map_err(|error| error.to_string())
    });
    let footer = footer.map_err(damaged)?;
    let pairs = footer.metadata().file_metadata().key_value_metadata();
    let text = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "geo")).and_then(|pair| pair.value.as_deref());
    let Some(text) = text else {
        return Err(refused("it is Parquet without the key `geo`, so without geometry; write it as GeoParquet 1.1".to_owned()));
    };
    let key = geo_key::read(text).map_err(refused)?;
    let plan = Plan::new(&footer, &key).map_err(refused)?;
    let checked = caught(|| pages::check(&file, length, footer.metadata(), &plan.leaves));
    checked.map_err(damaged)?;
    let mut reading = Reading { plan: &plan, records: Records::default(), notices, extent: None };
    let columns: Vec<usize> = plan.texts.iter().map(|(_, name)| reading.records.column(name)).collect();
    caught(|| unpack(file, &footer, &mut reading, &columns)).map_err(damaged)?;
    let Reading { records, extent, .. } = reading;
    if key.bounds.zip(extent).is_some_and(|(claimed, found)| contradicts(claimed, found)) {
        notices.note(Notice::BboxOrder, "key `geo`");
    }
    let crs = match key.crs {
        Stated::Default => Found::Default,
        Stated::Unknown => Found::Nothing,
        Stated::Text(text) => Found::Code(text),
    };
    Ok(Stored { records, crs })
}

/// The length of a file that begins and ends as Parquet does, with a footer that lies within.
fn framed(file: &File) -> Result<u64, String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let (mut head, mut tail) = ([0; 4], [0; 8]);
    let read = length >= 12 && file.read_exact_at(&mut head, 0).is_ok() && file.read_exact_at(&mut tail, length - 8).is_ok();
    if !read || head != *b"PAR1" || tail[4..] != *b"PAR1" {
        return Err("it does not begin and end as Parquet does; it may be cut".to_owned());
    }
    let footer = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if footer > length - 12 || footer > FOOTER {
        return Err(format!("its footer claims {footer} of {length} bytes"));
    }
    Ok(length)
}

/// Which columns are read.
struct Plan {
    /// The geometry's place among the columns of the file.
    geometry: usize,
    /// Places of the columns that become text, with their names.
    texts: Vec<(usize, String)>,
    /// Places of all those among the leaves of the schema.
    leaves: Vec<usize>,
    mask: ProjectionMask,
}

impl Plan {
    fn new(footer: &ArrowReaderMetadata, key: &GeoKey) -> Result<Self, String> {
        let fields = footer.schema().fields();
        let geometry = fields.iter().position(|field| *field.name() == key.column);
        let geometry = geometry.ok_or_else(|| format!("the key `geo` names the column `{}`, which is not there", key.column))?;
        if !matches!(fields[geometry].data_type(), DataType::Binary | DataType::LargeBinary) {
            return Err(format!("the geometry column `{}` holds no bytes; write it as WKB", key.column));
        }
        let single = |(place, field): (usize, &arrow_schema::FieldRef)| {
            let data = place != geometry && key.covering.as_ref() != Some(field.name()) && cell::is_single(field.data_type());
            data.then(|| (place, field.name().clone()))
        };
        let texts: Vec<(usize, String)> = fields.iter().enumerate().filter_map(single).collect();
        let mut names = BTreeSet::new();
        if let Some((_, twice)) = texts.iter().find(|(_, name)| !names.insert(name)) {
            return Err(format!("two columns are called `{twice}`; give each its own name"));
        }
        let roots: BTreeSet<usize> = texts.iter().map(|(place, _)| *place).chain([geometry]).collect();
        let schema = footer.parquet_schema();
        let leaves = (0..schema.num_columns()).filter(|leaf| roots.contains(&schema.get_column_root_idx(*leaf))).collect();
        Ok(Self { geometry, texts, leaves, mask: ProjectionMask::roots(schema, roots) })
    }

    /// The place of a column of the file among those that are read.
    fn place(&self, column: usize) -> usize {
        self.texts.iter().map(|(place, _)| *place).chain([self.geometry]).filter(|place| *place < column).count()
    }
}

/// A file as it is unpacked.
struct Reading<'a> {
    plan: &'a Plan,
    records: Records,
    notices: &'a mut Notices,
    extent: Option<Rect<f64>>,
}

fn unpack(file: File, footer: &ArrowReaderMetadata, reading: &mut Reading<'_>, columns: &[usize]) -> Result<(), String> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone());
    let batches = builder.with_projection(reading.plan.mask.clone()).with_batch_size(BATCH).build();
    for batch in batches.map_err(|error| error.to_string())? {
        reading.batch(&batch.map_err(|error| error.to_string())?, columns)?;
    }
    Ok(())
}

impl Reading<'_> {
    fn batch(&mut self, batch: &RecordBatch, columns: &[usize]) -> Result<(), String> {
        let geometry = batch.column(self.plan.place(self.plan.geometry));
        match geometry.data_type() {
            DataType::LargeBinary => self.geometries(geometry.as_binary::<i64>().iter()),
            _ => self.geometries(geometry.as_binary::<i32>().iter()),
        }?;
        for ((place, name), column) in self.plan.texts.iter().zip(columns) {
            let texts = cell::texts(batch.column(self.plan.place(*place)));
            self.records.extend(*column, texts.ok_or_else(|| format!("the column `{name}` changes its type"))?);
        }
        Ok(())
    }

    fn geometries<'b>(&mut self, values: impl Iterator<Item = Option<&'b [u8]>>) -> Result<(), String> {
        for bytes in values {
            let place = format!("record {}", self.records.len() + 1);
            let geometry = match bytes.map(wkb::read) {
                Some(Err(Refusal::Broken(what))) => return Err(format!("{place}: its geometry is no well-known binary: {what}")),
                Some(Err(Refusal::Noticed(notice))) => {
                    self.notices.note(notice, &place);
                    None
                }
                Some(Ok(shape)) => {
                    if shape.flattened {
                        self.notices.note(Notice::DimensionsDropped, &place);
                    }
                    if shape.reduced {
                        self.notices.note(Notice::CollectionReduced, &place);
                    }
                    shape.geometry
                }
                None => {
                    self.notices.note(Notice::GeometryMissing, &place);
                    None
                }
            };
            self.grow(geometry.as_ref());
            self.records.begin(place, geometry);
        }
        Ok(())
    }

    fn grow(&mut self, geometry: Option<&Geometry<f64>>) {
        if let Some(bounds) = geometry.and_then(geo::BoundingRect::bounding_rect) {
            self.extent = Some(self.extent.map_or(bounds, |extent| joined(extent, bounds)));
        }
    }
}

/// Whether what lies in `found` cannot lie in the bounds claimed, west before east.
fn contradicts([west, south, east, north]: [f64; 4], found: Rect<f64>) -> bool {
    let slack = 1e-6 * (found.width() + found.height() + 1.0);
    let beyond = found.min().y < south - slack || found.max().y > north + slack;
    beyond || south > north || west <= east && (found.min().x < west - slack || found.max().x > east + slack)
}
