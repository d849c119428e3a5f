use ndarray::{Array4, s};
use proptest::prelude::*;
use raster::{Band, Scaling, sensor};

use super::*;

const CLOUD: u16 = 1 << 3;
const FILL: u16 = 1;

fn cube(rows: usize, cols: usize, codes: &[((usize, usize), u16)]) -> Cube {
    let layers = vec![Role::Qa, Role::Radsat];
    let mut cube = Cube::unobserved(1, vec![Role::Band(Band::Red)], vec![Scaling::IDENTITY], layers, rows, cols);
    cube.values = Array4::from_shape_fn((1, 1, rows, cols), |(_, _, r, c)| (r * cols + c) as f32);
    for ((row, col), code) in codes {
        cube.quality[[0, 0, *row, *col]] = *code;
    }
    cube
}

/// The cube with values in its middle only, as it is read with a margin.
fn with_margin(mut cube: Cube, margin: usize) -> Cube {
    let (_, rows, cols) = cube.shape();
    cube.values = cube.values.slice(s![.., .., margin..rows - margin, margin..cols - margin]).to_owned();
    cube
}

fn plan(dilate_m: f64) -> MaskPlan {
    MaskPlan::new(&sensor::oli(), &MaskOptions { classes: None, dilate_m }, (30.0, 30.0)).expect("a plan")
}

#[test]
fn masked_pixels_become_nan_and_are_counted_by_class() {
    let mut cube = cube(2, 2, &[((0, 0), CLOUD), ((0, 1), FILL), ((1, 0), CLOUD | 1 << 4)]);
    cube.values[[0, 0, 0, 1]] = f32::NAN;
    let (masked, counts) = plan(0.0).apply(cube).expect("layers");
    let row: Vec<bool> = masked.values.iter().map(|v| v.is_nan()).collect();
    assert_eq!(row, [true, true, true, false]);
    assert_eq!((counts.pixels, counts.unobserved, counts.clear, counts.dilated), (4, 1, 1, 0));
    assert_eq!((counts.masked["cloud"], counts.masked["cloud_shadow"], counts.masked["fill"]), (2, 1, 1));
    assert_eq!(counts.masked["cirrus"], 0);
}

#[test]
fn snow_is_masked_only_where_the_job_asks() {
    let snow = 1 << 5;
    let (_, counts) = plan(0.0).apply(cube(1, 1, &[((0, 0), snow)])).expect("layers");
    assert_eq!(counts.clear, 1);
    let options = MaskOptions { classes: Some(vec!["snow".to_owned()]), dilate_m: 0.0 };
    let plan = MaskPlan::new(&sensor::oli(), &options, (30.0, 30.0)).expect("a plan");
    assert_eq!(plan.layers(), [Role::Qa]);
    assert_eq!(plan.apply(cube(1, 1, &[((0, 0), snow)])).expect("layers").1.masked["snow"], 1);
}

#[test]
fn clouds_grow_by_metres_and_fill_does_not() {
    let plan = plan(60.0);
    assert_eq!(plan.margin(), 2);
    let (masked, counts) = plan.apply(with_margin(cube(9, 9, &[((1, 4), CLOUD), ((6, 3), FILL)]), 2)).expect("layers");
    assert_eq!(masked.shape(), (1, 5, 5));
    assert_eq!(counts.dilated, 4, "three pixels one row below the cloud, one two rows below");
    assert_eq!((counts.masked["cloud"], counts.masked["fill"], counts.clear), (0, 1, 20));
    assert!(masked.values[[0, 0, 0, 2]].is_nan() && masked.values[[0, 0, 1, 2]].is_nan());
}

#[test]
fn what_lies_outside_the_scene_does_not_grow_into_it() {
    let rule: raster::QaRule = "value in {4,5,6}".parse().expect("a rule");
    let sensor = raster::Sensor::plain("s").with_rule(&Role::Scl, &rule);
    let plan = MaskPlan::new(&sensor, &MaskOptions { classes: None, dilate_m: 20.0 }, (10.0, 10.0)).expect("a plan");
    let mut cube = Cube::unobserved(1, vec![Role::Band(Band::Red)], vec![Scaling::IDENTITY], vec![Role::Scl], 9, 9);
    cube.values.slice_mut(s![.., .., 2.., ..]).fill(0.1);
    cube.quality.slice_mut(s![.., .., 2.., ..]).fill(4);
    let (masked, counts) = plan.apply(with_margin(cube.clone(), 2)).expect("layers");
    assert_eq!((counts.clear, counts.dilated), (25, 0));
    assert!(masked.values.iter().all(|value| !value.is_nan()));
    cube.quality[[0, 0, 2, 4]] = 9;
    assert!(plan.apply(with_margin(cube, 2)).expect("layers").1.dilated > 0, "a cloud does grow");
}

#[test]
fn quality_without_its_margin_is_refused() {
    assert!(plan(60.0).apply(cube(4, 9, &[])).is_err());
}

#[test]
fn what_the_sensor_does_not_know_is_refused_with_what_it_knows() {
    let options = MaskOptions { classes: Some(vec!["clouds".to_owned()]), dilate_m: 0.0 };
    let error = MaskPlan::new(&sensor::tm(), &options, (30.0, 30.0)).expect_err("no such class").to_string();
    assert!(error.contains("it has fill, dilated_cloud, cloud, cloud_shadow, snow, water, cloud_confidence"), "{error}");
    let metres = MaskOptions { classes: None, dilate_m: 1000.0 };
    assert!(MaskPlan::new(&sensor::tm(), &metres, (1e-6, 1e-6)).is_err());
    for dilate_m in [-1.0, f64::NAN, 1e9] {
        assert!(MaskPlan::new(&sensor::tm(), &MaskOptions { classes: None, dilate_m }, (30.0, 30.0)).is_err());
    }
}

#[test]
fn the_empty_plan_keeps_every_pixel_and_asks_for_no_layer() {
    let plan = MaskPlan::none();
    assert!(plan.layers().is_empty());
    let (kept, counts) = plan.apply(cube(2, 2, &[((0, 0), CLOUD)])).expect("no layer needed");
    assert_eq!((counts.clear, kept.shape()), (4, (1, 2, 2)));
}

#[test]
fn counts_add_up_in_any_order() {
    let count = |code| plan(0.0).apply(cube(1, 1, &[((0, 0), code)])).expect("layers").1;
    let (mut a, mut b) = (count(CLOUD), count(0));
    a += &count(0);
    b += count(CLOUD);
    assert_eq!(a, b);
    assert_eq!((a.pixels, a.clear), (2, 1));
}

#[test]
fn a_missing_quality_layer_is_named() {
    let mut cube = cube(1, 1, &[]);
    cube.layers[1] = Role::Scl;
    let error = plan(0.0).apply(cube).expect_err("no radsat").to_string();
    assert!(error.contains("qa_radsat"), "{error}");
}

proptest! {
    #[test]
    fn how_windows_are_cut_does_not_change_the_mask(
        clouds in prop::collection::vec(((0usize..24, 0usize..20), prop_oneof![Just(CLOUD), Just(FILL), Just(1u16 << 4)]), 0..12),
        dilate_m in 0.0f64..150.0,
        cut in 1usize..10,
    ) {
        let plan = plan(dilate_m);
        let margin = plan.margin();
        let read = cube(24, 20, &clouds);
        let (whole, whole_counts) = plan.apply(with_margin(read.clone(), margin)).expect("layers");
        let (_, rows, _) = whole.shape();
        let mut sum = MaskCounts::default();
        for start in (0..rows).step_by(cut) {
            let end = (start + cut).min(rows);
            let mut window = read.clone();
            window.values = read.values.slice(s![.., .., start + margin..end + margin, margin..20 - margin]).to_owned();
            window.quality = read.quality.slice(s![.., .., start..end + 2 * margin, ..]).to_owned();
            let (part, counts) = plan.apply(window).expect("layers");
            let expected = whole.values.slice(s![.., .., start..end, ..]);
            prop_assert!(part.values.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()));
            sum += counts;
        }
        prop_assert_eq!(sum, whole_counts);
    }
}
