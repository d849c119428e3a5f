//! Cubes of the xarray world and granules of HDF-EOS: `NetCDF` classic, NetCDF-4, HDF5 and HDF4 files and Zarr folders, read from their
//! own bytes.
//!
//! GDAL reads these formats too and is not asked: its reader of `NetCDF` gives zeros for what a cut file does not hold, those of HDF5
//! and HDF4 open the other files that a file names, libhdf4 crashes on damaged ones, and its Zarr knows no format 3. Here a file is opened by its name and no other, a chunk is
//! whole or an error, and several threads read at once. A variable is a raster whose bands are its dates: `cube.nc#ndvi`, or
//! `cube.nc` where there is one only.

mod array;
mod axes;
mod bytes;
mod cache;
mod classic;
mod element;
mod filter;
mod hdf4;
mod hdf5;
mod name;
mod packing;
mod place;
mod time;
mod window;
mod zarr;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raster::{Grid, Role};

use crate::tiff::MAX_BLOCK_BYTES;
use crate::{GeoioError, crs};
use array::Array;
use axes::{Arrays, Axes, described};
use bytes::{Bytes, Reading};
pub(crate) use cache::bound as bound_cache;
use element::Element;
pub use name::is_named;
pub(crate) use name::{container, split, with_variable};
use packing::Packing;
use place::{Misplaced, Placed};
pub(crate) use time::Moment;
pub(crate) use window::Held;

/// Bytes of unpacked numbers up to which a cube may be of any size on disk.
const ANY_BYTES: u64 = 1 << 32;

/// Unpacked bytes a byte on disk above which next to nothing of a large cube was ever written.
const MAX_RATIO: u64 = 1 << 16;

/// A variable of a file that is an image, or images of several dates; any number of threads may read it.
#[derive(Debug)]
pub(crate) struct Cube {
    /// The file, and the variable as it was named.
    path: PathBuf,
    array: Array,
    axes: Axes,
    packing: Packing,
    placed: Placed,
    moments: Option<Vec<Moment>>,
}

impl Cube {
    /// Opens a variable by `FILE#VARIABLE`, or the only one of `FILE`.
    ///
    /// # Errors
    /// [`GeoioError::Open`] for a damaged or cut file and for what is no image, [`GeoioError::NoCrs`], [`GeoioError::NoGeotransform`],
    /// [`GeoioError::Rotated`], [`GeoioError::MissingLayer`], or [`GeoioError::Metadata`].
    pub(crate) fn open(path: &Path) -> Result<Self, GeoioError> {
        let (file, variable) = split(path).ok_or_else(|| unfit(path, "it is no cube"))?;
        let (arrays, outside) = arrays(&file)?;
        let place = chosen(&arrays, &outside, &file, variable.as_deref(), None)?;
        let axes = arrays.axes(&arrays.0[place]).map_err(|reason| unfit(path, &reason))?;
        let wrong = |reason: String| GeoioError::Metadata { path: path.to_owned(), line: None, reason };
        check(&arrays.0[place], &file)?;
        let packing = Packing::of(&arrays.0[place]).map_err(wrong)?;
        let system = |text: &str| crs::crs(text).map_err(|error| Misplaced::Other(error.to_string()));
        let placed = place::placed(&arrays, &arrays.0[place], axes, system).map_err(|misplaced| match misplaced {
            Misplaced::NoCrs => GeoioError::NoCrs { path: path.to_owned() },
            Misplaced::NoPlace(reason) => GeoioError::NoGeotransform { path: path.to_owned(), reason },
            Misplaced::Rotated => GeoioError::Rotated { path: path.to_owned() },
            Misplaced::Other(reason) => wrong(reason),
        })?;
        let axis = axes.band.and_then(|band| arrays.coordinate(&arrays.0[place].dimensions[band].name));
        let dated = axis.filter(|axis| axes.is_time && time::is_dated(axis));
        let moments = dated.map(time::moments).transpose().map_err(wrong)?;
        let mut all = arrays.0;
        let array = all.swap_remove(place);
        Ok(Self { path: path.to_owned(), array, axes, packing, placed, moments })
    }

    /// Its grid, north-up.
    pub(crate) fn grid(&self) -> &Grid {
        &self.placed.grid
    }

    /// How many images it holds.
    pub(crate) fn bands(&self) -> usize {
        self.axes.band.map_or(1, |band| self.array.dimensions[band].length)
    }

    /// The moment of each image, where it tells.
    pub(crate) fn moments(&self) -> Option<&[Moment]> {
        self.moments.as_deref()
    }

    /// The name of the variable.
    pub(crate) fn variable(&self) -> &str {
        &self.array.name
    }

    /// The type of the stored numbers in GDAL's words.
    pub(crate) fn data_type(&self) -> &'static str {
        self.packing.element.name()
    }

    /// Bytes of a stored number.
    pub(crate) fn element_bytes(&self) -> usize {
        self.packing.element.bytes
    }

    /// Factor and summand of stored numbers.
    pub(crate) fn scaling(&self) -> (Option<f64>, Option<f64>) {
        (self.packing.scale, self.packing.offset)
    }

    /// The stored number that stands for none, where there is one.
    pub(crate) fn nodata(&self) -> Option<f64> {
        self.packing.first_missing()
    }

    /// Rows and columns of a chunk.
    pub(crate) fn block(&self) -> (usize, usize) {
        (self.chunk(self.axes.y), self.chunk(self.axes.x))
    }

    /// Whether a chunk holds several images.
    pub(crate) fn is_beside(&self) -> bool {
        self.bands() > 1 && self.axes.band.is_some_and(|band| self.chunk(band) > 1)
    }

    /// What people should know of it.
    pub(crate) fn note(&self) -> Option<&str> {
        self.placed.note.as_deref()
    }

    fn chunk(&self, axis: usize) -> usize {
        self.array.chunk[axis].min(self.array.dimensions[axis].length).max(1)
    }

    fn element(&self) -> Element {
        self.packing.element
    }
}

/// The path of the variable of a file that is meant by a role, where the file is a cube and names none: its only one of several dates,
/// else the one of the role's name. Any other file's path is given back.
///
/// # Errors
/// As [`Cube::open`], with a list of the variables where several may be meant.
pub(crate) fn of_role(path: &Path, role: &Role) -> Result<PathBuf, GeoioError> {
    let Some((file, None)) = split(path) else { return Ok(path.to_owned()) };
    let (arrays, outside) = arrays(&file)?;
    let place = chosen(&arrays, &outside, &file, None, Some(&role.to_string()))?;
    Ok(with_variable(&file, &arrays.0[place].name))
}

/// The variables of a cube that are single images, and the path of each; `None` for what is no cube or names a variable.
///
/// # Errors
/// As [`Cube::open`].
pub(crate) fn single_images(path: &Path) -> Result<Option<Vec<(String, PathBuf)>>, GeoioError> {
    let Some((file, None)) = split(path) else { return Ok(None) };
    let (arrays, _) = arrays(&file)?;
    let is_single = |array: &&Array| arrays.is_image(array) && arrays.axes(array).is_ok_and(|axes| axes.band.is_none());
    let named = |array: &Array| (array.own_name().to_owned(), with_variable(&file, &array.name));
    let found: Vec<_> = arrays.0.iter().filter(is_single).map(named).collect();
    if found.is_empty() {
        let all: Vec<String> = arrays.0.iter().filter(|array| arrays.is_image(array)).map(described).collect();
        let reason = format!(
            "it has no variable over y and x only; name layers, as red={}#VARIABLE:BAND; it has {}",
            file.display(),
            all.join(", ")
        );
        return Err(GeoioError::Metadata { path: file, line: None, reason });
    }
    Ok(Some(found))
}

fn unfit(path: &Path, reason: &str) -> GeoioError {
    GeoioError::Open {
        path: path.to_owned(),
        expected: "a cube (NetCDF, HDF4, HDF5, Zarr)".to_owned(),
        reason: reason.to_owned(),
    }
}

/// The arrays of a file, and the names of what lies in other files.
fn arrays(file: &Path) -> Result<(Arrays, Vec<String>), GeoioError> {
    let wrong = |reason: String| unfit(file, &reason);
    if file.is_dir() {
        return Ok((Arrays(zarr::arrays(file).map_err(wrong)?), Vec::new()));
    }
    let read = || -> Reading<(Vec<Array>, Vec<String>)> {
        let bytes = Arc::new(Bytes::open(file)?);
        let head = bytes.read_up_to(0, 4)?;
        if classic::is_classic(&head) {
            return Ok((classic::arrays(&bytes)?, Vec::new()));
        }
        if hdf4::is_hdf4(&head) {
            return Ok((hdf4::arrays(&bytes)?, Vec::new()));
        }
        hdf5::arrays(&bytes)
    };
    let (arrays, outside) = read().map_err(wrong)?;
    Ok((Arrays(arrays), outside))
}

/// The place of the array that is meant.
fn chosen(
    arrays: &Arrays,
    outside: &[String],
    file: &Path,
    named: Option<&str>,
    role: Option<&str>,
) -> Result<usize, GeoioError> {
    let available = || {
        let all: Vec<String> = arrays.0.iter().filter(|array| array.dimensions.len() > 1).map(described).collect();
        if all.is_empty() { "no array of several dimensions".to_owned() } else { all.join(", ") }
    };
    if let Some(name) = named {
        let name = name.trim_matches('/');
        if outside.iter().any(|other| other == name) {
            return Err(unfit(file, &format!("{name} is a link to another file, which is not followed")));
        }
        let missing = || GeoioError::MissingLayer { path: file.to_owned(), layer: name.to_owned(), available: available() };
        return arrays.0.iter().position(|array| array.name == name).ok_or_else(missing);
    }
    let images: Vec<usize> = (0..arrays.0.len()).filter(|place| arrays.is_image(&arrays.0[*place])).collect();
    let is_stack = |place: &&usize| arrays.axes(&arrays.0[**place]).is_ok_and(|axes| axes.band.is_some());
    let stacks: Vec<usize> = images.iter().filter(is_stack).copied().collect();
    let is_meant = |place: &&usize| role.is_some_and(|role| arrays.0[**place].own_name().eq_ignore_ascii_case(role));
    let meant: Vec<usize> = images.iter().filter(is_meant).copied().collect();
    match (images.as_slice(), stacks.as_slice(), meant.as_slice()) {
        (_, _, [one]) | ([one], _, _) | (_, [one], _) => Ok(*one),
        ([], ..) => {
            let outside = if outside.is_empty() {
                String::new()
            } else {
                format!("; links to other files are not followed: {}", outside.join(", "))
            };
            Err(unfit(
                file,
                &format!(
                    "it has no variable over y and x, whose dimensions have names and coordinates; it has {}{outside}",
                    available()
                ),
            ))
        }
        _ => {
            let names: Vec<String> = images.iter().map(|place| described(&arrays.0[*place])).collect();
            let reason = format!(
                "it has several variables: {}; name one, as {}",
                names.join(", "),
                with_variable(file, &arrays.0[images[0]].name).display()
            );
            Err(GeoioError::Metadata { path: file.to_owned(), line: None, reason })
        }
    }
}

/// Refuses what is empty, and a few bytes that claim numbers without end.
fn check(array: &Array, file: &Path) -> Result<(), GeoioError> {
    let wrong = |reason: String| unfit(file, &reason);
    if let array::Place::Nowhere(reason) = &array.place {
        return Err(wrong(format!("{}: {reason}", array.name)));
    }
    if array.dimensions.iter().any(|dimension| dimension.length == 0) {
        return Err(wrong(format!("{} is empty", described(array))));
    }
    let chunk = array.chunk_bytes().map_err(wrong)? as u64;
    if chunk > MAX_BLOCK_BYTES {
        return Err(wrong(format!("{} is stored in chunks of {:?} numbers; write it in smaller ones", array.name, array.chunk)));
    }
    let claimed = array.dimensions.iter().fold(array.element.bytes as u64, |all, d| all.saturating_mul(d.length as u64));
    let wanted = claimed / MAX_RATIO;
    let is_there =
        || if file.is_dir() { zarr::has_bytes(file, wanted) } else { std::fs::metadata(file).is_ok_and(|of| of.len() >= wanted) };
    if claimed > ANY_BYTES && !is_there() {
        let gigabytes = claimed / 1_000_000_000;
        let reason =
            format!("{} claims {gigabytes} GB, and next to nothing of it was written; cut out what was", described(array));
        return Err(GeoioError::Metadata { path: file.to_owned(), line: None, reason });
    }
    Ok(())
}
