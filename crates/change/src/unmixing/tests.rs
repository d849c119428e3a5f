use proptest::prelude::*;

use super::*;

fn two(name: &str, spectrum: &[f64]) -> Result<Unmixing, ChangeError> {
    let endmember = |name: &str, spectrum: &[f64]| Endmember { name: name.to_owned(), reflectance: spectrum.to_vec() };
    Unmixing::new(&["red", "nir"], vec![endmember("bright", &[0.4, 0.4]), endmember(name, spectrum)])
}

#[test]
fn a_pixel_that_is_an_endmember_is_that_and_nothing_else() {
    let souza = Unmixing::souza();
    for (place, endmember) in souza.endmembers().iter().enumerate() {
        let (fractions, residual) = souza.pixel(&endmember.reflectance);
        for (other, fraction) in fractions.iter().enumerate() {
            let expected = if other == place { 1.0 } else { 0.0 };
            assert!((fraction - expected).abs() < 1e-12, "{}: {fractions:?}", endmember.name);
        }
        assert!(residual < 1e-12, "{residual}");
    }
}

#[test]
fn nothing_is_all_shade() {
    assert_eq!(Unmixing::souza().pixel(&[0.0; 6]), (vec![0.0, 1.0, 0.0, 0.0, 0.0], 0.0));
}

#[test]
fn what_was_not_observed_in_one_band_is_not_unmixed() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let (fractions, residual) = Unmixing::souza().pixel(&[0.1, bad, 0.1, 0.3, 0.2, 0.1]);
        assert!(fractions.iter().all(|fraction| fraction.is_nan()) && residual.is_nan(), "{bad}: {fractions:?} {residual}");
    }
}

#[test]
fn beyond_a_corner_the_corner_is_nearest() {
    let (fractions, residual) = Unmixing::souza().pixel(&[3.0; 6]);
    assert_eq!(fractions, [0.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(residual > 2.0);
}

/// scipy 1.17.1: `nnls` with a row of sums of weight 1e6, which its SLSQP confirms within 1e-6.
#[test]
fn fractions_are_those_of_scipy() {
    let table = include_str!("scipy.tsv");
    let souza = Unmixing::souza();
    let mut rows = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let numbers: Vec<f64> = line.split('\t').map(|number| number.parse().expect("a number")).collect();
        let (pixel, expected) = numbers.split_at(6);
        let (fractions, residual) = souza.pixel(pixel);
        for (got, expected) in fractions.iter().chain([&residual]).zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{pixel:?}: {fractions:?} {residual}, expected {expected:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, 40);
}

#[test]
fn endmembers_that_cannot_be_told_apart_are_refused() {
    let error = |made: Result<Unmixing, ChangeError>| made.expect_err("no endmembers").to_string();
    assert!(error(two("same", &[0.4, 0.4])).contains("same is a mixture"));
    assert!(error(two("bright", &[0.1, 0.4])).contains("stands twice"));
    assert!(error(two("N2", &[0.1, 0.4])).contains("mean something else"));
    assert!(error(two("a b", &[0.1, 0.4])).contains("is no name"));
    assert!(error(two("dark", &[f64::NAN, 0.4])).contains("dark has NaN"));
    assert!(error(two("dark", &[400.0, 0.4])).contains("dark has 400, expected reflectance from 0 to 1"));
    assert!(error(two("dark", &[0.4])).contains("1 numbers for 2 bands"));
    let one = Endmember { name: "a".to_owned(), reflectance: vec![0.1] };
    assert!(error(Unmixing::new(&["red"], vec![one.clone()])).contains("expected 2 to 8"));
    assert!(error(Unmixing::new(&["rot"], vec![one.clone(), one.clone()])).contains("no band 'rot'"));
    assert!(error(Unmixing::new(&["red", "R"], vec![one.clone(), one])).contains("band R stands twice"));
}

proptest! {
    /// No other mixture is nearer: the conditions of Karush, Kuhn and Tucker hold.
    #[test]
    fn no_mixture_is_nearer(pixel in prop::collection::vec(-0.2f64..1.2, 6)) {
        let souza = Unmixing::souza();
        let (fractions, residual) = souza.pixel(&pixel);
        prop_assert!(fractions.iter().all(|fraction| *fraction >= 0.0));
        prop_assert!((fractions.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let mixture: Vec<f64> = (0..6).map(|b| souza.endmembers().iter().zip(&fractions).map(|(e, f)| f * e.reflectance[b]).sum()).collect();
        let left: Vec<f64> = pixel.iter().zip(&mixture).map(|(p, m)| p - m).collect();
        let rms = (left.iter().map(|l| l * l).sum::<f64>() / 6.0).sqrt();
        prop_assert!((rms - residual).abs() < 1e-12);
        for endmember in souza.endmembers() {
            let gain: f64 = endmember.reflectance.iter().zip(&mixture).zip(&left).map(|((e, m), l)| (e - m) * l).sum();
            prop_assert!(gain < 1e-9, "towards {} it falls: {}", endmember.name, gain);
        }
    }
}
