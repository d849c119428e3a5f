use std::io::{self, Read, Write};

use ndarray::{Array2, s};
use raster::{Stored, Window};

/// The day written where there is none, -2147483648.
pub const NO_DAY: i32 = i32::MIN;

/// What a run says of one pixel. "Unchanged", "not seen" and "not eligible" are three different answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Answer {
    /// Seen clear in the monitoring period, and no change.
    Unchanged = 0,
    /// Flagged at the end of the series, not yet confirmed.
    Candidate = 1,
    /// Flagged and confirmed.
    Changed = 2,
    /// Outside the eligibility layer: not asked.
    NotEligible = 3,
    /// Too few clear observations to say anything.
    NotSeen = 255,
}

impl Answer {
    /// Every answer, by code.
    pub const ALL: [Self; 5] = [Self::Unchanged, Self::Candidate, Self::Changed, Self::NotEligible, Self::NotSeen];

    /// Stable name: `unchanged`, `flagged`, `confirmed`, `not_eligible`, `not_seen`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Candidate => "flagged",
            Self::Changed => "confirmed",
            Self::NotEligible => "not_eligible",
            Self::NotSeen => "not_seen",
        }
    }

    /// The code that rasters hold.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The answer of a code; `None` where no answer has it.
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.code() == code)
    }

    /// Whether the pixel was looked at and seen: the run can say something of it.
    pub fn is_seen(self) -> bool {
        matches!(self, Self::Unchanged | Self::Candidate | Self::Changed)
    }

    /// Whether the pixel belongs to a patch.
    pub fn is_change(self) -> bool {
        matches!(self, Self::Candidate | Self::Changed)
    }
}

/// A window of the change map; all arrays have the shape (rows, cols) of the window.
#[derive(Debug, Clone)]
pub struct ChangeStrip {
    /// Where it lies on the grid.
    pub window: Window,
    /// [`Answer`] codes.
    pub answer: Array2<u8>,
    /// Last clear day before the change, days since 1970-01-01; [`NO_DAY`] where there is no change or no such day.
    pub before: Array2<i32>,
    /// Day on which the change was first seen; [`NO_DAY`] where there is no change.
    pub first: Array2<i32>,
    /// Day on which it was confirmed; [`NO_DAY`] where it was not.
    pub confirmed: Array2<i32>,
    /// Last day of the baseline period on which the pixel was clear; [`NO_DAY`] where never.
    pub last_clear_baseline: Array2<i32>,
    /// Last day of the monitoring period on which the pixel was clear; [`NO_DAY`] where never.
    pub last_clear: Array2<i32>,
    /// Later minus earlier, in units of the index; NaN where there is no change.
    pub magnitude: Array2<f32>,
    /// Clear overpasses in the baseline period: scenes of one overpass are one look, two sensors of one day are two.
    pub n_baseline: Array2<u16>,
    /// Clear overpasses in the monitoring period.
    pub n_clear: Array2<u16>,
    /// Bit i is set where sensor number i saw the pixel clear in the monitoring period.
    pub sensors: Array2<u16>,
}

impl ChangeStrip {
    /// A strip of which nothing was seen.
    pub fn not_seen(window: Window) -> Self {
        let shape = (window.rows, window.cols);
        Self {
            window,
            answer: Array2::from_elem(shape, Answer::NotSeen.code()),
            before: Array2::from_elem(shape, NO_DAY),
            first: Array2::from_elem(shape, NO_DAY),
            confirmed: Array2::from_elem(shape, NO_DAY),
            last_clear_baseline: Array2::from_elem(shape, NO_DAY),
            last_clear: Array2::from_elem(shape, NO_DAY),
            magnitude: Array2::from_elem(shape, f32::NAN),
            n_baseline: Array2::zeros(shape),
            n_clear: Array2::zeros(shape),
            sensors: Array2::zeros(shape),
        }
    }

    /// Puts a part that lies within this strip in its place.
    ///
    /// # Panics
    /// Where the part does not lie within the strip.
    pub fn paste(&mut self, part: &Self) {
        let inside = self.window.intersect(part.window) == Some(part.window);
        assert!(inside, "{:?} lies within {:?}", part.window, self.window);
        let (row, col) = ((part.window.row - self.window.row) as usize, (part.window.col - self.window.col) as usize);
        let place = s![row..row + part.window.rows, col..col + part.window.cols];
        self.answer.slice_mut(place).assign(&part.answer);
        self.before.slice_mut(place).assign(&part.before);
        self.first.slice_mut(place).assign(&part.first);
        self.confirmed.slice_mut(place).assign(&part.confirmed);
        self.last_clear_baseline.slice_mut(place).assign(&part.last_clear_baseline);
        self.last_clear.slice_mut(place).assign(&part.last_clear);
        self.magnitude.slice_mut(place).assign(&part.magnitude);
        self.n_baseline.slice_mut(place).assign(&part.n_baseline);
        self.n_clear.slice_mut(place).assign(&part.n_clear);
        self.sensors.slice_mut(place).assign(&part.sensors);
    }
}

impl Stored for ChangeStrip {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        self.window.store(to)?;
        self.answer.store(to)?;
        for days in [&self.before, &self.first, &self.confirmed, &self.last_clear_baseline, &self.last_clear] {
            days.store(to)?;
        }
        self.magnitude.store(to)?;
        for counts in [&self.n_baseline, &self.n_clear, &self.sensors] {
            counts.store(to)?;
        }
        Ok(())
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        Ok(Self {
            window: Window::restore(from)?,
            answer: Array2::restore(from)?,
            before: Array2::restore(from)?,
            first: Array2::restore(from)?,
            confirmed: Array2::restore(from)?,
            last_clear_baseline: Array2::restore(from)?,
            last_clear: Array2::restore(from)?,
            magnitude: Array2::restore(from)?,
            n_baseline: Array2::restore(from)?,
            n_clear: Array2::restore(from)?,
            sensors: Array2::restore(from)?,
        })
    }
}
