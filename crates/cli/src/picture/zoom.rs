/// How raster pixels become picture pixels: by a whole number either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zoom {
    /// A raster pixel is this many picture pixels a side.
    Up(usize),
    /// A picture pixel is this many raster pixels a side.
    Down(usize),
}

/// Wished length of a panel's longer side, and the longest that is left as it is.
const WISHED: usize = 800;
const LONGEST: usize = 1100;

impl Zoom {
    /// The zoom that brings the longer side near 800 pixels.
    pub(super) fn for_size(rows: usize, cols: usize) -> Self {
        let longer = rows.max(cols).max(1);
        if longer > LONGEST {
            Self::Down(longer.div_ceil(LONGEST))
        } else {
            Self::Up(((WISHED + longer / 2) / longer).clamp(1, 24))
        }
    }

    /// Length in the picture of so many raster pixels; at least 1.
    pub(super) fn length(self, pixels: usize) -> usize {
        match self {
            Self::Up(by) => pixels * by,
            Self::Down(by) => (pixels / by).max(1),
        }
    }

    /// Picture pixels a raster pixel.
    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Up(by) => by as f64,
            Self::Down(by) => 1.0 / by as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_come_near_their_wished_size() {
        assert_eq!(Zoom::for_size(300, 200), Zoom::Up(3));
        assert_eq!(Zoom::for_size(640, 640), Zoom::Up(1));
        assert_eq!(Zoom::for_size(1101, 10), Zoom::Down(2));
    }
}
