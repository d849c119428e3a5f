use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::AddAssign;

use raster::Stored;
use serde::{Deserialize, Serialize};

/// How many pixels were looked at, and what became of them; windows and scenes add up in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskCounts {
    /// All pixels.
    pub pixels: u64,
    /// Pixels with no value in any band before masking.
    pub unobserved: u64,
    /// Pixels with a value that no class and no growth masks.
    pub clear: u64,
    /// Pixels of each masked class by its own quality code, observed or not; a pixel counts in each of its classes.
    pub masked: BTreeMap<String, u64>,
    /// Pixels with a value that are masked only because a cloud or shadow beside them has grown.
    pub dilated: u64,
}

impl MaskCounts {
    pub(super) fn of_classes(names: &[String]) -> Self {
        Self { masked: names.iter().map(|name| (name.clone(), 0)).collect(), ..Self::default() }
    }
}

impl AddAssign<&Self> for MaskCounts {
    fn add_assign(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.unobserved += other.unobserved;
        self.clear += other.clear;
        self.dilated += other.dilated;
        for (name, count) in &other.masked {
            *self.masked.entry(name.clone()).or_default() += count;
        }
    }
}

impl AddAssign for MaskCounts {
    fn add_assign(&mut self, other: Self) {
        *self += &other;
    }
}

impl Stored for MaskCounts {
    fn store(&self, to: &mut dyn Write) -> io::Result<()> {
        for count in [self.pixels, self.unobserved, self.clear, self.dilated] {
            count.store(to)?;
        }
        self.masked.store(to)
    }

    fn restore(from: &mut dyn Read) -> io::Result<Self> {
        let mut next = || u64::restore(from);
        let [pixels, unobserved, clear, dilated] = [next()?, next()?, next()?, next()?];
        Ok(Self { pixels, unobserved, clear, masked: BTreeMap::restore(from)?, dilated })
    }
}
