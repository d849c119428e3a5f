use super::{Direction, SpectralIndex};

/// A built-in index as it was published.
struct Record {
    name: &'static str,
    title: &'static str,
    formula: &'static str,
    constants: &'static [(&'static str, f64)],
    direction: Direction,
    reference: &'static str,
}

/// Formulas, constants and references as the Awesome Spectral Indices give them (BSI stands there as BI).
const RECORDS: [Record; 19] = [
    Record {
        name: "NDVI",
        title: "Normalized Difference Vegetation Index",
        formula: "(N - R)/(N + R)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://ntrs.nasa.gov/citations/19740022614",
    },
    Record {
        name: "EVI",
        title: "Enhanced Vegetation Index",
        formula: "g * (N - R) / (N + C1 * R - C2 * B + L)",
        constants: &[("g", 2.5), ("C1", 6.0), ("C2", 7.5), ("L", 1.0)],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/S0034-4257(96)00112-5",
    },
    Record {
        name: "EVI2",
        title: "Two-Band Enhanced Vegetation Index",
        formula: "g * (N - R) / (N + 2.4 * R + L)",
        constants: &[("g", 2.5), ("L", 1.0)],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/j.rse.2008.06.006",
    },
    Record {
        name: "SAVI",
        title: "Soil-Adjusted Vegetation Index",
        formula: "(1.0 + L) * (N - R) / (N + R + L)",
        constants: &[("L", 0.5)],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/0034-4257(88)90106-X",
    },
    Record {
        name: "MSAVI",
        title: "Modified Soil-Adjusted Vegetation Index",
        formula: "0.5 * (2.0 * N + 1 - (((2 * N + 1) ** 2) - 8 * (N - R)) ** 0.5)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/0034-4257(94)90134-1",
    },
    Record {
        name: "GNDVI",
        title: "Green Normalized Difference Vegetation Index",
        formula: "(N - G)/(N + G)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/S0034-4257(96)00072-7",
    },
    Record {
        name: "NDMI",
        title: "Normalized Difference Moisture Index",
        formula: "(N - S1)/(N + S1)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/S0034-4257(01)00318-2",
    },
    Record {
        name: "NBR",
        title: "Normalized Burn Ratio",
        formula: "(N - S2) / (N + S2)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.3133/ofr0211",
    },
    Record {
        name: "NBR2",
        title: "Normalized Burn Ratio 2",
        formula: "(S1 - S2) / (S1 + S2)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://www.usgs.gov/core-science-systems/nli/landsat/landsat-normalized-burn-ratio-2",
    },
    Record {
        name: "NDWI",
        title: "Normalized Difference Water Index",
        formula: "(G - N) / (G + N)",
        constants: &[],
        direction: Direction::Rise,
        reference: "https://doi.org/10.1080/01431169608948714",
    },
    Record {
        name: "MNDWI",
        title: "Modified Normalized Difference Water Index",
        formula: "(G - S1) / (G + S1)",
        constants: &[],
        direction: Direction::Rise,
        reference: "https://doi.org/10.1080/01431160600589179",
    },
    Record {
        name: "kNDVI",
        title: "Kernel Normalized Difference Vegetation Index (RBF kernel, sigma = 0.5 (N + R))",
        formula: "tanh(((N - R)/(N + R))**2)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1126/sciadv.abc7447",
    },
    Record {
        name: "NDBI",
        title: "Normalized Difference Built-Up Index",
        formula: "(S1 - N) / (S1 + N)",
        constants: &[],
        direction: Direction::Rise,
        reference: "http://dx.doi.org/10.1080/01431160304987",
    },
    Record {
        name: "CIG",
        title: "Chlorophyll Index Green",
        formula: "(N / G) - 1.0",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1078/0176-1617-00887",
    },
    Record {
        name: "BSI",
        title: "Bare Soil Index",
        formula: "((S1 + R) - (N + B))/((S1 + R) + (N + B))",
        constants: &[],
        direction: Direction::Rise,
        reference: "http://citeseerx.ist.psu.edu/viewdoc/download?doi=10.1.1.465.8749&rep=rep1&type=pdf",
    },
    Record {
        name: "VARI",
        title: "Visible Atmospherically Resistant Index",
        formula: "(G - R) / (G + R - B)",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.1016/S0034-4257(01)00289-9",
    },
    Record {
        name: "GLI",
        title: "Green Leaf Index",
        formula: "(2.0 * G - R - B) / (2.0 * G + R + B)",
        constants: &[],
        direction: Direction::Fall,
        reference: "http://dx.doi.org/10.1080/10106040108542184",
    },
    Record {
        name: "ExG",
        title: "Excess Green Index",
        formula: "2 * G - R - B",
        constants: &[],
        direction: Direction::Fall,
        reference: "https://doi.org/10.13031/2013.27838",
    },
    Record {
        name: "TGI",
        title: "Triangular Greenness Index",
        formula: "- 0.5 * (190 * (R - G) - 120 * (R - B))",
        constants: &[],
        direction: Direction::Fall,
        reference: "http://digitalcommons.unl.edu/usdaarsfacpub/1156",
    },
];

/// Every built-in index, in the order of the catalogue.
pub fn catalogue() -> Vec<SpectralIndex> {
    RECORDS.iter().map(Record::index).collect()
}

impl Record {
    fn index(&self) -> SpectralIndex {
        let constants: Vec<(String, f64)> = self.constants.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        SpectralIndex::new(self.name, self.formula, &constants, self.direction)
            .expect("the catalogue's formulas are read by a test")
            .described(self.title, self.reference)
    }
}
