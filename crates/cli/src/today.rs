//! The one place where a day is read from the machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use raster::Date;

/// Today in UTC, by the machine's clock.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_days((since.as_secs() / 86_400) as i32)
}
