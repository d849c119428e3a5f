//! Orthomosaics of drones: pictures of red, green and blue, and bands of multispectral cameras.
//!
//! Source: `OpenDroneMap` (alpha, names of bands); the wavelengths are those of common cameras.

use super::{BandRow, Quantity, Sensor, bands, of_codes};
use crate::{Band, Role};

/// A picture in 8 bits: good for indices of relative brightness within one flight, and never for reflectance.
pub fn rgb() -> Sensor {
    table("drone-rgb", "Drone orthomosaic, RGB or RGBA in 8 bits", Quantity::Relative, &BANDS[..3])
}

/// Bands of a multispectral camera, in the order in which the file or the job names them.
pub fn multispectral() -> Sensor {
    table("drone-multispectral", "Drone orthomosaic, multispectral", Quantity::Any, &BANDS)
}

const BANDS: [BandRow; 6] = [
    (Band::Blue, "blue", 475.0),
    (Band::Green, "green", 560.0),
    (Band::Red, "red", 668.0),
    (Band::Rededge071, "rededge", 717.0),
    (Band::Nir, "nir", 840.0),
    (Band::Lwir, "lwir", 11_000.0),
];

fn table(id: &str, title: &str, quantity: Quantity, rows: &[BandRow]) -> Sensor {
    let alpha = Role::Quality("alpha".to_owned());
    Sensor {
        title: title.to_owned(),
        product: "orthomosaic".to_owned(),
        quantity,
        bands: bands(rows),
        quality: vec![(alpha.clone(), "alpha".to_owned())],
        masks: vec![of_codes("transparent", &alpha, &[0]).by_default()],
        ..Sensor::plain(id)
    }
}
