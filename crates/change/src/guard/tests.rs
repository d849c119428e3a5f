use ndarray::{Array4, s};
use raster::{Band, Cube, Role, Scaling};

use super::*;

/// Reflectance of blue, red and near infrared of forest, pasture, bare soil and water.
const FOREST: [f64; 3] = [0.021, 0.023, 0.300];
const PASTURE: [f64; 3] = [0.036, 0.056, 0.330];
const SOIL: [f64; 3] = [0.070, 0.145, 0.225];
const WATER: [f64; 3] = [0.066, 0.082, 0.045];

/// A row of pixels of these kinds in turn, stored as parts of 10000 plus 1000, read with `scaling`; each kind is class 4.
fn cube(kinds: &[[f64; 3]], pixels: usize, scaling: Scaling) -> Cube {
    let bands = [Band::Blue, Band::Red, Band::Nir].map(Role::Band).to_vec();
    let mut cube = Cube::unobserved(1, bands, vec![scaling; 3], Vec::new(), 1, pixels);
    for (i, mut pixel) in cube.values.slice_mut(s![0, .., 0, ..]).axis_iter_mut(ndarray::Axis(1)).enumerate() {
        // Every tenth pixel of a kind is a little brighter: percentiles have something to tell.
        let more = (i / kinds.len() % 10) as f64 * 0.001;
        pixel.iter_mut().zip(kinds[i % kinds.len()]).for_each(|(v, r)| *v = ((r + more) * 10_000.0 + 1000.0).round() as f32);
    }
    cube
}

const RIGHT: Scaling = Scaling { scale: 0.0001, offset: -0.1 };
const MISSED: Scaling = Scaling { scale: 0.0001, offset: 0.0 };
const DOUBLED: Scaling = Scaling { scale: 0.0001, offset: -0.2 };

fn screened(cube: &Cube) -> Screening {
    let mut screening = Screening::default();
    screening.add(cube);
    screening
}

fn found(cube: &Cube) -> Vec<Check> {
    Guard::default().judge(&screened(cube)).findings.iter().map(|finding| finding.check).collect()
}

#[test]
fn a_doubled_offset_a_missed_one_and_none_are_told_apart_with_and_without_classes() {
    let kinds = [FOREST, PASTURE, SOIL, WATER];
    for (scaling, expected) in [(RIGHT, vec![]), (MISSED, vec![Check::MissedOffset]), (DOUBLED, vec![Check::DoubledOffset])] {
        let plain = cube(&kinds, 24_000, scaling);
        assert_eq!(found(&plain), expected, "{scaling:?}");
        let mut classed = plain;
        classed.layers = vec![Role::Scl];
        classed.quality = Array4::from_shape_fn((1, 1, 1, 24_000), |(.., col)| if col % 4 < 2 { 4 } else { 5 });
        assert_eq!(found(&classed), expected, "{scaling:?} by class");
    }
}

#[test]
fn exchanged_bands_are_told_whatever_the_offset_and_also_where_nobody_gives_a_scale() {
    for scaling in [RIGHT, MISSED, Scaling::IDENTITY] {
        let mut cube = cube(&[FOREST, SOIL], 4000, scaling);
        assert!(!found(&cube).contains(&Check::SwappedBands));
        cube.bands.swap(1, 2);
        assert!(found(&cube).contains(&Check::SwappedBands), "{scaling:?}");
    }
}

#[test]
fn water_and_bare_soil_are_no_reason_to_refuse_a_scene() {
    let verdict = Guard::default().judge(&screened(&cube(&[WATER, SOIL], 8000, RIGHT)));
    assert!(verdict.findings.is_empty());
    assert_eq!(verdict.skipped.iter().map(|(_, skip)| *skip).collect::<Vec<_>>(), [Skip::TooLittleVegetation; 3]);
    // A river that covers most of a scene is brighter in red than in the near infrared.
    let mostly_water = cube(&[WATER, WATER, WATER, FOREST], 8000, RIGHT);
    assert!(found(&mostly_water).is_empty());
}

#[test]
fn what_cannot_be_judged_is_said_with_the_reason() {
    let skips = |cube: &Cube| Guard::default().judge(&screened(cube)).skipped;
    let few = cube(&[FOREST], 999, DOUBLED);
    assert!(skips(&few).iter().all(|(_, skip)| *skip == Skip::TooLittleVegetation));
    let mut no_blue = cube(&[FOREST], 4000, RIGHT);
    no_blue.bands[0] = Role::Band(Band::Green);
    assert_eq!(skips(&no_blue), [(Check::MissedOffset, Skip::NoBlue)]);
    // Haze over a small area looks as a missed offset does.
    assert_eq!(skips(&cube(&[FOREST], 9999, MISSED)), [(Check::MissedOffset, Skip::TooLittleVegetation)]);
    let mut only_green = cube(&[FOREST], 4000, RIGHT);
    only_green.bands = [Band::Green, Band::Swir16, Band::Swir22].map(Role::Band).to_vec();
    assert!(skips(&only_green).iter().all(|(_, skip)| *skip == Skip::NoBands));
    let unscaled = cube(&[FOREST], 20_000, Scaling::IDENTITY);
    assert_eq!(skips(&unscaled), [(Check::DoubledOffset, Skip::NoReflectance), (Check::MissedOffset, Skip::NoReflectance)]);
}

#[test]
fn masked_pixels_do_not_count_and_parts_add_up_in_any_order() {
    let mut whole = cube(&[FOREST, PASTURE, SOIL, WATER], 8000, RIGHT);
    whole.values.slice_mut(s![.., 0, .., 100..200]).fill(f32::NAN);
    let part = |from: usize, to: usize| {
        let mut part = whole.clone();
        part.values = part.values.slice(s![.., .., .., from..to]).to_owned();
        part.quality = Array4::zeros((1, 0, 1, to - from));
        screened(&part)
    };
    let parts = [part(0, 33), part(33, 5000), part(5000, 8000)];
    let mut forth = Screening::default();
    for part in &parts {
        forth += part;
    }
    let mut back = Screening::default();
    for part in parts.iter().rev() {
        back += part;
    }
    assert_eq!(forth, back);
    assert_eq!(forth, screened(&whole));
    assert_eq!(forth.vegetation(), 4000 - 50);
}

#[test]
fn limits_and_checks_are_configuration() {
    let doubled = screened(&cube(&[FOREST], 4000, DOUBLED));
    let findings = |guard: Guard| guard.judge(&doubled).findings.len();
    assert_eq!(findings(Guard::default()), 1);
    assert_eq!(findings(Guard { negative_share: 1.0, ..Guard::default() }), 0);
    assert_eq!(findings(Guard { checks: vec![Check::SwappedBands], ..Guard::default() }), 0);
    assert_eq!(findings(Guard { enabled: false, ..Guard::default() }), 0);
    assert_eq!(findings(Guard { min_vegetation_px: 5000, ..Guard::default() }), 0);
    assert!(Guard::default().check().is_ok());
    assert!(Guard { negative_share: f64::NAN, ..Guard::default() }.check().is_err());
    assert!(Guard { min_vegetation_px: 0, ..Guard::default() }.check().is_err());
}

#[test]
fn a_finding_says_what_was_measured_and_what_is_allowed() {
    let finding = Finding { check: Check::DoubledOffset, got: 0.3412, limit: 0.02 };
    let told = "34.1 % of clear vegetation has negative reflectance (limit 2 %): the offset seems to be applied twice";
    assert_eq!((finding.to_string().as_str(), finding.key()), (told, "negative_share"));
}
