//! The state of the five methods as planes of numbers.
//!
//! Kept is only what cannot be worked out from the rest: after a break the last quiet day is the one before it, the statistic is the
//! process's value, and its boundary follows from the parameters, the spread and the count of looks.

use super::rule::{Carried, Process, Rule};
use super::{Nrt, NrtState};
use crate::{Answer, Findings, Incremental, Model, NO_DAY, Resumable, SeriesBlock, StateLayout, StatePlanes};

/// Days of the model.
const HISTORY_START: usize = 0;
const LAST_CLEAR_HISTORY: usize = 1;

/// Counts of the model.
const N_HISTORY: usize = 0;
const IS_STABLE: usize = 1;

/// Reals of the process; its numbers follow.
const MAGNITUDE: usize = 0;
const NUMBERS: usize = 1;

/// Days of the process.
const QUIET: usize = 0;
const BREAK: usize = 1;
const LAST_CLEAR: usize = 2;

/// Counts of the process.
const N_MONITOR: usize = 0;
const COUNT: usize = 1;
const CARRIED: usize = 2;

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl<R: Rule> Nrt<R> {
    fn keep_model(&self, state: &NrtState<R::Process>) -> StatePlanes {
        let found = &state.found;
        let mut planes = StatePlanes::none(&self.model_layout(), found.answer.len());
        let Some(model) = &found.model else { return planes };
        let width = model.coefficients.len();
        for place in 0..planes.pixels() {
            for (plane, coefficients) in model.coefficients.iter().enumerate() {
                planes.reals[[plane, place]] = coefficients[place];
            }
            planes.reals[[width, place]] = model.sigma[place];
            if let (true, Some((process, _))) = (self.rule.has_limits(), &state.watched[place]) {
                let [low, high] = process.limits();
                planes.reals[[width + 1, place]] = low;
                planes.reals[[width + 2, place]] = high;
            }
            planes.days[[HISTORY_START, place]] = model.history_start[place];
            planes.days[[LAST_CLEAR_HISTORY, place]] = found.last_clear_history[place];
            planes.counts[[N_HISTORY, place]] = found.n_history[place];
            planes.counts[[IS_STABLE, place]] = u16::from(model.is_stable[place]);
        }
        planes
    }

    fn keep_process(&self, state: &NrtState<R::Process>, room: usize) -> StatePlanes {
        let found = &state.found;
        let mut planes = StatePlanes::none(&self.process_layout(room), found.answer.len());
        for place in 0..planes.pixels() {
            planes.reals[[MAGNITUDE, place]] = f64::from(found.magnitude[place]);
            planes.days[[BREAK, place]] = found.first[place];
            planes.days[[LAST_CLEAR, place]] = found.last_clear[place];
            planes.counts[[N_MONITOR, place]] = found.n_monitor[place];
            let Some((process, quiet)) = &state.watched[place] else { continue };
            let numbers = process.numbers();
            planes.days[[QUIET, place]] = *quiet;
            planes.counts[[COUNT, place]] = process.count();
            planes.counts[[CARRIED, place]] = numbers.len() as u16;
            for (number, value) in numbers.into_iter().enumerate() {
                planes.reals[[NUMBERS + number, place]] = value;
            }
        }
        planes
    }

    fn restore(&self, model: &StatePlanes, process: &StatePlanes) -> NrtState<R::Process> {
        let (pixels, width) = (model.pixels(), self.terms().width());
        let mut found = Findings::not_seen(pixels);
        let mut told = Model::none(width, pixels);
        let mut watched = vec![None; pixels];
        let mut numbers = Vec::new();
        for place in 0..pixels {
            found.n_history[place] = model.counts[[N_HISTORY, place]];
            found.last_clear_history[place] = model.days[[LAST_CLEAR_HISTORY, place]];
            found.n_monitor[place] = process.counts[[N_MONITOR, place]];
            found.last_clear[place] = process.days[[LAST_CLEAR, place]];
            told.is_stable[place] = model.counts[[IS_STABLE, place]] != 0;
            told.history_start[place] = model.days[[HISTORY_START, place]];
            if told.history_start[place] == NO_DAY {
                continue;
            }
            for (plane, coefficients) in told.coefficients.iter_mut().enumerate() {
                coefficients[place] = model.reals[[plane, place]];
            }
            told.sigma[place] = model.reals[[width, place]];
            let limit = |plane: usize| model.reals.get([plane, place]).copied().unwrap_or(f64::NAN);
            numbers.clear();
            let carried = usize::from(process.counts[[CARRIED, place]]);
            numbers.extend(process.reals.column(place).iter().skip(NUMBERS).take(carried));
            let resumed = self.rule.resume(&Carried {
                sigma: told.sigma[place],
                history: f64::from(found.n_history[place]),
                critical: self.critical,
                limits: [limit(width + 1), limit(width + 2)],
                numbers: &numbers,
                count: process.counts[[COUNT, place]],
            });
            told.boundary[place] = resumed.boundary();
            if !told.is_stable[place] {
                continue;
            }
            let (quiet, day) = (process.days[[QUIET, place]], process.days[[BREAK, place]]);
            if found.n_monitor[place] > 0 {
                found.answer[place] = if day == NO_DAY { Answer::Unchanged } else { Answer::Changed };
                found.statistic[place] = resumed.value() as f32;
            }
            if day != NO_DAY {
                found.before[place] = quiet;
                found.first[place] = day;
                found.confirmed[place] = day;
                found.magnitude[place] = process.reals[[MAGNITUDE, place]] as f32;
            }
            watched[place] = Some((resumed, quiet));
        }
        found.model = Some(told);
        NrtState { watched, found }
    }
}

impl<R: Rule> Resumable for Nrt<R> {
    fn watched_roles(&self) -> usize {
        1
    }

    fn room(&self, history: usize) -> usize {
        self.rule.room(history)
    }

    fn room_after(&self, room: usize, _days: usize) -> usize {
        room
    }

    fn model_layout(&self) -> StateLayout {
        let mut reals: Vec<String> = (0..self.terms().width()).map(|number| format!("b{number}")).collect();
        reals.push("sigma".to_owned());
        if self.rule.has_limits() {
            reals.extend(named(&["low", "high"]));
        }
        StateLayout { reals, days: named(&["history_start", "last_clear_history"]), counts: named(&["n_history", "is_stable"]) }
    }

    fn process_layout(&self, room: usize) -> StateLayout {
        let mut reals = named(&["magnitude"]);
        reals.extend((0..room).map(|number| format!("process{number}")));
        StateLayout { reals, days: named(&["quiet", "break", "last_clear"]), counts: named(&["n_monitor", "count", "carried"]) }
    }

    fn begin(&self, history: &SeriesBlock<'_>) -> (StatePlanes, StatePlanes) {
        let state = self.fit(history);
        (self.keep_model(&state), self.keep_process(&state, self.room(history.dates().len())))
    }

    fn go_on(&self, model: &StatePlanes, process: &StatePlanes, later: &SeriesBlock<'_>, room: usize) -> (StatePlanes, Findings) {
        let mut state = self.restore(model, process);
        self.follow(&mut state, later);
        (self.keep_process(&state, room), state.found)
    }

    fn carried(&self, process: &StatePlanes) -> usize {
        process.counts.row(CARRIED).iter().max().copied().map_or(0, usize::from)
    }
}
