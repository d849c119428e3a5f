use std::borrow::Cow;
use std::sync::Arc;

use ndarray::Array3;
use pulp::NullaryFnOnce;
use raster::{Cube, Role, Scaling};

use super::SpectralIndex;
use super::formula::Input;
use super::program::{CHUNK, Program, Register};
use super::symbol::Symbol;
use crate::ChangeError;
use crate::unmixing::Unmixing;

/// A program and which of the registers each of its inputs is.
struct Task<'a> {
    program: Cow<'a, Program>,
    places: Vec<usize>,
}

/// Several indices over a cube, one array (time, y, x) each; every band is read and scaled once.
///
/// See [`SpectralIndex::compute`] for what the values are.
///
/// # Errors
/// [`raster::RasterError::MissingRole`] where the cube lacks a band.
pub fn compute_all(indices: &[&SpectralIndex], cube: &Cube) -> Result<Vec<Array3<f32>>, ChangeError> {
    let mut results = Vec::new();
    compute_into(indices, cube, &mut results)?;
    Ok(results)
}

/// As [`compute_all`], into arrays of an earlier call: those of another shape, and what is too many or too few, are replaced.
///
/// # Errors
/// As [`compute_all`].
pub fn compute_into(indices: &[&SpectralIndex], cube: &Cube, results: &mut Vec<Array3<f32>>) -> Result<(), ChangeError> {
    let mut sources = Sources::default();
    let tasks = indices.iter().map(|index| task(index, cube, &mut sources)).collect::<Result<Vec<_>, _>>()?;
    // Zeros come without touching memory; every pixel is written below.
    results.retain(|array| array.dim() == cube.shape());
    results.resize_with(tasks.len(), || Array3::zeros(cube.shape()));
    evaluate(&tasks, &sources, cube, results);
    Ok(())
}

/// What fills the registers that tasks read.
#[derive(Default)]
struct Sources {
    /// The band of the cube that fills each register; `None` for those of fractions.
    registers: Vec<Option<usize>>,
    mixtures: Vec<Mixture>,
}

/// An unmixing of one set of bands.
struct Mixture {
    unmixing: Arc<Unmixing>,
    /// Registers of its bands.
    bands: Vec<usize>,
    /// Registers of its outputs, from the first on.
    outputs: usize,
}

impl Sources {
    /// The register of a band of the cube.
    fn band(&mut self, band: usize) -> usize {
        self.registers.iter().position(|known| *known == Some(band)).unwrap_or_else(|| {
            self.registers.push(Some(band));
            self.registers.len() - 1
        })
    }

    /// The register of an output of an unmixing; pixels are unmixed once, whoever asks.
    fn fraction(&mut self, unmixing: &Arc<Unmixing>, bands: Vec<usize>, output: usize) -> usize {
        let known = self.mixtures.iter().find(|known| known.bands == bands && known.unmixing == *unmixing);
        if let Some(known) = known {
            return known.outputs + output;
        }
        let outputs = self.registers.len();
        self.registers.extend(unmixing.outputs().iter().map(|_| None));
        self.mixtures.push(Mixture { unmixing: Arc::clone(unmixing), bands, outputs });
        outputs + output
    }
}

/// The values of each task, whose places are those of the registers of `sources`.
fn evaluate(tasks: &[Task<'_>], sources: &Sources, cube: &Cube, results: &mut [Array3<f32>]) {
    let (times, rows, cols) = cube.shape();
    let pixels = rows * cols;
    let values = cube.values.as_standard_layout();
    let values = values.as_slice().expect("standard layout is contiguous");
    let mut inputs = Register::many(sources.registers.len());
    let mut scratch = Register::many(tasks.iter().map(|task| task.program.scratch()).max().unwrap_or(0));
    let arch = pulp::Arch::new();
    for time in 0..times {
        for start in (0..pixels).step_by(CHUNK) {
            let end = (start + CHUNK).min(pixels);
            let at = Part { time, start, end, pixels };
            arch.dispatch(Evaluation {
                tasks,
                sources,
                cube,
                values,
                inputs: &mut inputs,
                scratch: &mut scratch,
                results: &mut *results,
                at,
            });
        }
    }
}

/// Some pixels of one time: `start` to `end` of its `pixels`.
#[derive(Clone, Copy)]
struct Part {
    time: usize,
    start: usize,
    end: usize,
    pixels: usize,
}

/// The values of each task at some pixels, worked out with the widest vectors that the processor has; every operation is rounded
/// alike on all of them.
struct Evaluation<'a, 'b> {
    tasks: &'a [Task<'b>],
    sources: &'a Sources,
    cube: &'a Cube,
    values: &'a [f32],
    inputs: &'a mut [Register],
    scratch: &'a mut [Register],
    results: &'a mut [Array3<f32>],
    at: Part,
}

impl NullaryFnOnce for Evaluation<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Part { time, start, end, pixels } = self.at;
        for (register, band) in self.inputs.iter_mut().zip(&self.sources.registers) {
            let Some(band) = *band else { continue };
            let plane = (time * self.cube.bands.len() + band) * pixels;
            load(&self.values[plane + start..plane + end], self.cube.scaling[band], register);
        }
        for mixture in &self.sources.mixtures {
            unmix(mixture, self.inputs, end - start);
        }
        for (task, result) in self.tasks.iter().zip(self.results) {
            let out = result.as_slice_mut().expect("a new array is contiguous");
            let out = &mut out[time * pixels + start..time * pixels + end];
            task.program.run(self.inputs, &task.places, self.scratch, out);
        }
    }
}

#[inline(always)]
fn load(stored: &[f32], scaling: Scaling, register: &mut Register) {
    if scaling == Scaling::IDENTITY {
        register.0.iter_mut().zip(stored).for_each(|(value, stored)| *value = f64::from(*stored));
    } else {
        register.0.iter_mut().zip(stored).for_each(|(value, stored)| *value = scaling.apply(*stored));
    }
}

/// Fills the registers of a mixture's outputs, for the first `pixels`.
#[inline(always)]
fn unmix(mixture: &Mixture, registers: &mut [Register], pixels: usize) {
    let mut filled: Vec<Register> =
        registers[mixture.outputs..][..mixture.unmixing.outputs().len()].iter_mut().map(std::mem::take).collect();
    let bands: Vec<&[f64]> = mixture.bands.iter().map(|band| &registers[*band].0[..pixels]).collect();
    let mut outputs: Vec<&mut [f64]> = filled.iter_mut().map(|register| &mut register.0[..pixels]).collect();
    mixture.unmixing.unmix(&bands, &mut outputs);
    registers[mixture.outputs..].iter_mut().zip(filled).for_each(|(register, filled)| *register = filled);
}

/// The task of an index; what it reads and no index before it needed is added to `sources`.
fn task<'a>(index: &'a SpectralIndex, cube: &Cube, sources: &mut Sources) -> Result<Task<'a>, ChangeError> {
    if let Some(band) = cube.bands.iter().position(|role| *role == index.role()) {
        return Ok(Task { program: Cow::Owned(Program::identity()), places: vec![sources.band(band)] });
    }
    if let Some(symbol) = index.wavelengths.first() {
        let reason = format!("it depends on the sensor of an image, which nobody named: give lambda{}=NANOMETRES", symbol.text);
        return Err(ChangeError::Constant { index: index.name.clone(), constant: format!("lambda{}", symbol.text), reason });
    }
    let band = |sources: &mut Sources, symbol: &Symbol| {
        let present = symbol.bands.iter().map(|band| Role::Band(*band)).find(|role| cube.bands.contains(role));
        let role = present.unwrap_or(Role::Band(symbol.bands[0]));
        Ok::<_, ChangeError>(sources.band(cube.band_index(&role, index.name())?))
    };
    let mut places = Vec::with_capacity(index.inputs.len());
    for input in &index.inputs {
        places.push(match input {
            Input::Band(symbol) => band(sources, symbol)?,
            Input::Fraction(output) => {
                let symbols = index.unmixing.symbols().iter();
                let bands = symbols.map(|symbol| band(sources, symbol)).collect::<Result<_, _>>()?;
                sources.fraction(&index.unmixing, bands, *output)
            }
        });
    }
    Ok(Task { program: Cow::Borrowed(&index.program), places })
}
