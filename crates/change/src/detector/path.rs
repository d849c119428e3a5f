//! How a method came to what it says: what it would have said after each look.

use ndarray::{Array3, s};
use raster::Date;

use crate::{Answer, ChangeError, Detector, SeriesBlock};

/// Times that are taken at once.
const AT_ONCE: usize = 64;

/// What a method says of a series after a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its answer.
    pub answer: Answer,
    /// Its statistic; NaN where there is none.
    pub statistic: f32,
    /// What the statistic is held against; NaN where there is none.
    pub boundary: f64,
}

/// What a method says of the first pixel of a block after each time of the monitoring period at which it was seen; `None` at other times.
///
/// These are answers of the method itself, each to the series with everything later left out: the last is its answer to the whole.
///
/// # Errors
/// Those of a [`SeriesBlock`].
pub fn path(detector: &dyn Detector, block: &SeriesBlock<'_>) -> Result<Vec<Option<Step>>, ChangeError> {
    let values = block.values();
    let is_seen = |time: usize| values.slice(s![time, .., 0]).iter().any(|value| value.is_finite());
    let is_watched = |time: &usize| detector.monitoring().contains(block.dates()[*time]) && is_seen(*time);
    let times: Vec<usize> = (0..block.dates().len()).filter(is_watched).collect();
    let mut steps = vec![None; block.dates().len()];
    for times in times.chunks(AT_ONCE) {
        // A pixel of its own for each time, which ends there.
        let ends: Vec<usize> = times.iter().map(|time| end(detector, block.dates(), *time)).collect();
        let known = Array3::from_shape_fn((values.dim().0, values.dim().1, times.len()), |(time, role, number)| {
            if time < ends[number] { values[[time, role, 0]] } else { f32::NAN }
        });
        let known = SeriesBlock::new(block.dates(), block.sensors(), known.view())?;
        let found = detector.detect(&known);
        for (number, time) in times.iter().enumerate() {
            let boundary = found.model.as_ref().map(|model| model.boundary[number]).or(detector.threshold());
            let (answer, statistic) = (found.answer[number], found.statistic[number]);
            steps[*time] = Some(Step { answer, statistic, boundary: boundary.unwrap_or(f64::NAN) });
        }
    }
    Ok(steps)
}

/// The first time that is not known after one.
fn end(detector: &dyn Detector, dates: &[Date], time: usize) -> usize {
    if detector.takes_days() { dates.partition_point(|date| *date <= dates[time]) } else { time + 1 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use raster::{DateRange, Role};

    use super::*;
    use crate::{
        Bayts, BaytsParameters, BfastMonitor, BfastMonitorParameters, CcdcParameters, CusumParameters, Densities, EwmaParameters,
        FromHistory, IqrParameters, MosumParameters, Nrt, PvtsBeta, PvtsBetaParameters,
    };

    /// Looks every 8 days of a forest that falls by a third, with noise that does not repeat and holes; three roles.
    fn forest() -> (Vec<Date>, Array3<f32>) {
        let first = Date::from_ymd(2012, 1, 1).expect("a day").days();
        let dates: Vec<Date> = (0..260).map(|look| Date::from_days(first + look * 8)).collect();
        let noise = |look: usize| ((look * 7919 + 13) % 101) as f32 / 101.0 - 0.5;
        let values = Array3::from_shape_fn((dates.len(), 3, 1), |(time, role, _)| match role {
            _ if time % 5 == 2 => f32::NAN,
            0 => 0.7 + 0.1 * (time as f32 / 7.3).cos() + 0.05 * noise(time) - if time > 215 { 0.25 } else { 0.0 },
            _ => 0.1 + 0.01 * noise(time + role),
        });
        (dates, values)
    }

    fn detectors() -> Vec<Box<dyn Detector>> {
        let day = |year| Date::from_ymd(year, 1, 1).expect("a day");
        let period = DateRange::new(day(2016), day(2030)).expect("a period");
        let role = |name: &str| Role::Index(name.to_owned());
        let one = || vec![role("a")];
        let densities = BTreeMap::from([("a".to_owned(), [0.7, 0.1, 0.3, 0.1].into())]);
        let bayts = BaytsParameters { densities, ..BaytsParameters::default() };
        let data = BTreeMap::from([("a".to_owned(), Densities::Data(FromHistory::Data))]);
        let from_history = BaytsParameters { densities: data, ..BaytsParameters::default() };
        // The season alone spreads as far as five deviations reach.
        let pvts_beta = PvtsBetaParameters { beta: 2.0, ..PvtsBetaParameters::default() };
        let ccdc = CcdcParameters { scaling_factor: 1.0, ..CcdcParameters::default() };
        vec![
            Box::new(BfastMonitor::new(BfastMonitorParameters::default(), period, role("a")).expect("in range")),
            Box::new(Nrt::new(EwmaParameters::default(), period, one()).expect("in range")),
            Box::new(Nrt::new(CusumParameters::default(), period, one()).expect("in range")),
            Box::new(Nrt::new(MosumParameters::default(), period, one()).expect("in range")),
            Box::new(Nrt::new(IqrParameters::default(), period, one()).expect("in range")),
            Box::new(Nrt::new(ccdc, period, vec![role("a"), role("green"), role("swir")]).expect("in range")),
            Box::new(Bayts::new(bayts, period, one()).expect("in range")),
            Box::new(Bayts::new(from_history, period, one()).expect("in range")),
            Box::new(PvtsBeta::new(pvts_beta, period, role("a")).expect("in range")),
        ]
    }

    #[test]
    fn the_last_step_is_the_answer_and_a_break_is_known_on_its_day() {
        let (dates, values) = forest();
        let sensors = vec![0; dates.len()];
        for detector in detectors() {
            let own = values.slice(s![.., ..detector.inputs().len(), ..]);
            let block = SeriesBlock::new(&dates, &sensors, own).expect("a block");
            let (found, steps) = (detector.detect(&block), path(detector.as_ref(), &block).expect("a block"));
            let last = steps.iter().flatten().last().expect("a look");
            assert_eq!(last.answer, Answer::Changed, "{}", detector.name());
            assert_eq!((last.answer, last.statistic), (found.answer[0], found.statistic[0]), "{}", detector.name());
            let known = steps.iter().position(|step| step.is_some_and(|step| step.answer == Answer::Changed));
            assert_eq!(known.map(|time| dates[time].days()), Some(found.confirmed[0]), "{}", detector.name());
            assert_eq!(steps.iter().flatten().count(), usize::from(found.n_monitor[0]), "{}", detector.name());
        }
    }

    #[test]
    fn the_fewest_looks_that_are_told_are_enough_and_one_less_is_not() {
        let (dates, values) = forest();
        let monitored = dates.iter().position(|date| date.year() == 2016).expect("a look");
        for detector in detectors().into_iter().filter(|detector| detector.coefficients() > 0) {
            let least = detector.least_history();
            let answer = |looks: usize| {
                // Spread over the years before, so that they are not all of one season.
                let mut own = values.slice(s![.., ..detector.inputs().len(), ..]).to_owned();
                let kept: Vec<usize> = (0..looks).map(|look| look * (monitored - 3) / looks / 5 * 5).collect();
                for time in (0..monitored).filter(|time| !kept.contains(time)) {
                    own.slice_mut(s![time, .., ..]).fill(f32::NAN);
                }
                let sensors = vec![0; dates.len()];
                let found = detector.detect(&SeriesBlock::new(&dates, &sensors, own.view()).expect("a block"));
                let is_stable = found.model.expect("a model").is_stable[0];
                found.answer[0] == Answer::NotSeen && is_stable
            };
            assert!(answer(least - 1), "{}: {} looks", detector.name(), least - 1);
            assert!(!answer(least), "{}: {least} looks", detector.name());
        }
    }
}
