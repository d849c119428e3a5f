//! A story, drawn: what was seen with the model over the process with its boundary, on one axis of days.

mod axis;
mod colours;
mod legend;
mod panel;
mod sheet;

use ndarray::Array3;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use raster::Date;

use super::story::Story;
use crate::fault::{Exit, Fault};
use axis::Axis;
use panel::Panel;
use sheet::{ENLARGED, Height, Letters, SIZE, Sheet, Side};

/// Pixels left of the panels, right of them, and under them.
const LEFT: f64 = 92.0;
const RIGHT: f64 = 28.0;
const FOOT: f64 = 40.0;
/// Between title and edge, and between panels, where the caption of the lower stands.
const TOP: f64 = 14.0;
const GAP: f64 = 38.0;

/// The drawing as SVG.
pub(super) fn svg(story: &Story) -> Result<String, Fault> {
    let (width, height) = (SIZE.0 * ENLARGED, SIZE.1 * ENLARGED);
    let mut text = String::new();
    draw(story, SVGBackend::with_string(&mut text, (width as u32, height as u32)), Letters::Text)?;
    // It is drawn enlarged, and shown in its size.
    let large = format!("width=\"{width}\" height=\"{height}\" viewBox");
    Ok(text.replacen(&large, &format!("width=\"{}\" height=\"{}\" viewBox", SIZE.0, SIZE.1), 1))
}

/// The drawing as pixels, shape (3, y, x).
pub(super) fn raster(story: &Story) -> Result<Array3<u8>, Fault> {
    let (width, height) = (SIZE.0 * ENLARGED, SIZE.1 * ENLARGED);
    let mut large = vec![0; width * height * 3];
    draw(story, BitMapBackend::with_buffer(&mut large, (width as u32, height as u32)), Letters::Dots)?;
    let area = (ENLARGED * ENLARGED) as u32;
    Ok(Array3::from_shape_fn((3, SIZE.1, SIZE.0), |(band, row, col)| {
        let place = |part: usize| ((row * ENLARGED + part / ENLARGED) * width + col * ENLARGED + part % ENLARGED) * 3 + band;
        let sum: u32 = (0..ENLARGED * ENLARGED).map(|part| u32::from(large[place(part)])).sum();
        ((sum + area / 2) / area) as u8
    }))
}

fn draw<B: DrawingBackend>(story: &Story, backend: B, letters: Letters) -> Result<(), Fault> {
    let area = backend.into_drawing_area();
    let sheet = Sheet::new(&area, letters);
    sheet.ground(colours::PAPER)?;
    let mut top = title(&sheet, story)?;
    top = legend::draw(&sheet, story, (LEFT, top))?;
    let panels = panels(story, top);
    for panel in &panels {
        panel.frame(&sheet)?;
        panel.content(&sheet)?;
    }
    if let [first, .., last] = panels.as_slice() {
        first.names(&sheet)?;
        last.days(&sheet)?;
    }
    area.present().map_err(|error| Fault::new(Exit::Internal, format!("the drawing: {error}")))
}

/// Method and place, and the decision in words; gives where the rest begins.
fn title<B: DrawingBackend>(sheet: &Sheet<'_, B>, story: &Story) -> Result<f64, Fault> {
    let mut top = TOP;
    let text = format!("{} · {}", story.method, story.place);
    sheet.text(&text, (LEFT, top), Height::Large, Side::Right, colours::INK)?;
    top += Height::Large.line();
    for line in Height::Small.wrap(&story.decision, SIZE.0 as f64 - LEFT - RIGHT) {
        sheet.text(&line, (LEFT, top), Height::Small, Side::Right, colours::FAINT)?;
        top += Height::Small.line();
    }
    Ok(top + 4.0)
}

/// One panel a role that is judged, and one of the process, on one axis of days.
fn panels(story: &Story, top: f64) -> Vec<Panel<'_>> {
    let days = [story.looks.first(), story.looks.last()].into_iter().flatten().map(|look| f64::from(look.date.days()));
    let from = f64::from(story.monitor_from.days());
    let (left, right) = (LEFT, SIZE.0 as f64 - RIGHT);
    // The begin of monitoring is shown even where nobody looked after it, unless that is far away.
    let all: Vec<f64> = days.collect();
    let near = all.last().is_some_and(|last| from - last < 0.25 * (last - all[0]).max(30.0));
    let time = Axis::of(all.into_iter().chain(near.then_some(from)), 0.015, (left, right));
    let roles = if story.is_of_probabilities() { story.inputs.len() } else { 1 };
    let bottom = SIZE.1 as f64 - FOOT;
    let room = bottom - top - GAP * (roles as f64 + 1.0);
    let lower = room * if roles == 1 { 0.36 } else { 0.32 };
    let upper = (room - lower) / roles as f64;
    let mut panels = Vec::new();
    let mut begin = top + GAP;
    for role in 0..roles {
        panels.push(Panel::of_looks(story, &story.inputs[role], time, (begin, begin + upper)));
        begin += upper + GAP;
    }
    panels.push(Panel::of_process(story, time, (begin, bottom)));
    panels
}

/// A day as a number of the axis.
fn number(date: Date) -> f64 {
    f64::from(date.days())
}
