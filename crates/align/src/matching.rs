use ndarray::{Array2, ArrayView2, s};
use raster::Window;
use serde::Serialize;

use crate::masked::{MaskedMatcher, least_squares};
use crate::phase::{MARGIN, PhaseMatcher};

/// Share of a window's pixels that must have been seen.
const MIN_SEEN: f64 = 0.3;
/// Correlation at the match below which it is chance.
const MIN_CORRELATION: f64 = 0.15;
/// Correlation from which two places as good show a pattern rather than chance.
pub(crate) const ALIKE: f64 = 0.5;
/// Part of a window's side up to which two windows share so much that the whole pixels of their shift hold.
const SHARED: usize = 8;
/// How often a window of the moving image is read anew where its content was found.
const MOVES: usize = 3;

/// Whole pixels by which the content of the moving image must be moved to lie as in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Offset {
    /// To the south.
    pub rows: isize,
    /// To the east.
    pub cols: isize,
}

/// Why a tie point says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unmatched {
    /// Too little was seen in both images: cloud, nodata, outside.
    Masked,
    /// One of the two is constant.
    Flat,
    /// Nothing that both share, or another place as good: noise, other ground, cloud that is not masked.
    Chance,
    /// A pattern that repeats itself: rows of a plantation, or edges that all run one way.
    Repeating,
    /// What lies together does not correlate.
    Uncorrelated,
    /// The content seems to lie farther off than is looked for.
    Beyond,
    /// No place could be settled.
    Unstable,
}

impl Unmatched {
    /// For people, in a list of counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Masked => "masked or outside",
            Self::Flat => "constant",
            Self::Chance => "nothing in common",
            Self::Repeating => "repeating pattern",
            Self::Uncorrelated => "not correlated",
            Self::Beyond => "beyond the reach",
            Self::Unstable => "no settled place",
        }
    }
}

/// The whole shift at which two windows fit best.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_field_names, reason = "the ratio of peaks stands beside that of the pattern")]
pub(crate) struct Peak {
    pub(crate) rows: isize,
    pub(crate) cols: isize,
    pub(crate) peak_ratio: f64,
    pub(crate) repeat_ratio: f64,
    pub(crate) correlation: f64,
}

/// A shift to a part of a pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matched {
    pub(crate) rows: f64,
    pub(crate) cols: f64,
    pub(crate) weight: f64,
    pub(crate) peak: Peak,
}

/// A shift measured at one place, and how far it is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shift {
    /// Pixels by which the moving image's content must be moved to the south to lie as in the reference: its row `r` shows what the
    /// reference has at `r + rows`.
    pub rows: f64,
    /// The same to the east.
    pub cols: f64,
    /// Correlation of both windows at the match, -1 to 1.
    pub correlation: f64,
    /// Height of the second peak over that of the first: 0 = alone, 1 = chance.
    pub peak_ratio: f64,
    /// How well the pattern fits elsewhere, over how well here: 1 = it repeats itself.
    pub repeat_ratio: f64,
    /// What the place is worth beside others.
    pub weight: f64,
    /// Share of the pixels that both windows hold.
    pub seen: f64,
}

/// Measures shifts of windows of one size; one a worker. A copy costs less than a new one.
#[derive(Clone)]
pub struct Matcher {
    side: usize,
    phase: PhaseMatcher,
    /// Made where a window was not seen whole.
    masked: Option<MaskedMatcher>,
}

/// How a tie point is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The window on the reference's grid.
    pub window: Window,
    /// Where its content is expected in the moving image.
    pub start: Offset,
    /// Pixels around there up to which it is looked for.
    pub reach: f64,
    /// How closely.
    pub precision: Precision,
}

/// How closely a tie point is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// To the pixel: a fraction of the work.
    Pixel,
    /// To a part of a pixel.
    Part,
}

impl Matcher {
    /// A matcher of square windows.
    ///
    /// # Panics
    /// Where the side is below 16 pixels.
    pub fn new(side: usize) -> Self {
        assert!(side >= 16, "a window of at least 16 pixels");
        Self { side, phase: PhaseMatcher::new(side), masked: None }
    }

    /// The side of a window.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Measures the shift of a window. Both images are read on the reference's grid, shape (rows, cols), NaN = not seen: `reference`
    /// and `moving` give the pixels of a window, which may reach beyond the images.
    ///
    /// # Errors
    /// What reading gives. A window that says nothing is no error: [`Unmatched`].
    pub fn measure<E>(
        &mut self,
        search: Search,
        mut reference: impl FnMut(Window) -> Result<Array2<f32>, E>,
        mut moving: impl FnMut(Window) -> Result<Array2<f32>, E>,
    ) -> Result<Result<Shift, Unmatched>, E> {
        let fixed = reference(search.window)?;
        let is_whole = !fixed.iter().any(|v| v.is_nan());
        if seen(&fixed) < MIN_SEEN {
            return Ok(Err(Unmatched::Masked));
        }
        let spectrum = if is_whole { self.phase.spectrum(fixed.view()) } else { None };
        if is_whole && spectrum.is_none() {
            return Ok(Err(Unmatched::Flat));
        }
        let mut at = search.start;
        for attempt in 0..MOVES {
            let place = Window { row: search.window.row - at.rows, col: search.window.col - at.cols, ..search.window };
            let margin = if search.precision == Precision::Part { MARGIN } else { 0 };
            let around = moving(place.grow(margin))?;
            let inner = around.slice(s![margin..margin + self.side, margin..margin + self.side]);
            let together = share(fixed.view(), inner);
            if together < MIN_SEEN {
                return Ok(Err(Unmatched::Masked));
            }
            let whole = match &spectrum {
                Some(spectrum) if !around.iter().any(|v| v.is_nan()) => match self.phase.spectrum(inner) {
                    Some(other) => Some((spectrum, other)),
                    None => return Ok(Err(Unmatched::Flat)),
                },
                _ => None,
            };
            let found = match &whole {
                Some((spectrum, other)) => self.phase.peak(spectrum, other),
                None => self.masked.get_or_insert_with(|| MaskedMatcher::new(self.side)).peak(fixed.view(), inner),
            };
            let peak = match found {
                Ok(peak) => peak,
                Err(why) => return Ok(Err(why)),
            };
            at = Offset { rows: at.rows + peak.rows, cols: at.cols + peak.cols };
            let far = (at.rows - search.start.rows) as f64;
            if far.hypot((at.cols - search.start.cols) as f64) > search.reach {
                return Ok(Err(Unmatched::Beyond));
            }
            let longest = peak.rows.abs().max(peak.cols.abs());
            let is_enough = search.precision == Precision::Pixel && longest <= (self.side / SHARED) as isize;
            if longest > 0 && !is_enough && attempt + 1 < MOVES {
                continue;
            }
            let base = Offset { rows: at.rows - peak.rows, cols: at.cols - peak.cols };
            let is_near = longest <= 1;
            let placed = match &whole {
                _ if is_enough => Ok(Matched { rows: peak.rows as f64, cols: peak.cols as f64, weight: peak.correlation, peak }),
                Some((spectrum, other)) if is_near => self.phase.place(spectrum, other, around.view(), peak),
                None if (peak.rows, peak.cols) == (0, 0) => least_squares(fixed.view(), inner).map(|fit| Matched {
                    rows: fit.rows,
                    cols: fit.cols,
                    weight: fit.weight,
                    peak: Peak { correlation: fit.correlation, ..peak },
                }),
                _ => Err(Unmatched::Unstable),
            };
            return Ok(placed.and_then(|fit| {
                if fit.peak.correlation < MIN_CORRELATION {
                    return Err(Unmatched::Uncorrelated);
                }
                Ok(Shift {
                    rows: base.rows as f64 + fit.rows,
                    cols: base.cols as f64 + fit.cols,
                    correlation: fit.peak.correlation,
                    peak_ratio: fit.peak.peak_ratio,
                    repeat_ratio: fit.peak.repeat_ratio,
                    weight: fit.weight,
                    seen: together,
                })
            }));
        }
        Ok(Err(Unmatched::Unstable))
    }
}

/// Share of the pixels that were seen.
fn seen(window: &Array2<f32>) -> f64 {
    window.iter().filter(|v| !v.is_nan()).count() as f64 / window.len() as f64
}

/// Share of the pixels that both windows hold.
fn share(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> f64 {
    a.iter().zip(&b).filter(|(a, b)| !(*a + *b).is_nan()).count() as f64 / a.len() as f64
}
