use std::collections::BTreeMap;

use alert::{Column, Features, Values};
use geo_types::Geometry;

/// A table as it grows record by record; columns appear in the order in which they are first named.
#[derive(Debug, Default)]
pub(super) struct Records {
    names: Vec<String>,
    values: Vec<Vec<Option<String>>>,
    index: BTreeMap<String, usize>,
    geometries: Vec<Option<Geometry<f64>>>,
    places: Vec<String>,
}

impl Records {
    /// Adds a column, so that it stands in the table also where no record has a value; gives its number.
    pub(super) fn column(&mut self, name: &str) -> usize {
        if let Some(&column) = self.index.get(name) {
            return column;
        }
        self.index.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.values.push(Vec::new());
        self.names.len() - 1
    }

    /// Begins a record, found at a place such as `line 3`.
    pub(super) fn begin(&mut self, place: String, geometry: Option<Geometry<f64>>) {
        self.geometries.push(geometry);
        self.places.push(place);
    }

    /// Gives the record begun last a value.
    pub(super) fn set(&mut self, column: usize, value: Option<String>) {
        let row = self.geometries.len() - 1;
        let values = &mut self.values[column];
        values.resize(row, None);
        values.push(value);
    }

    /// Gives the records begun last values of a column that every record before has got its own of.
    pub(super) fn extend(&mut self, column: usize, values: Vec<Option<String>>) {
        self.values[column].extend(values);
    }

    /// Number of records.
    pub(super) fn len(&self) -> usize {
        self.geometries.len()
    }

    /// Whether any record has a geometry.
    pub(super) fn has_geometry(&self) -> bool {
        self.geometries.iter().any(Option::is_some)
    }

    /// The geometries with the places of their records.
    pub(super) fn geometries_mut(&mut self) -> impl Iterator<Item = (&mut Option<Geometry<f64>>, &str)> {
        self.geometries.iter_mut().zip(self.places.iter().map(String::as_str))
    }

    /// The finished table.
    pub(super) fn into_features(self, name: &str) -> Features {
        let rows = self.geometries.len();
        let mut features = Features::new(name, self.geometries);
        for (name, mut values) in self.names.into_iter().zip(self.values) {
            values.resize(rows, None);
            features.columns.push(Column { name, values: Values::Text(values) });
        }
        features
    }
}
