use ndarray::{Array2, ArrayView2};

/// The pixels whose centres lie within a distance of a pixel's centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Half widths in columns of the disk's rows, from the middle outwards.
    half_widths: Vec<u16>,
}

impl Disk {
    /// A single pixel.
    pub(crate) const POINT: Self = Self { half_widths: Vec::new() };

    /// The disk of a radius on pixels of this width and height, all in metres.
    pub(crate) fn new(radius_m: f64, (width_m, height_m): (f64, f64)) -> Self {
        let within = |row: usize, col: usize| {
            let (x, y) = (col as f64 * width_m, row as f64 * height_m);
            x * x + y * y <= radius_m * radius_m
        };
        let half_width = |row: usize| {
            let last = (0..=usize::from(u16::MAX - 1)).take_while(|&col| within(row, col)).last();
            last.map(|col| col as u16)
        };
        Self { half_widths: (0..).map_while(half_width).collect() }
    }

    /// Pixels that the disk reaches from its middle, in rows or columns.
    pub(crate) fn margin(&self) -> usize {
        let widest = self.half_widths.first().copied().unwrap_or(0);
        usize::from(widest).max(self.half_widths.len().saturating_sub(1))
    }

    /// Rows of the disk, from its middle, each with its half width in columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (isize, usize)> + '_ {
        let last = self.half_widths.len().saturating_sub(1) as isize;
        (-last..=last).filter_map(|row| Some((row, usize::from(*self.half_widths.get(row.unsigned_abs())?))))
    }

    /// True where any true pixel lies within the disk; what lies outside the array counts as false.
    pub(crate) fn dilate(&self, set: ArrayView2<'_, bool>) -> Array2<bool> {
        let (rows, cols) = set.dim();
        if !set.iter().any(|s| *s) {
            return Array2::from_elem((rows, cols), false);
        }
        let distances = along_rows(set);
        let distances = distances.as_slice().expect("a new array is contiguous");
        let mut grown = Array2::from_elem((rows, cols), false);
        for (row, mut out) in grown.outer_iter_mut().enumerate() {
            let out = out.as_slice_mut().expect("a row of a new array is contiguous");
            for (offset, half_width) in self.half_widths.iter().enumerate() {
                let above = row.checked_sub(offset);
                let below = (offset > 0 && row + offset < rows).then_some(row + offset);
                for near in above.into_iter().chain(below) {
                    let near = &distances[near * cols..(near + 1) * cols];
                    out.iter_mut().zip(near).for_each(|(out, distance)| *out |= distance <= half_width);
                }
            }
        }
        grown
    }
}

/// Columns from each pixel to the nearest true one of its row; `u16::MAX` where there is none.
fn along_rows(set: ArrayView2<'_, bool>) -> Array2<u16> {
    let mut distances = Array2::from_elem(set.dim(), u16::MAX);
    for (set, mut row) in set.outer_iter().zip(distances.outer_iter_mut()) {
        let mut distance = u16::MAX;
        for (set, out) in set.iter().zip(row.iter_mut()) {
            distance = if *set { 0 } else { distance.saturating_add(1) };
            *out = distance;
        }
        distance = u16::MAX;
        for (set, out) in set.iter().zip(row.iter_mut()).rev() {
            distance = if *set { 0 } else { distance.saturating_add(1) };
            *out = (*out).min(distance);
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_disk_reaches_as_far_as_its_radius() {
        assert_eq!(Disk::new(0.0, (30.0, 30.0)).margin(), 0);
        assert_eq!(Disk::new(29.9, (30.0, 30.0)).margin(), 0);
        assert_eq!(Disk::new(60.0, (30.0, 30.0)), Disk { half_widths: vec![2, 1, 0] });
        assert_eq!(Disk::new(60.0, (10.0, 60.0)).margin(), 6);
        assert_eq!(Disk::new(60.0, (60.0, 10.0)).margin(), 6);
    }

    proptest! {
        #[test]
        fn dilation_is_what_measuring_every_pair_gives(
            set in prop::collection::vec(prop::bool::weighted(0.08), 12 * 15),
            radius in 0.0f64..6.0,
            height in 0.5f64..2.0,
        ) {
            let set = Array2::from_shape_vec((12, 15), set).expect("a shape");
            let grown = Disk::new(radius, (1.0, height)).dilate(set.view());
            for ((row, col), grown) in grown.indexed_iter() {
                let near = set.indexed_iter().any(|((r, c), set)| {
                    let (x, y) = (col.abs_diff(c) as f64, row.abs_diff(r) as f64 * height);
                    *set && x * x + y * y <= radius * radius
                });
                prop_assert_eq!(*grown, near, "pixel {} {}", row, col);
            }
        }
    }
}
