//! A panel: a frame with marks, what is drawn in it, and the days that matter.

use change::Statistic;
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, RGBAColor, RGBColor};
use raster::Date;

use super::axis::{self, Axis};
use super::colours::{BETWEEN, BREAK, CONFIRMED, FAINT, GRID, INK, LEFT_OUT, MODEL, MONITORED, WHITE};
use super::sheet::{Height, Point, Sheet, Side};
use super::{legend, number};
use crate::fault::Fault;
use crate::verb::detect::story::{Event, Look, State, Story};

/// What is drawn in a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content<'a> {
    /// The looks of a role with the model.
    Looks(&'a str),
    /// The process with its boundary.
    Process,
}

/// A panel.
pub(super) struct Panel<'a> {
    story: &'a Story,
    content: Content<'a>,
    time: Axis,
    values: Axis,
}

impl<'a> Panel<'a> {
    /// The looks of a role between two heights of the sheet.
    pub(super) fn of_looks(story: &'a Story, role: &'a str, time: Axis, (top, bottom): (f64, f64)) -> Self {
        let seen = || story.looks.iter().filter(|look| look.role == role).filter_map(|look| look.value.map(f64::from));
        let plain = Axis::of(seen(), 0.08, (bottom - 10.0, top));
        // A model that runs far away does not press what was seen flat.
        let reach = (plain.high - plain.low) * 0.35;
        let (low, high) = (plain.low - reach, plain.high + reach);
        let model = story.curve.iter().map(|(_, predicted)| predicted.clamp(low, high));
        let values = Axis::of(seen().chain(model), 0.08, (bottom - 10.0, top));
        let low = values.low - 10.0 * (values.high - values.low) / (bottom - 10.0 - top);
        Self { story, content: Content::Looks(role), time, values: Axis { low, ends: (bottom, top), ..values } }
    }

    /// The process between two heights of the sheet.
    pub(super) fn of_process(story: &'a Story, time: Axis, (top, bottom): (f64, f64)) -> Self {
        let numbers = story.looks.iter().flat_map(|look| [look.statistic.map(f64::from), look.boundary]).flatten();
        let most = numbers.fold(0.0, |most: f64, number| most.max(number.abs()));
        let most = if most > 0.0 { most } else { 1.0 };
        let (low, high) = match story.kind {
            Statistic::Sum => (-most * 1.12, most * 1.12),
            Statistic::Count => (-0.08 * most, most * 1.15),
            Statistic::Probability => (-0.04, 1.04),
        };
        Self { story, content: Content::Process, time, values: Axis { low, high, ends: (bottom, top) } }
    }

    fn place(&self, date: Date, value: f64) -> Point {
        (self.time.place(number(date)), self.values.place(value))
    }

    fn top(&self) -> f64 {
        self.values.ends.1
    }

    fn bottom(&self) -> f64 {
        self.values.ends.0
    }

    /// Ground, round numbers and caption.
    pub(super) fn frame<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let (left, right) = self.time.ends;
        sheet.rectangle((left, self.top()), (right, self.bottom()), WHITE.to_rgba())?;
        let about = ((self.bottom() - self.top()) / 42.0).round().clamp(2.0, 6.0) as usize;
        for (value, text) in self.values.marks(about).into_iter().filter(|(value, _)| self.is_whole(*value)) {
            let y = self.values.place(value);
            sheet.line(&[(left, y), (right, y)], GRID.to_rgba(), 1.0)?;
            sheet.text(&text, (left - 10.0, y - Height::Small.line() * 0.5), Height::Small, Side::Left, FAINT)?;
        }
        for (date, _) in self.day_marks() {
            let x = self.time.place(number(date));
            sheet.line(&[(x, self.top()), (x, self.bottom())], GRID.to_rgba(), 1.0)?;
        }
        if let (Some(before), Some(first)) = (self.story.before, self.story.first) {
            let (from, to) = (self.time.place(number(before)), self.time.place(number(first)));
            sheet.rectangle((from, self.top()), (to.max(from + 1.0), self.bottom()), BETWEEN.mix(0.3))?;
        }
        sheet.text(self.caption(), (left, self.top() - Height::Small.line()), Height::Small, Side::Right, INK)
    }

    /// Whether a number can be: counts are whole.
    fn is_whole(&self, value: f64) -> bool {
        let is_count = self.content == Content::Process && self.story.kind == Statistic::Count;
        !is_count || (value.fract().abs() < 1e-9 && value >= 0.0)
    }

    fn caption(&self) -> &'a str {
        match (self.content, self.story.kind) {
            (Content::Looks(role), _) => role,
            (_, Statistic::Sum) => "process of the residuals",
            (_, Statistic::Count) => "looks in a row out of bounds",
            (_, Statistic::Probability) => "probability of change (line), of non-forest (dots)",
        }
    }

    fn day_marks(&self) -> Vec<(Date, String)> {
        let day = |number: f64| Date::from_days(number as i32);
        axis::days(day(self.time.low.ceil()), day(self.time.high.floor()), 12)
    }

    /// The text of the axis of days.
    pub(super) fn days<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        self.day_marks().into_iter().try_for_each(|(date, text)| {
            let x = self.time.place(number(date));
            let half = Height::Small.width(&text) / 2.0;
            let x = x.clamp(half + 4.0, self.time.ends.1 + 24.0 - half);
            sheet.text(&text, (x, self.bottom() + 6.0), Height::Small, Side::Middle, FAINT)
        })
    }

    /// What the panel is of.
    pub(super) fn content<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        match self.content {
            Content::Looks(role) => {
                self.model(sheet)?;
                self.looks(sheet, role)
            }
            Content::Process => self.process(sheet),
        }
    }

    fn model<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let sigma = self.story.sigma.unwrap_or(0.0);
        let curve = &self.story.curve;
        let edge = |by: f64| curve.iter().map(move |(date, predicted)| self.inside(self.place(*date, predicted + by)));
        let upper: Vec<Point> = edge(sigma).collect();
        let lower: Vec<Point> = edge(-sigma).collect();
        // Piece by piece: the ring of a long season crosses itself in some fillers.
        for (above, below) in upper.windows(2).zip(lower.windows(2)) {
            if above[0].1 < below[0].1 || above[1].1 < below[1].1 {
                sheet.fill(&[above[0], above[1], below[1], below[0]], MODEL.mix(0.18))?;
            }
        }
        let points: Vec<Point> = curve.iter().map(|(date, predicted)| self.place(*date, *predicted)).collect();
        let runs = points.split(|(_, y)| *y < self.top() || *y > self.bottom());
        runs.filter(|run| run.len() > 1).try_for_each(|run| sheet.line(run, MODEL.to_rgba(), 1.8))
    }

    fn inside(&self, (x, y): Point) -> Point {
        (x, y.clamp(self.top(), self.bottom()))
    }

    fn looks<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>, role: &str) -> Result<(), Fault> {
        let own = || self.story.looks.iter().filter(|look| look.role == role);
        for look in own().filter(|look| look.state == State::Masked) {
            let x = self.time.place(number(look.date));
            sheet.line(&[(x, self.bottom() - 9.0), (x, self.bottom() - 2.0)], LEFT_OUT.to_rgba(), 1.2)?;
        }
        own().try_for_each(|look| match look.value {
            Some(value) => legend::look(sheet, look.state, self.place(look.date, f64::from(value))),
            None => Ok(()),
        })
    }

    fn process<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let (left, right) = self.time.ends;
        let looks: Vec<(&Look, f64)> =
            self.story.looks.iter().filter_map(|look| Some((look, f64::from(look.statistic?)))).collect();
        if looks.is_empty() {
            let middle = (f64::midpoint(left, right), f64::midpoint(self.top(), self.bottom()) - Height::Small.line() * 0.5);
            return sheet.text("no process", middle, Height::Small, Side::Middle, FAINT);
        }
        sheet.line(&[(left, self.values.place(0.0)), (right, self.values.place(0.0))], FAINT.mix(0.6), 1.0)?;
        self.boundary(sheet)?;
        if self.story.kind == Statistic::Probability {
            for look in self.story.looks.iter().filter(|look| look.state != State::AfterMonitoring) {
                if let Some(probability) = look.non_forest {
                    legend::look(sheet, look.state, self.place(look.date, probability))?;
                }
            }
        }
        let points: Vec<Point> = looks.iter().map(|(look, statistic)| self.place(look.date, *statistic)).collect();
        sheet.line(&points, MONITORED.to_rgba(), 2.0)?;
        let is_sum = self.story.kind != Statistic::Probability;
        for ((look, _), point) in looks.iter().zip(&points) {
            match look.event {
                Some(Event::Break | Event::Confirmed) => sheet.dot(*point, 5.0, BREAK.to_rgba())?,
                Some(Event::Flag) => sheet.dot(*point, 4.0, BETWEEN.to_rgba())?,
                _ if is_sum => sheet.dot(*point, 2.6, MONITORED.to_rgba())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn boundary<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let limits: Vec<(Date, f64)> = self.story.looks.iter().filter_map(|look| Some((look.date, look.boundary?))).collect();
        let (Some(first), Some(last)) = (limits.first(), limits.last()) else { return Ok(()) };
        let sides: &[f64] = if self.story.kind == Statistic::Sum { &[1.0, -1.0] } else { &[1.0] };
        for side in sides {
            let from = (self.time.place(number(self.story.monitor_from)), self.values.place(side * first.1));
            let to = (self.time.ends.1, self.values.place(side * last.1));
            let own = limits.iter().map(|(date, limit)| self.place(*date, side * limit));
            let points: Vec<Point> = std::iter::once(from).chain(own).chain(std::iter::once(to)).collect();
            sheet.dashes(&points, BREAK.to_rgba(), 1.8)?;
        }
        Ok(())
    }

    /// The days that matter, with their names in the first panel.
    pub(super) fn marks<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>, is_named: bool) -> Result<(), Fault> {
        let (left, right) = self.time.ends;
        let story = self.story;
        let end = story.monitor_to.filter(|to| self.time.place(number(*to)) < right);
        let is_confirmed_later = story.confirmed != story.first;
        let first = if story.is_of_probabilities() { "flagged" } else { "break" };
        let marks: [(Option<Date>, &str, RGBColor); 4] = [
            (Some(story.monitor_from), "monitoring", INK),
            (end, "end", INK),
            (story.first, first, BREAK),
            (story.confirmed.filter(|_| is_confirmed_later), "confirmed", CONFIRMED),
        ];
        // Names stand over the panel, right of their line, unless another stands there already.
        let mut free = left + Height::Small.width(self.caption()) + 20.0;
        for (date, name, colour) in marks {
            let Some(date) = date else { continue };
            let x = self.time.place(number(date));
            if x < left || x > right {
                continue;
            }
            let line: RGBAColor = colour.to_rgba();
            let ends = [(x, self.top()), (x, self.bottom())];
            if colour == INK {
                sheet.dashes(&ends, line, 1.4)?
            } else {
                sheet.line(&ends, line, 1.8)?
            }
            if is_named {
                let half = Height::Small.width(name) / 2.0;
                let middle = x.max(free + half).min(right - half);
                let (begin, top) = (middle - half, self.top() - Height::Small.line());
                sheet.text(name, (begin, top), Height::Small, Side::Right, colour)?;
                free = middle + half + 14.0;
            }
        }
        Ok(())
    }
}
