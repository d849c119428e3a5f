use serde::{Deserialize, Serialize};

use crate::{Band, Role, Scaling};

/// How a straight line was fitted to pairs of reflectance of two sensors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regression {
    /// Reduced major axis: both sensors are taken to err, and contrast is kept.
    #[default]
    Rma,
    /// Ordinary least squares: the best guess of the other sensor's value, drawn towards the mean.
    Ols,
}

/// A band and its line: slope and intercept in reflectance.
pub type Line = (Band, f64, f64);

/// Straight lines that bring the reflectance of one sensor to that of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmonisation {
    /// Id of the sensor that is brought.
    pub from: &'static str,
    /// The spacecraft it holds for, as metadata spell it.
    pub platform: &'static str,
    /// Id of the sensor that it is brought to.
    pub to: &'static str,
    /// How the lines were fitted.
    pub regression: Regression,
    /// Where they were published.
    pub citation: &'static str,
    /// The bands that have a line.
    pub bands: &'static [Line],
    /// Ready-made indices that have a line of their own: name in small letters, slope, intercept.
    pub indices: &'static [(&'static str, f64, f64)],
}

impl Harmonisation {
    /// Slope and intercept of a band or a ready-made index; `None` where nobody published any.
    pub fn line(&self, role: &Role) -> Option<(f64, f64)> {
        match role {
            Role::Band(band) => self.bands.iter().find(|(of, ..)| of == band).map(|(_, slope, intercept)| (*slope, *intercept)),
            Role::Index(name) => {
                self.indices.iter().find(|(of, ..)| of == name).map(|(_, slope, intercept)| (*slope, *intercept))
            }
            _ => None,
        }
    }

    /// The scaling that gives harmonised values of the stored numbers of a band or a ready-made index.
    pub fn scaling(&self, role: &Role, stored: Scaling) -> Option<Scaling> {
        let (slope, intercept) = self.line(role)?;
        Some(Scaling { scale: slope * stored.scale, offset: slope * stored.offset + intercept })
    }
}

const ROY_2016: &str = "Roy et al., Remote Sensing of Environment 185 (2016), table 2, https://doi.org/10.1016/j.rse.2015.12.024";
const CLAVERIE_2018: &str = "HLS user guide 1.4, bandpass adjustment; Claverie et al., Remote Sensing of Environment 219 (2018), https://doi.org/10.1016/j.rse.2018.09.002";

const ETM_RMA: [Line; 6] = [
    (Band::Blue, 0.9785, -0.0095),
    (Band::Green, 0.9542, -0.0016),
    (Band::Red, 0.9825, -0.0022),
    (Band::Nir08, 1.0073, -0.0021),
    (Band::Swir16, 1.0171, -0.0030),
    (Band::Swir22, 0.9949, 0.0029),
];

const ETM_OLS: [Line; 6] = [
    (Band::Blue, 0.8474, 0.0003),
    (Band::Green, 0.8483, 0.0088),
    (Band::Red, 0.9047, 0.0061),
    (Band::Nir08, 0.8462, 0.0412),
    (Band::Swir16, 0.8937, 0.0254),
    (Band::Swir22, 0.9071, 0.0172),
];

/// NDVI of reflectance at the ground, of the same table as Robinson et al. (Remote Sensing 9, 2017, 863) quote it. What others quote of the
/// reduced major axis (1.0035, 0.0149) could not be held against the table, and is left out.
const ETM_NDVI_OLS: [(&str, f64, f64); 1] = [("ndvi", 0.9723, 0.0235)];

const S2A: [Line; 7] = [
    (Band::Coastal, 0.9959, -0.0002),
    (Band::Blue, 0.9778, -0.0040),
    (Band::Green, 1.0053, -0.0009),
    (Band::Red, 0.9765, 0.0009),
    (Band::Nir08, 0.9983, -0.0001),
    (Band::Swir16, 0.9987, -0.0011),
    (Band::Swir22, 1.0030, -0.0012),
];

const S2B: [Line; 7] = [
    (Band::Coastal, 0.9959, -0.0002),
    (Band::Blue, 0.9778, -0.0040),
    (Band::Green, 1.0075, -0.0008),
    (Band::Red, 0.9761, 0.0010),
    (Band::Nir08, 0.9966, 0.0),
    (Band::Swir16, 1.0, -0.0003),
    (Band::Swir22, 0.9867, 0.0004),
];

/// Every harmonisation, one line each.
///
/// Those of Sentinel-2 are one line through both sensors' bands simulated of 500 spectra of the ground: they stand under both ways.
pub const HARMONISATIONS: &[Harmonisation] = &[
    of("landsat-etm", "LANDSAT_7", Regression::Rma, ROY_2016, &ETM_RMA),
    Harmonisation { indices: &ETM_NDVI_OLS, ..of("landsat-etm", "LANDSAT_7", Regression::Ols, ROY_2016, &ETM_OLS) },
    of("sentinel-2-msi", "Sentinel-2A", Regression::Rma, CLAVERIE_2018, &S2A),
    of("sentinel-2-msi", "Sentinel-2A", Regression::Ols, CLAVERIE_2018, &S2A),
    of("sentinel-2-msi", "Sentinel-2B", Regression::Rma, CLAVERIE_2018, &S2B),
    of("sentinel-2-msi", "Sentinel-2B", Regression::Ols, CLAVERIE_2018, &S2B),
];

const fn of(
    from: &'static str,
    platform: &'static str,
    regression: Regression,
    citation: &'static str,
    bands: &'static [Line],
) -> Harmonisation {
    Harmonisation { from, platform, to: "landsat-oli", regression, citation, bands, indices: &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::all;

    #[test]
    fn stored_numbers_become_harmonised_reflectance_as_worked_out_by_hand() {
        let stored = Scaling { scale: 2.75e-5, offset: -0.2 };
        let red = HARMONISATIONS[0].scaling(&Band::Red.into(), stored).expect("a line");
        // 12000 x 0.0000275 - 0.2 = 0.13; 0.13 x 0.9825 - 0.0022 = 0.125525.
        assert!((red.apply(12_000.0) - 0.125_525).abs() < 1e-12, "{}", red.apply(12_000.0));
        let blue = HARMONISATIONS[2].scaling(&Band::Blue.into(), Scaling { scale: 1e-4, offset: -0.1 }).expect("a line");
        // 1500 x 0.0001 - 0.1 = 0.05; 0.05 x 0.9778 - 0.004 = 0.04489.
        assert!((blue.apply(1_500.0) - 0.044_89).abs() < 1e-12, "{}", blue.apply(1_500.0));
        assert_eq!(HARMONISATIONS[2].scaling(&Band::Nir.into(), stored), None, "of the wide near infrared nothing is published");
        let ndvi = Role::Index("ndvi".to_owned());
        let of_index = HARMONISATIONS[1].scaling(&ndvi, Scaling { scale: 1e-4, offset: 0.0 }).expect("a line");
        // 8000 x 0.0001 = 0.8; 0.8 x 0.9723 + 0.0235 = 0.80134.
        assert!((of_index.apply(8_000.0) - 0.801_34).abs() < 1e-12, "{}", of_index.apply(8_000.0));
        assert!(HARMONISATIONS[0].line(&ndvi).is_none() && HARMONISATIONS[2].line(&ndvi).is_none());
    }

    #[test]
    fn slopes_of_the_reduced_major_axis_are_the_geometric_means_of_both_regressions() {
        // Table 2 of Roy et al. has the regressions of OLI on ETM+ and of ETM+ on OLI; these are the slopes of the latter.
        let back = [0.8850, 0.9317, 0.9372, 0.8339, 0.8639, 0.9165];
        for ((rma, ols), back) in ETM_RMA.iter().zip(ETM_OLS).zip(back) {
            assert!((rma.1 - (ols.1 / back).sqrt()).abs() < 1e-4, "{}: {} of {} and {back}", rma.0, rma.1, ols.1);
        }
    }

    #[test]
    fn sensors_and_bands_of_lines_have_tables() {
        for lines in HARMONISATIONS {
            let sensor = |id: &str| all().into_iter().find(|sensor| sensor.id == id).expect("a sensor with a table");
            let (from, to) = (sensor(lines.from), sensor(lines.to));
            assert!(from.platforms.iter().any(|platform| platform == lines.platform), "{}", lines.platform);
            for (band, ..) in lines.bands {
                assert!([&from, &to].iter().all(|sensor| sensor.bands.iter().any(|row| row.band == *band)), "{band}");
            }
        }
    }
}
