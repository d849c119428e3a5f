use ndarray::{ArrayViewMut1, s};

use super::periods::Periods;
use crate::{Direction, NO_DAY, SeriesBlock};

/// Some neighbouring pixels of a block, copied so that their series fit in the cache: (time, pixel).
pub(super) struct Tile {
    width: usize,
    values: Vec<f32>,
}

/// What a tile's series are like before any median is taken, one entry a pixel.
pub(super) struct Summary {
    pub(super) n_history: Vec<u16>,
    pub(super) n_monitor: Vec<u16>,
    pub(super) n_fallback: Vec<u16>,
    pub(super) last_clear_history: Vec<i32>,
    pub(super) last_clear: Vec<i32>,
    history: Extremes,
    monitor: Extremes,
}

struct Extremes {
    least: Vec<f32>,
    most: Vec<f32>,
}

impl Tile {
    /// Pixels of a full tile.
    pub(super) const WIDTH: usize = 256;

    pub(super) fn load(block: &SeriesBlock<'_>, periods: &Periods, first: usize) -> Self {
        let width = Self::WIDTH.min(block.pixels() - first);
        let mut values = vec![f32::NAN; periods.days.len() * width];
        for (time, row) in values.chunks_exact_mut(width).enumerate() {
            ArrayViewMut1::from(row).assign(&block.values().slice(s![periods.offset + time, 0, first..first + width]));
        }
        Self { width, values }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    fn row(&self, time: usize) -> &[f32] {
        &self.values[time * self.width..(time + 1) * self.width]
    }

    /// The series of one pixel.
    pub(super) fn series(&self, pixel: usize) -> impl Iterator<Item = f32> + '_ {
        self.values.iter().skip(pixel).step_by(self.width).copied()
    }

    pub(super) fn summary(&self, periods: &Periods, direction: Direction, min_season: u32) -> Summary {
        let mut summary = Summary {
            n_history: vec![0; self.width],
            n_monitor: vec![0; self.width],
            n_fallback: vec![0; self.width],
            last_clear_history: vec![NO_DAY; self.width],
            last_clear: vec![NO_DAY; self.width],
            history: Extremes::none(self.width),
            monitor: Extremes::none(self.width),
        };
        for time in 0..periods.baseline {
            count_clear(&mut summary.n_history, self.row(time));
            note_clear(&mut summary.last_clear_history, self.row(time), periods.days[time]);
            summary.history.include(self.row(time), direction == Direction::Fall);
        }
        for time in periods.monitoring.clone() {
            count_clear(&mut summary.n_monitor, self.row(time));
            summary.monitor.include(self.row(time), direction == Direction::Rise);
            note_clear(&mut summary.last_clear, self.row(time), periods.days[time]);
        }
        self.count_fallback(periods, min_season as u8, &mut summary);
        summary
    }

    /// Counts clear monitoring looks whose season has too few clear baseline looks, of pixels that have any.
    fn count_fallback(&self, periods: &Periods, min_season: u8, summary: &mut Summary) {
        let mut clear = vec![0u8; periods.baseline * self.width];
        for (time, clear) in clear.chunks_exact_mut(self.width).enumerate() {
            clear.iter_mut().zip(self.row(time)).for_each(|(clear, value)| *clear = u8::from(value.is_finite()));
        }
        let mut counts = vec![0u8; self.width];
        for time in periods.monitoring.clone() {
            counts.fill(0);
            for &season in &periods.seasons[time] {
                let clear = &clear[season * self.width..(season + 1) * self.width];
                counts.iter_mut().zip(clear).for_each(|(count, clear)| *count = count.saturating_add(*clear));
            }
            let looks = counts.iter().zip(self.row(time)).zip(&summary.n_history);
            for (n_fallback, ((count, value), n_history)) in summary.n_fallback.iter_mut().zip(looks) {
                *n_fallback += u16::from(*count < min_season && value.is_finite() && *n_history > 0);
            }
        }
    }
}

fn count_clear(counts: &mut [u16], values: &[f32]) {
    counts.iter_mut().zip(values).for_each(|(count, value)| *count += u16::from(value.is_finite()));
}

/// Times come in order, so that the last one stays.
fn note_clear(last: &mut [i32], values: &[f32], day: i32) {
    last.iter_mut().zip(values).for_each(|(last, value)| *last = if value.is_finite() { day } else { *last });
}

impl Extremes {
    fn none(width: usize) -> Self {
        Self { least: vec![f32::INFINITY; width], most: vec![f32::NEG_INFINITY; width] }
    }

    /// Takes in the larger values, or the smaller ones; NaN is passed over.
    fn include(&mut self, values: &[f32], larger: bool) {
        if larger {
            self.most.iter_mut().zip(values).for_each(|(most, value)| *most = if *value > *most { *value } else { *most });
        } else {
            self.least.iter_mut().zip(values).for_each(|(least, value)| *least = if *value < *least { *value } else { *least });
        }
    }
}

impl Summary {
    /// No drop of the pixel is larger, since no median lies beyond the extremes.
    pub(super) fn largest_drop(&self, pixel: usize, direction: Direction) -> f64 {
        let (earlier, later) = match direction {
            Direction::Fall => (self.history.most[pixel], self.monitor.least[pixel]),
            Direction::Rise => (self.history.least[pixel], self.monitor.most[pixel]),
        };
        direction.drop(f64::from(earlier), f64::from(later))
    }
}
