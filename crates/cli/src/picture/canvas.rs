use ndarray::Array3;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// Background of the whole picture.
pub(super) const PAPER: Colour = [250, 249, 246];
/// Text and dark lines.
pub(super) const INK: Colour = [28, 33, 36];
/// Text of less weight.
pub(super) const FAINT: Colour = [104, 110, 114];
pub(super) const WHITE: Colour = [255, 255, 255];
/// Vermillion and yellow of Okabe and Ito's palette, which colour-blind people tell apart.
pub(super) const HIGH: Colour = [213, 94, 0];
pub(super) const LOW: Colour = [240, 228, 66];

/// A rectangle of the canvas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// How a line is drawn: width in pixels, colour and opacity (0 to 1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) width: f64,
    pub(super) colour: Colour,
    pub(super) opacity: f64,
}

/// Pixels to draw on, shape (3, y, x). Whatever falls beside it is left out.
#[derive(Debug)]
pub(super) struct Canvas {
    pixels: Array3<u8>,
}

impl Canvas {
    pub(super) fn new(rows: usize, cols: usize, colour: Colour) -> Self {
        Self { pixels: Array3::from_shape_fn((3, rows, cols), |(band, _, _)| colour[band]) }
    }

    pub(super) fn into_pixels(self) -> Array3<u8> {
        self.pixels
    }

    /// The whole canvas.
    pub(super) fn frame(&self) -> Frame {
        let (_, height, width) = self.pixels.dim();
        Frame { x: 0, y: 0, width, height }
    }

    /// Lays a colour over a pixel; opacity 0 leaves it, 1 replaces it.
    pub(super) fn blend(&mut self, x: usize, y: usize, colour: Colour, opacity: f64) {
        for (band, &over) in colour.iter().enumerate() {
            if let Some(under) = self.pixels.get_mut([band, y, x]) {
                let mixed = f64::from(*under) + (f64::from(over) - f64::from(*under)) * opacity;
                *under = mixed.round().clamp(0.0, 255.0) as u8;
            }
        }
    }

    pub(super) fn fill(&mut self, frame: Frame, colour: Colour) {
        for y in frame.y..frame.y + frame.height {
            for x in frame.x..frame.x + frame.width {
                self.blend(x, y, colour, 1.0);
            }
        }
    }

    /// The edge of a frame, one pixel wide, just inside it.
    pub(super) fn outline(&mut self, frame: Frame, colour: Colour) {
        let Frame { x, y, width, height } = frame;
        self.fill(Frame { x, y, width, height: 1 }, colour);
        self.fill(Frame { x, y: (y + height).saturating_sub(1), width, height: 1 }, colour);
        self.fill(Frame { x, y, width: 1, height }, colour);
        self.fill(Frame { x: (x + width).saturating_sub(1), y, width: 1, height }, colour);
    }

    /// A line through places (x, y) of the canvas with soft edges, cut at a frame.
    pub(super) fn stroke(&mut self, places: &[(f64, f64)], pen: Pen, clip: Frame) {
        for pair in places.windows(2) {
            self.segment(pair[0], pair[1], pen, clip);
        }
    }

    fn segment(&mut self, a: (f64, f64), b: (f64, f64), pen: Pen, clip: Frame) {
        let reach = pen.width / 2.0 + 1.0;
        // A float beyond the range of usize becomes its nearest end.
        let range = |a: f64, b: f64, from: usize, length: usize| {
            let low = (a.min(b) - reach).floor().max(from as f64) as usize;
            let high = (a.max(b) + reach).ceil().min((from + length) as f64).max(0.0) as usize;
            low..high
        };
        for y in range(a.1, b.1, clip.y, clip.height) {
            for x in range(a.0, b.0, clip.x, clip.width) {
                let away = distance((x as f64 + 0.5, y as f64 + 0.5), a, b);
                let cover = (pen.width / 2.0 + 0.5 - away).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, pen.colour, cover * pen.opacity);
                }
            }
        }
    }

    /// A polygon without holes, its edge hard.
    pub(super) fn fill_polygon(&mut self, ring: &[(f64, f64)], colour: Colour) {
        let clip = self.frame();
        for y in 0..clip.height {
            for x in 0..clip.width {
                if inside((x as f64 + 0.5, y as f64 + 0.5), ring) {
                    self.blend(x, y, colour, 1.0);
                }
            }
        }
    }
}

/// Distance of a place from a segment.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

fn inside(p: (f64, f64), ring: &[(f64, f64)]) -> bool {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    edges.filter(|(a, b)| (a.1 > p.1) != (b.1 > p.1) && p.0 < a.0 + (p.1 - a.1) / (b.1 - a.1) * (b.0 - a.0)).count() % 2 == 1
}
