//! The state of PVts-beta as planes of numbers: the history's mean and spread, and the looks that smoothing waits with.

use super::super::moments::Moments;
use super::{LEAST_HISTORY, PvtsBeta, PvtsBetaState, Smoothed};
use crate::{Answer, Findings, Incremental, Model, NO_DAY, Resumable, SeriesBlock, StateLayout, StatePlanes};

/// Days and counts of the model.
const HISTORY_START: usize = 0;
const LAST_CLEAR_HISTORY: usize = 1;
const N_HISTORY: usize = 0;

/// Reals of the process.
const REALS: [&str; 6] = ["count", "mean", "squares", "before", "last", "magnitude"];

/// Days of the process.
const BEFORE: usize = 0;
const FIRST: usize = 1;
const CONFIRMED: usize = 2;
const LAST_CLEAR: usize = 3;

/// Counts of the process.
const N_MONITOR: usize = 0;
const MISSED: [usize; 2] = [1, 2];

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl PvtsBeta {
    fn keep_process(&self, state: &PvtsBetaState) -> StatePlanes {
        let PvtsBetaState { pixels, found } = state;
        let mut planes = StatePlanes::none(&self.process_layout(0), pixels.len());
        for (place, pixel) in pixels.iter().enumerate() {
            let Moments { count, mean, squares } = pixel.history;
            let reals = [count, mean, squares, pixel.before, pixel.last, f64::from(found.magnitude[place])];
            for (plane, value) in reals.into_iter().enumerate() {
                planes.reals[[plane, place]] = value;
            }
            planes.days[[BEFORE, place]] = found.before[place];
            planes.days[[FIRST, place]] = found.first[place];
            planes.days[[CONFIRMED, place]] = found.confirmed[place];
            planes.days[[LAST_CLEAR, place]] = found.last_clear[place];
            planes.counts[[N_MONITOR, place]] = found.n_monitor[place];
            for (plane, missed) in MISSED.into_iter().zip(pixel.missed) {
                planes.counts[[plane, place]] = missed;
            }
        }
        planes
    }

    fn restore(model: &StatePlanes, process: &StatePlanes) -> PvtsBetaState {
        let mut found = Findings::not_seen(process.pixels());
        let mut told = Model::none(1, process.pixels());
        let restored = |place: usize| {
            told.history_start[place] = model.days[[HISTORY_START, place]];
            found.last_clear_history[place] = model.days[[LAST_CLEAR_HISTORY, place]];
            found.n_history[place] = model.counts[[N_HISTORY, place]];
            found.before[place] = process.days[[BEFORE, place]];
            found.first[place] = process.days[[FIRST, place]];
            found.confirmed[place] = process.days[[CONFIRMED, place]];
            found.last_clear[place] = process.days[[LAST_CLEAR, place]];
            found.n_monitor[place] = process.counts[[N_MONITOR, place]];
            let [count, mean, squares, before, last, magnitude]: [f64; REALS.len()] =
                std::array::from_fn(|plane| process.reals[[plane, place]]);
            if found.n_monitor[place] > 0 && usize::from(found.n_history[place]) >= LEAST_HISTORY {
                found.answer[place] = match (found.first[place], found.confirmed[place]) {
                    (NO_DAY, _) => Answer::Unchanged,
                    (_, NO_DAY) => Answer::Candidate,
                    _ => Answer::Changed,
                };
                found.magnitude[place] = magnitude as f32;
                found.statistic[place] = (last - mean) as f32;
            }
            let missed = MISSED.map(|plane| process.counts[[plane, place]]);
            Smoothed { history: Moments { count, mean, squares }, before, last, missed }
        };
        let pixels = (0..process.pixels()).map(restored).collect();
        found.model = Some(told);
        PvtsBetaState { pixels, found }
    }
}

impl Resumable for PvtsBeta {
    fn watched_roles(&self) -> usize {
        1
    }

    fn room(&self, _history: usize) -> usize {
        0
    }

    fn room_after(&self, room: usize, _days: usize) -> usize {
        room
    }

    fn model_layout(&self) -> StateLayout {
        let days = named(&["history_start", "last_clear_history"]);
        StateLayout { reals: Vec::new(), days, counts: named(&["n_history"]) }
    }

    /// The last look of the history is settled by the first of the monitoring period: its mean is part of the process.
    fn process_layout(&self, _room: usize) -> StateLayout {
        StateLayout {
            reals: named(&REALS),
            days: named(&["before_day", "first", "confirmed", "last_clear"]),
            counts: named(&["n_monitor", "missed_history", "missed_monitor"]),
        }
    }

    fn begin(&self, history: &SeriesBlock<'_>) -> (StatePlanes, StatePlanes) {
        let state = self.fit(history);
        let mut planes = StatePlanes::none(&self.model_layout(), history.pixels());
        for place in 0..history.pixels() {
            planes.days[[HISTORY_START, place]] = state.found.model.as_ref().map_or(NO_DAY, |model| model.history_start[place]);
            planes.days[[LAST_CLEAR_HISTORY, place]] = state.found.last_clear_history[place];
            planes.counts[[N_HISTORY, place]] = state.found.n_history[place];
        }
        (planes, self.keep_process(&state))
    }

    fn go_on(
        &self,
        model: &StatePlanes,
        process: &StatePlanes,
        later: &SeriesBlock<'_>,
        _room: usize,
    ) -> (StatePlanes, Findings) {
        let mut state = Self::restore(model, process);
        self.follow(&mut state, later);
        (self.keep_process(&state), state.found)
    }

    fn carried(&self, _process: &StatePlanes) -> usize {
        0
    }
}
