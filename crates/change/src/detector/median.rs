/// Factor that makes the median absolute deviation of normal values their standard deviation.
const NORMAL: f64 = 1.4826;

/// The median, the mean of the middle two of an even count; NaN of nothing. The values are reordered.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count == 0 {
        return f64::NAN;
    }
    let (lower, upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    let upper = *upper;
    if count % 2 == 1 {
        return upper;
    }
    let lower = lower.iter().copied().max_by(f64::total_cmp).expect("an even count above 0 has a lower half");
    f64::midpoint(lower, upper)
}

/// 1.4826 times the median absolute deviation from `centre`. The values are lost.
pub(super) fn robust_deviation(values: &mut [f64], centre: f64) -> f64 {
    for value in values.iter_mut() {
        *value = (*value - centre).abs();
    }
    NORMAL * median(values)
}

/// A quantile, on a straight line between two values (the seventh of Hyndman & Fan); NaN of nothing. The values are reordered.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let place = share * (values.len() - 1) as f64;
    let (_, below, others) = values.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
    let below = *below;
    let above = others.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    between(below, above, place.fract())
}

/// What lies so far between two neighbours, 0 to 1.
pub(super) fn between(below: f64, above: f64, fraction: f64) -> f64 {
    below + fraction * (above - below)
}

/// As [`quantile`], of so many values by rising order; NaN of nothing.
pub(super) fn quantile_of_sorted(count: usize, share: f64, value: impl Fn(usize) -> f64) -> f64 {
    let Some(last) = count.checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let below = value(place.floor() as usize);
    let above = if (place.floor() as usize) < last { value(place.floor() as usize + 1) } else { below };
    between(below, above, place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_middle_two() {
        for (mut values, expected) in
            [(vec![3.0], 3.0), (vec![4.0, 1.0], 2.5), (vec![5.0, 1.0, 2.0], 2.0), (vec![9.0, 1.0, 4.0, 2.0], 3.0)]
        {
            assert!((median(&mut values) - expected).abs() < 1e-12, "{values:?}");
        }
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn quantiles_are_those_of_r() {
        // quantile(c(3, 1, 4, 1, 5, 9, 2, 6), c(0, .1, .25, .5, .9, 1)) of R 4.
        for (share, expected) in [(0.0, 1.0), (0.1, 1.0), (0.25, 1.75), (0.5, 3.5), (0.9, 6.9), (1.0, 9.0)] {
            let found = quantile(&mut [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], share);
            assert!((found - expected).abs() < 1e-12, "{share}: {found}");
            let found = quantile_of_sorted(8, share, |place| [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0][place]);
            assert!((found - expected).abs() < 1e-12, "{share}: {found} of the sorted");
        }
        assert!(quantile_of_sorted(0, 0.5, |_| 1.0).is_nan());
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn the_deviation_ignores_an_outlier() {
        assert!((robust_deviation(&mut [1.0, 2.0, 3.0, 4.0, 1000.0], 3.0) - 1.4826).abs() < 1e-12);
    }
}
