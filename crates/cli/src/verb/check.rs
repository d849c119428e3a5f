//! `check`: is the job right, and is everything it names there and readable?

use raster::{RasterReader as _, RasterSource as _, Role, Window};
use serde_json::json;

use crate::args::{Common, JobFile};
use crate::fault::Fault;
use crate::job::Job;
use crate::report::Report;
use crate::run::Inputs;

/// Reads the job, describes all inputs and reads one window of each scene; writes nothing.
pub(crate) fn check(arguments: &JobFile, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let job = Job::load(&arguments.job)?;
    let inputs = Inputs::find(&job)?;
    let mut reader = inputs.imagery.open()?;
    let grid = inputs.grid();
    let middle = Window { row: (grid.rows / 2) as isize, col: (grid.cols / 2) as isize, rows: 1, cols: 1 };
    for (scene, look) in inputs.looks.iter().enumerate() {
        let roles: Vec<Role> = look.bands.iter().cloned().chain(look.mask.layers()).collect();
        reader.read(scene, &roles, middle)?;
    }
    let mut report = Report::new("check");
    report.fact(
        "counts",
        json!({ "scenes": inputs.scenes().len(), "scenes_skipped": inputs.skipped.len(), "registries": inputs.registries.len() }),
    );
    report.say(format!(
        "{}: right; {} scenes ({} cannot be used), {} registries",
        arguments.job.display(),
        inputs.scenes().len(),
        inputs.skipped.len(),
        inputs.registries.len()
    ));
    report.rejected = inputs.skipped.len();
    report.warnings = inputs.warnings;
    Ok(report)
}
