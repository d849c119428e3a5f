use super::*;

/// Twelve points of an image that is bent, scanned askew and measured to some metres.
const POINTS: [(f64, f64, f64, f64); 12] = [
    (10.0, 20.0, 500_114.1, 399_800.43),
    (900.0, 35.0, 512_087.25, 400_099.42),
    (480.0, 400.0, 506_069.58, 396_000.33),
    (30.0, 770.0, 500_961.52, 391_423.3),
    (950.0, 760.0, 515_028.87, 392_013.5),
    (300.0, 150.0, 503_381.82, 398_612.55),
    (700.0, 600.0, 509_836.13, 393_814.8),
    (210.0, 520.0, 502_806.89, 394_494.2),
    (640.0, 210.0, 508_032.58, 398_150.36),
    (820.0, 430.0, 511_573.82, 395_831.19),
    (120.0, 330.0, 501_560.64, 396_598.31),
    (520.0, 690.0, 507_161.63, 392_644.08),
];

fn points() -> Vec<ControlPoint> {
    POINTS.iter().map(|(col, row, x, y)| ControlPoint { pixel: (*col, *row), map: (*x, *y) }).collect()
}

fn fit(method: Method) -> Transform {
    Transform::fit(&points(), method).expect("a transform")
}

fn near(got: Pair, expected: Pair, tolerance: f64) -> bool {
    (got.0 - expected.0).abs() <= tolerance && (got.1 - expected.1).abs() <= tolerance
}

/// A method, what three pixels are on the map, and what two places of the map are in the image.
type Expected = (Method, [Pair; 3], [Pair; 2]);

/// Of `gdaltransform` 3.6.2 with these points and `-order 1`, `2`, `3`, `-tps`.
const GDAL: [Expected; 4] = [
    (
        Method::Polynomial(1),
        [(500_702.637_419, 399_064.038_997), (507_065.292_724, 396_093.824_150), (513_431.070_782, 400_084.792_749)],
        [(182.790_698_8, 199.396_676_1), (490.444_712_1, 525.526_640_8)],
    ),
    (
        Method::Polynomial(2),
        [(501_078.847_861, 399_031.894_300), (506_505.611_129, 396_190.876_853), (513_961.745_988, 399_997.786_905)],
        [(170.555_117_3, 201.577_559_5), (529.379_980_3, 534.096_446_8)],
    ),
    (
        Method::Polynomial(3),
        [(501_112.657_671, 399_030.708_212), (506_492.833_988, 396_190.825_209), (514_140.552_460, 399_989.112_920)],
        [(172.966_955_4, 202.258_475_7), (528.119_954_2, 533.558_980_0)],
    ),
    (
        Method::ThinPlate,
        [(501_159.688_188, 399_021.868_992), (506_492.064_010, 396_192.731_857), (513_784.158_423, 399_974.628_369)],
        [(171.166_173_1, 201.579_708_5), (530.561_773_2, 532.632_172_9)],
    ),
];

#[test]
fn places_are_those_of_gdal_by_every_method_it_has() {
    for (method, maps, pixels) in GDAL {
        let transform = fit(method);
        for (pixel, map) in [(100.0, 100.0), (512.5, 384.25), (1000.0, 50.0)].into_iter().zip(maps) {
            assert!(near(transform.to_map(pixel), map, 2e-5), "{method:?}: {:?}", transform.to_map(pixel));
        }
        for (map, pixel) in [(502_000.0, 398_000.0), (507_000.0, 394_500.0)].into_iter().zip(pixels) {
            assert!(near(transform.to_pixel(map), pixel, 2e-6), "{method:?}: {:?}", transform.to_pixel(map));
        }
    }
}

#[test]
fn leaving_one_out_is_what_numpy_and_scipy_find_by_fitting_anew() {
    // numpy.linalg.lstsq without the point; scipy 1.17.1 RBFInterpolator, thin_plate_spline of degree 1.
    let expected: [(Method, usize, Pair, Pair); 7] = [
        (Method::Polynomial(1), 0, (-1_419.016_718, 192.912_527), (97.639_145_2, 21.663_467_3)),
        (Method::Polynomial(1), 8, (655.725_970, -48.884_558), (-46.186_086_0, -6.455_187_4)),
        (Method::Polynomial(2), 5, (-130.251_519, 0.533_457), (-9.158_610_5, -1.195_846_5)),
        (Method::Polynomial(2), 8, (74.827_030, 2.686_032), (-5.723_607_4, -0.962_495_8)),
        (Method::ThinPlate, 0, (-666.449_600, 125.502_564), (42.729_413_0, 13.199_285_3)),
        (Method::ThinPlate, 5, (205.087_755, 32.898_569), (-20.109_533_6, 2.937_395_2)),
        (Method::ThinPlate, 8, (169.817_314, 3.306_649), (-6.884_666_2, 0.360_945_3)),
    ];
    for (method, place, map, pixel) in expected {
        let residual = fit(method).residuals(&points())[place];
        assert!(near(residual.left_out_map.expect("enough"), map, 1e-3), "{method:?} {place}: {residual:?}");
        assert!(near(residual.left_out_pixel.expect("enough"), pixel, 1e-4), "{method:?} {place}: {residual:?}");
    }
}

#[test]
fn a_projective_transform_has_the_least_squares_that_scipy_finds() {
    // scipy 1.17.1 least_squares over the eight numbers, distances in pixels.
    let transform = fit(Method::Projective);
    assert!(near(transform.to_pixel((502_000.0, 398_000.0)), (171.752_235, 195.334_852), 1e-3));
    assert!(near(transform.to_pixel((507_000.0, 394_500.0)), (507.533_326, 533.579_309), 1e-3));
    let residuals = transform.residuals(&points());
    let root = rmse(residuals.iter().map(|residual| residual.pixel)).expect("points");
    assert!((root - 22.082_452_67).abs() < 1e-6, "{root}");
    assert!(near(residuals[5].left_out_pixel.expect("enough"), (-19.082_375, -7.537_029), 1e-3), "{:?}", residuals[5]);
    // And back: its own inverse.
    assert!(near(transform.to_map(transform.to_pixel((505_000.0, 396_000.0))), (505_000.0, 396_000.0), 1e-6));
}

#[test]
fn a_photograph_of_a_plane_is_told_exactly() {
    let seen = |x: f64, y: f64| {
        let w = 1.0 + 2e-4 * (x - 500_000.0) - 1e-4 * (y - 400_000.0);
        ((300.0 + 0.1 * (x - 500_000.0)) / w, (200.0 - 0.12 * (y - 400_000.0)) / w)
    };
    let at = |i: usize| {
        let (x, y) = (500_000.0 + (i % 3) as f64 * 700.0, 400_000.0 - (i / 3) as f64 * 600.0);
        ControlPoint { pixel: seen(x, y), map: (x, y) }
    };
    let points: Vec<ControlPoint> = (0..9).map(at).collect();
    let transform = Transform::fit(&points, Method::Projective).expect("a transform");
    assert!(near(transform.to_pixel((500_333.0, 399_123.0)), seen(500_333.0, 399_123.0), 1e-8));
    let affine = Transform::fit(&points, Method::Polynomial(1)).expect("a transform");
    let worst = |t: &Transform| rmse(t.residuals(&points).iter().map(|r| r.pixel)).expect("points");
    assert!(worst(&transform) < 1e-8 && worst(&affine) > 1.0);
}

#[test]
fn a_thin_plate_goes_through_its_points() {
    let residuals = fit(Method::ThinPlate).residuals(&points());
    assert!(residuals.iter().all(|r| r.map.0.hypot(r.map.1) < 1e-6 && r.pixel.0.hypot(r.pixel.1) < 1e-9));
}

#[test]
fn points_from_which_nothing_follows_are_refused() {
    let all = points();
    let refused = |points: &[ControlPoint], method| Transform::fit(points, method).expect_err("no transform");
    for (method, needed) in
        [(Method::Polynomial(1), 3), (Method::Polynomial(2), 6), (Method::Polynomial(3), 10), (Method::Projective, 4)]
    {
        let told = refused(&all[..needed - 1], method);
        assert_eq!(told, AlignError::TooFew { method: method.name(), needed, got: needed - 1 });
    }
    let line: Vec<ControlPoint> =
        (0..12).map(|i| ControlPoint { pixel: (f64::from(i), 2.0 * f64::from(i)), map: (f64::from(i), f64::from(i)) }).collect();
    for method in [Method::Polynomial(1), Method::Polynomial(2), Method::Projective, Method::ThinPlate] {
        assert!(matches!(refused(&line, method), AlignError::Degenerate { .. }), "{method:?}");
    }
    let twice = [all[0], all[1], all[2], all[0]];
    assert!(matches!(refused(&twice, Method::ThinPlate), AlignError::Degenerate { .. }));
    let mut broken = all.clone();
    broken[3].map.0 = f64::NAN;
    assert_eq!(refused(&broken, Method::Polynomial(1)), AlignError::Number { place: 4 });
}

#[test]
fn with_no_point_to_spare_nothing_is_said_of_leaving_one_out() {
    let three = &points()[..3];
    let residuals = Transform::fit(three, Method::Polynomial(1)).expect("a transform").residuals(three);
    assert!(residuals.iter().all(|r| r.left_out_map.is_none() && r.map.0.hypot(r.map.1) < 1e-6));
}
