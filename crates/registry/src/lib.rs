//! What officials say: catalogues of registries, overlay of features on their records, and joins in time.
//!
//! This room works on values: it opens no file, starts no thread and reads no clock. Layers come in as [`alert::Layer`], already
//! in longitude and latitude with every column as text, so that leading zeros of official codes stay. Shapes are handled by
//! [`Overlay`], which yields [`Link`]s; everything after it (attributes, validity, grouping, sorting) is a table and is done in
//! polars with integer sums and explicit sort keys, so that threads cannot change a byte.

mod answer;
mod catalogue;
mod clip;
mod cut_keys;
mod day;
mod error;
mod extent;
mod join;
mod measure;
mod nearness;
mod overlay;
mod packs;
mod period;
mod place;
mod review;
mod rule;
mod source;
mod suggestion;
mod summary;
mod surface;
mod table;
mod totals;
mod wide;

pub use answer::{Reach, SourceAnswer, silences};
pub use catalogue::Catalogue;
pub use cut_keys::key_notices;
pub use day::DateFormat;
pub use error::RegistryError;
pub use extent::{Grouping, Sensitivity, cases, cases_of, clusters, sensitivity};
pub use join::{Joined, long_table};
pub use measure::AreaMeasure;
pub use overlay::{Link, Overlay};
pub use packs::{CATALOGUES, RULE_PACKS};
pub use period::{Period, Periods};
pub use review::review;
pub use rule::{
    Case, Cases, Element, Judgement, Law, LawText, Outcome, Parameter, Rule, RulePack, Span, Wording, judge, judgement_columns,
    judgement_table,
};
pub use source::{Bound, Copy, Coverage, Description, Join, Privacy, RasterKind, RegistrySource, Title, Verified};
pub use suggestion::{Suggestion, suggested_lines, suggestions};
pub use summary::{AlertUnit, UnitTally, summary};
pub use totals::totals;
pub use wide::wide_columns;
