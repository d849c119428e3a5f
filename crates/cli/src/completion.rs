//! The end of a raster: what is left of its overviews is packed on all threads.

use geoio::{Pixel, RasterWriter};
use pipeline::{Budget, map_in_order};
use raster::RasterSink as _;

use crate::fault::Fault;

/// Completes a raster of which every window was appended.
pub(crate) fn complete<T: Pixel>(mut writer: RasterWriter<T>, budget: &Budget) -> Result<(), Fault> {
    let packing = writer.packing();
    loop {
        let due = writer.due();
        if due.is_empty() {
            return Ok(writer.finish()?);
        }
        map_in_order(
            &due,
            budget,
            2 * budget.jobs(),
            || Ok::<_, Fault>(packing.packer()?),
            |packer, overview| Ok(packer.pack_overview(overview)?),
            |made| Ok(writer.take(made)?),
        )?;
    }
}
