//! Where an image lies: phase correlation of windows, tie points, and transforms from control points.
//!
//! This room is pure and holds the Fourier transforms: it knows no file, thread, clock or terminal. Windows come in as arrays (rows,
//! cols) with NaN where nothing was seen, shifts go out in pixels: positive rows to the south, positive columns to the east.

mod consensus;
pub mod control;
mod error;
mod fft;
mod linear;
mod masked;
mod matching;
mod phase;
mod trend;

pub use consensus::{Consensus, NoMatch, TiePoint, consensus};
pub use error::AlignError;
pub use matching::{Matcher, Offset, Precision, Search, Shift, Unmatched};
pub use trend::{Trend, consistent, trend};
