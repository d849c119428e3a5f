use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// A Fourier coefficient.
pub(crate) type Coefficient = Complex<f32>;

/// Rows and columns that are exchanged at once, so that both stay near.
const BLOCK: usize = 16;

/// Fourier transforms of planes of one size.
///
/// Real numbers need half a spectrum only: column `k` of it (0 to half the width) holds the frequencies down the rows side by side,
/// from `k * rows` on.
#[derive(Clone)]
pub(crate) struct Fft2 {
    rows: usize,
    cols: usize,
    along: Arc<dyn RealToComplex<f32>>,
    along_back: Arc<dyn ComplexToReal<f32>>,
    down: Arc<dyn Fft<f32>>,
    down_back: Arc<dyn Fft<f32>>,
    scratch: Vec<Coefficient>,
    turned: Vec<Coefficient>,
}

impl Fft2 {
    pub(crate) fn new(rows: usize, cols: usize) -> Self {
        let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
        let (along, along_back) = (real.plan_fft_forward(cols), real.plan_fft_inverse(cols));
        let (down, down_back) = (complex.plan_fft_forward(rows), complex.plan_fft_inverse(rows));
        let lengths = [
            along.get_scratch_len(),
            along_back.get_scratch_len(),
            down.get_inplace_scratch_len(),
            down_back.get_inplace_scratch_len(),
        ];
        let zero = Coefficient::new(0.0, 0.0);
        let scratch = vec![zero; lengths.into_iter().max().unwrap_or(0)];
        Self { rows, cols, along, along_back, down, down_back, scratch, turned: vec![zero; rows * (cols / 2 + 1)] }
    }

    /// Columns of a spectrum.
    pub(crate) fn columns(&self) -> usize {
        self.cols / 2 + 1
    }

    /// The spectrum of a plane in C order, whose numbers are used up.
    ///
    /// # Panics
    /// Where the plane is of another size.
    pub(crate) fn forward(&mut self, plane: &mut [f32]) -> Vec<Coefficient> {
        assert_eq!(plane.len(), self.rows * self.cols, "a plane of the size of the transform");
        let columns = self.columns();
        for (row, out) in plane.chunks_exact_mut(self.cols).zip(self.turned.chunks_exact_mut(columns)) {
            self.along.process_with_scratch(row, out, &mut self.scratch).expect("lengths are those of the plan");
        }
        let mut spectrum = vec![Coefficient::new(0.0, 0.0); self.rows * columns];
        transpose(&self.turned, columns, &mut spectrum, self.rows);
        self.down.process_with_scratch(&mut spectrum, &mut self.scratch);
        spectrum
    }

    /// The plane of a spectrum in C order, divided by the number of its pixels; the spectrum is used up.
    pub(crate) fn inverse(&mut self, spectrum: &mut [Coefficient]) -> Vec<f32> {
        let columns = self.columns();
        self.down_back.process_with_scratch(spectrum, &mut self.scratch);
        transpose(spectrum, self.rows, &mut self.turned, columns);
        let mut plane = vec![0.0; self.rows * self.cols];
        for (row, out) in self.turned.chunks_exact_mut(columns).zip(plane.chunks_exact_mut(self.cols)) {
            // What a real row cannot have is rounding.
            row[0].im = 0.0;
            if self.cols.is_multiple_of(2) {
                row[columns - 1].im = 0.0;
            }
            self.along_back.process_with_scratch(row, out, &mut self.scratch).expect("lengths are those of the plan");
        }
        let scale = 1.0 / (self.rows * self.cols) as f32;
        for v in &mut plane {
            *v *= scale;
        }
        plane
    }

    /// Cycles a pixel of each row of a spectrum's column.
    pub(crate) fn down_frequencies(&self) -> Vec<f64> {
        let n = self.rows;
        (0..n).map(|i| (if i <= n / 2 { i as f64 } else { i as f64 - n as f64 }) / n as f64).collect()
    }

    /// Cycles a pixel of each column of a spectrum.
    pub(crate) fn along_frequencies(&self) -> Vec<f64> {
        (0..self.columns()).map(|i| i as f64 / self.cols as f64).collect()
    }

    /// How many of the whole spectrum's columns a column stands for.
    pub(crate) fn multiplicity(&self, column: usize) -> f64 {
        if column == 0 || (self.cols.is_multiple_of(2) && column == self.cols / 2) { 1.0 } else { 2.0 }
    }
}

/// Exchanges rows of `cols` numbers and columns, `rows` of them.
fn transpose(from: &[Coefficient], cols: usize, to: &mut [Coefficient], rows: usize) {
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..cols).step_by(BLOCK) {
            for row in top..(top + BLOCK).min(rows) {
                for col in left..(left + BLOCK).min(cols) {
                    to[col * rows + row] = from[row * cols + col];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_comes_back_from_its_spectrum() {
        for (rows, cols) in [(6, 8), (16, 15), (33, 20)] {
            let plane: Vec<f32> = (0..rows * cols).map(|i| ((i * 7919) % 101) as f32).collect();
            let mut fft = Fft2::new(rows, cols);
            let mut spectrum = fft.forward(&mut plane.clone());
            let back = fft.inverse(&mut spectrum);
            assert!(plane.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-3), "{rows} x {cols}");
        }
    }

    #[test]
    fn a_wave_down_the_rows_stands_at_its_frequency() {
        let (rows, cols) = (8, 6);
        let wave = |row: usize| (2.0 * std::f32::consts::PI * 2.0 * row as f32 / rows as f32).cos();
        let mut plane: Vec<f32> = (0..rows * cols).map(|i| wave(i / cols)).collect();
        let mut fft = Fft2::new(rows, cols);
        let spectrum = fft.forward(&mut plane);
        assert!((fft.down_frequencies()[2] - 0.25).abs() < 1e-12 && (fft.down_frequencies()[6] + 0.25).abs() < 1e-12);
        assert!((spectrum[2].re - 24.0).abs() < 1e-3 && spectrum[1].norm() < 1e-3 && spectrum[rows + 2].norm() < 1e-3);
    }
}
