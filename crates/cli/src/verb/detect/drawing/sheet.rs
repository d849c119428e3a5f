//! Strokes and letters on a sheet, in pixels of the picture, whatever it is drawn with.

use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, IntoFont, PathElement, Polygon, RGBAColor, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle, TextStyle};

use crate::fault::{Exit, Fault};
use crate::picture::font;

/// The drawing is made so many times larger: places are whole numbers to what draws, and a raster is made smaller again.
pub(super) const ENLARGED: usize = 3;

/// Width and height of the picture.
pub(super) const SIZE: (usize, usize) = (1200, 700);

/// Letters of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Drawn dot by dot, in the letters of the program's other pictures.
    Dots,
    /// Text, in whatever the viewer has.
    Text,
}

/// Heights of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Height {
    Small,
    Large,
}

impl Height {
    /// Pixels a dot of the font.
    fn dots(self) -> usize {
        if self == Self::Small { 2 } else { 3 }
    }

    /// Size of text that takes about the same room.
    fn points(self) -> usize {
        if self == Self::Small { 17 } else { 25 }
    }

    /// Height of a line.
    pub(super) fn line(self) -> f64 {
        font::line_height(self.dots()) as f64
    }

    /// Width of a text in the program's own letters.
    fn width(self, text: &str) -> f64 {
        font::width(text, self.dots()) as f64
    }

    /// The text in lines of at most this width.
    pub(super) fn wrap(self, text: &str, most: f64) -> Vec<String> {
        font::wrap(text, self.dots(), most as usize)
    }
}

/// Where a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Right,
    Middle,
    Left,
}

/// A place, x to the right and y down.
pub(super) type Point = (f64, f64);

/// What is drawn on.
pub(super) struct Sheet<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    letters: Letters,
}

fn far(length: f64) -> i32 {
    (length * ENLARGED as f64).round() as i32
}

fn at((x, y): Point) -> (i32, i32) {
    (far(x), far(y))
}

fn thick(width: f64) -> u32 {
    far(width).max(1) as u32
}

impl<'a, B: DrawingBackend> Sheet<'a, B> {
    pub(super) fn new(area: &'a DrawingArea<B, Shift>, letters: Letters) -> Self {
        Self { area, letters }
    }

    /// Width of a text, about; other letters than the program's own are narrower.
    pub(super) fn width(&self, text: &str, height: Height) -> f64 {
        height.width(text) * if self.letters == Letters::Dots { 1.0 } else { 0.78 }
    }

    pub(super) fn ground(&self, colour: RGBColor) -> Result<(), Fault> {
        self.area.fill(&colour).map_err(|error| wrong(&error))
    }

    pub(super) fn line(&self, points: &[Point], colour: RGBAColor, width: f64) -> Result<(), Fault> {
        let style = ShapeStyle { color: colour, filled: false, stroke_width: thick(width) };
        let points: Vec<(i32, i32)> = points.iter().map(|point| at(*point)).collect();
        self.area.draw(&PathElement::new(points, style)).map_err(|error| wrong(&error))
    }

    /// A line of dashes of 7 pixels.
    pub(super) fn dashes(&self, points: &[Point], colour: RGBAColor, width: f64) -> Result<(), Fault> {
        dashed(points).iter().try_for_each(|dash| self.line(dash, colour, width))
    }

    pub(super) fn fill(&self, points: &[Point], colour: RGBAColor) -> Result<(), Fault> {
        let points: Vec<(i32, i32)> = points.iter().map(|point| at(*point)).collect();
        self.area.draw(&Polygon::new(points, colour)).map_err(|error| wrong(&error))
    }

    pub(super) fn rectangle(&self, from: Point, to: Point, colour: RGBAColor) -> Result<(), Fault> {
        self.area.draw(&Rectangle::new([at(from), at(to)], colour.filled())).map_err(|error| wrong(&error))
    }

    pub(super) fn dot(&self, place: Point, radius: f64, colour: RGBAColor) -> Result<(), Fault> {
        self.area.draw(&Circle::new(at(place), far(radius), colour.filled())).map_err(|error| wrong(&error))
    }

    /// A dot of which the rim is drawn.
    pub(super) fn ring(&self, place: Point, radius: f64, colour: RGBAColor, inside: RGBColor) -> Result<(), Fault> {
        self.dot(place, radius, colour)?;
        self.dot(place, radius * 0.67, inside.to_rgba())
    }

    /// A line of text whose upper edge lies on its place.
    pub(super) fn text(&self, text: &str, place: Point, height: Height, side: Side, colour: RGBColor) -> Result<(), Fault> {
        match self.letters {
            Letters::Text => {
                let hpos = match side {
                    Side::Right => HPos::Left,
                    Side::Middle => HPos::Center,
                    Side::Left => HPos::Right,
                };
                let font = ("sans-serif", (height.points() * ENLARGED) as f64).into_font();
                let style = TextStyle::from(font).color(&colour).pos(Pos::new(hpos, VPos::Center));
                let middle = (place.0, place.1 + height.line() * 0.5);
                self.area.draw_text(text, &style, at(middle)).map_err(|error| wrong(&error))
            }
            Letters::Dots => {
                let left = match side {
                    Side::Right => place.0,
                    Side::Middle => place.0 - height.width(text) / 2.0,
                    Side::Left => place.0 - height.width(text),
                };
                let dot = height.dots() as f64;
                let (left, top) = (left.round(), place.1.round());
                font::ink(text).into_iter().try_for_each(|(column, row)| {
                    let from = (left + column as f64 * dot, top + row as f64 * dot);
                    // The second corner belongs to what is filled.
                    let edge = 1.0 / ENLARGED as f64;
                    self.rectangle(from, (from.0 + dot - edge, from.1 + dot - edge), colour.to_rgba())
                })
            }
        }
    }
}

fn wrong(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(Exit::Internal, format!("the drawing: {error}"))
}

/// The dashes of a line, 7 pixels long with gaps of 5.
fn dashed(points: &[Point]) -> Vec<Vec<Point>> {
    const DASH: f64 = 7.0;
    const PERIOD: f64 = 12.0;
    let mut dashes: Vec<Vec<Point>> = Vec::new();
    let mut along = 0.0;
    let mut is_open = false;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let between = |part: f64| (from.0 + (to.0 - from.0) * part / length, from.1 + (to.1 - from.1) * part / length);
        let mut done = 0.0;
        while length > 0.0 && done < length {
            let phase: f64 = along % PERIOD;
            let is_dash = phase < DASH - 1e-9;
            let left = if is_dash { DASH - phase } else { PERIOD - phase };
            let part = left.min(length - done);
            if is_dash {
                if !is_open {
                    dashes.push(vec![between(done)]);
                }
                if let Some(dash) = dashes.last_mut() {
                    dash.push(between(done + part));
                }
            }
            // What is left of a dash at the corner goes on after it.
            is_open = is_dash && part < left - 1e-9;
            done += part;
            along += part;
            if (along % PERIOD) > PERIOD - 1e-9 {
                along = 0.0;
            }
        }
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners_and_keep_their_length() {
        let dashes = dashed(&[(0.0, 0.0), (5.0, 0.0), (5.0, 20.0)]);
        assert_eq!(dashes[0], [(0.0, 0.0), (5.0, 0.0), (5.0, 2.0)]);
        assert_eq!(dashes[1], [(5.0, 7.0), (5.0, 14.0)]);
        assert_eq!(dashes.len(), 3, "{dashes:?}");
    }
}
