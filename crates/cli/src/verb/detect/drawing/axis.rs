//! From days and numbers to pixels, and where marks stand.

use raster::Date;

/// A straight axis from a range of numbers to one of pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Pixels of the two ends.
    pub(super) ends: (f64, f64),
}

impl Axis {
    /// The axis of the numbers with a margin on both sides; a range without extent gets one.
    pub(super) fn of(numbers: impl Iterator<Item = f64>, margin: f64, ends: (f64, f64)) -> Self {
        let (low, high) = numbers
            .filter(|number| number.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let room = (high - low) * margin;
        let room = if room > 0.0 { room } else { low.abs().max(1.0) * 0.1 };
        Self { low: low - room, high: high + room, ends }
    }

    pub(super) fn place(&self, number: f64) -> f64 {
        self.ends.0 + (number - self.low) / (self.high - self.low) * (self.ends.1 - self.ends.0)
    }

    /// Round numbers within it, about so many, with their text.
    pub(super) fn marks(&self, about: usize) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / about as f64);
        let inside = |step: f64| (self.high / step).floor() - (self.low / step).ceil() + 1.0;
        // Two say what the unit is; one does not.
        let step = if inside(step) < 2.0 { round_step(step / 2.5) } else { step };
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let is_long = digits > 4 || self.low.abs().max(self.high.abs()) >= 1e6;
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last)
            .map(|number| {
                let number = number as f64 * step;
                let text = match number {
                    _ if number.abs() < step / 2.0 => "0".to_owned(),
                    _ if is_long => format!("{number:.0e}"),
                    _ => format!("{number:.digits$}"),
                };
                (number, text)
            })
            .collect()
    }
}

/// The nearest of 1, 2 and 5 times a power of ten that is not smaller.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// First days of years or months between two days, at most so many, with their text.
pub(super) fn days(first: Date, last: Date, most: usize) -> Vec<(Date, String)> {
    const MONTHS: [usize; 10] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600];
    let mut marks = Vec::new();
    for step in MONTHS {
        let months = (first.year() as usize * 12..=last.year() as usize * 12 + 11).filter(|month| month.is_multiple_of(step));
        let starts = months.filter_map(|month| Date::from_ymd((month / 12) as i32, (month % 12) as u32 + 1, 1));
        let text = |date: Date| {
            let (year, month, _) = date.ymd();
            if step >= 12 { year.to_string() } else { format!("{year}-{month:02}") }
        };
        marks = starts.filter(|date| (first..=last).contains(date)).map(|date| (date, text(date))).collect();
        if marks.len() <= most {
            break;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers_within_the_axis() {
        let axis = Axis { low: -0.13, high: 0.92, ends: (100.0, 0.0) };
        let texts: Vec<String> = axis.marks(5).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["0", "0.5"]);
        let texts: Vec<String> = axis.marks(8).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["0", "0.2", "0.4", "0.6", "0.8"]);
        let texts: Vec<String> = Axis { low: -12.9, high: -6.8, ..axis }.marks(3).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["-12", "-10", "-8"]);
        let texts: Vec<String> = Axis { low: -4.5e-8, high: 4.5e-8, ..axis }.marks(3).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["-4e-8", "-2e-8", "0", "2e-8", "4e-8"]);
        assert!((axis.place(0.92) - 0.0).abs() < 1e-9 && (axis.place(-0.13) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn days_are_marked_by_years_or_months() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let texts = |first, last| days(day(first), day(last), 9).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts("2015-12-30", "2016-05-17"), ["2016-01", "2016-02", "2016-03", "2016-04", "2016-05"]);
        assert_eq!(texts("1984-06-06", "2013-04-11"), ["1985", "1990", "1995", "2000", "2005", "2010"]);
    }
}
