//! `init`: a job that runs as it stands.

use synth::LandscapeOptions;

use super::region::{self, Form};
use crate::args::{Common, Init};
use crate::fault::Fault;
use crate::report::Report;

/// Side of the region that comes with a new job, in pixels.
const SIDE: usize = 192;

/// Writes a commented job with a small simulated region that it runs on.
pub(crate) fn init(arguments: &Init, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    region::write(&arguments.dir, LandscapeOptions { size_px: SIDE, ..LandscapeOptions::default() }, 1, Form::Geotiff, common)?;
    let job = arguments.dir.join("job.toml");
    let mut report = Report::new("init");
    report.output(&job);
    report.say(format!("{} is ready: atalaya run {}", job.display(), job.display()));
    report.say("it runs on simulated imagery; replace [[imagery]] and the registries by your own");
    Ok(report)
}
