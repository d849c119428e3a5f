use std::collections::BTreeMap;

use ndarray::Array3;
use raster::Date;

use super::*;

/// A detector whose one role tells its probability of non-forest itself: two densities whose ratio is that of a logistic curve.
fn detector(chi: f64) -> Bayts {
    let parameters = BaytsParameters {
        chi,
        densities: BTreeMap::from([("p".to_owned(), [-0.5, 1.0, 0.5, 1.0].into())]),
        ..BaytsParameters::default()
    };
    let monitoring = DateRange::new(Date::from_days(10), Date::from_days(1000)).expect("a period");
    Bayts::new(parameters, monitoring, vec![Role::Index("p".to_owned())]).expect("parameters in range")
}

/// Looks every 10 days from day 0 on that tell these probabilities.
fn found(chi: f64, told: &[f64]) -> Findings {
    let dates: Vec<Date> = (0..told.len() as i32).map(|look| Date::from_days(look * 10)).collect();
    let values = Array3::from_shape_fn((told.len(), 1, 1), |(time, ..)| (told[time] / (1.0 - told[time])).ln() as f32);
    let sensors = vec![0; told.len()];
    detector(chi).detect(&SeriesBlock::new(&dates, &sensors, values.view()).expect("a block"))
}

#[test]
fn a_flag_is_confirmed_or_given_up_as_worked_out_by_hand() {
    let confirmed = found(0.9, &[0.2, 0.7, 0.8, 0.85]);
    assert_eq!(
        (confirmed.answer[0], confirmed.before[0], confirmed.first[0], confirmed.confirmed[0]),
        (Answer::Changed, 0, 10, 30)
    );
    assert!((confirmed.statistic[0] - 0.929_687).abs() < 1e-5, "{}", confirmed.statistic[0]);
    let first = found(0.9, &[0.2, 0.7]);
    assert!((first.statistic[0] - 0.368_421).abs() < 1e-5, "a first probability may be below a half");
    assert_eq!(first.answer[0], Answer::Candidate);
    let given_up = found(0.9, &[0.1, 0.6, 0.3, 0.2]);
    assert_eq!((given_up.answer[0], given_up.first[0]), (Answer::Unchanged, NO_DAY));
    let anew = found(0.9, &[0.125, 0.85, 0.9, 0.3, 0.1]);
    assert_eq!((anew.answer[0], anew.before[0], anew.first[0], anew.confirmed[0]), (Answer::Changed, 10, 20, 20));
}
