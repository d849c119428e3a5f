use std::path::{Path, PathBuf};

use gdal::raster::{ColorInterpretation, ResampleAlg};
use gdal::{Dataset, Metadata};
use ndarray::Array3;
use raster::Crs;

use crate::raster_file::describe_band;
use crate::rpc::RpcModel;
use crate::{BandInfo, ControlRow, GeoioError, complaint, crs, open};

/// A raster file whose place need not be known: a photograph, a scanned map, a scene of a sensor.
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    dataset: Dataset,
    bands: Vec<BandInfo>,
    alpha: bool,
}

impl Image {
    /// Opens an image.
    ///
    /// # Errors
    /// [`GeoioError::NotLocal`], [`GeoioError::Input`], [`GeoioError::Open`].
    pub fn open(path: &Path) -> Result<Self, GeoioError> {
        let dataset = open::open_image(path)?;
        let count = dataset.raster_count();
        let bands = (1..=count).map(|band| describe_band(&dataset, path, band)).collect::<Result<Vec<_>, _>>()?;
        if bands.is_empty() {
            let (expected, reason) = ("an image".to_owned(), "it has no band".to_owned());
            return Err(GeoioError::Open { path: path.to_owned(), expected, reason });
        }
        let last = complaint::watch(|| Ok(dataset.rasterband(count)?.color_interpretation()));
        let alpha = count > 1 && last == Ok(ColorInterpretation::AlphaBand);
        Ok(Self { path: path.to_owned(), dataset, bands, alpha })
    }

    /// Its path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.dataset.raster_size()
    }

    /// Its bands in order; the first is band 1.
    pub fn bands(&self) -> &[BandInfo] {
        &self.bands
    }

    /// Whether its last band is opacity.
    pub fn has_alpha(&self) -> bool {
        self.alpha
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// A small picture of its first one or three bands as f32, shape (band, y, x), NaN = nodata, with the longer side of at most
    /// `longest` pixels; and pixels of the picture a pixel of the image.
    ///
    /// # Errors
    /// [`GeoioError::Gdal`].
    pub fn reduced(&self, longest: usize) -> Result<(Array3<f32>, f64), GeoioError> {
        let wrong = |reason| GeoioError::Gdal { path: self.path.clone(), what: "reading it for a picture".to_owned(), reason };
        let (cols, rows) = self.size();
        let factor = (longest as f64 / cols.max(rows) as f64).min(1.0);
        let small = |pixels: usize| ((pixels as f64 * factor).round() as usize).max(1);
        let size = (small(cols), small(rows));
        let values = self.bands.len() - usize::from(self.alpha);
        let bands = if values >= 3 { 3 } else { 1 };
        let mut numbers = Vec::with_capacity(bands * size.0 * size.1);
        for band in 1..=bands {
            let way = Some(ResampleAlg::Average);
            let buffer = complaint::watch(|| self.dataset.rasterband(band)?.read_as::<f32>((0, 0), (cols, rows), size, way))
                .map_err(wrong)?;
            let void = self.bands[band - 1].nodata.map_or(f32::NAN, |v| v as f32);
            numbers.extend(buffer.data().iter().map(|v| if v.to_bits() == void.to_bits() { f32::NAN } else { *v }));
        }
        let cube = Array3::from_shape_vec((bands, size.1, size.0), numbers).map_err(|error| wrong(error.to_string()))?;
        Ok((cube, factor))
    }

    /// Its own affine coefficients in GDAL's order and their reference system; `None` where it has none of either.
    ///
    /// # Errors
    /// [`GeoioError::Crs`].
    pub fn placement(&self) -> Result<Option<([f64; 6], Crs)>, GeoioError> {
        complaint::clear();
        let affine = self.dataset.geo_transform().ok();
        let reference = self.dataset.spatial_ref().ok();
        complaint::clear();
        let (Some(affine), Some(reference)) = (affine, reference) else { return Ok(None) };
        if !affine.iter().all(|v| v.is_finite()) || affine[1] * affine[5] - affine[2] * affine[4] == 0.0 {
            return Ok(None);
        }
        Ok(Some((affine, crs::crs_of(&reference, &self.path.display().to_string())?)))
    }

    /// The control points that it holds itself, with their reference system; none where it holds none.
    ///
    /// # Errors
    /// [`GeoioError::Crs`].
    pub fn control_points(&self) -> Result<(Option<Crs>, Vec<ControlRow>), GeoioError> {
        complaint::clear();
        let reference = self.dataset.gcp_spatial_ref();
        let rows = self.dataset.gcps().iter().map(|gcp| ControlRow {
            pixel: (gcp.pixel(), gcp.line()),
            map: (gcp.x(), gcp.y()),
            height_m: Some(gcp.z()),
            image: None,
            name: gcp.id(),
            enabled: true,
            line: 0,
        });
        let rows: Vec<ControlRow> = rows.collect();
        complaint::clear();
        let system = reference.map(|reference| crs::crs_of(&reference, &self.path.display().to_string())).transpose()?;
        Ok((system, rows))
    }

    /// The model of its sensor, from its own tags or the `_RPC.TXT` or `.RPB` beside it; `None` where there is none.
    ///
    /// # Errors
    /// [`GeoioError::Metadata`] where it cannot be understood.
    pub fn rpc(&self) -> Result<Option<RpcModel>, GeoioError> {
        complaint::clear();
        let own = self.dataset.metadata_domain("RPC");
        complaint::clear();
        match own {
            Some(lines) if !lines.is_empty() => RpcModel::parse(&lines.join("\n"), &self.path).map(Some),
            _ => RpcModel::beside(&self.path),
        }
    }
}
