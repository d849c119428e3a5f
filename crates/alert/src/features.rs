use geo::{BoundingRect, Rect};
use geo_types::Geometry;
use raster::{Date, Warning};

use crate::AlertError;

/// Values of a column, one a feature; `None` = missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Text as it was read or is to be written: leading zeros stay.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Numbers; never NaN or infinite.
    Real(Vec<Option<f64>>),
    /// Days.
    Day(Vec<Option<Date>>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(v) => v.len(),
            Self::Integer(v) => v.len(),
            Self::Real(v) => v.len(),
            Self::Day(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Values.
    pub values: Values,
}

/// A table of features: geometry in longitude and latitude (WGS 84, degrees), and columns of equal length.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Name of the table: a layer name where the format has layers.
    pub name: String,
    /// Geometry of each feature.
    pub geometries: Vec<Option<Geometry<f64>>>,
    /// Columns in order of writing. A text column called `id` is also the feature's id where the format has one.
    pub columns: Vec<Column>,
}

impl Features {
    /// A table without columns.
    pub fn new(name: &str, geometries: Vec<Option<Geometry<f64>>>) -> Self {
        Self { name: name.to_owned(), geometries, columns: Vec::new() }
    }

    /// This table with one more column.
    ///
    /// # Errors
    /// [`AlertError::ColumnLength`] where the column's length is not that of the table.
    pub fn with(mut self, name: &str, values: Values) -> Result<Self, AlertError> {
        if values.len() != self.geometries.len() {
            return Err(AlertError::ColumnLength { column: name.to_owned(), expected: self.geometries.len(), got: values.len() });
        }
        self.columns.push(Column { name: name.to_owned(), values });
        Ok(self)
    }

    /// Adds the rows of a table with the same columns.
    ///
    /// # Panics
    /// Where the columns differ in name or type.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.columns.len(), other.columns.len(), "both tables have the same columns");
        self.geometries.extend(other.geometries);
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            assert_eq!(column.name, more.name, "both tables have the same columns");
            match (&mut column.values, more.values) {
                (Values::Text(all), Values::Text(more)) => all.extend(more),
                (Values::Integer(all), Values::Integer(more)) => all.extend(more),
                (Values::Real(all), Values::Real(more)) => all.extend(more),
                (Values::Day(all), Values::Day(more)) => all.extend(more),
                _ => panic!("column {} has two types", column.name),
            }
        }
    }

    /// The features whose geometry meets a condition.
    pub fn retain(mut self, keep: impl Fn(&Geometry<f64>) -> bool) -> Self {
        let kept: Vec<bool> = self.geometries.iter().map(|geometry| geometry.as_ref().is_some_and(&keep)).collect();
        cut(&mut self.geometries, &kept);
        for column in &mut self.columns {
            match &mut column.values {
                Values::Text(values) => cut(values, &kept),
                Values::Integer(values) => cut(values, &kept),
                Values::Real(values) => cut(values, &kept),
                Values::Day(values) => cut(values, &kept),
            }
        }
        self
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.geometries.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.geometries.is_empty()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A text column's values; `None` where there is no such column or it holds something else.
    pub fn text(&self, name: &str) -> Option<&[Option<String>]> {
        match &self.column(name)?.values {
            Values::Text(values) => Some(values),
            _ => None,
        }
    }
}

/// Keeps the rows whose flag is set.
fn cut<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut flags = kept.iter();
    values.retain(|_| *flags.next().expect("one flag a row"));
}

/// What a file of features held: every column is text, exactly as it stood there.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// Where it came from: a file's path as given.
    pub path: String,
    /// SHA-256 of the file's bytes (of the main file where there are several), hexadecimal.
    pub sha256: String,
    /// The reference system it was stored in, by name; its geometry has been brought to longitude and latitude.
    pub crs: String,
    /// Geometry and columns (all [`Values::Text`]).
    pub features: Features,
    /// What was noticed while reading: repaired geometry, dropped records, a guessed encoding.
    pub warnings: Vec<Warning>,
    /// Records that were refused.
    pub rejected: usize,
    /// Whether there was nothing to read: no record of it says "no".
    pub absent: bool,
}

impl Layer {
    /// A layer that was not there to be read.
    pub fn absent(path: String) -> Self {
        Self { path, absent: true, ..Self::default() }
    }

    /// Bytes of memory that geometry and columns take, with what is made of them to be searched, roughly.
    pub fn bytes(&self) -> u64 {
        let coordinates: usize = self.features.geometries.iter().flatten().map(geo::CoordsIter::coords_count).sum();
        let texts: usize = self.features.columns.iter().map(|column| column.values.len() * 48).sum();
        (coordinates * 64 + texts) as u64
    }

    /// Bounding boxes of the features, degrees; `None` for one without geometry.
    pub fn boxes(&self) -> Vec<Option<Rect<f64>>> {
        self.features.geometries.iter().map(|g| g.as_ref().and_then(BoundingRect::bounding_rect)).collect()
    }
}
