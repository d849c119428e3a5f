use std::collections::BTreeMap;

use raster::Warning;

/// Something a reader noticed about a record, or about the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Notice {
    EncodingGuessed,
    DuplicateMember,
    CrsMember,
    CrsOverridden,
    BboxOrder,
    NotWrapped,
    PropertiesMissing,
    ForeignMeaning,
    DimensionsDropped,
    WindingReversed,
    CollectionFlattened,
    CollectionReduced,
    GeometryMissing,
    GeometryRepaired,
    GeometryCollapsed,
    GeometryRefused,
    CoordinatesRefused,
    CoordinatePrecision,
    WideGeometry,
    NullIsland,
    RecordRagged,
    SpreadsheetNumber,
    NetworkLink,
}

impl Notice {
    /// The stable word.
    pub(super) fn code(self) -> &'static str {
        self.words().0
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::EncodingGuessed => {
                ("encoding_guessed", "nothing names the encoding and it is not UTF-8, so it was taken to be")
            }
            Self::DuplicateMember => {
                ("duplicate_member", "an object names a member twice; the last one counts, of `type` the first")
            }
            Self::CrsMember => ("crs_member", "the `crs` member, which RFC 7946 no longer has, was honoured:"),
            Self::CrsOverridden => ("crs_overridden", "the file's reference system was replaced by the one given:"),
            Self::BboxOrder => {
                ("bbox_order", "a bbox is not west, south, east, north, or contradicts the coordinates; it is not used")
            }
            Self::NotWrapped => ("geometry_not_wrapped", "a bare geometry was read as one feature without properties"),
            Self::PropertiesMissing => ("properties_missing", "a feature has no `properties` member; read as none"),
            Self::ForeignMeaning => ("foreign_meaning", "a geometry carries members of a feature, which are ignored"),
            Self::DimensionsDropped => ("dimensions_dropped", "heights or further numbers of positions were dropped"),
            Self::WindingReversed => {
                ("winding_reversed", "rings wind against RFC 7946 (exterior counter-clockwise); read all the same")
            }
            Self::CollectionFlattened => {
                ("collection_flattened", "a collection of one kind of geometry was read as its multi-geometry")
            }
            Self::CollectionReduced => (
                "collection_reduced",
                "of a geometry collection of several kinds the areas were read, of one without areas the lines; the rest was left out",
            ),
            Self::GeometryMissing => ("geometry_missing", "records without geometry"),
            Self::GeometryRepaired => (
                "geometry_repaired",
                "invalid polygons were rebuilt (each ring by the even-odd rule, shells joined, holes cut out)",
            ),
            Self::GeometryCollapsed => ("geometry_collapsed", "invalid polygons without any area were refused"),
            Self::GeometryRefused => ("geometry_refused", "geometry that is no point, line or polygon was refused"),
            Self::CoordinatesRefused => ("coordinates_refused", "coordinates that are no place on Earth were refused"),
            Self::CoordinatePrecision => {
                ("coordinate_precision", "coordinates carry more than 12 decimals, far below a micrometre")
            }
            Self::WideGeometry => {
                ("wide_geometry", "geometry wider than 180 degrees: split it at the antimeridian (RFC 7946, 3.1.9)")
            }
            Self::NullIsland => ("null_island", "points at 0,0, which means no coordinates, were refused"),
            Self::RecordRagged => ("record_ragged", "records with another number of fields than the header were refused"),
            Self::SpreadsheetNumber => {
                ("spreadsheet_number", "text that a spreadsheet has turned into scientific notation; digits are lost")
            }
            Self::NetworkLink => ("network_link", "links to other documents are never followed; fetch and name them yourself"),
        }
    }

    /// Whether the record it is about counts as refused.
    fn refuses(self) -> bool {
        matches!(
            self,
            Self::GeometryCollapsed | Self::GeometryRefused | Self::CoordinatesRefused | Self::NullIsland | Self::RecordRagged
        )
    }
}

/// What was noticed, counted, with the first places.
#[derive(Debug, Default)]
pub(super) struct Notices {
    seen: BTreeMap<Notice, (usize, Vec<String>)>,
}

impl Notices {
    /// How many places a warning names.
    const PLACES: usize = 5;

    /// Counts one more case, at a place such as `line 3`.
    pub(super) fn note(&mut self, notice: Notice, place: impl Into<String>) {
        let (count, places) = self.seen.entry(notice).or_default();
        *count += 1;
        if places.len() < Self::PLACES {
            places.push(place.into());
        }
    }

    /// Number of records refused.
    pub(super) fn rejected(&self) -> usize {
        self.seen.iter().filter(|(notice, _)| notice.refuses()).map(|(_, (count, _))| count).sum()
    }

    /// Whether a geometry was refused.
    pub(super) fn refuse_places(&self) -> bool {
        self.seen.keys().any(|notice| notice.refuses() && *notice != Notice::RecordRagged)
    }

    /// What refused records or left them without geometry, and where.
    pub(super) fn reasons(&self) -> String {
        let about = |notice: &Notice| notice.refuses() || *notice == Notice::GeometryMissing;
        let told = |(notice, (_, places)): (&Notice, &(usize, Vec<String>))| format!("{}: {}", notice.code(), places.join(", "));
        self.seen.iter().filter(|(notice, _)| about(notice)).map(told).collect::<Vec<_>>().join("; ")
    }

    /// One warning a kind of notice, about the file.
    pub(super) fn into_warnings(self, file: &str) -> Vec<Warning> {
        let warning = |(notice, (count, places)): (Notice, (usize, Vec<String>))| {
            let more = if count > places.len() { ", ..." } else { "" };
            let message = format!("{} ({count}: {}{more})", notice.words().1, places.join(", "));
            Warning::new(notice.code(), message).about(file)
        };
        self.seen.into_iter().map(warning).collect()
    }
}
