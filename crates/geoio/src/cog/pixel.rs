use gdal::raster::GdalType;

/// A type of stored numbers.
pub trait Pixel: GdalType + Copy + Send + private::Bits {}

mod private {
    /// The bits of a number, for comparing what was written with what is read back.
    pub trait Bits {
        fn bits(self) -> u64;
        /// Whether it is a floating-point number, which has a predictor of its own.
        const FLOAT: bool;
    }
}

macro_rules! pixel {
    ($($number:ty, $float:literal, $bits:expr;)*) => { $(
        impl private::Bits for $number {
            const FLOAT: bool = $float;
            fn bits(self) -> u64 { $bits(self) }
        }
        impl Pixel for $number {}
    )* };
}

pixel! {
    u8, false, u64::from;
    u16, false, u64::from;
    i16, false, |v| v as u64;
    i32, false, |v| v as u64;
    f32, true, |v: f32| if v.is_nan() { u64::MAX } else { u64::from(v.to_bits()) };
    f64, true, |v: f64| if v.is_nan() { u64::MAX } else { v.to_bits() };
}
