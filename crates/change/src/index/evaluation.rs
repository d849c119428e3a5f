use std::borrow::Cow;

use ndarray::Array3;
use pulp::NullaryFnOnce;
use raster::{Cube, Role, Scaling};

use super::SpectralIndex;
use super::program::{CHUNK, Program, Register};
use crate::ChangeError;

/// A program and which of the loaded bands each of its symbols is.
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
    let mut bands = Vec::new();
    let tasks = indices.iter().map(|index| task(index, cube, &mut bands)).collect::<Result<Vec<_>, _>>()?;
    // Zeros come without touching memory; every pixel is written below.
    results.retain(|array| array.dim() == cube.shape());
    results.resize_with(tasks.len(), || Array3::zeros(cube.shape()));
    evaluate(&tasks, &bands, cube, results);
    Ok(())
}

/// The values of each task, whose places are those of `bands`, which are places in the cube.
fn evaluate(tasks: &[Task<'_>], bands: &[usize], cube: &Cube, results: &mut [Array3<f32>]) {
    let (times, rows, cols) = cube.shape();
    let pixels = rows * cols;
    let values = cube.values.as_standard_layout();
    let values = values.as_slice().expect("standard layout is contiguous");
    let mut inputs = Register::many(bands.len());
    let mut scratch = Register::many(tasks.iter().map(|task| task.program.scratch()).max().unwrap_or(0));
    let arch = pulp::Arch::new();
    for time in 0..times {
        for start in (0..pixels).step_by(CHUNK) {
            let end = (start + CHUNK).min(pixels);
            let at = Part { time, start, end, pixels };
            arch.dispatch(Evaluation {
                tasks,
                bands,
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
    bands: &'a [usize],
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
        for (register, &band) in self.inputs.iter_mut().zip(self.bands) {
            let plane = (time * self.cube.bands.len() + band) * pixels;
            load(&self.values[plane + start..plane + end], self.cube.scaling[band], register);
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

/// The task of an index; bands of the cube that no index before it needed are added to `bands`.
fn task<'a>(index: &'a SpectralIndex, cube: &Cube, bands: &mut Vec<usize>) -> Result<Task<'a>, ChangeError> {
    let mut place = |band: usize| {
        bands.iter().position(|b| *b == band).unwrap_or_else(|| {
            bands.push(band);
            bands.len() - 1
        })
    };
    if let Some(band) = cube.bands.iter().position(|role| *role == index.role()) {
        return Ok(Task { program: Cow::Owned(Program::identity()), places: vec![place(band)] });
    }
    let mut places = Vec::with_capacity(index.symbols.len());
    for symbol in &index.symbols {
        let present = symbol.bands.iter().map(|band| Role::Band(*band)).find(|role| cube.bands.contains(role));
        let role = present.unwrap_or(Role::Band(symbol.bands[0]));
        places.push(place(cube.band_index(&role, index.name())?));
    }
    Ok(Task { program: Cow::Borrowed(&index.program), places })
}
