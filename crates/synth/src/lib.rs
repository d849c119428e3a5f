//! Simulated truth: scenes and registries with planted change for Atalaya.
//!
//! A [`Landscape`] is a made-up piece of the Colombian Amazon whose every clearing is known: where, when, how large and
//! whether anyone could have seen it. [`score()`] compares alerts with that truth. This room returns values only; it
//! knows no file, thread or clock, and nothing in it is drawn from a real place beyond the map coordinates.
//!
//! Every number comes from a hash of (seed, layer, x, y, time), so that a pixel of a date does not depend on what else
//! was drawn before it.

mod calendar;
mod clearing;
mod error;
mod landscape;
mod noise;
mod outline;
mod product;
mod registry;
mod river;
mod score;
mod sighting;
mod sky;
mod surface;
mod terrain;
mod utm;

pub use clearing::{Clearing, ClearingKind};
pub use error::SynthError;
pub use landscape::{BANDS, Landscape, LandscapeOptions, Look, MONITORING_YEAR};
pub use product::{Baseline, Image, Product, landsat, sentinel2};
pub use score::{Score, ScoredAlert, ScoredClearing, ScoredRows, Scoring, Share, score};
pub use terrain::Land;
pub use utm::{Utm, lonlat};
