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

/// The pixels that changed on one day.
#[derive(Debug, Clone, Copy)]
struct OfDay {
    day: i32,
    pixels: u64,
    /// Row and column of the northernmost, then westernmost.
    anchor: (u32, u32),
    /// Smallest of their last days before; `NO_DAY` is smaller than every day, and so stays.
    before: i32,
}

/// When pixels changed, by their first days.
#[derive(Debug, Clone, Default)]
pub(crate) struct FirstDays(Vec<OfDay>);

/// The days between which several pixels changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Smallest of their last days before.
    pub(crate) before: i32,
    pub(crate) first: i32,
    pub(crate) last: i32,
    /// Row and column of the northernmost, then westernmost pixel of the first day.
    pub(crate) anchor: (u32, u32),
}

impl FirstDays {
    /// Adds a pixel.
    pub(crate) fn add(&mut self, first: i32, before: i32, pixel: (u32, u32)) {
        self.join(OfDay { day: first, pixels: 1, anchor: pixel, before });
    }

    /// Adds the pixels of others.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|day| self.join(*day));
    }

    fn join(&mut self, other: OfDay) {
        match self.0.binary_search_by_key(&other.day, |entry| entry.day) {
            Ok(place) => {
                let entry = &mut self.0[place];
                entry.pixels += other.pixels;
                entry.anchor = entry.anchor.min(other.anchor);
                entry.before = entry.before.min(other.before);
            }
            Err(place) => self.0.insert(place, other),
        }
    }

    /// The days between which all but the earliest few changed: the first day is the one by which more than `few` had.
    ///
    /// # Panics
    /// Where there are not more pixels than that.
    pub(crate) fn span_without(&self, few: u64) -> Span {
        let mut reached = 0;
        let place = self.0.iter().position(|entry| {
            reached += entry.pixels;
            reached > few
        });
        let kept = &self.0[place.expect("more pixels than are left out")..];
        let before = kept.iter().map(|entry| entry.before).min().expect("one at least");
        Span { before, first: kept[0].day, last: kept[kept.len() - 1].day, anchor: kept[0].anchor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_few_pixels_are_left_out_whole_days_stay() {
        let mut days = FirstDays::default();
        days.add(30, 21, (4, 4));
        days.add(30, 25, (3, 9));
        let mut more = FirstDays::default();
        more.add(10, 5, (7, 7));
        more.add(40, 22, (8, 8));
        days.merge(&more);
        assert_eq!(days.span_without(0), Span { before: 5, first: 10, last: 40, anchor: (7, 7) });
        for few in [1, 2] {
            assert_eq!(days.span_without(few), Span { before: 21, first: 30, last: 40, anchor: (3, 9) }, "{few}");
        }
        assert_eq!(days.span_without(3), Span { before: 22, first: 40, last: 40, anchor: (8, 8) });
    }

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
