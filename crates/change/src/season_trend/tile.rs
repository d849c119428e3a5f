use ndarray::Axis;

use super::{LANES, Lane, NONE};
use crate::SeriesBlock;

/// Some neighbouring pixels of one role of a block, by time.
#[derive(Debug)]
pub(crate) struct Tile {
    /// Values; 0 where there is none.
    pub(crate) values: Vec<Lane>,
    /// 1 where there is a value, else 0.
    pub(crate) seen: Vec<Lane>,
    /// How many of the lanes are pixels.
    pub(crate) width: usize,
}

impl Tile {
    #[inline(always)]
    pub(crate) fn load(block: &SeriesBlock<'_>, role: usize, first: usize) -> Self {
        let values = block.values();
        let times = block.dates().len();
        let width = LANES.min(block.pixels() - first);
        let mut tile = Self { values: vec![NONE; times], seen: vec![NONE; times], width };
        for time in 0..times {
            let all = values.index_axis(Axis(0), time).index_axis_move(Axis(0), role);
            let mut row = [f32::NAN; LANES];
            match all.to_slice() {
                Some(all) if width == LANES => row.copy_from_slice(&all[first..first + LANES]),
                _ => (0..width).for_each(|lane| row[lane] = all[first + lane]),
            }
            let (values, seen) = (&mut tile.values[time], &mut tile.seen[time]);
            for lane in 0..LANES {
                let is_seen = row[lane].is_finite();
                values[lane] = if is_seen { f64::from(row[lane]) } else { 0.0 };
                seen[lane] = if is_seen { 1.0 } else { 0.0 };
            }
        }
        tile
    }
}
