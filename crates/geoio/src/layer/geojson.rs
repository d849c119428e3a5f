use std::path::Path;

use geo::BoundingRect as _;
use geo_types::Rect;
use serde_json::value::RawValue;

use super::LayerError;
use super::geojson_geometry::{self, Shape};
use super::json::{Members, Source};
use super::notice::{Notice, Notices};
use super::records::Records;
use super::text;

/// What a `GeoJSON` text holds, its coordinates as they stand there.
pub(super) struct GeoJson {
    /// The records.
    pub(super) records: Records,
    /// The reference system its `crs` member names.
    pub(super) crs: Option<String>,
    /// The collection's `name` member.
    pub(super) name: Option<String>,
}

/// Reads `GeoJSON` (RFC 7946) strictly: what breaks JSON or the structure of `GeoJSON` refuses the file.
pub(super) fn read(path: &Path, bytes: &[u8], notices: &mut Notices) -> Result<GeoJson, LayerError> {
    let text = text::strict(path, bytes)?;
    let mut reader = Reader { source: Source { path, text }, notices, records: Records::default() };
    let top = reader.top(text)?;
    reader.duplicates(&top, "the top object");
    let crs = top.get("crs").map(|raw| reader.crs(raw)).transpose()?.flatten();
    let name = top.get("name").and_then(|raw| reader.source.parse(raw).ok());
    match reader.kind(&top, text)?.as_str() {
        "FeatureCollection" => reader.collection(&top, text)?,
        "Feature" => reader.feature(text, 1)?,
        _ => reader.bare(&top, text)?,
    }
    Ok(GeoJson { records: reader.records, crs, name })
}

struct Reader<'a, 'n> {
    source: Source<'a>,
    notices: &'n mut Notices,
    records: Records,
}

impl<'a> Reader<'a, '_> {
    /// The top object; what is JSON but no object is told apart from what is no JSON.
    fn top(&self, text: &'a str) -> Result<Members<'a>, LayerError> {
        self.source.borrow(text).map_err(|error| match self.source.borrow::<&RawValue>(text) {
            Ok(_) => self.source.refuse(text, "valid JSON, but no GeoJSON, which is an object with a `type`"),
            Err(_) => error,
        })
    }

    fn kind(&self, object: &Members<'a>, part: &'a str) -> Result<String, LayerError> {
        let raw = object.kind().ok_or_else(|| self.source.refuse(part, "an object without `type` is no GeoJSON"))?;
        self.source.parse(raw)
    }

    fn duplicates(&mut self, object: &Members, place: &str) {
        if object.has_duplicates() {
            self.notices.note(Notice::DuplicateMember, place);
        }
    }

    fn crs(&mut self, raw: &'a RawValue) -> Result<Option<String>, LayerError> {
        if raw.get() == "null" {
            return Ok(None);
        }
        let crs: Members = self.source.borrow(raw.get())?;
        let refuse = |message: &str| self.source.refuse(raw.get(), message);
        let kind: String = crs.get("type").map(|kind| self.source.parse(kind)).transpose()?.unwrap_or_default();
        if kind != "name" {
            return Err(refuse("a `crs` that is not a name is refused (links are never followed); remove it or pass the system"));
        }
        let properties = crs.get("properties").ok_or_else(|| refuse("a `crs` without properties"))?;
        let properties: Members = self.source.borrow(properties.get())?;
        let name = properties.get("name").ok_or_else(|| refuse("a `crs` without a name"))?;
        let name: String = self.source.parse(name)?;
        let known = code_of(&name).ok_or_else(|| refuse("the `crs` is neither EPSG nor OGC:CRS84; pass the system as EPSG:n"))?;
        if known == "OGC:CRS84" {
            return Ok(None);
        }
        self.notices.note(Notice::CrsMember, known.as_str());
        Ok(Some(known))
    }

    fn collection(&mut self, top: &Members<'a>, text: &'a str) -> Result<(), LayerError> {
        self.bbox(top, "the collection", None)?;
        let features = top.get("features").ok_or_else(|| self.source.refuse(text, "a FeatureCollection without `features`"))?;
        let features: Vec<&'a RawValue> = self.source.borrow(features.get())?;
        features.iter().enumerate().try_for_each(|(i, feature)| {
            let object: Members = self.source.borrow(feature.get())?;
            match self.kind(&object, feature.get())?.as_str() {
                "Feature" => self.feature(feature.get(), i + 1),
                other => Err(self.source.refuse(feature.get(), format!("a feature of type `{other}`; expected Feature"))),
            }
        })
    }

    fn feature(&mut self, part: &'a str, number: usize) -> Result<(), LayerError> {
        let place = format!("feature {number}");
        let feature: Members = self.source.borrow(part)?;
        self.duplicates(&feature, &place);
        let geometry =
            feature.get("geometry").ok_or_else(|| self.source.refuse(part, "a Feature without `geometry` (null is allowed)"))?;
        let shape = geojson_geometry::read(&self.source, geometry.get(), &place, self.notices)?;
        self.bbox(&feature, &place, Some(&shape))?;
        self.push(shape, place.clone());
        let properties = self.properties(&feature, &place)?;
        if let Some(id) = feature.get("id").filter(|_| properties.get("id").is_none()) {
            self.set("id", id)?;
        }
        properties.0.iter().try_for_each(|(name, value)| self.set(name, value))
    }

    fn properties(&mut self, feature: &Members<'a>, place: &str) -> Result<Members<'a>, LayerError> {
        match feature.get("properties") {
            None => {
                self.notices.note(Notice::PropertiesMissing, place);
                Ok(Members(Vec::new()))
            }
            Some(raw) if raw.get() == "null" => Ok(Members(Vec::new())),
            Some(raw) => {
                let properties: Members = self.source.borrow(raw.get())?;
                self.duplicates(&properties, place);
                // The last of two equal names counts: keep each name once, with that value.
                let names = properties.0.iter().map(|(name, _)| name.clone());
                let last = names.clone().filter_map(|name| properties.get(&name).map(|value| (name, value)));
                Ok(if properties.has_duplicates() { Members(deduplicated(last)) } else { properties })
            }
        }
    }

    fn bare(&mut self, top: &Members<'a>, text: &'a str) -> Result<(), LayerError> {
        self.notices.note(Notice::NotWrapped, "the file");
        if ["features", "geometry", "properties"].iter().any(|name| top.get(name).is_some()) {
            self.notices.note(Notice::ForeignMeaning, "the file");
        }
        let shape = geojson_geometry::read(&self.source, text, "the geometry", self.notices)?;
        self.bbox(top, "the geometry", Some(&shape))?;
        self.push(shape, "feature 1".to_owned());
        Ok(())
    }

    fn push(&mut self, shape: Shape, place: String) {
        let geometry = match shape {
            Shape::Some(geometry) => Some(geometry),
            Shape::Missing => {
                self.notices.note(Notice::GeometryMissing, place.clone());
                None
            }
        };
        self.records.begin(place, geometry);
    }

    fn set(&mut self, name: &str, raw: &RawValue) -> Result<(), LayerError> {
        let value = match raw.get() {
            "null" => None,
            text if text.starts_with('"') => Some(self.source.parse::<String>(raw)?),
            // A number keeps its digits; objects and arrays stay JSON.
            text => Some(text.to_owned()),
        };
        let column = self.records.column(name);
        self.records.set(column, value);
        Ok(())
    }

    /// A bbox is not used, but one that cannot be right says that somebody swapped axes.
    fn bbox(&mut self, object: &Members<'a>, place: &str, shape: Option<&Shape>) -> Result<(), LayerError> {
        let Some(raw) = object.get("bbox").filter(|raw| raw.get() != "null") else { return Ok(()) };
        let bbox: Vec<f64> = self.source.parse(raw)?;
        if !matches!(bbox.len(), 4 | 6) {
            return Err(self.source.refuse(raw.get(), format!("a bbox of {} numbers; expected 4 or 6", bbox.len())));
        }
        let (south, north) = (bbox[1], bbox[bbox.len() / 2 + 1]);
        let outside = |rect: Rect<f64>| rect.max().y < south || rect.min().y > north;
        let rect = match shape {
            Some(Shape::Some(geometry)) => geometry.bounding_rect(),
            _ => None,
        };
        if south > north || rect.is_some_and(outside) {
            self.notices.note(Notice::BboxOrder, place);
        }
        Ok(())
    }
}

fn deduplicated<'a, N: Eq + Clone>(members: impl Iterator<Item = (N, &'a RawValue)>) -> Vec<(N, &'a RawValue)> {
    let mut kept: Vec<(N, &'a RawValue)> = Vec::new();
    for (name, value) in members {
        if kept.iter().all(|(other, _)| *other != name) {
            kept.push((name, value));
        }
    }
    kept
}

/// `EPSG:n` or `OGC:CRS84` of a name in one of its usual spellings.
fn code_of(name: &str) -> Option<String> {
    let upper = name.trim().to_ascii_uppercase();
    if upper.ends_with("CRS84") {
        return Some("OGC:CRS84".to_owned());
    }
    let code = upper.strip_prefix("EPSG:").or_else(|| upper.strip_prefix("URN:OGC:DEF:CRS:EPSG:"))?;
    let number = code.rsplit(':').next()?;
    number.parse::<u32>().ok().map(|number| format!("EPSG:{number}"))
}
