//! A panel: a frame with marks, what is drawn in it, and the days that matter.

use change::Statistic;
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, RGBColor};
use raster::Date;

use super::axis::{self, Axis};
use super::colours::{BAND, BETWEEN, BREAK, CONFIRMED, FAINT, GRID, INK, LEFT_OUT, MODEL, MONITORED, WHITE};
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
            Statistic::Sum | Statistic::Fall => (-most * 1.12, most * 1.12),
            Statistic::Count => (-0.08 * most, most * 1.15),
            Statistic::Probability => (-0.04, 1.04),
        };
        Self { story, content: Content::Process, time, values: Axis { low, high, ends: (bottom, top) } }
    }

    fn place(&self, date: Date, value: f64) -> Point {
        (self.time.place(number(date)), self.values.place(value))
    }

    /// Size of the dots: smaller where there are many.
    fn size(&self) -> f64 {
        let seen = self.story.looks.iter().filter(|look| look.value.is_some()).count();
        (350.0 / seen as f64).sqrt().clamp(0.45, 1.0)
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
        let marks = if self.is_empty() { Vec::new() } else { self.values.marks(about) };
        for (value, text) in marks.into_iter().filter(|(value, _)| self.is_whole(*value)) {
            let y = self.values.place(value);
            sheet.line(&[(left, y), (right, y)], GRID.to_rgba(), 1.0)?;
            sheet.text(&text, (left - 10.0, y - Height::Small.line() * 0.5), Height::Small, Side::Left, FAINT)?;
        }
        for (date, _) in self.day_marks() {
            let x = self.time.place(number(date));
            sheet.line(&[(x, self.top()), (x, self.bottom())], GRID.to_rgba(), 1.0)?;
        }
        sheet.text(self.caption(), (left, self.top() - Height::Small.line()), Height::Small, Side::Right, INK)
    }

    /// Whether there is nothing to be drawn: then its numbers mean nothing.
    fn is_empty(&self) -> bool {
        let mut looks = self.story.looks.iter();
        match self.content {
            Content::Looks(role) => !looks.any(|look| look.role == role && look.value.is_some()),
            Content::Process => !looks.any(|look| look.statistic.is_some()),
        }
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
            (_, Statistic::Fall) => "looks off the mean of the history",
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
            let half = sheet.width(&text, Height::Small) / 2.0;
            let x = x.clamp(half + 4.0, self.time.ends.1 + 18.0 - half);
            sheet.text(&text, (x, self.bottom() + 6.0), Height::Small, Side::Middle, FAINT)
        })
    }

    /// What the panel is of.
    pub(super) fn content<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        match self.content {
            Content::Looks(role) => {
                self.band(sheet)?;
                self.between(sheet)?;
                self.model(sheet)?;
                self.days_that_matter(sheet)?;
                self.looks(sheet, role)
            }
            Content::Process => {
                self.between(sheet)?;
                self.days_that_matter(sheet)?;
                self.process(sheet)
            }
        }
    }

    /// The days in which the change began.
    fn between<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let (Some(before), Some(first)) = (self.story.before, self.story.first) else { return Ok(()) };
        let (from, to) = (self.time.place(number(before)), self.time.place(number(first)));
        sheet.rectangle((from, self.top()), (to.max(from + 1.0), self.bottom()), BETWEEN.mix(0.3))
    }

    /// One sigma around the model.
    fn band<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let sigma = self.story.sigma.unwrap_or(0.0);
        let curve = &self.story.curve;
        let edge = |by: f64| curve.iter().map(move |(date, predicted)| self.inside(self.place(*date, predicted + by)));
        let upper: Vec<Point> = edge(sigma).collect();
        let lower: Vec<Point> = edge(-sigma).collect();
        // Piece by piece: what fills polygons need not take rings of thousands of corners.
        for (above, below) in upper.windows(2).zip(lower.windows(2)) {
            if above[0].1 < below[0].1 || above[1].1 < below[1].1 {
                sheet.fill(&[above[0], above[1], below[1], below[0]], BAND.to_rgba())?;
            }
        }
        Ok(())
    }

    fn model<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let curve = &self.story.curve;
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
        if self.is_empty() {
            return self.nothing(sheet, "nothing was seen");
        }
        own().try_for_each(|look| match look.value {
            Some(value) => legend::look(sheet, look.state, self.place(look.date, f64::from(value)), self.size()),
            None => Ok(()),
        })
    }

    fn nothing<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>, text: &str) -> Result<(), Fault> {
        let middle = (f64::midpoint(self.time.ends.0, self.time.ends.1), f64::midpoint(self.top(), self.bottom()));
        let (half, line) = (sheet.width(text, Height::Small) / 2.0 + 8.0, Height::Small.line() / 2.0);
        sheet.rectangle((middle.0 - half, middle.1 - line), (middle.0 + half, middle.1 + line), WHITE.to_rgba())?;
        sheet.text(text, (middle.0, middle.1 - line), Height::Small, Side::Middle, FAINT)
    }

    fn process<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        if self.is_empty() {
            return self.nothing(sheet, "no process");
        }
        let (left, right) = self.time.ends;
        let looks: Vec<(&Look, f64)> =
            self.story.looks.iter().filter_map(|look| Some((look, f64::from(look.statistic?)))).collect();
        sheet.line(&[(left, self.values.place(0.0)), (right, self.values.place(0.0))], FAINT.mix(0.6), 1.0)?;
        self.boundary(sheet)?;
        if self.story.kind == Statistic::Probability {
            for look in self.story.looks.iter().filter(|look| look.state != State::AfterMonitoring) {
                if let Some(probability) = look.non_forest {
                    legend::look(sheet, look.state, self.place(look.date, probability), self.size())?;
                }
            }
        }
        let points: Vec<Point> = looks.iter().map(|(look, statistic)| self.place(look.date, *statistic)).collect();
        sheet.line(&points, MONITORED.to_rgba(), 2.0)?;
        let is_sum = self.story.kind != Statistic::Probability;
        for ((look, _), point) in looks.iter().zip(&points) {
            match look.event {
                Some(Event::Break | Event::Confirmed) => sheet.dot(*point, 5.0, BREAK.to_rgba())?,
                Some(Event::Flag) => sheet.dot(*point, 4.0 * self.size(), BETWEEN.to_rgba())?,
                _ if is_sum => sheet.dot(*point, 2.6 * self.size(), MONITORED.to_rgba())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn boundary<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let limits: Vec<(Date, f64)> = self.story.looks.iter().filter_map(|look| Some((look.date, look.boundary?))).collect();
        let Some(first) = limits.first() else { return Ok(()) };
        let sides: &[f64] = match self.story.kind {
            Statistic::Sum => &[1.0, -1.0],
            Statistic::Fall => &[-1.0],
            Statistic::Count | Statistic::Probability => &[1.0],
        };
        for side in sides {
            let from = (self.time.place(number(self.story.monitor_from)), self.values.place(side * first.1));
            let own = limits.iter().map(|(date, limit)| self.place(*date, side * limit));
            let points: Vec<Point> = std::iter::once(from).chain(own).collect();
            sheet.dashes(&points, BREAK.to_rgba(), 1.8)?;
        }
        Ok(())
    }

    /// The days that matter and lie on the axis: with their names and colours, in order.
    fn marks(&self) -> Vec<(f64, &'static str, RGBColor)> {
        let story = self.story;
        let first = if story.is_of_probabilities() { "flagged" } else { "break" };
        let marks: [(Option<Date>, &str, RGBColor); 4] = [
            (Some(story.monitor_from), "monitoring", INK),
            (story.first, first, BREAK),
            (story.confirmed.filter(|_| story.confirmed != story.first), "confirmed", CONFIRMED),
            (story.monitor_to, "end", INK),
        ];
        let place = |(date, name, colour): (Option<Date>, _, _)| Some((self.time.place(number(date?)), name, colour));
        let (left, right) = self.time.ends;
        marks.into_iter().filter_map(place).filter(|(x, ..)| (left..=right).contains(x)).collect()
    }

    fn days_that_matter<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        self.marks().into_iter().try_for_each(|(x, _, colour)| {
            let ends = [(x, self.top()), (x, self.bottom())];
            if colour == INK { sheet.dashes(&ends, INK.to_rgba(), 1.4) } else { sheet.line(&ends, colour.to_rgba(), 1.8) }
        })
    }

    /// The names of the days that matter, over the panel, each over its line, right of the one before, or left of the one after it
    /// where the panel ends.
    pub(super) fn names<B: DrawingBackend>(&self, sheet: &Sheet<'_, B>) -> Result<(), Fault> {
        let (left, right) = self.time.ends;
        let marks = self.marks();
        let halves: Vec<f64> = marks.iter().map(|(_, name, _)| sheet.width(name, Height::Small) / 2.0).collect();
        let mut free = left + sheet.width(self.caption(), Height::Small) + 20.0;
        let mut middles = Vec::with_capacity(marks.len());
        for ((x, ..), half) in marks.iter().zip(&halves) {
            middles.push(x.max(free + half));
            free = middles[middles.len() - 1] + half + 14.0;
        }
        let mut end = right;
        for (middle, half) in middles.iter_mut().zip(&halves).rev() {
            *middle = middle.min(end - half);
            end = *middle - half - 14.0;
        }
        marks.iter().zip(middles).try_for_each(|((_, name, colour), middle)| {
            sheet.text(name, (middle, self.top() - Height::Small.line()), Height::Small, Side::Middle, *colour)
        })
    }
}
