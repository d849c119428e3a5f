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
    pub(crate) fn load(block: &SeriesBlock<'_>, role: usize, first: usize) -> Self {
        let values = block.values();
        let times = block.dates().len();
        let width = LANES.min(block.pixels() - first);
        let mut tile = Self { values: vec![NONE; times], seen: vec![NONE; times], width };
        for time in 0..times {
            let row = values.slice(ndarray::s![time, role, first..first + width]);
            for (lane, value) in row.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                tile.values[time][lane] = f64::from(*value);
                tile.seen[time][lane] = 1.0;
            }
        }
        tile
    }
}
