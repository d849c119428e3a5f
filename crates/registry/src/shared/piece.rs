use super::{Side, Weight};

/// What of a polygon lies in a window.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(super) sides: Vec<Side>,
    /// Places along the top side where the cover of what lies above begins (+) or ends (-).
    steps: Vec<(f64, f64)>,
}

/// How a piece fills its window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// Not at all.
    Nothing,
    /// Wholly.
    Whole,
    /// Its sides tell.
    Part,
}

impl Piece {
    /// Empties it, for another polygon.
    pub(crate) fn clear(&mut self) {
        self.sides.clear();
        self.steps.clear();
    }

    /// Adds what lies above the window between two places, in the direction of the ring.
    pub(crate) fn add_above(&mut self, from: f64, to: f64, width: f64, sign: f64) {
        let (from, to) = (from.clamp(0.0, width), to.clamp(0.0, width));
        if from != to {
            self.steps.push((from, -sign));
            self.steps.push((to, sign));
        }
    }

    /// Adds an edge of a ring; of one that counts as a shell, `sign` is +1 where it runs counter-clockwise.
    pub(crate) fn add_edge(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), size: (f64, f64), sign: f64) {
        if x1 < x2 {
            self.add_side(Side { west: x1, east: x2, start: y1, end: y2, sign: -sign }, size);
        } else if x2 < x1 {
            self.add_side(Side { west: x2, east: x1, start: y2, end: y1, sign }, size);
        }
    }

    /// Adds a side, cut to the window.
    fn add_side(&mut self, side: Side, (width, height): (f64, f64)) {
        if side.east <= 0.0 || side.west >= width || (side.start <= 0.0 && side.end <= 0.0) {
            return;
        }
        let side = side.between(side.west.max(0.0), side.east.min(width));
        if side.start >= height && side.end >= height {
            self.cover(side.west, side.east, side.sign);
            return;
        }
        let (low, high) = (side.start.min(side.end), side.start.max(side.end));
        let mut inside = side;
        if high > height {
            let at = side.crossing(height);
            let (from, to) = if side.start > side.end { (side.west, at) } else { (at, side.east) };
            self.cover(from, to, side.sign);
            inside = if side.start > side.end {
                Side { west: at, start: height, ..inside }
            } else {
                Side { east: at, end: height, ..inside }
            };
        }
        if low < 0.0 {
            let at = side.crossing(0.0);
            inside = if side.start < side.end {
                Side { west: at, start: 0.0, ..inside }
            } else {
                Side { east: at, end: 0.0, ..inside }
            };
        }
        if inside.west < inside.east && (inside.start > 0.0 || inside.end > 0.0) {
            self.sides.push(inside);
        }
    }

    fn cover(&mut self, from: f64, to: f64, sign: f64) {
        if from < to {
            self.steps.push((from, sign));
            self.steps.push((to, -sign));
        }
    }

    /// Turns what lies above into sides along the top, and tells how the window is filled.
    pub(crate) fn close(&mut self, (width, height): (f64, f64)) -> Filling {
        let alone = self.sides.is_empty();
        if self.steps.len() > 1 {
            self.steps.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        let mut cover = 0.0;
        let mut pieces = 0;
        let mut whole = false;
        for pair in self.steps.windows(2) {
            cover += pair[0].1;
            if cover != 0.0 && pair[0].0 < pair[1].0 {
                let before = self.sides.last_mut().filter(|last| pieces > 0 && last.east == pair[0].0 && last.sign == cover);
                if let Some(before) = before {
                    before.east = pair[1].0;
                } else {
                    self.sides.push(Side { west: pair[0].0, east: pair[1].0, start: height, end: height, sign: cover });
                    pieces += 1;
                }
                let last = self.sides.last();
                whole = last.is_some_and(|side| side.west <= 0.0 && side.east >= width && side.sign == 1.0);
            }
        }
        self.steps.clear();
        match (alone, pieces) {
            (true, 0) => Filling::Nothing,
            (true, 1) if whole => Filling::Whole,
            _ => Filling::Part,
        }
    }

    /// Its area.
    pub(crate) fn area(&self, weight: &Weight) -> f64 {
        self.sides.iter().map(|side| side.sign * weight.under(side.east - side.west, side.start, side.end)).sum()
    }

    /// Number of sides.
    pub(crate) fn len(&self) -> usize {
        self.sides.len()
    }

    /// The part that lies in a window within this one's, whose corner lies at `corner`.
    pub(super) fn part(&self, corner: (f64, f64), size: (f64, f64)) -> (Self, Filling) {
        let mut piece = Self::default();
        for side in &self.sides {
            let moved = Side {
                west: side.west - corner.0,
                east: side.east - corner.0,
                start: side.start - corner.1,
                end: side.end - corner.1,
                sign: side.sign,
            };
            piece.add_side(moved, size);
        }
        let filling = piece.close(size);
        (piece, filling)
    }
}
