//! What the next level of a COG holds of a tile, while it waits for its neighbours: packed lightly, so that it takes little memory.

use ndarray::{Array2, ArrayView2};

use super::Pixel;

/// The bytes of a quarter: its size, then its packed numbers.
pub(super) fn pack<T: Pixel>(values: ArrayView2<'_, T>) -> Vec<u8> {
    let (rows, cols) = values.dim();
    let mut plain = vec![0; values.len() * T::BYTES];
    for (row, to) in values.rows().into_iter().zip(plain.chunks_exact_mut((cols * T::BYTES).max(1))) {
        T::put_plain(row.to_slice().expect("a new array is contiguous"), to);
    }
    let mut bytes = [rows as u32, cols as u32].map(u32::to_le_bytes).concat();
    bytes.extend(lz4_flex::block::compress(&plain));
    bytes
}

/// The numbers of a quarter, shape (rows, cols).
///
/// # Panics
/// For bytes that [`pack`] did not make.
pub(super) fn unpack<T: Pixel>(bytes: &[u8]) -> Array2<T> {
    let size = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let (rows, cols) = (size(0), size(4));
    let plain = lz4_flex::block::decompress(&bytes[8..], rows * cols * T::BYTES).expect("the bytes are our own");
    let numbers = plain.chunks_exact(T::BYTES).map(T::take_plain).collect();
    Array2::from_shape_vec((rows, cols), numbers).expect("the bytes are our own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_comes_back_as_it_went() {
        let values = Array2::from_shape_fn((3, 5), |(row, col)| if row == 1 { f32::NAN } else { col as f32 });
        let bits = |values: &Array2<f32>| values.mapv(f32::to_bits);
        assert_eq!(bits(&unpack(&pack(values.view()))), bits(&values));
    }
}
