use std::mem;

use serde::{Deserialize, Serialize};

/// Which neighbours of a pixel belong to its component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Connectivity {
    /// The four that share an edge.
    Four,
    /// The eight that share an edge or a corner.
    #[default]
    Eight,
}

impl From<Connectivity> for u8 {
    fn from(connectivity: Connectivity) -> Self {
        match connectivity {
            Connectivity::Four => 4,
            Connectivity::Eight => 8,
        }
    }
}

impl TryFrom<u8> for Connectivity {
    type Error = String;

    fn try_from(neighbours: u8) -> Result<Self, String> {
        match neighbours {
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            other => Err(format!("connectivity is {other}, expected 4 or 8")),
        }
    }
}

/// What is added up over a component. Merging must not depend on the order of merges.
pub trait Tally: Default {
    /// Adds another part of the same component.
    fn merge(&mut self, other: Self);
}

impl Tally for () {
    fn merge(&mut self, (): Self) {}
}

/// Neighbouring pixels of one row, `col_start` included, `col_end` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// Row.
    pub row: u32,
    /// First column.
    pub col_start: u32,
    /// Column after the last.
    pub col_end: u32,
}

impl Run {
    /// Number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.col_end - self.col_start)
    }
}

/// Connected pixels of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component<V, T> {
    /// Their value.
    pub value: V,
    /// Its pixels, by row, then column; runs of one row do not touch.
    pub runs: Vec<Run>,
    /// Number of pixels.
    pub pixels: u64,
    /// What was added up over them.
    pub tally: T,
}

/// Components that were too small to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Dropped {
    /// How many.
    pub components: u64,
    /// Their pixels.
    pub pixels: u64,
}

const NONE: u32 = u32::MAX;

/// A run in the arena of open components, chained to the next one of its component.
struct Link {
    run: Run,
    next: u32,
}

struct Open<V, T> {
    value: V,
    tally: T,
    pixels: u64,
    /// Itself for a root; otherwise on the way to the root.
    parent: u32,
    /// First and last link of the chain of runs.
    head: u32,
    tail: u32,
    /// Whether the current row has pixels of it.
    touched: bool,
    free: bool,
}

/// A run of the row above or of the current one, and the open component it belongs to.
#[derive(Clone, Copy)]
struct Edge<V> {
    col_start: u32,
    col_end: u32,
    value: V,
    slot: u32,
}

/// Finds connected components in rows that come from north to south, holding only those that are still open.
///
/// Two passes in one: each row becomes runs, runs are joined to those of the row above by union-find, and a component
/// that has no pixel in the current row is handed out. Components come in an order that only the raster decides.
pub struct Labeller<V, T> {
    connectivity: Connectivity,
    min_pixels: u64,
    row: u32,
    above: Vec<Edge<V>>,
    here: Vec<Edge<V>>,
    open: Vec<Open<V, T>>,
    free_slots: Vec<u32>,
    links: Vec<Link>,
    free_links: Vec<u32>,
    closed: Vec<Component<V, T>>,
    dropped: Dropped,
}

impl<V: Copy + PartialEq, T: Tally> Labeller<V, T> {
    /// A labeller that drops (and counts) components of fewer than `min_pixels` pixels.
    pub fn new(connectivity: Connectivity, min_pixels: u64) -> Self {
        Self {
            connectivity,
            min_pixels,
            row: 0,
            above: Vec::new(),
            here: Vec::new(),
            open: Vec::new(),
            free_slots: Vec::new(),
            links: Vec::new(),
            free_links: Vec::new(),
            closed: Vec::new(),
            dropped: Dropped::default(),
        }
    }

    /// The number of the row that comes next; the first is 0.
    pub fn next_row(&self) -> u32 {
        self.row
    }

    /// Takes the next row: `value` says what a pixel is (`None` = in no component), `add` adds a run to a tally.
    pub fn push_row<P: Copy>(&mut self, pixels: &[P], value: impl Fn(P) -> Option<V>, mut add: impl FnMut(&mut T, Run)) {
        let mut first = 0;
        let mut col = 0;
        while col < pixels.len() {
            let Some(run_value) = value(pixels[col]) else {
                col += 1;
                continue;
            };
            let start = col;
            while col < pixels.len() && value(pixels[col]) == Some(run_value) {
                col += 1;
            }
            self.take_run(start as u32, col as u32, run_value, &mut first, &mut add);
        }
        self.end_row();
    }

    /// Takes the next row as runs of pixels of one value, from west to east.
    pub(crate) fn push_runs(&mut self, runs: &[Run], value: V, mut add: impl FnMut(&mut T, Run)) {
        let mut first = 0;
        for run in runs {
            self.take_run(run.col_start, run.col_end, value, &mut first, &mut add);
        }
        self.end_row();
    }

    /// The components that were closed since the last call.
    pub fn take_closed(&mut self) -> Vec<Component<V, T>> {
        mem::take(&mut self.closed)
    }

    /// The components that were still open at the last row or not yet taken, and what was dropped over all rows.
    pub fn finish(mut self) -> (Vec<Component<V, T>>, Dropped) {
        self.end_row();
        (self.closed, self.dropped)
    }

    /// Joins a run to the row above; `first` is the first run above that may reach it.
    fn take_run(&mut self, col_start: u32, col_end: u32, value: V, first: &mut usize, add: &mut impl FnMut(&mut T, Run)) {
        let reach = u32::from(self.connectivity == Connectivity::Eight);
        while self.above.get(*first).is_some_and(|run| run.col_end + reach <= col_start) {
            *first += 1;
        }
        let mut slot = NONE;
        for k in *first..self.above.len() {
            let run = self.above[k];
            if run.col_start >= col_end + reach {
                break;
            }
            if run.value == value {
                let root = self.root(run.slot);
                slot = if slot == NONE { root } else { self.join(slot, root) };
            }
        }
        if slot == NONE {
            slot = self.open_slot(value);
        }
        let run = Run { row: self.row, col_start, col_end };
        self.append(slot, run);
        add(&mut self.open[slot as usize].tally, run);
        self.here.push(Edge { col_start, col_end, value, slot });
    }

    /// Closes what the row did not touch, and makes it the row above.
    fn end_row(&mut self) {
        for k in 0..self.here.len() {
            let root = self.root(self.here[k].slot);
            self.here[k].slot = root;
            self.open[root as usize].touched = true;
        }
        let above = mem::take(&mut self.above);
        for run in &above {
            self.leave(run.slot);
        }
        for run in &self.here {
            self.open[run.slot as usize].touched = false;
        }
        self.above = mem::replace(&mut self.here, above);
        self.here.clear();
        self.row += 1;
    }

    /// Frees a slot of the row above that was joined to another one, or whose component ends there.
    fn leave(&mut self, slot: u32) {
        let open = &self.open[slot as usize];
        if open.free || open.touched {
            return;
        }
        if open.parent == slot {
            self.close(slot);
        }
        self.open[slot as usize].free = true;
        self.free_slots.push(slot);
    }

    fn close(&mut self, slot: u32) {
        let open = &mut self.open[slot as usize];
        let (value, pixels, tally, head) = (open.value, open.pixels, mem::take(&mut open.tally), open.head);
        let keep = pixels >= self.min_pixels;
        let mut runs = Vec::new();
        let mut link = head;
        while link != NONE {
            if keep {
                runs.push(self.links[link as usize].run);
            }
            self.free_links.push(link);
            link = self.links[link as usize].next;
        }
        if keep {
            runs.sort_unstable();
            self.closed.push(Component { value, runs, pixels, tally });
        } else {
            self.dropped.components += 1;
            self.dropped.pixels += pixels;
        }
    }

    fn root(&mut self, mut slot: u32) -> u32 {
        while self.open[slot as usize].parent != slot {
            let parent = self.open[slot as usize].parent;
            let grandparent = self.open[parent as usize].parent;
            self.open[slot as usize].parent = grandparent;
            slot = grandparent;
        }
        slot
    }

    /// Makes two roots one; the component with more pixels takes in the other.
    fn join(&mut self, a: u32, b: u32) -> u32 {
        if a == b {
            return a;
        }
        let (large, small) = if self.open[a as usize].pixels >= self.open[b as usize].pixels { (a, b) } else { (b, a) };
        let other = &mut self.open[small as usize];
        other.parent = large;
        let (tally, pixels, head, tail) = (mem::take(&mut other.tally), other.pixels, other.head, other.tail);
        let root = &mut self.open[large as usize];
        root.tally.merge(tally);
        root.pixels += pixels;
        self.links[root.tail as usize].next = head;
        root.tail = tail;
        large
    }

    fn open_slot(&mut self, value: V) -> u32 {
        let slot = self.free_slots.pop().unwrap_or(self.open.len() as u32);
        let open =
            Open { value, tally: T::default(), pixels: 0, parent: slot, head: NONE, tail: NONE, touched: false, free: false };
        match self.open.get_mut(slot as usize) {
            Some(reused) => *reused = open,
            None => self.open.push(open),
        }
        slot
    }

    fn append(&mut self, slot: u32, run: Run) {
        let link = self.free_links.pop().unwrap_or(self.links.len() as u32);
        match self.links.get_mut(link as usize) {
            Some(reused) => *reused = Link { run, next: NONE },
            None => self.links.push(Link { run, next: NONE }),
        }
        let open = &mut self.open[slot as usize];
        open.pixels += run.pixels();
        if open.head == NONE {
            open.head = link;
        } else {
            self.links[open.tail as usize].next = link;
        }
        open.tail = link;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Pixels(u64);

    impl Tally for Pixels {
        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    fn label(mask: &[Vec<u8>], connectivity: Connectivity) -> Vec<Component<u8, Pixels>> {
        let mut labeller = Labeller::new(connectivity, 1);
        let mut found = Vec::new();
        for row in mask {
            labeller.push_row(row, |v| (v > 0).then_some(v), |tally: &mut Pixels, run| tally.0 += run.pixels());
            found.extend(labeller.take_closed());
        }
        found.extend(labeller.finish().0);
        found
    }

    fn flood(mask: &[Vec<u8>], connectivity: Connectivity) -> BTreeSet<Vec<(usize, usize)>> {
        let (rows, cols) = (mask.len(), mask[0].len());
        let mut seen = vec![vec![false; cols]; rows];
        let mut found = BTreeSet::new();
        for start in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            if mask[start.0][start.1] == 0 || seen[start.0][start.1] {
                continue;
            }
            let mut pixels = vec![start];
            seen[start.0][start.1] = true;
            let mut next = 0;
            while let Some(&(row, col)) = pixels.get(next) {
                next += 1;
                for (r, c) in (row.saturating_sub(1)..(row + 2).min(rows))
                    .flat_map(|r| (col.saturating_sub(1)..(col + 2).min(cols)).map(move |c| (r, c)))
                {
                    let diagonal = r != row && c != col;
                    if (connectivity == Connectivity::Four && diagonal) || seen[r][c] || mask[r][c] != mask[row][col] {
                        continue;
                    }
                    seen[r][c] = true;
                    pixels.push((r, c));
                }
            }
            pixels.sort_unstable();
            found.insert(pixels);
        }
        found
    }

    fn pixels(runs: &[Run]) -> Vec<(usize, usize)> {
        runs.iter().flat_map(|run| (run.col_start..run.col_end).map(|col| (run.row as usize, col as usize))).collect()
    }

    proptest! {
        #[test]
        fn components_are_those_of_a_flood_fill(
            mask in (1_usize..9, 1_usize..12).prop_flat_map(|(rows, cols)| {
                prop::collection::vec(prop::collection::vec(0_u8..3, cols), rows)
            }),
            eight: bool,
        ) {
            let connectivity = if eight { Connectivity::Eight } else { Connectivity::Four };
            let components = label(&mask, connectivity);
            for component in &components {
                prop_assert_eq!(component.tally.0, component.pixels);
                prop_assert!(component.runs.is_sorted());
            }
            let found: BTreeSet<_> = components.iter().map(|c| pixels(&c.runs)).collect();
            prop_assert_eq!(found.len(), components.len());
            prop_assert_eq!(found, flood(&mask, connectivity));
        }
    }

    #[test]
    fn a_closed_component_is_handed_out_before_the_last_row() {
        let mut labeller: Labeller<u8, ()> = Labeller::new(Connectivity::Eight, 2);
        for row in [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]] {
            labeller.push_row(&row, |v| (v > 0).then_some(v), |(), _| ());
        }
        let closed = labeller.take_closed();
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].runs, [Run { row: 0, col_start: 0, col_end: 2 }]);
        assert_eq!(labeller.finish().1, Dropped { components: 1, pixels: 1 });
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_rows() {
        let mut labeller: Labeller<u8, ()> = Labeller::new(Connectivity::Four, 1);
        for row in 0..1000 {
            let pixels: Vec<u8> = (0..64).map(|col| u8::from((row + col) % 3 == 0)).collect();
            labeller.push_row(&pixels, |v| (v > 0).then_some(v), |(), _| ());
            labeller.take_closed();
        }
        assert!(labeller.links.len() < 100 && labeller.open.len() < 100);
    }
}
