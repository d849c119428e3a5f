use geo_types::LineString;
use ndarray::{ArrayView3, s};

use super::canvas::{Canvas, Colour, Frame, HIGH, INK, LOW, Pen, WHITE};
use super::zoom::Zoom;
use super::{Boundary, Outline, Picture, font, label};

/// The line around alerts of high and of low confidence, and official lines.
pub(super) const HIGH_PEN: Pen = Pen { width: 2.6, colour: HIGH, opacity: 1.0 };
pub(super) const LOW_PEN: Pen = Pen { width: 2.0, colour: LOW, opacity: 1.0 };
pub(super) const BOUNDARY_PEN: Pen = Pen { width: 1.6, colour: WHITE, opacity: 1.0 };

/// Codes of the answer plane that change how a place looks.
const NOT_ELIGIBLE: u8 = 3;
const NOT_SEEN: u8 = 255;
/// Distance between the lines of a hatch, and their width, in picture pixels.
const HATCH: (usize, usize) = (10, 2);
const HATCH_GROUND: Colour = [104, 108, 114];
const HATCH_LINE: Colour = [158, 162, 168];
/// What is not looked at fades to this.
const PALE: Colour = [247, 244, 236];

/// One image of the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    pub(super) frame: Frame,
    pub(super) zoom: Zoom,
}

impl Panel {
    /// The image before, hatched where nothing was seen, with official lines but without their names.
    pub(super) fn draw_before(self, canvas: &mut Canvas, picture: &Picture<'_>) {
        self.image(canvas, &picture.before);
        self.paint(canvas, picture.seen_before.dim(), |canvas, at, (x, y)| {
            if !picture.seen_before[at] {
                hatch(canvas, x, y);
            }
        });
        self.boundaries(canvas, picture.boundaries);
        canvas.outline(self.frame, INK);
    }

    /// The image after with what was answered, official lines with their names, and alerts on top.
    pub(super) fn draw_after(self, canvas: &mut Canvas, picture: &Picture<'_>) {
        self.image(canvas, &picture.after);
        self.paint(canvas, picture.answer.dim(), |canvas, at, (x, y)| match picture.answer[at] {
            NOT_ELIGIBLE => pale(canvas, x, y),
            NOT_SEEN => hatch(canvas, x, y),
            _ => {}
        });
        self.boundaries(canvas, picture.boundaries);
        label::draw(canvas, self, picture);
        for high in [false, true] {
            for outline in picture.outlines.iter().filter(|outline| outline.high == high) {
                self.alert(canvas, outline);
            }
        }
        canvas.outline(self.frame, INK);
    }

    fn image(self, canvas: &mut Canvas, image: &ArrayView3<'_, u8>) {
        for y in 0..self.frame.height {
            for x in 0..self.frame.width {
                let colour = match self.zoom {
                    Zoom::Up(by) => between(image, y, x, by),
                    Zoom::Down(by) => mean(image, y * by, x * by, by),
                };
                canvas.blend(self.frame.x + x, self.frame.y + y, colour, 1.0);
            }
        }
    }

    /// Goes over the panel: `paint` gets the place in the raster (row, column) and on the canvas (x, y).
    fn paint(
        self,
        canvas: &mut Canvas,
        (rows, cols): (usize, usize),
        paint: impl Fn(&mut Canvas, (usize, usize), (usize, usize)),
    ) {
        let Frame { x: left, y: top, width, height } = self.frame;
        for y in 0..height {
            for x in 0..width {
                let at = match self.zoom {
                    Zoom::Up(by) => (y / by, x / by),
                    Zoom::Down(by) => ((y * by + by / 2).min(rows - 1), (x * by + by / 2).min(cols - 1)),
                };
                paint(canvas, at, (left + x, top + y));
            }
        }
    }

    fn boundaries(self, canvas: &mut Canvas, boundaries: &[Boundary]) {
        let lines = || boundaries.iter().flat_map(|boundary| &boundary.lines.0);
        for pen in [font::casing(BOUNDARY_PEN), BOUNDARY_PEN] {
            for line in lines() {
                canvas.stroke(&self.places(line), pen, self.frame);
            }
        }
    }

    fn alert(self, canvas: &mut Canvas, outline: &Outline) {
        let pen = if outline.high { HIGH_PEN } else { LOW_PEN };
        let rings = || outline.shape.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
        for pen in [font::casing(pen), pen] {
            for ring in rings() {
                canvas.stroke(&self.places(ring), pen, self.frame);
            }
        }
    }

    /// The places of a line on the canvas.
    pub(super) fn places(self, line: &LineString<f64>) -> Vec<(f64, f64)> {
        let factor = self.zoom.factor();
        line.coords().map(|c| (self.frame.x as f64 + c.x * factor, self.frame.y as f64 + c.y * factor)).collect()
    }
}

/// Hides a pixel under grey with its part of the diagonal lines: nothing is to be seen there.
pub(super) fn hatch(canvas: &mut Canvas, x: usize, y: usize) {
    let colour = if (x + y) % HATCH.0 < HATCH.1 { HATCH_LINE } else { HATCH_GROUND };
    canvas.blend(x, y, colour, 1.0);
}

/// Bleaches a pixel: it can be made out, but was not asked about.
pub(super) fn pale(canvas: &mut Canvas, x: usize, y: usize) {
    canvas.blend(x, y, PALE, 0.75);
}

/// A colour between the four raster pixels around a picture pixel.
fn between(image: &ArrayView3<'_, u8>, y: usize, x: usize, by: usize) -> Colour {
    let (_, rows, cols) = image.dim();
    let place = |v: usize, n: usize| {
        let at = ((v as f64 + 0.5) / by as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        let first = at as usize;
        (first, (first + 1).min(n - 1), at - first as f64)
    };
    let ((north, south, v), (west, east, u)) = (place(y, rows), place(x, cols));
    std::array::from_fn(|band| {
        let value = |row: usize, col: usize| f64::from(image[[band, row, col]]);
        let upper = value(north, west) * (1.0 - u) + value(north, east) * u;
        let lower = value(south, west) * (1.0 - u) + value(south, east) * u;
        (upper * (1.0 - v) + lower * v).round() as u8
    })
}

/// The mean colour of a square of raster pixels.
fn mean(image: &ArrayView3<'_, u8>, row: usize, col: usize, by: usize) -> Colour {
    let (_, rows, cols) = image.dim();
    let (end_row, end_col) = ((row + by).min(rows), (col + by).min(cols));
    std::array::from_fn(|band| {
        let square = image.slice(s![band, row..end_row, col..end_col]);
        let sum: usize = square.iter().map(|value| usize::from(*value)).sum();
        (sum / square.len().max(1)) as u8
    })
}
