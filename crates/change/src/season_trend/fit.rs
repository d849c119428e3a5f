use super::{Design, LANES, Lane, NONE};

/// A diagonal element smaller than this share of what it was cannot be told from nothing: the columns are not independent.
const DEPENDENT: f64 = 1e-12;

/// Times that are added to the normal equations together.
const TOGETHER: usize = 4;

/// Models of the pixels of a tile.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// Coefficients, in the order of the design's columns.
    pub(crate) coefficients: Vec<Lane>,
    /// Whether there is a solution.
    pub(crate) is_solved: [bool; LANES],
}

impl Fit {
    /// What the model says of a time.
    #[inline(always)]
    pub(crate) fn predicted(&self, row: &[f64]) -> Lane {
        let mut sum = NONE;
        for (x, coefficient) in row.iter().zip(&self.coefficients) {
            for lane in 0..LANES {
                sum[lane] += x * coefficient[lane];
            }
        }
        sum
    }

    /// The same of one pixel.
    #[inline(always)]
    pub(crate) fn predicted_of(&self, row: &[f64], lane: usize) -> f64 {
        let mut sum = 0.0;
        for (x, coefficient) in row.iter().zip(&self.coefficients) {
            sum += x * coefficient[lane];
        }
        sum
    }

    /// The slope of one pixel a unit of the axis.
    pub(crate) fn slope(&self, design: &Design, lane: usize) -> f64 {
        design.slope(|place| self.coefficients[place][lane])
    }

    /// Puts the coefficients of one pixel in a list.
    #[inline(always)]
    pub(crate) fn fill(&self, lane: usize, list: &mut Vec<f64>) {
        list.clear();
        for coefficient in &self.coefficients {
            list.push(coefficient[lane]);
        }
    }

    /// Coefficients of one pixel.
    pub(crate) fn of(&self, lane: usize) -> Vec<f64> {
        self.coefficients.iter().map(|coefficient| coefficient[lane]).collect()
    }
}

/// Least squares by the normal equations of each pixel: the design's rows are shared, the weights (0 or 1) are each pixel's own.
#[inline(always)]
pub(crate) fn fit(design: &Design, values: &[Lane], weights: &[Lane]) -> Fit {
    let width = design.width();
    let mut matrix = vec![NONE; width * (width + 1) / 2];
    let mut right = vec![NONE; width];
    let (mut times, mut count) = ([0; TOGETHER], 0);
    for time in 0..values.len().min(weights.len()) {
        if weights[time] == NONE {
            continue;
        }
        times[count] = time;
        count += 1;
        if count == TOGETHER {
            add(design, values, weights, times, &mut matrix, &mut right);
            count = 0;
        }
    }
    for time in &times[..count] {
        add(design, values, weights, [*time], &mut matrix, &mut right);
    }
    let is_solved = solve(&mut matrix, &mut right, width);
    Fit { coefficients: right, is_solved }
}

/// Adds some times to the normal equations, one after the other; each sum is fetched once for all of them.
#[inline(always)]
fn add<const TIMES: usize>(
    design: &Design,
    values: &[Lane],
    weights: &[Lane],
    times: [usize; TIMES],
    matrix: &mut [Lane],
    right: &mut [Lane],
) {
    let rows = times.map(|time| design.row(time));
    let mut place = 0;
    for (i, right) in right.iter_mut().enumerate() {
        let mut weighted = [NONE; TIMES];
        let mut sum = *right;
        for ((weighted, row), time) in weighted.iter_mut().zip(&rows).zip(times) {
            for lane in 0..LANES {
                weighted[lane] = row[i] * weights[time][lane];
                sum[lane] += weighted[lane] * values[time][lane];
            }
        }
        *right = sum;
        for col in 0..=i {
            let mut sum = matrix[place];
            for (weighted, row) in weighted.iter().zip(&rows) {
                for lane in 0..LANES {
                    sum[lane] += weighted[lane] * row[col];
                }
            }
            matrix[place] = sum;
            place += 1;
        }
    }
}

/// Cholesky's decomposition of the lower triangle by rows, then both substitutions; the solution stands in `right`.
#[inline(always)]
fn solve(matrix: &mut [Lane], right: &mut [Lane], width: usize) -> [bool; LANES] {
    let at = |row: usize, col: usize| row * (row + 1) / 2 + col;
    let mut is_solved = [true; LANES];
    for row in 0..width {
        for col in 0..=row {
            let mut sum = matrix[at(row, col)];
            for k in 0..col {
                let (a, b) = (matrix[at(row, k)], matrix[at(col, k)]);
                for lane in 0..LANES {
                    sum[lane] -= a[lane] * b[lane];
                }
            }
            let own = matrix[at(row, row)];
            let pivot = matrix[at(col, col)];
            let cell = &mut matrix[at(row, col)];
            for lane in 0..LANES {
                if row == col {
                    let holds = sum[lane] > DEPENDENT * own[lane];
                    is_solved[lane] &= holds;
                    cell[lane] = if holds { sum[lane].sqrt() } else { 1.0 };
                } else {
                    cell[lane] = sum[lane] / pivot[lane];
                }
            }
        }
    }
    for row in 0..width {
        for k in 0..row {
            let (a, known) = (matrix[at(row, k)], right[k]);
            for lane in 0..LANES {
                right[row][lane] -= a[lane] * known[lane];
            }
        }
        for lane in 0..LANES {
            right[row][lane] /= matrix[at(row, row)][lane];
        }
    }
    for row in (0..width).rev() {
        for k in row + 1..width {
            let (a, known) = (matrix[at(k, row)], right[k]);
            for lane in 0..LANES {
                right[row][lane] -= a[lane] * known[lane];
            }
        }
        for lane in 0..LANES {
            right[row][lane] /= matrix[at(row, row)][lane];
        }
    }
    is_solved
}

/// The same for one pixel; `None` where columns are not independent.
pub(crate) fn solve_one(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let at = |row: usize, col: usize| row * (row + 1) / 2 + col;
    let (mut matrix, mut right) = (matrix.to_vec(), right.to_vec());
    for row in 0..right.len() {
        let own = matrix[at(row, row)];
        for col in 0..=row {
            let known: f64 = (0..col).map(|k| matrix[at(row, k)] * matrix[at(col, k)]).sum();
            let left = matrix[at(row, col)] - known;
            if row != col {
                matrix[at(row, col)] = left / matrix[at(col, col)];
            } else if left > DEPENDENT * own {
                matrix[at(row, row)] = left.sqrt();
            } else {
                return None;
            }
        }
        let known: f64 = (0..row).map(|k| matrix[at(row, k)] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[at(row, row)];
    }
    for row in (0..right.len()).rev() {
        let known: f64 = (row + 1..right.len()).map(|k| matrix[at(k, row)] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[at(row, row)];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use raster::Date;

    use super::super::{Terms, TimeAxis};
    use super::*;

    #[test]
    fn a_model_is_found_again_whatever_each_pixel_did_not_see() {
        let dates: Vec<Date> = (0..90).map(|look| Date::from_days(12_000 + look * 11)).collect();
        let design = Design::new(Terms { order: 3, trend: true }, TimeAxis::Calendar, &dates);
        let truth = [0.7, -0.05, 0.1, -0.2, 0.03, 0.02, -0.01, 0.04];
        let value = |time: usize| design.row(time).iter().zip(truth).map(|(x, b)| x * b).sum::<f64>();
        let values: Vec<Lane> = (0..dates.len()).map(|time| [value(time); LANES]).collect();
        let weights: Vec<Lane> = (0..dates.len())
            .map(|time| std::array::from_fn(|lane| f64::from(u8::from(!(time * 7 + lane).is_multiple_of(lane + 2)))))
            .collect();
        let fit = fit(&design, &values, &weights);
        assert_eq!(fit.is_solved, [true; LANES]);
        for lane in 0..LANES {
            for (got, expected) in fit.of(lane).iter().zip(truth) {
                assert!((got - expected).abs() < 1e-10, "lane {lane}: {got} {expected}");
            }
        }
    }

    #[test]
    fn one_pixel_is_solved_as_a_tile_of_them_is() {
        let dates: Vec<Date> = (0..60).map(|look| Date::from_days(12_000 + look * 13)).collect();
        let design = Design::new(Terms { order: 2, trend: true }, TimeAxis::Calendar, &dates);
        let values: Vec<Lane> =
            (0..60).map(|time| std::array::from_fn(|lane| ((time * 31 + lane * 7) % 23) as f64 / 23.0)).collect();
        let all = fit(&design, &values, &vec![[1.0; LANES]; 60]);
        let width = design.width();
        let (mut matrix, mut right) = (vec![0.0; width * (width + 1) / 2], vec![0.0; width]);
        for (time, values) in values.iter().enumerate() {
            let row = design.row(time);
            for i in 0..width {
                right[i] += row[i] * values[3];
                (0..=i).for_each(|col| matrix[i * (i + 1) / 2 + col] += row[i] * row[col]);
            }
        }
        let one = solve_one(&matrix, &right).expect("a solution");
        assert!(one.iter().zip(all.of(3)).all(|(one, of_all)| (one - of_all).abs() < 1e-12), "{one:?}");
        assert!(solve_one(&vec![1.0; matrix.len()], &right).is_none(), "columns that are the same");
    }

    #[test]
    fn too_few_looks_have_no_solution() {
        let dates: Vec<Date> = (0..6).map(|look| Date::from_days(12_000 + look * 30)).collect();
        let design = Design::new(Terms { order: 3, trend: false }, TimeAxis::Calendar, &dates);
        let fit = fit(&design, &[[1.0; LANES]; 6], &[[1.0; LANES]; 6]);
        assert_eq!(fit.is_solved, [false; LANES]);
    }
}
