use ndarray::ArrayView3;
use raster::Date;

use crate::ChangeError;

/// Series of a block of pixels: values (time, role, pixel) on one time axis.
///
/// A role that was not observed at a time (another sensor's date, a cloud) is NaN there. Roles stand in the order in which
/// [`crate::Detector::inputs`] names them.
#[derive(Debug, Clone, Copy)]
pub struct SeriesBlock<'a> {
    dates: &'a [Date],
    sensors: &'a [u8],
    values: ArrayView3<'a, f32>,
}

impl<'a> SeriesBlock<'a> {
    /// A block of series.
    ///
    /// `dates` (not falling; two looks may share a day) and `sensors` (a number for each look's sensor) have one entry a time.
    ///
    /// # Errors
    /// [`ChangeError::Unsorted`], or a shape error where the lengths differ.
    pub fn new(dates: &'a [Date], sensors: &'a [u8], values: ArrayView3<'a, f32>) -> Result<Self, ChangeError> {
        if let Some(pair) = dates.windows(2).find(|pair| pair[1] < pair[0]) {
            return Err(ChangeError::Unsorted { earlier: pair[0].to_string(), later: pair[1].to_string() });
        }
        let (times, roles, pixels) = values.dim();
        if times != dates.len() || times != sensors.len() {
            return Err(raster::RasterError::Shape {
                what: "series block",
                expected: vec![dates.len(), roles, pixels],
                got: vec![times, roles, pixels],
            }
            .into());
        }
        Ok(Self { dates, sensors, values })
    }

    /// The times before one, and those from it on.
    pub fn split(&self, time: usize) -> (Self, Self) {
        let (before, after) = self.values.split_at(ndarray::Axis(0), time);
        let part = |dates, sensors, values| Self { dates, sensors, values };
        (part(&self.dates[..time], &self.sensors[..time], before), part(&self.dates[time..], &self.sensors[time..], after))
    }

    /// The day of each time.
    pub fn dates(&self) -> &'a [Date] {
        self.dates
    }

    /// The sensor's number of each time.
    pub fn sensors(&self) -> &'a [u8] {
        self.sensors
    }

    /// Values (time, role, pixel); NaN = not observed.
    pub fn values(&self) -> ArrayView3<'a, f32> {
        self.values
    }

    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.values.dim().2
    }
}
