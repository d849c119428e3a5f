use std::collections::BTreeSet;

use alert::{Features, Layer};
use raster::Warning;

use crate::source::{Join, RegistrySource};

/// What people should know of joins by key: how many features match no record although they would if lost zeros were filled up, and
/// how many match several.
///
/// A spreadsheet turns the code 010101 into 10101; such a code is not guessed, for 10101 may be another place's.
pub fn key_notices(source: &RegistrySource, layer: &Layer, features: &Features) -> Vec<Warning> {
    let Join::Key { column } = &source.join else { return Vec::new() };
    let (Some(values), Some(keys)) = (features.text(column), layer.features.text(&source.key)) else { return Vec::new() };
    let known: BTreeSet<String> = keys.iter().flatten().map(|key| source.comparable(key).into_owned()).collect();
    let mut twice = BTreeSet::new();
    let mut once = BTreeSet::new();
    for key in keys.iter().flatten().map(|key| source.comparable(key)) {
        if !once.insert(key.clone()) {
            twice.insert(key);
        }
    }
    let widths: Vec<usize> = [values, keys].into_iter().flatten().flatten().map(String::len).collect();
    let width = widths.into_iter().max().unwrap_or(0);
    let padded = |text: &str| format!("{text:0>width$}");
    let known_padded: BTreeSet<String> = known.iter().filter(|key| is_number(key)).map(|key| padded(key)).collect();
    let lost = values.iter().flatten().filter(|value| {
        !known.contains(source.comparable(value).as_ref()) && is_number(value) && known_padded.contains(&padded(value))
    });
    let lost = lost.count();
    let several = values.iter().flatten().filter(|value| twice.contains(&source.comparable(value))).count();
    let mut notices = Vec::new();
    if lost > 0 {
        let message = format!(
            "source {}: {lost} features match no key, but would if zeros were put before codes of fewer than {width} digits; \
             if the files lost them, say key_width = {width}",
            source.id
        );
        notices.push(Warning::new("keys_cut", message).about(&layer.path));
    }
    if several > 0 {
        let message =
            format!("source {}: {several} features match several records of one key; each is a row of its own", source.id);
        notices.push(Warning::new("keys_multiple", message).about(&layer.path));
    }
    notices
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
