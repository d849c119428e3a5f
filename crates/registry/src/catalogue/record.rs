//! A record of a catalogue as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use crate::source::{Privacy, Title, Verified};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) source: Vec<Spanned<Record>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) id: Spanned<String>,
    pub(super) title: Title,
    pub(super) authority: String,
    #[serde(default)]
    pub(super) theme: String,
    #[serde(default)]
    pub(super) country: String,
    pub(super) path: Spanned<String>,
    pub(super) layer: Option<String>,
    pub(super) key: Option<Spanned<String>>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) columns: BTreeMap<Spanned<String>, String>,
    pub(super) valid_from: Option<Spanned<Value>>,
    pub(super) valid_to: Option<Spanned<Value>>,
    pub(super) join: Option<Spanned<String>>,
    pub(super) privacy: Privacy,
    #[serde(default)]
    pub(super) licence: String,
    pub(super) retrieved: Option<Spanned<Value>>,
    pub(super) encoding: Option<String>,
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) decimal: Option<Spanned<String>>,
    pub(super) date_format: Option<Spanned<OneOrMore>>,
    pub(super) lon: Option<String>,
    pub(super) lat: Option<String>,
    pub(super) crs: Option<String>,
    #[serde(default)]
    pub(super) private: Vec<Spanned<String>>,
    pub(super) key_width: Option<usize>,
    pub(super) scale: Option<f64>,
    pub(super) accuracy_m: Option<f64>,
    pub(super) kind: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) classes: BTreeMap<Spanned<String>, String>,
    pub(super) band: Option<usize>,
    #[serde(default)]
    pub(super) coverage: CoverageRecord,
    #[serde(default)]
    pub(super) earlier: Vec<CopyRecord>,
    #[serde(default)]
    pub(super) no_information: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) verified: Verified,
    #[serde(default)]
    pub(super) evidence: String,
    #[serde(default)]
    pub(super) access: Access,
    #[serde(default)]
    pub(super) format: String,
    #[serde(default)]
    pub(super) obtain: Title,
    #[serde(default)]
    pub(super) geometry: String,
    #[serde(default)]
    pub(super) cadence: String,
    #[serde(default)]
    pub(super) legal_weight: LegalWeight,
    #[serde(default)]
    pub(super) meaning: Title,
    #[serde(default)]
    pub(super) types: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) sha256: String,
}

/// One text or a list of texts.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text such as \"DD/MM/YYYY\" or a list of them")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoverageRecord {
    pub(super) bounds: Option<Spanned<[f64; 4]>>,
    pub(super) polygons: Option<String>,
    pub(super) from: Option<Spanned<Value>>,
    pub(super) to: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CopyRecord {
    pub(super) path: String,
    pub(super) layer: Option<String>,
    pub(super) retrieved: Spanned<Value>,
}

/// A word of a closed list; empty where the record does not say.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal),+) => {
        #[derive(Clone, Copy, Default, Deserialize)]
        pub(super) enum $name {
            #[default]
            #[serde(rename = "")]
            Untold,
            $(#[serde(rename = $word)] $variant),+
        }

        impl $name {
            pub(super) fn word(self) -> String {
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

/// Every key of a record, for hints.
pub(super) const KNOWN: [&str; 51] = [
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
