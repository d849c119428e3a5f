use fetch::stac::Query;
use raster::Date;

use crate::fault::Fault;
use crate::job::FetchSpec;

/// The search of a source.
pub(super) fn query(spec: &FetchSpec) -> Result<Query, Fault> {
    let wrong = |key: &str, reason: &str| Err(Fault::usage(format!("[fetch] {key}: {reason}")));
    if spec.collections.is_empty() && spec.ids.is_empty() {
        return wrong("collections", "names none; say which are searched, such as [\"sentinel-2-l2a\"]");
    }
    if let Some([west, south, east, north]) = spec.bbox {
        let whole = (-180.0..=180.0).contains(&west)
            && (-180.0..=180.0).contains(&east)
            && -90.0 <= south
            && south < north
            && north <= 90.0;
        if !whole || (west - east).abs() < f64::EPSILON {
            return wrong("bbox", "is no box of degrees; write [west, south, east, north]");
        }
    }
    if spec.max_cloud.is_some_and(|cover| !(0.0..=100.0).contains(&cover)) {
        return wrong("max_cloud", "is no share; write percent from 0 to 100");
    }
    if !(1..=10_000).contains(&spec.page) || spec.max_items == 0 {
        return wrong("page", "must be from 1 to 10000, and max_items 1 or more");
    }
    Ok(Query {
        collections: spec.collections.clone(),
        ids: spec.ids.clone(),
        bbox: spec.bbox,
        datetime: spec.datetime.as_deref().map(interval).transpose()?,
        max_cloud: spec.max_cloud,
        page: spec.page,
        most: spec.max_items,
    })
}

/// The interval of days, both included, as STAC writes it.
fn interval(text: &str) -> Result<String, Fault> {
    let wrong = |why: &str| {
        Fault::usage(format!(
            "[fetch] datetime = \"{text}\": {why}; write \"2024-01-01/2024-12-31\", with \"..\" for an open end"
        ))
    };
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    let day = |text: &str| text.parse::<Date>().map_err(|error| wrong(&error.to_string()));
    let end = |text: &str| if text == ".." { Ok(None) } else { day(text).map(Some) };
    let (from, to) = (end(from)?, end(to)?);
    if from.is_none() && to.is_none() {
        return Err(wrong("both ends are open"));
    }
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(wrong("it ends before it begins"));
    }
    let from = from.map_or_else(|| "..".to_owned(), |day| format!("{day}T00:00:00Z"));
    // A scene of the last millisecond of a day is one of that day.
    let to = to.map_or_else(|| "..".to_owned(), |day| format!("{day}T23:59:59.999Z"));
    Ok(format!("{from}/{to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_days() {
        for (text, expected) in [
            ("2024-01-31", "2024-01-31T00:00:00Z/2024-01-31T23:59:59.999Z"),
            ("2024-01-01/2024-12-31", "2024-01-01T00:00:00Z/2024-12-31T23:59:59.999Z"),
            ("2024-01-01/..", "2024-01-01T00:00:00Z/.."),
            ("../2024-01-01", "../2024-01-01T23:59:59.999Z"),
        ] {
            assert_eq!(interval(text).expect("an interval"), expected);
        }
        for text in ["", "..", "../..", "2024-02-30", "2024-02-01/2024-01-01", "2024", "2024-01-01/2024-01-02/2024-01-03"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
