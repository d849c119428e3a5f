use raster::Date;

use crate::calendar::new_year;
use crate::clearing::Plot;
use crate::sky::{Pall, Sky};
use crate::{LandscapeOptions, MONITORING_YEAR};

/// Clouds that stay over a place from a day on.
#[derive(Debug)]
pub(crate) struct Palls {
    since: Vec<(Date, Pall)>,
}

impl Palls {
    /// One pall over every plot that is to stay unseen.
    pub(crate) fn over(plots: &[Plot]) -> Self {
        let hidden = plots.iter().filter(|plot| plot.under_pall);
        let since = hidden.map(|plot| {
            let (centre, radius) = plot.circle();
            (plot.date, Pall { centre, radius: radius + 4.0 })
        });
        Self { since: since.collect() }
    }

    /// The palls that stand on a day.
    pub(crate) fn on(&self, date: Date) -> Vec<Pall> {
        self.since.iter().filter(|(since, _)| *since <= date).map(|(_, pall)| *pall).collect()
    }
}

/// How often the place of a clearing could be seen before and after it happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sight {
    /// Whether a scene of the baseline shows at least half of it clear.
    pub(crate) clear_before: bool,
    /// Scenes after it that show at least half of it clear by their own scene classes.
    pub(crate) clear_scenes: usize,
    /// Day of the first of them.
    pub(crate) first_clear: Option<Date>,
}

/// What could be seen of every plot, in their order.
pub(crate) fn sight(options: LandscapeOptions, plots: &[Plot], dates: &[Date], palls: &Palls) -> Vec<Sight> {
    let mut sights = vec![Sight::default(); plots.len()];
    let monitored = dates.partition_point(|date| *date < new_year(MONITORING_YEAR));
    let sky = |date: Date| Sky::new(options.seed, options.size_px, i64::from(date.days()), &palls.on(date));
    for &date in &dates[..monitored] {
        if sights.iter().all(|sight| sight.clear_before) {
            break;
        }
        let sky = sky(date);
        for (plot, sight) in plots.iter().zip(&mut sights) {
            sight.clear_before = sight.clear_before || shows(&sky, plot);
        }
    }
    let first = plots.iter().map(|plot| plot.date).min();
    for &date in dates[monitored..].iter().filter(|date| first.is_some_and(|first| first <= **date)) {
        let sky = sky(date);
        for (plot, sight) in plots.iter().zip(&mut sights).filter(|(plot, _)| plot.date <= date) {
            if shows(&sky, plot) {
                sight.clear_scenes += 1;
                sight.first_clear.get_or_insert(date);
            }
        }
    }
    sights
}

/// Whether at least half of a plot passes for clear.
fn shows(sky: &Sky, plot: &Plot) -> bool {
    let clear = plot.pixels.iter().filter(|&&(row, col)| sky.obstacle([row, col]).is_none()).count();
    2 * clear >= plot.pixels.len()
}
