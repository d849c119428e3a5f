use std::collections::BTreeMap;
use std::ops::Range;

use raster::Date;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::day::DateFormat;
use crate::place::{place, syntax};
use crate::source::{
    Bound, CLASS_FIELDS, Copy, Coverage, Description, Join, Pixels, Privacy, RasterSource, RegistrySource, Title, Verified,
};
use crate::{RegistryError, source};

/// The registries that a catalogue describes, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Sources, ids unique.
    pub sources: Vec<RegistrySource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    source: Vec<Spanned<Record>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: Spanned<String>,
    title: Title,
    authority: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    country: String,
    path: Spanned<String>,
    layer: Option<String>,
    key: Option<Spanned<String>>,
    name: Option<String>,
    #[serde(default)]
    columns: BTreeMap<Spanned<String>, String>,
    valid_from: Option<Spanned<Value>>,
    valid_to: Option<Spanned<Value>>,
    join: Option<Spanned<String>>,
    privacy: Privacy,
    #[serde(default)]
    licence: String,
    retrieved: Option<Spanned<Value>>,
    encoding: Option<String>,
    delimiter: Option<Spanned<String>>,
    decimal: Option<Spanned<String>>,
    date_format: Option<Spanned<OneOrMore>>,
    lon: Option<String>,
    lat: Option<String>,
    crs: Option<String>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    key_width: Option<usize>,
    scale: Option<f64>,
    accuracy_m: Option<f64>,
    kind: Option<Spanned<String>>,
    #[serde(default)]
    classes: BTreeMap<Spanned<String>, String>,
    band: Option<usize>,
    #[serde(default)]
    coverage: CoverageRecord,
    #[serde(default)]
    earlier: Vec<CopyRecord>,
    #[serde(default)]
    no_information: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    verified: Verified,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    format: String,
    #[serde(default)]
    obtain: Title,
    #[serde(default)]
    geometry: String,
    #[serde(default)]
    cadence: String,
    #[serde(default)]
    legal_weight: LegalWeight,
    #[serde(default)]
    meaning: Title,
    #[serde(default)]
    types: BTreeMap<String, String>,
    #[serde(default)]
    sha256: String,
}

/// One text or a list of texts.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text such as \"DD/MM/YYYY\" or a list of them")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoverageRecord {
    bounds: Option<Spanned<[f64; 4]>>,
    polygons: Option<String>,
    from: Option<Spanned<Value>>,
    to: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CopyRecord {
    path: String,
    layer: Option<String>,
    retrieved: Spanned<Value>,
}

/// A word of a closed list; empty where the record does not say.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal),+) => {
        #[derive(Clone, Copy, Default, Deserialize)]
        enum $name {
            #[default]
            #[serde(rename = "")]
            Untold,
            $(#[serde(rename = $word)] $variant),+
        }

        impl $name {
            fn word(self) -> String {
                match self {
                    Self::Untold => String::new(),
                    $(Self::$variant => $word.to_owned()),+
                }
            }
        }
    };
}

words!(Access: FeatureService = "feature_service", Wfs = "wfs", Download = "download", Table = "table", Raster = "raster", OnRequest = "on_request");
words!(LegalWeight: Binding = "binding", Official = "official", Indicative = "indicative", Context = "context");

const KNOWN: [&str; 51] = [
    "source",
    "id",
    "title",
    "authority",
    "theme",
    "country",
    "path",
    "layer",
    "key",
    "name",
    "columns",
    "valid_from",
    "valid_to",
    "join",
    "privacy",
    "licence",
    "retrieved",
    "encoding",
    "delimiter",
    "decimal",
    "date_format",
    "lon",
    "lat",
    "crs",
    "kind",
    "classes",
    "band",
    "en",
    "private",
    "key_width",
    "scale",
    "accuracy_m",
    "coverage",
    "earlier",
    "no_information",
    "verified",
    "evidence",
    "access",
    "format",
    "obtain",
    "geometry",
    "cadence",
    "legal_weight",
    "meaning",
    "types",
    "sha256",
    "bounds",
    "polygons",
    "from",
    "to",
    "es",
];

impl Catalogue {
    /// The catalogue of `[[source]]` records that a TOML text holds.
    ///
    /// `id`, `title`, `authority`, `path`, `privacy` and, unless the source is a raster, `key` must be there; a missing `join` is
    /// `intersects`. A raster is told by its `kind`: `classes` or `values`.
    ///
    /// # Errors
    /// [`RegistryError::Syntax`], [`RegistryError::Value`] or [`RegistryError::DuplicateId`], each with its line and column.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let document: Document = toml::from_str(text).map_err(|error| syntax(text, &error, KNOWN))?;
        let mut sources: Vec<RegistrySource> = Vec::with_capacity(document.source.len());
        for record in document.source {
            let id = record.get_ref().id.clone();
            let source = Reading { text }.source(record)?;
            if let Some(first) = sources.iter().find(|known| known.id == source.id) {
                let (line, column) = place(text, id.span().start);
                return Err(RegistryError::DuplicateId { line, column, id: source.id, first_line: first.line });
            }
            sources.push(source);
        }
        Ok(Self { sources })
    }
}

/// One pass over a catalogue's text, which places of errors are counted in.
struct Reading<'a> {
    text: &'a str,
}

impl Reading<'_> {
    fn source(&self, record: Spanned<Record>) -> Result<RegistrySource, RegistryError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"[[source]]
id = "municipios"
title = { es = "Municipios", en = "Municipalities" }
authority = "DANE"
theme = "administrative"
country = "CO"
path = "municipalities.geojson"
key = "MPIO_CCNCT"
name = "MPIO_CNMBR"
columns = { departamento = "DPTO_CNMBR" }
valid_from = "FECHA_ACTO"
valid_to = ""
join = "intersects"
privacy = "public"
licence = "open"
retrieved = 2026-01-31
"#;

    fn refused(text: &str) -> (Option<(usize, usize)>, String) {
        let error = Catalogue::parse(text).expect_err("refused");
        (error.place(), error.to_string())
    }

    #[test]
    fn a_full_record_is_read_as_written() {
        let source = &Catalogue::parse(RECORD).expect("a catalogue").sources[0];
        assert_eq!((source.id.as_str(), source.key.as_str(), source.line), ("municipios", "MPIO_CCNCT", 2));
        assert_eq!(source.valid_from, Bound::Field("FECHA_ACTO".to_owned()));
        assert_eq!((&source.valid_to, &source.join, source.privacy), (&Bound::Open, &Join::Intersects, Privacy::Public));
        assert_eq!(source.retrieved, Date::from_ymd(2026, 1, 31));
        assert_eq!(source.columns["departamento"], "DPTO_CNMBR");
    }

    #[test]
    fn an_unknown_key_is_placed_and_guessed() {
        let (place, message) = refused(&RECORD.replace("licence", "license"));
        assert_eq!(place, Some((15, 1)));
        assert!(message.contains("unknown field `license`") && message.contains("did you mean `licence`?"), "{message}");
    }

    #[test]
    fn a_repeated_id_names_both_lines() {
        let (place, message) = refused(&format!("{RECORD}{RECORD}"));
        assert_eq!(place, Some((18, 6)));
        assert!(message.contains("already used on line 2"), "{message}");
    }

    #[test]
    fn wrong_values_are_refused_where_they_stand() {
        for (from, to, line) in [
            ("\"municipios\"", "\"Munis\"", 2),
            ("\"intersects\"", "\"within:500\"", 13),
            ("\"intersects\"", "\"key:\"", 13),
            ("2026-01-31", "\"31/01/2026\"", 16),
            ("departamento", "share", 10),
            ("\"public\"", "\"secret\"", 14),
            ("valid_to = \"\"", "date_format = \"DD/MM/YY\"", 12),
            ("valid_to = \"\"", "decimal = \";\"", 12),
            ("valid_to = \"\"", "delimiter = \"::\"", 12),
        ] {
            let (place, message) = refused(&RECORD.replace(from, to));
            assert_eq!(place.map(|(line, _)| line), Some(line), "{message}");
        }
    }

    #[test]
    fn a_raster_needs_no_key_and_its_classes_are_numbers() {
        let raster =
            RECORD.replace("key = \"MPIO_CCNCT\"", "kind = \"classes\"\nclasses = { 1 = \"bosque\", 2 = \"no bosque\" }");
        let source = Catalogue::parse(&raster).expect("a catalogue").sources.remove(0);
        let classes = BTreeMap::from([(1, "bosque".to_owned()), (2, "no bosque".to_owned())]);
        assert_eq!(source.raster, Some(RasterSource { pixels: Pixels::Classes(classes), band: 1 }));
        assert_eq!((source.key.as_str(), source.name.as_deref()), ("class", Some("name")));
        let (place, message) = refused(&raster.replace("2 =", "two ="));
        assert!(place.is_some_and(|(line, _)| line == 9) && message.contains("`two`"), "{message}");
        let (place, message) = refused(&RECORD.replace("key = \"MPIO_CCNCT\"\n", ""));
        assert!(place == Some((2, 6)) && message.contains("official code"), "{message}");
    }

    #[test]
    fn joins_are_read_with_their_distance_or_column() {
        assert_eq!("within:500m".parse(), Ok(Join::Within { distance_m: 500.0 }));
        assert_eq!("within:2km".parse(), Ok(Join::Within { distance_m: 2000.0 }));
        assert_eq!("key:mpio_code".parse(), Ok(Join::Key { column: "mpio_code".to_owned() }));
        assert_eq!(("nearest".parse(), "nearest:3".parse()), (Ok(Join::Nearest { count: 1 }), Ok(Join::Nearest { count: 3 })));
        assert_eq!(["within:-1m", "nearest:0", "nearest:x"].map(str::parse::<Join>), [Err(()), Err(()), Err(())]);
    }
}
