/// The upper side of a strip: an edge from west to east, relative to the south-west corner of its window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub(crate) west: f64,
    pub(crate) east: f64,
    /// Height at the west end.
    pub(crate) start: f64,
    /// Height at the east end.
    pub(crate) end: f64,
    /// +1 where the strip counts, -1 where it is taken off.
    pub(crate) sign: f64,
}

impl Side {
    fn slope(&self) -> f64 {
        (self.end - self.start) / (self.east - self.west)
    }

    /// Height at a place between the ends.
    fn at(&self, x: f64) -> f64 {
        // From the nearer end, so that both ends are met to the bit.
        if x - self.west <= self.east - x {
            self.start + (x - self.west) * self.slope()
        } else {
            self.end - (self.east - x) * self.slope()
        }
    }

    pub(super) fn between(&self, west: f64, east: f64) -> Self {
        let start = if west == self.west { self.start } else { self.at(west) };
        let end = if east == self.east { self.end } else { self.at(east) };
        Self { west, east, start, end, sign: self.sign }
    }

    /// Where it passes a height that lies between those of its ends.
    pub(super) fn crossing(&self, height: f64) -> f64 {
        let x = self.west + (height - self.start) / (self.end - self.start) * (self.east - self.west);
        x.clamp(self.west, self.east)
    }
}
