//! What the signs of a drawing mean: those that it has.

use plotters::prelude::DrawingBackend;
use plotters::style::Color;

use super::colours::{AFTER, BAND, BETWEEN, BREAK, FAINT, HISTORY, LEFT_OUT, MODEL, MONITORED, WHITE};
use super::sheet::{Height, SIZE, Sheet, Side};
use super::{LEFT, RIGHT};
use crate::fault::Fault;
use crate::verb::detect::story::{State, Story};

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Looks(State),
    Model,
    Boundary,
    Between,
}

impl Sign {
    fn text(self) -> &'static str {
        match self {
            Self::Looks(State::History) => "history",
            Self::Looks(State::LeftOut) => "left out",
            Self::Looks(State::Monitored) => "monitored",
            Self::Looks(State::AfterBreak) => "after break",
            Self::Looks(State::AfterMonitoring) => "after monitoring",
            Self::Looks(State::Masked) => "masked",
            Self::Model => "model ± sigma",
            Self::Boundary => "boundary",
            Self::Between => "change began",
        }
    }

    /// Whether the drawing has it.
    fn is_in(self, story: &Story) -> bool {
        match self {
            Self::Looks(state) => story.looks.iter().any(|look| look.state == state),
            Self::Model => !story.curve.is_empty(),
            Self::Boundary => story.looks.iter().any(|look| look.boundary.is_some()),
            Self::Between => story.before.is_some() && story.first.is_some(),
        }
    }

    fn draw<B: DrawingBackend>(self, sheet: &Sheet<'_, B>, (x, y): (f64, f64)) -> Result<(), Fault> {
        let middle = (x + 9.0, y);
        match self {
            Self::Looks(State::Masked) => sheet.line(&[(x + 9.0, y - 5.0), (x + 9.0, y + 5.0)], LEFT_OUT.to_rgba(), 1.5),
            Self::Looks(state) => look(sheet, state, middle, 1.0),
            Self::Model => {
                sheet.rectangle((x, y - 6.0), (x + 20.0, y + 6.0), BAND.to_rgba())?;
                sheet.line(&[(x, y), (x + 20.0, y)], MODEL.to_rgba(), 2.0)
            }
            Self::Boundary => sheet.dashes(&[(x, y), (x + 20.0, y)], BREAK.to_rgba(), 2.0),
            Self::Between => sheet.rectangle((x, y - 7.0), (x + 20.0, y + 7.0), BETWEEN.mix(0.3)),
        }
    }
}

/// The dot of a look, its size 1 where there are few.
pub(super) fn look<B: DrawingBackend>(sheet: &Sheet<'_, B>, state: State, place: (f64, f64), size: f64) -> Result<(), Fault> {
    match state {
        State::History => sheet.dot(place, 3.4 * size, HISTORY.to_rgba()),
        State::LeftOut => sheet.ring(place, 3.6 * size, LEFT_OUT.to_rgba(), WHITE),
        State::Monitored => sheet.dot(place, 4.0 * size, MONITORED.to_rgba()),
        State::AfterBreak => sheet.ring(place, 4.0 * size, MONITORED.to_rgba(), WHITE),
        State::AfterMonitoring => sheet.ring(place, 3.6 * size, AFTER.to_rgba(), WHITE),
        State::Masked => Ok(()),
    }
}

/// Signs and their meaning in rows; gives where the rest begins.
pub(super) fn draw<B: DrawingBackend>(sheet: &Sheet<'_, B>, story: &Story, place: (f64, f64)) -> Result<f64, Fault> {
    let signs = [
        Sign::Looks(State::History),
        Sign::Looks(State::LeftOut),
        Sign::Looks(State::Monitored),
        Sign::Looks(State::AfterBreak),
        Sign::Looks(State::AfterMonitoring),
        Sign::Looks(State::Masked),
        Sign::Model,
        Sign::Boundary,
        Sign::Between,
    ];
    let (mut x, mut y) = place;
    let most = SIZE.0 as f64 - RIGHT;
    for sign in signs.into_iter().filter(|sign| sign.is_in(story)) {
        let width = 26.0 + sheet.width(sign.text(), Height::Small);
        if x + width > most {
            (x, y) = (LEFT, y + Height::Small.line());
        }
        sign.draw(sheet, (x, y + Height::Small.line() * 0.5))?;
        sheet.text(sign.text(), (x + 26.0, y), Height::Small, Side::Right, FAINT)?;
        x += width + 18.0;
    }
    Ok(y + Height::Small.line())
}
