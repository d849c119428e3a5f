use ndarray::Array3;
use raster::Date;

use super::*;

fn period(from: &str) -> DateRange {
    DateRange::new(from.parse().expect("a day"), "9999-12-31".parse().expect("a day")).expect("a period")
}

fn detector(parameters: BfastMonitorParameters, from: &str) -> BfastMonitor {
    BfastMonitor::new(parameters, period(from), Role::Index("ndvi".to_owned())).expect("parameters in range")
}

#[test]
fn boundaries_are_those_worked_out_by_hand() {
    let cusum = BfastMonitorParameters { process: Process::Cusum, ..BfastMonitorParameters::default() };
    let sums = detector(cusum, "2009-01-01").boundary(60.0 / 50.0);
    assert!((sums - 1.518_406).abs() < 1e-6, "{sums}");
    let moving = detector(BfastMonitorParameters::default(), "2009-01-01");
    assert!((moving.boundary(1.2) / moving.critical - std::f64::consts::SQRT_2).abs() < 1e-12);
    assert!((moving.boundary(4.0) / moving.critical - 1.665_109).abs() < 1e-6);
}

/// Looks every 16 days from 2000 on of a seasonal forest that falls by half on a day, with noise that does not repeat.
fn forest(looks: i32, falls: &str) -> (Vec<Date>, Array3<f32>) {
    let first = Date::from_ymd(2000, 1, 1).expect("a day").days();
    let dates: Vec<Date> = (0..looks).map(|look| Date::from_days(first + look * 16)).collect();
    let falls: Date = falls.parse().expect("a day");
    let noise = |look: usize| ((look * 7919 + 13) % 101) as f32 / 101.0 - 0.5;
    let values = Array3::from_shape_fn((dates.len(), 1, 1), |(time, ..)| {
        let season = (TimeAxis::Years365.cycles(dates[time]) * std::f64::consts::TAU).cos() as f32;
        0.7 + 0.1 * season + 0.04 * noise(time) - if dates[time] >= falls { 0.35 } else { 0.0 }
    });
    (dates, values)
}

#[test]
fn a_fall_is_dated_soon_after_it_and_unusual_series_have_defined_answers() {
    let (dates, mut values) = forest(300, "2010-06-01");
    let sensors = vec![0; dates.len()];
    let run = |dates: &[Date], values: &Array3<f32>, from: &str| {
        let block = SeriesBlock::new(dates, &sensors[..dates.len()], values.view()).expect("a block");
        detector(BfastMonitorParameters::default(), from).detect(&block)
    };
    let found = run(&dates, &values, "2009-01-01");
    assert_eq!(found.answer, [Answer::Changed]);
    let lag = found.first[0] - "2010-06-01".parse::<Date>().expect("a day").days();
    assert!((0..160).contains(&lag), "{lag} days");
    assert!((found.magnitude[0] + 0.35).abs() < 0.05, "{}", found.magnitude[0]);
    assert!(found.before[0] < found.first[0] && found.before[0] > found.last_clear_history[0]);
    // Nothing before the monitoring, nothing in it, infinities, one look.
    assert_eq!(run(&dates, &values, "1990-01-01").answer, [Answer::NotSeen]);
    assert_eq!(run(&dates, &values, "2050-01-01").answer, [Answer::NotSeen]);
    values[[200, 0, 0]] = f32::INFINITY;
    assert_eq!(run(&dates, &values, "2009-01-01").answer, [Answer::Changed]);
    let one = values.slice(ndarray::s![..1, .., ..]).to_owned();
    assert_eq!(run(&dates[..1], &one, "2009-01-01").answer, [Answer::NotSeen]);
    // A day seen twice.
    let mut twice = dates.clone();
    twice[100] = twice[99];
    assert_eq!(run(&twice, &values, "2009-01-01").answer, [Answer::Changed]);
}
