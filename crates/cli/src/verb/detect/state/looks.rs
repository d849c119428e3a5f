//! Looks that are given, looks that are in a state, and what is to be done of both.

use std::collections::BTreeMap;
use std::path::Path;

use geoio::{GriddedImagery, GriddedReader};
use pipeline::{Budget, map_in_order};
use raster::{Date, RasterReader as _, RasterSource as _, Role, Window};
use sha2::{Digest as _, Sha256};

use super::super::Series;
use super::header::{Header, Look, hexadecimal};
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;

/// Rows that are hashed at once, at the most: a row of the usual tiles.
const MOST_ROWS: usize = 512;

/// A look of the inputs of this call.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) time: usize,
    /// Place of its role among those of the method.
    pub(super) place: usize,
    pub(super) look: Look,
}

/// The looks of the inputs, with the SHA-256 of what they hold.
pub(super) fn given(source: &GriddedImagery, series: &Series<'_>, budget: &Budget, common: &Common) -> Result<Vec<Given>, Fault> {
    let grid = source.grid();
    let share = budget.chunk_bytes() as usize / (2 * budget.jobs() + 1) / 8;
    let rows = (share / grid.cols.max(1)).clamp(1, MOST_ROWS);
    let strips: Vec<Window> = grid.strips(rows).collect();
    let there = series.there.iter().enumerate();
    let places: Vec<(usize, usize)> =
        there.flat_map(|(time, (places, _))| places.iter().map(move |place| (time, *place))).collect();
    let mut progress = Progress::begin(common, "hash", places.len() as u64);
    let mut looks = Vec::with_capacity(places.len());
    map_in_order(
        &places,
        budget,
        budget.in_flight((rows * grid.cols * 8) as u64),
        || Ok::<_, Fault>(source.open()?),
        |reader, &(time, place)| {
            let scene = &source.scenes()[time];
            let role = &series.roles[place];
            let (scaling, off) = (scene.scaling(role), series.off[time][place]);
            let mut hasher = Sha256::new();
            for number in [scaling.scale.to_bits(), scaling.offset.to_bits(), grid.rows as u64, grid.cols as u64] {
                hasher.update(number.to_le_bytes());
            }
            let mut bytes = Vec::new();
            for strip in &strips {
                bytes.clear();
                bytes.extend(stored(reader, time, role, *strip)?.iter().flat_map(|number| number.to_le_bytes()));
                hasher.update(&bytes);
            }
            let look = Look {
                date: scene.date,
                second: scene.second,
                id: scene.id.clone(),
                role: role.clone(),
                sha256: hexadecimal(&hasher.finalize()),
                scale: scaling.scale,
                offset: scaling.offset,
                // Of a scene without a pixel there is nothing to take off.
                off: if off.is_finite() { off } else { 0.0 },
                kept: None,
            };
            Ok(Given { time, place, look })
        },
        |look| {
            looks.push(look);
            progress.step()
        },
    )?;
    Ok(looks)
}

/// The stored numbers of a look in a window, row by row; NaN = not observed.
pub(super) fn stored(reader: &mut GriddedReader, time: usize, role: &Role, window: Window) -> Result<Vec<f32>, Fault> {
    let cube = reader.read(time, std::slice::from_ref(role), window, 0)?;
    Ok(cube.values.into_raw_vec_and_offset().0)
}

/// Where a state begins from in this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The history that is given.
    Fit,
    /// The state after the history, to take all looks anew.
    History,
    /// The state after the last look.
    Now,
    /// Nothing: the method looks at whole series.
    Series,
}

/// A look to be taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) look: Look,
    /// Place of its role among those of the method.
    pub(super) place: usize,
    /// Its time in the inputs, where it is not in the state yet.
    pub(super) given: Option<usize>,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) start: Start,
    /// Times of the inputs that are history.
    pub(super) times: usize,
    pub(super) history: Vec<Look>,
    /// Looks to be taken, in order.
    pub(super) taken: Vec<Taken>,
    /// All looks that the state holds then, in order.
    pub(super) looks: Vec<Look>,
    /// Given looks that are in the state already.
    pub(super) known: usize,
}

/// What divides looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    pub(super) from: Date,
    pub(super) to: Date,
    /// Roles that are looked at in the monitoring period.
    pub(super) watched: usize,
    /// Whether the method looks at whole series: then there is no history apart.
    pub(super) whole: bool,
}

impl Plan {
    pub(super) fn new(
        kept: Option<&Header>,
        given: &[Given],
        roles: &[Role],
        periods: Periods,
        folder: &Path,
    ) -> Result<Self, Fault> {
        let is_history = |given: &&Given| !periods.whole && given.look.date < periods.from;
        let is_taken = |given: &&Given| {
            periods.whole || given.look.date >= periods.from && given.look.date <= periods.to && given.place < periods.watched
        };
        let history: Vec<&Given> = given.iter().filter(is_history).collect();
        let looks: Vec<&Given> = given.iter().filter(is_taken).collect();
        let times = history.iter().map(|given| given.time + 1).max().unwrap_or(0);
        let place = |look: &Look| roles.iter().position(|role| *role == look.role).unwrap_or(0);
        let new = |given: &Given| Taken { look: given.look.clone(), place: given.place, given: Some(given.time) };
        let Some(kept) = kept else {
            let taken: Vec<Taken> = sorted(looks.into_iter().map(new).collect());
            let start = if periods.whole { Start::Series } else { Start::Fit };
            let history = history.into_iter().map(|given| given.look.clone()).collect();
            return Ok(Self { start, times, history, looks: of(&taken), taken, known: 0 });
        };
        let (late_history, known_history) = unknown(&kept.history, &history, folder)?;
        let (fresh, known) = unknown(&kept.looks, &looks, folder)?;
        let known = known + known_history;
        if let Some(late) = late_history.first()
            && known_history < kept.history.len()
        {
            return Err(Fault::usage(format!(
                "{}: {} of {} lies in the history, and the models were fitted without it; give the {} looks of the history with it, or \
                 begin anew with --fresh and the whole series",
                folder.display(),
                late.look.date,
                late.look.role,
                kept.history.len()
            )));
        }
        let old = kept.looks.iter().map(|look| Taken { look: look.clone(), place: place(look), given: None });
        let last = kept.looks.iter().map(|look| look.date).max();
        let is_late = last.is_some_and(|last| fresh.iter().any(|given| given.look.date <= last));
        let fresh: Vec<Taken> = fresh.into_iter().map(new).collect();
        let all = sorted(old.chain(fresh.iter().cloned()).collect());
        let looks = of(&all);
        let (start, taken) = match () {
            () if periods.whole => (Start::Series, all),
            () if !late_history.is_empty() => (Start::Fit, all),
            () if is_late => (Start::History, all),
            () => (Start::Now, sorted(fresh)),
        };
        let history = if start == Start::Fit {
            history.into_iter().map(|given| given.look.clone()).collect()
        } else {
            kept.history.clone()
        };
        Ok(Self { start, times, history, taken, looks, known })
    }

    /// How many looks are new.
    pub(super) fn fresh(&self) -> impl Iterator<Item = &Taken> {
        self.taken.iter().filter(|taken| taken.given.is_some())
    }
}

fn of(taken: &[Taken]) -> Vec<Look> {
    taken.iter().map(|taken| taken.look.clone()).collect()
}

/// Looks in the order in which scenes are read: by date, time, name and role.
fn sorted(mut looks: Vec<Taken>) -> Vec<Taken> {
    looks.sort_by(|a, b| {
        let key = |taken: &Taken| (taken.look.date, taken.look.second.unwrap_or(0));
        key(a).cmp(&key(b)).then_with(|| (&a.look.id, a.place).cmp(&(&b.look.id, b.place)))
    });
    looks
}

/// The given looks that are not among the kept ones, and the number of those that are.
///
/// A day may have several looks of a role: all that are kept of it must be given with a new one, else the new one may be a kept one that
/// was made anew.
fn unknown<'a>(kept: &[Look], given: &[&'a Given], folder: &Path) -> Result<(Vec<&'a Given>, usize), Fault> {
    let mut of_day: BTreeMap<(Date, &Role), Vec<&str>> = BTreeMap::new();
    for look in kept {
        of_day.entry((look.date, &look.role)).or_default().push(&look.sha256);
    }
    let mut left = of_day.clone();
    let mut unknown = Vec::new();
    for given in given {
        let sums = left.entry((given.look.date, &given.look.role)).or_default();
        match sums.iter().position(|sum| *sum == given.look.sha256) {
            Some(place) => {
                sums.swap_remove(place);
            }
            None => unknown.push(*given),
        }
    }
    for given in &unknown {
        let day = (given.look.date, &given.look.role);
        if left.get(&day).is_some_and(|sums| !sums.is_empty()) {
            return Err(Fault::usage(format!(
                "{}: its state holds {} of {} with other pixels than {}; an image that was made anew needs --fresh and the whole series, a \
                 second one of that day is given with the first",
                folder.display(),
                day.0,
                day.1,
                given.look.id
            )));
        }
    }
    let known = given.len() - unknown.len();
    Ok((unknown, known))
}
