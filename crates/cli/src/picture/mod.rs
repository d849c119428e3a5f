//! A picture of one alert area: before and after side by side, with what was found drawn on the after side.
//!
//! Pure drawing: pixels and words come in as values, one RGB array goes out. Places are in pixels of the input rasters, x =
//! column and y = row, (0, 0) the north-west corner of the north-west pixel.

mod arrows;
mod canvas;
pub(crate) mod font;
mod furniture;
mod label;
mod panel;
mod stretch;
mod zoom;

use geo_types::{MultiLineString, MultiPolygon};
use ndarray::{Array3, ArrayView2, ArrayView3};

pub(crate) use arrows::{Arrow, ArrowPicture, draw_arrows};
pub(crate) use stretch::Stretch;

use canvas::{Canvas, Frame};
use panel::Panel;
use zoom::Zoom;

/// The outline of an alert.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    /// Its parts in pixels of the raster.
    pub(crate) shape: MultiPolygon<f64>,
    /// Whether the alert is of high confidence.
    pub(crate) high: bool,
}

/// A line of an official map.
#[derive(Debug, Clone)]
pub(crate) struct Boundary {
    /// Its parts in pixels of the raster.
    pub(crate) lines: MultiLineString<f64>,
    /// What is written beside it; empty for nothing.
    pub(crate) label: String,
}

/// Everything that is written; the language is the caller's. An empty text is left out with what it explains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Lines over the picture, the first the largest.
    pub(crate) title: Vec<String>,
    /// What stands over the left and the right panel.
    pub(crate) captions: [String; 2],
    /// Legend of outlines of high confidence.
    pub(crate) high: String,
    /// Legend of outlines of low confidence.
    pub(crate) low: String,
    /// Legend of hatched places.
    pub(crate) not_seen: String,
    /// Legend of pale places.
    pub(crate) not_eligible: String,
    /// Legend of white lines.
    pub(crate) boundary: String,
    /// The letter of the north arrow.
    pub(crate) north: String,
    /// The line at the foot: sources and licence.
    pub(crate) attribution: String,
}

/// What a picture is drawn from.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// Colours before, shape (3, y, x).
    pub(crate) before: ArrayView3<'a, u8>,
    /// Colours after, shape (3, y, x).
    pub(crate) after: ArrayView3<'a, u8>,
    /// Whether anything was seen before, shape (y, x).
    pub(crate) seen_before: ArrayView2<'a, bool>,
    /// What was answered, shape (y, x): 0 unchanged, 1 candidate, 2 changed, 3 not eligible, 255 not seen.
    pub(crate) answer: ArrayView2<'a, u8>,
    /// Alerts.
    pub(crate) outlines: &'a [Outline],
    /// Lines of official maps.
    pub(crate) boundaries: &'a [Boundary],
    /// Metres a pixel of the rasters.
    pub(crate) pixel_m: f64,
    /// Texts.
    pub(crate) words: &'a Words,
}

/// What can be wrong with the parts of a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// Rasters of different shapes, without pixels, or without three colours.
    #[error("the {what} raster of a picture has shape {got:?}, expected {expected:?} with at least one pixel")]
    Shape {
        /// Which raster.
        what: &'static str,
        /// Shape of the before raster with three colours.
        expected: Vec<usize>,
        /// Shape it has.
        got: Vec<usize>,
    },
}

/// Paper around and between the parts, in pixels of the picture.
const MARGIN: usize = 20;
const GAP: usize = 14;

/// The picture, shape (3, y, x): title, the two panels, legend with scale bar and north arrow, attribution.
///
/// Rasters are enlarged or reduced by a whole number so that the longer side of a panel is about 800 pixels.
///
/// # Errors
/// [`PictureError::Shape`] where the rasters do not fit each other.
pub(crate) fn draw(picture: &Picture<'_>) -> Result<Array3<u8>, PictureError> {
    check(picture)?;
    let (rows, cols) = picture.answer.dim();
    let zoom = Zoom::for_size(rows, cols);
    let (height, width) = (zoom.length(rows), zoom.length(cols));
    let full = 2 * width + GAP + 2 * MARGIN;
    let inner = full - 2 * MARGIN;
    let title = furniture::Title::new(picture.words, inner);
    let legend = furniture::Legend::new(picture, zoom, inner);
    let attribution = font::wrap(&picture.words.attribution, furniture::MEDIUM, inner);
    let top = MARGIN + title.height();
    let under = top + height + GAP;
    let foot = under + legend.height() + GAP;
    let tail = attribution.len() * font::line_height(furniture::MEDIUM);
    let mut canvas = Canvas::new(foot + tail + MARGIN / 2, full, canvas::PAPER);

    title.draw(&mut canvas, MARGIN, MARGIN, width + GAP);
    let left = Frame { x: MARGIN, y: top, width, height };
    let right = Frame { x: MARGIN + width + GAP, ..left };
    Panel { frame: left, zoom }.draw_before(&mut canvas, picture);
    Panel { frame: right, zoom }.draw_after(&mut canvas, picture);
    legend.draw(&mut canvas, MARGIN, under);
    for (i, line) in attribution.iter().enumerate() {
        font::write(
            &mut canvas,
            line,
            (MARGIN, foot + i * font::line_height(furniture::MEDIUM)),
            furniture::MEDIUM,
            canvas::FAINT,
        );
    }
    Ok(canvas.into_pixels())
}

fn check(picture: &Picture<'_>) -> Result<(), PictureError> {
    let (rows, cols) = picture.answer.dim();
    let expected = vec![3, rows, cols];
    for (what, shape) in [("before", picture.before.shape()), ("after", picture.after.shape())] {
        if shape != expected || rows * cols == 0 {
            return Err(PictureError::Shape { what, expected, got: shape.to_vec() });
        }
    }
    match picture.seen_before.shape() {
        shape if shape != [rows, cols] => Err(PictureError::Shape { what: "clear", expected, got: shape.to_vec() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use geo_types::{LineString, Polygon, polygon};
    use ndarray::{Array2, s};

    use super::*;

    fn words() -> Words {
        Words { captions: ["antes".to_owned(), "después".to_owned()], high: "alta".to_owned(), ..Words::default() }
    }

    fn drawn(outlines: &[Outline], answer: &Array2<u8>) -> Array3<u8> {
        drawn_with(outlines, answer, true)
    }

    fn drawn_with(outlines: &[Outline], answer: &Array2<u8>, seen_before: bool) -> Array3<u8> {
        let (rows, cols) = answer.dim();
        let seen_before = Array2::from_elem((rows, cols), seen_before);
        let (before, after) = (Array3::from_elem((3, rows, cols), 60), Array3::from_elem((3, rows, cols), 60));
        let lines = MultiLineString::new(vec![LineString::from(vec![(0.0, 0.0), (cols as f64, rows as f64)])]);
        let boundaries = [Boundary { lines, label: "Ñandú".to_owned() }];
        let picture = Picture {
            before: before.view(),
            after: after.view(),
            seen_before: seen_before.view(),
            answer: answer.view(),
            outlines,
            boundaries: &boundaries,
            pixel_m: 10.0,
            words: &words(),
        };
        draw(&picture).expect("rasters of one shape")
    }

    fn square(high: bool) -> Outline {
        let shape: Polygon<f64> = polygon![(x: 20.0, y: 20.0), (x: 40.0, y: 20.0), (x: 40.0, y: 40.0), (x: 20.0, y: 40.0)];
        Outline { shape: MultiPolygon::new(vec![shape]), high }
    }

    #[test]
    fn a_small_raster_is_enlarged_to_panels_of_about_800_pixels() {
        let (_, rows, cols) = drawn(&[], &Array2::zeros((300, 300))).dim();
        assert!(cols > 1500 && cols < 2000 && rows > 850 && rows < 1200, "{rows} x {cols}");
    }

    #[test]
    fn a_large_raster_is_reduced() {
        let (_, _, cols) = drawn(&[], &Array2::zeros((40, 2500))).dim();
        assert!(cols < 2200, "{cols}");
    }

    #[test]
    fn outlines_are_drawn_on_the_after_side_only_in_the_colour_of_their_confidence() {
        let answer = Array2::zeros((100, 100));
        let (none, low, high) = (drawn(&[], &answer), drawn(&[square(false)], &answer), drawn(&[square(true)], &answer));
        let half = none.dim().2 / 2;
        assert_eq!(none.slice(s![.., .., ..half]), high.slice(s![.., .., ..half]));
        assert_ne!(none, high);
        assert_ne!(low, high);
    }

    #[test]
    fn what_was_not_seen_looks_unlike_what_did_not_change() {
        let seen = drawn(&[], &Array2::zeros((100, 100)));
        let (hidden, outside) = (drawn(&[], &Array2::from_elem((100, 100), 255)), drawn(&[], &Array2::from_elem((100, 100), 3)));
        let half = seen.dim().2 / 2;
        let mean = |picture: &Array3<u8>| {
            let panel = picture.slice(s![.., 200..700, half + 100..half + 700]);
            panel.iter().map(|value| f64::from(*value)).sum::<f64>() / panel.len() as f64
        };
        let (seen, hidden, outside) = (mean(&seen), mean(&hidden), mean(&outside));
        assert!(seen + 30.0 < hidden && hidden + 60.0 < outside, "dark ground {seen:.0}, grey {hidden:.0}, pale {outside:.0}");
    }

    #[test]
    fn where_nothing_was_seen_before_the_left_side_is_hatched() {
        let answer = Array2::zeros((100, 100));
        let (clear, none) = (drawn_with(&[], &answer, true), drawn_with(&[], &answer, false));
        let half = clear.dim().2 / 2;
        assert_ne!(clear.slice(s![.., .., ..half]), none.slice(s![.., .., ..half]));
        assert_eq!(clear.slice(s![.., .., half..]), none.slice(s![.., .., half..]));
    }

    #[test]
    fn an_outline_beyond_the_raster_is_cut_at_the_panel() {
        let answer = Array2::zeros((100, 100));
        let far: Polygon<f64> = polygon![(x: -500.0, y: 20.0), (x: 900.0, y: 20.0), (x: 900.0, y: 40.0)];
        let (none, far) = (drawn(&[], &answer), drawn(&[Outline { shape: MultiPolygon::new(vec![far]), high: true }], &answer));
        let half = none.dim().2 / 2;
        assert_eq!(none.slice(s![.., .., ..half]), far.slice(s![.., .., ..half]));
    }

    #[test]
    fn rasters_of_different_shapes_are_refused() {
        let (before, after, answer) = (Array3::zeros((3, 4, 4)), Array3::zeros((3, 4, 5)), Array2::zeros((4, 4)));
        let seen_before = Array2::from_elem((4, 4), true);
        let picture = Picture {
            before: before.view(),
            after: after.view(),
            seen_before: seen_before.view(),
            answer: answer.view(),
            outlines: &[],
            boundaries: &[],
            pixel_m: 10.0,
            words: &words(),
        };
        assert!(matches!(draw(&picture), Err(PictureError::Shape { what: "after", .. })));
    }
}
