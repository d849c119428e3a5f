//! `doctor`: is everything there that a run may need?

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::report::{Report, print};

/// Lists libraries, drivers and databases; the exit code tells whether something needed is missing.
pub(crate) fn doctor(common: &Common) -> Result<Report, Fault> {
    geoio::open::initialise(None);
    let mut report = Report::new("doctor");
    let mut missing = Vec::new();
    let versions = geoio::versions();
    let parts = versions.drivers.iter().map(|driver| (driver.name, driver.available));
    let parts: Vec<(&str, bool)> = parts.chain([("PROJ database", versions.projection_database)]).collect();
    if !common.json {
        print(&format!("{:<16} {}\n{:<16} {}", "GDAL", versions.gdal, "PROJ", versions.proj))?;
        for (name, there) in &parts {
            print(&format!("{name:<16} {}", if *there { "there" } else { "MISSING" }))?;
        }
    }
    report.fact("libraries", serde_json::json!(versions));
    missing.extend(parts.iter().filter(|(_, there)| !there).map(|(name, _)| *name));
    if missing.is_empty() {
        return Ok(report);
    }
    Err(Fault::new(Exit::Input, format!("missing: {}; install the system's GDAL with these drivers", missing.join(", "))))
}
