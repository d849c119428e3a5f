//! A detector that uses all of the seam: two roles with dates of their own, segments, and state from image to image.

use change::{Answer, Detector, Findings, Incremental, NO_DAY, Segment, SeriesBlock};
use raster::{Band, Date, DateRange, Role};

/// Values below this share of the historical mean, in either role, are flagged.
const SHARE: f64 = 0.6;
/// Flags in a row that confirm.
const CONFIRM: usize = 2;

pub(crate) struct VegetationLoss {
    history: DateRange,
    monitoring: DateRange,
    roles: [Role; 2],
}

impl VegetationLoss {
    pub(crate) fn new(history: DateRange, monitoring: DateRange) -> Self {
        Self { history, monitoring, roles: [Role::Band(Band::Green), Role::Band(Band::Swir16)] }
    }
}

/// What is carried for one pixel.
#[derive(Clone, Default)]
struct Memory {
    history: Sums,
    history_days: Option<(Date, Date)>,
    n_history: u16,
    n_monitor: u16,
    last_clear: Option<Date>,
    last_unflagged: Option<Date>,
    run: Vec<Look>,
    before: Option<Date>,
    confirmed: Option<Date>,
}

#[derive(Clone, Default)]
struct Sums {
    sum: [f64; 2],
    count: [u32; 2],
}

impl Sums {
    fn add(&mut self, values: [f64; 2]) {
        for (role, value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            self.sum[role] += value;
            self.count[role] += 1;
        }
    }

    /// NaN of a role that was never seen.
    fn means(&self) -> [f64; 2] {
        [0, 1].map(|role| self.sum[role] / f64::from(self.count[role]))
    }
}

#[derive(Clone, Copy)]
struct Look {
    date: Date,
    values: [f64; 2],
}

impl Memory {
    fn learn(&mut self, look: Look) {
        self.history.add(look.values);
        self.history_days = Some((self.history_days.map_or(look.date, |(first, _)| first), look.date));
        self.n_history += 1;
        self.last_unflagged = Some(look.date);
    }

    fn watch(&mut self, look: Look) {
        self.n_monitor += 1;
        self.last_clear = Some(look.date);
        if self.confirmed.is_some() {
            return;
        }
        let means = self.history.means();
        if (0..2).any(|role| look.values[role] < SHARE * means[role]) {
            if self.run.is_empty() {
                self.before = self.last_unflagged;
            }
            self.run.push(look);
            self.confirmed = (self.run.len() == CONFIRM).then_some(look.date);
        } else {
            self.run.clear();
            self.last_unflagged = Some(look.date);
        }
    }

    fn write(&self, findings: &mut Findings, pixel: usize) -> Vec<Segment> {
        let day = |date: Option<Date>| date.map_or(NO_DAY, Date::days);
        findings.n_history[pixel] = self.n_history;
        findings.n_monitor[pixel] = self.n_monitor;
        findings.last_clear[pixel] = day(self.last_clear);
        findings.last_clear_history[pixel] = day(self.history_days.map(|(_, last)| last));
        let Some((from, to)) = self.history_days else { return Vec::new() };
        let mut segments = vec![Segment { from, to, coefficients: self.history.means().to_vec() }];
        if self.n_monitor == 0 {
            return segments;
        }
        findings.answer[pixel] = match (self.confirmed, self.run.is_empty()) {
            (Some(_), _) => Answer::Changed,
            (None, false) => Answer::Candidate,
            (None, true) => Answer::Unchanged,
        };
        if let (Some(first), Some(last)) = (self.run.first(), self.run.last()) {
            let mut after = Sums::default();
            self.run.iter().for_each(|look| after.add(look.values));
            let falls = [0, 1].map(|role| after.means()[role] - self.history.means()[role]);
            findings.before[pixel] = day(self.before);
            findings.first[pixel] = first.date.days();
            findings.confirmed[pixel] = day(self.confirmed);
            findings.magnitude[pixel] = falls[0].min(falls[1]) as f32;
            findings.statistic[pixel] = self.run.len() as f32;
            segments.push(Segment { from: first.date, to: last.date, coefficients: after.means().to_vec() });
        }
        segments
    }
}

pub(crate) struct State(Vec<Memory>);

impl VegetationLoss {
    fn take(&self, state: &mut State, block: &SeriesBlock<'_>) -> Findings {
        let mut findings = Findings::not_seen(block.pixels());
        let mut segments = Vec::new();
        for (pixel, memory) in state.0.iter_mut().enumerate() {
            for (time, &date) in block.dates().iter().enumerate() {
                let values = [0, 1].map(|role| f64::from(block.values()[[time, role, pixel]]));
                let look = Look { date, values };
                if values.iter().all(|value| value.is_nan()) {
                    continue;
                }
                if self.history.contains(date) {
                    memory.learn(look);
                } else if self.monitoring.contains(date) {
                    memory.watch(look);
                }
            }
            segments.push(memory.write(&mut findings, pixel));
        }
        findings.segments = Some(segments);
        findings
    }
}

impl Detector for VegetationLoss {
    fn name(&self) -> &'static str {
        "vegetation-loss"
    }

    fn inputs(&self) -> &[Role] {
        &self.roles
    }

    fn monitoring(&self) -> DateRange {
        self.monitoring
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        self.take(&mut State(vec![Memory::default(); block.pixels()]), block)
    }
}

impl Incremental for VegetationLoss {
    type State = State;

    fn fit(&self, history: &SeriesBlock<'_>) -> State {
        let mut state = State(vec![Memory::default(); history.pixels()]);
        self.take(&mut state, history);
        state
    }

    fn update(&self, state: &mut State, later: &SeriesBlock<'_>) -> Findings {
        self.take(state, later)
    }
}
