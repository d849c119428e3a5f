use ndarray::{ArrayView2, Axis, s};
use raster::{Band, Cube, Role};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Difference of near infrared and red from which a pixel is vegetation, or vegetation with the two exchanged; in reflectance.
pub const CONTRAST: f64 = 0.15;

/// Reflectance above which a number is none.
const BRIGHTEST: f64 = 1.5;

/// What stored whole numbers are most often divided by. Only the order of red and near infrared is judged in numbers that nobody
/// scales, and they are taken for parts of this.
const USUAL_PARTS: f64 = 10_000.0;

/// Scene class of vegetation.
const VEGETATION: u16 = 4;

/// Reflectance of the lowest bin, width of a bin and number of bins.
const LOWEST: f64 = -0.5;
const BIN: f64 = 0.001;
const BINS: usize = 2000;

/// Counts over sampled pixels of one scene; parts add up in any order to the same, and take 16 kB however many pixels they saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Screening {
    /// Pixels looked at.
    pixels: u64,
    /// Those that are clear, with a value in every band that is looked at.
    clear: u64,
    /// Clear pixels whose near infrared (else red, else blue) is brighter than any reflectance.
    bright: u64,
    /// Clear pixels whose stored numbers are 0 in every band.
    zeros: u64,
    /// Pixels of clear vegetation.
    vegetation: u64,
    /// Vegetation that is below 0 in red and in blue, of those there are.
    negative: u64,
    /// Pixels that tell which of red and near infrared is brighter, and those where it is red; for reflectance, and for whole
    /// numbers that nobody scales.
    contrast: [(u64, u64); 2],
    /// Blue over vegetation.
    blue: Vec<u32>,
    has_blue: bool,
    has_red_nir: bool,
    has_classes: bool,
}

impl Default for Screening {
    fn default() -> Self {
        Self {
            pixels: 0,
            clear: 0,
            bright: 0,
            zeros: 0,
            vegetation: 0,
            negative: 0,
            contrast: [(0, 0); 2],
            blue: vec![0; BINS],
            has_blue: false,
            has_red_nir: false,
            has_classes: false,
        }
    }
}

impl Screening {
    /// Counts the pixels of a cube, NaN where they are masked; it holds what [`super::Guard::roles`] names, and maybe more.
    pub fn add(&mut self, cube: &Cube) {
        let place = |band| cube.bands.iter().position(|role| *role == Role::Band(band));
        let looked = [place(Band::Blue), place(Band::Red), place(Band::Nir).or_else(|| place(Band::Nir08))];
        let [blue, red, nir] = looked;
        let classes = cube.layers.iter().position(|role| *role == Role::Scl);
        self.has_blue |= blue.is_some();
        self.has_red_nir |= red.is_some() && nir.is_some();
        self.has_classes |= classes.is_some();
        let (times, rows, cols) = cube.shape();
        let codes = cube.quality_within();
        self.pixels += (times * rows * cols) as u64;
        for (time, image) in cube.values.axis_iter(Axis(0)).enumerate() {
            for row in 0..rows {
                let line = Line {
                    bands: image.slice(s![.., row, ..]),
                    classes: classes.map(|layer| codes.slice(s![time, layer, row, ..])),
                    looked,
                };
                for col in 0..cols {
                    if let Some(pixel) = line.pixel(cube, col) {
                        self.count(&pixel);
                    }
                }
            }
        }
    }

    fn count(&mut self, pixel: &Pixel) {
        let Pixel { blue, red, nir, class, is_zero } = *pixel;
        self.clear += 1;
        self.zeros += u64::from(is_zero);
        self.bright += u64::from(nir.or(red).or(blue).is_some_and(|v| v > BRIGHTEST));
        let by_class = class.map(|class| class == VEGETATION);
        if let Some((red, nir)) = red.zip(nir) {
            for (unit, (of, above)) in [1.0, USUAL_PARTS].into_iter().zip(&mut self.contrast) {
                if by_class.unwrap_or((nir - red).abs() >= CONTRAST * unit) {
                    *of += 1;
                    *above += u64::from(red > nir);
                }
            }
        }
        let by_contrast = red.zip(nir).is_some_and(|(red, nir)| nir - red >= CONTRAST);
        if !by_class.unwrap_or(by_contrast) {
            return;
        }
        self.vegetation += 1;
        let visible = [red, blue];
        self.negative += u64::from(visible.iter().any(Option::is_some) && visible.iter().flatten().all(|v| *v < 0.0));
        if let Some(blue) = blue {
            let bin = ((blue - LOWEST) / BIN).floor().clamp(0.0, (BINS - 1) as f64) as usize;
            self.blue[bin] = self.blue[bin].saturating_add(1);
        }
    }

    /// Pixels of clear vegetation.
    pub fn vegetation(&self) -> u64 {
        self.vegetation
    }

    /// Vegetation below 0; `None` where there is neither red nor blue.
    pub fn negative(&self) -> Option<u64> {
        (self.has_blue || self.has_red_nir).then_some(self.negative)
    }

    /// Pixels brighter in red than in the near infrared, and of how many that tell; `None` without the two bands.
    pub fn red_above_nir(&self) -> Option<(u64, u64)> {
        let (of, above) = self.contrast[usize::from(!self.is_reflectance())];
        self.has_red_nir.then_some((above, of))
    }

    /// Whether vegetation can be told.
    pub fn has_vegetation(&self) -> bool {
        self.has_red_nir || self.has_classes
    }

    /// Whether there is blue.
    pub fn has_blue(&self) -> bool {
        self.has_blue
    }

    /// Whether the numbers are reflectance: at most half of the clear pixels are brighter than any surface is.
    pub fn is_reflectance(&self) -> bool {
        2 * self.bright <= self.clear
    }

    /// Share of the clear pixels whose stored numbers are 0 in every band: fill that nobody declares.
    pub fn zero_share(&self) -> f64 {
        if self.clear == 0 { 0.0 } else { self.zeros as f64 / self.clear as f64 }
    }

    /// Blue over vegetation below which this part of it lies, rounded up to 0.001; `None` where there is none.
    pub fn blue_percentile(&self, part: f64) -> Option<f64> {
        let all: u64 = self.blue.iter().map(|n| u64::from(*n)).sum();
        let wanted = ((all as f64 * part).ceil() as u64).max(1);
        let mut sum = 0;
        let bin = self.blue.iter().position(|n| {
            sum += u64::from(*n);
            sum >= wanted
        })?;
        Some(LOWEST + (bin + 1) as f64 * BIN)
    }
}

impl std::ops::AddAssign<&Self> for Screening {
    fn add_assign(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.clear += other.clear;
        self.bright += other.bright;
        self.zeros += other.zeros;
        self.vegetation += other.vegetation;
        self.negative += other.negative;
        self.contrast.iter_mut().zip(other.contrast).for_each(|(sum, more)| {
            sum.0 += more.0;
            sum.1 += more.1;
        });
        self.blue.iter_mut().zip(&other.blue).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
        self.has_blue |= other.has_blue;
        self.has_red_nir |= other.has_red_nir;
        self.has_classes |= other.has_classes;
    }
}

impl Serialize for Screening {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = |v: f64| (v * 1e4).round() / 1e4;
        let share = |part: u64, of: u64| (of > 0).then(|| rounded(part as f64 / of as f64));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pixels", &self.pixels)?;
        map.serialize_entry("clear", &self.clear)?;
        map.serialize_entry("vegetation", &self.vegetation)?;
        map.serialize_entry("vegetation_by", if self.has_classes { "scl" } else { "difference" })?;
        map.serialize_entry("is_reflectance", &self.is_reflectance())?;
        map.serialize_entry("negative_share", &self.negative().and_then(|part| share(part, self.vegetation)))?;
        map.serialize_entry("blue_first_percentile", &self.blue_percentile(0.01).map(rounded))?;
        map.serialize_entry("red_above_nir_share", &self.red_above_nir().and_then(|(part, of)| share(part, of)))?;
        map.end()
    }
}

/// A row of a cube.
struct Line<'a> {
    bands: ArrayView2<'a, f32>,
    classes: Option<ndarray::ArrayView1<'a, u16>>,
    looked: [Option<usize>; 3],
}

/// A clear pixel in physical units.
struct Pixel {
    blue: Option<f64>,
    red: Option<f64>,
    nir: Option<f64>,
    class: Option<u16>,
    is_zero: bool,
}

impl Line<'_> {
    /// `None` where a band that is looked at has no value.
    fn pixel(&self, cube: &Cube, col: usize) -> Option<Pixel> {
        let stored = self.looked.map(|place| place.map(|band| self.bands[[band, col]]));
        if stored.iter().flatten().any(|v| v.is_nan()) {
            return None;
        }
        let value = |i: usize| self.looked[i].zip(stored[i]).map(|(band, v)| cube.scaling[band].apply(v));
        Some(Pixel {
            blue: value(0),
            red: value(1),
            nir: value(2),
            class: self.classes.map(|codes| codes[col]),
            is_zero: stored.iter().flatten().all(|v| *v == 0.0),
        })
    }
}
