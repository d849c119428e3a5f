//! A store of what registries said when: a `GeoPackage` or a `PostGIS` database that keeps every content that was retrieved.
//!
//! The contents of a source are tables of their own, `<source>__<year>_<month>_<day>` by the day on which they were first
//! retrieved, every column as text with `known_from` added, geometry in longitude and latitude. The table `snapshots` says which
//! of them was there on which day; the same content retrieved again is one more line of it, and no more rows.

mod error;
mod step;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use alert::{Features, Layer};
use gdal::Dataset;
use gdal::vector::LayerAccess as _;
use gdal::vector::sql::Dialect;
use raster::Date;

use crate::layer::{LayerError, LayerOptions, content_sha256, read_at};
use crate::location::{Connection, Hosts, Location};
use crate::sink::ogr;
use crate::{Staged, complaint, open};

pub use error::StoreError;
use step::{Step, list};

/// The table that lists the snapshots.
const LIST: &str = "snapshots";

/// The column that a store adds to the records of a source: the day on which this content was first retrieved.
const KNOWN_FROM: &str = "known_from";

/// Its columns.
const COLUMNS: [&str; 9] = ["source", "retrieved", "layer", "request", "sha256", "content_sha256", "records", "crs", "program"];

/// A number that stands for the store among the locks of a database.
const LOCK: u32 = 0x617_4a1a;

/// What a source said on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Id of the source.
    pub source: String,
    /// The day on which it was retrieved.
    pub retrieved: Date,
    /// The table that holds its content.
    pub table: String,
    /// What was asked for, without passwords.
    pub request: String,
    /// SHA-256 of the bytes that were retrieved, where it was a file; else of the content.
    pub sha256: String,
    /// SHA-256 of the content.
    pub content_sha256: String,
    /// How many records it has.
    pub records: usize,
    /// The reference system in which it was given.
    pub crs: String,
    /// The program that loaded it, with its version.
    pub program: String,
}

/// The newest of a source's snapshots that was retrieved on or before a day; the newest of all without a day.
pub fn newest<'a>(snapshots: &'a [Snapshot], source: &str, as_of: Option<Date>) -> Option<&'a Snapshot> {
    let known = snapshots.iter().filter(|snapshot| snapshot.source == source);
    known.filter(|snapshot| as_of.is_none_or(|day| snapshot.retrieved <= day)).max_by_key(|snapshot| snapshot.retrieved)
}

/// A content to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Retrieval<'a> {
    /// Id of the source.
    pub source: &'a str,
    /// The day on which it was retrieved.
    pub retrieved: Date,
    /// What was asked for, without passwords.
    pub request: &'a str,
    /// What came.
    pub layer: &'a Layer,
    /// The program that loads it, with its version.
    pub program: &'a str,
}

/// What became of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new and was written.
    Written,
    /// It was known already; one more retrieval was noted.
    Known,
    /// It was known to be of that very day; nothing was done.
    Already,
}

/// A store of snapshots.
#[derive(Debug, Clone)]
pub struct Store {
    location: Location,
    hosts: Hosts,
}

impl Store {
    /// The store of a place, which need not be there yet.
    ///
    /// # Errors
    /// [`StoreError::Format`], [`crate::GeoioError::HostNotAllowed`].
    pub fn at(location: &Location, hosts: &Hosts) -> Result<Self, StoreError> {
        let store = Self { location: location.clone(), hosts: hosts.clone() };
        hosts.check(location)?;
        if is_store(location) { Ok(store) } else { Err(StoreError::Format { store: location.to_string() }) }
    }

    /// What was retrieved when, in the order in which it was loaded; nothing where the place is no store yet.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], or what reading a layer may meet.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        if self.location.file().is_some_and(|path| !path.exists()) {
            return Ok(Vec::new());
        }
        let options = LayerOptions { layer: Some(LIST.to_owned()), ..LayerOptions::default() };
        match read_at(&self.location, &self.hosts, &options) {
            Ok(list) => self.listed(&list.features),
            Err(LayerError::Choice { .. } | LayerError::NoTable { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn listed(&self, list: &Features) -> Result<Vec<Snapshot>, StoreError> {
        let damaged = |reason: String| StoreError::Damaged { store: self.location.to_string(), reason };
        let text = |row: usize, name: &str| {
            let values = list.text(name).ok_or_else(|| damaged(format!("it has no column {name}")))?;
            Ok::<_, StoreError>(values[row].clone().unwrap_or_default())
        };
        (0..list.len())
            .map(|row| {
                let (retrieved, records) = (text(row, "retrieved")?, text(row, "records")?);
                Ok(Snapshot {
                    source: text(row, "source")?,
                    retrieved: retrieved.parse().map_err(|_| damaged(format!("`{retrieved}` is no day")))?,
                    table: text(row, "layer")?,
                    request: text(row, "request")?,
                    sha256: text(row, "sha256")?,
                    content_sha256: text(row, "content_sha256")?,
                    records: records.parse().map_err(|_| damaged(format!("`{records}` is no number")))?,
                    crs: text(row, "crs")?,
                    program: text(row, "program")?,
                })
            })
            .collect()
    }

    /// Keeps contents, all or none: what the store knew before stays as it was.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Conflict`], [`StoreError::Reserved`], [`StoreError::Write`].
    pub fn keep(&self, retrievals: &[Retrieval<'_>]) -> Result<Vec<Kept>, StoreError> {
        match &self.location {
            Location::File(path) => self.keep_in_file(path, retrievals),
            Location::Database(connection) => self.keep_in_database(connection, retrievals),
            Location::Address(_) => Err(StoreError::Format { store: self.location.to_string() }),
        }
    }

    /// Writes to a copy, which takes the store's name when it is complete.
    fn keep_in_file(&self, path: &Path, retrievals: &[Retrieval<'_>]) -> Result<Vec<Kept>, StoreError> {
        let failed = |error: std::io::Error| self.unwritten(error.to_string());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let _lock = self.lock(folder, path)?;
        let plan = self.plan(retrievals)?;
        if plan.iter().all(|step| step.kept == Kept::Already) {
            return Ok(plan.into_iter().map(|step| step.kept).collect());
        }
        let staged = Staged::new(path, true)?;
        // What a load that was killed left beside its copy would be played back into this one.
        for ending in ["-journal", "-wal", "-shm"] {
            match fs::remove_file(beside(staged.partial(), ending)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        let mut dataset = if path.exists() {
            fs::copy(path, staged.partial()).map_err(failed)?;
            open::open_for_update(staged.partial(), path, "GPKG")?
        } else {
            ogr::create(path, staged.partial(), "GPKG").map_err(|error| self.unwritten(error.to_string()))?
        };
        self.write(&mut dataset, &plan)?;
        complaint::watch(|| dataset.close()).map_err(|reason| self.unwritten(reason))?;
        self.verify(staged.partial(), &plan)?;
        staged.commit()?;
        Ok(plan.into_iter().map(|step| step.kept).collect())
    }

    /// The folder, held until the lock is dropped; a file that another program is writing is not copied.
    fn lock(&self, folder: &Path, path: &Path) -> Result<File, StoreError> {
        let locked = |reason: &str| StoreError::Locked { store: self.location.to_string(), reason: reason.to_owned() };
        let failed = |error: std::io::Error| self.unwritten(error.to_string());
        let held = File::open(folder).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked("another program is loading into a store of this folder")),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let busy = ["-wal", "-journal"].iter().any(|ending| fs::metadata(beside(path, ending)).is_ok_and(|file| file.len() > 0));
        if busy { Err(locked("another program has it open for writing")) } else { Ok(held) }
    }

    /// Writes within one transaction of the database.
    fn keep_in_database(&self, connection: &Connection, retrievals: &[Retrieval<'_>]) -> Result<Vec<Kept>, StoreError> {
        let mut dataset = open::open_database(connection, true)?;
        let query = format!("SELECT pg_try_advisory_lock({LOCK})::int AS held");
        let held = complaint::watch(|| {
            let Some(mut result) = dataset.execute_sql(&query, None, Dialect::DEFAULT)? else { return Ok(None) };
            result.features().next().map(|row| row.field_as_integer(0)).transpose()
        });
        // The lock goes with the connection, also where this program dies.
        if held.map_err(|reason| self.unwritten(reason))?.flatten() != Some(1) {
            let reason = "another program is loading into this database".to_owned();
            return Err(StoreError::Locked { store: self.location.to_string(), reason });
        }
        let plan = self.plan(retrievals)?;
        if plan.iter().any(|step| step.kept != Kept::Already) {
            self.write(&mut dataset, &plan)?;
        }
        complaint::watch(|| dataset.close()).map_err(|reason| self.unwritten(reason))?;
        Ok(plan.into_iter().map(|step| step.kept).collect())
    }

    /// What is to be done for each content, by what the store knows.
    fn plan<'a>(&self, retrievals: &[Retrieval<'a>]) -> Result<Vec<Step<'a>>, StoreError> {
        let known = self.snapshots()?;
        retrievals
            .iter()
            .map(|&retrieval| {
                let Retrieval { source, retrieved, layer, .. } = retrieval;
                if let Some(column) = layer.features.columns.iter().find(|column| column.name.eq_ignore_ascii_case(KNOWN_FROM)) {
                    return Err(StoreError::Reserved { source_id: source.to_owned(), column: column.name.clone() });
                }
                let content = content_sha256(&layer.features);
                let own = || known.iter().filter(|snapshot| snapshot.source == source);
                let same_day = own().find(|snapshot| snapshot.retrieved == retrieved);
                if same_day.is_some_and(|snapshot| snapshot.content_sha256 != content) {
                    let store = self.location.to_string();
                    return Err(StoreError::Conflict { store, source_id: source.to_owned(), retrieved });
                }
                let same = own().find(|snapshot| snapshot.content_sha256 == content);
                let kept = match (same_day, same) {
                    (Some(_), _) => Kept::Already,
                    (None, Some(_)) => Kept::Known,
                    (None, None) => Kept::Written,
                };
                let new = || format!("{source}__{}", retrieved.to_string().replace('-', "_"));
                let table = same.map_or_else(new, |snapshot| snapshot.table.clone());
                Ok(Step { retrieval, table, content, kept })
            })
            .collect()
    }

    /// Writes new contents, and one line a retrieval, all or nothing.
    fn write(&self, dataset: &mut Dataset, plan: &[Step<'_>]) -> Result<(), StoreError> {
        let written = complaint::watch(|| {
            let mut transaction = dataset.start_transaction()?;
            for step in plan.iter().filter(|step| step.kept == Kept::Written) {
                step.write(&mut transaction)?;
            }
            list(&mut transaction, plan.iter().filter(|step| step.kept != Kept::Already))?;
            transaction.commit()
        });
        written.map_err(|reason| self.unwritten(reason))
    }

    /// Whether all that was written can be counted in the file.
    fn verify(&self, partial: &Path, plan: &[Step<'_>]) -> Result<(), StoreError> {
        let dataset = open::open_features(partial, "GPKG", None)?;
        for step in plan.iter().filter(|step| step.kept == Kept::Written) {
            let count = complaint::watch(|| Ok(dataset.layer_by_name(&step.table)?.features().count()));
            let (count, expected) = (count.map_err(|reason| self.unwritten(reason))?, step.retrieval.layer.features.len());
            if count != expected {
                return Err(self.unwritten(format!("{count} of {expected} records of {} came back", step.table)));
            }
        }
        Ok(())
    }

    fn unwritten(&self, reason: String) -> StoreError {
        StoreError::Write { store: self.location.to_string(), reason }
    }
}

/// The file of the same name with an ending more.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Whether a place may hold a store.
pub fn is_store(location: &Location) -> bool {
    match location {
        Location::File(path) => path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gpkg")),
        Location::Database(_) => true,
        Location::Address(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(source: &str, day: u32) -> Snapshot {
        Snapshot {
            source: source.to_owned(),
            retrieved: Date::from_ymd(2026, 1, day).expect("a day"),
            table: format!("{source}__2026_01_{day:02}"),
            request: String::new(),
            sha256: String::new(),
            content_sha256: String::new(),
            records: 0,
            crs: String::new(),
            program: String::new(),
        }
    }

    #[test]
    fn the_newest_snapshot_is_that_of_the_day_or_before() {
        let known = [snapshot("a", 20), snapshot("b", 15), snapshot("a", 10)];
        let table = |day: Option<u32>| {
            let day = day.and_then(|day| Date::from_ymd(2026, 1, day));
            newest(&known, "a", day).map(|snapshot| snapshot.table.as_str())
        };
        assert_eq!(table(None), Some("a__2026_01_20"));
        assert_eq!(table(Some(20)), Some("a__2026_01_20"));
        assert_eq!(table(Some(19)), Some("a__2026_01_10"));
        assert_eq!(table(Some(9)), None);
    }
}
