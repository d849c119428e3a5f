use raster::Date;

/// How a method counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeAxis {
    /// Years of 365 days: year + (day of the year - 1) / 365, where 29 February is 1 March. Trend counts days of such years.
    Years365,
    /// Days since 1970-01-01, in cycles of 365.25 days.
    #[allow(dead_code, reason = "methods that count in days come next")]
    Days,
}

impl TimeAxis {
    /// Cycles of the season.
    pub(crate) fn cycles(self, date: Date) -> f64 {
        match self {
            Self::Years365 => f64::from(date.year()) + f64::from(day_of_365(date) - 1) / 365.0,
            Self::Days => f64::from(date.days()) / 365.25,
        }
    }

    /// What the trend counts.
    pub(crate) fn trend(self, date: Date) -> f64 {
        match self {
            Self::Years365 => f64::from(date.year() * 365 + day_of_365(date) as i32),
            Self::Days => f64::from(date.days()),
        }
    }
}

/// Day of a year of 365 days: 29 February is 1 March.
fn day_of_365(date: Date) -> u32 {
    let (year, month, day) = date.ymd();
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match (is_leap, month, day) {
        (true, 2, 29) => 60,
        (true, 3.., _) => date.day_of_year() - 1,
        _ => date.day_of_year(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_29th_of_february_is_the_first_of_march() {
        let cycles = |text: &str| TimeAxis::Years365.cycles(text.parse().expect("a day"));
        assert!((cycles("2012-02-29") - cycles("2012-03-01")).abs() < 1e-12);
        assert!((cycles("2012-02-28") - (2012.0 + 58.0 / 365.0)).abs() < 1e-9);
        assert!((cycles("2012-12-31") - (2012.0 + 364.0 / 365.0)).abs() < 1e-9);
        assert!((cycles("2011-12-31") - (2011.0 + 364.0 / 365.0)).abs() < 1e-9);
    }
}
