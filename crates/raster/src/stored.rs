use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use bytemuck::Pod;
use ndarray::Array2;

use crate::Window;

/// What can be kept as bytes and made again from them; for [`Checkpoint`](crate::Checkpoint).
///
/// The bytes are for the same program on the same machine, not for exchange: numbers stand in the machine's own order.
pub trait Stored: Sized {
    /// Writes the bytes.
    ///
    /// # Errors
    /// Whatever `to` returns.
    fn store(&self, to: &mut dyn Write) -> io::Result<()>;

    /// Makes the value again from its bytes.
    ///
    /// # Errors
    /// Whatever `from` returns, and bytes that are of no such value.
    fn restore(from: &mut dyn Read) -> io::Result<Self>;
}

macro_rules! stored_numbers {
    ($($number:ty),+) => {$(
        impl Stored for $number {
            fn store(&self, to: &mut dyn Write) -> io::Result<()> {
                to.write_all(bytemuck::bytes_of(self))
            }

            fn restore(from: &mut dyn Read) -> io::Result<Self> {
                let mut number = Self::default();
                from.read_exact(bytemuck::bytes_of_mut(&mut number))?;
                Ok(number)
            }
        }
    )+};
}

stored_numbers!(u8, u32, i32, i64, u64);

impl Stored for String {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        (self.len() as u64).store(to)?;
        to.write_all(self.as_bytes())
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let length = u64::restore(from)?;
        from.take(length).read_to_end(&mut bytes)?;
        Self::from_utf8(bytes).map_err(|_| wrong("text that is not UTF-8"))
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        self.0.store(to)?;
        self.1.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        Ok((A::restore(from)?, B::restore(from)?))
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        (self.len() as u64).store(to)?;
        self.iter().try_for_each(|value| value.store(to))
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        (0..u64::restore(from)?).map(|_| T::restore(from)).collect()
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        (self.len() as u64).store(to)?;
        self.iter().try_for_each(|(key, value)| {
            key.store(to)?;
            value.store(to)
        })
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        Ok(Vec::restore(from)?.into_iter().collect())
    }
}

impl<T: Pod> Stored for Array2<T> {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        (self.nrows() as u64).store(to)?;
        (self.ncols() as u64).store(to)?;
        let plane = self.as_standard_layout();
        plane.rows().into_iter().try_for_each(|row| match row.as_slice() {
            Some(row) => to.write_all(bytemuck::cast_slice(row)),
            None => Ok(()),
        })
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let (rows, cols) = (u64::restore(from)? as usize, u64::restore(from)? as usize);
        let mut values = vec![T::zeroed(); rows.checked_mul(cols).ok_or_else(|| wrong("a plane of impossible size"))?];
        from.read_exact(bytemuck::cast_slice_mut(&mut values))?;
        Self::from_shape_vec((rows, cols), values).map_err(|_| wrong("a plane of impossible size"))
    }
}

impl Stored for Window {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        [self.row as i64, self.col as i64, self.rows as i64, self.cols as i64].iter().try_for_each(|number| number.store(to))
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let mut next = || i64::restore(from);
        Ok(Self { row: next()? as isize, col: next()? as isize, rows: next()? as usize, cols: next()? as usize })
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn again<T: Stored>(value: &T) -> io::Result<T> {
        let mut bytes = Vec::new();
        value.store(&mut bytes)?;
        T::restore(&mut bytes.as_slice())
    }

    #[test]
    fn what_was_stored_is_restored() {
        let map = BTreeMap::from([("cloud".to_owned(), 3u64), ("sombra de nube".to_owned(), u64::MAX)]);
        assert_eq!(again(&map).expect("a map"), map);
        let list = vec![(7u32, -5i64), (0, i64::MIN)];
        assert_eq!(again(&list).expect("a list"), list);
        let plane = array![[1.5f32, f32::NAN, -0.0], [f32::INFINITY, 0.0, 3.0]];
        let bits = |plane: &Array2<f32>| plane.mapv(f32::to_bits);
        assert_eq!(bits(&again(&plane).expect("a plane")), bits(&plane));
        assert_eq!(again(&plane.t().to_owned()).expect("a plane").dim(), (3, 2));
    }

    #[test]
    fn bytes_that_end_early_are_an_error() {
        let mut bytes = Vec::new();
        array![[1i32, 2], [3, 4]].store(&mut bytes).expect("stored");
        assert!(Array2::<i32>::restore(&mut &bytes[..bytes.len() - 1]).is_err());
    }
}
