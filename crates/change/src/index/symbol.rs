use raster::Band;

/// A band symbol of the Awesome Spectral Indices and the bands it stands for, the preferred one first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// As formulas write it.
    pub(crate) text: &'static str,
    /// Bands, by preference; the name of the first is understood as well.
    pub(crate) bands: &'static [Band],
}

pub(super) const SYMBOLS: [Symbol; 21] = [
    Symbol { text: "A", bands: &[Band::Coastal] },
    Symbol { text: "B", bands: &[Band::Blue] },
    Symbol { text: "G1", bands: &[Band::Green05] },
    Symbol { text: "G", bands: &[Band::Green] },
    Symbol { text: "Y", bands: &[Band::Yellow] },
    Symbol { text: "R", bands: &[Band::Red] },
    Symbol { text: "RE1", bands: &[Band::Rededge071] },
    Symbol { text: "RE2", bands: &[Band::Rededge075] },
    Symbol { text: "RE3", bands: &[Band::Rededge078] },
    Symbol { text: "N", bands: &[Band::Nir, Band::Nir08] },
    Symbol { text: "N2", bands: &[Band::Nir08] },
    Symbol { text: "WV", bands: &[Band::Nir09] },
    Symbol { text: "S1", bands: &[Band::Swir16] },
    Symbol { text: "S2", bands: &[Band::Swir22] },
    Symbol { text: "T", bands: &[Band::Lwir, Band::Lwir11] },
    Symbol { text: "T1", bands: &[Band::Lwir11] },
    Symbol { text: "T2", bands: &[Band::Lwir12] },
    Symbol { text: "VV", bands: &[Band::Vv] },
    Symbol { text: "VH", bands: &[Band::Vh] },
    Symbol { text: "HV", bands: &[Band::Hv] },
    Symbol { text: "HH", bands: &[Band::Hh] },
];

/// The symbol that a word of a formula means: its own letters, or the band's name in any letters.
pub(crate) fn symbol(word: &str) -> Option<&'static Symbol> {
    static ALL: [Symbol; 21] = SYMBOLS;
    ALL.iter().find(|s| s.text == word).or_else(|| ALL.iter().find(|s| s.bands[0].name().eq_ignore_ascii_case(word)))
}

/// The symbol whose centre wavelength in nanometres a word means: `lambdaN` is that of the near infrared.
pub(super) fn wavelength(word: &str) -> Option<&'static Symbol> {
    symbol(word.strip_prefix("lambda")?).filter(|symbol| word.ends_with(symbol.text))
}

/// The symbols, for people.
pub(super) fn list() -> String {
    SYMBOLS.map(|s| s.text).join(" ")
}

impl Symbol {
    /// The band that it means of a sensor, where the sensor is known to have one; of two near infrared bands the one that its table names.
    pub(super) fn of_sensor(&self, sensor: &raster::Sensor) -> Option<&'static Band> {
        let has = |band: &&Band| sensor.bands.iter().any(|row| row.band == **band);
        self.bands.iter().find(|band| **band == sensor.nir && has(band)).or_else(|| self.bands.iter().find(has))
    }
}
