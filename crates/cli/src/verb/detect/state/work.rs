//! The walk over the windows of a grid with their state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use change::{Detector, Findings, Resumable, SeriesBlock, StatePlanes};
use geoio::{GriddedImagery, GriddedReader, Packed, Packer, Packing, PlaneSpec, RasterFile, RasterWriter};
use ndarray::{Array3, ArrayView2, s};
use pipeline::map_in_order;
use raster::{Date, Grid, RasterSink as _, RasterSource as _, Scaling, Window};

use super::super::cut::{self, Cut};
use super::super::sink::{Planes, Sink, SinkPacker};
use super::super::{Counts, Series};
use super::folder::StateFolder;
use super::header::{Band, Header, Identity, Look};
use super::looks::{Plan, Start, Taken, stored};
use super::planes::{PackedPlanes, PlanesPacker, PlanesPacking, PlanesReader, PlanesWriter, options};
use crate::args::{Common, Detect};
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

/// Files of looks that a thread keeps open.
const OPEN_FILES: usize = 32;

/// What a call works with.
pub(super) struct Work<'a> {
    pub(super) folder: &'a StateFolder,
    pub(super) source: &'a GriddedImagery,
    pub(super) series: &'a Series<'a>,
    pub(super) detector: &'a dyn Detector,
    pub(super) plan: &'a Plan,
}

/// Files that a call writes.
struct Writers {
    model: Option<PlanesWriter>,
    start: Option<PlanesWriter>,
    now: Option<PlanesWriter>,
    looks: Option<RasterWriter<f32>>,
}

/// What a thread keeps.
struct Worker {
    reader: GriddedReader,
    /// Values of the history in the last window.
    history: Vec<f32>,
    /// Model and process from which the windows go on.
    model: Option<PlanesReader>,
    process: Option<PlanesReader>,
    files: BTreeMap<String, RasterFile>,
    sink: SinkPacker,
    packers: [Option<PlanesPacker>; 3],
    looks: Option<Packer<f32>>,
}

/// A window's results.
struct Piece {
    sink: Planes,
    planes: [Option<PackedPlanes>; 3],
    looks: Vec<Packed<f32>>,
    counts: Counts,
}

impl Work<'_> {
    /// Writes the answer, and the state where it has moved.
    pub(super) fn run(&self, identity: Identity, mut sink: Sink, arguments: &Detect, common: &Common) -> Result<Counts, Fault> {
        self.verify_looks()?;
        let budget = cut::threads(&common.budget(), self.series.storage(self.source)?)?;
        let (grid, block) = (self.source.grid(), arguments.output.block);
        let mut writers = self.writers(side(grid, block))?;
        let cut = Cut::whole(grid, (block, side(grid, block)), self.bytes_a_pixel(), self.bytes_waiting(block), &budget);
        let mut progress = Progress::begin(common, "detect", cut.windows.len() as u64);
        let mut counts = Counts::default();
        let (packing, state, looks) = (sink.packing(), writers.packing(), writers.looks.as_ref().map(RasterWriter::packing));
        map_in_order(
            &cut.windows,
            &budget,
            budget.in_flight(cut.bytes),
            || {
                let [model, start, now] = &state;
                let packer = |packing: &Option<PlanesPacking>| packing.as_ref().map(PlanesPacking::packer).transpose();
                let (model_file, process_file) = self.readers()?;
                Ok::<_, Fault>(Worker {
                    reader: self.source.open()?,
                    model: model_file,
                    process: process_file,
                    files: BTreeMap::new(),
                    history: Vec::new(),
                    sink: packing.packer()?,
                    packers: [packer(model)?, packer(start)?, packer(now)?],
                    looks: looks.as_ref().map(Packing::packer).transpose()?,
                })
            },
            |worker, &window| self.window(worker, window),
            |piece| {
                sink.append(piece.sink)?;
                writers.append(piece.planes, piece.looks)?;
                counts.add(&piece.counts);
                progress.step()
            },
        )?;
        self.commit(writers, identity)?;
        sink.finish(&budget)?;
        Ok(counts)
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        self.detector.resumable()
    }

    /// Room for looks of a pixel before and after this call.
    fn rooms(&self, resumable: &dyn Resumable) -> (usize, usize) {
        let header = self.folder.header.as_ref();
        let of = |planes: fn(&Header) -> &Option<super::header::Planes>| header.and_then(|header| planes(header).as_ref());
        let (file, carried) = match self.plan.start {
            Start::Fit => (resumable.room(self.plan.times), resumable.room(self.plan.times)),
            Start::History => of(|header| &header.start).map_or((0, 0), |planes| (planes.room, planes.carried)),
            _ => of(|header| &header.now).map_or((0, 0), |planes| (planes.room, planes.carried)),
        };
        let days: BTreeSet<Date> = self.plan.taken.iter().map(|taken| taken.look.date).collect();
        (file, resumable.room_after(carried, days.len()))
    }

    /// Looks that are read from the store must be as they were written.
    fn verify_looks(&self) -> Result<(), Fault> {
        let Some(header) = &self.folder.header else { return Ok(()) };
        let files: BTreeSet<&String> = self.plan.taken.iter().filter_map(|taken| Some(&taken.look.kept.as_ref()?.file)).collect();
        files.into_iter().try_for_each(|name| self.folder.verify(name, header))
    }

    fn writers(&self, block: usize) -> Result<Writers, Fault> {
        let (grid, folder) = (self.source.grid(), self.folder);
        let mut writers = Writers { model: None, start: None, now: None, looks: None };
        if let Some(resumable) = self.resumable() {
            let (before, after) = self.rooms(resumable);
            let create = |kind, layout, room| PlanesWriter::create(folder, kind, &layout, room, (grid, block)).map(Some);
            if self.plan.start == Start::Fit {
                writers.model = create("model", resumable.model_layout(), 0)?;
                writers.start = create("start", resumable.process_layout(before), before)?;
            }
            if self.plan.start != Start::Now || !self.plan.taken.is_empty() {
                writers.now = create("now", resumable.process_layout(after), after)?;
            }
        }
        let names: Vec<String> = self.plan.fresh().map(|taken| format!("{} {}", taken.look.date, taken.look.role)).collect();
        if !names.is_empty() {
            let options = options(&names, block).nodata(f64::NAN);
            writers.looks = Some(RasterWriter::create(&folder.path().join(folder.name("looks")), grid, options, true)?);
        }
        Ok(writers)
    }

    /// The files from which windows go on; none where the history is given.
    fn readers(&self) -> Result<(Option<PlanesReader>, Option<PlanesReader>), Fault> {
        let (Some(header), Some(resumable)) = (&self.folder.header, self.resumable()) else { return Ok((None, None)) };
        let process = match self.plan.start {
            Start::History => &header.start,
            Start::Now => &header.now,
            Start::Fit | Start::Series => return Ok((None, None)),
        };
        let (Some(model), Some(process)) = (&header.model, process) else {
            return Err(Fault::new(Exit::Input, format!("{}: its state has no files", self.folder.path().display())));
        };
        let layout = resumable.process_layout(process.room);
        Ok((
            Some(PlanesReader::open(self.folder.path(), model, resumable.model_layout())?),
            Some(PlanesReader::open(self.folder.path(), process, layout)?),
        ))
    }

    fn bytes_a_pixel(&self) -> usize {
        let looks = 4 * self.series.roles.len();
        let history = if self.plan.start == Start::Fit { self.plan.times * looks } else { 0 };
        history + self.plan.taken.len() * looks + self.plan.fresh().count() * 4 + 2 * self.state_bytes() + 256
    }

    /// Bytes of a pixel's model and processes.
    fn state_bytes(&self) -> usize {
        self.resumable().map_or(0, |resumable| {
            let (before, after) = self.rooms(resumable);
            resumable.model_layout().bytes() + resumable.process_layout(before).bytes() + resumable.process_layout(after).bytes()
        })
    }

    /// Bytes of strips that wait for the rest of their row of tiles: in the files of the state, and in the output.
    fn bytes_waiting(&self, block: usize) -> usize {
        let grid = self.source.grid();
        let output = 4 * (9 + 2 + self.detector.coefficients());
        grid.cols * (side(grid, block) * (self.state_bytes() + 4 * self.plan.fresh().count()) + block * output)
    }

    fn window(&self, worker: &mut Worker, window: Window) -> Result<Piece, Fault> {
        let (values, fresh) = self.read(worker, window)?;
        let dates: Vec<Date> = self.plan.taken.iter().map(|taken| taken.look.date).collect();
        let sensors = vec![0; dates.len()];
        let later = SeriesBlock::new(&dates, &sensors, values.view())?;
        let mut planes = [None, None, None];
        let found = match self.resumable() {
            None => self.detector.detect(&later),
            Some(resumable) => self.go_on(worker, window, resumable, &later, &mut planes)?,
        };
        let pack = |(band, values): (usize, Vec<f32>)| {
            let packer = worker.looks.as_mut().expect("new looks have a file");
            let plane = ArrayView2::from_shape((window.rows, window.cols), &values).expect("a look has one entry a pixel");
            Ok::<_, Fault>(packer.pack(band, window, plane)?)
        };
        let looks = fresh.into_iter().enumerate().map(pack).collect::<Result<_, _>>()?;
        worker.sink.add(window, window, &found);
        Ok(Piece { sink: worker.sink.pack(window)?, planes, looks, counts: Counts::of(&found) })
    }

    /// What is found of a window after its new looks; its state is packed.
    fn go_on(
        &self,
        worker: &mut Worker,
        window: Window,
        resumable: &dyn Resumable,
        later: &SeriesBlock<'_>,
        planes: &mut [Option<PackedPlanes>; 3],
    ) -> Result<Findings, Fault> {
        let (model, process) = if let (Some(model), Some(process)) = (&worker.model, &worker.process) {
            (model.read(window)?, process.read(window)?)
        } else {
            let values = self.series.read(&mut worker.reader, window, self.plan.times, &mut worker.history)?;
            let (dates, sensors) = (&self.series.dates[..self.plan.times], &self.series.sensors[..self.plan.times]);
            resumable.begin(&SeriesBlock::new(dates, sensors, values)?)
        };
        let (next, found) = resumable.go_on(&model, &process, later, self.rooms(resumable).1);
        let mut pack = |place: usize, of: &StatePlanes, carried: usize| -> Result<(), Fault> {
            if let Some(packer) = &mut worker.packers[place] {
                planes[place] = Some(packer.pack(window, of, carried)?);
            }
            Ok(())
        };
        pack(0, &model, 0)?;
        pack(1, &process, resumable.carried(&process))?;
        pack(2, &next, resumable.carried(&next))?;
        Ok(found)
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

    /// Makes what was written the state; where nothing was, it stays as it is.
    fn commit(&self, writers: Writers, identity: Identity) -> Result<(), Fault> {
        let folder = self.folder;
        let earlier = folder.header.as_ref();
        if earlier.is_some() && writers.now.is_none() && writers.looks.is_none() {
            return Ok(());
        }
        let mut looks = self.plan.looks.clone();
        if let Some(writer) = writers.looks {
            writer.finish()?;
            let name = folder.name("looks");
            for (number, taken) in self.plan.fresh().enumerate() {
                let new = looks.iter_mut().find(|look| **look == taken.look && look.kept.is_none());
                let new = new.expect("a new look is among all");
                new.kept = Some(Band { file: name.clone(), band: number + 1 });
            }
        }
        let finished = |writer: Option<PlanesWriter>| writer.map(PlanesWriter::finish).transpose();
        let kept = |planes: fn(&Header) -> &Option<super::header::Planes>| earlier.and_then(|header| planes(header).clone());
        let model = finished(writers.model)?.or_else(|| kept(|header| &header.model));
        let start = finished(writers.start)?.or_else(|| kept(|header| &header.start));
        let now = finished(writers.now)?.or_else(|| kept(|header| &header.now));
        let mut names: BTreeSet<String> = looks.iter().filter_map(|look| Some(look.kept.as_ref()?.file.clone())).collect();
        names.extend([&model, &start, &now].into_iter().flatten().flat_map(|planes| planes.files().cloned()));
        let mut files = BTreeMap::new();
        for name in names {
            let known = earlier.and_then(|header| header.files.get(&name).cloned());
            let sum = known.map_or_else(|| folder.sum(&name), Ok)?;
            files.insert(name, sum);
        }
        folder.commit(&Header {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            generation: folder.generation(),
            identity,
            history: self.plan.history.clone(),
            looks,
            model,
            start,
            now,
            files,
        })
    }
}

/// Side of the state's tiles: strips wait until a row of tiles is full.
const SIDE: usize = 128;

/// Side of the state's tiles, less where the grid fits in one: what lies beyond its edges is packed too.
fn side(grid: &Grid, block: usize) -> usize {
    block.min(SIDE).min(grid.rows.max(grid.cols).next_multiple_of(16))
}

impl Writers {
    fn packing(&self) -> [Option<PlanesPacking>; 3] {
        [&self.model, &self.start, &self.now].map(|writer| writer.as_ref().map(PlanesWriter::packing))
    }

    fn append(&mut self, planes: [Option<PackedPlanes>; 3], looks: Vec<Packed<f32>>) -> Result<(), Fault> {
        for (writer, planes) in [&mut self.model, &mut self.start, &mut self.now].into_iter().zip(planes) {
            if let (Some(writer), Some(planes)) = (writer, planes) {
                writer.append(planes)?;
            }
        }
        match &mut self.looks {
            Some(writer) => Ok(looks.into_iter().try_for_each(|look| writer.append(look))?),
            None => Ok(()),
        }
    }
}
