use raster::{Date, Grid};

/// The id of an alert: the day on which it was first seen, and 13 characters of Crockford base 32 of a 64-bit FNV-1a hash.
///
/// The hash covers the grid's system, the centre of the anchor pixel in the units of that system, the pixel's size, the day,
/// the index and the method; not the grid's origin, so that another area of interest gives the same alert the same id.
pub(crate) fn alert_id(grid: &Grid, anchor: (u32, u32), date_first: Date, index: &str, method: &str) -> String {
    let (x, y) = grid.corner(f64::from(anchor.0) + 0.5, f64::from(anchor.1) + 0.5);
    // A micrometre, or on a geographic grid a tenth of a millimetre: coarser than what summing leaves in the last digits.
    let units = if grid.crs.geographic { 1e9 } else { 1e6 };
    let mut hash = Fnv::new();
    hash.text(&grid.crs.text());
    for number in [x, y, grid.step_x, grid.step_y] {
        hash.bytes(&((number * units).round() as i64).to_le_bytes());
    }
    hash.bytes(&date_first.days().to_le_bytes());
    hash.text(index);
    hash.text(method);
    let (year, month, day) = date_first.ymd();
    format!("{year:04}{month:02}{day:02}-{}", base32(hash.0))
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; <http://www.isthe.com/chongo/tech/comp/fnv/>).
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// A text and its end, so that "ab", "c" differs from "a", "bc".
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }
}

fn base32(number: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    (0..13).rev().map(|place| char::from(DIGITS[(number >> (5 * place)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use raster::{Crs, Window};

    use super::*;

    fn grid(geographic: bool, step: f64) -> Grid {
        let crs = Crs { epsg: Some(if geographic { 4326 } else { 32618 }), wkt: String::new(), geographic };
        Grid { crs, west: -72.0, north: 4.0, step_x: step, step_y: step, rows: 900, cols: 900 }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let hash = |text: &str| {
            let mut hash = Fnv::new();
            hash.bytes(text.as_bytes());
            hash.0
        };
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_crop_of_the_grid_keeps_the_id() {
        let date = Date::from_days(19_000);
        for grid in [grid(false, 10.0), grid(true, 0.000_269_494_585_235_856_47), grid(true, 0.000_025)] {
            for shift in 1..200 {
                let crop = grid.crop(Window { row: shift, col: 2 * shift, rows: 400, cols: 400 });
                let whole = alert_id(&grid, (300, 500), date, "NBR", "difference");
                let cropped = alert_id(&crop, (300 - shift as u32, 500 - 2 * shift as u32), date, "NBR", "difference");
                assert_eq!(whole, cropped);
            }
        }
    }

    #[test]
    fn another_pixel_day_index_or_method_gives_another_id() {
        let grid = grid(false, 10.0);
        let date = Date::from_days(19_000);
        let id = alert_id(&grid, (3, 5), date, "NBR", "difference");
        assert_eq!(id.len(), 22);
        assert!(id.starts_with("20220108-"));
        assert_ne!(id, alert_id(&grid, (5, 3), date, "NBR", "difference"));
        assert_ne!(id, alert_id(&grid, (3, 5), Date::from_days(19_001), "NBR", "difference"));
        assert_ne!(id, alert_id(&grid, (3, 5), date, "NDVI", "difference"));
        assert_ne!(id, alert_id(&grid, (3, 5), date, "NBR", "ewma"));
    }
}
