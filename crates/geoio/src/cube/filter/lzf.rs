//! LZF, the quick filter of h5py (number 32000). Format: `LibLZF`, M. Lehmann.

use super::super::bytes::Reading;

/// Unpacks what becomes exactly so many bytes.
pub(crate) fn unpack(packed: &[u8], length: usize) -> Reading<Vec<u8>> {
    let damaged = || "its LZF stream is damaged".to_owned();
    let mut out = Vec::with_capacity(length);
    let mut bytes = packed.iter().copied();
    while let Some(control) = bytes.next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next().ok_or_else(damaged)?);
            }
        } else {
            let mut count = usize::from(control >> 5);
            if count == 7 {
                count += usize::from(bytes.next().ok_or_else(damaged)?);
            }
            let back = (usize::from(control & 31) << 8 | usize::from(bytes.next().ok_or_else(damaged)?)) + 1;
            let from = out.len().checked_sub(back).ok_or_else(damaged)?;
            for place in from..from + count + 2 {
                out.push(out[place]);
            }
        }
        if out.len() > length {
            return Err(damaged());
        }
    }
    if out.len() == length { Ok(out) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_repeated_from_what_came_before() {
        assert_eq!(unpack(&[1, b'a', b'b', 0x40, 1], 6).expect("unpacked"), b"ababab");
        assert!(unpack(&[1, b'a', b'b', 0x40, 9], 6).is_err() && unpack(&[1, b'a', b'b', 0x40, 1], 5).is_err());
    }
}
