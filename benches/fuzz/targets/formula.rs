//! Formulas of spectral indices: parsed, compiled and evaluated.
#![no_main]

use change::{Constant, Direction, SpectralIndex};
use libfuzzer_sys::fuzz_target;
use ndarray::Array4;
use raster::{Band, Cube, Role, Scaling};

fuzz_target!(|text: &str| {
    let definition = Constant { name: "g".to_owned(), value: "L * (N + R)".to_owned() };
    let constants = [Constant::number("L", 0.5), definition];
    let read = SpectralIndex::new("X", text, &constants, Direction::Fall);
    match read {
        Err(error) => atalaya_fuzz::said(&error),
        Ok(index) => {
            let bands: Vec<Role> = Band::ALL.into_iter().map(Role::Band).collect();
            let mut cube = Cube::unobserved(1, bands.clone(), vec![Scaling::IDENTITY; bands.len()], Vec::new(), 1, 3);
            cube.values = Array4::from_shape_fn((1, bands.len(), 1, 3), |(_, band, _, x)| (band * 7 + x) as f32 * 0.01);
            if index.needs_sensor() {
                return;
            }
            let values = index.compute(&cube).expect("the cube has the bands that the index names");
            assert_eq!(values.dim(), (1, 1, 3));
        }
    }
});
