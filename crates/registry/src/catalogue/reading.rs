//! From a record as it is written to a source, each mistake with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use raster::Date;
use toml::{Spanned, Value};

use super::record::{CopyRecord, CoverageRecord, OneOrMore, Record};
use crate::day::DateFormat;
use crate::place::place;
use crate::source::{Bound, CLASS_FIELDS, Copy, Coverage, Description, Join, Pixels, RasterSource, RegistrySource};
use crate::{RegistryError, source};

/// One pass over a catalogue's text, which places of errors are counted in.
pub(super) struct Reading<'a> {
    pub(super) text: &'a str,
}

impl Reading<'_> {
    pub(super) fn source(&self, record: Spanned<Record>) -> Result<RegistrySource, RegistryError> {
        let record = record.into_inner();
        let (line, _) = place(self.text, record.id.span().start);
        let join = record.join.map_or(Ok(Join::Intersects), |join| self.join(&join))?;
        let columns = self.columns(record.columns)?;
        let private = self.private(record.private, &columns)?;
        let raster = record.kind.map(|kind| self.raster(&kind, record.classes, record.band)).transpose()?;
        let (key, name) = match (&raster, record.key) {
            (Some(raster), _) => {
                let named = matches!(raster.pixels, Pixels::Classes(_));
                (CLASS_FIELDS[0].to_owned(), named.then(|| CLASS_FIELDS[1].to_owned()))
            }
            (None, Some(key)) => (self.filled("key", key)?, record.name.filter(|name| !name.is_empty())),
            (None, None) => return self.refuse(&record.id.span(), "key", "", "the field of the official code"),
        };
        Ok(RegistrySource {
            id: self.word("id", record.id)?,
            title: record.title,
            authority: record.authority,
            theme: record.theme,
            country: record.country,
            path: self.filled("path", record.path)?,
            layer: record.layer,
            key,
            name,
            raster,
            columns,
            valid_from: self.bound("valid_from", record.valid_from)?,
            valid_to: self.bound("valid_to", record.valid_to)?,
            join,
            privacy: record.privacy,
            licence: record.licence,
            retrieved: self.retrieved(record.retrieved)?,
            encoding: record.encoding,
            delimiter: self.sign("delimiter", record.delimiter, char::is_ascii, "one letter such as \";\" or \"\\t\"")?,
            decimal: self.sign("decimal", record.decimal, |sign| matches!(sign, '.' | ','), "\".\" or \",\"")?,
            date_formats: self.date_formats(record.date_format)?,
            lon: record.lon,
            lat: record.lat,
            crs: record.crs,
            key_width: record.key_width,
            scale: record.scale,
            accuracy_m: record.accuracy_m,
            private,
            coverage: self.coverage(record.coverage)?,
            earlier: self.earlier(record.earlier)?,
            no_information: record.no_information,
            verified: record.verified,
            description: Description {
                access: record.access.word(),
                format: record.format,
                obtain: record.obtain,
                geometry: record.geometry,
                cadence: record.cadence,
                legal_weight: record.legal_weight.word(),
                meaning: record.meaning,
                evidence: record.evidence,
                types: record.types,
                sha256: record.sha256,
            },
            line,
        })
    }

    fn refuse<T>(&self, span: &Range<usize>, field: &'static str, got: &str, expected: &'static str) -> Result<T, RegistryError> {
        let (line, column) = place(self.text, span.start);
        Err(RegistryError::Value { line, column, field, got: got.to_owned(), expected })
    }

    fn word(&self, field: &'static str, word: Spanned<String>) -> Result<String, RegistryError> {
        let text = word.get_ref();
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits {
            return self.refuse(&word.span(), field, text, "lower-case letters a-z, digits and `_`");
        }
        Ok(word.into_inner())
    }

    fn filled(&self, field: &'static str, value: Spanned<String>) -> Result<String, RegistryError> {
        if value.get_ref().is_empty() {
            return self.refuse(&value.span(), field, "", "some text");
        }
        Ok(value.into_inner())
    }

    fn sign(
        &self,
        field: &'static str,
        value: Option<Spanned<String>>,
        fits: impl Fn(&char) -> bool,
        expected: &'static str,
    ) -> Result<Option<char>, RegistryError> {
        let Some(value) = value else { return Ok(None) };
        let mut letters = value.get_ref().chars();
        match (letters.next().filter(fits), letters.next()) {
            (Some(letter), None) => Ok(Some(letter)),
            _ => self.refuse(&value.span(), field, value.get_ref(), expected),
        }
    }

    fn date_formats(&self, value: Option<Spanned<OneOrMore>>) -> Result<Vec<DateFormat>, RegistryError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let texts = match value.get_ref() {
            OneOrMore::One(text) => std::slice::from_ref(text),
            OneOrMore::More(texts) => texts.as_slice(),
        };
        let expected = "YYYY, MM and DD once each with signs between, such as DD/MM/YYYY";
        let read = |text: &String| text.parse().or_else(|()| self.refuse(&value.span(), "date_format", text, expected));
        texts.iter().map(read).collect()
    }

    fn join(&self, join: &Spanned<String>) -> Result<Join, RegistryError> {
        let expected = "`intersects`, `nearest`, `nearest:3`, `within:500m` (a distance in m or km) or `key:COLUMN`";
        join.get_ref().parse().or_else(|()| self.refuse(&join.span(), "join", join.get_ref(), expected))
    }

    fn raster(
        &self,
        kind: &Spanned<String>,
        classes: BTreeMap<Spanned<String>, String>,
        band: Option<usize>,
    ) -> Result<RasterSource, RegistryError> {
        let mut names = BTreeMap::new();
        for (class, name) in classes {
            match class.get_ref().parse() {
                Ok(number) => names.insert(number, name),
                Err(_) => return self.refuse(&class.span(), "classes", class.get_ref(), "the number of a class"),
            };
        }
        let pixels = match kind.get_ref().as_str() {
            "classes" => Pixels::Classes(names),
            "values" => Pixels::Values,
            other => return self.refuse(&kind.span(), "kind", other, "`classes` or `values`, for a raster"),
        };
        Ok(RasterSource { pixels, band: band.unwrap_or(1).max(1) })
    }

    fn columns(&self, columns: BTreeMap<Spanned<String>, String>) -> Result<BTreeMap<String, String>, RegistryError> {
        let mut read = BTreeMap::new();
        for (output, field) in columns {
            if source::OWN_COLUMNS.contains(&output.get_ref().as_str()) {
                let expected = "a column name that the join does not write itself (key, name, overlap_ha, share, ...)";
                return self.refuse(&output.span(), "columns", output.get_ref(), expected);
            }
            read.insert(output.into_inner(), field);
        }
        Ok(read)
    }

    fn bound(&self, field: &'static str, value: Option<Spanned<Value>>) -> Result<Bound, RegistryError> {
        let Some(value) = value else { return Ok(Bound::Open) };
        match value.get_ref() {
            Value::String(text) => Ok(Bound::new(text)),
            Value::Datetime(day) => match day.to_string().parse() {
                Ok(day) => Ok(Bound::Day(day)),
                Err(_) => self.refuse(&value.span(), field, &day.to_string(), "a day such as 2026-01-31"),
            },
            other => self.refuse(&value.span(), field, &other.to_string(), "a source field, a day or \"\" for open"),
        }
    }

    fn private(&self, names: Vec<Spanned<String>>, columns: &BTreeMap<String, String>) -> Result<Vec<String>, RegistryError> {
        let named = |name: Spanned<String>| {
            let known = columns.contains_key(name.get_ref()) || name.get_ref() == "name" || name.get_ref() == "key";
            if known { Ok(name.into_inner()) } else { self.refuse(&name.span(), "private", name.get_ref(), PRIVATE) }
        };
        names.into_iter().map(named).collect()
    }

    fn coverage(&self, record: CoverageRecord) -> Result<Coverage, RegistryError> {
        let bounds = match record.bounds {
            Some(bounds) if !is_box(bounds.get_ref()) => {
                return self.refuse(&bounds.span(), "bounds", &format!("{:?}", bounds.get_ref()), BOUNDS);
            }
            bounds => bounds.map(Spanned::into_inner),
        };
        let (from, to) = (self.day("from", record.from)?, self.day("to", record.to)?);
        Ok(Coverage { bounds, polygons: record.polygons, from, to })
    }

    fn earlier(&self, records: Vec<CopyRecord>) -> Result<Vec<Copy>, RegistryError> {
        let mut copies = Vec::with_capacity(records.len());
        for CopyRecord { path, layer, retrieved } in records {
            let span = retrieved.span();
            match self.retrieved(Some(retrieved))? {
                Some(retrieved) => copies.push(Copy { path, layer, retrieved }),
                None => return self.refuse(&span, "retrieved", "", "a day such as 2026-01-31"),
            }
        }
        copies.sort_by_key(|copy| copy.retrieved);
        Ok(copies)
    }

    fn retrieved(&self, value: Option<Spanned<Value>>) -> Result<Option<Date>, RegistryError> {
        self.day("retrieved", value)
    }

    fn day(&self, field: &'static str, value: Option<Spanned<Value>>) -> Result<Option<Date>, RegistryError> {
        let Some(value) = value else { return Ok(None) };
        let text = match value.get_ref() {
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match text.parse() {
            Ok(day) => Ok(Some(day)),
            Err(_) => self.refuse(&value.span(), field, &text, "a day such as 2026-01-31"),
        }
    }
}

const PRIVATE: &str = "`key`, `name` or one of the output columns of the record";
const BOUNDS: &str = "west, south, east, north in degrees";

fn is_box([west, south, east, north]: &[f64; 4]) -> bool {
    west < east && south < north && (-180.0..=180.0).contains(west) && *east <= 180.0 && *south >= -90.0 && *north <= 90.0
}
