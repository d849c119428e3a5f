//! Shifts of windows: simulated ground moved by known parts of a pixel, and what must not be believed.

use std::convert::Infallible;

use align::{Consensus, Matcher, NoMatch, Offset, Precision, Search, TiePoint, Unmatched, consensus};
use ndarray::Array2;
use raster::Window;

/// Noise in [-1, 1) of a place, another for each seed (`SplitMix64`).
fn noise(seed: u64, row: isize, col: isize) -> f64 {
    let at = ((row as u64) << 32) ^ (col as u64 & 0xFFFF_FFFF);
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1u32 << 23) - 1.0
}

/// Ground that is known everywhere: lumps of all sizes from 3 pixels on, so that it can be seen from any place between pixels.
fn ground(seed: u64, row: f64, col: f64) -> f64 {
    let mut height = 0.0;
    for (octave, size) in [3.0, 7.0, 17.0, 41.0].into_iter().enumerate() {
        let (y, x) = (row / size, col / size);
        let (y0, x0) = (y.floor() as isize, x.floor() as isize);
        for i in -2..=3 {
            for j in -2..=3 {
                let (dy, dx) = (y - (y0 + i) as f64, x - (x0 + j) as f64);
                let bump = (-(dy * dy + dx * dx) / 0.8).exp();
                height += size.sqrt() * bump * noise(seed + octave as u64, y0 + i, x0 + j);
            }
        }
    }
    height
}

/// An image of `side` pixels a side whose pixel (r, c) shows the ground at (r, c) plus a shift.
fn image(seed: u64, side: usize, shift: (f64, f64)) -> Array2<f32> {
    Array2::from_shape_fn((side, side), |(row, col)| ground(seed, row as f64 + shift.0, col as f64 + shift.1) as f32)
}

/// The pixels of a window, NaN outside the image.
fn read(image: &Array2<f32>, window: Window) -> Array2<f32> {
    Array2::from_shape_fn((window.rows, window.cols), |(row, col)| {
        let (y, x) = (window.row + row as isize, window.col + col as isize);
        let inside = y >= 0 && x >= 0;
        inside.then(|| image.get((y as usize, x as usize)).copied()).flatten().unwrap_or(f32::NAN)
    })
}

/// What 16 windows over both images say.
fn tie_points(reference: &Array2<f32>, moving: &Array2<f32>, side: usize) -> (Vec<TiePoint>, Vec<Unmatched>) {
    let mut matcher = Matcher::new(side);
    let room = reference.nrows() - side - 16;
    let (mut points, mut unmatched) = (Vec::new(), Vec::new());
    for i in 0..16 {
        let (row, col) = ((8 + room * (i / 4) / 3) as isize, (8 + room * (i % 4) / 3) as isize);
        let window = Window { row, col, rows: side, cols: side };
        let search = Search { window, start: Offset::default(), reach: side as f64 / 3.0, precision: Precision::Part };
        let of = |image: &Array2<f32>, window| Ok::<_, Infallible>(read(image, window));
        let Ok(measured) = matcher.measure(search, |window| of(reference, window), |window| of(moving, window));
        let half = side as f64 / 2.0;
        match measured {
            Ok(shift) => points.push(TiePoint { row: row as f64 + half, col: col as f64 + half, shift }),
            Err(why) => unmatched.push(why),
        }
    }
    (points, unmatched)
}

fn found(reference: &Array2<f32>, moving: &Array2<f32>, side: usize) -> Result<Consensus, NoMatch> {
    let (points, unmatched) = tie_points(reference, moving, side);
    consensus(&points, 1.0, 8.0).inspect_err(|_| eprintln!("{points:?} {unmatched:?}"))
}

fn error(found: &Consensus, shift: (f64, f64)) -> f64 {
    (found.rows - shift.0).hypot(found.cols - shift.1)
}

#[test]
fn known_parts_of_a_pixel_are_found_with_their_sign() {
    let reference = image(1, 192, (0.0, 0.0));
    for shift in [(0.0, 0.0), (0.37, -0.61), (-2.25, 1.75), (5.5, 0.125), (-11.3, 8.9)] {
        let found = found(&reference, &image(1, 192, shift), 64).expect("a shift");
        assert!(error(&found, shift) < 0.01, "{shift:?}: {found:?}");
        assert!(found.rows_error < 0.01 && found.cols_error < 0.01, "{found:?}");
    }
}

#[test]
fn light_and_noise_of_its_own_move_little() {
    let reference = image(1, 192, (0.0, 0.0));
    let shift = (1.37, -2.61);
    let mut moving = image(1, 192, shift);
    moving
        .indexed_iter_mut()
        .for_each(|((row, col), v)| *v = 0.4 * *v + 20.0 + 0.3 * noise(9, row as isize, col as isize) as f32);
    let found = found(&reference, &moving, 64).expect("a shift");
    assert!(error(&found, shift) < 0.03, "{found:?}");
}

#[test]
fn what_is_masked_does_not_hold_the_shift_back() {
    let reference = image(1, 192, (0.0, 0.0));
    let shift = (0.75, -1.5);
    // Clouds over both images, each its own; what they hide is far from what is there.
    let clouded = |mut image: Array2<f32>, seed: u64, share: f64| {
        image.indexed_iter_mut().for_each(|((row, col), v)| {
            if ground(seed, row as f64 / 2.0, col as f64 / 2.0) > share {
                *v = f32::NAN;
            }
        });
        image
    };
    for threshold in [6.0, 3.0, 1.0] {
        let (a, b) = (clouded(reference.clone(), 100, threshold), clouded(image(1, 192, shift), 200, threshold));
        let seen = a.iter().zip(&b).filter(|(a, b)| !(**a + **b).is_nan()).count() as f64 / a.len() as f64;
        let found = found(&a, &b, 64).expect("a shift");
        assert!(error(&found, shift) < 0.02, "{:.0} % seen: {found:?}", 100.0 * seen);
    }
}

#[test]
fn noise_other_ground_and_constant_images_are_no_match() {
    let reference = image(1, 192, (0.0, 0.0));
    let plain = |seed| Array2::from_shape_fn((192, 192), |(row, col)| noise(seed, row as isize, col as isize) as f32);
    let constant = Array2::from_elem((192, 192), 7.0);
    for (what, a, b) in [
        ("noise", plain(1), plain(2)),
        ("other ground", reference.clone(), image(77, 192, (0.0, 0.0))),
        ("far away", reference.clone(), image(1, 192, (1000.0, 300.0))),
        ("constant", reference.clone(), constant.clone()),
        ("both constant", constant.clone(), constant.clone()),
        ("nothing seen", reference.clone(), Array2::from_elem((192, 192), f32::NAN)),
    ] {
        assert!(found(&a, &b, 64).is_err(), "{what}");
    }
    let (points, unmatched) = tie_points(&reference, &constant, 64);
    assert!(points.is_empty() && unmatched.iter().all(|why| *why == Unmatched::Flat), "{unmatched:?}");
}

#[test]
fn rows_of_a_plantation_and_edges_of_one_direction_are_no_match() {
    let tau = 2.0 * std::f64::consts::PI;
    for period in [5.0, 8.0, 12.3, 20.0] {
        for own in [0.0, 0.1] {
            let rows = |seed: u64, shift: f64| {
                Array2::from_shape_fn((192, 192), |(row, col)| {
                    let phase = ((col as f64 + shift) * 0.9 + row as f64 * 0.43) * tau / period;
                    let noise = noise(seed, row as isize, col as isize);
                    (phase.sin() + 0.3 * (2.0 * phase + 1.0).sin() + own * noise) as f32
                })
            };
            let trees = |seed: u64, shift: f64| {
                Array2::from_shape_fn((192, 192), |(row, col)| {
                    let is_tree = (col as f64 + shift) % period < period / 2.0 && row as f64 % period < period / 2.0;
                    (f64::from(u8::from(is_tree)) + own * noise(seed, row as isize, col as isize)) as f32
                })
            };
            for (what, a, b) in [("rows", rows(1, 0.0), rows(2, 1.3)), ("trees", trees(1, 0.0), trees(2, 1.3))] {
                let (points, _) = tie_points(&a, &b, 64);
                assert!(points.len() < 3, "{what} every {period} pixels, noise {own}: {} points", points.len());
            }
        }
    }
}

#[test]
fn cloud_that_is_not_masked_is_no_match() {
    let reference = image(1, 192, (0.0, 0.0));
    let mut cloudy = image(1, 192, (0.4, 0.2));
    let mut other = reference.clone();
    for (image, seed) in [(&mut cloudy, 300), (&mut other, 400)] {
        image.indexed_iter_mut().for_each(|((row, col), v)| {
            *v = *v * 0.02 + 40.0 * ground(seed, row as f64 / 3.0, col as f64 / 3.0) as f32;
        });
    }
    assert!(found(&other, &cloudy, 64).is_err());
}
