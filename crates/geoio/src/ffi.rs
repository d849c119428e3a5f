//! The calls of GDAL that have no safe wrapper: reading several bands at once, warping between datasets in memory, the size of its
//! cache, fetching a file, and PROJ's version.
#![expect(
    unsafe_code,
    reason = "GDALDatasetRasterIOEx, GDALChunkAndWarpImage, GDALSuggestedWarpOutput2, GDALRPCTransform, GDALSetCacheMax64, VSIFReadL and OSRGetPROJVersion have no safe wrapper \
              in the gdal crate"
)]

mod mapped;

pub(crate) use mapped::{MappedWarp, RpcTransformer, suggest_output, warp_mapped};

use std::ffi::{CStr, CString, c_int, c_void};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::ptr;

use gdal::Dataset;
use gdal_sys::{CPLErr, GDALDataType, GDALRWFlag, GDALResampleAlg, GDALWarpOptions};
use raster::Window;

use crate::{complaint, open};

/// Bounds the library's cache of unpacked blocks, in bytes.
pub(crate) fn bound_cache(bytes: u64) {
    // SAFETY: the call takes a number and may be made at any time.
    unsafe { gdal_sys::GDALSetCacheMax64(i64::try_from(bytes).unwrap_or(i64::MAX)) }
}

/// The stored numbers of bands over a window within the dataset, one band after the other: where its blocks hold all bands of a
/// pixel side by side, each is unpacked once for all of them.
pub(crate) fn read_bands(dataset: &Dataset, bands: &[usize], window: Window, numbers: &mut [f32]) -> Result<(), String> {
    let (cols, rows) = dataset.raster_size();
    let known = bands.iter().all(|band| (1..=dataset.raster_count()).contains(band));
    let inside = window.intersect(Window { row: 0, col: 0, rows, cols }) == Some(window);
    if !known || !inside || numbers.len() != bands.len() * window.pixels() {
        return Err("the window or a band lies outside of it".to_owned());
    }
    let whole = |number: usize| c_int::try_from(number).map_err(|_| "the window is too large".to_owned());
    let mut list = bands.iter().map(|band| whole(*band)).collect::<Result<Vec<c_int>, String>>()?;
    let (first_col, first_row) = (whole(window.col as usize)?, whole(window.row as usize)?);
    let (wide, high, many) = (whole(window.cols)?, whole(window.rows)?, whole(bands.len())?);
    let (step, line) = (size_of::<f32>() as i64, (size_of::<f32>() * window.cols) as i64);
    complaint::clear();
    // SAFETY: the array holds as many numbers as bands and pixels, laid out by the spacings that are given, and the list as many
    // bands as are said; both outlive the call.
    let done = unsafe {
        gdal_sys::GDALDatasetRasterIOEx(
            dataset.c_dataset(),
            GDALRWFlag::GF_Read,
            first_col,
            first_row,
            wide,
            high,
            numbers.as_mut_ptr().cast(),
            wide,
            high,
            GDALDataType::GDT_Float32,
            many,
            list.as_mut_ptr(),
            step,
            line,
            line * i64::from(high),
            ptr::null_mut(),
        )
    };
    match (done, complaint::take()) {
        (CPLErr::CE_None | CPLErr::CE_Warning, None) => Ok(()),
        (_, said) => Err(said.unwrap_or_else(|| "reading failed without a reason".to_owned())),
    }
}

/// How pixels of another grid are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// Weighted by distance.
    Bilinear,
    /// By a cubic curve through four pixels each way.
    Cubic,
    /// Mean of the pixels that are covered.
    Average,
}

impl Kernel {
    fn code(self) -> GDALResampleAlg::Type {
        match self {
            Self::Nearest => GDALResampleAlg::GRA_NearestNeighbour,
            Self::Bilinear => GDALResampleAlg::GRA_Bilinear,
            Self::Cubic => GDALResampleAlg::GRA_Cubic,
            Self::Average => GDALResampleAlg::GRA_Average,
        }
    }
}

/// One end of a warp: a dataset of one f32 band in memory, and where it lies.
#[derive(Debug)]
pub(crate) struct End<'a> {
    /// The pixels; NaN = none.
    pub(crate) dataset: &'a Dataset,
    /// Reference system; empty at both ends where they share it.
    pub(crate) wkt: &'a str,
    /// Affine coefficients of the whole raster in GDAL's order.
    pub(crate) geo_transform: [f64; 6],
    /// Column and row of the dataset's first pixel in the whole raster.
    pub(crate) first: (f64, f64),
}

/// Warps one band of `f32` into another; pixels without a source become NaN.
///
/// Coordinates are transformed exactly, pixel by pixel, and `scale` (target pixels a source pixel, x and y) is given from
/// outside: so the result does not depend on how the target is cut.
pub(crate) fn warp(source: &End<'_>, target: &End<'_>, kernel: Kernel, scale: (f64, f64)) -> Result<(), String> {
    let transformer = Transformer::new(source, target)?;
    complaint::clear();
    let done = {
        let options = Options::new(source, target, kernel, scale, &transformer)?;
        let (cols, rows) = target.dataset.raster_size();
        let (cols, rows) = (c_int::try_from(cols), c_int::try_from(rows));
        let (Ok(cols), Ok(rows)) = (cols, rows) else { return Err("the window is too large".to_owned()) };
        // SAFETY: the options hold valid handles that outlive both calls; the operation is destroyed before they are.
        unsafe {
            let operation = gdal_sys::GDALCreateWarpOperation(options.0);
            if operation.is_null() {
                CPLErr::CE_Failure
            } else {
                let done = gdal_sys::GDALChunkAndWarpImage(operation, 0, 0, cols, rows);
                gdal_sys::GDALDestroyWarpOperation(operation);
                done
            }
        }
    };
    match (done, complaint::take()) {
        (CPLErr::CE_None | CPLErr::CE_Warning, None) => Ok(()),
        (_, said) => Err(said.unwrap_or_else(|| "warping failed without a reason".to_owned())),
    }
}

/// Version of PROJ, such as `9.1.1`.
pub(crate) fn proj_version() -> String {
    let (mut major, mut minor, mut patch): (c_int, c_int, c_int) = (0, 0, 0);
    // SAFETY: the three pointers are to live integers.
    unsafe { gdal_sys::OSRGetPROJVersion(&raw mut major, &raw mut minor, &raw mut patch) };
    format!("{major}.{minor}.{patch}")
}

/// Owned `GDALGenImgProjTransformer` between two whole rasters, and where the windows begin in them.
///
/// Shifting by whole pixels is exact, another origin is not: so a pixel gets the same coordinates in every window.
struct Transformer {
    whole: *mut c_void,
    source_first: (f64, f64),
    target_first: (f64, f64),
}

impl Transformer {
    fn new(source: &End<'_>, target: &End<'_>) -> Result<Self, String> {
        let text = |wkt: &str| CString::new(wkt).map_err(|_| "the reference system holds a NUL byte".to_owned());
        let (source_wkt, target_wkt) = (text(source.wkt)?, text(target.wkt)?);
        complaint::clear();
        // SAFETY: texts and coefficients live through the call, which copies them.
        let whole = unsafe {
            gdal_sys::GDALCreateGenImgProjTransformer3(
                source_wkt.as_ptr(),
                source.geo_transform.as_ptr(),
                target_wkt.as_ptr(),
                target.geo_transform.as_ptr(),
            )
        };
        if whole.is_null() {
            return Err(complaint::take().unwrap_or_else(|| "no transformation between the two systems".to_owned()));
        }
        Ok(Self { whole, source_first: source.first, target_first: target.first })
    }
}

impl Drop for Transformer {
    fn drop(&mut self) {
        // SAFETY: made by GDALCreateGenImgProjTransformer3 and destroyed once.
        unsafe { gdal_sys::GDALDestroyGenImgProjTransformer(self.whole) };
    }
}

/// GDAL's transformer function between windows: to the whole rasters, across, and back.
unsafe extern "C" fn transform_shifted(
    transformer: *mut c_void,
    target_to_source: c_int,
    count: c_int,
    x: *mut f64,
    y: *mut f64,
    z: *mut f64,
    success: *mut c_int,
) -> c_int {
    // SAFETY: GDAL hands back the pointer it was given in the options, whose Transformer outlives the warp.
    let transformer = unsafe { &*transformer.cast::<Transformer>() };
    let (from, to) = match target_to_source {
        0 => (transformer.source_first, transformer.target_first),
        _ => (transformer.target_first, transformer.source_first),
    };
    let shift = |(dx, dy): (f64, f64)| {
        let length = usize::try_from(count).unwrap_or(0);
        // SAFETY: GDAL gives arrays of `count` numbers, and nothing else holds them during the call.
        let (x, y) = unsafe { (std::slice::from_raw_parts_mut(x, length), std::slice::from_raw_parts_mut(y, length)) };
        for v in x {
            *v += dx;
        }
        for v in y {
            *v += dy;
        }
    };
    shift(from);
    // SAFETY: the arrays are GDAL's own, passed on as they came.
    let done = unsafe { gdal_sys::GDALGenImgProjTransform(transformer.whole, target_to_source, count, x, y, z, success) };
    shift((-to.0, -to.1));
    done
}

/// Owned `GDALWarpOptions`.
struct Options(*mut GDALWarpOptions);

impl Options {
    fn new(
        source: &End<'_>,
        target: &End<'_>,
        kernel: Kernel,
        (scale_x, scale_y): (f64, f64),
        transformer: &Transformer,
    ) -> Result<Self, String> {
        let words = [
            (c"INIT_DEST", c"NO_DATA".to_owned()),
            (c"NUM_THREADS", c"1".to_owned()),
            (c"SAMPLE_GRID", c"YES".to_owned()),
            (c"XSCALE", number(scale_x)?),
            (c"YSCALE", number(scale_y)?),
        ];
        // SAFETY: GDAL allocates the options and every array in them, and frees all with GDALDestroyWarpOptions.
        unsafe {
            let options = Self(gdal_sys::GDALCreateWarpOptions());
            let warp = &mut *options.0;
            warp.eResampleAlg = kernel.code();
            warp.eWorkingDataType = GDALDataType::GDT_Float32;
            warp.hSrcDS = source.dataset.c_dataset();
            warp.hDstDS = target.dataset.c_dataset();
            warp.nBandCount = 1;
            warp.panSrcBands = one(1);
            warp.panDstBands = one(1);
            warp.padfSrcNoDataReal = one(f64::NAN);
            warp.padfDstNoDataReal = one(f64::NAN);
            warp.pfnTransformer = Some(transform_shifted);
            warp.pTransformerArg = ptr::from_ref(transformer).cast_mut().cast();
            for (key, value) in &words {
                warp.papszWarpOptions = gdal_sys::CSLSetNameValue(warp.papszWarpOptions, key.as_ptr(), value.as_ptr());
            }
            Ok(options)
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by GDALCreateWarpOptions and destroyed once; the datasets and the transformer are not freed by it.
        unsafe { gdal_sys::GDALDestroyWarpOptions(self.0) };
    }
}

fn number(value: f64) -> Result<CString, String> {
    CString::new(format!("{value:.12}")).map_err(|error| error.to_string())
}

/// An array of one value in GDAL's own memory (`CPLMalloc` aborts rather than returning null).
unsafe fn one<T>(value: T) -> *mut T {
    // SAFETY: the memory is large and aligned enough for one T (malloc), and written before it is read.
    unsafe {
        let place = gdal_sys::CPLMalloc(size_of::<T>()).cast::<T>();
        ptr::write(place, value);
        place
    }
}

/// GDAL's own description of its version.
pub(crate) fn gdal_release() -> String {
    // SAFETY: the returned text is static and ends with a NUL byte.
    unsafe { CStr::from_ptr(gdal_sys::GDALVersionInfo(c"RELEASE_NAME".as_ptr())) }.to_string_lossy().into_owned()
}

/// Copies what an `http` or `https` address gives into a file; refuses more than `limit` bytes.
///
/// The caller has checked that the host may be asked. A host that is allowed may send the library on to another.
pub(crate) fn fetch(address: &str, target: &Path, limit: u64) -> Result<(), String> {
    /// Every address is refused by GDAL unless its last letters are told; what is fetched here has been allowed.
    const ALLOWED: &str = "CPL_VSIL_CURL_ALLOWED_EXTENSIONS";
    open::initialise(None);
    let tail: Vec<char> = address.chars().rev().take(8).take_while(|letter| !matches!(letter, ' ' | ',')).collect();
    let tail: String = tail.into_iter().rev().collect();
    let set =
        |key: &str, value: &str| gdal::config::set_thread_local_config_option(key, value).map_err(|error| error.to_string());
    set(ALLOWED, &tail)?;
    set("GDAL_HTTP_CONNECTTIMEOUT", "10")?;
    set("GDAL_HTTP_LOW_SPEED_TIME", "30")?;
    set("GDAL_HTTP_LOW_SPEED_LIMIT", "1")?;
    let copied = copy(&format!("/vsicurl_streaming/{address}"), target, limit);
    set(ALLOWED, "{none}")?;
    copied
}

fn copy(from: &str, target: &Path, limit: u64) -> Result<(), String> {
    let name = CString::new(from).map_err(|error| error.to_string())?;
    let mut file = File::create(target).map_err(|error| error.to_string())?;
    complaint::clear();
    // SAFETY: both texts end with a NUL byte.
    let handle = unsafe { gdal_sys::VSIFOpenL(name.as_ptr(), c"rb".as_ptr()) };
    if handle.is_null() {
        return Err(complaint::take().unwrap_or_else(|| "the server gives nothing there".to_owned()));
    }
    let (mut buffer, mut total) = (vec![0_u8; 1 << 16], 0_u64);
    let result = loop {
        // SAFETY: the handle is open, and the buffer has as many bytes as may be written.
        let got = unsafe { gdal_sys::VSIFReadL(buffer.as_mut_ptr().cast(), 1, buffer.len(), handle) } as usize;
        total += got as u64;
        if got == 0 {
            break complaint::take().map_or(Ok(()), Err);
        }
        if total > limit {
            break Err(format!("it is larger than {limit} bytes"));
        }
        if let Err(error) = file.write_all(&buffer[..got]) {
            break Err(error.to_string());
        }
    };
    // SAFETY: the handle is open and is not used again.
    unsafe { gdal_sys::VSIFCloseL(handle) };
    result
}
