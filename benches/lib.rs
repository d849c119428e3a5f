//! Simulated inputs of the benches. One file is one stage of `atalaya bench`: `read`, `mask`, `index`, `change`, `patches`,
//! `overlay`, `write`.
//!
//! All run on one thread; `atalaya bench` measures the stages as a run takes them and the whole job, `scripts/performance` the
//! program beside its peers.

use ndarray::s;
use raster::{Cube, Role, Scaling, Sensor};
use synth::{Landscape, LandscapeOptions};

/// Pixels a side of the scenes.
pub const SIZE: usize = 640;

/// The landscape of seed 1.
///
/// # Panics
/// Where `size_px` is out of the range of landscapes.
pub fn landscape(size_px: usize) -> Landscape {
    Landscape::new(LandscapeOptions { size_px, ..LandscapeOptions::default() }).expect("a size in range")
}

/// The scene of `dates()[t]` as a cube (1, band, y, x) of stored numbers, with its scene classes.
///
/// # Panics
/// Where `t` is no place in the landscape's dates.
pub fn cube(landscape: &Landscape, t: usize) -> Cube {
    let (layers, bands): (Vec<Role>, Vec<Role>) = Landscape::layers().into_iter().partition(Role::is_quality);
    let scaling: Vec<Scaling> = vec![Landscape::scaling(); bands.len()];
    let scene = landscape.scene(t);
    let (_, rows, cols) = scene.dim();
    let mut cube = Cube::unobserved(1, bands, scaling, layers, rows, cols);
    let count = cube.bands.len();
    let stored = scene.slice(s![..count, .., ..]).mapv(|number| if number == 0 { f32::NAN } else { f32::from(number) });
    cube.values.slice_mut(s![0, .., .., ..]).assign(&stored);
    cube.quality.slice_mut(s![0, .., .., ..]).assign(&scene.slice(s![count.., .., ..]));
    cube
}

/// A sensor whose scene classes say what is clear: vegetation and bare ground.
///
/// # Panics
/// Never: the rule is fixed.
pub fn sensor() -> Sensor {
    Sensor::plain("simulated").with_rule(&Role::Scl, &"value in {4,5}".parse().expect("a rule"))
}
