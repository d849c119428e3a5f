//! Which dimension is which, by the CF conventions (1.11, chapter 4).

use super::array::Array;
use super::element::Kind;

/// What a dimension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    X,
    Y,
    Time,
}

/// The places of the dimensions of an image, or of images of several dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axes {
    pub(super) x: usize,
    pub(super) y: usize,
    /// The dimension of time, or another one of several bands.
    pub(super) band: Option<usize>,
    pub(super) is_time: bool,
}

/// All arrays of a file.
#[derive(Debug)]
pub(super) struct Arrays(pub(super) Vec<Array>);

impl Arrays {
    /// The array that gives the places along a dimension.
    pub(super) fn coordinate(&self, dimension: &str) -> Option<&Array> {
        self.0.iter().find(|array| array.name == dimension && array.dimensions.len() == 1 && !array.is_bare)
    }

    /// An array by its name, from a group on upwards.
    pub(super) fn seen_from(&self, group: &Array, name: &str) -> Option<&Array> {
        let mut at = group.name.as_str();
        while let Some((above, _)) = at.rsplit_once('/') {
            if let Some(found) = self.0.iter().find(|array| array.name == format!("{above}/{name}")) {
                return Some(found);
            }
            at = above;
        }
        self.0.iter().find(|array| array.name == name)
    }

    /// Which dimensions of an array are which; an error where it is no image.
    pub(super) fn axes(&self, array: &Array) -> Result<Axes, String> {
        let shape = described(array);
        if !array.element.is_number() {
            return Err(format!("{shape} holds no numbers"));
        }
        let (mut x, mut y, mut time, mut others) = (None, None, None, Vec::new());
        for (place, dimension) in array.dimensions.iter().enumerate() {
            let known = match self.axis(&dimension.name) {
                Some(Axis::X) => &mut x,
                Some(Axis::Y) => &mut y,
                Some(Axis::Time) => &mut time,
                None => {
                    others.push(place);
                    continue;
                }
            };
            if known.replace(place).is_some() {
                return Err(format!("{shape} has two dimensions of one kind"));
            }
        }
        let (Some(x), Some(y)) = (x, y) else {
            return Err(format!("{shape} has no dimensions y and x that are told by their names, axis, standard_name or units"));
        };
        let mut longer = others.into_iter().filter(|place| array.dimensions[*place].length != 1);
        let band = match (time, longer.next()) {
            (Some(_), Some(_)) => return Err(format!("{shape} has more dimensions than (time, y, x); choose one of them first")),
            (time, other) => time.or(other),
        };
        if longer.next().is_some() {
            return Err(format!("{shape} has more dimensions than (time, y, x); choose one of them first"));
        }
        Ok(Axes { x, y, band, is_time: time.is_some() })
    }

    fn axis(&self, dimension: &str) -> Option<Axis> {
        let coordinate = self.coordinate(dimension);
        coordinate.and_then(told).or_else(|| named(dimension.rsplit('/').next().unwrap_or_default()))
    }

    /// Whether an array is an image of which people may want numbers.
    pub(super) fn is_image(&self, array: &Array) -> bool {
        let is_place = matches!(array.text("standard_name"), Some("longitude" | "latitude"))
            || array.text("units").is_some_and(|units| is_east(units) || is_north(units));
        !is_place && self.axes(array).is_ok()
    }
}

/// Name and shape of an array, for people.
pub(super) fn described(array: &Array) -> String {
    let dimensions: Vec<String> = array
        .dimensions
        .iter()
        .map(|dimension| match dimension.name.rsplit('/').next().unwrap_or_default() {
            "" => format!("unnamed: {}", dimension.length),
            name => format!("{name}: {}", dimension.length),
        })
        .collect();
    format!("{} ({})", array.name, dimensions.join(", "))
}

/// What an axis says of itself.
fn told(array: &Array) -> Option<Axis> {
    let units = array.text("units").unwrap_or_default();
    let by_axis = array.text("axis").and_then(|axis| match axis {
        "X" | "x" => Some(Axis::X),
        "Y" | "y" => Some(Axis::Y),
        "T" | "t" => Some(Axis::Time),
        _ => None,
    });
    let by_name = array.text("standard_name").and_then(|name| match name {
        "projection_x_coordinate" | "longitude" | "grid_longitude" => Some(Axis::X),
        "projection_y_coordinate" | "latitude" | "grid_latitude" => Some(Axis::Y),
        "time" => Some(Axis::Time),
        _ => None,
    });
    let by_units = if is_east(units) {
        Some(Axis::X)
    } else if is_north(units) {
        Some(Axis::Y)
    } else if units.contains(" since ") || matches!(array.element.kind, Kind::Moment(_)) {
        Some(Axis::Time)
    } else {
        None
    };
    by_axis.or(by_name).or(by_units)
}

fn named(name: &str) -> Option<Axis> {
    match name.to_ascii_lowercase().as_str() {
        "x" | "lon" | "longitude" | "easting" => Some(Axis::X),
        "y" | "lat" | "latitude" | "northing" => Some(Axis::Y),
        "time" | "t" | "date" => Some(Axis::Time),
        _ => None,
    }
}

/// The spellings of degrees east (CF, section 4.2).
pub(super) fn is_east(units: &str) -> bool {
    ["degrees_east", "degree_east", "degree_E", "degrees_E", "degreeE", "degreesE"].contains(&units)
}

/// The spellings of degrees north (CF, section 4.1).
pub(super) fn is_north(units: &str) -> bool {
    ["degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN"].contains(&units)
}
