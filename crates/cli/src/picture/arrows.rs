use ndarray::{Array3, ArrayView3};

use super::canvas::{Canvas, Colour, FAINT, Frame, HIGH, INK, LOW, PAPER, Pen};
use super::{MARGIN, font};

/// Length in the picture of the longest arrow, and least length of a scale's step.
const LONGEST: f64 = 90.0;
/// Radius of the ring around a point.
const RING: f64 = 6.0;

/// A point and what is left there.
#[derive(Debug, Clone)]
pub(crate) struct Arrow {
    /// Place in pixels of the ground, x and y.
    pub(crate) at: (f64, f64),
    /// Direction and length in the unit of the residuals.
    pub(crate) by: (f64, f64),
    /// What stands beside it.
    pub(crate) name: String,
    /// Whether it took part.
    pub(crate) used: bool,
}

/// What a picture of residuals is drawn from.
#[derive(Debug)]
pub(crate) struct ArrowPicture<'a> {
    /// Colours of the image, shape (3, y, x).
    pub(crate) ground: ArrayView3<'a, u8>,
    /// The arrows.
    pub(crate) arrows: &'a [Arrow],
    /// Lines over the picture, the first the largest.
    pub(crate) title: Vec<String>,
    /// Unit of the residuals.
    pub(crate) unit: &'a str,
    /// Words of the legend: a point used, a point not used, an arrow.
    pub(crate) words: [&'a str; 3],
}

/// The picture, shape (3, y, x): title, image with rings and arrows, legend with an arrow of known length.
pub(crate) fn draw_arrows(picture: &ArrowPicture<'_>) -> Array3<u8> {
    let (_, rows, cols) = picture.ground.dim();
    let width = cols.max(420);
    let lines: Vec<(String, usize)> = picture
        .title
        .iter()
        .enumerate()
        .flat_map(|(i, text)| {
            let size = if i == 0 { 3 } else { 2 };
            font::wrap(text, size, width).into_iter().map(move |line| (line, size))
        })
        .collect();
    let head: usize = lines.iter().map(|(_, size)| font::line_height(*size) + 2).sum();
    let foot = 3 * (font::line_height(2) + 6);
    let frame = Frame { x: MARGIN, y: MARGIN + head + 8, width: cols, height: rows };
    let mut canvas = Canvas::new(frame.y + rows + 12 + foot + MARGIN, width + 2 * MARGIN, PAPER);
    let mut y = MARGIN;
    for (line, size) in &lines {
        font::write(&mut canvas, line, (MARGIN, y), *size, INK);
        y += font::line_height(*size) + 2;
    }
    for row in 0..rows {
        for col in 0..cols {
            let colour = std::array::from_fn(|band| picture.ground[[band, row, col]]);
            canvas.blend(frame.x + col, frame.y + row, colour, 1.0);
        }
    }
    canvas.outline(frame, INK);
    let longest = picture.arrows.iter().map(|arrow| arrow.by.0.hypot(arrow.by.1)).fold(0.0, f64::max);
    // Of next to nothing no arrow is made.
    let factor = if longest > 1e-6 { LONGEST / longest } else { 0.0 };
    for arrow in picture.arrows {
        let at = (frame.x as f64 + arrow.at.0, frame.y as f64 + arrow.at.1);
        let colour = if arrow.used { HIGH } else { LOW };
        ring(&mut canvas, at, colour, frame);
        line(&mut canvas, at, (at.0 + arrow.by.0 * factor, at.1 + arrow.by.1 * factor), colour, frame);
        let text = (at.0 + RING + 4.0, at.1 - RING - font::line_height(2) as f64);
        let inside = |v: f64, low: usize, room: usize, size: usize| {
            v.clamp(low as f64 + 2.0, (low + room.saturating_sub(size + 4)).max(low + 2) as f64) as usize
        };
        let place = (
            inside(text.0, frame.x, frame.width, font::width(&arrow.name, 2)),
            inside(text.1, frame.y, frame.height, font::line_height(2)),
        );
        font::write_cased(&mut canvas, &arrow.name, place, 2);
    }
    legend(&mut canvas, picture, factor, frame.y + rows + 12);
    canvas.into_pixels()
}

/// What rings and arrows mean; a kind of point that is not there is left out.
fn legend(canvas: &mut Canvas, picture: &ArrowPicture<'_>, factor: f64, top: usize) {
    let step = font::line_height(2) + 6;
    let whole = canvas.frame();
    let mut y = top;
    for (used, colour, word) in [(true, HIGH, picture.words[0]), (false, LOW, picture.words[1])] {
        if picture.arrows.iter().any(|arrow| arrow.used == used) {
            ring(canvas, (MARGIN as f64 + 10.0, y as f64 + 12.0), colour, whole);
            font::write(canvas, word, (MARGIN + LONGEST as usize + 20, y), 2, INK);
            y += step;
        }
    }
    if factor > 0.0 {
        let round = scale_step(LONGEST / factor);
        let from = (MARGIN as f64, y as f64 + 12.0);
        line(canvas, from, (from.0 + round * factor, from.1), INK, whole);
        let text = format!("{} {round} {}", picture.words[2], picture.unit);
        font::write(canvas, &text, (MARGIN + LONGEST as usize + 20, y), 2, FAINT);
    }
}

/// The largest of 1, 2 and 5 times a power of ten that is not longer.
fn scale_step(longest: f64) -> f64 {
    let power = 10f64.powf(longest.log10().floor());
    let step = [5.0, 2.0, 1.0].into_iter().find(|step| step * power <= longest * (1.0 + 1e-9)).unwrap_or(1.0) * power;
    // 0.30000000000000004 is not for people.
    format!("{step:.6}").parse().unwrap_or(step)
}

fn ring(canvas: &mut Canvas, (x, y): (f64, f64), colour: Colour, clip: Frame) {
    let places: Vec<(f64, f64)> = (0..=24)
        .map(|i| {
            let angle = f64::from(i) * std::f64::consts::TAU / 24.0;
            (x + RING * angle.cos(), y + RING * angle.sin())
        })
        .collect();
    let pen = Pen { width: 2.0, colour, opacity: 1.0 };
    for pen in [font::casing(pen), pen] {
        canvas.stroke(&places, pen, clip);
    }
}

fn line(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64), colour: Colour, clip: Frame) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length < 1.0 {
        return;
    }
    let barb = (0.35 * length).min(10.0) / length;
    let back = |side: f64| (to.0 - barb * (dx + side * 0.5 * dy), to.1 - barb * (dy - side * 0.5 * dx));
    let pen = Pen { width: 2.4, colour, opacity: 1.0 };
    for pen in [font::casing(pen), pen] {
        canvas.stroke(&[from, to], pen, clip);
        canvas.stroke(&[back(1.0), to, back(-1.0)], pen, clip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_points_where_the_transform_puts_the_point() {
        let ground = Array3::from_elem((3, 300, 400), 60);
        let arrow = |by: (f64, f64)| Arrow { at: (200.0, 150.0), by, name: String::new(), used: true };
        let drawn = |by| {
            let arrows = [arrow(by)];
            let title = vec!["a".to_owned()];
            draw_arrows(&ArrowPicture { ground: ground.view(), arrows: &arrows, title, unit: "px", words: ["u", "c", "f"] })
        };
        let (none, east, south) = (drawn((0.0, 0.0)), drawn((2.5, 0.0)), drawn((0.0, 0.4)));
        let top = none.dim().1 - 300 - 12 - 3 * (font::line_height(2) + 6) - MARGIN;
        let differs = |a: &Array3<u8>, x: usize, y: usize| {
            (0..3).any(|band| a[[band, top + y, MARGIN + x]] != none[[band, top + y, MARGIN + x]])
        };
        assert!(differs(&east, 270, 150) && !differs(&east, 120, 150) && !differs(&east, 200, 220));
        assert!(differs(&south, 200, 220) && !differs(&south, 270, 150));
    }

    #[test]
    fn the_scale_is_a_round_number() {
        for (longest, step) in [(0.37, 0.2), (7.3, 5.0), (1.0, 1.0), (0.099, 0.05), (213.0, 200.0)] {
            assert!((scale_step(longest) - step).abs() < 1e-9, "{longest}");
        }
    }
}
