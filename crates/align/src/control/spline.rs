use super::{Norm, Pair};
use crate::linear::inverse;

/// Most points: the system is solved whole.
pub(super) const MOST: usize = 1000;

/// A thin plate through points: `r^2 ln r` of the distances and a plane (Duchon 1977; Bookstein 1989).
#[derive(Debug, Clone)]
pub(super) struct Spline {
    from: Norm,
    to: Norm,
    knots: Vec<Pair>,
    /// Weights of the knots, then of 1, x and y.
    x: Vec<f64>,
    y: Vec<f64>,
    /// Diagonal of the inverse of the system, knots only.
    diagonal: Vec<f64>,
}

fn plate(a: Pair, b: Pair) -> f64 {
    let square = (a.0 - b.0).powi(2) + (a.1 - b.1).powi(2);
    if square > 0.0 { square * square.ln() } else { 0.0 }
}

impl Spline {
    pub(super) fn fit(from: &[Pair], to: &[Pair]) -> Option<Self> {
        let (source, target) = (Norm::of(from), Norm::of(to));
        let knots: Vec<Pair> = from.iter().map(|place| source.near(*place)).collect();
        let n = knots.len();
        let mut system = vec![vec![0.0; n + 3]; n + 3];
        for i in 0..n {
            for j in 0..n {
                system[i][j] = plate(knots[i], knots[j]);
            }
            for (k, v) in [1.0, knots[i].0, knots[i].1].into_iter().enumerate() {
                system[i][n + k] = v;
                system[n + k][i] = v;
            }
        }
        let solved = inverse(system)?;
        let (x, y): (Vec<f64>, Vec<f64>) = to.iter().map(|place| target.near(*place)).unzip();
        let weights =
            |right: &[f64]| -> Vec<f64> { solved.iter().map(|row| row.iter().zip(right).map(|(a, b)| a * b).sum()).collect() };
        let (x, y) = (weights(&x), weights(&y));
        let diagonal = (0..n).map(|i| solved[i][i]).collect();
        Some(Self { from: source, to: target, knots, x, y, diagonal })
    }

    pub(super) fn at(&self, place: Pair) -> Pair {
        let near = self.from.near(place);
        let n = self.knots.len();
        let plane = |c: &[f64]| c[n] + c[n + 1] * near.0 + c[n + 2] * near.1;
        let (mut x, mut y) = (plane(&self.x), plane(&self.y));
        for ((knot, wx), wy) in self.knots.iter().zip(&self.x).zip(&self.y) {
            let v = plate(near, *knot);
            x += wx * v;
            y += wy * v;
        }
        self.to.back((x, y))
    }

    /// What a spline without each point leaves there: minus its weight over the diagonal of the inverse (Rippa 1999).
    pub(super) fn left_out(&self) -> Vec<Option<Pair>> {
        let one =
            |((wx, wy), d): ((&f64, &f64), &f64)| (d.abs() > 1e-12).then(|| (-wx / d * self.to.scale, -wy / d * self.to.scale));
        self.x.iter().zip(&self.y).zip(&self.diagonal).map(one).collect()
    }
}
