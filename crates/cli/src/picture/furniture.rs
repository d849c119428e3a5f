use super::canvas::{Canvas, FAINT, Frame, INK, PAPER, Pen};
use super::zoom::Zoom;
use super::{Picture, Words, font, panel};

/// Sizes of text.
const LARGE: usize = 3;
pub(super) const MEDIUM: usize = 2;
/// A sample in the legend, and the room around it.
const SAMPLE: (usize, usize) = (34, 20);
const ROOM: usize = 10;
const APART: usize = 30;

/// The lines over the panels.
#[derive(Debug)]
pub(super) struct Title {
    lines: Vec<(String, usize)>,
    captions: [String; 2],
}

impl Title {
    pub(super) fn new(words: &Words, most: usize) -> Self {
        let sizes = std::iter::once(LARGE).chain(std::iter::repeat(MEDIUM));
        let lines = words.title.iter().zip(sizes);
        Self {
            lines: lines
                .flat_map(|(text, size)| font::wrap(text, size, most).into_iter().map(move |line| (line, size)))
                .collect(),
            captions: words.captions.clone(),
        }
    }

    pub(super) fn height(&self) -> usize {
        let lines: usize = self.lines.iter().map(|(_, size)| font::line_height(*size)).sum();
        lines + ROOM + font::line_height(MEDIUM) + 4
    }

    /// Draws at (x, y); the second panel begins `second` pixels to the right of the first.
    pub(super) fn draw(&self, canvas: &mut Canvas, x: usize, y: usize, second: usize) {
        let mut top = y;
        for (i, (line, size)) in self.lines.iter().enumerate() {
            font::write(canvas, line, (x, top), *size, if i == 0 { INK } else { FAINT });
            top += font::line_height(*size);
        }
        for (caption, left) in self.captions.iter().zip([x, x + second]) {
            font::write(canvas, caption, (left, top + ROOM), MEDIUM, INK);
        }
    }
}

/// What a sample in the legend shows.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Line(Pen),
    Hatch,
    Pale,
}

/// Samples with their words, the scale bar and the north arrow.
#[derive(Debug)]
pub(super) struct Legend {
    /// Sample, text, left edge and row.
    entries: Vec<(Sample, String, usize, usize)>,
    rows: usize,
    bar: Bar,
    north: String,
    width: usize,
}

impl Legend {
    pub(super) fn new(picture: &Picture<'_>, zoom: Zoom, width: usize) -> Self {
        let words = picture.words;
        let bar = Bar::new(picture.pixel_m / zoom.factor(), width / 6);
        let all = [
            (Sample::Line(panel::HIGH_PEN), &words.high),
            (Sample::Line(panel::LOW_PEN), &words.low),
            (Sample::Hatch, &words.not_seen),
            (Sample::Pale, &words.not_eligible),
            (Sample::Line(panel::BOUNDARY_PEN), &words.boundary),
        ];
        let most = width.saturating_sub(bar.length + 3 * APART + NORTH_WIDTH);
        let (mut left, mut row, mut entries) = (0, 0, Vec::new());
        for (sample, text) in all.into_iter().filter(|(_, text)| !text.is_empty()) {
            let wide = SAMPLE.0 + ROOM + font::width(text, MEDIUM);
            if left > 0 && left + wide > most {
                (left, row) = (0, row + 1);
            }
            entries.push((sample, text.clone(), left, row));
            left += wide + APART;
        }
        Self { entries, rows: row + 1, bar, north: words.north.clone(), width }
    }

    pub(super) fn height(&self) -> usize {
        (self.rows * ROW).max(NORTH_HEIGHT)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, x: usize, y: usize) {
        for (sample, text, left, row) in &self.entries {
            let frame = Frame { x: x + left, y: y + row * ROW + 4, width: SAMPLE.0, height: SAMPLE.1 };
            sample.draw(canvas, frame);
            font::write(canvas, text, (frame.x + SAMPLE.0 + ROOM, frame.y - 3), MEDIUM, INK);
        }
        let right = x + self.width;
        draw_north(canvas, &self.north, right - NORTH_WIDTH, y);
        self.bar.draw(canvas, right - NORTH_WIDTH - APART - self.bar.length, y + 4);
    }
}

const ROW: usize = 32;

impl Sample {
    fn draw(self, canvas: &mut Canvas, frame: Frame) {
        canvas.fill(frame, [66, 104, 62]);
        let Frame { x, y, width, height } = frame;
        match self {
            Self::Line(pen) => {
                let (left, right, middle) = (x as f64 + 5.0, (x + width) as f64 - 5.0, (y + height / 2) as f64);
                for pen in [font::casing(pen), pen] {
                    canvas.stroke(&[(left, middle), (right, middle)], pen, frame);
                }
            }
            Self::Hatch | Self::Pale => {
                let paint = if matches!(self, Self::Hatch) { panel::hatch } else { panel::pale };
                for (at_x, at_y) in (y..y + height).flat_map(|at_y| (x..x + width).map(move |at_x| (at_x, at_y))) {
                    paint(canvas, at_x, at_y);
                }
            }
        }
        canvas.outline(frame, INK);
    }
}

/// A scale bar of a round length.
#[derive(Debug)]
struct Bar {
    length: usize,
    text: String,
}

impl Bar {
    /// The longest bar of 1, 2 or 5 times a power of ten metres that is at most so many pixels.
    fn new(metres_a_pixel: f64, most: usize) -> Self {
        let longest = metres_a_pixel * most as f64;
        let power = 10f64.powf(longest.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|step| step * power).find(|metres| *metres <= longest).unwrap_or(power);
        let text = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        Self { length: (metres / metres_a_pixel).round() as usize, text }
    }

    fn draw(&self, canvas: &mut Canvas, x: usize, y: usize) {
        let half = self.length / 2;
        let bar = Frame { x, y: y + 26, width: self.length, height: 8 };
        canvas.fill(bar, PAPER);
        canvas.fill(Frame { width: half, ..bar }, INK);
        canvas.outline(bar, INK);
        let text = (x + half).saturating_sub(font::width(&self.text, MEDIUM) / 2);
        font::write(canvas, &self.text, (text, y - 3), MEDIUM, INK);
    }
}

const NORTH_WIDTH: usize = 24;
const NORTH_HEIGHT: usize = 52;

/// An arrow to the top with its letter under it.
fn draw_north(canvas: &mut Canvas, letter: &str, x: usize, y: usize) {
    let (left, top) = (x as f64, y as f64);
    canvas.fill_polygon(&[(left + 12.0, top), (left + 22.0, top + 28.0), (left + 12.0, top + 22.0)], FAINT);
    canvas.fill_polygon(&[(left + 12.0, top), (left + 12.0, top + 22.0), (left + 2.0, top + 28.0)], INK);
    let text = x + (NORTH_WIDTH.saturating_sub(font::width(letter, MEDIUM))) / 2;
    font::write(canvas, letter, (text, y + 25), MEDIUM, INK);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_bar_has_a_round_length_that_fits() {
        let bar = Bar::new(10.0, 130);
        assert_eq!((bar.length, bar.text.as_str()), (100, "1 km"));
        let bar = Bar::new(10.0 / 3.0, 240);
        assert_eq!((bar.length, bar.text.as_str()), (150, "500 m"));
    }
}
