use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::asset::{self, Asset, told};
use super::instant::{Instant, Span};
use super::{Footprint, version};
use crate::GeoioError;

/// A STAC item: one scene or product, its time, place and files.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id, which is no path.
    pub id: String,
    /// STAC version as it is written.
    pub version: String,
    /// Id of the collection it is of.
    pub collection: Option<String>,
    /// Share of cloud in percent, where it is told.
    pub cloud_cover: Option<f64>,
    /// The file it was read from.
    pub origin: PathBuf,
    pub(crate) span: Span,
    pub(crate) footprint: Option<Footprint>,
    pub(crate) assets: Vec<Asset>,
    pub(crate) properties: Map<String, Value>,
}

impl Item {
    /// The item of a JSON value.
    ///
    /// # Errors
    /// [`GeoioError::Stac`] for a version that is not known, and for what no item may be: an id that is a path, a time without a
    /// zone, cloud beyond 0 to 100, an `href` that no file can have.
    pub(super) fn parse(value: &Value, origin: &Path) -> Result<Self, GeoioError> {
        let plain = |reason: String| GeoioError::stac(origin, reason);
        let fields = value.as_object().ok_or_else(|| plain("an item is no object".to_owned()))?;
        let id = fields.get("id").and_then(Value::as_str).ok_or_else(|| plain("it has no id".to_owned()))?;
        check_id(id).map_err(|reason| plain(format!("the id '{}' {reason}", told(id))))?;
        let wrong = |reason: String| GeoioError::stac(origin, format!("item {}: {reason}", told(id)));
        if fields.get("type").and_then(Value::as_str) != Some("Feature") {
            return Err(wrong("its type is not Feature".to_owned()));
        }
        let version = version::check(fields.get("stac_version").and_then(Value::as_str), origin, &format!("item {}", told(id)))?;
        let empty = Map::new();
        let properties = match fields.get("properties") {
            Some(Value::Object(properties)) => properties,
            None => &empty,
            Some(_) => return Err(wrong("its properties are no object".to_owned())),
        };
        let span = span(properties).map_err(wrong)?;
        let footprint = Footprint::parse(fields.get("bbox"), fields.get("geometry")).map_err(wrong)?;
        let assets = match fields.get("assets") {
            Some(Value::Object(assets)) => assets,
            None => &empty,
            Some(_) => return Err(wrong("its assets are no object".to_owned())),
        };
        let shared = properties.get("eo:bands");
        let mut assets: Vec<Asset> =
            assets.iter().map(|(key, asset)| Asset::parse(key, asset, shared)).collect::<Result<_, _>>().map_err(wrong)?;
        // What an item says of its projection holds for assets that say nothing of their own.
        for asset in &mut assets {
            asset.crs = asset.crs.take().or_else(|| asset::crs_text(properties));
            if asset.shape.is_none() && asset.transform.is_none() {
                (asset.shape, asset.transform) = (asset::shape(properties), asset::transform(properties));
            }
        }
        Ok(Self {
            id: id.to_owned(),
            version,
            collection: text(fields, "collection").or_else(|| text(properties, "collection")),
            cloud_cover: cloud_cover(properties).map_err(wrong)?,
            origin: origin.to_owned(),
            span,
            footprint,
            assets,
            properties: properties.clone(),
        })
    }

    /// When it was sensed: a point in time, or from one to another.
    pub fn when(&self) -> String {
        self.span.to_string()
    }

    /// West, south, east, north in degrees, where it tells its place.
    pub fn bbox(&self) -> Option<[f64; 4]> {
        self.footprint.as_ref().map(|footprint| footprint.bbox)
    }

    /// Lets go of what is needed no more once the item is described.
    pub(crate) fn forget(&mut self) {
        self.assets = Vec::new();
        self.properties = Map::new();
        self.footprint = self.footprint.take().map(Footprint::without_ground);
    }

    /// An error about it.
    pub(crate) fn refuse(&self, reason: impl std::fmt::Display) -> GeoioError {
        GeoioError::stac(&self.origin, format!("item {}: {reason}", told(&self.id)))
    }

    /// The first of these properties that is a text or number, as text.
    pub(crate) fn property(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.properties.get(*name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Refuses ids that would be paths or that no file could be named by.
pub(super) fn check_id(id: &str) -> Result<(), &'static str> {
    if id.is_empty() || id.len() > 200 {
        return Err("has no or more than 200 letters");
    }
    if id.contains(['/', '\\']) || id.contains("..") || id.starts_with('.') {
        return Err("is a path");
    }
    if id.chars().any(char::is_control) { Err("holds control characters") } else { Ok(()) }
}

/// The time of an item: `datetime`, or where it is null `start_datetime` and `end_datetime`, which then must both be there.
fn span(properties: &Map<String, Value>) -> Result<Span, String> {
    let instant = |name: &str| match properties.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            Instant::parse(text).map(Some).map_err(|reason| format!("its {name} is '{}': {reason}", told(text)))
        }
        Some(other) => Err(format!("its {name} is {}, which is no text", told(&other.to_string()))),
    };
    if let Some(instant) = instant("datetime")? {
        return Ok(Span::at(instant));
    }
    match (instant("start_datetime")?, instant("end_datetime")?) {
        (Some(from), Some(to)) if from <= to => Ok(Span { from: Some(from), to: Some(to) }),
        (Some(_), Some(_)) => Err("its end_datetime lies before its start_datetime".to_owned()),
        _ => Err("its datetime is null or missing, and so is start_datetime or end_datetime".to_owned()),
    }
}

fn cloud_cover(properties: &Map<String, Value>) -> Result<Option<f64>, String> {
    match properties.get("eo:cloud_cover") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|cover| (0.0..=100.0).contains(cover)) {
            Some(cover) => Ok(Some(cover)),
            None => Err(format!("its eo:cloud_cover is {}, expected 0 to 100", told(&value.to_string()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(change: impl FnOnce(&mut Value)) -> Result<Item, GeoioError> {
        let mut value = json!({
            "type": "Feature", "stac_version": "1.1.0", "id": "a", "geometry": null,
            "properties": { "datetime": "2026-01-01T00:00:00Z" }, "links": [], "assets": {},
        });
        change(&mut value);
        Item::parse(&value, Path::new("a.json"))
    }

    #[test]
    fn a_null_datetime_needs_both_ends_of_a_period() {
        let when = |properties: Value| item(|value| value["properties"] = properties).map(|item| item.when());
        let both = json!({ "datetime": null, "start_datetime": "2026-01-01T00:00:00Z", "end_datetime": "2026-01-31T00:00:00Z" });
        assert_eq!(when(both).expect("an item"), "2026-01-01T00:00:00Z/2026-01-31T00:00:00Z");
        for properties in [
            json!({}),
            json!({ "datetime": null }),
            json!({ "datetime": null, "start_datetime": "2026-01-01T00:00:00Z" }),
            json!({ "datetime": null, "start_datetime": "2026-01-02T00:00:00Z", "end_datetime": "2026-01-01T00:00:00Z" }),
            json!({ "datetime": "2026-01-01T00:00:00" }),
            json!({ "datetime": 2026 }),
        ] {
            let told = when(properties.clone()).expect_err("refused").to_string();
            assert!(told.contains("a.json") && told.contains("item a"), "{properties}: {told}");
        }
    }

    #[test]
    fn cloud_beyond_its_range_and_ids_that_are_paths_are_refused() {
        for cover in [json!(130), json!(-1), json!("much")] {
            assert!(item(|value| value["properties"]["eo:cloud_cover"] = cover).is_err());
        }
        assert_eq!(item(|value| value["properties"]["eo:cloud_cover"] = json!(100)).expect("an item").cloud_cover, Some(100.0));
        for id in ["../../x", "a/b", "a\\b", "", "..", ".hidden", "a\u{1b}b"] {
            assert!(item(|value| value["id"] = json!(id)).is_err(), "{id}");
        }
    }

    #[test]
    fn an_asset_that_no_file_can_be_makes_the_item_unusable() {
        for href in ["/vsicurl/http://127.0.0.1/x.tif", "PG:host=x", "file://h/x"] {
            let told = item(|value| value["assets"]["red"] = json!({ "href": href })).expect_err("refused").to_string();
            assert!(told.contains("asset red") && told.contains(href), "{told}");
        }
        assert!(item(|value| value["assets"]["red"] = json!({ "href": "https://e.org/x.tif" })).is_ok());
    }
}
