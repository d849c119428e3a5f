use ndarray::{Array3, Axis};
use raster::Date;

use super::*;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn range(from: &str, to: &str) -> DateRange {
    DateRange::new(day(from), day(to)).expect("a period")
}

fn detector(parameters: DifferenceParameters, direction: Direction) -> Difference {
    let role = Role::Index("nbr".to_owned());
    Difference::new(parameters, range("2018-01-01", "2019-12-31"), range("2020-01-01", "2020-12-31"), role, direction)
        .expect("parameters in range")
}

fn standard() -> Difference {
    detector(DifferenceParameters::default(), Direction::Fall)
}

/// Findings of one pixel from its looks.
fn find(detector: &Difference, looks: &[(&str, f32)]) -> Findings {
    let dates: Vec<Date> = looks.iter().map(|(date, _)| day(date)).collect();
    let values = Array3::from_shape_fn((looks.len(), 1, 1), |(t, ..)| looks[t].1);
    detector.detect(&SeriesBlock::new(&dates, &vec![0; looks.len()], values.view()).expect("a block"))
}

fn with_baseline(monitoring: &[(&'static str, f32)]) -> Vec<(&'static str, f32)> {
    let mut looks = vec![("2018-06-01", 0.75), ("2018-06-17", 0.74), ("2019-06-01", 0.76), ("2019-06-20", 0.75)];
    looks.extend_from_slice(monitoring);
    looks
}

const NAN: f32 = f32::NAN;

fn days(text: &str) -> i32 {
    day(text).days()
}

#[test]
fn two_consecutive_flags_confirm_a_change() {
    let looks = [("2020-05-20", 0.74), ("2020-06-01", 0.2), ("2020-06-05", NAN), ("2020-06-10", 0.25), ("2020-06-20", 0.7)];
    let found = find(&standard(), &with_baseline(&looks));
    assert_eq!(found.answer, [Answer::Changed]);
    assert_eq!(found.before, [days("2020-05-20")]);
    assert_eq!(found.first, [days("2020-06-01")]);
    assert_eq!(found.confirmed, [days("2020-06-10")]);
    assert_eq!((found.n_history[0], found.n_monitor[0], found.n_fallback[0]), (4, 4, 0));
    assert_eq!((found.last_clear_history[0], found.last_clear[0]), (days("2019-06-20"), days("2020-06-20")));
    assert!((found.magnitude[0] - (0.225 - 0.75)).abs() < 1e-6, "{}", found.magnitude[0]);
    // The median absolute deviation is about 0.005, below the floor of 0.02.
    assert!((found.statistic[0] - 0.525 / 0.02).abs() < 1e-4, "{}", found.statistic[0]);
}

#[test]
fn a_clear_look_without_a_flag_ends_a_run() {
    let looks = [("2020-06-01", 0.2), ("2020-06-10", 0.74), ("2020-06-20", 0.2)];
    let found = find(&standard(), &with_baseline(&looks));
    assert_eq!(found.answer, [Answer::Candidate]);
    assert_eq!((found.before[0], found.first[0], found.confirmed[0]), (days("2020-06-10"), days("2020-06-20"), NO_DAY));
    let found = find(&standard(), &with_baseline(&looks[..2]));
    assert_eq!(found.answer, [Answer::Unchanged]);
    assert!(found.magnitude[0].is_nan() && found.statistic[0].is_nan() && found.first[0] == NO_DAY);
}

#[test]
fn a_single_look_gives_a_candidate_however_few_must_confirm() {
    let once = detector(DifferenceParameters { confirm: 1, ..DifferenceParameters::default() }, Direction::Fall);
    let found = find(&once, &with_baseline(&[("2020-06-01", 0.2)]));
    assert_eq!((found.answer[0], found.before[0]), (Answer::Candidate, days("2019-06-20")));
    let found = find(&once, &with_baseline(&[("2020-06-01", 0.2), ("2020-06-10", NAN)]));
    assert_eq!((found.answer[0], found.confirmed[0]), (Answer::Changed, days("2020-06-01")));
}

#[test]
fn two_looks_of_one_day_are_two_looks() {
    let found = find(&standard(), &with_baseline(&[("2020-06-01", 0.2), ("2020-06-01", 0.2)]));
    assert_eq!((found.answer[0], found.confirmed[0]), (Answer::Changed, days("2020-06-01")));
}

#[test]
fn an_index_that_rises_is_flagged_when_it_rises() {
    let looks = with_baseline(&[("2020-06-01", 0.2), ("2020-06-10", 0.25)]);
    let mirrored: Vec<(&str, f32)> = looks.iter().map(|(date, value)| (*date, -value)).collect();
    let rising = detector(DifferenceParameters::default(), Direction::Rise);
    assert_eq!(find(&rising, &looks).answer, [Answer::Unchanged]);
    let found = find(&rising, &mirrored);
    assert_eq!(found.answer, [Answer::Changed]);
    assert!((found.magnitude[0] - 0.525).abs() < 1e-6);
}

#[test]
fn a_season_is_compared_with_the_same_season() {
    let looks = [
        ("2018-01-10", 0.3),
        ("2018-07-10", 0.8),
        ("2019-01-10", 0.3),
        ("2019-01-20", 0.3),
        ("2019-07-10", 0.8),
        ("2019-07-20", 0.8),
        ("2020-01-05", 0.3),
        ("2020-01-15", 0.3),
    ];
    let found = find(&standard(), &looks);
    assert_eq!((found.answer[0], found.n_fallback[0]), (Answer::Unchanged, 0));
    let tolerant = DifferenceParameters { season_window_days: 0, k: 0.0, ..DifferenceParameters::default() };
    assert_eq!(find(&detector(tolerant, Direction::Fall), &looks).answer, [Answer::Changed]);
    let strict = DifferenceParameters { min_season: 4, k: 0.0, ..DifferenceParameters::default() };
    let found = find(&detector(strict, Direction::Fall), &looks);
    assert_eq!((found.answer[0], found.n_fallback[0]), (Answer::Changed, 2));
}

#[test]
fn a_noisy_history_needs_a_larger_drop() {
    let noisy = [("2018-06-01", 0.2), ("2018-06-10", 0.4), ("2018-06-20", 0.6), ("2019-06-01", 0.8), ("2019-06-10", 1.0)];
    let mut looks = noisy.to_vec();
    looks.extend([("2020-06-01", 0.1), ("2020-06-10", 0.1)]);
    // Drop 0.5, robust deviation 1.4826 * 0.2: 1.7 deviations.
    assert_eq!(find(&standard(), &looks).answer, [Answer::Unchanged]);
    let keen = detector(DifferenceParameters { k: 1.6, ..DifferenceParameters::default() }, Direction::Fall);
    assert_eq!(find(&keen, &looks).answer, [Answer::Changed]);
}

#[test]
fn the_day_before_is_sought_back_through_the_gap_and_the_baseline() {
    let before = |gap: &[(&'static str, f32)]| {
        let gapped = Difference::new(
            DifferenceParameters::default(),
            range("2018-01-01", "2019-12-31"),
            range("2020-06-01", "2020-12-31"),
            Role::Index("nbr".to_owned()),
            Direction::Fall,
        );
        let looks = [gap, &[("2020-06-01", 0.2), ("2020-06-10", 0.2)]].concat();
        find(&gapped.expect("parameters in range"), &with_baseline(&looks)).before[0]
    };
    assert_eq!(before(&[("2020-05-01", 0.75), ("2020-05-20", 0.2)]), days("2020-05-01"));
    assert_eq!(before(&[("2020-05-01", 0.2), ("2020-05-20", NAN)]), days("2019-06-20"));
}

#[test]
fn without_baseline_or_without_monitoring_nothing_was_seen() {
    let only_monitoring = find(&standard(), &[("2020-06-01", 0.2), ("2020-06-10", 0.2)]);
    assert_eq!((only_monitoring.answer[0], only_monitoring.n_monitor[0]), (Answer::NotSeen, 2));
    assert_eq!((only_monitoring.last_clear_history[0], only_monitoring.last_clear[0]), (NO_DAY, days("2020-06-10")));
    let only_baseline = find(&standard(), &with_baseline(&[("2020-06-01", NAN)]));
    assert_eq!((only_baseline.answer[0], only_baseline.n_history[0]), (Answer::NotSeen, 4));
    assert_eq!((only_baseline.last_clear_history[0], only_baseline.last_clear[0]), (days("2019-06-20"), NO_DAY));
    assert_eq!(find(&standard(), &[]).answer, [Answer::NotSeen]);
    let outside = find(&standard(), &[("2017-06-01", 0.8), ("2021-06-01", 0.2)]);
    assert_eq!((outside.answer[0], outside.n_history[0], outside.n_monitor[0]), (Answer::NotSeen, 0, 0));
}

#[test]
fn two_images_a_year_apart_are_enough_for_a_candidate() {
    let found = find(&standard(), &[("2019-03-01", 0.8), ("2020-08-01", 0.3)]);
    assert_eq!((found.answer[0], found.n_fallback[0]), (Answer::Candidate, 1));
    assert_eq!((found.before[0], found.first[0]), (days("2019-03-01"), days("2020-08-01")));
    assert!((found.magnitude[0] + 0.5).abs() < 1e-6 && (found.statistic[0] - 25.0).abs() < 1e-4);
}

#[test]
fn pixels_of_several_tiles_are_found_as_if_alone() {
    let looks = with_baseline(&[("2020-06-01", 0.2), ("2020-06-10", 0.25)]);
    let dates: Vec<Date> = looks.iter().map(|(date, _)| day(date)).collect();
    let pixels = 2 * Tile::WIDTH + 3;
    let value = |t: usize, p: usize| if p.is_multiple_of(7) { looks[t].1 } else { 0.75 };
    let values = Array3::from_shape_fn((pixels, 1, looks.len()), |(p, _, t)| value(t, p));
    // The block need not be contiguous.
    let mut view = values.view();
    view.swap_axes(0, 2);
    let sensors = vec![0; looks.len()];
    let found = standard().detect(&SeriesBlock::new(&dates, &sensors, view).expect("a block"));
    assert_eq!(view.len_of(Axis(2)), pixels);
    for (p, answer) in found.answer.iter().enumerate() {
        let expected = if p % 7 == 0 { Answer::Changed } else { Answer::Unchanged };
        assert_eq!(*answer, expected, "pixel {p}");
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    let default = DifferenceParameters::default();
    for (parameters, name) in [
        (DifferenceParameters { drop: 0.0, ..default }, "drop"),
        (DifferenceParameters { drop: f64::NAN, ..default }, "drop"),
        (DifferenceParameters { k: -1.0, ..default }, "k"),
        (DifferenceParameters { deviation_floor: 0.0, ..default }, "deviation_floor"),
        (DifferenceParameters { confirm: 0, ..default }, "confirm"),
        (DifferenceParameters { min_season: 0, ..default }, "min_season"),
        (DifferenceParameters { season_window_days: 183, ..default }, "season_window_days"),
    ] {
        let (early, late) = (range("2018-01-01", "2018-12-31"), range("2019-01-01", "2019-12-31"));
        let refused = Difference::new(parameters, early, late, Role::Index("nbr".to_owned()), Direction::Fall);
        assert!(matches!(refused, Err(ChangeError::Parameter { parameter, .. }) if parameter == name), "{name}");
    }
    let (early, late) = (range("2018-01-01", "2019-01-01"), range("2019-01-01", "2019-12-31"));
    assert!(Difference::new(default, early, late, Role::Index("nbr".to_owned()), Direction::Fall).is_err());
}
