//! What officials say: catalogues of registries, overlay of features on their records, and joins in time.
//!
//! This room works on values: it opens no file, starts no thread and reads no clock. Layers come in as [`alert::Layer`], already
//! in the coordinates of the features (longitude and latitude, or their plane) with every column as text, so that leading zeros of
//! official codes stay. Shapes are handled by [`Overlay`], which yields [`Link`]s. [`Linked`] joins them with what records and sources
//! say in one frame, from which long and wide tables are taken and which rules ask; totals are frames too, with sums of whole numbers,
//! so that threads cannot change a byte.

mod answer;
mod boxes;
mod catalogue;
mod coverage;
mod crossing;
mod cut_keys;
mod day;
mod error;
mod extent;
mod indexed;
mod join;
mod linked;
mod long;
mod measure;
mod nearness;
mod overlay;
mod packs;
mod period;
mod place;
mod position;
mod review;
mod rule;
mod shared;
mod source;
mod suggestion;
mod summary;
mod surface;
mod table;
mod totals;
mod wide;
mod zonal;

pub use answer::{Reach, SourceAnswer, silences};
pub use catalogue::Catalogue;
pub use coverage::{CoveredRow, Zone, pixel_area};
pub use cut_keys::key_notices;
pub use day::DateFormat;
pub use error::RegistryError;
pub use extent::{Areas, Grouping, Sensitivity, cases, cases_of, clusters, sensitivity};
pub use join::Joined;
pub use linked::Linked;
pub use measure::{AreaMeasure, straight_area};
pub use overlay::{Footprint, Link, Overlay};
pub use packs::{CATALOGUES, RULE_PACKS};
pub use period::{Period, Periods};
pub use position::Position;
pub use review::review;
pub use rule::{
    Case, Cases, Counted, Element, Judgement, Law, LawText, Outcome, Parameter, Rule, RulePack, Span, Wording, counted, judge,
    judgement_columns, judgement_table,
};
pub use source::{
    Bound, CLASS_FIELDS, Copy, Coverage, Description, Join, Pixels, Privacy, RasterSource, RegistrySource, Title, Verified,
};
pub use suggestion::{Suggestion, suggested_lines, suggestions};
pub use summary::{AlertUnit, UnitTally, summary};
pub use totals::totals;
pub use wide::key_links;
pub use zonal::{ClassAreas, Pixels as RasterPixels, Slack, Statistics};
