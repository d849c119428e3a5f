use std::collections::BinaryHeap;

use alert::overlap;
use geo_types::Coord;
use raster::Bounds;

/// Boxes a node.
const NODE: usize = 16;

/// Numbered boxes under boxes of boxes, sorted along a Hilbert curve (Kamel and Faloutsos 1993): flat, and never changed.
#[derive(Debug, Default)]
pub(crate) struct BoxTree {
    /// Boxes by level, the lowest first; each but the last is grouped by [`NODE`] under the next.
    levels: Vec<Vec<Bounds>>,
    /// Number of each box of the lowest level.
    numbers: Vec<u32>,
}

impl BoxTree {
    /// The tree of boxes with their numbers.
    pub(crate) fn new(boxes: Vec<(u32, Bounds)>) -> Self {
        let Some(whole) = boxes.iter().map(|(_, bounds)| *bounds).reduce(Bounds::union) else { return Self::default() };
        let mut order: Vec<(u32, u32)> =
            boxes.iter().enumerate().map(|(place, (_, bounds))| (along(&whole, middle(bounds)), place as u32)).collect();
        order.sort_unstable();
        let mut levels = vec![order.iter().map(|(_, place)| boxes[*place as usize].1).collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|below| below.len() > NODE) {
            let above = below.chunks(NODE).filter_map(|boxes| boxes.iter().copied().reduce(Bounds::union)).collect();
            levels.push(above);
        }
        Self { levels, numbers: order.iter().map(|(_, place)| boxes[*place as usize].0).collect() }
    }

    /// Calls with the number of each box that meets this one, touching included.
    pub(crate) fn meeting(&self, bounds: &Bounds, mut found: impl FnMut(u32)) {
        let Some(top) = self.levels.len().checked_sub(1) else { return };
        let mut stack = vec![(top, 0)];
        while let Some((level, first)) = stack.pop() {
            let boxes = &self.levels[level];
            for (place, held) in boxes.iter().enumerate().skip(first).take(NODE) {
                match level {
                    _ if !overlap(held, bounds) => {}
                    0 => found(self.numbers[place]),
                    _ => stack.push((level - 1, place * NODE)),
                }
            }
        }
    }

    /// The boxes by their distance from a point, the nearest first, each as its number and distance.
    pub(crate) fn by_distance(&self, at: Coord<f64>) -> impl Iterator<Item = (u32, f64)> {
        let mut heap = BinaryHeap::new();
        if let Some(top) = self.levels.len().checked_sub(1) {
            heap.push(Near { distance: 0.0, level: top + 1, place: 0 });
        }
        std::iter::from_fn(move || {
            loop {
                let Near { distance, level, place } = heap.pop()?;
                let Some(below) = level.checked_sub(1) else { return Some((self.numbers[place], distance)) };
                for (child, held) in self.levels[below].iter().enumerate().skip(place * NODE).take(NODE) {
                    heap.push(Near { distance: gap(held, at), level: below, place: child });
                }
            }
        })
    }
}

/// A node, or at level 0 a box, on its way to be told; the nearest is the greatest.
#[derive(Debug, PartialEq)]
struct Near {
    distance: f64,
    level: usize,
    place: usize,
}

impl Eq for Near {}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let nearer = other.distance.total_cmp(&self.distance);
        nearer.then(other.level.cmp(&self.level)).then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Distance of a point from a box, 0 within.
fn gap(bounds: &Bounds, at: Coord<f64>) -> f64 {
    let x = (bounds.west - at.x).max(at.x - bounds.east).max(0.0);
    let y = (bounds.south - at.y).max(at.y - bounds.north).max(0.0);
    x.hypot(y)
}

fn middle(bounds: &Bounds) -> Coord<f64> {
    Coord { x: bounds.west.midpoint(bounds.east), y: bounds.south.midpoint(bounds.north) }
}

/// Place of a point along a Hilbert curve through a box, of order 16.
pub(crate) fn along(whole: &Bounds, at: Coord<f64>) -> u32 {
    let cell = |value: f64, low: f64, high: f64| ((value - low) / (high - low) * 65_535.0) as u32 & 0xFFFF;
    let (mut x, mut y) = (cell(at.x, whole.west, whole.east), cell(at.y, whole.south, whole.north));
    let mut place = 0;
    for bit in (0..16).rev() {
        let (right, up) = ((x >> bit) & 1, (y >> bit) & 1);
        place = (place << 2) | ((3 * right) ^ up);
        if up == 0 {
            if right == 1 {
                (x, y) = (!x & 0xFFFF, !y & 0xFFFF);
            }
            (x, y) = (y, x);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(count: u32) -> Vec<(u32, Bounds)> {
        let place = |i: u32| (f64::from(i * 37 % 101), f64::from(i * 53 % 97));
        let of = |i| {
            let (x, y) = place(i);
            (i, Bounds { west: x, south: y, east: x + f64::from(i % 7), north: y + f64::from(i % 3) })
        };
        (0..count).map(of).collect()
    }

    #[test]
    fn what_is_found_is_what_a_look_at_every_box_finds() {
        for count in [0, 1, 16, 17, 300, 1000] {
            let (all, tree) = (boxes(count), BoxTree::new(boxes(count)));
            for (_, asked) in boxes(50) {
                let mut found = Vec::new();
                tree.meeting(&asked, |number| found.push(number));
                found.sort_unstable();
                let expected: Vec<u32> =
                    all.iter().filter(|(_, held)| overlap(held, &asked)).map(|(number, _)| *number).collect();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn boxes_come_by_their_distance() {
        let (all, tree) = (boxes(700), BoxTree::new(boxes(700)));
        let at = Coord { x: 40.5, y: 33.0 };
        let told: Vec<f64> = tree.by_distance(at).map(|(_, distance)| distance).collect();
        assert!(told.len() == all.len() && told.is_sorted());
    }

    #[test]
    fn the_curve_steps_from_cell_to_neighbour() {
        let whole = Bounds { west: 0.0, south: 0.0, east: 65_535.0, north: 65_535.0 };
        let mut cells: Vec<(u32, u32, u32)> = Vec::new();
        for x in 0..16_u32 {
            for y in 0..16_u32 {
                cells.push((along(&whole, Coord { x: f64::from(x), y: f64::from(y) }), x, y));
            }
        }
        cells.sort_unstable();
        assert!(cells.windows(2).all(|pair| pair[0].1.abs_diff(pair[1].1) + pair[0].2.abs_diff(pair[1].2) == 1));
    }
}
