use std::ops::Range;

use geo_types::Coord;
use raster::Bounds;

/// Edges a box of the lowest level, and boxes a box of each level above.
const FAN: usize = 8;

/// Rings of so many edges have no boxes: looking at every edge is as fast.
const BARE: usize = 2 * FAN;

/// The edges of a ring under boxes of boxes, in the ring's own order: neighbours on a ring are neighbours in space.
///
/// Edge `i` runs from corner `i` to corner `i + 1`. Made in one pass without sorting; at most a sixth of the corners' own memory.
#[derive(Debug, Clone, Default)]
pub struct RingTree {
    /// Boxes by level, the lowest first; the last has at most [`FAN`].
    levels: Vec<Vec<Bounds>>,
    edges: usize,
}

impl RingTree {
    /// The tree of a closed ring, whose last corner is its first.
    pub fn new(corners: &[Coord<f64>]) -> Self {
        let edges = corners.len().saturating_sub(1);
        if edges <= BARE {
            return Self { levels: Vec::new(), edges };
        }
        let lowest = (0..edges).step_by(FAN).map(|first| bounds_of(&corners[first..=(first + FAN).min(edges)])).collect();
        let mut levels: Vec<Vec<Bounds>> = vec![lowest];
        while let Some(below) = levels.last().filter(|below| below.len() > FAN) {
            let above = below.chunks(FAN).map(|boxes| boxes.iter().copied().fold(NOWHERE, join)).collect();
            levels.push(above);
        }
        Self { levels, edges }
    }

    /// Number of edges.
    pub fn len(&self) -> usize {
        self.edges
    }

    /// Whether there is no edge.
    pub fn is_empty(&self) -> bool {
        self.edges == 0
    }

    /// Walks down the boxes: `open` says of a box and its edges whether to look into it, `edges` gets what is opened to the end.
    pub fn walk(&self, mut open: impl FnMut(&Bounds, Range<usize>) -> bool, mut edges: impl FnMut(Range<usize>)) {
        match self.levels.last() {
            None => edges(0..self.edges),
            Some(top) => self.walk_boxes(self.levels.len() - 1, 0..top.len(), &mut open, &mut edges),
        }
    }

    fn walk_boxes(
        &self,
        level: usize,
        boxes: Range<usize>,
        open: &mut impl FnMut(&Bounds, Range<usize>) -> bool,
        edges: &mut impl FnMut(Range<usize>),
    ) {
        for place in boxes {
            let covered = self.covered(level, place);
            if !open(&self.levels[level][place], covered.clone()) {
                continue;
            }
            match level {
                0 => edges(covered),
                _ => self.walk_boxes(level - 1, self.below(level, place), open, edges),
            }
        }
    }

    /// The edges under a box.
    fn covered(&self, level: usize, place: usize) -> Range<usize> {
        let span = FAN.pow(level as u32 + 1);
        place * span..((place + 1) * span).min(self.edges)
    }

    /// The boxes of the level below that lie in a box.
    fn below(&self, level: usize, place: usize) -> Range<usize> {
        place * FAN..((place + 1) * FAN).min(self.levels[level - 1].len())
    }

    /// Whether `meet` holds for any two runs of edges of this ring whose boxes meet; a run may be given with itself.
    pub fn any_pair(&self, mut meet: impl FnMut(Range<usize>, Range<usize>) -> bool) -> bool {
        match self.levels.last() {
            None => meet(0..self.edges, 0..self.edges),
            Some(top) => self.any_within(self.levels.len() - 1, 0..top.len(), &mut meet),
        }
    }

    fn any_within(&self, level: usize, boxes: Range<usize>, meet: &mut impl FnMut(Range<usize>, Range<usize>) -> bool) -> bool {
        let end = boxes.end;
        for place in boxes {
            let own = match level {
                0 => meet(self.covered(0, place), self.covered(0, place)),
                _ => self.any_within(level - 1, self.below(level, place), meet),
            };
            if own || (place + 1..end).any(|other| self.any_between((level, place), self, (level, other), meet)) {
                return true;
            }
        }
        false
    }

    /// Whether `meet` holds for any run of edges of this ring and one of another ring whose boxes meet.
    pub fn any_with(&self, other: &Self, mut meet: impl FnMut(Range<usize>, Range<usize>) -> bool) -> bool {
        let tops = |tree: &Self| tree.levels.last().map_or(0, Vec::len);
        match (tops(self), tops(other)) {
            (0, 0) => meet(0..self.edges, 0..other.edges),
            (0, _) => other.any_run(&mut |run| meet(0..self.edges, run)),
            (_, 0) => self.any_run(&mut |run| meet(run, 0..other.edges)),
            (own, theirs) => (0..own).any(|a| {
                (0..theirs).any(|b| self.any_between((self.levels.len() - 1, a), other, (other.levels.len() - 1, b), &mut meet))
            }),
        }
    }

    fn any_run(&self, meet: &mut impl FnMut(Range<usize>) -> bool) -> bool {
        (0..self.levels[0].len()).any(|place| meet(self.covered(0, place)))
    }

    fn any_between(
        &self,
        own: (usize, usize),
        other: &Self,
        theirs: (usize, usize),
        meet: &mut impl FnMut(Range<usize>, Range<usize>) -> bool,
    ) -> bool {
        if !overlap(&self.levels[own.0][own.1], &other.levels[theirs.0][theirs.1]) {
            return false;
        }
        if own.0 == 0 && theirs.0 == 0 {
            return meet(self.covered(0, own.1), other.covered(0, theirs.1));
        }
        if own.0 >= theirs.0 {
            self.below(own.0, own.1).any(|place| self.any_between((own.0 - 1, place), other, theirs, meet))
        } else {
            other.below(theirs.0, theirs.1).any(|place| self.any_between(own, other, (theirs.0 - 1, place), meet))
        }
    }
}

/// Around nothing.
const NOWHERE: Bounds = Bounds { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

/// The box around corners; around none it is turned inside out.
pub fn bounds_of(corners: &[Coord<f64>]) -> Bounds {
    corners.iter().fold(NOWHERE, |b, c| Bounds {
        west: if c.x < b.west { c.x } else { b.west },
        south: if c.y < b.south { c.y } else { b.south },
        east: if c.x > b.east { c.x } else { b.east },
        north: if c.y > b.north { c.y } else { b.north },
    })
}

fn join(a: Bounds, b: Bounds) -> Bounds {
    Bounds { west: a.west.min(b.west), south: a.south.min(b.south), east: a.east.max(b.east), north: a.north.max(b.north) }
}

/// Whether two boxes meet; touching counts.
pub fn overlap(a: &Bounds, b: &Bounds) -> bool {
    a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(corners: usize) -> Vec<Coord<f64>> {
        let angle = |i: usize| std::f64::consts::TAU * (i % corners) as f64 / corners as f64;
        (0..=corners).map(|i| Coord { x: angle(i).cos(), y: angle(i).sin() }).collect()
    }

    #[test]
    fn a_walk_meets_every_edge_once() {
        for corners in [3, 16, 17, 64, 65, 513, 5000] {
            let tree = RingTree::new(&circle(corners));
            let mut seen = vec![0; corners];
            tree.walk(|_, _| true, |run| run.for_each(|edge| seen[edge] += 1));
            assert!(seen.iter().all(|&count| count == 1), "{corners}");
        }
    }

    #[test]
    fn every_pair_of_edges_that_meet_is_given() {
        let corners = circle(700);
        let tree = RingTree::new(&corners);
        let mut neighbours = 0;
        tree.any_pair(|a, b| {
            neighbours += a.map(|i| b.clone().filter(|j| i + 1 == *j).count()).sum::<usize>();
            false
        });
        assert_eq!(neighbours, 699);
        let moved: Vec<Coord<f64>> = corners.iter().map(|c| Coord { x: c.x + 1.0, y: c.y }).collect();
        let mut pairs = 0;
        tree.any_with(&RingTree::new(&moved), |_, _| {
            pairs += 1;
            false
        });
        assert!((2..200).contains(&pairs), "{pairs}");
    }
}
