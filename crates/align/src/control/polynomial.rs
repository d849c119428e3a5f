use super::{Norm, Pair};
use crate::linear::least_squares;

/// A polynomial in two coordinates that gives two.
#[derive(Debug, Clone)]
pub(super) struct Polynomial {
    order: u8,
    from: Norm,
    to: Norm,
    x: Vec<f64>,
    y: Vec<f64>,
    leverages: Vec<f64>,
}

/// Number of terms of an order.
pub(super) fn terms(order: u8) -> usize {
    let n = usize::from(order);
    (n + 1) * (n + 2) / 2
}

/// 1, x, y, then the products of each degree.
fn row((x, y): Pair, order: u8) -> Vec<f64> {
    let power = |degree: u8| (0..=degree).map(move |j| x.powi(i32::from(degree - j)) * y.powi(i32::from(j)));
    (0..=order).flat_map(power).collect()
}

impl Polynomial {
    pub(super) fn fit(from: &[Pair], to: &[Pair], order: u8) -> Option<Self> {
        let (source, target) = (Norm::of(from), Norm::of(to));
        let rows: Vec<Vec<f64>> = from.iter().map(|place| row(source.near(*place), order)).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = to.iter().map(|place| target.near(*place)).unzip();
        let fit = least_squares(&rows, &[x, y])?;
        let mut solutions = fit.solutions.into_iter();
        let (x, y) = (solutions.next()?, solutions.next()?);
        Some(Self { order, from: source, to: target, x, y, leverages: fit.leverages })
    }

    pub(super) fn at(&self, place: Pair) -> Pair {
        let near = self.from.near(place);
        let (mut x, mut y, mut term) = (0.0, 0.0, 0);
        for degree in 0..=self.order {
            for j in 0..=degree {
                let v = near.0.powi(i32::from(degree - j)) * near.1.powi(i32::from(j));
                x += self.x[term] * v;
                y += self.y[term] * v;
                term += 1;
            }
        }
        self.to.back((x, y))
    }

    /// What a fit without each point leaves there: its residual over one minus its leverage.
    pub(super) fn left_out(&self, from: &[Pair], to: &[Pair]) -> Vec<Option<Pair>> {
        let one = |((from, to), leverage): ((&Pair, &Pair), &f64)| {
            let (x, y) = self.at(*from);
            // A point on which alone a term hangs cannot be left out.
            let rest = 1.0 - leverage;
            (rest > 1e-9).then(|| ((x - to.0) / rest, (y - to.1) / rest))
        };
        from.iter().zip(to).zip(&self.leverages).map(one).collect()
    }
}
