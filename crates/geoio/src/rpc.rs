//! Models of sensors as rational polynomials (RPC): where a place of some height is seen in an image.

use std::path::{Path, PathBuf};

use raster::Crs;

use crate::crs::Transform;
use crate::ffi::RpcTransformer;
use crate::{GeoioError, Places, RasterFile, crs, open};

/// Most bytes of a file that holds a model.
const MOST_BYTES: u64 = 1 << 20;

/// A model: normalised row and column of the image as quotients of polynomials of degree 3 in normalised latitude, longitude and
/// height, in the order of terms of RPC00B.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcModel {
    /// Middle of row, column, latitude, longitude (degrees) and height (metres above the ellipsoid).
    pub offsets: [f64; 5],
    /// Scale of the same five.
    pub scales: [f64; 5],
    /// Numerator of the row.
    pub line_num: [f64; 20],
    /// Denominator of the row.
    pub line_den: [f64; 20],
    /// Numerator of the column.
    pub sample_num: [f64; 20],
    /// Denominator of the column.
    pub sample_den: [f64; 20],
}

/// The height of the ground.
#[derive(Debug, Clone, PartialEq)]
pub enum Height {
    /// One height everywhere, in metres.
    Constant(f64),
    /// A raster of heights in metres.
    Dem(PathBuf),
}

/// Names of the five quantities in files of `KEY: value`, and in files of `.RPB`.
const QUANTITIES: [(&str, &str); 5] =
    [("LINE", "line"), ("SAMP", "samp"), ("LAT", "lat"), ("LONG", "long"), ("HEIGHT", "height")];

impl RpcModel {
    /// The model in the `_RPC.TXT`, `_rpc.txt`, `.RPB` or `.rpb` beside an image; `None` where there is none.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] where it cannot be understood.
    pub fn beside(image: &Path) -> Result<Option<Self>, GeoioError> {
        let stem = image.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        for tail in ["_RPC.TXT", "_rpc.txt", "_RPC.txt", ".RPB", ".rpb"] {
            let path = image.with_file_name(format!("{stem}{tail}"));
            if path.is_file() {
                return Self::read(&path).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads a model from a file of either form.
    ///
    /// # Errors
    /// [`GeoioError::NotLocal`], [`GeoioError::Input`], [`GeoioError::Metadata`].
    pub fn read(path: &Path) -> Result<Self, GeoioError> {
        let large = || wrong(path, "it is too large for a model of a sensor".to_owned());
        let bytes = open::read_bytes(path, MOST_BYTES)?.ok_or_else(large)?;
        Self::parse(&String::from_utf8_lossy(&bytes), path)
    }

    /// Parses `KEY: value unit` or `KEY=value` with lists over several keys or in brackets; `path` is named in errors.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, GeoioError> {
        let entries = entries(text);
        let find = |names: &[String]| {
            entries.iter().find(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key))).map(|(_, values)| values)
        };
        let one = |(text, rpb): (&str, &str), tail: (&str, &str)| -> Result<f64, GeoioError> {
            let names = [format!("{text}_{}", tail.0), format!("{rpb}{}", tail.1)];
            let value = find(&names).and_then(|values| values.first().copied());
            value.ok_or_else(|| wrong(path, format!("the model of the sensor has no number {}", names[0])))
        };
        let list = |text: &str, rpb: &str| -> Result<[f64; 20], GeoioError> {
            let whole = find(&[text.to_owned(), rpb.to_owned()]).filter(|values| values.len() == 20).cloned();
            let parts = || (1..=20).map(|i| find(&[format!("{text}_{i}")])?.first().copied()).collect::<Option<Vec<f64>>>();
            let values = whole.or_else(parts);
            let values = values.ok_or_else(|| wrong(path, format!("the model of the sensor has not 20 numbers {text}")))?;
            values.try_into().map_err(|_| wrong(path, format!("the model of the sensor has not 20 numbers {text}")))
        };
        let mut model = Self {
            offsets: [0.0; 5],
            scales: [0.0; 5],
            line_num: list("LINE_NUM_COEFF", "lineNumCoef")?,
            line_den: list("LINE_DEN_COEFF", "lineDenCoef")?,
            sample_num: list("SAMP_NUM_COEFF", "sampNumCoef")?,
            sample_den: list("SAMP_DEN_COEFF", "sampDenCoef")?,
        };
        for (i, names) in QUANTITIES.into_iter().enumerate() {
            model.offsets[i] = one(names, ("OFF", "Offset"))?;
            model.scales[i] = one(names, ("SCALE", "Scale"))?;
        }
        if let Some(i) = model.scales.iter().position(|scale| *scale == 0.0) {
            return Err(wrong(path, format!("the model of the sensor has a {}_SCALE of 0", QUANTITIES[i].0)));
        }
        Ok(model)
    }
}

/// Keys and their numbers. A list in brackets may run over several lines; units and quotes are left out.
fn entries(text: &str) -> Vec<(String, Vec<f64>)> {
    let mut entries: Vec<(String, Vec<f64>)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let (key, values) = match line.split_once(['=', ':']) {
            Some((key, values)) if !open => (Some(key.trim()), values),
            _ => (None, line),
        };
        if let Some(key) = key {
            entries.push((key.to_owned(), Vec::new()));
            open = values.contains('(');
        } else if !open {
            continue;
        }
        if let Some((_, numbers)) = entries.last_mut() {
            let words = values.split([' ', ',', '(', ')', ';', '\t', '"']).filter_map(|word| word.parse::<f64>().ok());
            numbers.extend(words.filter(|v| v.is_finite()));
        }
        if values.contains(')') {
            open = false;
        }
    }
    entries
}

/// Where an image with a model lies on a map, over ground of some height.
#[derive(Debug)]
pub struct RpcPlaces {
    transformer: RpcTransformer,
    /// Between the map and longitude and latitude.
    routes: Option<(Transform, Transform)>,
}

impl RpcPlaces {
    /// The places of an image in a reference system.
    ///
    /// # Errors
    /// What [`RasterFile::open`] gives for the heights, [`GeoioError::Crs`], [`GeoioError::Gdal`].
    pub fn new(model: &RpcModel, height: &Height, system: &Crs) -> Result<Self, GeoioError> {
        let mut named = PathBuf::from("the model of the sensor");
        if let Height::Dem(path) = height {
            // By our own door first: GDAL opens it by its name.
            RasterFile::open(path)?;
            named.clone_from(path);
        }
        let failed =
            |reason| GeoioError::Gdal { path: named.clone(), what: "setting up the model of the sensor".to_owned(), reason };
        let transformer = RpcTransformer::new(model, height).map_err(failed)?;
        let lonlat = crs::lonlat()?;
        let same = crs::is_same(&lonlat, system);
        let routes = if same { None } else { Some((Transform::new(system, &lonlat)?, Transform::new(&lonlat, system)?)) };
        Ok(Self { transformer, routes })
    }
}

impl Places for RpcPlaces {
    fn to_pixels(&self, x: &mut [f64], y: &mut [f64]) {
        if let Some((to_lonlat, _)) = &self.routes {
            to_lonlat.points_or_none(x, y);
        }
        self.transformer.transform(true, x, y);
    }

    fn to_maps(&self, x: &mut [f64], y: &mut [f64]) {
        self.transformer.transform(false, x, y);
        if let Some((_, to_map)) = &self.routes {
            to_map.points_or_none(x, y);
        }
    }
}

fn wrong(path: &Path, reason: String) -> GeoioError {
    GeoioError::Metadata { path: path.to_owned(), line: None, reason }
}
