use raster::Date;

/// How a method counts time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TimeAxis {
    /// Years of 365 days: year + (day of the year - 1) / 365, where 29 February is 1 March. Trend counts days of such years.
    Years365,
    /// Steps of a regular series, so many a year: years and the step's part of one. Trend counts steps.
    Regular {
        /// Steps a year.
        frequency: f64,
    },
    /// Calendar years, whose first and last day are the same place of the season. Trend counts days since 1970-01-02.
    Calendar,
}

impl TimeAxis {
    /// Cycles of the season.
    pub(crate) fn cycles(self, date: Date) -> f64 {
        match self {
            Self::Years365 => f64::from(date.year()) + f64::from(day_of_365(date) - 1) / 365.0,
            Self::Regular { frequency } => f64::from(date.year()) + step(date, frequency) / frequency,
            Self::Calendar => f64::from(date.day_of_year() - 1) / (days_of(date.year()) - 1.0),
        }
    }

    /// What the trend counts.
    pub(crate) fn trend(self, date: Date) -> f64 {
        match self {
            Self::Years365 => f64::from(date.year() * 365 + day_of_365(date) as i32),
            Self::Regular { frequency } => f64::from(date.year()) * frequency + step(date, frequency),
            Self::Calendar => f64::from(date.days() - 1),
        }
    }
}

/// The step of its year that a day lies in, from 0.
fn step(date: Date, frequency: f64) -> f64 {
    (f64::from(date.day_of_year() - 1) / days_of(date.year()) * frequency).floor()
}

/// Day of a year of 365 days: 29 February is 1 March.
fn day_of_365(date: Date) -> u32 {
    let (year, month, day) = date.ymd();
    match (is_leap(year), month, day) {
        (true, 2, 29) => 60,
        (true, 3.., _) => date.day_of_year() - 1,
        _ => date.day_of_year(),
    }
}

fn days_of(year: i32) -> f64 {
    if is_leap(year) { 366.0 } else { 365.0 }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_of_365_days_and_steps_of_16_days_are_those_of_their_users() {
        let cycles = |text: &str| TimeAxis::Years365.cycles(text.parse().expect("a day"));
        assert!((cycles("2012-02-29") - cycles("2012-03-01")).abs() < 1e-12);
        assert!((cycles("2012-02-28") - (2012.0 + 58.0 / 365.0)).abs() < 1e-9);
        assert!((cycles("2012-12-31") - (2012.0 + 364.0 / 365.0)).abs() < 1e-9);
        let step = |text: &str| step(text.parse().expect("a day"), 23.0);
        for (day, expected) in
            [("2000-01-01", 0.0), ("2000-03-05", 4.0), ("2001-03-06", 4.0), ("2000-12-18", 22.0), ("2001-12-19", 22.0)]
        {
            assert!((step(day) - expected).abs() < 1e-12, "{day}: {}", step(day));
        }
        assert!((cycles("2011-12-31") - (2011.0 + 364.0 / 365.0)).abs() < 1e-9);
    }
}
