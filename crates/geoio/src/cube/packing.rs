//! Which stored numbers are values, and what they stand for: CF conventions, sections 2.5 and 8.1, and the `NetCDF` Users' Guide,
//! appendix A.

use super::array::{Array, Attribute, Fill};
use super::bytes::Reading;
use super::classic::default_fill;
use super::element::{Element, Kind};

/// How the stored numbers of an array are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packing {
    /// The type of the numbers, which a word of the convention may make unsigned.
    pub(super) element: Element,
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    /// Stored numbers that stand for none.
    missing: Vec<f64>,
    /// The least and the greatest valid number; of values where they are given so, else of stored numbers.
    valid: (f64, f64),
    is_valid_of_values: bool,
}

impl Packing {
    pub(super) fn of(array: &Array) -> Reading<Self> {
        let element = match (array.text("_Unsigned"), array.element.kind) {
            (Some("true"), Kind::Signed) => Element { kind: Kind::Unsigned, ..array.element },
            (Some("false"), Kind::Unsigned) => Element { kind: Kind::Signed, ..array.element },
            _ => array.element,
        };
        let numbers = |key: &str| -> Reading<Vec<f64>> {
            match array.attributes.get(key) {
                None => Ok(Vec::new()),
                Some(Attribute::Numbers { values, .. }) => Ok(values.clone()),
                // Some writers leave numbers as texts.
                Some(Attribute::Text(text)) => match text.trim().parse::<f64>() {
                    Ok(number) => Ok(vec![number]),
                    Err(_) => Err(format!("the {key} of {} is '{}', which is no number", array.name, cut(text))),
                },
            }
        };
        let one = |key: &str| -> Reading<Option<f64>> {
            let all = numbers(key)?;
            if all.len() > 1 {
                return Err(format!("the {key} of {} has {} numbers, not one", array.name, all.len()));
            }
            Ok(all.first().copied())
        };
        let (scale, offset) = (one("scale_factor")?, one("add_offset")?);
        let mut missing = numbers("_FillValue")?;
        let is_told = !missing.is_empty();
        missing.extend(numbers("missing_value")?);
        let stored = |number: f64| turned(number, array.element, element);
        let missing: Vec<f64> = missing.into_iter().map(stored).collect();
        let range = numbers("valid_range")?;
        let (least, most) = (one("valid_min")?, one("valid_max")?);
        let has_range = !range.is_empty() || least.is_some() || most.is_some();
        let is_real = |key: &str| matches!(array.attributes.get(key), Some(Attribute::Numbers { element, .. }) if element.kind == Kind::Float);
        let is_whole = element.kind != Kind::Float;
        let is_valid_of_values = (scale.is_some() || offset.is_some())
            && is_whole
            && ["valid_range", "valid_min", "valid_max"].iter().any(|key| is_real(key));
        let (least, most) = match range.as_slice() {
            [] => (least, most),
            [least, most] => (Some(*least), Some(*most)),
            _ => return Err(format!("the valid_range of {} has {} numbers, not two", array.name, range.len())),
        };
        let bound = |number: f64| if is_valid_of_values { number } else { stored(number) };
        let valid = (least.map_or(f64::NEG_INFINITY, bound), most.map_or(f64::INFINITY, bound));
        if valid.0.is_nan() || valid.1.is_nan() || valid.0 > valid.1 {
            return Err(format!("the valid range of {} is from {} to {}, which holds no number", array.name, valid.0, valid.1));
        }
        let mut packing = Self { element, scale, offset, missing, valid, is_valid_of_values };
        // What the library writes where nobody did, unless the file says otherwise (NUG, appendix A).
        let default = default_fill(element);
        if !is_told && !has_range && element.bytes > 1 && array.fill == Fill::Number(default) {
            packing.missing.push(default);
        }
        Ok(packing)
    }

    /// Whether a stored number stands for none.
    pub(super) fn is_missing(&self, stored: f64) -> bool {
        let (least, most) = self.valid;
        if self.is_valid_of_values {
            let value = stored * self.scale.unwrap_or(1.0) + self.offset.unwrap_or(0.0);
            return stored.is_nan() || self.missing.contains(&stored) || value < least || value > most;
        }
        !stored.is_finite() || stored < least || stored > most || self.missing.contains(&stored)
    }

    /// A stored number that stands for none, where one is given.
    pub(super) fn first_missing(&self) -> Option<f64> {
        self.missing.iter().copied().find(|number| !number.is_nan())
    }
}

/// A number of what is told of an array as the array's own numbers are stored.
fn turned(number: f64, stored: Element, read: Element) -> f64 {
    let around = 2_f64.powi(8 * read.bytes as i32);
    match (stored.kind, read.kind) {
        (Kind::Signed, Kind::Unsigned) if number < 0.0 => number + around,
        (Kind::Unsigned, Kind::Signed) if number >= around / 2.0 => number - around,
        (Kind::Float, _) if read.bytes == 4 => f64::from(number as f32),
        _ => number,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
