//! Detectors: what turns series into findings, one file a method.

mod bayts;
mod bfast_monitor;
mod bitemporal;
mod clearing;
mod critical;
mod difference;
mod median;
mod moments;
mod nrt;
mod path;
mod percentile;
mod publication;
mod pvts_beta;
mod resumable;

use ndarray::{Array2, s};
use raster::{Date, DateRange, Role};

use crate::{Findings, SeriesBlock};

pub use bayts::{Bayts, BaytsParameters, BaytsState, Densities, Density, FromHistory};
pub use bfast_monitor::{BfastMonitor, BfastMonitorParameters, History, Process};
pub use bitemporal::bitemporal;
pub use clearing::{Clearing, ClearingParameters};
pub use difference::{Difference, DifferenceParameters};
pub use median::quantile;
pub use nrt::{
    Ccdc, CcdcParameters, Cusum, CusumParameters, Ewma, EwmaParameters, HistoryFit, Iqr, IqrParameters, Mosum, MosumParameters,
    Nrt, NrtState, Rule,
};
pub use path::{Step, path};
pub use percentile::{Coarse, Fine};
pub use publication::{Implementation, Place, Publication};
pub use pvts_beta::{Gaps, PvtsBeta, PvtsBetaParameters, PvtsBetaState, Smoothing};
pub use resumable::{Resumable, StateLayout, StatePlanes};

/// What is to be known of a method before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodInfo {
    /// Stable name, as jobs write it.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// The publications that it was written from, the first that of the citation.
    pub publications: &'static [Publication],
    /// The program whose answers it gives, where there is one.
    pub reference: Option<Implementation>,
    /// What its statistic is.
    pub statistic: Statistic,
}

/// What the statistic of a method is, and when it tells of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// A sum or an average of residuals, held against a boundary above and below 0.
    Sum,
    /// Looks in a row that lie outside of bounds, so many of which make a break.
    Count,
    /// A probability, from which on a change is confirmed.
    Probability,
    /// How far a look lies off what is expected, held against a boundary below 0 alone.
    Fall,
}

/// Every detector, one line each.
pub const METHODS: &[MethodInfo] = &[
    difference::METHOD,
    bfast_monitor::METHOD,
    nrt::METHODS[0],
    nrt::METHODS[1],
    nrt::METHODS[2],
    nrt::METHODS[3],
    nrt::METHODS[4],
    bayts::METHOD,
    pvts_beta::METHOD,
];

/// A method that finds change in series.
///
/// It is single-threaded and needs only `Sync`: whoever calls it decides what runs beside what. Every detector meets one
/// contract: a series without observation gives `NotSeen`, a constant one no change, the order of pixels does not matter.
pub trait Detector: Sync {
    /// Stable name, such as `difference`.
    fn name(&self) -> &'static str;

    /// The roles it needs, in the order in which blocks hold them. The first is the one whose magnitude is reported.
    fn inputs(&self) -> &[Role];

    /// The monitoring period: what is dated lies in it.
    fn monitoring(&self) -> DateRange;

    /// Number of coefficients of the model that it fits to a history; 0 from one that fits none.
    fn coefficients(&self) -> usize {
        0
    }

    /// What the coefficients of the model are multiplied by on a day, in their order, where the series begins on `first`: the sum of the
    /// products is what the model predicts. Empty where there is no model.
    fn predictors(&self, _first: Date, _date: Date) -> Vec<f64> {
        Vec::new()
    }

    /// The percentile of each scene, 0 to 1, that whoever reads takes off its values: the season without a history.
    fn scene_percentile(&self) -> Option<f64> {
        None
    }

    /// Fewest looks of the history that it needs.
    fn least_history(&self) -> usize {
        0
    }

    /// Whether each time of a block belongs to what its model was fitted to, told of the first pixel.
    fn fitted_times(&self, block: &SeriesBlock<'_>) -> Vec<bool> {
        let is_seen = |time: usize| block.values().slice(s![time, .., 0]).iter().any(|value| value.is_finite());
        (0..block.dates().len()).map(|time| block.dates()[time] < self.monitoring().from() && is_seen(time)).collect()
    }

    /// The probability of non-forest that each look of the first pixel of a block tells by itself, shape (time, role), NaN where there is
    /// none; `None` from methods that know of none.
    fn non_forest(&self, _block: &SeriesBlock<'_>) -> Option<Array2<f64>> {
        None
    }

    /// What the statistic is held against, where that is the same for all pixels and looks.
    fn threshold(&self) -> Option<f64> {
        None
    }

    /// Whether it takes all looks of one day together.
    fn takes_days(&self) -> bool {
        false
    }

    /// The detector as one whose state can be kept between runs; `None` from one that looks at whole series.
    fn resumable(&self) -> Option<&dyn Resumable> {
        None
    }

    /// What is found in a block of series.
    fn detect(&self, block: &SeriesBlock<'_>) -> Findings;
}

/// A detector that can be fitted once and then fed image by image.
///
/// `update` after `fit` gives exactly what [`Detector::detect`] gives on the whole series.
pub trait Incremental: Detector {
    /// What is carried from one image to the next, for a block of pixels.
    type State;

    /// The state after a history.
    fn fit(&self, history: &SeriesBlock<'_>) -> Self::State;

    /// Brings the state up to date with later images and tells what is found so far.
    fn update(&self, state: &mut Self::State, later: &SeriesBlock<'_>) -> Findings;
}
