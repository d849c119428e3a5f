//! Types of stored numbers.

/// What the bytes of a number mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Signed,
    Unsigned,
    Float,
    /// Signed counts of so many nanoseconds since 1970.
    Moment(i64),
    /// No numbers: texts, records, ..
    Other,
}

/// A type of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    pub(super) bytes: usize,
    /// Whether the byte with the sign stands first.
    pub(super) big: bool,
}

impl Element {
    pub(super) fn new(kind: Kind, bytes: usize, big: bool) -> Self {
        let known = match kind {
            Kind::Signed | Kind::Unsigned => matches!(bytes, 1 | 2 | 4 | 8),
            Kind::Float => matches!(bytes, 2 | 4 | 8),
            Kind::Moment(_) => bytes == 8,
            Kind::Other => true,
        };
        Self { kind: if known { kind } else { Kind::Other }, bytes, big }
    }

    /// GDAL's word for it, as for bands of other files.
    pub(super) fn name(self) -> &'static str {
        match (self.kind, self.bytes) {
            (Kind::Signed, 1) => "Int8",
            (Kind::Signed, 2) => "Int16",
            (Kind::Signed, 4) => "Int32",
            (Kind::Signed, _) => "Int64",
            (Kind::Unsigned, 1) => "Byte",
            (Kind::Unsigned, 2) => "UInt16",
            (Kind::Unsigned, 4) => "UInt32",
            (Kind::Unsigned, _) => "UInt64",
            (Kind::Float, 2) => "Float16",
            (Kind::Float, 4) => "Float32",
            (Kind::Float, _) => "Float64",
            (Kind::Moment(_) | Kind::Other, _) => "Unknown",
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self.kind, Kind::Signed | Kind::Unsigned | Kind::Float)
    }

    /// The whole numbers in these bytes; `None` for those that are not.
    pub(super) fn integers(self, bytes: &[u8]) -> Option<Vec<i64>> {
        let shift = 64 - 8 * self.bytes.min(8) as u32;
        let unsigned = |bytes: &[u8]| {
            let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
            if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
        };
        let all = bytes.chunks_exact(self.bytes.max(1)).map(unsigned);
        match self.kind {
            Kind::Signed | Kind::Moment(_) => Some(all.map(|number| (number << shift) as i64 >> shift).collect()),
            Kind::Unsigned => all.map(|number| i64::try_from(number).ok()).collect(),
            Kind::Float | Kind::Other => None,
        }
    }

    /// The numbers in these bytes; `None` where they are none.
    pub(super) fn numbers(self, bytes: &[u8]) -> Option<Vec<f64>> {
        self.is_number().then(|| {
            let mut numbers = vec![0.0; bytes.len() / self.bytes];
            self.decode(bytes, self.bytes, &mut numbers, |number| number);
            numbers
        })
    }

    /// Decodes a number at every `step` bytes.
    #[expect(clippy::cast_lossless, reason = "one rule for all types, of which some do not fit")]
    pub(super) fn decode<T>(self, bytes: &[u8], step: usize, out: &mut [T], to: impl Fn(f64) -> T) {
        macro_rules! decode {
            ($number:ty) => {{
                const SIZE: usize = size_of::<$number>();
                let each = |bytes: &[u8]| -> [u8; SIZE] { bytes[..SIZE].try_into().expect("a number has its bytes") };
                let places = out.iter_mut().zip(bytes.chunks(step));
                if self.big {
                    places.for_each(|(out, bytes)| *out = to(<$number>::from_be_bytes(each(bytes)) as f64));
                } else {
                    places.for_each(|(out, bytes)| *out = to(<$number>::from_le_bytes(each(bytes)) as f64));
                }
            }};
        }
        match (self.kind, self.bytes) {
            (Kind::Signed, 1) => decode!(i8),
            (Kind::Signed, 2) => decode!(i16),
            (Kind::Signed, 4) => decode!(i32),
            (Kind::Signed | Kind::Moment(_), _) => decode!(i64),
            (Kind::Unsigned, 1) => decode!(u8),
            (Kind::Unsigned, 2) => decode!(u16),
            (Kind::Unsigned, 4) => decode!(u32),
            (Kind::Unsigned, _) => decode!(u64),
            (Kind::Float, 2) => {
                for (out, bytes) in out.iter_mut().zip(bytes.chunks(step)) {
                    let bits = [bytes[0], bytes[1]];
                    *out = to(half(if self.big { u16::from_be_bytes(bits) } else { u16::from_le_bytes(bits) }));
                }
            }
            (Kind::Float, 4) => decode!(f32),
            (Kind::Float, _) => decode!(f64),
            (Kind::Other, _) => {}
        }
    }
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits_are_those_of_ieee_754() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_477_539_063e-8), (0x3555, 0.333_251_953_125)]
        {
            assert!((half(bits) - value).abs() < 1e-18, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn whole_numbers_keep_their_sign_in_either_order() {
        let element = Element::new(Kind::Signed, 2, true);
        assert_eq!(element.integers(&[0xff, 0xfe, 0, 3]), Some(vec![-2, 3]));
        assert_eq!(element.numbers(&[0xff, 0xfe, 0, 3]), Some(vec![-2.0, 3.0]));
        assert_eq!(Element::new(Kind::Unsigned, 2, false).integers(&[0xff, 0xfe]), Some(vec![0xfeff]));
    }
}
