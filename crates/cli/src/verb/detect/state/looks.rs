//! Looks that are given, looks that are in a state, and what is to be done of both.

use std::collections::BTreeMap;
use std::path::Path;

use geoio::{GriddedImagery, GriddedReader, PlaneSpec};
use pipeline::{Budget, map_in_order};
use raster::{Date, Grid, RasterSource as _, Role, Window};
use sha2::{Digest as _, Sha256};

use super::super::Series;
use super::super::cut::Cut;
use super::header::{Header, Look};
use crate::args::Common;
use crate::fault::Fault;
use crate::progress::Progress;
use crate::sealed::hexadecimal;

/// A look of the inputs of this call.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) time: usize,
    /// Place of its role among those of the method.
    pub(super) place: usize,
    pub(super) look: Look,
}

/// The looks of the inputs, with the SHA-256 of what they hold.
///
/// Windows are read for all looks at once, for a block of a file often holds many of them; `block` is the side of a window.
pub(super) fn given(
    source: &GriddedImagery,
    series: &Series<'_>,
    block: usize,
    budget: &Budget,
    common: &Common,
) -> Result<Vec<Given>, Fault> {
    let grid = source.grid();
    let there = series.there.iter().enumerate();
    let places: Vec<(usize, usize)> = there.flat_map(|(time, places)| places.iter().map(move |place| (time, *place))).collect();
    let bytes = 4 * places.len().max(1) + series.clear.bytes_a_pixel();
    let (rows, cols) = Cut::new(grid, block, series.storage(source)?, bytes, budget).part;
    let windows: Vec<Window> = grid.tiles(rows, cols).collect();
    let mut progress = Progress::begin(common, "hash", windows.len() as u64);
    let mut pixels = Pixels::new(places.len());
    map_in_order(
        &windows,
        budget,
        budget.in_flight((rows * cols * bytes) as u64),
        || Ok::<_, Fault>(source.open()?),
        |reader, &window| {
            let layers: Vec<PlaneSpec<'_>> =
                places.iter().map(|&(time, place)| PlaneSpec::stored(time, &series.roles[place])).collect();
            Ok((window, stored(series, reader, &layers, window)?))
        },
        |(window, numbers)| {
            pixels.add(window, grid, &numbers);
            progress.step()
        },
    )?;
    let looks = places.into_iter().zip(pixels.whole).map(|((time, place), hasher)| {
        let scene = &source.scenes()[time];
        let role = &series.roles[place];
        let (scaling, off) = (scene.scaling(role), series.off[time][place]);
        let mut sum = Sha256::new();
        for number in [scaling.scale.to_bits(), scaling.offset.to_bits(), grid.rows as u64, grid.cols as u64] {
            sum.update(number.to_le_bytes());
        }
        sum.update(hasher.finalize());
        let look = Look {
            date: scene.date,
            second: scene.second,
            id: scene.id.clone(),
            role: role.clone(),
            sha256: hexadecimal(&sum.finalize()),
            scale: scaling.scale,
            offset: scaling.offset,
            // Of a scene without a pixel there is nothing to take off.
            off: if off.is_finite() { off } else { 0.0 },
            kept: None,
        };
        Given { time, place, look }
    });
    Ok(looks.collect())
}

/// Sums over the pixels of looks: of each row one, and of these one for all. How windows cut the grid does not change them.
struct Pixels {
    /// Of each look.
    whole: Vec<Sha256>,
    /// Of each look the rows of the windows that stand beside one another.
    rows: Vec<Vec<Sha256>>,
}

impl Pixels {
    fn new(looks: usize) -> Self {
        Self { whole: vec![Sha256::new(); looks], rows: vec![Vec::new(); looks] }
    }

    /// Adds a window; they come from west to east, then from north to south.
    fn add(&mut self, window: Window, grid: &Grid, numbers: &[Vec<f32>]) {
        let is_last = window.col as usize + window.cols == grid.cols;
        for ((whole, rows), numbers) in self.whole.iter_mut().zip(&mut self.rows).zip(numbers) {
            rows.resize(window.rows, Sha256::new());
            for (row, numbers) in rows.iter_mut().zip(numbers.chunks(window.cols)) {
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                row.update(&bytes);
            }
            if is_last {
                rows.drain(..).for_each(|row| whole.update(row.finalize()));
            }
        }
    }
}

/// The stored numbers of looks in a window, row by row; NaN = not observed, or not clear: so the sums cover what is masked.
pub(super) fn stored(
    series: &Series<'_>,
    reader: &mut GriddedReader,
    looks: &[PlaneSpec<'_>],
    window: Window,
) -> Result<Vec<Vec<f32>>, Fault> {
    let mut numbers = vec![vec![0.0; window.pixels()]; looks.len()];
    let mut planes: Vec<&mut [f32]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
    series.clear.read_planes(reader, looks, window, &mut planes)?;
    Ok(numbers)
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

impl Taken {
    /// Its plane among the inputs.
    pub(super) fn plane(&self) -> Option<PlaneSpec<'_>> {
        self.given.map(|time| PlaneSpec::stored(time, &self.look.role))
    }
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
