//! The state of BAYTS as planes of numbers: the seasons, the last look without a flag, and the looks of an open flag.

use super::{Bayts, BaytsState, Look, Pixel, Season};
use crate::{Answer, Findings, Incremental, NO_DAY, Resumable, SeriesBlock, StateLayout, StatePlanes};

/// Days and counts of the model.
const LAST_CLEAR_HISTORY: usize = 0;
const HISTORY_START: usize = 1;
const N_HISTORY: usize = 0;

/// Reals of the process; what the looks of a flag tell follows.
const TOLD: usize = 0;
const CHANGE: usize = 1;
const FLAG_TOLD: usize = 2;

/// Days of the process; the looks of a flag follow.
const LAST: usize = 0;
const CONFIRMED: usize = 1;
const LAST_CLEAR: usize = 2;
const FLAG_DAY: usize = 3;

/// Counts of the process.
const N_MONITOR: usize = 0;
const FLAGGED: usize = 1;

impl Bayts {
    fn keep_process(&self, state: &BaytsState, room: usize) -> StatePlanes {
        let BaytsState { pixels, found, .. } = state;
        let mut planes = StatePlanes::none(&self.process_layout(room), pixels.len());
        for (place, pixel) in pixels.iter().enumerate() {
            planes.reals[[TOLD, place]] = pixel.last.told;
            planes.days[[LAST, place]] = pixel.last.day;
            planes.days[[CONFIRMED, place]] = found.confirmed[place];
            planes.days[[LAST_CLEAR, place]] = found.last_clear[place];
            planes.counts[[N_MONITOR, place]] = found.n_monitor[place];
            if !pixel.flagged.is_empty() {
                planes.reals[[CHANGE, place]] = pixel.change;
            }
            // Of a flag that was confirmed only the first look is asked for any more.
            let open = if found.answer[place] == Answer::Changed { 1 } else { pixel.flagged.len() };
            planes.counts[[FLAGGED, place]] = open as u16;
            for (number, look) in pixel.flagged.iter().take(open).enumerate() {
                planes.reals[[FLAG_TOLD + number, place]] = look.told;
                planes.days[[FLAG_DAY + number, place]] = look.day;
            }
        }
        planes
    }

    /// The seasons, one after the other.
    fn keep_seasons(&self, state: &BaytsState) -> StatePlanes {
        let pixels = state.pixels.len();
        let mut planes = StatePlanes::none(&self.model_layout(), pixels);
        for place in 0..pixels {
            let seasons = state.seasons.iter().flatten();
            let reals = seasons.flat_map(|season| season.coefficients.iter().chain([&season.spread]));
            for (plane, values) in reals.enumerate() {
                planes.reals[[plane, place]] = values[place];
            }
            planes.days[[LAST_CLEAR_HISTORY, place]] = state.found.last_clear_history[place];
            planes.counts[[N_HISTORY, place]] = state.found.n_history[place];
            if let Some(model) = &state.found.model {
                planes.days[[HISTORY_START, place]] = model.history_start[place];
            }
        }
        planes
    }

    fn restore_seasons(&self, model: &StatePlanes) -> Vec<Option<Season>> {
        let mut planes = model.reals.rows().into_iter().map(|plane| plane.to_vec());
        let mut restored = || {
            let mut season = Season::none(self.terms(), model.pixels());
            season.coefficients.iter_mut().chain([&mut season.spread]).zip(&mut planes).for_each(|(kept, plane)| *kept = plane);
            season
        };
        (0..self.roles.len()).map(|role| self.has_season(role).then(&mut restored)).collect()
    }

    fn restore(&self, model: &StatePlanes, process: &StatePlanes) -> BaytsState {
        let seasons = self.restore_seasons(model);
        let mut found = Findings::not_seen(process.pixels());
        if self.has_season(0) {
            found.model = self.model(&seasons, model.days.row(HISTORY_START).to_vec());
        }
        let restored = |place: usize| {
            found.n_history[place] = model.counts[[N_HISTORY, place]];
            found.last_clear_history[place] = model.days[[LAST_CLEAR_HISTORY, place]];
            found.n_monitor[place] = process.counts[[N_MONITOR, place]];
            found.last_clear[place] = process.days[[LAST_CLEAR, place]];
            found.confirmed[place] = process.days[[CONFIRMED, place]];
            let last = Look { day: process.days[[LAST, place]], told: process.reals[[TOLD, place]] };
            let change = process.reals[[CHANGE, place]];
            let look = |number: usize| Look {
                day: process.days[[FLAG_DAY + number, place]],
                told: process.reals[[FLAG_TOLD + number, place]],
            };
            let flagged: Vec<Look> = (0..usize::from(process.counts[[FLAGGED, place]])).map(look).collect();
            let is_told = !flagged.is_empty() || last.day >= self.monitoring.from().days();
            if found.n_monitor[place] > 0 && is_told {
                found.answer[place] = match flagged.first() {
                    None => Answer::Unchanged,
                    Some(_) if found.confirmed[place] == NO_DAY => Answer::Candidate,
                    Some(_) => Answer::Changed,
                };
                found.statistic[place] = if flagged.is_empty() { last.told } else { change } as f32;
            }
            if let Some(first) = flagged.first() {
                found.before[place] = last.day;
                found.first[place] = first.day;
                found.magnitude[place] = -change as f32;
            }
            Pixel { last, flagged, change }
        };
        BaytsState { pixels: (0..process.pixels()).map(restored).collect(), seasons, found }
    }
}

impl Resumable for Bayts {
    fn watched_roles(&self) -> usize {
        self.roles.len()
    }

    /// Looks of the history are in no flag.
    fn room(&self, _history: usize) -> usize {
        0
    }

    fn room_after(&self, room: usize, days: usize) -> usize {
        room + days
    }

    fn model_layout(&self) -> StateLayout {
        let names = |role: usize| {
            let coefficients = (0..self.terms().width()).map(move |number| format!("b{role}_{number}"));
            coefficients.chain([format!("spread{role}")])
        };
        let reals = (0..self.roles.len()).filter(|role| self.has_season(*role)).flat_map(names).collect();
        let mut days = vec!["last_clear_history".to_owned()];
        days.extend(self.has_season(0).then(|| "history_start".to_owned()));
        StateLayout { reals, days, counts: vec!["n_history".to_owned()] }
    }

    fn process_layout(&self, room: usize) -> StateLayout {
        let with = |names: &[&str], more: &str| -> Vec<String> {
            let more = (0..room).map(|number| format!("{more}{number}"));
            names.iter().map(|name| (*name).to_owned()).chain(more).collect()
        };
        StateLayout {
            reals: with(&["told", "change"], "flag_told"),
            days: with(&["last", "confirmed", "last_clear"], "flag_day"),
            counts: vec!["n_monitor".to_owned(), "flagged".to_owned()],
        }
    }

    fn begin(&self, history: &SeriesBlock<'_>) -> (StatePlanes, StatePlanes) {
        let state = self.fit(history);
        (self.keep_seasons(&state), self.keep_process(&state, 0))
    }

    fn go_on(&self, model: &StatePlanes, process: &StatePlanes, later: &SeriesBlock<'_>, room: usize) -> (StatePlanes, Findings) {
        let mut state = self.restore(model, process);
        self.follow(&mut state, later);
        (self.keep_process(&state, room), state.found)
    }

    fn carried(&self, process: &StatePlanes) -> usize {
        process.counts.row(FLAGGED).iter().max().copied().map_or(0, usize::from)
    }
}
