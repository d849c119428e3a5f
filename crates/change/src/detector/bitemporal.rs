use ndarray::{Array2, ArrayView2, Zip};
use raster::RasterError;

use crate::{Answer, ChangeError, Direction};

/// The comparison of two images: a mask (1 = dropped by more than `drop`, 0 = not, 255 = not seen on both) and later minus
/// earlier (NaN = not seen on both), both of the shape (rows, cols) of the images.
///
/// `drop` is positive, in units of the index and in the direction of clearing. Differences are taken in f64.
///
/// # Errors
/// [`RasterError::Shape`] where the two images differ in shape.
pub fn bitemporal(
    before: ArrayView2<'_, f32>,
    after: ArrayView2<'_, f32>,
    drop: f64,
    direction: Direction,
) -> Result<(Array2<u8>, Array2<f32>), ChangeError> {
    if before.dim() != after.dim() {
        let (expected, got) = (before.shape().to_vec(), after.shape().to_vec());
        return Err(RasterError::Shape { what: "later image", expected, got }.into());
    }
    let mut magnitude = Array2::from_elem(before.dim(), f32::NAN);
    let mut mask = Array2::from_elem(before.dim(), Answer::NotSeen.code());
    Zip::from(&mut magnitude).and(&mut mask).and(before).and(after).for_each(|magnitude, mask, &before, &after| {
        let (before, after) = (f64::from(before), f64::from(after));
        let difference = after - before;
        *magnitude = difference as f32;
        *mask = if difference.is_nan() { Answer::NotSeen.code() } else { u8::from(direction.drop(before, after) > drop) };
    });
    Ok((mask, magnitude))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_drop_beyond_the_threshold_is_marked_and_what_was_not_seen_twice_is_neither() {
        let nan = f32::NAN;
        let before = array![[0.75, 0.75, nan, 0.75, 0.25]];
        let after = array![[0.25, 0.5, 0.25, nan, 0.75]];
        let (mask, magnitude) = bitemporal(before.view(), after.view(), 0.25, Direction::Fall).expect("one shape");
        assert_eq!(mask, array![[1, 0, 255, 255, 0]]);
        let bits: Vec<u32> = magnitude.iter().map(|v| v.to_bits()).collect();
        assert_eq!((bits[0], bits[1], bits[4]), ((-0.5f32).to_bits(), (-0.25f32).to_bits(), 0.5f32.to_bits()));
        assert!(magnitude[[0, 2]].is_nan() && magnitude[[0, 3]].is_nan());
        let (rising, _) = bitemporal(before.view(), after.view(), 0.25, Direction::Rise).expect("one shape");
        assert_eq!(rising, array![[0, 0, 255, 255, 1]]);
    }

    #[test]
    fn images_of_different_shape_are_refused() {
        let (a, b) = (Array2::zeros((1, 2)), Array2::zeros((2, 1)));
        assert!(bitemporal(a.view(), b.view(), 0.2, Direction::Fall).is_err());
    }
}
