/// How many pixels fall on each day, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DayCounts(Vec<(i32, u64)>);

impl DayCounts {
    /// Adds pixels to a day.
    pub(crate) fn add(&mut self, day: i32, pixels: u64) {
        match self.0.binary_search_by_key(&day, |entry| entry.0) {
            Ok(place) => self.0[place].1 += pixels,
            Err(place) => self.0.insert(place, (day, pixels)),
        }
    }

    /// Adds the pixels of other counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (day, pixels) in &other.0 {
            self.add(*day, *pixels);
        }
    }

    /// How many pixels there are.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|(_, pixels)| pixels).sum()
    }

    /// The day by which this many pixels are reached; `None` where there are fewer.
    pub(crate) fn day_of_count(&self, pixels: u64) -> Option<i32> {
        let mut reached = 0;
        self.0.iter().find_map(|(day, count)| {
            reached += count;
            (reached >= pixels).then_some(*day)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_reached_on_the_day_of_its_last_pixel() {
        let mut counts = DayCounts::default();
        counts.add(30, 2);
        counts.add(10, 1);
        let mut more = DayCounts::default();
        more.add(20, 1);
        counts.merge(&more);
        assert_eq!((1..=5).map(|n| counts.day_of_count(n)).collect::<Vec<_>>(), [Some(10), Some(20), Some(30), Some(30), None]);
    }
}
