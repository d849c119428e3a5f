//! Assets of items and the bands in them, as STAC 1.1 (`bands`) and 1.0 (`eo:bands`, `raster:bands`) tell them.

use serde_json::{Map, Value};

use super::href;

/// A file of an item.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// Its name within the item.
    pub(crate) key: String,
    /// Where it is.
    pub(crate) href: String,
    /// Media type; empty where there is none.
    pub(crate) media_type: String,
    /// What it is for.
    pub(crate) roles: Vec<String>,
    /// Its bands in the order of the file; what is wrong with them where they cannot be told.
    pub(crate) bands: Result<Vec<AssetBand>, String>,
    /// Multihash of its bytes.
    pub(crate) checksum: Option<String>,
    /// Its size in bytes.
    pub(crate) size: Option<u64>,
    /// Ground distance of its pixels in metres.
    pub(crate) gsd: Option<f64>,
    /// Reference system, such as `EPSG:32618`.
    pub(crate) crs: Option<String>,
    /// Rows and columns.
    pub(crate) shape: Option<[f64; 2]>,
    /// Affine transform, six numbers, of rows and columns to coordinates.
    pub(crate) transform: Option<Vec<f64>>,
}

/// A band of an asset.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AssetBand {
    /// Name, such as `B04`.
    pub(crate) name: Option<String>,
    /// STAC common name, such as `red`.
    pub(crate) common_name: Option<String>,
    /// Factor of stored numbers.
    pub(crate) scale: Option<f64>,
    /// Summand after it.
    pub(crate) offset: Option<f64>,
    /// Stored number that means "no data".
    pub(crate) nodata: Option<f64>,
}

impl Asset {
    /// The asset of a JSON object. `shared` are the bands that items of before 1.0 hold for all assets.
    ///
    /// # Errors
    /// What is wrong with a field that every asset must have.
    pub(super) fn parse(key: &str, value: &Value, shared: Option<&Value>) -> Result<Self, String> {
        let fields = value.as_object().ok_or_else(|| format!("the asset {key} is no object"))?;
        let wrong = |what: String| format!("the asset {key}: {what}");
        let href = fields.get("href").and_then(Value::as_str).ok_or_else(|| wrong("it has no href".to_owned()))?;
        href::local(href).map_err(|reason| wrong(format!("the href '{}' {reason}", told(href))))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let roles = fields.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            key: key.to_owned(),
            href: href.to_owned(),
            media_type: text("type").unwrap_or_default(),
            roles: roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            bands: bands(fields, shared),
            checksum: text("file:checksum"),
            size: fields.get("file:size").and_then(Value::as_u64),
            gsd: fields.get("gsd").and_then(Value::as_f64),
            crs: crs_text(fields),
            shape: shape(fields),
            transform: transform(fields),
        })
    }

    /// Whether it is a raster by its media type, else by its name.
    pub(crate) fn is_raster(&self) -> bool {
        let kind = self.media_type.to_ascii_lowercase();
        if !kind.is_empty() {
            return ["image/tiff", "image/vnd.stac.geotiff", "image/geotiff", "image/x.geotiff", "image/jp2"]
                .iter()
                .any(|known| kind.starts_with(known));
        }
        let path = self.href.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        [".tif", ".tiff", ".jp2"].iter().any(|end| path.ends_with(end))
    }

    /// Whether one of its roles is this.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// A text from a file, cut to what a message can hold.
pub(super) fn told(text: &str) -> String {
    text.chars().take(120).collect()
}

/// The reference system of an item or asset: `proj:code`, else `proj:epsg`.
pub(super) fn crs_text(fields: &Map<String, Value>) -> Option<String> {
    let code = fields.get("proj:code").and_then(Value::as_str).map(str::to_owned);
    code.or_else(|| ["proj:epsg", "eo:epsg"].iter().find_map(|key| fields.get(*key)?.as_u64()).map(|code| format!("EPSG:{code}")))
}

/// Rows and columns.
pub(super) fn shape(fields: &Map<String, Value>) -> Option<[f64; 2]> {
    numbers(fields.get("proj:shape")).and_then(|shape| <[f64; 2]>::try_from(shape).ok())
}

/// The six numbers of `proj:transform`, of which there may be nine.
pub(super) fn transform(fields: &Map<String, Value>) -> Option<Vec<f64>> {
    let mut numbers = numbers(fields.get("proj:transform")).filter(|n| n.len() == 6 || n.len() == 9)?;
    numbers.truncate(6);
    Some(numbers)
}

pub(super) fn numbers(value: Option<&Value>) -> Option<Vec<f64>> {
    value?.as_array()?.iter().map(Value::as_f64).collect()
}

fn bands(fields: &Map<String, Value>, shared: Option<&Value>) -> Result<Vec<AssetBand>, String> {
    let list = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(format!("its {name} is no list")),
    };
    let band = |value: &Value| value.as_object().map_or_else(|| Err("a band is no object".to_owned()), |own| band(own, fields));
    if let Some(bands) = list("bands")? {
        return bands.iter().map(band).collect();
    }
    let (named, stored) = (list("eo:bands")?, list("raster:bands")?);
    let mut found: Vec<AssetBand> = match named {
        Some(places) if !places.is_empty() && places.iter().all(Value::is_u64) => {
            let all = shared.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let at = |place: &Value| all.get(place.as_u64().unwrap_or(u64::MAX) as usize);
            let missing = || "its eo:bands count bands that the item does not list".to_owned();
            places.iter().map(|place| at(place).ok_or_else(missing).and_then(band)).collect::<Result<_, _>>()?
        }
        Some(named) => named.iter().map(band).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let Some(stored) = stored else {
        // Fields of the asset itself hold for its bands.
        let own = band(&Value::Object(Map::new()))?;
        let tells = own != AssetBand::default();
        return Ok(if found.is_empty() && tells { vec![own] } else { found });
    };
    if found.is_empty() {
        found.resize(stored.len(), AssetBand::default());
    }
    if found.len() != stored.len() {
        return Err(format!("it has {} eo:bands and {} raster:bands", found.len(), stored.len()));
    }
    for (one, stored) in found.iter_mut().zip(stored) {
        let AssetBand { scale, offset, nodata, .. } = band(stored)?;
        (one.scale, one.offset, one.nodata) = (scale, offset, nodata);
    }
    Ok(found)
}

/// The band of an object; what it does not say, its asset may.
fn band(own: &Map<String, Value>, asset: &Map<String, Value>) -> Result<AssetBand, String> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| own.get(*name)?.as_str()).map(str::to_owned);
    let number = |names: [&str; 2]| {
        let given = |name: &&str| own.get(*name).or_else(|| asset.get(*name)).filter(|value| !value.is_null());
        let Some((name, value)) = names.iter().find_map(|name| Some((name, given(name)?))) else { return Ok(None) };
        let number = match value {
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "nan" => Some(f64::NAN),
                "inf" => Some(f64::INFINITY),
                "-inf" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            other => other.as_f64(),
        };
        number.map(Some).ok_or_else(|| format!("its {name} is {}, which is no number", told(&value.to_string())))
    };
    Ok(AssetBand {
        name: text(["name", "id"]),
        common_name: text(["eo:common_name", "common_name"]),
        scale: number(["raster:scale", "scale"])?,
        offset: number(["raster:offset", "offset"])?,
        nodata: number(["nodata", "raster:nodata"])?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bands_of(asset: Value) -> Result<Vec<AssetBand>, String> {
        Asset::parse("red", &asset, Some(&json!([{ "name": "B3" }, { "name": "B4", "common_name": "red" }])))?.bands
    }

    #[test]
    fn all_three_ways_of_telling_a_band_say_the_same() {
        let expected = AssetBand {
            name: Some("B04".to_owned()),
            common_name: Some("red".to_owned()),
            scale: Some(1e-4),
            offset: Some(-0.1),
            nodata: Some(0.0),
        };
        for asset in [
            json!({ "href": "a.tif", "eo:bands": [{ "name": "B04", "common_name": "red" }],
                    "raster:bands": [{ "scale": 1e-4, "offset": -0.1, "nodata": 0 }] }),
            json!({ "href": "a.tif", "bands": [{ "name": "B04", "eo:common_name": "red", "raster:scale": 1e-4,
                    "raster:offset": -0.1, "nodata": 0 }] }),
            json!({ "href": "a.tif", "raster:scale": 1e-4, "raster:offset": -0.1, "nodata": 0,
                    "bands": [{ "name": "B04", "eo:common_name": "red" }] }),
        ] {
            assert_eq!(bands_of(asset.clone()), Ok(vec![expected.clone()]), "{asset}");
        }
    }

    #[test]
    fn bands_of_before_1_0_are_counted_in_the_item() {
        let bands = bands_of(json!({ "href": "a.tif", "eo:bands": [1] })).expect("bands");
        assert_eq!(bands[0].common_name.as_deref(), Some("red"));
        assert!(bands_of(json!({ "href": "a.tif", "eo:bands": [2] })).is_err());
    }

    #[test]
    fn bands_that_contradict_each_other_are_told_and_not_guessed() {
        let two = json!({ "href": "a.tif", "eo:bands": [{}, {}], "raster:bands": [{}] });
        assert!(bands_of(two).expect_err("refused").contains("2 eo:bands and 1 raster:bands"));
        assert!(bands_of(json!({ "href": "a.tif", "bands": [{ "raster:scale": "much" }] })).is_err());
        assert!(
            bands_of(json!({ "href": "a.tif", "bands": [{ "nodata": "nan" }] })).expect("bands")[0].nodata.expect("NaN").is_nan()
        );
    }
}
