use std::convert::Infallible;
use std::sync::Arc;

use ndarray::Array4;
use raster::sensor::{Pass, sentinel1};
use raster::{Band, Crs, Grid, Scaling};

use super::*;
use crate::MaskOptions;

const ROWS: usize = 12;
const COLS: usize = 14;

/// Power of a scene of the script that made the expected numbers.
fn power(scene: usize, row: usize, col: usize) -> f32 {
    let nowhere = (row, col) == (0, 0) || (row, col) == ((2 + scene) % ROWS, 3);
    match (row, col) {
        _ if nowhere => f32::NAN,
        (5, 6) => 3.0,
        _ => (0.05 + 0.001 * ((row * 37 + col * 91 + scene * 53) % 97) as f64) as f32,
    }
}

/// Scenes in memory; `layover` is a pixel that the mask of every scene rejects.
struct Memory {
    decibel: bool,
    layover: Option<(usize, usize)>,
}

impl RasterReader for Memory {
    type Error = Infallible;

    fn read(&mut self, scene: usize, roles: &[Role], window: Window, margin: usize) -> Result<Cube, Infallible> {
        let (layers, bands): (Vec<Role>, Vec<Role>) = roles.iter().cloned().partition(Role::is_quality);
        let around = window.grow(margin);
        let place = |window: Window, row: usize, col: usize| {
            let at = (window.row + row as isize, window.col + col as isize);
            ((0..ROWS as isize).contains(&at.0) && (0..COLS as isize).contains(&at.1)).then_some((at.0 as usize, at.1 as usize))
        };
        let values = Array4::from_shape_fn((1, bands.len(), window.rows, window.cols), |(_, _, row, col)| {
            let value = place(window, row, col).map_or(f32::NAN, |(row, col)| power(scene, row, col));
            if self.decibel { 10.0 * value.log10() } else { value }
        });
        let quality = Array4::from_shape_fn((1, layers.len(), around.rows, around.cols), |(_, _, row, col)| {
            match place(around, row, col) {
                None => 255,
                at if at == self.layover => 2,
                _ => 0,
            }
        });
        let scaling = vec![Scaling::IDENTITY; bands.len()];
        Ok(Cube { bands, scaling, values, layers, quality })
    }
}

fn scenes(decibel: bool) -> Vec<Scene> {
    let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
    let mut sensor = sentinel1(Pass::Descending);
    if decibel {
        sensor.quantity = Quantity::Decibel;
    }
    let sensor = Arc::new(sensor);
    let scene = |day: i32| Scene {
        id: format!("S{day}"),
        sensor: Arc::clone(&sensor),
        platform: "Sentinel-1A".to_owned(),
        orbit: Some(142),
        date: raster::Date::from_days(19_000 + day * 12),
        second: None,
        generation: String::new(),
        grid: Grid { crs: crs.clone(), west: 0.0, north: 0.0, step_x: 10.0, step_y: 10.0, rows: ROWS, cols: COLS },
        layers: vec![(Role::Band(Band::Vv), Scaling::IDENTITY), (Role::Quality("mask".to_owned()), Scaling::IDENTITY)],
    };
    (0..3).map(scene).collect()
}

fn parameters(filter: SpeckleFilter, looks: f64) -> SpeckleParameters {
    SpeckleParameters { filter, window: 7, looks }
}

/// The second scene, filtered, over a window.
fn filtered(parameters: SpeckleParameters, memory: Memory, window: Window) -> Cube {
    let scenes = scenes(memory.decibel);
    let plan = MaskPlan::new(&scenes[0].sensor, &MaskOptions::default(), (10.0, 10.0)).expect("a plan");
    let speckle = Speckle::new(parameters, &scenes, &[&plan, &plan, &plan]).expect("a filter");
    let mut reader = Despeckled::new(memory, Some(&speckle));
    reader.read(1, &[Role::Band(Band::Vv), Role::Quality("mask".to_owned())], window, 0).expect("a cube")
}

const WHOLE: Window = Window { row: 0, col: 0, rows: ROWS, cols: COLS };

const PLAIN: fn() -> Memory = || Memory { decibel: false, layover: None };

type Expected = [((usize, usize), f64); 6];

/// By numpy 2.4.6 and scipy 1.17.1 (`generic_filter` of the mean and variance of what is there, window 7, nothing beyond the edges).
const LEE_4_4: Expected = [
    ((0, 1), 0.097_666_667_567_359_08),
    ((5, 6), 2.887_960_681_778_161_6),
    ((6, 7), 0.091_741_571_329_955_63),
    ((11, 13), 0.100_562_500_534_579_16),
    ((4, 10), 0.095_979_592_173_683_4),
    ((2, 2), 0.093_882_353_428_532_1),
];
const LEE_200: Expected = [
    ((0, 1), 0.097_052_741_829_455_11),
    ((5, 6), 2.997_966_718_740_309_4),
    ((6, 7), 0.089_049_764_029_701_05),
    ((11, 13), 0.138_978_447_417_586_33),
    ((4, 10), 0.094_133_744_299_428_25),
    ((2, 2), 0.069_540_822_461_008_39),
];
const QUEGAN: Expected = [
    ((0, 1), 0.095_266_956_886_278_29),
    ((5, 6), 2.949_781_448_162_374),
    ((6, 7), 0.120_770_177_119_713_02),
    ((11, 13), 0.112_619_572_961_007_15),
    ((4, 10), 0.091_718_459_524_779_42),
    ((2, 2), 0.093_831_509_225_489_04),
];

#[test]
fn both_filters_give_what_numpy_gives() {
    let cases = [(SpeckleFilter::Lee, 4.4, LEE_4_4), (SpeckleFilter::Lee, 200.0, LEE_200), (SpeckleFilter::Quegan, 4.4, QUEGAN)];
    for (filter, looks, expected) in cases {
        let cube = filtered(parameters(filter, looks), PLAIN(), WHOLE);
        for ((row, col), power) in expected {
            let got = f64::from(cube.values[[0, 0, row, col]]);
            assert!((got - power).abs() <= 1e-6 * power.max(0.1), "{filter:?} {looks} at {row},{col}: {got}, expected {power}");
        }
        assert!(cube.values[[0, 0, 0, 0]].is_nan() && cube.values[[0, 0, 3, 3]].is_nan(), "what was not seen is not filled");
    }
}

#[test]
fn how_a_scene_is_cut_changes_no_bit() {
    for filter in [SpeckleFilter::Lee, SpeckleFilter::Quegan] {
        let whole = filtered(parameters(filter, 4.4), PLAIN(), WHOLE);
        let part = Window { row: 3, col: 5, rows: 4, cols: 6 };
        let cut = filtered(parameters(filter, 4.4), PLAIN(), part);
        let same = whole.values.slice(s![0, 0, 3..7, 5..11]);
        assert!(same.iter().zip(cut.values.iter()).all(|(a, b)| a.to_bits() == b.to_bits()), "{filter:?}");
    }
}

#[test]
fn decibels_are_filtered_in_power() {
    let power = filtered(parameters(SpeckleFilter::Lee, 4.4), PLAIN(), WHOLE);
    let decibel = filtered(parameters(SpeckleFilter::Lee, 4.4), Memory { decibel: true, layover: None }, WHOLE);
    for (power, decibel) in power.values.iter().zip(decibel.values.iter()) {
        assert!(power.is_nan() && decibel.is_nan() || (10.0 * power.log10() - decibel).abs() < 1e-4, "{power} and {decibel}");
    }
}

#[test]
fn what_is_masked_does_not_spread_and_is_still_there_to_be_counted() {
    // The bright target lies in layover.
    let masked = Memory { decibel: false, layover: Some((5, 6)) };
    let cube = filtered(parameters(SpeckleFilter::Lee, 4.4), masked, WHOLE);
    assert!((cube.values[[0, 0, 5, 6]] - 3.0).abs() < 1e-6, "its own number is kept for the mask");
    assert_eq!(cube.quality[[0, 0, 5, 6]], 2);
    let near = cube.values[[0, 0, 6, 7]];
    let with_target = filtered(parameters(SpeckleFilter::Lee, 4.4), PLAIN(), WHOLE).values[[0, 0, 6, 7]];
    assert!((near - with_target).abs() > 1e-3 && near < 0.15, "{near} and {with_target}");
}

#[test]
fn windows_and_scenes_that_make_no_sense_are_refused() {
    let scenes = scenes(false);
    let none = MaskPlan::none();
    let masks = [&none, &none, &none];
    for (window, looks) in [(6, 4.4), (1, 4.4), (33, 4.4), (7, 0.0)] {
        assert!(Speckle::new(SpeckleParameters { filter: SpeckleFilter::Lee, window, looks }, &scenes, &masks).is_err());
    }
    let mut optical = scenes.clone();
    for scene in &mut optical {
        scene.sensor = Arc::new(raster::sensor::oli());
    }
    assert!(Speckle::new(parameters(SpeckleFilter::Lee, 4.4), &optical, &masks).is_err());
}
