//! The area that two polygons share, without the polygon.
//!
//! A polygon is the signed sum of the strips under its edges: `1(x, y) = sum of s_i [y < y_i(x)]`, with s = +1 for edges that run
//! west around a shell (counter-clockwise) and -1 for those that run east. The area that two polygons share is then the sum over
//! all pairs of edges of `s_i s_j` times the area under both, `min(y_i, y_j)`: it needs no crossing to be found in order, no
//! point to be told inside or outside, and touching corners, common edges and equal polygons are no special cases. Within a window
//! what lies above it is its top side, what lies below is nothing, so only edges near a small polygon are looked at. Windows with
//! many edges of both are cut in halves.

#![expect(clippy::float_cmp, reason = "ends that are copied are met to the bit, and signs are whole")]

mod piece;
mod side;
#[cfg(test)]
mod tests;
mod weight;

use raster::Bounds;

use crate::measure::AreaMeasure;

pub(crate) use piece::{Filling, Piece};
pub(crate) use side::Side;
pub(crate) use weight::Weight;

/// Pairs of edges that are summed without cutting the window.
const PAIRS: usize = 1024;

/// As few edges of one polygon that no cutting pays.
const FEW: usize = 8;

/// Most cuts of a window.
const CUTS: usize = 48;

/// A window: where it begins, and how large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) south: f64,
    pub(crate) size: (f64, f64),
    pub(crate) measure: AreaMeasure,
}

impl Window {
    /// The window over a box.
    pub(crate) fn new(bounds: &Bounds, measure: AreaMeasure) -> Self {
        Self { south: bounds.south, size: (bounds.east - bounds.west, bounds.north - bounds.south), measure }
    }

    /// Its own area, square metres.
    pub(crate) fn whole(&self) -> f64 {
        self.weight().under(self.size.0, self.size.1, self.size.1)
    }

    fn weight(&self) -> Weight {
        self.measure.weight(self.south, self.size.1)
    }

    /// Area of a piece of this window, square metres.
    pub(crate) fn area(&self, piece: &Piece) -> f64 {
        if !self.measure.is_tall(self.size.1) {
            return piece.area(&self.weight());
        }
        self.halves().into_iter().map(|(corner, half)| half.area(&piece.part(corner, half.size).0)).sum()
    }

    /// Area that two pieces of this window share, square metres.
    pub(crate) fn shared(&self, a: &Piece, b: &Piece) -> f64 {
        self.shared_cut(a, b, CUTS)
    }

    fn shared_cut(&self, a: &Piece, b: &Piece, cuts: usize) -> f64 {
        let many = a.len() * b.len() > PAIRS && a.len().min(b.len()) > FEW;
        if cuts == 0 || !(many || self.measure.is_tall(self.size.1)) {
            return pairs(&a.sides, &b.sides, &self.weight());
        }
        let share = |(corner, half): ((f64, f64), Self)| {
            let (a, fills_a) = a.part(corner, half.size);
            if fills_a == Filling::Nothing {
                return 0.0;
            }
            let (b, fills_b) = b.part(corner, half.size);
            match (fills_a, fills_b) {
                (_, Filling::Nothing) => 0.0,
                (Filling::Whole, _) => half.area(&b),
                (_, Filling::Whole) => half.area(&a),
                _ => half.shared_cut(&a, &b, cuts - 1),
            }
        };
        self.halves().into_iter().map(share).sum()
    }

    /// The two halves, cut across the longer side, each with its corner in this window.
    fn halves(&self) -> [((f64, f64), Self); 2] {
        let (width, height) = self.size;
        if height >= width || self.measure.is_tall(height) {
            let low = height / 2.0;
            let upper = Self { south: self.south + low, size: (width, height - low), ..*self };
            [((0.0, 0.0), Self { size: (width, low), ..*self }), ((0.0, low), upper)]
        } else {
            let left = width / 2.0;
            [((0.0, 0.0), Self { size: (left, height), ..*self }), ((left, 0.0), Self { size: (width - left, height), ..*self })]
        }
    }
}

fn pairs(a: &[Side], b: &[Side], weight: &Weight) -> f64 {
    let mut sum = 0.0;
    for one in b {
        for other in a {
            if other.west < one.east && one.west < other.east {
                sum += one.sign * other.sign * under_both(one, other, weight);
            }
        }
    }
    sum
}

/// Area under two sides whose places overlap.
fn under_both(a: &Side, b: &Side, weight: &Weight) -> f64 {
    let (west, east) = (a.west.max(b.west), a.east.min(b.east));
    let (a, b) = (a.between(west, east), b.between(west, east));
    let (start, end) = (b.start - a.start, b.end - a.end);
    let width = east - west;
    if start >= 0.0 && end >= 0.0 {
        weight.under(width, a.start, a.end)
    } else if start <= 0.0 && end <= 0.0 {
        weight.under(width, b.start, b.end)
    } else {
        let share = start / (start - end);
        let height = a.start + share * (a.end - a.start);
        let (first, last) = if start < 0.0 { (b.start, a.end) } else { (a.start, b.end) };
        weight.under(width * share, first, height) + weight.under(width * (1.0 - share), height, last)
    }
}
