//! `synth`: a simulated region on disk, in the form of a provider's products.

use synth::{Baseline, LandscapeOptions};

use super::region::{self, Form};
use crate::args::{Common, Synth, SynthProduct};
use crate::fault::Fault;
use crate::report::Report;

/// Makes the region.
pub(crate) fn synth(arguments: &Synth, common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(Some(common.budget().cache_bytes()));
    let form = match arguments.product {
        SynthProduct::Geotiff => Form::Geotiff,
        SynthProduct::LandsatC2L2 => Form::Landsat,
        SynthProduct::Sentinel2L2A => {
            let baseline = Baseline::named(&arguments.baseline);
            let wrong = || Fault::usage(format!("--baseline {}: expected 02.14 or 05.09", arguments.baseline));
            Form::Sentinel2 { baseline: baseline.ok_or_else(wrong)?, zip: arguments.zip }
        }
    };
    let options = LandscapeOptions { seed: arguments.region.seed, size_px: arguments.region.size, dates: arguments.dates };
    let landscape = region::write(&arguments.region.dir, options, usize::from(arguments.region.every), form, common)?;
    let mut report = Report::new("synth");
    let job = arguments.region.dir.join("job.toml");
    report.output(&job);
    report.say(format!(
        "simulated region of {0} x {0} pixels of 10 m with {1} clearings; run it with: atalaya run {2}",
        arguments.region.size,
        landscape.clearings().len(),
        job.display()
    ));
    Ok(report)
}
