mod counts;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};
use pulp::NullaryFnOnce;
use raster::{Cube, MaskClass, RasterError, Role, Sensor};
use serde::{Deserialize, Serialize};

use crate::ChangeError;
use crate::dilation::Disk;
pub use counts::MaskCounts;

/// Codes that a quality layer can hold.
const CODES: usize = 1 << 16;
/// Classes that one plan can tell apart (bits of its lookup).
const MAX_CLASSES: usize = 32;
/// Pixels that clouds may grow by; more is a mistake in units, and a margin that no window could be read with.
const MAX_REACH: f64 = 4096.0;

/// What a job says about masking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskOptions {
    /// Classes to mask, by the names of the sensor's table. Default: those that the table masks by default.
    pub classes: Option<Vec<String>>,
    /// Distance in metres by which clouds and shadows are grown, 0 to 10000. Default 0.
    pub dilate_m: f64,
}

/// What happens to the pixels of one sensor: which quality codes are masked, and how far clouds and shadows grow.
#[derive(Debug, Clone)]
pub struct MaskPlan {
    classes: Vec<String>,
    tables: Vec<Table>,
    disk: Disk,
}

/// The classes of each code of one quality layer, as bits.
#[derive(Debug, Clone)]
struct Table {
    layer: Role,
    classes: Vec<u32>,
    /// Which codes grow. What lies outside the scene never does, whatever rule rejects it.
    grows: Vec<bool>,
}

impl MaskPlan {
    /// The plan that masks nothing.
    pub fn none() -> Self {
        Self { classes: Vec::new(), tables: Vec::new(), disk: Disk::POINT }
    }

    /// The plan for a sensor on a grid whose pixels are `pixel_m` metres wide and high.
    ///
    /// # Errors
    /// [`ChangeError::UnknownMaskClass`]; [`ChangeError::Parameter`] for a distance beyond 10 km or 4096 pixels, or more than 32 classes.
    pub fn new(sensor: &Sensor, options: &MaskOptions, pixel_m: (f64, f64)) -> Result<Self, ChangeError> {
        if !(0.0..=10_000.0).contains(&options.dilate_m) {
            return Err(refused("dilate_m", options.dilate_m.to_string(), "metres from 0 to 10000"));
        }
        if !(pixel_m.0 > 0.0 && pixel_m.1 > 0.0) {
            return Err(refused("pixel_m", format!("{pixel_m:?}"), "positive metres"));
        }
        if options.dilate_m / pixel_m.0.min(pixel_m.1) > MAX_REACH {
            return Err(refused("dilate_m", options.dilate_m.to_string(), "a distance of at most 4096 pixels"));
        }
        let chosen = chosen_classes(sensor, options)?;
        if chosen.len() > MAX_CLASSES {
            return Err(refused("classes", chosen.len().to_string(), "at most 32 classes"));
        }
        let mut plan = Self::none();
        for (bit, class) in chosen.iter().enumerate() {
            plan.classes.push(class.name.clone());
            plan.add_codes(class, 1 << bit, sensor.fill_code);
        }
        if chosen.iter().any(|class| class.grows) {
            plan.disk = Disk::new(options.dilate_m, pixel_m);
        }
        Ok(plan)
    }

    fn add_codes(&mut self, class: &MaskClass, bit: u32, fill_code: u16) {
        let place = self.tables.iter().position(|table| table.layer == class.layer).unwrap_or_else(|| {
            self.tables.push(Table { layer: class.layer.clone(), classes: vec![0; CODES], grows: vec![false; CODES] });
            self.tables.len() - 1
        });
        let Table { classes, grows, .. } = &mut self.tables[place];
        for code in (0..=u16::MAX).filter(|code| class.condition.holds(*code)) {
            classes[usize::from(code)] |= bit;
            grows[usize::from(code)] |= class.grows && code != fill_code;
        }
    }

    /// The quality layers it reads, each once.
    pub fn layers(&self) -> Vec<Role> {
        self.tables.iter().map(|table| table.layer.clone()).collect()
    }

    /// The names of the classes that it masks.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Pixels to be read around a window, so that a cloud outside grows into it.
    pub fn margin(&self) -> usize {
        self.disk.margin()
    }

    /// The cube, NaN where a class holds or has grown to; and what was masked in it, over all times.
    ///
    /// Its quality layers are read with a margin of [`MaskPlan::margin`] pixels.
    ///
    /// # Errors
    /// [`RasterError::MissingRole`] for a quality layer, [`RasterError::Shape`] for quality layers without that margin.
    pub fn apply(&self, mut cube: Cube) -> Result<(Cube, MaskCounts), ChangeError> {
        let (times, rows, cols) = cube.shape();
        if !cube.values.is_standard_layout() {
            cube.values = cube.values.as_standard_layout().into_owned();
        }
        if !cube.quality.is_standard_layout() {
            cube.quality = cube.quality.as_standard_layout().into_owned();
        }
        let margin = self.margin();
        let expected = vec![rows + 2 * margin, cols + 2 * margin];
        let (.., high, wide) = cube.quality.dim();
        if !self.tables.is_empty() && expected != [high, wide] {
            return Err(RasterError::Shape { what: "quality layers to mask by", expected, got: vec![high, wide] }.into());
        }
        let places = self.tables.iter().map(|table| layer_place(&cube, &table.layer)).collect::<Result<Vec<_>, _>>()?;
        let mut counts = MaskCounts::of_classes(&self.classes);
        for time in 0..times {
            let grown = self.grown(&cube, &places, time);
            self.mask_image(&mut cube, &places, time, grown.as_ref(), &mut counts);
        }
        Ok((cube, counts))
    }

    /// Where growing classes reach to at a time, without the margin; `None` where nothing grows.
    fn grown(&self, cube: &Cube, places: &[usize], time: usize) -> Option<Array2<bool>> {
        let margin = self.margin();
        if margin == 0 {
            return None;
        }
        let (.., rows, cols) = cube.quality.dim();
        let mut seeds = Array2::from_elem((rows, cols), false);
        for (table, &place) in self.tables.iter().zip(places) {
            let codes = cube.quality.index_axis(Axis(0), time).index_axis_move(Axis(0), place);
            Zip::from(&mut seeds).and(codes).for_each(|seed, code| *seed |= table.grows[usize::from(*code)]);
        }
        let grown = self.disk.dilate(seeds.view());
        Some(grown.slice(s![margin..rows - margin, margin..cols - margin]).to_owned())
    }

    fn mask_image(&self, cube: &mut Cube, places: &[usize], time: usize, grown: Option<&Array2<bool>>, counts: &mut MaskCounts) {
        let (_, rows, cols) = cube.shape();
        let margin = self.margin();
        let quality = cube.quality.index_axis(Axis(0), time);
        let mut image = cube.values.index_axis_mut(Axis(0), time);
        let mut of_class = vec![0u64; self.classes.len()];
        let mut classes = vec![0u32; cols];
        let mut row_buffers = Row::new(cols);
        let arch = pulp::Arch::new();
        for row in 0..rows {
            classes.fill(0);
            for (table, &place) in self.tables.iter().zip(places) {
                let codes = quality.slice(s![place, row + margin, margin..margin + cols]);
                let codes = codes.to_slice().expect("rows of a cube are contiguous");
                classes.iter_mut().zip(codes).for_each(|(hit, code)| *hit |= table.classes[usize::from(*code)]);
            }
            let grown = grown.map(|grown| grown.row(row).to_slice().expect("rows of a standard array are contiguous"));
            let bands = image.index_axis(Axis(1), row);
            arch.dispatch(Finding { row: &mut row_buffers, bands, classes: &classes, grown, counts });
            for run in classes.chunk_by(|a, b| a == b).filter(|run| run[0] != 0) {
                count_bits(run[0], run.len() as u64, &mut of_class);
            }
            if row_buffers.masked.contains(&1) {
                row_buffers.blank(image.index_axis_mut(Axis(1), row));
            }
        }
        counts.pixels += (rows * cols) as u64;
        for (name, count) in self.classes.iter().zip(of_class) {
            *counts.masked.entry(name.clone()).or_default() += count;
        }
    }
}

/// What holds of each pixel of a row, as 0 or 1: bytes, so that rows are worked on many pixels at a time.
struct Row {
    observed: Vec<u8>,
    masked: Vec<u8>,
}

impl Row {
    fn new(cols: usize) -> Self {
        Self { observed: vec![0; cols], masked: vec![0; cols] }
    }

    /// Makes the masked pixels of a row (band, x) NaN.
    fn blank(&self, mut bands: ArrayViewMut2<'_, f32>) {
        for band in bands.outer_iter_mut() {
            let band = band.into_slice().expect("rows of a cube are contiguous");
            band.iter_mut().zip(&self.masked).for_each(|(value, masked)| *value = if *masked == 1 { f32::NAN } else { *value });
        }
    }
}

/// Finds which pixels of a row (band, x) are observed and which are masked, and counts them, with the widest vectors that the
/// processor has.
struct Finding<'a> {
    row: &'a mut Row,
    bands: ArrayView2<'a, f32>,
    classes: &'a [u32],
    grown: Option<&'a [bool]>,
    counts: &'a mut MaskCounts,
}

impl NullaryFnOnce for Finding<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { row: Row { observed, masked }, bands, classes, grown, counts } = self;
        observed.fill(0);
        for band in bands.outer_iter() {
            let band = band.to_slice().expect("rows of a cube are contiguous");
            observed.iter_mut().zip(band).for_each(|(seen, value)| *seen |= u8::from(!value.is_nan()));
        }
        masked.iter_mut().zip(classes).for_each(|(masked, classes)| *masked = u8::from(*classes != 0));
        if let Some(grown) = grown {
            let before = seen_masked(observed, masked);
            masked.iter_mut().zip(grown).for_each(|(masked, grown)| *masked |= u8::from(*grown));
            counts.dilated += seen_masked(observed, masked) - before;
        }
        let seen: u32 = observed.iter().map(|seen| u32::from(*seen)).sum();
        counts.unobserved += observed.len() as u64 - u64::from(seen);
        counts.clear += u64::from(seen) - seen_masked(observed, masked);
    }
}

/// Pixels that are both.
#[inline(always)]
fn seen_masked(observed: &[u8], masked: &[u8]) -> u64 {
    u64::from(observed.iter().zip(masked).map(|(seen, masked)| u32::from(seen & masked)).sum::<u32>())
}

fn count_bits(mut bits: u32, pixels: u64, counts: &mut [u64]) {
    while bits != 0 {
        counts[bits.trailing_zeros() as usize] += pixels;
        bits &= bits - 1;
    }
}

fn refused(parameter: &'static str, got: String, expected: &'static str) -> ChangeError {
    ChangeError::Parameter { method: "mask".to_owned(), parameter, got, expected }
}

fn chosen_classes<'a>(sensor: &'a Sensor, options: &MaskOptions) -> Result<Vec<&'a MaskClass>, ChangeError> {
    let Some(names) = &options.classes else {
        return Ok(sensor.masks.iter().filter(|class| class.default).collect());
    };
    if let Some(unknown) = names.iter().find(|name| !sensor.masks.iter().any(|class| class.name == **name)) {
        let known: Vec<&str> = sensor.masks.iter().map(|class| class.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(ChangeError::UnknownMaskClass { sensor: sensor.id.clone(), class: unknown.clone(), known });
    }
    Ok(sensor.masks.iter().filter(|class| names.contains(&class.name)).collect())
}

fn layer_place(cube: &Cube, layer: &Role) -> Result<usize, RasterError> {
    cube.layers.iter().position(|role| role == layer).ok_or_else(|| RasterError::MissingRole {
        what: "the mask".to_owned(),
        role: layer.clone(),
        scene: "(cube)".to_owned(),
    })
}

#[cfg(test)]
mod tests;
