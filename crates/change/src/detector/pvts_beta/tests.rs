use ndarray::Array3;

use super::*;

/// A fraction of the forest a year, from 1990 on: the example of `ForesToolboxRS`.
const YEARS: [f32; 28] = [
    0.86, 0.93, 0.97, 0.91, 0.95, 0.96, 0.91, 0.88, 0.92, 0.89, 0.90, 0.89, 0.91, 0.92, 0.89, 0.90, 0.92, 0.84, 0.46, 0.20, 0.27,
    0.22, 0.52, 0.63, 0.61, 0.67, 0.64, 0.86,
];

fn day(year: i32) -> Date {
    Date::from_ymd(year, 7, 1).expect("a day")
}

/// What is found in a value a year, watched from a year on.
fn found(parameters: PvtsBetaParameters, values: &[f32], from: i32) -> Findings {
    let dates: Vec<Date> = (0..values.len() as i32).map(|year| day(1990 + year)).collect();
    let values = Array3::from_shape_fn((values.len(), 1, 1), |(time, ..)| values[time]);
    let monitoring = DateRange::new(Date::from_ymd(from, 1, 1).expect("a day"), day(2100)).expect("a period");
    let detector = PvtsBeta::new(parameters, monitoring, Role::Index("ndfi".to_owned())).expect("in range");
    detector.detect(&SeriesBlock::new(&dates, &vec![0; dates.len()], values.view()).expect("a block"))
}

#[test]
fn the_example_of_the_reference_has_its_mean_its_limit_and_its_year() {
    let told = found(PvtsBetaParameters::default(), &YEARS, 2008);
    let model = told.model.expect("a model");
    // pvts(smootH(ndfi[1:e]), 19, e, 5) of ForesToolboxRS in R 4.2.2.
    assert!((model.coefficients[0][0] - 0.917_5).abs() < 1e-7, "{}", model.coefficients[0][0]);
    assert!((model.sigma[0] - 0.032_865_591).abs() < 1e-7, "{}", model.sigma[0]);
    assert!((model.coefficients[0][0] - model.boundary[0] - 0.753_172_046).abs() < 1e-7);
    let days = [told.before[0], told.first[0], told.confirmed[0]];
    assert_eq!((told.answer[0], days), (Answer::Changed, [day(2007), day(2008), day(2009)].map(Date::days)));
    let magnitude = f64::from(told.magnitude[0]);
    assert!((magnitude - (0.46 - 0.917_5)).abs() < 1e-6, "{magnitude}");
}

#[test]
fn an_outlier_is_flagged_and_given_up_and_without_smoothing_it_is_a_change() {
    let mut values = YEARS[..20].to_vec();
    (values[18], values[19]) = (0.2, 0.9);
    let smoothed = PvtsBetaParameters::default();
    let plain = PvtsBetaParameters { smoothing: Smoothing::None, ..smoothed };
    let at = |parameters, years: usize| {
        let told = found(parameters, &values[..years], 2008);
        (told.answer[0], told.first[0], told.confirmed[0])
    };
    let low = day(2008).days();
    assert_eq!(at(smoothed, 19), (Answer::Candidate, low, NO_DAY));
    assert_eq!(at(smoothed, 20), (Answer::Unchanged, NO_DAY, NO_DAY));
    assert_eq!(at(plain, 19), (Answer::Changed, low, low));
    assert_eq!(at(plain, 20), (Answer::Changed, low, low));
}

#[test]
fn the_first_look_of_the_monitoring_settles_the_last_of_the_history() {
    let mut values = YEARS[..19].to_vec();
    (values[17], values[18]) = (0.1, 0.9);
    let mean = |values: &[f32]| found(PvtsBetaParameters::default(), values, 2008).model.expect("a model").coefficients[0][0];
    assert!(mean(&values[..18]) < 0.88 && mean(&values) > 0.91, "{} {}", mean(&values[..18]), mean(&values));
}
