use proptest::prelude::*;

use super::*;

const TABLE: &str = include_str!("scipy.tsv");

fn table(kind: &str) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = TABLE
        .lines()
        .filter_map(|line| line.strip_prefix(kind))
        .map(|line| line.split_whitespace().map(|value| value.parse().expect("a number")).collect())
        .collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length")
}

/// The values with as many NaN around them as the kernel reaches.
fn padded(values: &Array2<f32>, margin: usize) -> Array2<f32> {
    let mut padded = Array2::from_elem((values.nrows() + 2 * margin, values.ncols() + 2 * margin), f32::NAN);
    values.indexed_iter().for_each(|((row, col), value)| padded[[row + margin, col + margin]] = *value);
    padded
}

#[test]
fn values_less_their_surroundings_are_those_of_scipy() {
    let (values, expected) = (table("value"), table("relative"));
    let reference = SelfReference::new(100.0, (30.0, 20.0)).expect("a radius");
    let got = reference.relative(padded(&values, reference.margin()).view());
    assert_eq!(got.dim(), expected.dim());
    for (got, expected) in got.iter().zip(&expected) {
        assert!(got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(), "{got}, scipy has {expected}");
    }
}

#[test]
fn a_radius_that_means_nothing_is_refused() {
    for radius in [0.0, 29.0, f64::NAN, 6030.0] {
        assert!(SelfReference::new(radius, (30.0, 30.0)).is_err(), "{radius}");
    }
    assert_eq!(SelfReference::new(210.0, (30.0, 30.0)).expect("seven pixels").margin(), 7);
    assert!(DisturbanceDensity::new(30.0, 6, (30.0, 30.0)).is_err());
    assert!(DisturbanceDensity::new(30.0, 0, (30.0, 30.0)).is_err());
}

#[test]
fn disturbance_is_what_lies_below_and_nothing_above() {
    let reference = SelfReference::new(1.0, (1.0, 1.0)).expect("a radius");
    let mut values = Array2::from_elem((5, 5), 0.5f32);
    values[[2, 2]] = 0.25;
    let of = |values: &Array2<f32>, clearing| reference.disturbance(values.view(), clearing)[[1, 1]].to_bits();
    assert_eq!(of(&values, Direction::Fall), 0.25f32.to_bits());
    assert_eq!(of(&values, Direction::Rise), 0.0f32.to_bits());
    values[[2, 2]] = -2.0;
    assert_eq!(of(&values, Direction::Fall), 1.0f32.to_bits());
    values[[2, 2]] = f32::NAN;
    assert!(f32::from_bits(of(&values, Direction::Fall)).is_nan());
}

proptest! {
    #[test]
    fn the_median_is_what_sorting_gives(
        values in prop::collection::vec(prop_oneof![3 => (0u8..12).prop_map(f32::from), 1 => Just(f32::NAN)], 13 * 16),
        radius in 1.0f64..4.5,
        height in 0.6f64..1.0,
    ) {
        let values = Array2::from_shape_vec((13, 16), values).expect("a shape");
        let reference = SelfReference::new(radius, (1.0, height)).expect("a radius");
        let got = reference.relative(padded(&values, reference.margin()).view());
        for ((row, col), got) in got.indexed_iter() {
            let near = |(r, c): (usize, usize)| {
                let (x, y) = (col.abs_diff(c) as f64, row.abs_diff(r) as f64 * height);
                x * x + y * y <= radius * radius
            };
            let mut around: Vec<f32> = values.indexed_iter().filter(|(at, v)| near(*at) && !v.is_nan()).map(|(_, v)| *v).collect();
            around.sort_by(f32::total_cmp);
            let n = around.len();
            let expected = if values[[row, col]].is_nan() { f32::NAN } else { values[[row, col]] - f32::midpoint(around[(n - 1) / 2], around[n / 2]) };
            prop_assert!(got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(), "pixel {} {}: {} {}", row, col, got, expected);
        }
    }

    #[test]
    fn change_is_kept_where_counting_finds_enough(
        codes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 12 * 14),
        radius in 1.0f64..3.0,
        least in 1usize..6,
    ) {
        let codes = Array2::from_shape_vec((12, 14), codes).expect("a shape");
        let filter = DisturbanceDensity::new(radius, least.min(5), (1.0, 1.0)).expect("a filter");
        let margin = filter.margin();
        let kept = filter.keep(codes.view());
        prop_assert_eq!(kept.dim(), (12 - 2 * margin, 14 - 2 * margin));
        for ((row, col), kept) in kept.indexed_iter() {
            let (row, col) = (row + margin, col + margin);
            let near = codes.indexed_iter().filter(|((r, c), code)| {
                let (x, y) = (col.abs_diff(*c) as f64, row.abs_diff(*r) as f64);
                **code == 1 && x * x + y * y <= radius * radius
            });
            let enough = near.count() >= least.min(5);
            let expected = if codes[[row, col]] == 1 { u8::from(enough) } else { codes[[row, col]] };
            prop_assert_eq!(*kept, expected);
        }
    }
}
