use std::ops::Range;

use raster::Date;

use super::Difference;

/// The times of a block by period, and the season of each; times before the baseline are not used.
///
/// Times are counted from the first of the baseline period.
pub(super) struct Periods {
    /// Place in the block of the first time that is used.
    pub(super) offset: usize,
    /// Days since 1970-01-01 of each time.
    pub(super) days: Vec<i32>,
    /// Number of baseline times; they come first.
    pub(super) baseline: usize,
    /// Times of the monitoring period.
    pub(super) monitoring: Range<usize>,
    /// For each time the baseline times of its season.
    pub(super) seasons: Vec<Vec<usize>>,
}

impl Periods {
    pub(super) fn new(detector: &Difference, dates: &[Date]) -> Self {
        let offset = dates.partition_point(|date| *date < detector.baseline.from());
        let end = dates.partition_point(|date| *date <= detector.monitoring.to()).max(offset);
        let dates = &dates[offset..end];
        let baseline = dates.partition_point(|date| *date <= detector.baseline.to());
        let start = dates.partition_point(|date| *date < detector.monitoring.from());
        let half_width = match detector.parameters.season_window_days {
            0 => u32::MAX,
            days => days,
        };
        let season = |date: &Date| (0..baseline).filter(|&b| date.season_distance(dates[b]) <= half_width).collect();
        Self {
            offset,
            days: dates.iter().map(|date| date.days()).collect(),
            baseline,
            monitoring: start..dates.len(),
            seasons: dates.iter().map(season).collect(),
        }
    }
}
