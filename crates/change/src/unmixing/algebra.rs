//! The few steps of linear algebra that an unmixing is made of.

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Orthonormal axes of the space that vectors span, one a vector; the place of the first that the ones before it span but for
/// `nothing` of its length.
pub(super) fn axes(vectors: &[Vec<f64>], nothing: f64) -> Result<Vec<Vec<f64>>, usize> {
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for (place, vector) in vectors.iter().enumerate() {
        let mut left = vector.clone();
        // Twice: what rounding leaves of the axes before is taken away too.
        for axis in axes.iter().chain(&axes) {
            let along = dot(&left, axis);
            left.iter_mut().zip(axis).for_each(|(left, axis)| *left -= along * axis);
        }
        let (length, whole) = (dot(&left, &left).sqrt(), dot(vector, vector).sqrt());
        if length.is_nan() || length <= nothing * whole {
            return Err(place);
        }
        axes.push(left.into_iter().map(|value| value / length).collect());
    }
    Ok(axes)
}

/// The coordinates along `edges`, which are independent, of the point of their span that is nearest to a vector: a row of factors of
/// the vector each.
pub(super) fn coordinates(edges: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let Ok(axes) = axes(edges, 0.0) else { return vec![vec![f64::NAN; edges[0].len()]; edges.len()] };
    // edges = triangle x axes: solved from the last edge back, without squaring anything.
    let mut rows = axes.clone();
    for place in (0..edges.len()).rev() {
        for later in place + 1..edges.len() {
            let (factor, solved) = (dot(&axes[place], &edges[later]), rows[later].clone());
            rows[place].iter_mut().zip(solved).for_each(|(row, solved)| *row -= factor * solved);
        }
        let scale = dot(&axes[place], &edges[place]);
        rows[place].iter_mut().for_each(|value| *value /= scale);
    }
    rows
}
