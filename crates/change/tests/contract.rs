//! The contract that every detector meets, run for the shipped ones and for one that is as different as the seam allows.

mod vegetation_loss;

use change::{
    Answer, Bayts, BaytsParameters, BfastMonitor, BfastMonitorParameters, CcdcParameters, CusumParameters, Densities, Detector,
    Difference, DifferenceParameters, Direction, EwmaParameters, Findings, FromHistory, Gaps, Incremental, IqrParameters,
    MosumParameters, NO_DAY, Nrt, PvtsBeta, PvtsBetaParameters, Rule, SeriesBlock,
};
use ndarray::{Array3, Axis, s};
use proptest::prelude::*;
use raster::{Date, DateRange, Role};

use vegetation_loss::VegetationLoss;

/// Days between two looks of the contract's series.
const REVISIT: i32 = 16;
const HISTORY: usize = 60;
const MONITORING: usize = 20;
const TIMES: usize = HISTORY + MONITORING;

fn dates() -> Vec<Date> {
    let start = Date::from_ymd(2017, 1, 1).expect("a day").days();
    (0..TIMES as i32).map(|i| Date::from_days(start + i * REVISIT)).collect()
}

fn period(from: usize, to: usize) -> DateRange {
    let dates = dates();
    DateRange::new(dates[from], dates[to]).expect("dates rise")
}

fn difference() -> Difference {
    let (baseline, monitoring) = (period(0, HISTORY - 1), period(HISTORY, TIMES - 1));
    let role = Role::Index("nbr".to_owned());
    Difference::new(DifferenceParameters::default(), baseline, monitoring, role, Direction::Fall).expect("parameters in range")
}

fn bfast_monitor() -> BfastMonitor {
    let role = Role::Index("nbr".to_owned());
    BfastMonitor::new(BfastMonitorParameters::default(), period(HISTORY, TIMES - 1), role).expect("parameters in range")
}

fn nrt<R: Rule>(rule: R) -> Nrt<R> {
    let roles = ["nbr", "green", "swir"].map(|name| Role::Index(name.to_owned()))[..if rule.takes(3) { 3 } else { 1 }].to_vec();
    Nrt::new(rule, period(HISTORY, TIMES - 1), roles).expect("parameters in range")
}

fn bayts() -> Bayts {
    let densities = [("nbr".to_owned(), [0.5, 0.1, 0.1, 0.1].into())].into();
    let parameters = BaytsParameters { densities, ..BaytsParameters::default() };
    Bayts::new(parameters, period(HISTORY, TIMES - 1), vec![Role::Index("nbr".to_owned())]).expect("parameters in range")
}

fn bayts_from_history(bits: Option<u8>) -> Bayts {
    let densities = [("nbr".to_owned(), Densities::Data(FromHistory::Data))].into();
    let parameters = BaytsParameters { densities, bits, ..BaytsParameters::default() };
    Bayts::new(parameters, period(HISTORY, TIMES - 1), vec![Role::Index("nbr".to_owned())]).expect("parameters in range")
}

fn pvts_beta(gaps: Gaps) -> PvtsBeta {
    let parameters = PvtsBetaParameters { beta: 3.0, gaps, ..PvtsBetaParameters::default() };
    PvtsBeta::new(parameters, period(HISTORY, TIMES - 1), Role::Index("nbr".to_owned())).expect("parameters in range")
}

/// A drop in what is watched; the other roles, which only show clouds, stay.
fn watched_drop(detector: &impl Detector, fall: usize) -> Array3<f32> {
    let shape = (TIMES, detector.inputs().len(), 1);
    Array3::from_shape_fn(shape, |(time, role, _)| if role > 0 || time < fall { 0.5 } else { 0.1 })
}

fn nrt_meets_the_contract<R: Rule>(rule: impl Fn() -> R) {
    let detector = nrt(rule());
    all_nan_is_not_seen(&detector);
    constant_is_unchanged(&detector);
    for fall in HISTORY..TIMES - 3 {
        let found = detect(&detector, &watched_drop(&detector, fall));
        assert_eq!(found.answer, [Answer::Changed], "a drop at look {fall}");
        let lag = found.first[0] - dates()[fall].days();
        assert!((0..=2 * REVISIT).contains(&lag), "{lag} days after a drop at look {fall}");
        assert!(found.before[0] < found.first[0] && found.first[0] <= found.confirmed[0] && found.magnitude[0] < 0.0);
    }
}

fn vegetation_loss() -> VegetationLoss {
    VegetationLoss::new(period(0, HISTORY - 1), period(HISTORY, TIMES - 1))
}

fn detect(detector: &impl Detector, values: &Array3<f32>) -> Findings {
    let (dates, sensors) = (dates(), vec![0; TIMES]);
    detector.detect(&SeriesBlock::new(&dates, &sensors, values.view()).expect("a block"))
}

/// Values that the detector takes for undisturbed forest: every role is 0.5 until `fall`, 0.1 from it on.
fn series(detector: &impl Detector, fall: usize, pixels: usize) -> Array3<f32> {
    let shape = (TIMES, detector.inputs().len(), pixels);
    Array3::from_shape_fn(shape, |(time, ..)| if time < fall { 0.5 } else { 0.1 })
}

fn all_nan_is_not_seen(detector: &impl Detector) {
    let values = Array3::from_elem((TIMES, detector.inputs().len(), 3), f32::NAN);
    let found = detect(detector, &values);
    assert_eq!(found.answer, [Answer::NotSeen; 3]);
    assert_eq!((found.first, found.n_history, found.n_monitor), (vec![NO_DAY; 3], vec![0; 3], vec![0; 3]));
    assert!(found.magnitude.iter().all(|m| m.is_nan()));
}

fn constant_is_unchanged(detector: &impl Detector) {
    let found = detect(detector, &series(detector, TIMES, 3));
    assert_eq!(found.answer, [Answer::Unchanged; 3]);
    assert_eq!(found.last_clear_history, [dates()[HISTORY - 1].days(); 3]);
    assert_eq!(found.last_clear, [dates()[TIMES - 1].days(); 3]);
}

fn planted_drop_is_dated_within_a_revisit(detector: &impl Detector) {
    for (fall, date) in dates().into_iter().enumerate().take(TIMES - 3).skip(HISTORY) {
        let found = detect(detector, &series(detector, fall, 1));
        assert_eq!(found.answer, [Answer::Changed], "a drop at look {fall}");
        assert!((0..=REVISIT).contains(&(found.first[0] - date.days())), "first at look {fall}");
        assert!(found.before[0] < found.first[0] && found.first[0] <= found.confirmed[0]);
        assert!(detector.monitoring().contains(Date::from_days(found.first[0])));
    }
}

/// Whatever of the monitoring period a magnitude is told over, a drop at its beginning makes it negative.
fn a_drop_has_a_negative_magnitude(detector: &impl Detector) {
    for fall in HISTORY..HISTORY + MONITORING / 2 {
        let magnitude = detect(detector, &series(detector, fall, 1)).magnitude[0];
        assert!(magnitude < 0.0, "{magnitude} after a drop at look {fall}");
    }
}

fn order_of_pixels_is_irrelevant(detector: &impl Detector, values: &Array3<f32>) {
    let mut reversed = values.clone();
    reversed.invert_axis(Axis(2));
    let (forward, backward) = (detect(detector, values), detect(detector, &reversed));
    assert_eq!(said(&forward), said(&backward).into_iter().rev().collect::<Vec<_>>());
}

/// All that findings say, a text for each pixel: NaN is equal to itself there.
fn said(findings: &Findings) -> Vec<String> {
    (0..findings.answer.len())
        .map(|p| {
            let days = [findings.before[p], findings.first[p], findings.confirmed[p]];
            let clear = [findings.last_clear_history[p], findings.last_clear[p]];
            let counts = [findings.n_history[p], findings.n_monitor[p], findings.n_fallback[p]];
            let segments = findings.segments.as_ref().map(|segments| &segments[p]);
            let numbers = (findings.magnitude[p], findings.statistic[p]);
            format!("{:?} {days:?} {clear:?} {counts:?} {numbers:?} {segments:?}", findings.answer[p])
        })
        .collect()
}

fn days_are_in_order(found: &Findings) {
    for p in 0..found.answer.len() {
        assert_eq!(found.answer[p].is_change(), found.first[p] != NO_DAY);
        assert_eq!(found.answer[p] == Answer::Changed, found.confirmed[p] != NO_DAY);
        assert!(!found.answer[p].is_change() || !found.magnitude[p].is_nan());
        assert!(found.before[p] <= found.first[p]);
        assert_ne!(found.answer[p], Answer::NotEligible);
    }
}

#[test]
fn the_difference_meets_the_contract() {
    all_nan_is_not_seen(&difference());
    constant_is_unchanged(&difference());
    planted_drop_is_dated_within_a_revisit(&difference());
    a_drop_has_a_negative_magnitude(&difference());
}

#[test]
fn bfast_monitor_meets_the_contract() {
    all_nan_is_not_seen(&bfast_monitor());
    constant_is_unchanged(&bfast_monitor());
    planted_drop_is_dated_within_a_revisit(&bfast_monitor());
    a_drop_has_a_negative_magnitude(&bfast_monitor());
}

#[test]
fn bayts_meets_the_contract() {
    all_nan_is_not_seen(&bayts());
    constant_is_unchanged(&bayts());
    planted_drop_is_dated_within_a_revisit(&bayts());
    a_drop_has_a_negative_magnitude(&bayts());
}

#[test]
fn bayts_with_densities_of_the_history_meets_the_contract() {
    for bits in [None, Some(16)] {
        all_nan_is_not_seen(&bayts_from_history(bits));
        constant_is_unchanged(&bayts_from_history(bits));
        planted_drop_is_dated_within_a_revisit(&bayts_from_history(bits));
        a_drop_has_a_negative_magnitude(&bayts_from_history(bits));
    }
}

#[test]
fn pvts_beta_meets_the_contract() {
    for gaps in [Gaps::Skipped, Gaps::Interpolated] {
        all_nan_is_not_seen(&pvts_beta(gaps));
        constant_is_unchanged(&pvts_beta(gaps));
        planted_drop_is_dated_within_a_revisit(&pvts_beta(gaps));
        a_drop_has_a_negative_magnitude(&pvts_beta(gaps));
    }
}

#[test]
fn the_methods_of_nrt_meet_the_contract() {
    // What is not believed would else be every look after the drop: a constant series has no spread.
    nrt_meets_the_contract(|| EwmaParameters { threshold_outlier: 1e9, ..EwmaParameters::default() });
    nrt_meets_the_contract(CusumParameters::default);
    nrt_meets_the_contract(MosumParameters::default);
    nrt_meets_the_contract(IqrParameters::default);
    nrt_meets_the_contract(CcdcParameters::default);
}

/// After each image the state says what the whole series up to it says.
fn image_by_image_is_the_whole<D: Incremental>(detector: &D, values: &Array3<f32>) {
    let (dates, sensors) = (dates(), vec![0; TIMES]);
    let part = |from: usize, to: usize| values.slice(s![from..to, .., ..]);
    let history = SeriesBlock::new(&dates[..HISTORY], &sensors[..HISTORY], part(0, HISTORY)).expect("a block");
    let mut state = detector.fit(&history);
    for time in HISTORY..TIMES {
        let image = SeriesBlock::new(&dates[time..=time], &sensors[time..=time], part(time, time + 1)).expect("a block");
        let so_far = detector.update(&mut state, &image);
        let known = SeriesBlock::new(&dates[..=time], &sensors[..=time], part(0, time + 1)).expect("a block");
        assert_eq!(said(&so_far), said(&detector.detect(&known)));
    }
}

#[test]
fn a_detector_of_two_roles_with_state_meets_the_contract() {
    all_nan_is_not_seen(&vegetation_loss());
    constant_is_unchanged(&vegetation_loss());
    planted_drop_is_dated_within_a_revisit(&vegetation_loss());
    a_drop_has_a_negative_magnitude(&vegetation_loss());
}

#[test]
fn roles_may_have_their_own_dates() {
    let detector = vegetation_loss();
    let mut values = series(&detector, HISTORY + 5, 2);
    for time in 0..TIMES {
        values.slice_mut(s![time, time % 2, ..]).fill(f32::NAN);
    }
    let found = detect(&detector, &values);
    assert_eq!(found.answer, [Answer::Changed; 2]);
    let segments = found.segments.expect("this detector fits segments");
    assert_eq!(segments[0].len(), 2, "before and after the drop");
    assert_eq!(segments[0][0].coefficients.len(), 2, "one mean a role");
}

/// Noisy values with gaps and, in some pixels, a drop.
fn noisy(roles: usize) -> impl Strategy<Value = Array3<f32>> {
    let pixel = (prop::collection::vec(prop::option::weighted(0.8, -0.1f32..0.1), TIMES * roles), 0..TIMES * 2);
    prop::collection::vec(pixel, 1..6).prop_map(move |pixels| {
        Array3::from_shape_fn((TIMES, roles, pixels.len()), |(time, role, p)| {
            let (noise, fall) = &pixels[p];
            let level = if time < *fall { 0.6 } else { 0.1 };
            noise[time * roles + role].map_or(f32::NAN, |noise| level + noise)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn difference_neither_minds_the_order_of_pixels_nor_mixes_up_days(values in noisy(1)) {
        order_of_pixels_is_irrelevant(&difference(), &values);
        days_are_in_order(&detect(&difference(), &values));
    }

    #[test]
    fn bfast_monitor_neither_minds_the_order_of_pixels_nor_mixes_up_days(values in noisy(1)) {
        order_of_pixels_is_irrelevant(&bfast_monitor(), &values);
        days_are_in_order(&detect(&bfast_monitor(), &values));
    }

    #[test]
    fn two_roles_neither_mind_the_order_of_pixels_nor_mix_up_days(values in noisy(2)) {
        order_of_pixels_is_irrelevant(&vegetation_loss(), &values);
        days_are_in_order(&detect(&vegetation_loss(), &values));
    }

    #[test]
    fn image_by_image_gives_what_the_whole_series_gives(values in noisy(2)) {
        image_by_image_is_the_whole(&vegetation_loss(), &values);
    }

    #[test]
    fn methods_with_state_give_image_by_image_what_the_whole_series_gives(values in noisy(1)) {
        image_by_image_is_the_whole(&nrt(EwmaParameters::default()), &values);
        image_by_image_is_the_whole(&nrt(CusumParameters::default()), &values);
        image_by_image_is_the_whole(&nrt(MosumParameters::default()), &values);
        image_by_image_is_the_whole(&nrt(IqrParameters::default()), &values);
        image_by_image_is_the_whole(&bayts(), &values);
        for bits in [None, Some(16)] {
            image_by_image_is_the_whole(&bayts_from_history(bits), &values);
        }
        for gaps in [Gaps::Skipped, Gaps::Interpolated] {
            image_by_image_is_the_whole(&pvts_beta(gaps), &values);
            order_of_pixels_is_irrelevant(&pvts_beta(gaps), &values);
            days_are_in_order(&detect(&pvts_beta(gaps), &values));
        }
        order_of_pixels_is_irrelevant(&nrt(MosumParameters::default()), &values);
        order_of_pixels_is_irrelevant(&bayts_from_history(None), &values);
        days_are_in_order(&detect(&bayts_from_history(None), &values));
        order_of_pixels_is_irrelevant(&bayts(), &values);
        days_are_in_order(&detect(&bayts(), &values));
        days_are_in_order(&detect(&nrt(EwmaParameters::default()), &values));
    }
}
