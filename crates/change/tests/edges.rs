//! What every detector answers at the edges: series without spread or with next to nothing, looks that are no number, days that share a
//! date, and days far from ours.

use change::{
    Answer, Bayts, BaytsParameters, BfastMonitor, BfastMonitorParameters, CcdcParameters, ChangeError, CusumParameters,
    Densities, Detector, Difference, DifferenceParameters, Direction, EwmaParameters, Findings, FromHistory, Gaps, IqrParameters,
    MosumParameters, NO_DAY, Nrt, PvtsBeta, PvtsBetaParameters, Rule, SeriesBlock, Smoothing,
};
use ndarray::{Array3, s};
use raster::{Date, DateRange, Role};

const REVISIT: i32 = 16;
const HISTORY: usize = 60;
const TIMES: usize = 80;

/// Looks every 16 days from a day on.
fn dates(from: (i32, u32, u32)) -> Vec<Date> {
    let first = Date::from_ymd(from.0, from.1, from.2).expect("a day").days();
    (0..TIMES as i32).map(|look| Date::from_days(first + look * REVISIT)).collect()
}

fn ours() -> Vec<Date> {
    dates((2017, 1, 1))
}

fn nrt<R: Rule + 'static>(rule: R, monitoring: DateRange) -> Box<dyn Detector> {
    let roles = ["nbr", "green", "swir"].map(|name| Role::Index(name.to_owned()))[..if rule.takes(3) { 3 } else { 1 }].to_vec();
    Box::new(Nrt::new(rule, monitoring, roles).expect("parameters in range"))
}

/// Every detector, its history before the monitoring period; `difference` has the days before the monitoring period as its baseline.
fn detectors(dates: &[Date], history: usize) -> Vec<Box<dyn Detector>> {
    let period = |from: Date, to: Date| DateRange::new(from, to).expect("days that rise");
    let monitoring = period(dates[history], dates[TIMES - 1]);
    let before = Date::from_days(dates[history].days() - 1);
    let baseline = period(Date::from_days(before.days() - REVISIT * HISTORY as i32), before);
    let role = Role::Index("nbr".to_owned());
    let densities = [("nbr".to_owned(), [0.5, 0.1, 0.1, 0.1].into())].into();
    // What is not believed would else be every look after a drop of a series without spread.
    let ewma = EwmaParameters { threshold_outlier: 1e9, ..EwmaParameters::default() };
    let bayts = BaytsParameters { densities, ..BaytsParameters::default() };
    let data = [("nbr".to_owned(), Densities::Data(FromHistory::Data))].into();
    let from_history = BaytsParameters { densities: data, trend: true, ..BaytsParameters::default() };
    let filled = PvtsBetaParameters { gaps: Gaps::Interpolated, ..PvtsBetaParameters::default() };
    let plain = PvtsBetaParameters { smoothing: Smoothing::None, ..PvtsBetaParameters::default() };
    let pvts_beta = |parameters| Box::new(PvtsBeta::new(parameters, monitoring, role.clone()).expect("in range"));
    vec![
        pvts_beta(PvtsBetaParameters::default()),
        pvts_beta(filled),
        pvts_beta(plain),
        Box::new(Bayts::new(from_history, monitoring, vec![role.clone()]).expect("in range")),
        Box::new(
            Difference::new(DifferenceParameters::default(), baseline, monitoring, role.clone(), Direction::Fall)
                .expect("in range"),
        ),
        Box::new(BfastMonitor::new(BfastMonitorParameters::default(), monitoring, role.clone()).expect("in range")),
        nrt(ewma, monitoring),
        nrt(CusumParameters::default(), monitoring),
        nrt(MosumParameters::default(), monitoring),
        nrt(IqrParameters::default(), monitoring),
        nrt(CcdcParameters::default(), monitoring),
        Box::new(Bayts::new(bayts, monitoring, vec![role]).expect("in range")),
    ]
}

/// One pixel's findings; what is watched has these values, the other roles, which only show clouds, are 0.5.
fn found(detector: &dyn Detector, dates: &[Date], watched: impl Fn(usize) -> f32) -> Findings {
    let shape = (dates.len(), detector.inputs().len(), 1);
    let values = Array3::from_shape_fn(shape, |(time, role, _)| if role == 0 { watched(time) } else { 0.5 });
    detector.detect(&SeriesBlock::new(dates, &vec![0; dates.len()], values.view()).expect("a block"))
}

/// Whether it is BAYTS with densities that are given: a value says what it is of itself, without a history.
fn needs_no_history(detector: &dyn Detector) -> bool {
    detector.name() == "bayts" && detector.coefficients() == 0
}

/// A series that noise keeps from being constant; the sum of its two waves repeats nowhere.
fn wavy(time: usize) -> f32 {
    let time = time as f64;
    (0.5 + 0.02 * (time * 1.7).sin() + 0.02 * (time * 2.9).cos()) as f32
}

#[test]
fn a_constant_series_is_unchanged_whatever_its_value() {
    let dates = ours();
    for detector in detectors(&dates, HISTORY) {
        let values: &[f32] = if needs_no_history(&*detector) { &[0.5, 0.7, 3e4] } else { &[0.5, 0.0, -0.3, 1e-6, 3e4] };
        for value in values {
            let found = found(&*detector, &dates, |_| *value);
            // Its rule compares with the spread strictly: without any the history is not stable, as in nrt.
            if detector.name() == "ccdc-nrt" && *value == 0.0 {
                assert!(found.answer == [Answer::NotSeen] && found.model.is_some_and(|model| !model.is_stable[0]));
                continue;
            }
            assert_eq!(found.answer, [Answer::Unchanged], "{} at {value}", detector.name());
            assert_eq!((found.first[0], found.confirmed[0]), (NO_DAY, NO_DAY), "{} at {value}", detector.name());
            assert!(found.statistic[0].is_nan() || found.statistic[0].is_finite(), "{} at {value}", detector.name());
        }
    }
}

#[test]
fn a_series_never_seen_or_seen_once_says_nothing() {
    let dates = ours();
    for detector in detectors(&dates, HISTORY) {
        let once = |look: usize| found(&*detector, &dates, move |time| if time == look { 0.5 } else { f32::NAN });
        let never = found(&*detector, &dates, |_| f32::NAN);
        assert_eq!((never.answer[0], never.n_history[0], never.n_monitor[0]), (Answer::NotSeen, 0, 0), "{}", detector.name());
        let before = once(HISTORY / 2);
        assert_eq!((before.answer[0], before.first[0]), (Answer::NotSeen, NO_DAY), "{}: in the history", detector.name());
        let after = once(HISTORY + 3);
        let expected = if needs_no_history(&*detector) { Answer::Unchanged } else { Answer::NotSeen };
        assert_eq!((after.answer[0], after.first[0]), (expected, NO_DAY), "{}: in the monitoring period", detector.name());
        assert_eq!(after.last_clear[0], dates[HISTORY + 3].days(), "{}", detector.name());
    }
}

#[test]
fn what_is_no_number_is_not_observed() {
    let dates = ours();
    for detector in detectors(&dates, HISTORY) {
        let with = |void: f32| {
            let value =
                move |time: usize| if time % 5 == 3 { void } else { wavy(time) - if time < HISTORY + 4 { 0.0 } else { 0.4 } };
            format!("{:?}", found(&*detector, &dates, value))
        };
        let expected = with(f32::NAN);
        for void in [f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(with(void), expected, "{} with {void}", detector.name());
        }
    }
}

#[test]
fn days_that_share_a_date_are_looks_of_their_own_and_dates_that_fall_are_refused() {
    let once = ours();
    let dates: Vec<Date> = once.iter().flat_map(|date| [*date; 2]).collect();
    let fall = HISTORY + 4;
    for detector in detectors(&once, HISTORY) {
        let value = |time: usize| if time / 2 < fall { wavy(time) } else { 0.1 };
        let found = found(&*detector, &dates, value);
        assert_eq!(found.answer, [Answer::Changed], "{}", detector.name());
        let lag = found.first[0] - once[fall].days();
        assert!((0..=REVISIT).contains(&lag), "{}: {lag} days", detector.name());
        // Of one day BAYTS fuses what its looks tell.
        let looks = if detector.name() == "bayts" || detector.name() == "difference" { 1 } else { 2 };
        assert!(usize::from(found.n_history[0]) >= looks * HISTORY / 2, "{}: {}", detector.name(), found.n_history[0]);
    }
    let mut falling = once;
    falling.swap(5, 6);
    let values = Array3::<f32>::zeros((TIMES, 1, 1));
    let refused = SeriesBlock::new(&falling, &[0; TIMES], values.view());
    assert!(matches!(refused, Err(ChangeError::Unsorted { .. })));
}

#[test]
fn without_a_history_nothing_is_said_but_by_bayts_with_given_densities() {
    let dates = ours();
    for detector in detectors(&dates, 0) {
        let found = found(&*detector, &dates, |time| if time < 40 { wavy(time) } else { 0.1 });
        assert_eq!(found.n_history, [0], "{}", detector.name());
        if needs_no_history(&*detector) {
            assert_eq!((found.answer[0], found.first[0]), (Answer::Changed, dates[40].days()));
        } else {
            assert_eq!((found.answer[0], found.first[0]), (Answer::NotSeen, NO_DAY), "{}", detector.name());
        }
    }
}

#[test]
fn days_before_1970_and_after_2038_are_days_like_others() {
    let fall = HISTORY + 5;
    let value = |time: usize| if time < fall { wavy(time) } else { 0.1 };
    let expected: Vec<Findings> = detectors(&ours(), HISTORY).iter().map(|detector| found(&**detector, &ours(), value)).collect();
    // After 400 years the calendar is the same; the others lie across the two days themselves.
    for from in [(1617, 1, 1), (1967, 3, 1), (2036, 6, 1), (2417, 1, 1)] {
        let dates = dates(from);
        for (detector, expected) in detectors(&dates, HISTORY).iter().zip(&expected) {
            let told = format!("{} from {from:?}", detector.name());
            let found = found(&**detector, &dates, value);
            let shift = dates[0].days() - ours()[0].days();
            assert_eq!(found.answer, [Answer::Changed], "{told}");
            assert!((0..=2 * REVISIT).contains(&(found.first[0] - dates[fall].days())), "{told}");
            if from.0 % 400 == ours()[0].year() % 400 {
                let days =
                    [found.before[0], found.first[0], found.confirmed[0], found.last_clear[0], found.last_clear_history[0]];
                let ours = [expected.before[0], expected.first[0], expected.confirmed[0], expected.last_clear[0]];
                assert_eq!(days[..4], ours.map(|day| day + shift), "{told}");
                assert_eq!((found.n_history[0], found.n_monitor[0]), (expected.n_history[0], expected.n_monitor[0]), "{told}");
            }
        }
    }
}

/// A state that is kept as planes after every step goes on to the very findings of the whole, also at the edges.
#[test]
fn a_state_kept_as_planes_goes_on_exactly() {
    let dates = ours();
    let series: [&dyn Fn(usize) -> f32; 7] = [
        &|_| f32::NAN,
        &|_| 0.0,
        &|_| 0.5,
        &|time| if time == HISTORY + 1 { 0.4 } else { f32::NAN },
        &|time| if time < HISTORY + 5 { wavy(time) } else { 0.1 },
        &|time| if (HISTORY + 5..HISTORY + 8).contains(&time) { 0.33 } else { wavy(time) },
        &|time| if time % 3 == 0 { f32::INFINITY } else { wavy(time) - 0.05 * (time / 50) as f32 },
    ];
    for history in [0, 7, HISTORY] {
        for detector in detectors(&dates, history) {
            let Some(resumable) = detector.resumable() else { continue };
            let shape = (TIMES, detector.inputs().len(), series.len());
            let values = Array3::from_shape_fn(shape, |(time, role, pixel)| if role == 0 { series[pixel](time) } else { 0.5 });
            let sensors = [0; TIMES];
            let block = |from: usize, to: usize| {
                SeriesBlock::new(&dates[from..to], &sensors[from..to], values.slice(s![from..to, .., ..])).expect("a block")
            };
            for step in [1, 3, TIMES] {
                let (model, mut process) = resumable.begin(&block(0, history));
                for from in (history..TIMES).step_by(step) {
                    let to = (from + step).min(TIMES);
                    let room = resumable.room_after(resumable.carried(&process), to - from);
                    let (next, so_far) = resumable.go_on(&model, &process, &block(from, to), room);
                    process = next;
                    let whole = detector.detect(&block(0, to));
                    assert_eq!(format!("{so_far:?}"), format!("{whole:?}"), "{} in steps of {step}", detector.name());
                }
            }
        }
    }
}
