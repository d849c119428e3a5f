use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use raster::Date;
use serde::Deserialize;

use crate::day::DateFormat;

/// Words for people, in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Spanish.
    pub es: String,
    /// English.
    pub en: String,
}

/// Who may see what a source says of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// Everybody.
    Public,
    /// Those the authority allows.
    Restricted,
    /// Data about persons.
    Personal,
}

impl Privacy {
    /// As it stands in catalogues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Restricted => "restricted",
            Self::Personal => "personal",
        }
    }
}

/// How features meet the records of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum Join {
    /// By shared area; a point by lying in or on a record, a line by touching one.
    Intersects,
    /// The nearest records.
    Nearest {
        /// How many, at least 1.
        count: usize,
    },
    /// Every record within a distance.
    Within {
        /// Distance in metres, above 0.
        distance_m: f64,
    },
    /// Records whose key is the text in this column of the features.
    Key {
        /// Column of the features.
        column: String,
    },
}

impl Join {
    /// Whether the answer is a distance.
    pub fn measures_distance(&self) -> bool {
        matches!(self, Self::Nearest { .. } | Self::Within { .. })
    }
}

impl FromStr for Join {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(':') {
            None if text == "intersects" => Ok(Self::Intersects),
            None if text == "nearest" => Ok(Self::Nearest { count: 1 }),
            Some(("nearest", count)) => match count.parse() {
                Ok(count) if count > 0 => Ok(Self::Nearest { count }),
                _ => Err(()),
            },
            Some(("key", column)) if !column.is_empty() => Ok(Self::Key { column: column.to_owned() }),
            Some(("within", distance)) => metres(distance).map(|distance_m| Self::Within { distance_m }).ok_or(()),
            _ => Err(()),
        }
    }
}

/// Metres of `500m` or `2km`; `None` unless finite and above 0.
fn metres(text: &str) -> Option<f64> {
    let (number, unit) = match text.strip_suffix("km") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix('m')?, 1.0),
    };
    let value = number.parse::<f64>().ok()? * unit;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// One end of a validity interval `[from, to)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// No end on this side.
    Open,
    /// The same day for every record.
    Day(Date),
    /// A field of the source that holds the day.
    Field(String),
}

impl Bound {
    /// The bound that the catalogue's text names: empty is open, an ISO day is itself, all else a field.
    pub fn new(text: &str) -> Self {
        match text {
            "" => Self::Open,
            _ => text.parse().map_or_else(|_| Self::Field(text.to_owned()), Self::Day),
        }
    }
}

/// How we know what a record of a catalogue says of its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Verified {
    /// From what is written about it: fields and classes may be otherwise. No rule is `met` by it.
    #[default]
    #[serde(rename = "documentation only")]
    Documentation,
    /// From what the authority's own service says of its fields.
    #[serde(rename = "service metadata")]
    ServiceMetadata,
    /// From a real extract that was seen.
    #[serde(rename = "extract")]
    Extract,
}

impl Verified {
    /// As it stands in catalogues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Documentation => "documentation only",
            Self::ServiceMetadata => "service metadata",
            Self::Extract => "extract",
        }
    }
}

/// Where and when a source can say that there is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// West, south, east, north, degrees; everywhere where absent.
    pub bounds: Option<[f64; 4]>,
    /// File of polygons, relative to the catalogue; everywhere where absent.
    pub polygons: Option<String>,
    /// First day that it covers; open where absent.
    pub from: Option<Date>,
    /// First day that it no longer covers; open where absent.
    pub to: Option<Date>,
}

impl Coverage {
    /// Whether nothing is said of it: the source then speaks for every place and day.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// An earlier copy of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// File, database or address.
    pub path: String,
    /// Layer within it.
    pub layer: Option<String>,
    /// Day on which the copy was taken.
    pub retrieved: Date,
}

/// What a record says of its source for people: nothing is computed from it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    /// How it can be had: `feature_service`, `wfs`, `download`, `table`, `raster` or `on_request`.
    pub access: String,
    /// Format in which it is delivered.
    pub format: String,
    /// Where and how to get it.
    pub obtain: Title,
    /// `polygon`, `line`, `point`, `raster` or `table`.
    pub geometry: String,
    /// How often it is renewed.
    pub cadence: String,
    /// `binding`, `official`, `indicative` or `context`.
    pub legal_weight: String,
    /// What it means for a clearing.
    pub meaning: Title,
    /// How the record's contents are known, and what of them is not.
    pub evidence: String,
    /// Types of the fields, by role.
    pub types: BTreeMap<String, String>,
    /// SHA-256 of the copy that the record was made from.
    pub sha256: String,
}

/// What the pixels of a source that is a raster say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// Classes: each with its number, and its name where the catalogue tells it.
    Classes(BTreeMap<i64, String>),
    /// Numbers, of which mean, smallest and largest are told.
    Values,
}

/// A source that is a raster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RasterSource {
    /// What its pixels say.
    pub pixels: Pixels,
    /// Band, the first is 1.
    pub band: usize,
}

/// A registry, as its catalogue describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistrySource {
    /// Prefix of the output columns: `a-z`, `0-9`, `_`.
    pub id: String,
    /// Title.
    pub title: Title,
    /// Who keeps the registry.
    pub authority: String,
    /// Theme, such as `administrative`; empty where not told.
    pub theme: String,
    /// Country, ISO 3166-1 alpha-2; empty where not told.
    pub country: String,
    /// File, database or address, as written.
    pub path: String,
    /// Layer within it.
    pub layer: Option<String>,
    /// Field of the official code.
    pub key: String,
    /// Field of the name.
    pub name: Option<String>,
    /// Further fields to bring along: output column = source field.
    pub columns: BTreeMap<String, String>,
    /// First day of validity.
    pub valid_from: Bound,
    /// First day after validity.
    pub valid_to: Bound,
    /// How features meet records.
    pub join: Join,
    /// Who may see it.
    pub privacy: Privacy,
    /// Licence; empty where not told.
    pub licence: String,
    /// Day on which the copy was taken.
    pub retrieved: Option<Date>,
    /// Text encoding of the file, where it must be told.
    pub encoding: Option<String>,
    /// Delimiter of a CSV, where it must be told.
    pub delimiter: Option<char>,
    /// Decimal sign of a CSV's coordinates, `.` or `,`, where it must be told.
    pub decimal: Option<char>,
    /// How the fields of validity write their days; ISO 8601 where nothing is told.
    pub date_formats: Vec<DateFormat>,
    /// Column of the longitude (or x) of a table of points.
    pub lon: Option<String>,
    /// Column of the latitude (or y) of a table of points.
    pub lat: Option<String>,
    /// Reference system of the file, where it must be told.
    pub crs: Option<String>,
    /// Digits that keys have: shorter ones, of files that lost their zeros, are filled up before they are compared.
    pub key_width: Option<usize>,
    /// Denominator of the nominal scale, such as 25000.
    pub scale: Option<f64>,
    /// Positional error in metres, where it is told; else half a millimetre at the scale.
    pub accuracy_m: Option<f64>,
    /// Output columns that may not be published although the source may.
    pub private: Vec<String>,
    /// Where and when it can say that there is nothing.
    pub coverage: Coverage,
    /// Earlier copies, in the order of their days.
    pub earlier: Vec<Copy>,
    /// Values by output column that answer neither yes nor no, such as a class "no information".
    pub no_information: BTreeMap<String, Vec<String>>,
    /// How we know what this record says.
    pub verified: Verified,
    /// The rest, for people.
    pub description: Description,
    /// Set where the source is a raster: its records are then classes, with the fields [`CLASS_FIELDS`].
    pub raster: Option<RasterSource>,
    /// Line of the record in its catalogue, from 1.
    pub line: usize,
}

/// Fields of the records that the classes of a raster are: number and name.
pub const CLASS_FIELDS: [&str; 2] = ["class", "name"];

impl RegistrySource {
    /// Whether it is a raster of classes.
    pub fn has_classes(&self) -> bool {
        matches!(&self.raster, Some(RasterSource { pixels: Pixels::Classes(_), .. }))
    }

    /// A key as it is compared: digits filled up with zeros to the width of this source's keys.
    pub(crate) fn comparable<'k>(&self, key: &'k str) -> Cow<'k, str> {
        match self.key_width {
            Some(width) if key.len() < width && !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) => {
                Cow::Owned(format!("{key:0>width$}"))
            }
            _ => Cow::Borrowed(key),
        }
    }

    /// Whether the source says anything about validity in time.
    pub fn declares_validity(&self) -> bool {
        self.valid_from != Bound::Open || self.valid_to != Bound::Open
    }

    /// Fields of the layer that the record names, each with the entry that names it.
    pub fn fields(&self) -> Vec<(String, &str)> {
        let mut fields = vec![("key".to_owned(), self.key.as_str())];
        fields.extend(self.name.as_deref().map(|name| ("name".to_owned(), name)));
        fields.extend(self.columns.iter().map(|(output, field)| (format!("columns.{output}"), field.as_str())));
        for (role, bound) in [("valid_from", &self.valid_from), ("valid_to", &self.valid_to)] {
            if let Bound::Field(field) = bound {
                fields.push((role.to_owned(), field));
            }
        }
        fields
    }
}

/// Endings of the columns that a join writes itself, which a source's own columns may not take.
pub(crate) const OWN_COLUMNS: [&str; 12] =
    ["key", "name", "overlap_ha", "share", "distance_m", "count", "validity", "answer", "position", "mean", "min", "max"];
