//! The walk over the windows of a grid with their state.

use std::collections::{BTreeMap, BTreeSet};

use change::{Detector, Resumable};
use geoio::{GriddedImagery, Packed, Packing, RasterWriter};
use pipeline::map_in_order;
use raster::{Date, Grid, RasterSink as _, RasterSource as _};

use super::super::cut::{self, Cut, StateBytes};
use super::super::sink::Sink;
use super::super::{Counts, Series};
use super::folder::StateFolder;
use super::header::{Band, Header, Identity};
use super::looks::{Plan, Start};
use super::part::Worker;
use super::planes::{PackedPlanes, PlanesPacking, PlanesReader, PlanesWriter, options};
use crate::args::{Common, Detect};
use crate::fault::{Exit, Fault};
use crate::progress::Progress;

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

impl Work<'_> {
    /// Writes the answer, and the state where it has moved.
    pub(super) fn run(&self, identity: Identity, mut sink: Sink, arguments: &Detect, common: &Common) -> Result<Counts, Fault> {
        self.verify_looks()?;
        let budget = cut::threads(&common.budget(), self.series.storage(self.source)?)?;
        let (grid, block) = (self.source.grid(), arguments.output.block);
        let mut writers = self.writers(side(grid, block))?;
        let cut = Cut::whole(grid, (block, side(grid, block)), &self.bytes(block), &budget);
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
            |worker, &window| self.window(worker, window, cut.parts(window)),
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

    pub(super) fn resumable(&self) -> Option<&dyn Resumable> {
        self.detector.resumable()
    }

    /// Room for looks of a pixel before and after this call.
    pub(super) fn rooms(&self, resumable: &dyn Resumable) -> (usize, usize) {
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

    fn bytes(&self, block: usize) -> StateBytes {
        let looks = 4 * self.series.roles.len();
        let history = if self.plan.start == Start::Fit { self.plan.times * looks } else { 0 };
        let fresh = 4 * self.plan.fresh().count();
        let at_work = history + self.plan.taken.len() * looks + fresh + self.state_bytes() + 64;
        // Most planes of a state are nearly empty, and looks are 16 bits as a rule.
        StateBytes { at_work, packed: (fresh + self.state_bytes()) / 6, waiting: self.bytes_waiting(block) }
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
