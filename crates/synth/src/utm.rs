/// A place in a zone of the Universal Transverse Mercator system on WGS 84, northern half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Utm {
    /// Zone, 1 to 60.
    pub zone: u32,
    /// Easting in metres, with the false 500 000.
    pub easting_m: f64,
    /// Northing in metres from the equator.
    pub northing_m: f64,
}

/// Semi-major axis of WGS 84 in metres.
const AXIS_M: f64 = 6_378_137.0;
/// Flattening of WGS 84.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Scale on the central meridian of a UTM zone.
const SCALE: f64 = 0.9996;

/// Longitude and latitude in degrees of a UTM place; for simulations only, the program projects with PROJ.
///
/// Krüger's series in the third flattening, to its fourth order (C. F. F. Karney 2011, "Transverse Mercator with an
/// accuracy of a few nanometers", J. Geodesy 85:475-485, equations 14, 15 and 36; latitude from the conformal latitude
/// by Newton's method, equations 19-21): better than a micrometre within a zone.
pub fn lonlat(place: Utm) -> (f64, f64) {
    let n = FLATTENING / (2.0 - FLATTENING);
    let (n2, n3, n4) = (n * n, n.powi(3), n.powi(4));
    let rectifying = AXIS_M / (1.0 + n) * (1.0 + n2 / 4.0 + n4 / 64.0);
    let beta = [
        n / 2.0 - 2.0 / 3.0 * n2 + 37.0 / 96.0 * n3 - n4 / 360.0,
        n2 / 48.0 + n3 / 15.0 - 437.0 / 1440.0 * n4,
        17.0 / 480.0 * n3 - 37.0 / 840.0 * n4,
        4397.0 / 161_280.0 * n4,
    ];
    let xi = place.northing_m / (SCALE * rectifying);
    let eta = (place.easting_m - 500_000.0) / (SCALE * rectifying);
    let (mut xi_sphere, mut eta_sphere) = (xi, eta);
    for (j, b) in beta.into_iter().enumerate() {
        let twice = 2.0 * (j + 1) as f64;
        xi_sphere -= b * (twice * xi).sin() * (twice * eta).cosh();
        eta_sphere -= b * (twice * xi).cos() * (twice * eta).sinh();
    }
    let conformal = xi_sphere.sin() / eta_sphere.sinh().hypot(xi_sphere.cos());
    let lon = eta_sphere.sinh().atan2(xi_sphere.cos());
    let meridian = f64::from(place.zone) * 6.0 - 183.0;
    (meridian + lon.to_degrees(), geographic_tangent(conformal).atan().to_degrees())
}

/// Tangent of the geographic latitude whose conformal latitude has this tangent.
fn geographic_tangent(conformal: f64) -> f64 {
    let square = FLATTENING * (2.0 - FLATTENING);
    let eccentricity = square.sqrt();
    let mut tau = conformal;
    for _ in 0..5 {
        let root = tau.hypot(1.0);
        let sigma = (eccentricity * (eccentricity * tau / root).atanh()).sinh();
        let guess = tau * sigma.hypot(1.0) - sigma * root;
        tau += (conformal - guess) / guess.hypot(1.0) * (1.0 + (1.0 - square) * tau * tau) / ((1.0 - square) * root);
    }
    tau
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zone, easting and northing in metres, then longitude and latitude in degrees by PROJ 9 (pyproj 3.7.2).
    const BY_PROJ: [(u32, f64, f64, f64, f64); 6] = [
        (18, 511_130.0, 121_590.0, -74.899_959_236_098_24, 1.100_059_827_322_750_2),
        (18, 500_000.0, 0.0, -75.0, 0.0),
        (18, 200_000.0, 450_000.0, -77.701_785_529_180_17, 4.066_681_813_845_86),
        (18, 820_000.0, 1_300_000.0, -72.064_340_723_155_6, 11.744_762_388_187_352),
        (31, 448_251.795, 5_411_932.678, 2.294_499_997_150_629_2, 48.858_200_002_953_62),
        (19, 300_000.0, 9000.5, -70.797_054_613_944_14, 0.081_390_026_863_044_47),
    ];

    #[test]
    fn utm_places_lie_where_proj_puts_them() {
        for (zone, easting_m, northing_m, lon, lat) in BY_PROJ {
            let (x, y) = lonlat(Utm { zone, easting_m, northing_m });
            assert!((x - lon).abs() < 1e-8 && (y - lat).abs() < 1e-8, "{x} {y} is not {lon} {lat}");
        }
    }
}
