//! Warping by places that come from our own side: control points, models of sensors, shifts.

use std::ffi::{CString, c_int, c_void};
use std::ptr;
use std::slice;

use gdal::Dataset;
use gdal_sys::{CPLErr, GDALDataType, GDALRPCInfoV2, GDALTransformerFunc};

use super::{Kernel, Options, number};
use crate::complaint;
use crate::mapped::Places;
use crate::rpc::{Height, RpcModel};

/// Places between a whole image and a map, or a window of a raster on it.
struct Mapped<'a> {
    places: &'a dyn Places,
    /// Affine coefficients of the target raster, and column and row of the window's first pixel; `None` for the map itself.
    target: Option<([f64; 6], (f64, f64))>,
}

/// GDAL's transformer function by [`Places`].
unsafe extern "C" fn transform_mapped(
    transformer: *mut c_void,
    target_to_source: c_int,
    count: c_int,
    x: *mut f64,
    y: *mut f64,
    _z: *mut f64,
    success: *mut c_int,
) -> c_int {
    let length = usize::try_from(count).unwrap_or(0);
    if length == 0 {
        return 1;
    }
    // SAFETY: GDAL hands back the pointer it was given, whose `Mapped` outlives the call, and arrays of `count` numbers that nothing
    // else holds meanwhile.
    let (mapped, x, y, success) = unsafe {
        (
            &*transformer.cast::<Mapped<'_>>(),
            slice::from_raw_parts_mut(x, length),
            slice::from_raw_parts_mut(y, length),
            slice::from_raw_parts_mut(success, length),
        )
    };
    if target_to_source != 0 {
        if let Some((affine, first)) = mapped.target {
            for (x, y) in x.iter_mut().zip(y.iter_mut()) {
                let (col, row) = (*x + first.0, *y + first.1);
                *x = affine[0] + col * affine[1] + row * affine[2];
                *y = affine[3] + col * affine[4] + row * affine[5];
            }
        }
        mapped.places.to_pixels(x, y);
    } else {
        mapped.places.to_maps(x, y);
        if let Some((affine, first)) = mapped.target {
            // A target is north-up: no shear.
            for (x, y) in x.iter_mut().zip(y.iter_mut()) {
                *x = (*x - affine[0]) / affine[1] - first.0;
                *y = (*y - affine[3]) / affine[5] - first.1;
            }
        }
    }
    for ((x, y), success) in x.iter().zip(y.iter()).zip(success) {
        *success = c_int::from(x.is_finite() && y.is_finite());
    }
    1
}

/// Affine coefficients, columns and rows of the raster that shows a whole image with pixels of about its size.
pub(crate) fn suggest_output(source: &Dataset, places: &dyn Places) -> Result<([f64; 6], usize, usize), String> {
    let mapped = Mapped { places, target: None };
    let (mut affine, mut extent, mut cols, mut rows) = ([0.0; 6], [0.0; 4], 0, 0);
    complaint::clear();
    // SAFETY: the dataset is open, the four places hold as many numbers as the call writes, and `mapped` outlives it.
    let done = unsafe {
        gdal_sys::GDALSuggestedWarpOutput2(
            source.c_dataset(),
            Some(transform_mapped),
            ptr::from_ref(&mapped).cast_mut().cast(),
            affine.as_mut_ptr(),
            &raw mut cols,
            &raw mut rows,
            extent.as_mut_ptr(),
            0,
        )
    };
    match (done, complaint::take(), usize::try_from(cols), usize::try_from(rows)) {
        (CPLErr::CE_None | CPLErr::CE_Warning, None, Ok(cols), Ok(rows)) if cols > 0 && rows > 0 => Ok((affine, cols, rows)),
        (_, said, ..) => Err(said.unwrap_or_else(|| "no extent follows from the image's places".to_owned())),
    }
}

/// How an image is warped.
pub(crate) struct MappedWarp<'a> {
    /// The image as it is stored.
    pub(crate) source: &'a Dataset,
    /// The window's pixels, as many bands.
    pub(crate) target: &'a Dataset,
    /// Affine coefficients of the whole target.
    pub(crate) affine: [f64; 6],
    /// Column and row of the window's first pixel.
    pub(crate) first: (f64, f64),
    /// Where the image lies.
    pub(crate) places: &'a dyn Places,
    /// How pixels are brought together.
    pub(crate) kernel: Kernel,
    /// Pixels of the image by which places between others may be off; 0 for none.
    pub(crate) error_px: f64,
    /// Target pixels a source pixel, x and y.
    pub(crate) scale: (f64, f64),
    /// Stored number of each band that is no value.
    pub(crate) nodata: &'a [Option<f64>],
    /// The number in the target of what has no source; 0 without one.
    pub(crate) fill: Option<f64>,
    /// Whether the last band is opacity.
    pub(crate) alpha: bool,
}

/// Warps all bands of an image into a window.
pub(crate) fn warp_mapped(warp: &MappedWarp<'_>) -> Result<(), String> {
    let mapped = Mapped { places: warp.places, target: Some((warp.affine, warp.first)) };
    let pointer: *mut c_void = ptr::from_ref(&mapped).cast_mut().cast();
    let approximate = (warp.error_px > 0.0).then(|| Approximate::new(pointer, warp.error_px));
    let (function, argument): (GDALTransformerFunc, _) = match &approximate {
        Some(approximate) => (Some(gdal_sys::GDALApproxTransform), approximate.0),
        None => (Some(transform_mapped), pointer),
    };
    complaint::clear();
    let options = warp_options(warp, function, argument)?;
    let (cols, rows) = warp.target.raster_size();
    let (Ok(cols), Ok(rows)) = (c_int::try_from(cols), c_int::try_from(rows)) else {
        return Err("the window is too large".to_owned());
    };
    // SAFETY: the options hold handles and a transformer that outlive both calls; the operation is destroyed before they are.
    let done = unsafe {
        let operation = gdal_sys::GDALCreateWarpOperation(options.0);
        if operation.is_null() {
            CPLErr::CE_Failure
        } else {
            let done = gdal_sys::GDALChunkAndWarpImage(operation, 0, 0, cols, rows);
            gdal_sys::GDALDestroyWarpOperation(operation);
            done
        }
    };
    match (done, complaint::take()) {
        (CPLErr::CE_None | CPLErr::CE_Warning, None) => Ok(()),
        (_, said) => Err(said.unwrap_or_else(|| "warping failed without a reason".to_owned())),
    }
}

fn warp_options(warp: &MappedWarp<'_>, function: GDALTransformerFunc, argument: *mut c_void) -> Result<Options, String> {
    let bands = warp.source.raster_count() - usize::from(warp.alpha);
    let count = c_int::try_from(bands).map_err(|_| "too many bands".to_owned())?;
    let mut words = vec![
        (c"NUM_THREADS", c"1".to_owned()),
        (c"SAMPLE_GRID", c"YES".to_owned()),
        (c"INIT_DEST", if warp.fill.is_some() { c"NO_DATA".to_owned() } else { c"0".to_owned() }),
    ];
    if warp.kernel != Kernel::Average && warp.kernel != Kernel::Nearest {
        words.extend([(c"XSCALE", number(warp.scale.0)?), (c"YSCALE", number(warp.scale.1)?)]);
    }
    let has_void = warp.nodata.iter().any(Option::is_some);
    // SAFETY: GDAL allocates the options and every array in them, of as many elements as bands, and frees all with
    // GDALDestroyWarpOptions.
    unsafe {
        let options = Options(gdal_sys::GDALCreateWarpOptions());
        let all = &mut *options.0;
        all.eResampleAlg = warp.kernel.code();
        all.eWorkingDataType = GDALDataType::GDT_Unknown;
        all.hSrcDS = warp.source.c_dataset();
        all.hDstDS = warp.target.c_dataset();
        all.nBandCount = count;
        all.panSrcBands = many((1..=count).collect());
        all.panDstBands = many((1..=count).collect());
        if warp.alpha {
            (all.nSrcAlphaBand, all.nDstAlphaBand) = (count + 1, count + 1);
        }
        if has_void {
            // A number that no pixel has stands for "none".
            all.padfSrcNoDataReal = many(warp.nodata.iter().take(bands).map(|v| v.unwrap_or(-1.1e20)).collect());
        }
        if let Some(fill) = warp.fill {
            all.padfDstNoDataReal = many(vec![fill; bands]);
        }
        all.pfnTransformer = function;
        all.pTransformerArg = argument;
        for (key, value) in &words {
            all.papszWarpOptions = gdal_sys::CSLSetNameValue(all.papszWarpOptions, key.as_ptr(), value.as_ptr());
        }
        Ok(options)
    }
}

/// An array in GDAL's own memory.
unsafe fn many<T: Copy>(values: Vec<T>) -> *mut T {
    // SAFETY: the memory is large and aligned enough for the values (malloc), and written before it is read.
    unsafe {
        let place = gdal_sys::CPLMalloc(size_of::<T>() * values.len().max(1)).cast::<T>();
        ptr::copy_nonoverlapping(values.as_ptr(), place, values.len());
        place
    }
}

/// Owned `GDALApproxTransformer`: places between others by line, where that is near enough.
struct Approximate(*mut c_void);

impl Approximate {
    fn new(argument: *mut c_void, error_px: f64) -> Self {
        // SAFETY: the call keeps function and argument, which outlive it.
        Self(unsafe { gdal_sys::GDALCreateApproxTransformer(Some(transform_mapped), argument, error_px) })
    }
}

impl Drop for Approximate {
    fn drop(&mut self) {
        // SAFETY: made by GDALCreateApproxTransformer and destroyed once; what it holds is not freed by it.
        unsafe { gdal_sys::GDALDestroyApproxTransformer(self.0) };
    }
}

/// Owned RPC transformer between pixels of an image and longitude and latitude.
#[derive(Debug)]
pub(crate) struct RpcTransformer(*mut c_void);

impl RpcTransformer {
    pub(crate) fn new(model: &RpcModel, height: &Height) -> Result<Self, String> {
        let text = |text: String| CString::new(text).map_err(|_| "a path holds a NUL byte".to_owned());
        let words = match height {
            Height::Constant(metres) => vec![(c"RPC_HEIGHT", text(format!("{metres}"))?)],
            Height::Dem(path) => {
                let name = path.to_str().ok_or("the path of the heights is not UTF-8")?;
                vec![(c"RPC_DEM", text(name.to_owned())?), (c"RPC_DEMINTERPOLATION", c"bilinear".to_owned())]
            }
        };
        let info = info(model);
        complaint::clear();
        // SAFETY: the list is GDAL's own and freed here; the call copies the model and what it needs of the list.
        let transformer = unsafe {
            let mut list = ptr::null_mut();
            for (key, value) in &words {
                list = gdal_sys::CSLSetNameValue(list, key.as_ptr(), value.as_ptr());
            }
            let transformer = gdal_sys::GDALCreateRPCTransformerV2(&raw const info, 0, 0.0, list);
            gdal_sys::CSLDestroy(list);
            transformer
        };
        match (transformer.is_null(), complaint::take()) {
            (false, None) => Ok(Self(transformer)),
            (false, Some(said)) => {
                drop(Self(transformer));
                Err(said)
            }
            (true, said) => Err(said.unwrap_or_else(|| "the model cannot be used".to_owned())),
        }
    }

    /// Pixels to longitude and latitude, or back; NaN where there is none.
    pub(crate) fn transform(&self, back: bool, x: &mut [f64], y: &mut [f64]) {
        let Ok(count) = c_int::try_from(x.len()) else { return };
        let mut heights = vec![0.0; x.len()];
        let mut success = vec![0; x.len()];
        // SAFETY: the transformer lives, and the four arrays have as many elements as are told.
        unsafe {
            gdal_sys::GDALRPCTransform(
                self.0,
                c_int::from(back),
                count,
                x.as_mut_ptr(),
                y.as_mut_ptr(),
                heights.as_mut_ptr(),
                success.as_mut_ptr(),
            );
        }
        // A place without height is no failure of the whole.
        complaint::clear();
        for ((x, y), success) in x.iter_mut().zip(y).zip(success) {
            if success == 0 {
                (*x, *y) = (f64::NAN, f64::NAN);
            }
        }
    }
}

impl Drop for RpcTransformer {
    fn drop(&mut self) {
        // SAFETY: made by GDALCreateRPCTransformerV2 and destroyed once.
        unsafe { gdal_sys::GDALDestroyRPCTransformer(self.0) };
    }
}

fn info(model: &RpcModel) -> GDALRPCInfoV2 {
    let RpcModel { offsets, scales, line_num, line_den, sample_num, sample_den } = model;
    GDALRPCInfoV2 {
        dfLINE_OFF: offsets[0],
        dfSAMP_OFF: offsets[1],
        dfLAT_OFF: offsets[2],
        dfLONG_OFF: offsets[3],
        dfHEIGHT_OFF: offsets[4],
        dfLINE_SCALE: scales[0],
        dfSAMP_SCALE: scales[1],
        dfLAT_SCALE: scales[2],
        dfLONG_SCALE: scales[3],
        dfHEIGHT_SCALE: scales[4],
        adfLINE_NUM_COEFF: *line_num,
        adfLINE_DEN_COEFF: *line_den,
        adfSAMP_NUM_COEFF: *sample_num,
        adfSAMP_DEN_COEFF: *sample_den,
        dfMIN_LONG: -180.0,
        dfMIN_LAT: -90.0,
        dfMAX_LONG: 180.0,
        dfMAX_LAT: 90.0,
        dfERR_BIAS: 0.0,
        dfERR_RAND: 0.0,
    }
}
