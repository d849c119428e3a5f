//! The season of whole looks: a percentile of each is taken off its values, where the method wants that.

use std::ops::Range;

use change::{Coarse, Fine};
use pipeline::{Budget, Detection, LookSeries, StripPlan, map_in_order};
use raster::Window;

use super::inputs::Inputs;
use super::looks::{LookReader, Looks};
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;

/// What is taken off the values of each observation, by the place of the series: the percentile of its clear pixels on the whole grid,
/// NaN where there is none; empty where the method wants nothing taken off.
///
/// Each observation is read twice, and only counts of its values are kept: exact, in memory that does not grow with the grid.
pub(super) fn off(
    (inputs, kept): (&Inputs, Option<&Looks>),
    budget: &Budget,
    plan: &StripPlan,
    common: &Common,
) -> Result<Vec<Vec<f64>>, Fault> {
    let Some(share) = inputs.detector.scene_percentile() else { return Ok(Vec::new()) };
    let (looks, series) = (inputs.observations.len(), inputs.series.len());
    let tiles: Vec<Window> = inputs.grid().tiles(plan.rows, plan.cols).flat_map(Detection::tiles).collect();
    // An eighth of the memory is for counts.
    let together = (budget.chunk_bytes() / 4 / (Coarse::BYTES * series as u64)).clamp(1, looks.max(1) as u64) as usize;
    let groups: Vec<Range<usize>> = (0..looks).step_by(together).map(|first| first..looks.min(first + together)).collect();
    let mut progress = Progress::begin(common, "percentile", (2 * groups.len() * tiles.len()) as u64);
    let mut pass = |group: &Range<usize>, count: &mut dyn FnMut(usize, &[f32])| {
        read((inputs, kept), &tiles, group, budget, |values: LookSeries| {
            let values = values.values();
            for (place, values) in values.rows().into_iter().enumerate() {
                count(place, values.to_slice().expect("the pixels of a look stand side by side"));
            }
            progress.step()
        })
    };
    let mut off = Vec::with_capacity(looks);
    for group in groups {
        let mut coarse = vec![Coarse::default(); group.len() * series];
        pass(&group, &mut |place, values| coarse[place].add(values))?;
        let mut fine: Vec<Option<Fine>> = coarse.into_iter().map(|counts| counts.narrowed(share)).collect();
        pass(&group, &mut |place, values| fine[place].iter_mut().for_each(|counts| counts.add(values)))?;
        let values: Vec<f64> = fine.iter().map(|counts| counts.as_ref().map_or(f64::NAN, Fine::value)).collect();
        off.extend(values.chunks(series).map(<[f64]>::to_vec));
    }
    Ok(off)
}

/// Reads some observations tile by tile, in order.
fn read(
    (inputs, kept): (&Inputs, Option<&Looks>),
    tiles: &[Window],
    group: &Range<usize>,
    budget: &Budget,
    take: impl FnMut(LookSeries) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let detection = inputs.detection();
    let largest = tiles.iter().map(|tile| tile.pixels()).max().unwrap_or(0);
    let bytes = (largest * group.len() * inputs.series.len() * 4) as u64;
    map_in_order(
        tiles,
        budget,
        budget.in_flight(2 * bytes),
        || LookReader::open(inputs, kept),
        |reader, &tile| {
            let take = |series: &mut LookSeries, look, scene| reader.take(&detection, series, look, scene);
            Ok(detection.series(tile, group.clone(), take)?.0)
        },
        take,
    )
}
