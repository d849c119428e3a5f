//! `check`: is the job right, and is everything it names there and readable?

use serde_json::json;

use crate::args::{Common, JobFile};
use crate::fault::Fault;
use crate::job::Job;
use crate::report::Report;
use crate::run::{Depth, Inputs};

/// Reads the job, describes all inputs and unpacks every block of every raster; writes nothing.
pub(crate) fn check(arguments: &JobFile, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let job = Job::load(&arguments.job)?;
    let inputs = Inputs::find(&job, Depth::Blocks(common))?;
    let mut report = Report::new("check");
    report.fact(
        "counts",
        json!({ "scenes": inputs.scenes().len(), "scenes_skipped": inputs.skipped.len(), "registries": inputs.registries.sources.len() }),
    );
    report.say(format!(
        "{}: right; {} scenes ({} cannot be used), {} registries",
        arguments.job.display(),
        inputs.scenes().len(),
        inputs.skipped.len(),
        inputs.registries.sources.len()
    ));
    inputs.guard_said.iter().for_each(|line| report.say(line));
    report.fact("guard", inputs.guarded);
    report.rejected = inputs.skipped.len();
    report.warnings = inputs.warnings;
    Ok(report)
}
