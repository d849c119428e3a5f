use raster::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// First and last day of a period, both included.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Period {
    /// First day, such as 2021-01-01.
    #[serde(deserialize_with = "day")]
    #[schemars(with = "String")]
    pub(crate) from: Date,
    /// Last day; absent: up to the last scene.
    #[serde(default, deserialize_with = "some_day")]
    #[schemars(with = "Option<String>")]
    pub(crate) to: Option<Date>,
}

/// A day written as a TOML date or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Toml(toml::value::Datetime),
    Text(String),
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = match Written::deserialize(from).map_err(|_| serde::de::Error::custom("expected a day such as 2021-03-09"))? {
        Written::Toml(day) => day.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map_err(serde::de::Error::custom)
}

/// A day that may be left out, for `deserialize_with`.
pub(crate) fn some_day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    day(from).map(Some)
}
