//! Numbers that bands are read as.

use gdal::raster::GdalType;

/// Numbers that bands are read as.
pub(super) trait Stored: GdalType + Copy + From<u8> {
    /// The signed number of 8 bits that was taken for one of 0 to 255.
    fn signed(self) -> Self;

    /// A number of a cube; NaN for a missing one where the type has it.
    fn of_cube(number: f64, is_missing: bool) -> Self;
}

macro_rules! real {
    ($number:ty) => {
        impl Stored for $number {
            fn signed(self) -> Self {
                if self > 127.0 { self - 256.0 } else { self }
            }

            fn of_cube(number: f64, is_missing: bool) -> Self {
                if is_missing { Self::NAN } else { number as Self }
            }
        }
    };
}

macro_rules! whole {
    ($number:ty, $signed:expr) => {
        impl Stored for $number {
            fn signed(self) -> Self {
                $signed(self)
            }

            fn of_cube(number: f64, _: bool) -> Self {
                number as Self
            }
        }
    };
}

real!(f32);
real!(f64);
whole!(u8, |number| number);
whole!(u16, |number: u16| if number > 127 { number.wrapping_sub(256) } else { number });
whole!(i64, |number| if number > 127 { number - 256 } else { number });
