use geo_types::MultiPolygon;
use raster::Date;

/// How sure a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Flagged, not confirmed.
    Low,
    /// Confirmed on at least half of the patch's pixels.
    High,
}

impl Confidence {
    /// `low` or `high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// One reported clearing: it began in (`date_before`, `date_first`], and all of it was gone by `date_last`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Stable id; it does not depend on area of interest, tile size or the order of inputs.
    pub id: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Last day on which the place was seen clear and unchanged; `None` where it never was.
    pub date_before: Option<Date>,
    /// First day on which any of it was seen changed.
    pub date_first: Date,
    /// Latest of its pixels' first days.
    pub date_last: Date,
    /// Day by which half of its pixels had been confirmed.
    pub date_confirmed: Option<Date>,
    /// Geodesic area in hectares.
    pub area_ha: f64,
    /// Area if its edge pixels are only half changed.
    pub area_low_ha: f64,
    /// Area if the pixels around it are half changed too.
    pub area_high_ha: f64,
    /// Geodesic perimeter in metres, holes included.
    pub perimeter_m: f64,
    /// Number of pixels.
    pub pixels: u64,
    /// Mean of later minus earlier over its pixels, in units of the index.
    pub magnitude: f64,
    /// Fewest clear observations in the monitoring period over its pixels.
    pub n_clear: u16,
    /// Last day on which any of it was clear.
    pub last_clear: Option<Date>,
    /// Ids of the sensors that saw it clear in the monitoring period, sorted.
    pub sensors: Vec<String>,
    /// A point inside it: longitude, degrees.
    pub lon: f64,
    /// A point inside it: latitude, degrees.
    pub lat: f64,
    /// Outline, longitude and latitude, degrees; exterior rings counter-clockwise.
    pub geometry: MultiPolygon<f64>,
}
