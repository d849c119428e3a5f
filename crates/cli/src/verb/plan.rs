//! `plan`: what a run would do.

use serde_json::json;

use crate::args::{Common, JobFile};
use crate::fault::Fault;
use crate::job::Job;
use crate::report::{Report, print};
use crate::run::{Depth, Inputs, out_folder, plan_strips};

/// Bytes a pixel of the output rasters takes before compression: answer, four days, magnitude, two counts.
const OUTPUT_BYTES_A_PIXEL: usize = 1 + 4 * 4 + 4 + 2 * 2;

/// Bytes of the picture and the tables, roughly.
const PICTURE_BYTES: u64 = 16 << 20;

/// Says which scenes, dates, grid, memory and disk a run would use; writes nothing.
pub(crate) fn plan(arguments: &JobFile, common: &Common) -> Result<Report, Fault> {
    let budget = common.budget();
    geoio::open::initialise(Some(budget.cache_bytes()));
    let job = Job::load(&arguments.job)?;
    let inputs = Inputs::find(&job, Depth::Ends)?;
    let grid = inputs.grid();
    let strips = plan_strips(&inputs, &budget, None)?;
    let count = grid.tiles(strips.rows, strips.cols).count();
    let disk = 3 * (grid.rows * grid.cols * OUTPUT_BYTES_A_PIXEL) as u64 + PICTURE_BYTES;
    let dates: Vec<String> = inputs.observations.iter().map(|look| look.date.to_string()).collect();
    let in_period = |period: raster::DateRange| inputs.observations.iter().filter(|look| period.contains(look.date)).count();
    let bounds = grid.bounds();
    if !common.json {
        print(&format!("grid       {} ({})", grid.crs.name(), inputs.grid_said))?;
        print(&format!("           {} rows x {} columns of {} x {}", grid.rows, grid.cols, grid.step_x, grid.step_y))?;
        print(&format!("           {} {} {} {}", bounds.west, bounds.south, bounds.east, bounds.north))?;
        print(&format!(
            "scenes     {} in {} observations, {} cannot be used",
            inputs.scenes().len(),
            dates.len(),
            inputs.skipped.len()
        ))?;
        print(&format!(
            "baseline   {} to {}: {} observations",
            inputs.baseline.from(),
            inputs.baseline.to(),
            in_period(inputs.baseline)
        ))?;
        print(&format!(
            "monitoring {} to {}: {} observations",
            inputs.monitoring.from(),
            inputs.monitoring.to(),
            in_period(inputs.monitoring)
        ))?;
        print(&format!("dates      {}", dates.join(" ")))?;
        print(&format!("index      {} = {}", inputs.index().name(), inputs.index().formula()))?;
        print(&format!(
            "registries {}",
            inputs
                .registries
                .sources
                .iter()
                .map(|(s, l)| format!("{} ({})", s.id, l.features.len()))
                .collect::<Vec<_>>()
                .join(", ")
        ))?;
        print(&format!(
            "memory     at most {} of {} MiB: {count} pieces of {} x {} pixels, {} under way at once",
            strips.bytes >> 20,
            budget.bytes() >> 20,
            strips.rows,
            strips.cols,
            strips.in_flight
        ))?;
        print(&format!("disk       at most {} MiB in {}", disk >> 20, out_folder(&job).display()))?;
    }
    let mut report = Report::new("plan");
    report.fact("grid", json!({ "crs": grid.crs.text(), "said": inputs.grid_said, "rows": grid.rows, "cols": grid.cols, "step": [grid.step_x, grid.step_y] }));
    report.fact(
        "scenes",
        json!(
            inputs
                .scenes()
                .iter()
                .map(|scene| json!({ "id": scene.id, "date": scene.date, "sensor": scene.sensor.id }))
                .collect::<Vec<_>>()
        ),
    );
    report.fact("scenes_skipped", json!(inputs.skipped));
    report.fact("dates", json!(dates));
    report.fact("memory_bytes", strips.bytes);
    report.fact("disk_bytes", disk);
    report.rejected = inputs.skipped.len();
    report.warnings = inputs.warnings;
    Ok(report)
}
