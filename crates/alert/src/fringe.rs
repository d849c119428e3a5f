use crate::label::Run;

/// The pixels along a component's edge, on both of its sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fringe {
    /// Pixels of the component that share an edge with a pixel outside it.
    pub edge_pixels: u64,
    /// Pixels outside the component that share an edge with it, those in holes and beyond the grid's edge included.
    pub ring_pixels: u64,
}

/// Columns from the first up to, not including, the second.
type Span = (i64, i64);

impl Fringe {
    /// The fringe of the pixels that sorted runs cover.
    pub fn of(runs: &[Run]) -> Self {
        let mut fringe = Self { edge_pixels: 0, ring_pixels: 0 };
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
            return fringe;
        };
        let mut rows = Rows { runs, above: Vec::new(), here: Vec::new(), below: Vec::new() };
        for row in i64::from(first.row) - 1..=i64::from(last.row) + 1 {
            rows.advance(row + 1);
            let pixels: u64 = rows.here.iter().map(|span| length(*span)).sum();
            fringe.edge_pixels += pixels - rows.interior();
            fringe.ring_pixels += rows.dilated() - pixels;
        }
        fringe
    }
}

/// Three neighbouring rows that slide over the runs.
struct Rows<'a> {
    runs: &'a [Run],
    above: Vec<Span>,
    here: Vec<Span>,
    below: Vec<Span>,
}

impl Rows<'_> {
    /// Moves one row south; `row` is the one that is then below.
    fn advance(&mut self, row: i64) {
        std::mem::swap(&mut self.above, &mut self.here);
        std::mem::swap(&mut self.here, &mut self.below);
        let count = self.runs.iter().take_while(|run| i64::from(run.row) == row).count();
        let (now, later) = self.runs.split_at(count);
        self.runs = later;
        self.below.clear();
        self.below.extend(now.iter().map(|run| (i64::from(run.col_start), i64::from(run.col_end))));
    }

    /// Number of pixels of the middle row whose four neighbours belong to the component.
    fn interior(&self) -> u64 {
        let inner: Vec<Span> = self.here.iter().map(|(start, end)| (start + 1, end - 1)).collect();
        intersection(&intersection(&inner, &self.above), &self.below).into_iter().map(length).sum()
    }

    /// Number of pixels of the middle row that belong to the component or share an edge with it.
    fn dilated(&self) -> u64 {
        let mut spans: Vec<Span> = self.here.iter().map(|(start, end)| (start - 1, end + 1)).collect();
        spans.extend(&self.above);
        spans.extend(&self.below);
        spans.sort_unstable();
        let mut total = 0;
        let mut reached = i64::MIN;
        for (start, end) in spans {
            total += length((start.max(reached), end));
            reached = reached.max(end);
        }
        total
    }
}

fn length((start, end): Span) -> u64 {
    (end - start).max(0) as u64
}

fn intersection(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut i, mut j) = (0, 0);
    let mut both = Vec::new();
    while let (Some(p), Some(q)) = (a.get(i), b.get(j)) {
        let span = (p.0.max(q.0), p.1.min(q.1));
        if span.0 < span.1 {
            both.push(span);
        }
        if p.1 < q.1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn runs(mask: &[Vec<bool>]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (row, values) in mask.iter().enumerate() {
            for (col, _) in values.iter().enumerate().filter(|(_, inside)| **inside) {
                let (row, col) = (row as u32, col as u32);
                match runs.last_mut() {
                    Some(run) if run.row == row && run.col_end == col => run.col_end += 1,
                    _ => runs.push(Run { row, col_start: col, col_end: col + 1 }),
                }
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn the_fringe_is_that_of_a_pixel_by_pixel_count(mask in prop::collection::vec(prop::collection::vec(any::<bool>(), 7), 1..8)) {
            let inside: BTreeSet<(i64, i64)> = runs(&mask)
                .iter()
                .flat_map(|run| (run.col_start..run.col_end).map(|col| (i64::from(run.row), i64::from(col))))
                .collect();
            let neighbours = |(r, c): (i64, i64)| [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)];
            let edge = inside.iter().filter(|p| neighbours(**p).iter().any(|q| !inside.contains(q))).count() as u64;
            let ring: BTreeSet<_> = inside.iter().flat_map(|p| neighbours(*p)).filter(|q| !inside.contains(q)).collect();
            prop_assert_eq!(Fringe::of(&runs(&mask)), Fringe { edge_pixels: edge, ring_pixels: ring.len() as u64 });
        }
    }

    #[test]
    fn a_block_of_three_by_three_has_one_inner_pixel_and_twelve_around() {
        let mask = vec![vec![true; 3]; 3];
        assert_eq!(Fringe::of(&runs(&mask)), Fringe { edge_pixels: 8, ring_pixels: 12 });
    }
}
