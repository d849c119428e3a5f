mod reading;
mod record;

use crate::RegistryError;
use crate::place::{place, syntax};
use crate::source::RegistrySource;
use reading::Reading;
use record::{Document, KNOWN};

/// The registries that a catalogue describes, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Sources, ids unique.
    pub sources: Vec<RegistrySource>,
}

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use raster::Date;

    use super::*;
    use crate::source::{Bound, Join, Pixels, Privacy, RasterSource};

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
