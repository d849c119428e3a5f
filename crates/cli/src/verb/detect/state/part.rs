//! Windows part by part: what is read of them, how their state goes on, and how it is packed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use change::{ChangeError, Resumable, SeriesBlock, StatePlanes};
use geoio::{GriddedReader, Packed, Packer, PlaneSpec, RasterFile};
use ndarray::{Array3, ArrayView2, ArrayView3, s};
use raster::{Date, Scaling, Window};

use super::super::Counts;
use super::super::cut;
use super::super::sink::{Planes, SinkPacker};
use super::header::{Band, Look};
use super::looks::{Taken, stored};
use super::planes::{PackedPlanes, PlanesPacker, PlanesReader, joined};
use super::work::Work;
use crate::fault::{Exit, Fault};

/// Files of looks that a thread keeps open.
const OPEN_FILES: usize = 32;

/// What a thread keeps.
pub(super) struct Worker {
    pub(super) reader: GriddedReader,
    /// Values of the history in the last window.
    pub(super) history: Vec<f32>,
    /// Model and process from which the windows go on.
    pub(super) model: Option<PlanesReader>,
    pub(super) process: Option<PlanesReader>,
    pub(super) files: BTreeMap<String, RasterFile>,
    pub(super) sink: SinkPacker,
    pub(super) packers: [Option<PlanesPacker>; 3],
    pub(super) looks: Option<Packer<f32>>,
}

/// A window's results.
pub(super) struct Piece {
    pub(super) sink: Planes,
    pub(super) planes: [Option<PackedPlanes>; 3],
    pub(super) looks: Vec<Packed<f32>>,
    pub(super) counts: Counts,
}

/// The packed state and new looks of a part of a window.
struct Part {
    planes: [Option<PackedPlanes>; 3],
    looks: Vec<Packed<f32>>,
}

/// A state of which the strips of a part are put together; `None` where it is not written.
struct Whole {
    planes: Option<StatePlanes>,
    carried: usize,
}

impl Whole {
    fn put(&mut self, first: usize, strip: &StatePlanes, carried: usize) {
        if let Some(planes) = &mut self.planes {
            planes.put(first, strip);
            self.carried = self.carried.max(carried);
        }
    }
}

/// Looks of a part.
struct Looks<'a> {
    dates: &'a [Date],
    sensors: &'a [u8],
    values: ArrayView3<'a, f32>,
}

impl Looks<'_> {
    /// The looks of some of its pixels.
    fn of(&self, pixels: Range<usize>) -> Result<SeriesBlock<'_>, ChangeError> {
        SeriesBlock::new(self.dates, self.sensors, self.values.slice(s![.., .., pixels]))
    }
}

/// The pixels of a strip in its part.
fn pixels(part: Window, strip: Window) -> Range<usize> {
    let first = (strip.row - part.row) as usize * part.cols;
    first..first + strip.pixels()
}

impl Work<'_> {
    /// A window, one part below the other.
    pub(super) fn window(
        &self,
        worker: &mut Worker,
        window: Window,
        parts: impl Iterator<Item = Window>,
    ) -> Result<Piece, Fault> {
        let (mut planes, mut looks, mut counts) = ([None, None, None], Vec::new(), Counts::default());
        for part in parts {
            let Part { planes: packed, looks: kept } = self.part(worker, (window, part), &mut counts)?;
            let join = |upper: Option<PackedPlanes>, lower| match (upper, lower) {
                (Some(upper), Some(lower)) => Some(PackedPlanes::joined(upper, lower)),
                (upper, lower) => upper.or(lower),
            };
            let mut lower = packed.into_iter();
            planes = planes.map(|upper| join(upper, lower.next().flatten()));
            looks = if looks.is_empty() { kept } else { joined(looks, kept) };
        }
        Ok(Piece { sink: worker.sink.pack(window)?, planes, looks, counts })
    }

    /// A part of a window, strip by strip.
    fn part(&self, worker: &mut Worker, (window, part): (Window, Window), counts: &mut Counts) -> Result<Part, Fault> {
        let (values, fresh) = self.read(worker, part)?;
        let dates: Vec<Date> = self.plan.taken.iter().map(|taken| taken.look.date).collect();
        let sensors = vec![0; dates.len()];
        let later = Looks { dates: &dates, sensors: &sensors, values: values.view() };
        let planes = if let Some(resumable) = self.resumable() {
            self.resume(worker, (window, part), resumable, &later, counts)?
        } else {
            for strip in cut::at_once(part) {
                let found = self.detector.detect(&later.of(pixels(part, strip))?);
                worker.sink.add(window, strip, &found);
                counts.add(&Counts::of(&found));
            }
            [None, None, None]
        };
        let pack = |(band, values): (usize, Vec<f32>)| {
            let packer = worker.looks.as_mut().expect("new looks have a file");
            let plane = ArrayView2::from_shape((part.rows, part.cols), &values).expect("a look has one entry a pixel");
            Ok::<_, Fault>(packer.pack(band, part, plane)?)
        };
        let looks = fresh.into_iter().enumerate().map(pack).collect::<Result<_, _>>()?;
        Ok(Part { planes, looks })
    }

    /// The strips of a part after their new looks, each from its model and process or, where the history is given, from that.
    fn resume(
        &self,
        worker: &mut Worker,
        (window, part): (Window, Window),
        resumable: &dyn Resumable,
        later: &Looks<'_>,
        counts: &mut Counts,
    ) -> Result<[Option<PackedPlanes>; 3], Fault> {
        let kept = match (&worker.model, &worker.process) {
            (Some(model), Some(process)) => Some((model.read(part)?, process.read(part)?)),
            _ => None,
        };
        let times = self.plan.times;
        let (dates, sensors) = (&self.series.dates[..times], &self.series.sensors[..times]);
        let history =
            if kept.is_some() { None } else { Some(self.series.read(&mut worker.reader, part, times, &mut worker.history)?) };
        let history = history.map(|values| Looks { dates, sensors, values });
        let (room_before, room_after) = self.rooms(resumable);
        let layouts = [resumable.model_layout(), resumable.process_layout(room_before), resumable.process_layout(room_after)];
        let mut layouts = layouts.into_iter();
        let mut wholes = worker.packers.each_ref().map(|packer| {
            let layout = layouts.next().filter(|_| packer.is_some());
            Whole { planes: layout.map(|layout| StatePlanes::none(&layout, part.pixels())), carried: 0 }
        });
        for strip in cut::at_once(part) {
            let place = pixels(part, strip);
            let (model, process) = match (&kept, &history) {
                (Some((model, process)), _) => (model.part(place.clone()), process.part(place.clone())),
                (None, Some(history)) => resumable.begin(&history.of(place.clone())?),
                (None, None) => unreachable!("what is not kept is given"),
            };
            let (next, found) = resumable.go_on(&model, &process, &later.of(place.clone())?, room_after);
            let [of_model, of_start, of_now] = &mut wholes;
            of_model.put(place.start, &model, 0);
            of_start.put(place.start, &process, resumable.carried(&process));
            of_now.put(place.start, &next, resumable.carried(&next));
            worker.sink.add(window, strip, &found);
            counts.add(&Counts::of(&found));
        }
        let mut packed = [None, None, None];
        for ((packer, whole), packed) in worker.packers.iter_mut().zip(wholes).zip(&mut packed) {
            if let (Some(packer), Some(planes)) = (packer, whole.planes) {
                *packed = Some(packer.pack(part, &planes, whole.carried)?);
            }
        }
        Ok(packed)
    }

    /// Values (time, role, pixel) of the looks to be taken, and the stored numbers of the new ones.
    fn read(&self, worker: &mut Worker, window: Window) -> Result<(Array3<f32>, Vec<Vec<f32>>), Fault> {
        let shape = (self.plan.taken.len(), self.series.roles.len(), window.pixels());
        let given: Vec<PlaneSpec<'_>> = self.plan.taken.iter().filter_map(Taken::plane).collect();
        let mut fresh = stored(self.series, &mut worker.reader, &given, window)?.into_iter();
        let mut values = Array3::from_elem(shape, f32::NAN);
        let mut kept = Vec::with_capacity(given.len());
        for (time, taken) in self.plan.taken.iter().enumerate() {
            let numbers = match taken.given {
                Some(_) => fresh.next().expect("a plane a look that is given"),
                None => self.kept(&mut worker.files, taken, window)?,
            };
            let Look { scale, offset, off, .. } = taken.look;
            let scaling = Scaling { scale, offset };
            let mut row = values.slice_mut(s![time, taken.place, ..]);
            row.iter_mut().zip(&numbers).for_each(|(to, number)| *to = (scaling.apply(*number) - off) as f32);
            if taken.given.is_some() {
                kept.push(numbers);
            }
        }
        Ok((values, kept))
    }

    /// The stored numbers of a look of the store.
    fn kept(&self, files: &mut BTreeMap<String, RasterFile>, taken: &Taken, window: Window) -> Result<Vec<f32>, Fault> {
        let Some(Band { file, band }) = &taken.look.kept else {
            let told = format!("{}: keeps no pixels of {}", self.folder.path().display(), taken.look.date);
            return Err(Fault::new(Exit::Internal, told));
        };
        if !files.contains_key(file) {
            if files.len() >= OPEN_FILES {
                files.clear();
            }
            let path: PathBuf = self.folder.path().join(file);
            files.insert(file.clone(), RasterFile::open(&path)?);
        }
        Ok(files[file].read(*band, window)?.into_raw_vec_and_offset().0)
    }
}
