use std::f64::consts::{PI, TAU};

use crate::noise::{Layer, Source};

/// The middle line of a meandering river from the south edge to beyond the north edge, as (column, row) a pixel apart.
///
/// A sine-generated curve (Langbein and Leopold 1966, "River meanders: theory of minimum variance"): its direction is a
/// sine of the way along it, here with a swing and a wavelength that change from meander to meander.
pub(crate) fn course(seed: u64, size: usize) -> Vec<(f64, f64)> {
    let source = Source::new(seed, Layer::River, 0);
    let side = size as f64;
    let (mut x, mut y) = (side * source.between(0, 0, 0.5, 0.62), side + 12.0);
    let mut course = Vec::new();
    let mut meander = 0;
    while y > -12.0 && course.len() < 40 * size {
        let lean = source.between(1, meander, -0.42, 0.46);
        let length = source.between(2, meander, 0.07, 0.40) * side.max(200.0);
        let swing = source.between(3, meander, 0.55, 1.85);
        let steps = length.ceil() as usize;
        for step in 0..steps {
            let heading = lean + swing * (TAU * step as f64 / steps as f64 + PI / 2.0).cos();
            x += heading.sin();
            y -= heading.cos();
            course.push((x, y));
        }
        meander += 1;
    }
    course
}
