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
            let own = |lane: usize| if lane < width { values[[time, role, first + lane]] } else { f32::NAN };
            let row: [f32; LANES] = std::array::from_fn(own);
            tile.values[time] = row.map(|value| if value.is_finite() { f64::from(value) } else { 0.0 });
            tile.seen[time] = row.map(|value| f64::from(u8::from(value.is_finite())));
        }
        tile
    }
}
