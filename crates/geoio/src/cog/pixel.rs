use gdal::raster::GdalType;

/// A type of stored numbers.
pub trait Pixel: GdalType + Copy + Send + Sync + private::Stored {}

pub(super) mod private {
    /// What packing and overviews need to know of a number.
    pub trait Stored: PartialEq {
        /// Bytes of a number.
        const BYTES: usize;
        /// Whether it is a floating-point number, which has a predictor of its own.
        const FLOAT: bool;

        /// The numbers of a row, least byte first.
        fn put_plain(row: &[Self], to: &mut [u8])
        where
            Self: Sized;

        /// The number of these bytes, least byte first.
        fn take_plain(bytes: &[u8]) -> Self;

        /// The first number of a row and each one's difference from the one before, least byte first; whole numbers only.
        fn put_differences(row: &[Self], to: &mut [u8])
        where
            Self: Sized;

        /// The bytes of a number, the one with the sign first.
        fn sign_first(self) -> [u8; 8];

        /// The number as f64.
        fn number(self) -> f64;

        /// The number nearest to a mean of such numbers.
        fn nearest(mean: f64) -> Self;
    }
}

macro_rules! pixel {
    ($($number:ident, $float:literal, $difference:expr, $nearest:expr;)*) => { $(
        impl private::Stored for $number {
            const BYTES: usize = size_of::<$number>();
            const FLOAT: bool = $float;

            fn put_plain(row: &[Self], to: &mut [u8]) {
                for (to, number) in to.chunks_exact_mut(Self::BYTES).zip(row) {
                    to.copy_from_slice(&number.to_le_bytes());
                }
            }

            fn take_plain(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("as many bytes as the number has"))
            }

            fn put_differences(row: &[Self], to: &mut [u8]) {
                let Some(first) = row.first() else { return };
                to[..Self::BYTES].copy_from_slice(&first.to_le_bytes());
                let pairs = row.iter().zip(&row[1..]);
                for (to, (before, number)) in to[Self::BYTES..].chunks_exact_mut(Self::BYTES).zip(pairs) {
                    to.copy_from_slice(&$difference(*number, *before).to_le_bytes());
                }
            }

            fn sign_first(self) -> [u8; 8] {
                let mut bytes = [0; 8];
                bytes[..Self::BYTES].copy_from_slice(&self.to_be_bytes());
                bytes
            }

            fn number(self) -> f64 {
                f64::from(self)
            }

            fn nearest(mean: f64) -> Self {
                $nearest(mean)
            }
        }
        impl Pixel for $number {}
    )* };
}

pixel! {
    u8, false, u8::wrapping_sub, |v: f64| v.round() as u8;
    u16, false, u16::wrapping_sub, |v: f64| v.round() as u16;
    i16, false, i16::wrapping_sub, |v: f64| v.round() as i16;
    i32, false, i32::wrapping_sub, |v: f64| v.round() as i32;
    f32, true, |a: f32, b: f32| a - b, |v: f64| v as f32;
    f64, true, |a: f64, b: f64| a - b, |v: f64| v;
}
