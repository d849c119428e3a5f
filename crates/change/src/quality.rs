use ndarray::ArrayView2;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One-bit flags of Landsat Collection 2 `QA_PIXEL` by their bit (USGS LSDS-1619, table 6-2).
const FLAGS: [&str; 8] = ["fill", "dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow", "clear", "water"];

/// Two-bit confidences of `QA_PIXEL`: name and lower bit.
const CONFIDENCES: [(&str, u32); 4] = [("cloud_conf", 8), ("shadow_conf", 10), ("snow_conf", 12), ("cirrus_conf", 14)];

/// The bits that a usable pixel has not set.
const UNUSABLE: u16 = 0b1_1111;

/// How many pixels of a Landsat `QA_PIXEL` layer have each bit set and each confidence; windows add up in any order.
///
/// It serialises as a map: the flags, `total`, each confidence 0 to 3, and the pixels with none of bits 0 to 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QaCounts {
    /// Pixels of each code.
    codes: Vec<u64>,
}

impl Default for QaCounts {
    fn default() -> Self {
        Self { codes: vec![0; 1 << 16] }
    }
}

impl QaCounts {
    /// Counts a window of codes.
    pub fn add(&mut self, codes: ArrayView2<'_, u16>) {
        for code in codes {
            self.codes[usize::from(*code)] += 1;
        }
    }

    /// Names and counts, in their fixed order.
    pub fn entries(&self) -> Vec<(String, u64)> {
        let mut entries: Vec<(String, u64)> =
            (0..).zip(FLAGS).map(|(bit, name)| (name.to_owned(), self.count(|code| code >> bit & 1 == 1))).collect();
        entries.push(("total".to_owned(), self.count(|_| true)));
        for (name, bit) in CONFIDENCES {
            entries.extend((0..4).map(|level| (format!("{name}_{level}"), self.count(|code| code >> bit & 3 == level))));
        }
        let usable = self.count(|code| code & UNUSABLE == 0);
        entries.push(("usable_not_fill_dilated_cirrus_cloud_shadow".to_owned(), usable));
        entries
    }

    fn count(&self, holds: impl Fn(u16) -> bool) -> u64 {
        (0..=u16::MAX).zip(&self.codes).filter(|(code, _)| holds(*code)).map(|(_, count)| count).sum()
    }
}

impl std::ops::AddAssign<&Self> for QaCounts {
    fn add_assign(&mut self, other: &Self) {
        self.codes.iter_mut().zip(&other.codes).for_each(|(count, other)| *count += other);
    }
}

impl Serialize for QaCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.entries();
        let mut map = serializer.serialize_map(Some(entries.len()))?;
        for (name, count) in &entries {
            map.serialize_entry(name, count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn every_bit_and_every_confidence_is_counted() {
        // Fill; clear with low confidences (21824); high cloud confidence with cloud (22280).
        let mut counts = QaCounts::default();
        counts.add(array![[1, 21824], [22280, 22280]].view());
        let entries = counts.entries();
        let of = |name: &str| entries.iter().find(|(n, _)| n == name).map(|(_, count)| *count);
        for (name, count) in [
            ("fill", 1),
            ("cloud", 2),
            ("clear", 1),
            ("total", 4),
            ("cloud_conf_0", 1),
            ("cloud_conf_1", 1),
            ("cloud_conf_3", 2),
            ("cirrus_conf_1", 3),
            ("usable_not_fill_dilated_cirrus_cloud_shadow", 1),
        ] {
            assert_eq!(of(name), Some(count), "{name}");
        }
        assert_eq!(entries.len(), 8 + 1 + 16 + 1);
    }

    #[test]
    fn a_real_landsat_8_scene_is_counted_as_its_codes_say() {
        // Codes and their pixels in LC08_L2SP_008059_20191201_20200825_02_T1, decimated.
        let codes: [(u16, u64); 15] = [
            (1, 81507),
            (21762, 679),
            (21824, 20724),
            (21952, 85),
            (22018, 996),
            (22080, 525),
            (22280, 136_562),
            (23826, 1798),
            (23888, 6411),
            (24082, 2260),
            (24144, 718),
            (55052, 9857),
            (56598, 9),
            (56660, 2),
            (56854, 11),
        ];
        let mut counts = QaCounts::default();
        for (code, pixels) in codes {
            counts.codes[usize::from(code)] = pixels;
        }
        let got: Vec<u64> = counts.entries().into_iter().map(|(_, count)| count).collect();
        let flags = [81507, 5753, 9879, 146_419, 11209, 0, 28465, 85, 262_144];
        let cloud = [81507, 29708, 4510, 146_419];
        let shadow = [81507, 169_428, 0, 11209];
        let snow = [81507, 180_637, 0, 0];
        let cirrus = [81507, 170_758, 0, 9879];
        assert_eq!(got, [&flags[..], &cloud, &shadow, &snow, &cirrus, &[21334]].concat());
    }

    #[test]
    fn windows_add_up_to_the_whole() {
        let (mut a, mut b, mut whole) = (QaCounts::default(), QaCounts::default(), QaCounts::default());
        a.add(array![[1, 2]].view());
        b.add(array![[3, 4]].view());
        whole.add(array![[1, 2, 3, 4]].view());
        a += &b;
        assert_eq!(a, whole);
    }
}
