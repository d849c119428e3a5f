//! When a job looks, and by which method.

use std::path::Path;

use change::{Bayts, BfastMonitor, ChangeError, Clearing, Detector, Difference, Direction, Nrt, PvtsBeta, SpectralIndex};
use raster::{Band, DateRange, Observation, Role, Warning};

use crate::fault::{Exit, Fault};
use crate::job::{ChangeSpec, Method};

pub(super) fn periods(spec: &ChangeSpec, observations: &[Observation]) -> Result<(DateRange, DateRange), Fault> {
    let last = observations.last().map_or(spec.monitoring.from, |look| look.date);
    let baseline_to = spec.baseline.to.unwrap_or(raster::Date::from_days(spec.monitoring.from.days() - 1));
    let baseline = DateRange::new(spec.baseline.from, baseline_to)?;
    let monitoring_to = spec.monitoring.to.unwrap_or(last);
    if monitoring_to < spec.monitoring.from {
        return Err(Fault::new(
            Exit::Input,
            format!("the last scene is of {last}, before the monitoring period begins on {}", spec.monitoring.from),
        ));
    }
    let monitoring = DateRange::new(spec.monitoring.from, monitoring_to)?;
    if baseline.to() >= monitoring.from() {
        return Err(Fault::usage(format!(
            "[change] the baseline ends on {} and the monitoring begins on {}: the baseline must end before",
            baseline.to(),
            monitoring.from()
        )));
    }
    Ok((baseline, monitoring))
}

pub(super) fn count_periods(observations: &[Observation], baseline: DateRange, monitoring: DateRange) -> Result<(), Fault> {
    for (name, period) in [("baseline", baseline), ("monitoring", monitoring)] {
        if !observations.iter().any(|look| period.contains(look.date)) {
            let span = observations.first().zip(observations.last()).map(|(a, b)| format!("{} to {}", a.date, b.date));
            return Err(Fault::new(
                Exit::Input,
                format!(
                    "no scene lies in the {name} period ({} to {}); the scenes are of {}",
                    period.from(),
                    period.to(),
                    span.unwrap_or_default()
                ),
            ));
        }
    }
    Ok(())
}

/// What a method cannot tell in its monitoring period.
pub(super) fn doubts(spec: &ChangeSpec, observations: &[Observation], monitoring: DateRange) -> Vec<Warning> {
    let mut doubts = Vec::new();
    if spec.method == Method::Ewma {
        let message = format!(
            "ewma does not believe looks that are {} deviations off, and a clear-cut is often further off: without a larger [change.ewma] threshold_outlier such clearings are missed",
            spec.ewma.threshold_outlier
        );
        doubts.push(Warning::new("drops_ignored", message));
    }
    if observations.iter().filter(|look| monitoring.contains(look.date)).count() == 1 {
        let message = "the monitoring period has a single look: nothing can be confirmed, and every alert is of low confidence";
        doubts.push(Warning::new("one_look", message));
    }
    doubts
}

/// What the method of a job reads, in its order: the index that is watched, then bands.
pub(super) fn series(spec: &ChangeSpec, base: &Path) -> Result<Vec<SpectralIndex>, Fault> {
    let bands: Vec<Band> = match spec.method {
        Method::CcdcNrt => vec![Band::Green, Band::Swir16],
        Method::Bayts => {
            let is_told = |band: &Band| spec.bayts.densities.contains_key(band.name());
            [Band::Vv, Band::Vh].into_iter().filter(is_told).collect()
        }
        _ => Vec::new(),
    };
    let band = |band: Band| SpectralIndex::new(band.name(), band.name(), &[], Direction::Fall);
    let bands = bands.into_iter().map(band).collect::<Result<Vec<_>, ChangeError>>()?;
    Ok(std::iter::once(spec.index.resolve(base)?).chain(bands).collect())
}

/// The role of each series: that of the index, and those of the bands.
fn roles(series: &[SpectralIndex]) -> Vec<Role> {
    let band = |series: &SpectralIndex| Band::ALL.into_iter().find(|band| band.name() == series.name()).map(Role::Band);
    series.iter().enumerate().map(|(place, series)| band(series).filter(|_| place > 0).unwrap_or_else(|| series.role())).collect()
}

/// The method of a job. `difference` and `bayts` know which way clearing goes; the others tell of changes in both directions, of which
/// only those of clearing are taken.
pub(super) fn detector(
    spec: &ChangeSpec,
    baseline: DateRange,
    monitoring: DateRange,
    series: &[SpectralIndex],
) -> Result<Box<dyn Detector>, Fault> {
    let (role, direction) = (series[0].role(), series[0].clearing()?);
    let roles = roles(series);
    Ok(match spec.method {
        Method::Difference => Box::new(Difference::new(spec.difference, baseline, monitoring, role, direction)?),
        Method::BfastMonitor => clearings(BfastMonitor::new(spec.bfast_monitor, monitoring, role)?, spec, baseline, direction)?,
        Method::Ewma => clearings(Nrt::new(spec.ewma, monitoring, roles)?, spec, baseline, direction)?,
        Method::Cusum => clearings(Nrt::new(spec.cusum, monitoring, roles)?, spec, baseline, direction)?,
        Method::Mosum => clearings(Nrt::new(spec.mosum, monitoring, roles)?, spec, baseline, direction)?,
        Method::Iqr => clearings(Nrt::new(spec.iqr, monitoring, roles)?, spec, baseline, direction)?,
        Method::PvtsBeta if direction == Direction::Rise => {
            let told = format!("[change] method: pvts-beta watches for falls, and clearing makes the index {role} rise");
            return Err(Fault::usage(told));
        }
        Method::PvtsBeta => clearings(PvtsBeta::new(spec.pvts_beta, monitoring, role)?, spec, baseline, direction)?,
        Method::CcdcNrt => clearings(Nrt::new(spec.ccdc_nrt.parameters(), monitoring, roles)?, spec, baseline, direction)?,
        Method::Bayts => Box::new(Bayts::new(spec.bayts.clone(), monitoring, roles)?),
    })
}

fn clearings<D: Detector + 'static>(
    method: D,
    spec: &ChangeSpec,
    baseline: DateRange,
    direction: Direction,
) -> Result<Box<dyn Detector>, Fault> {
    Ok(Box::new(Clearing::new(method, spec.clearing, baseline, direction)?))
}
