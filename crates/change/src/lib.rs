//! What changed: spectral indices as data, masks, detectors and the map of what they found.
//!
//! This room is pure: it knows no file, thread, clock or terminal. Blocks are (time, role, pixel), cubes (time, band, y, x);
//! a missing observation is NaN.

mod answer;
mod crosswise;
pub mod detector;
mod dilation;
mod error;
mod findings;
pub mod guard;
pub mod index;
mod mask;
mod normal;
mod quality;
mod season_trend;
mod self_reference;
mod series;
mod shift;
mod speckle;
pub mod unmixing;

pub use answer::{Answer, ChangeStrip, NO_DAY};
pub use crosswise::{BandPair, Crosswise, Exchanged};
pub use detector::{
    Bayts, BaytsParameters, BaytsState, BfastMonitor, BfastMonitorParameters, Ccdc, CcdcParameters, Clearing, ClearingParameters,
    Coarse, Cusum, CusumParameters, Densities, Density, Detector, Difference, DifferenceParameters, Ewma, EwmaParameters, Fine,
    FromHistory, Gaps, HistoryFit, Implementation, Incremental, Iqr, IqrParameters, METHODS, MethodInfo, Mosum, MosumParameters,
    Nrt, NrtState, Place, Publication, PvtsBeta, PvtsBetaParameters, PvtsBetaState, Resumable, Rule, Smoothing, StateLayout,
    StatePlanes, Statistic, Step, bitemporal, path, quantile,
};
pub use error::ChangeError;
pub use findings::{Findings, Model, Segment};
pub use guard::{Guard, Screening};
pub use index::{Catalogue, Constant, Direction, Parameter, Published, Record, SpectralIndex, compute_all, compute_into};
pub use mask::{MaskCounts, MaskOptions, MaskPlan};
pub use quality::QaCounts;
pub use self_reference::{DisturbanceDensity, SelfReference};
pub use series::SeriesBlock;
pub use shift::{Fit, Registration, Shift};
pub use speckle::{Despeckled, Speckle, SpeckleFilter, SpeckleParameters};
pub use unmixing::{Endmember, Unmixing};
