use raster::Date;

use crate::MONITORING_YEAR;
use crate::noise::{Layer, Source};

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

/// The first day of a year.
pub(crate) fn new_year(year: i32) -> Date {
    Date::from_ymd(year, 1, 1).expect("every year has a first of January")
}
