//! Small dense systems of equations.

/// Least squares by Householder's reflections.
#[derive(Debug)]
pub(crate) struct LeastSquares {
    /// Coefficients, one list a right-hand side.
    pub(crate) solutions: Vec<Vec<f64>>,
    /// Weight of each equation in its own answer (diagonal of the hat matrix), 0 to 1.
    pub(crate) leverages: Vec<f64>,
}

/// Part of the largest pivot below which a column follows from the others.
const RANK: f64 = 1e-10;

/// Solves `rows x = right` for each right-hand side, in the sense of least squares; `None` where the columns depend on each other.
pub(crate) fn least_squares(rows: &[Vec<f64>], rights: &[Vec<f64>]) -> Option<LeastSquares> {
    let (m, n) = (rows.len(), rows.first()?.len());
    if m < n {
        return None;
    }
    let mut a = rows.to_vec();
    let mut rights = rights.to_vec();
    // Columns of the identity, from which the leverages follow.
    let mut reflections: Vec<Vec<f64>> = Vec::with_capacity(n);
    let mut largest = 0.0f64;
    for k in 0..n {
        let norm = (k..m).map(|i| a[i][k] * a[i][k]).sum::<f64>().sqrt();
        largest = largest.max(norm);
        if norm.is_nan() || norm <= RANK * largest {
            return None;
        }
        let alpha = if a[k][k] > 0.0 { -norm } else { norm };
        let mut v: Vec<f64> = (0..m).map(|i| if i < k { 0.0 } else { a[i][k] }).collect();
        v[k] -= alpha;
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square > 0.0 {
            for column in k..n {
                let twice = 2.0 * a.iter().zip(&v).skip(k).map(|(row, v)| v * row[column]).sum::<f64>() / square;
                a.iter_mut().zip(&v).skip(k).for_each(|(row, v)| row[column] -= twice * v);
            }
            for right in &mut rights {
                reflect(right, &v, square);
            }
        }
        reflections.push(v);
    }
    let solve = |right: &Vec<f64>| {
        let mut x = vec![0.0; n];
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|j| a[i][j] * x[j]).sum();
            x[i] = (right[i] - known) / a[i][i];
        }
        x
    };
    let solutions = rights.iter().map(solve).collect();
    let mut leverages = vec![0.0; m];
    for column in 0..n {
        // The column of the orthogonal factor: reflections in reverse on a unit vector.
        let mut q = vec![0.0; m];
        q[column] = 1.0;
        for v in reflections.iter().rev() {
            let square: f64 = v.iter().map(|x| x * x).sum();
            if square > 0.0 {
                reflect(&mut q, v, square);
            }
        }
        leverages.iter_mut().zip(&q).for_each(|(sum, part)| *sum += part * part);
    }
    Some(LeastSquares { solutions, leverages })
}

fn reflect(vector: &mut [f64], v: &[f64], square: f64) {
    let twice = 2.0 * vector.iter().zip(v).map(|(a, b)| a * b).sum::<f64>() / square;
    vector.iter_mut().zip(v).for_each(|(a, b)| *a -= twice * b);
}

/// The inverse of a square matrix by elimination with pivots; `None` where there is none.
pub(crate) fn inverse(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let n = a.len();
    let mut inverse: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let largest = a.iter().flatten().fold(0.0f64, |most, v| most.max(v.abs()));
    for k in 0..n {
        let pivot = (k..n).max_by(|p, q| a[*p][k].abs().total_cmp(&a[*q][k].abs()))?;
        if a[pivot][k].is_nan() || a[pivot][k].abs() <= 1e-13 * largest {
            return None;
        }
        a.swap(k, pivot);
        inverse.swap(k, pivot);
        let by = 1.0 / a[k][k];
        a[k].iter_mut().for_each(|v| *v *= by);
        inverse[k].iter_mut().for_each(|v| *v *= by);
        let (row, own) = (a[k].clone(), inverse[k].clone());
        for i in (0..n).filter(|i| *i != k) {
            let factor = a[i][k];
            if factor != 0.0 {
                a[i].iter_mut().zip(&row).for_each(|(v, r)| *v -= factor * r);
                inverse[i].iter_mut().zip(&own).for_each(|(v, r)| *v -= factor * r);
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points_has_the_leverages_of_the_textbook() {
        let rows = vec![vec![1.0, 0.0], vec![1.0, 1.0], vec![1.0, 2.0]];
        let fit = least_squares(&rows, &[vec![0.0, 1.0, 1.0]]).expect("a line");
        assert!((fit.solutions[0][0] - 1.0 / 6.0).abs() < 1e-12 && (fit.solutions[0][1] - 0.5).abs() < 1e-12);
        let expected = [5.0 / 6.0, 1.0 / 3.0, 5.0 / 6.0];
        assert!(fit.leverages.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{:?}", fit.leverages);
        assert!(least_squares(&[vec![1.0, 2.0], vec![2.0, 4.0]], &[]).is_none());
    }

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let a = vec![vec![0.0, 2.0, 1.0], vec![1.0, 0.0, 3.0], vec![2.0, 1.0, 0.0]];
        let b = inverse(a.clone()).expect("an inverse");
        for (i, row) in a.iter().enumerate() {
            for j in 0..3 {
                let v: f64 = row.iter().zip(&b).map(|(v, other)| v * other[j]).sum();
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        assert!(inverse(vec![vec![1.0, 2.0], vec![2.0, 4.0]]).is_none());
    }
}
