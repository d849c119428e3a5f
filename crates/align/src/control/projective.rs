use super::{Norm, Pair};
use crate::linear::{inverse, least_squares};

/// Steps of the refinement, and the part of a unit below which a step is the last.
const STEPS: usize = 20;
const CLOSE: f64 = 1e-12;

/// A projective transform of a plane.
#[derive(Debug, Clone)]
pub(super) struct Projective {
    /// Rows of the matrix in near coordinates, the last of its nine numbers is 1.
    matrix: [f64; 9],
    from: Norm,
    to: Norm,
}

impl Projective {
    /// The transform with the least squares of distances in the target: a direct linear solution, then Gauss-Newton.
    pub(super) fn fit(from: &[Pair], to: &[Pair]) -> Option<Self> {
        let (source, target) = (Norm::of(from), Norm::of(to));
        let pairs: Vec<(Pair, Pair)> = from.iter().zip(to).map(|(a, b)| (source.near(*a), target.near(*b))).collect();
        let mut rows = Vec::with_capacity(2 * pairs.len());
        let mut right = Vec::with_capacity(2 * pairs.len());
        for ((x, y), (u, v)) in &pairs {
            rows.push(vec![*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y]);
            rows.push(vec![0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y]);
            right.extend([*u, *v]);
        }
        let first = least_squares(&rows, &[right])?;
        let mut matrix = [1.0; 9];
        matrix[..8].copy_from_slice(&first.solutions[0]);
        for _ in 0..STEPS {
            let (mut rows, mut right) = (Vec::new(), Vec::new());
            for ((x, y), (u, v)) in &pairs {
                let w = matrix[6] * x + matrix[7] * y + matrix[8];
                let (p, q) = apply(&matrix, (*x, *y));
                let (x, y) = (x / w, y / w);
                rows.push(vec![x, y, 1.0 / w, 0.0, 0.0, 0.0, -p * x, -p * y]);
                rows.push(vec![0.0, 0.0, 0.0, x, y, 1.0 / w, -q * x, -q * y]);
                right.extend([u - p, v - q]);
            }
            let step = least_squares(&rows, &[right])?;
            matrix.iter_mut().zip(&step.solutions[0]).for_each(|(value, by)| *value += by);
            if step.solutions[0].iter().all(|by| by.abs() < CLOSE) {
                break;
            }
        }
        // A horizon between the points would turn the image inside out.
        let sides: Vec<f64> = pairs.iter().map(|((x, y), _)| matrix[6] * x + matrix[7] * y + matrix[8]).collect();
        let one_side = sides.iter().all(|w| *w > 0.0) || sides.iter().all(|w| *w < 0.0);
        (one_side && matrix.iter().all(|v| v.is_finite())).then_some(Self { matrix, from: source, to: target })
    }

    pub(super) fn at(&self, place: Pair) -> Pair {
        self.to.back(apply(&self.matrix, self.from.near(place)))
    }

    /// The transform back.
    pub(super) fn inverse(&self) -> Option<Self> {
        let rows = self.matrix.chunks(3).map(<[f64]>::to_vec).collect();
        let solved: Vec<f64> = inverse(rows)?.into_iter().flatten().collect();
        Some(Self { matrix: solved.try_into().ok()?, from: self.to, to: self.from })
    }
}

fn apply(m: &[f64; 9], (x, y): Pair) -> Pair {
    let w = m[6] * x + m[7] * y + m[8];
    ((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w)
}
