use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Address, Checksum, FetchError};

/// An item of a search: its JSON, and what it takes to bring its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id, unique in its collection.
    pub id: String,
    /// Its collection.
    pub collection: Option<String>,
    /// When it was seen; the begin where it has a period.
    pub datetime: Option<String>,
    /// When its metadata were last changed.
    pub updated: Option<String>,
    /// Percent of cloud.
    pub cloud_cover: Option<f64>,
    /// Its files, by their keys.
    pub assets: Vec<Asset>,
    /// The address that it gives itself.
    pub own: Option<Address>,
    /// All of it.
    pub json: Value,
}

/// A file of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Its key.
    pub key: String,
    /// Where it is, as the item says.
    pub href: String,
    /// Other places where it is, by their names (extension `alternate`).
    pub alternates: BTreeMap<String, String>,
    /// What it is.
    pub media_type: String,
    /// Its size by its provider.
    pub size: Option<u64>,
    /// Its checksum by its provider, as it stands.
    pub checksum: Option<String>,
}

impl Item {
    /// The item of a feature of a search's answer.
    ///
    /// # Errors
    /// A reason where it is none.
    pub(super) fn of(json: Value, page: &Address) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let id = text(&json["id"]).filter(|id| !id.is_empty()).ok_or("an item has no id")?;
        if json["type"] != "Feature" {
            return Err(format!("item {}: is no Feature", id.escape_debug()));
        }
        let properties = &json["properties"];
        let assets = json["assets"].as_object().ok_or_else(|| format!("item {}: has no assets", id.escape_debug()))?;
        let assets = assets.iter().filter_map(|(key, asset)| Asset::of(key, asset)).collect();
        let links = json["links"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = links.iter().find(|link| link["rel"] == "self").and_then(|link| link["href"].as_str());
        Ok(Self {
            collection: text(&json["collection"]),
            datetime: text(&properties["datetime"]).or_else(|| text(&properties["start_datetime"])),
            updated: text(&properties["updated"]),
            cloud_cover: properties["eo:cloud_cover"].as_f64(),
            own: own.and_then(|href| page.join(href).ok()),
            assets,
            id,
            json,
        })
    }
}

impl Asset {
    fn of(key: &str, json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        Some(Self {
            key: key.to_owned(),
            href: text("href")?,
            alternates: alternates(&json["alternate"]),
            media_type: text("type").unwrap_or_default(),
            size: json["file:size"].as_u64(),
            checksum: text("file:checksum").or_else(|| text("checksum:multihash")),
        })
    }

    /// Its checksum by its provider.
    ///
    /// # Errors
    /// [`FetchError::BadChecksum`] for one that cannot be read or computed.
    pub fn proof(&self) -> Result<Option<Checksum>, FetchError> {
        self.checksum.as_deref().map(Checksum::of_multihash).transpose()
    }
}

fn alternates(json: &Value) -> BTreeMap<String, String> {
    let places = json.as_object().into_iter().flatten();
    places.filter_map(|(name, place)| Some((name.clone(), place["href"].as_str()?.to_owned()))).collect()
}
