use super::{LANES, Lane};

/// Sorts the numbers of each pixel by rising order: Batcher's merge exchange (Knuth, The Art of Computer Programming 3, algorithm
/// 5.2.2M), whose comparisons do not depend on the numbers, so that all pixels of a tile go through it together. No NaN.
#[inline(always)]
pub(crate) fn sort(lanes: &mut [Lane]) {
    let count = lanes.len();
    let top = count.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            for first in (r..count.saturating_sub(d)).step_by(2 * p) {
                for low in first..(first + p).min(count - d) {
                    let (left, right) = lanes.split_at_mut(low + d);
                    exchange(&mut left[low], &mut right[0]);
                }
            }
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
}

/// The lesser of each lane to the first, the greater to the second.
#[inline(always)]
fn exchange(lesser: &mut Lane, greater: &mut Lane) {
    // Of copies, and one after the other: so they become one instruction for all lanes.
    let (a, b) = (*lesser, *greater);
    for lane in 0..LANES {
        lesser[lane] = if a[lane] < b[lane] { a[lane] } else { b[lane] };
    }
    for lane in 0..LANES {
        greater[lane] = if a[lane] > b[lane] { a[lane] } else { b[lane] };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_of_numbers_comes_out_sorted() {
        let mut state = 7_u64;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 % 50.0 - 20.0
        };
        for count in 0..140 {
            let mut lanes: Vec<Lane> = (0..count).map(|_| std::array::from_fn(|_| number())).collect();
            let expected: Vec<Vec<f64>> = (0..LANES)
                .map(|lane| {
                    let mut own: Vec<f64> = lanes.iter().map(|row| row[lane]).collect();
                    own.sort_unstable_by(f64::total_cmp);
                    own
                })
                .collect();
            sort(&mut lanes);
            for (lane, expected) in expected.iter().enumerate() {
                assert!(lanes.iter().map(|row| row[lane]).eq(expected.iter().copied()), "{count} numbers, lane {lane}");
            }
        }
    }
}
