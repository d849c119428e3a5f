use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use gdal::raster::{Buffer, ColorEntry, ColorTable, GdalType, PaletteInterpretation, RasterCreationOptions};
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags, Metadata};
use ndarray::ArrayView2;
use raster::{Grid, RasterSink, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GeoioError, Staged, complaint, crs, open};

/// A type of stored numbers.
pub trait Pixel: GdalType + Copy + Send + private::Bits {}

mod private {
    /// The bits of a number, for comparing what was written with what is read back.
    pub trait Bits {
        fn bits(self) -> u64;
        /// Whether it is a floating-point number, which has a predictor of its own.
        const FLOAT: bool;
    }
}

macro_rules! pixel {
    ($($number:ty, $float:literal, $bits:expr;)*) => { $(
        impl private::Bits for $number {
            const FLOAT: bool = $float;
            fn bits(self) -> u64 { $bits(self) }
        }
        impl Pixel for $number {}
    )* };
}

pixel! {
    u8, false, u64::from;
    u16, false, u64::from;
    i16, false, |v| v as u64;
    i32, false, |v| v as u64;
    f32, true, |v: f32| if v.is_nan() { u64::MAX } else { u64::from(v.to_bits()) };
    f64, true, |v: f64| if v.is_nan() { u64::MAX } else { v.to_bits() };
}

/// Layout of a raster file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RasterFormat {
    /// Cloud-optimised `GeoTIFF` with overviews.
    #[default]
    Cog,
    /// Tiled `GeoTIFF` without overviews.
    Gtiff,
}

/// How pixels are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Read by every program.
    #[default]
    Deflate,
    /// Smaller and faster, read by newer programs.
    Zstd,
    /// Read by every program, larger.
    Lzw,
    /// Not packed.
    None,
}

impl Compression {
    fn name(self) -> &'static str {
        match self {
            Self::Deflate => "DEFLATE",
            Self::Zstd => "ZSTD",
            Self::Lzw => "LZW",
            Self::None => "NONE",
        }
    }
}

/// A code of a classified raster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RasterClass {
    /// The stored code.
    pub code: u8,
    /// Its name, kept as the band's metadata `CLASS_<code>`.
    pub name: String,
    /// Red, green, blue, opacity.
    pub colour: [u8; 4],
}

/// How a raster is written.
#[derive(Debug, Clone)]
pub struct RasterOptions {
    /// Layout.
    pub format: RasterFormat,
    /// Packing.
    pub compression: Compression,
    /// Effort of the packing, 1 to 9 (Zstd to 22); default the library's.
    pub level: Option<u8>,
    /// Whether differences of neighbours are packed.
    pub predictor: bool,
    /// Width and height of a tile, a multiple of 16.
    pub block: usize,
    /// Threads that pack; the bytes do not depend on it.
    pub threads: usize,
    /// Stored number that means "no data".
    pub nodata: Option<f64>,
    /// Name of each band; their number is the number of bands.
    pub descriptions: Vec<String>,
    /// Tags from stored numbers to values: scale, offset.
    pub scaling: Option<(f64, f64)>,
    /// Whether pixels are codes: overviews take the nearest, else the mean.
    pub codes: bool,
    /// Classes with colours, for one band of `u8`.
    pub classes: Vec<RasterClass>,
}

impl RasterOptions {
    /// A COG of values with these bands: DEFLATE, blocks of 512, one thread, no nodata.
    pub fn values(descriptions: &[&str]) -> Self {
        Self {
            format: RasterFormat::Cog,
            compression: Compression::Deflate,
            level: None,
            predictor: true,
            block: 512,
            threads: 1,
            nodata: None,
            descriptions: descriptions.iter().map(|&text| text.to_owned()).collect(),
            scaling: None,
            codes: false,
            classes: Vec::new(),
        }
    }

    /// As [`RasterOptions::values`] for codes, dates and masks, whose overviews must not mix them.
    pub fn codes(descriptions: &[&str]) -> Self {
        Self { codes: true, ..Self::values(descriptions) }
    }

    /// The same with a nodata number.
    pub fn nodata(self, nodata: f64) -> Self {
        Self { nodata: Some(nodata), ..self }
    }
}

/// Writes one raster file: rows go to a staging file, the end packs them and reads all back before the file gets its name.
#[derive(Debug)]
pub struct RasterWriter<T> {
    /// Removed in the end; declared first so that it is closed before its file goes.
    dataset: Option<Dataset>,
    stage: Staged,
    out: Staged,
    grid: Grid,
    options: RasterOptions,
    /// Of each band: pixels written, and the sum of their marks.
    sums: Vec<(usize, u64)>,
    kind: PhantomData<T>,
}

impl<T: Pixel> RasterWriter<T> {
    /// Prepares a raster on a grid; `force` replaces a file that is there.
    ///
    /// # Errors
    /// [`GeoioError::Exists`], [`GeoioError::Write`], [`GeoioError::Encode`].
    pub fn create(path: &Path, grid: &Grid, options: RasterOptions, force: bool) -> Result<Self, GeoioError> {
        open::initialise(None);
        let out = Staged::new(path, force)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".stage");
        let stage = Staged::new(&path.with_file_name(name), true)?;
        let reference = crs::reference(&grid.crs)?;
        let bands = options.descriptions.len();
        let dataset = complaint::watch(|| {
            let mut dataset = DriverManager::get_driver_by_name("GTiff")?.create_with_band_type_with_options::<T, _>(
                stage.partial(),
                grid.cols,
                grid.rows,
                bands,
                &RasterCreationOptions::from_iter([
                    "TILED=YES",
                    "BLOCKXSIZE=256",
                    "BLOCKYSIZE=256",
                    "BIGTIFF=IF_SAFER",
                    "INTERLEAVE=BAND",
                ]),
            )?;
            dataset.set_spatial_ref(&reference)?;
            dataset.set_geo_transform(&grid.geo_transform())?;
            describe(&dataset, &options)?;
            Ok(dataset)
        })
        .map_err(|reason| encode(path, "staging", reason))?;
        let sums = vec![(0, 0); bands];
        Ok(Self { dataset: Some(dataset), stage, out, grid: grid.clone(), options, sums, kind: PhantomData })
    }

    /// Packs the staged rows into the file that will get the name.
    fn pack(&self) -> Result<(), String> {
        let driver = match self.options.format {
            RasterFormat::Cog => "COG",
            RasterFormat::Gtiff => "GTiff",
        };
        let options = creation_options(&self.options, T::FLOAT);
        let staged = reopen(self.stage.partial())?;
        let packed = complaint::watch(|| {
            let driver = DriverManager::get_driver_by_name(driver)?;
            staged.create_copy(&driver, self.out.partial(), &options)
        })?;
        close(packed)
    }

    /// Reads the packed file and compares it with what was written: the library swallows errors of its last writes.
    fn verify(&self) -> Result<(), String> {
        let packed = reopen(self.out.partial())?;
        if packed.raster_size() != (self.grid.cols, self.grid.rows) || packed.raster_count() != self.sums.len() {
            return Err("it reads back with another size".to_owned());
        }
        for (i, &expected) in self.sums.iter().enumerate() {
            let mut sum = (0, 0);
            for strip in self.grid.strips(self.options.block) {
                let size = (strip.cols, strip.rows);
                let buffer =
                    complaint::watch(|| packed.rasterband(i + 1)?.read_as::<T>((strip.col, strip.row), size, size, None))?;
                add(&mut sum, strip, self.grid.cols, buffer.data().iter().copied());
            }
            if sum != expected {
                return Err(format!("band {} reads back differently", i + 1));
            }
        }
        Ok(())
    }
}

impl<T: Pixel> RasterSink<T> for RasterWriter<T> {
    type Error = GeoioError;

    fn write(&mut self, band: usize, window: Window, values: ArrayView2<'_, T>) -> Result<(), GeoioError> {
        let path = self.out.target().to_owned();
        let wrong = |reason: String| encode(&path, "rows", reason);
        if values.dim() != (window.rows, window.cols) || self.grid.window().intersect(window) != Some(window) {
            return Err(wrong(format!(
                "{:?} pixels do not fit {window:?} of {} x {}",
                values.dim(),
                self.grid.rows,
                self.grid.cols
            )));
        }
        let Some(sum) = self.sums.get_mut(band) else { return Err(wrong(format!("there is no band {band}"))) };
        add(sum, window, self.grid.cols, values.iter().copied());
        let dataset = self.dataset.as_ref().expect("the dataset is open until finish");
        let size = (window.cols, window.rows);
        let mut buffer = Buffer::new(size, values.iter().copied().collect());
        complaint::watch(|| dataset.rasterband(band + 1)?.write((window.col, window.row), size, &mut buffer)).map_err(wrong)
    }

    fn finish(mut self) -> Result<(), GeoioError> {
        let path: PathBuf = self.out.target().to_owned();
        let wrong = |what: &'static str| move |reason: String| encode(&path, what, reason);
        if let Some(dataset) = self.dataset.take() {
            close(dataset).map_err(wrong.clone()("staging"))?;
        }
        if let Some(band) = self.sums.iter().position(|(pixels, _)| *pixels != self.grid.rows * self.grid.cols) {
            let reason = format!("band {} got {} of {} pixels", band + 1, self.sums[band].0, self.grid.rows * self.grid.cols);
            return Err(wrong.clone()("rows")(reason));
        }
        self.pack().map_err(wrong.clone()("packing"))?;
        self.verify().map_err(wrong("reading back"))?;
        self.out.commit()
    }
}

fn encode(path: &Path, what: &str, reason: String) -> GeoioError {
    GeoioError::Encode { path: path.to_owned(), what: what.to_owned(), reason }
}

fn describe(dataset: &Dataset, options: &RasterOptions) -> gdal::errors::Result<()> {
    for (i, text) in options.descriptions.iter().enumerate() {
        let mut band = dataset.rasterband(i + 1)?;
        if !options.classes.is_empty() {
            let mut colours = ColorTable::new(PaletteInterpretation::Rgba);
            for class in &options.classes {
                let [r, g, b, a] = class.colour.map(i16::from);
                colours.set_color_entry(u16::from(class.code), &ColorEntry::rgba(r, g, b, a));
            }
            band.set_color_table(&colours);
            for class in &options.classes {
                band.set_metadata_item(&format!("CLASS_{}", class.code), &class.name, "")?;
            }
        }
        band.set_description(text)?;
        if options.nodata.is_some() {
            band.set_no_data_value(options.nodata)?;
        }
        if let Some((scale, offset)) = options.scaling {
            band.set_scale(scale)?;
            band.set_offset(offset)?;
        }
    }
    Ok(())
}

fn creation_options(options: &RasterOptions, float: bool) -> RasterCreationOptions {
    let mut words = vec![
        format!("COMPRESS={}", options.compression.name()),
        "BIGTIFF=IF_SAFER".to_owned(),
        format!("NUM_THREADS={}", options.threads.max(1)),
    ];
    let packed = options.compression != Compression::None;
    let cog = options.format == RasterFormat::Cog;
    if cog {
        words.push(format!("BLOCKSIZE={}", options.block));
        words.push("OVERVIEWS=AUTO".to_owned());
        words.push(format!("OVERVIEW_RESAMPLING={}", if options.codes { "NEAREST" } else { "AVERAGE" }));
    } else {
        words.extend(["TILED=YES".to_owned(), "INTERLEAVE=BAND".to_owned()]);
        words.extend([format!("BLOCKXSIZE={}", options.block), format!("BLOCKYSIZE={}", options.block)]);
    }
    if packed {
        let predictor = match (options.predictor, cog, float) {
            (true, true, _) => "YES",
            (false, true, _) => "NO",
            (true, false, true) => "3",
            (true, false, false) => "2",
            (false, false, _) => "1",
        };
        words.push(format!("PREDICTOR={predictor}"));
    }
    match (options.level, options.compression) {
        (Some(level), Compression::Deflate | Compression::Zstd) if cog => words.push(format!("LEVEL={level}")),
        (Some(level), Compression::Deflate) => words.push(format!("ZLEVEL={level}")),
        (Some(level), Compression::Zstd) => words.push(format!("ZSTD_LEVEL={level}")),
        _ => {}
    }
    words.iter().map(String::as_str).collect()
}

/// Opens a file of our own making for reading.
fn reopen(path: &Path) -> Result<Dataset, String> {
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_RASTER | GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&["GTiff", "PNG"]),
        open_options: None,
        sibling_files: None,
    };
    complaint::watch(|| Dataset::open_ex(path, options))
}

/// Closes a dataset; what it complains about while writing its last blocks is an error.
fn close(dataset: Dataset) -> Result<(), String> {
    complaint::watch(|| dataset.close())
}

/// Adds the marks of a window's pixels: a sum that does not depend on the order of windows.
fn add<T: Pixel>((pixels, sum): &mut (usize, u64), window: Window, cols: usize, values: impl Iterator<Item = T>) {
    for (i, value) in values.enumerate() {
        let (row, col) = (i / window.cols, i % window.cols);
        let place = (window.row as usize + row) * cols + window.col as usize + col;
        *sum = sum.wrapping_add(mark(place as u64, value.bits()));
        *pixels += 1;
    }
}

/// A number that changes with the pixel's place and bits (the mixing of splitmix64).
fn mark(place: u64, bits: u64) -> u64 {
    let mut z = (bits ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
