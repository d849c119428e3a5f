use std::path::Path;

use alert::Features;
use geoio::Zones;
use geoio::layer::LayerOptions;
use raster::Grid;
use synth::{ScoredClearing, ScoredRows, Scoring};

use super::record::ScoreRow;
use crate::fault::{Exit, Fault};
use crate::verb::scored;

/// Name of the file of planted clearings beside a simulated region's job.
const TRUTH: &str = "truth.geojson";
/// Rows that are scored at once.
const ROWS: usize = 512;

/// The alerts of a run against the planted clearings beside its job; `None` where there are none.
pub(super) fn score(job: &Path, out: &Path, grid: &Grid) -> Result<Option<ScoreRow>, Fault> {
    let path = job.with_file_name(TRUTH);
    if !path.is_file() {
        return Ok(None);
    }
    let read = |path: &Path| Ok::<_, Fault>(geoio::layer::read(path, &LayerOptions::default())?.features);
    let (truth, alerts) = (read(&path)?, read(&out.join("alerts.geojson"))?);
    let (width_m, height_m) = grid.pixel_m();
    let clearings = clearings(&truth, width_m * height_m / 1e4).ok_or_else(|| {
        Fault::new(Exit::Input, format!("{}: expected the columns date, area_ha and seen of every clearing", path.display()))
    })?;
    let mut scoring = Scoring::new(clearings, scored::alerts(&alerts));
    let (mut planted, mut found) = (Zones::new(grid.clone(), &truth)?.open(), Zones::new(grid.clone(), &alerts)?.open());
    for window in grid.strips(ROWS) {
        let (truth, alerts) = (planted.read(window)?, found.read(window)?);
        let rows = ScoredRows { row: window.row as usize, truth: truth.view(), alerts: alerts.view() };
        scoring.add(&rows, None).map_err(|error| Fault::from_error(Exit::Internal, error))?;
    }
    let score = scoring.score();
    Ok(Some(ScoreRow {
        alerts: alerts.len(),
        precision: score.precision.into(),
        recall: score.recall.into(),
        dated: score.dated.into(),
    }))
}

/// The clearings of a table; `None` where a column is not as `synth` writes it.
fn clearings(truth: &Features, pixel_ha: f64) -> Option<Vec<ScoredClearing>> {
    let columns = truth.text("date")?.iter().zip(truth.text("area_ha")?).zip(truth.text("seen")?);
    columns
        .map(|((date, area), seen)| {
            let area_ha: f64 = area.as_deref()?.parse().ok()?;
            Some(ScoredClearing {
                date: date.as_deref()?.parse().ok()?,
                seen: seen.as_deref()? == "1",
                pixels: (area_ha / pixel_ha).round() as u64,
            })
        })
        .collect()
}
