use geo_types::LineString;

use super::canvas::{Canvas, Frame};
use super::panel::Panel;
use super::{Boundary, Picture, font};

const SIZE: usize = 2;
/// Free pixels between a name and the edge of the panel, and around a name.
const EDGE: usize = 5;

/// A rectangle of the canvas: west, north, east, south.
type Box4 = [f64; 4];

/// Writes the names of official lines beside each other, each where it meets the fewest alerts (which are drawn over it).
///
/// The name of a closed line stands inside it, that of an open line on it. A name that finds no room beside the others is
/// left out.
pub(super) fn draw(canvas: &mut Canvas, panel: Panel, picture: &Picture<'_>) {
    let alerts: Vec<Box4> = picture
        .outlines
        .iter()
        .flat_map(|outline| outline.shape.iter())
        .map(|part| bounds(&panel.places(part.exterior())))
        .collect();
    let mut taken: Vec<Box4> = Vec::new();
    for boundary in picture.boundaries.iter().filter(|boundary| !boundary.label.is_empty()) {
        let lines = font::wrap(&boundary.label, SIZE, panel.frame.width / 3);
        let width = lines.iter().map(|line| font::width(line, SIZE)).max().unwrap_or(0);
        let height = lines.len() * font::line_height(SIZE);
        let places: Vec<Box4> =
            anchors(panel, boundary).into_iter().filter_map(|anchor| place(panel.frame, anchor, (width, height))).collect();
        let hidden = |place: &Box4| alerts.iter().filter(|alert| overlap(place, alert)).count();
        let free = places.iter().filter(|place| !taken.iter().any(|other| overlap(place, other)));
        let Some(&best) = free.min_by_key(|place| hidden(place)) else { continue };
        for (i, line) in lines.iter().enumerate() {
            let left = best[0] as usize + (width - font::width(line, SIZE)) / 2;
            font::write_cased(canvas, line, (left, best[1] as usize + i * font::line_height(SIZE)), SIZE);
        }
        taken.push(best);
    }
}

/// Places where the middle of a name may stand, the best first.
fn anchors(panel: Panel, boundary: &Boundary) -> Vec<(f64, f64)> {
    let longest = boundary.lines.iter().max_by_key(|line| line.0.len());
    longest.map_or_else(Vec::new, |line| if line.is_closed() { inside(panel, line) } else { along(panel, line) })
}

/// The middle of what is visible of a closed line, then places farther and farther above and below it.
fn inside(panel: Panel, ring: &LineString<f64>) -> Vec<(f64, f64)> {
    let [west, north, east, south] = bounds(&panel.places(ring));
    let Frame { x, y, width, height } = panel.frame;
    let (west, east) = (west.max(x as f64), east.min((x + width) as f64));
    let (north, south) = (north.max(y as f64), south.min((y + height) as f64));
    if west >= east || north >= south {
        return Vec::new();
    }
    let steps = [0.5, 0.45, 0.55, 0.4, 0.6, 0.34, 0.66, 0.28, 0.72, 0.22, 0.78, 0.16, 0.84];
    steps.into_iter().flat_map(|v| [0.5, 0.38, 0.62].map(|u| (west + u * (east - west), north + v * (south - north)))).collect()
}

/// Places on the longest visible stretch of an open line, its middle first.
fn along(panel: Panel, line: &LineString<f64>) -> Vec<(f64, f64)> {
    let Frame { x, y, width, height } = panel.frame;
    let visible = |p: &(f64, f64)| p.0 > x as f64 && p.1 > y as f64 && p.0 < (x + width) as f64 && p.1 < (y + height) as f64;
    let places = panel.places(line);
    let stretch = places.split(|p| !visible(p)).max_by_key(|stretch| stretch.len()).unwrap_or_default();
    [8, 6, 10, 4, 12, 2, 14].into_iter().filter_map(|part| stretch.get(stretch.len() * part / 16).copied()).collect()
}

/// The box of a name around its anchor, moved into the frame; `None` where it is larger than the frame.
fn place(frame: Frame, anchor: (f64, f64), (width, height): (usize, usize)) -> Option<Box4> {
    let along = |middle: f64, length: usize, from: usize, room: usize| {
        let last = (from + room).checked_sub(length + EDGE).filter(|last| *last >= from + EDGE)?;
        Some((middle - length as f64 / 2.0).clamp((from + EDGE) as f64, last as f64))
    };
    let (x, y) = (along(anchor.0, width, frame.x, frame.width)?, along(anchor.1, height, frame.y, frame.height)?);
    Some([x, y, x + width as f64, y + height as f64])
}

fn bounds(places: &[(f64, f64)]) -> Box4 {
    let none = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    places.iter().fold(none, |b, p| [b[0].min(p.0), b[1].min(p.1), b[2].max(p.0), b[3].max(p.1)])
}

fn overlap(a: &Box4, b: &Box4) -> bool {
    let room = EDGE as f64;
    a[0] < b[2] + room && b[0] < a[2] + room && a[1] < b[3] + room && b[1] < a[3] + room
}
