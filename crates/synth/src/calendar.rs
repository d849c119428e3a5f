use raster::Date;

use crate::MONITORING_YEAR;
use crate::noise::{Layer, Source};
use crate::sky;

/// Days of sensing from the start of the baseline to the end of the monitoring year.
///
/// Two spacecraft give a day every five; a scene of the archive comes every 10 to 20 days in the baseline and every 10
/// or 15 in the monitoring year.
pub(crate) fn dates(seed: u64) -> Vec<Date> {
    let source = Source::new(seed, Layer::Calendar, 0);
    let start = new_year(MONITORING_YEAR - 2);
    let (change, end) = (new_year(MONITORING_YEAR), new_year(MONITORING_YEAR + 1));
    let mut day = start.days() + 2 + (source.bits(0, 0) % 5) as i32;
    let mut dates = Vec::new();
    while day < end.days() {
        dates.push(Date::from_days(day));
        let choice = source.bits(1, i64::from(day)) % 4;
        let steps: [i32; 4] = if day < change.days() { [10, 15, 15, 20] } else { [10, 10, 15, 15] };
        day += steps[choice as usize];
    }
    dates
}

/// Days between two passes over a place.
const REVISIT: usize = 5;

/// So many days of sensing, a third of them in the monitoring year: of equal parts of both periods the clearest day, as an
/// analyst chooses them. A single day of the monitoring year comes in its second half, when there is something to be seen.
pub(crate) fn clearest(seed: u64, count: usize) -> Vec<Date> {
    let monitored = (count / 3).max(1);
    let [start, change, end] = [-2, 0, 1].map(|years| new_year(MONITORING_YEAR + years).days());
    let from = if monitored == 1 { i32::midpoint(change, end) } else { change };
    let mut dates = Vec::with_capacity(count);
    for (first, end, parts) in [(start, change, count - monitored), (from, end, monitored)] {
        let passes: Vec<i32> = (first..end).step_by(REVISIT).collect();
        for part in 0..parts {
            let (low, high) = (part * passes.len() / parts, (part + 1) * passes.len() / parts);
            let hidden = |day: &&i32| sky::hidden_share(seed, i64::from(**day));
            let clearest = passes[low..high].iter().min_by(|a, b| hidden(a).total_cmp(&hidden(b)));
            dates.extend(clearest.map(|day| Date::from_days(*day)));
        }
    }
    dates
}

/// The first day of a year.
pub(crate) fn new_year(year: i32) -> Date {
    Date::from_ymd(year, 1, 1).expect("every year has a first of January")
}
