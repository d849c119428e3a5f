/// A quantile (0 to 1) of numbers, between neighbours in a straight line: type 7 of Hyndman and Fan, The American Statistician 50,
/// 1996, the default of R. `None` of none; NaN is not allowed.
pub fn quantile(values: &[f64], at: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let place = at.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_r() {
        // quantile(c(3, 1, 4, 1, 5, 9, 2, 6), c(0, .1, .5, .9, 1)) of R 4: 1, 1, 3.5, 6.9, 9.
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (at, expected) in [(0.0, 1.0), (0.1, 1.0), (0.5, 3.5), (0.9, 6.9), (1.0, 9.0)] {
            assert!(quantile(&values, at).is_some_and(|got| (got - expected).abs() < 1e-12), "{at}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.9), Some(7.0));
    }
}
