//! `--state`: a store of looks. Each scene is read, masked and made into the series of the method once; later runs read its look.
//!
//! A look is known by all that its values are made from: the bytes of the scene's files, their scaling, the masks, the formulas, the
//! grid. What the method does with it is no part of it, so that other parameters of the method find the same looks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use change::{Despeckled, MaskCounts, SpeckleFilter};
use geoio::{Compression, GriddedReader, Packed, Packer, RasterFile, RasterFormat, RasterOptions, RasterWriter};
use ndarray::s;
use pipeline::{Budget, Detection, LookSeries, TILE_COLS, map_in_order};
use raster::sensor::Quantity;
use raster::{Date, RasterSink as _, RasterSource as _, Window};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inputs::Inputs;
use super::lock;
use super::manifest::HashedFile;
use super::outputs::write_text;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::job::Job;
use crate::progress::Progress;
use crate::report::Report;
use crate::sealed::{Form, sha256};

/// Name of the list of looks.
const LIST: &str = "looks.json";
/// Head and ending of the names of looks.
const LOOK: (&str, &str) = ("look-", ".tif");
const FORM: Form = Form { name: "atalaya-looks", version: 1, anew: "run again with --fresh, and all looks are made anew" };
/// Side of a tile.
const SIDE: usize = 256;
/// Files that a thread keeps open.
const OPEN_FILES: usize = 64;

/// A look as the list has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    scene: String,
    date: Date,
    /// Names of its bands: series of the method.
    series: Vec<String>,
    file: String,
    bytes: u64,
    sha256: String,
    /// Why pixels of the scene were left out.
    counts: MaskCounts,
}

/// A folder of looks, which no other run writes meanwhile.
pub(super) struct LookStore {
    folder: PathBuf,
    /// Held until the end; the system lets go of it when the program dies.
    _lock: fs::File,
    /// Looks by what they are made from.
    list: BTreeMap<String, Kept>,
}

/// The looks of a run.
pub(super) struct Looks {
    /// Held, so that no other run changes it meanwhile.
    store: LookStore,
    /// What the look of each scene is known by.
    keys: Vec<String>,
    /// Scenes whose look was there, and scenes that were read.
    known: usize,
    made: usize,
    /// Looks in the folder that this run does not take.
    others: usize,
}

impl LookStore {
    /// Opens the folder, and makes it where it is not there. What its list names must be whole, unless the start is `fresh`.
    pub(super) fn open(folder: &Path, fresh: bool) -> Result<Self, Fault> {
        if folder.is_file() {
            return Err(Fault::new(Exit::Output, format!("{}: is a file; name a folder for the state", folder.display())));
        }
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let held = lock(folder)?;
        let mut store = Self { folder: folder.to_owned(), _lock: held, list: BTreeMap::new() };
        let at = folder.join(LIST);
        let is_there = at.exists();
        if is_there && !fresh {
            let text = fs::read_to_string(&at).map_err(|error| unusable(&at, &error.to_string()))?;
            store.list = FORM.read(&text, &at)?;
        }
        let named: BTreeSet<&String> = store.list.values().map(|kept| &kept.file).collect();
        for entry in fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?.filter_map(Result::ok) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_look = name.starts_with(LOOK.0) && name.trim_end_matches(".partial").ends_with(LOOK.1);
            if is_look && !named.contains(&name) {
                // A run that was killed left it, or the start is fresh.
                fs::remove_file(entry.path()).map_err(|error| unwritable(&entry.path(), &error))?;
            } else if !is_there && !is_look && !name.starts_with(LIST) {
                return Err(Fault::usage(format!(
                    "{}: holds {name}, which is of no store of looks; name a folder of its own",
                    folder.display()
                )));
            }
        }
        Ok(store)
    }

    /// The looks of a run: those that are there, checked, and those that are made now from their scenes.
    pub(super) fn looks(
        mut self,
        inputs: &Inputs,
        job: &Job,
        files: &[HashedFile],
        budget: &Budget,
        common: &Common,
    ) -> Result<Looks, Fault> {
        let sums = sums(inputs, files)?;
        let keys: Vec<String> = (0..inputs.scenes().len()).map(|scene| key(scene, inputs, job, &sums)).collect();
        let known: BTreeSet<&String> = keys.iter().filter(|key| self.list.contains_key(*key)).collect();
        self.check(&known, budget)?;
        let new: Vec<usize> = (0..keys.len()).filter(|scene| !self.list.contains_key(&keys[*scene])).collect();
        let windows: Vec<Window> = inputs.grid().tiles(SIDE, TILE_COLS).collect();
        let mut progress = Progress::begin(common, "looks", (new.len() * windows.len()) as u64);
        let mut made = 0;
        for scene in new {
            // Two scenes of the same bytes are one look.
            if !self.list.contains_key(&keys[scene]) {
                let kept = self.make(scene, &keys[scene], inputs, &windows, budget, &mut progress)?;
                self.list.insert(keys[scene].clone(), kept);
                // Scene by scene, so that a run that is killed goes on from there.
                write_text(&self.folder.join(LIST), &FORM.text(&self.list)?)?;
                made += 1;
            }
        }
        let taken: BTreeSet<&String> = keys.iter().collect();
        let (known, others) = (keys.len() - made, self.list.len() - taken.len());
        Ok(Looks { store: self, keys, known, made, others })
    }

    /// Refuses looks that are not as they were written.
    fn check(&self, known: &BTreeSet<&String>, budget: &Budget) -> Result<(), Fault> {
        let all: Vec<&Kept> = known.iter().map(|key| &self.list[*key]).collect();
        map_in_order(
            &all,
            budget,
            budget.in_flight(1 << 20),
            || Ok::<_, Fault>(()),
            |(), kept| {
                let path = self.folder.join(&kept.file);
                let bytes = fs::metadata(&path).map_err(|error| unusable(&path, &error.to_string()))?.len();
                if bytes != kept.bytes || geoio::sha256_file(&path)? != kept.sha256 {
                    return Err(unusable(&path, "it is not as it was written"));
                }
                Ok(())
            },
            |()| Ok(()),
        )
    }

    /// Reads, masks and keeps one scene.
    fn make(
        &self,
        scene: usize,
        key: &str,
        inputs: &Inputs,
        windows: &[Window],
        budget: &Budget,
        progress: &mut Progress,
    ) -> Result<Kept, Fault> {
        let detection = inputs.detection();
        let places = &inputs.looks[scene].series;
        let names: Vec<&str> = places.iter().map(|place| inputs.series[*place].name()).collect();
        let options = RasterOptions {
            format: RasterFormat::Gtiff,
            compression: Compression::Zstd,
            block: SIDE,
            ..RasterOptions::codes(&names).nodata(f64::NAN)
        };
        let file = format!("{}{}{}", LOOK.0, &key[..32], LOOK.1);
        let path = self.folder.join(&file);
        let mut writer = RasterWriter::<f32>::create(&path, inputs.grid(), options, true)?;
        let packing = writer.packing();
        let mut counts = MaskCounts::default();
        map_in_order(
            windows,
            budget,
            budget.in_flight((SIDE * TILE_COLS) as u64 * detection.bytes_a_pixel()),
            || Ok::<_, Fault>((Despeckled::new(inputs.imagery.open()?, inputs.speckle.as_ref()), packing.packer()?)),
            |(reader, packer), &window| look(&detection, reader, packer, (scene, places), window),
            |(planes, part)| {
                planes.into_iter().try_for_each(|plane| writer.append(plane))?;
                counts += part;
                progress.step()
            },
        )?;
        writer.finish()?;
        let bytes = fs::metadata(&path).map_err(|error| unwritable(&path, &error))?.len();
        Ok(Kept {
            scene: inputs.scenes()[scene].id.clone(),
            date: inputs.scenes()[scene].date,
            series: names.into_iter().map(str::to_owned).collect(),
            sha256: geoio::sha256_file(&path)?,
            file,
            bytes,
            counts,
        })
    }
}

/// A window of a scene's look, a plane a series, packed.
fn look(
    detection: &Detection<'_>,
    reader: &mut Despeckled<'_, GriddedReader>,
    packer: &mut Packer<f32>,
    (scene, places): (usize, &[usize]),
    window: Window,
) -> Result<(Vec<Packed<f32>>, MaskCounts), Fault> {
    let mut series = LookSeries::unseen(1, detection.series.len(), window);
    let counts = detection.take(reader, &mut series, 0, scene)?;
    let values = series.values();
    let plane = |(band, place): (usize, &usize)| {
        let plane = values.slice(s![0, *place, ..]);
        let plane = plane.into_shape_with_order((window.rows, window.cols)).expect("a look has one entry a pixel");
        Ok::<_, Fault>(packer.pack(band, window, plane)?)
    };
    Ok((places.iter().enumerate().map(plane).collect::<Result<_, _>>()?, counts))
}

/// SHA-256 of the files that hold each scene's layers.
fn sums<'a>(inputs: &Inputs, files: &'a [HashedFile]) -> Result<Vec<BTreeSet<&'a str>>, Fault> {
    let by_path: BTreeMap<&PathBuf, &str> =
        inputs.files.iter().zip(files).map(|(path, file)| (path, file.sha256.as_str())).collect();
    let imagery = inputs.imagery.imagery();
    let sum = |path: PathBuf| {
        by_path.get(&path).copied().ok_or_else(|| Fault::new(Exit::Internal, format!("{}: was not hashed", path.display())))
    };
    (0..imagery.scenes.len()).map(|scene| imagery.files_of(scene).into_iter().map(sum).collect()).collect()
}

/// What a scene's look is made from, as a sum.
fn key(scene: usize, inputs: &Inputs, job: &Job, sums: &[BTreeSet<&str>]) -> String {
    let (it, look) = (&inputs.scenes()[scene], &inputs.looks[scene]);
    let series: Vec<_> = look.series.iter().map(|place| &inputs.series[*place]).collect();
    let is_radar = |scene: usize| matches!(inputs.scenes()[scene].sensor.quantity, Quantity::Power | Quantity::Decibel);
    // This filter makes each radar look of all of them.
    let together = job.speckle.as_ref().is_some_and(|speckle| speckle.filter == SpeckleFilter::Quegan) && is_radar(scene);
    let company: Vec<_> = (0..sums.len()).filter(|other| together && is_radar(*other)).map(|other| &sums[other]).collect();
    // The number of a file is one among those of the run.
    let layers = inputs.imagery.imagery().layers(scene).iter().map(|(role, file)| (role, file.band, file.void, file.curve));
    let layers: Vec<_> = layers.collect();
    // All fields of all of these, whatever they gain.
    let text = format!(
        "{:?}",
        (
            env!("CARGO_PKG_VERSION"),
            (&sums[scene], company, &job.speckle),
            (&it.id, it.date, &it.sensor, &it.layers),
            (layers, inputs.imagery.shift(scene)),
            (look, series),
            (inputs.grid(), job.grid.resampling),
        )
    );
    sha256(text.as_bytes())
}

impl Looks {
    /// What was there and what was made.
    pub(super) fn describe(&self, report: &mut Report, folder: &Path) {
        let Self { known, made, others, .. } = self;
        let told = json!({ "folder": folder.display().to_string(), "known": known, "made": made, "others": others });
        report.fact("state", told);
        report.say(format!("{}: {made} scenes read, {known} looks were there; the method read all of them", folder.display()));
        if *others > 0 {
            let told = "looks are of other scenes, masks, formulas or grids and were not taken; --fresh removes them";
            report.say(format!("{}: {others} {told}", folder.display()));
        }
    }

    /// The file of a scene's look.
    fn file(&self, scene: usize) -> PathBuf {
        self.store.folder.join(&self.store.list[&self.keys[scene]].file)
    }

    /// Adds why pixels of each scene were left out.
    pub(super) fn count(&self, counts: &mut [MaskCounts]) {
        counts.iter_mut().zip(&self.keys).for_each(|(sum, key)| *sum += &self.store.list[key].counts);
    }
}

/// Where looks come from: the store where there is one, else the scenes themselves; one a thread.
pub(super) struct LookReader<'a> {
    inputs: &'a Inputs,
    scenes: Despeckled<'a, GriddedReader>,
    looks: Option<&'a Looks>,
    open: BTreeMap<usize, RasterFile>,
}

impl<'a> LookReader<'a> {
    pub(super) fn open(inputs: &'a Inputs, looks: Option<&'a Looks>) -> Result<Self, Fault> {
        let scenes = Despeckled::new(inputs.imagery.open()?, inputs.speckle.as_ref());
        Ok(Self { inputs, scenes, looks, open: BTreeMap::new() })
    }

    /// Fills a look of a series from one of its scenes; why pixels were left out. Of looks of the store nothing is counted: see
    /// [`Looks::count`].
    pub(super) fn take(
        &mut self,
        detection: &Detection<'_>,
        series: &mut LookSeries,
        look: usize,
        scene: usize,
    ) -> Result<MaskCounts, Fault> {
        let Some(looks) = self.looks else { return Ok(detection.take(&mut self.scenes, series, look, scene)?) };
        if !self.open.contains_key(&scene) {
            if self.open.len() >= OPEN_FILES {
                self.open.clear();
            }
            self.open.insert(scene, RasterFile::open(&looks.file(scene))?);
        }
        for (band, place) in self.inputs.looks[scene].series.iter().enumerate() {
            series.fill(look, *place, self.open[&scene].read(band + 1, series.window())?.view());
        }
        Ok(MaskCounts::default())
    }
}

fn unusable(path: &Path, why: &str) -> Fault {
    Fault::new(Exit::Input, format!("{}: {why}: the state cannot be used; {}", path.display(), FORM.anew))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Exit::Output, format!("{}: cannot be written: {error}; check the disk and your rights", path.display()))
}
