//! `NetCDF` classic: CDF-1, CDF-2 (64-bit offsets) and CDF-5 (64-bit data).
//!
//! Source: The `NetCDF` Classic Format Specification (Unidata). Where each variable lies follows from the header alone, so a file
//! that was cut short is found before a number is read.

use std::sync::Arc;

use super::array::{self, Array, Attribute, Attributes, Dimension, Fill, Place};
use super::bytes::{Bytes, Reading, Walk, product};
use super::element::{Element, Kind};

/// Bytes in which the header is looked for; one of more variables than any file has fits in.
const HEADER: u64 = 1 << 24;

const DIMENSIONS: u64 = 10;
const VARIABLES: u64 = 11;
const ATTRIBUTES: u64 = 12;

/// Whether a file begins like one.
pub(super) fn is_classic(head: &[u8]) -> bool {
    head.starts_with(b"CDF") && head.get(3).is_some_and(|version| matches!(version, 1 | 2 | 5))
}

/// What the header tells.
struct Header<'a> {
    walk: Walk<'a>,
    version: u8,
}

/// A variable as the header tells of it.
struct Variable {
    name: String,
    dimensions: Vec<usize>,
    attributes: Attributes,
    kind: u64,
    begin: u64,
}

impl Header<'_> {
    /// A count or length: 4 bytes, 8 in CDF-5.
    fn count(&mut self) -> Reading<u64> {
        self.walk.greatest_first(if self.version == 5 { 8 } else { 4 })
    }

    fn length(&mut self) -> Reading<usize> {
        usize::try_from(self.count()?).map_err(|error| error.to_string())
    }

    /// How many entries a list has.
    fn list(&mut self, tag: u64) -> Reading<usize> {
        let (found, count) = (self.walk.greatest_first(4)?, self.length()?);
        match (found, count) {
            (0, 0) => Ok(0),
            // An entry has 8 bytes at least.
            (found, count) if found == tag && count <= self.walk.left() / 8 => Ok(count),
            _ => Err(format!("its header holds a list of kind {found} with {count} entries where one of kind {tag} belongs")),
        }
    }

    fn name(&mut self) -> Reading<String> {
        let length = self.length()?;
        let name = String::from_utf8_lossy(self.walk.take(length)?).into_owned();
        self.walk.align(4)?;
        Ok(name)
    }

    fn attributes(&mut self) -> Reading<Attributes> {
        let mut attributes = Attributes::new();
        for _ in 0..self.list(ATTRIBUTES)? {
            let (name, kind, count) = (self.name()?, self.walk.greatest_first(4)?, self.length()?);
            let element = element(kind)?;
            let bytes = self.walk.take(count.checked_mul(element.bytes).ok_or("an attribute is too large")?)?;
            self.walk.align(4)?;
            let attribute = Attribute::numbers(element, bytes)
                .unwrap_or_else(|| Attribute::Text(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()));
            attributes.insert(name, attribute);
        }
        Ok(attributes)
    }

    fn variable(&mut self) -> Reading<Variable> {
        let name = self.name()?;
        let rank = self.length()?;
        if rank > 64 {
            return Err(format!("{name} has {rank} dimensions"));
        }
        let dimensions = (0..rank).map(|_| self.length()).collect::<Reading<_>>()?;
        let (attributes, kind) = (self.attributes()?, self.walk.greatest_first(4)?);
        self.count()?; // The size in bytes, which follows from the shape, and does not fit in 4 bytes for large variables.
        let begin = self.walk.greatest_first(if self.version == 1 { 4 } else { 8 })?;
        Ok(Variable { name, dimensions, attributes, kind, begin })
    }
}

/// The arrays of a file.
pub(super) fn arrays(file: &Arc<Bytes>) -> Reading<Vec<Array>> {
    let head = file.read_up_to(0, HEADER)?;
    let mut header = Header { walk: Walk::new(&head), version: 0 };
    header.walk.skip(3)?;
    header.version = header.walk.u8()?;
    let records = header.count()?;
    let mut dimensions = Vec::new();
    for _ in 0..header.list(DIMENSIONS)? {
        dimensions.push((header.name()?, header.length()?));
    }
    header.attributes()?;
    let variables = (0..header.list(VARIABLES)?).map(|_| header.variable()).collect::<Reading<Vec<_>>>()?;
    let is_record = |variable: &Variable| {
        variable.dimensions.first().and_then(|place| dimensions.get(*place)).is_some_and(|(_, length)| *length == 0)
    };
    if records >= u64::from(u32::MAX) && variables.iter().any(is_record) {
        return Err("its header does not say how many records it has, for its writer did not finish it".to_owned());
    }
    let records = usize::try_from(records).map_err(|error| error.to_string())?;
    let shape = |variable: &Variable| -> Reading<Vec<Dimension>> {
        let of = |(axis, place): (usize, &usize)| {
            let (name, length) =
                dimensions.get(*place).ok_or_else(|| format!("{} has a dimension that is not there", variable.name))?;
            let length = if *length == 0 && axis == 0 { records } else { *length };
            Ok(Dimension { name: name.clone(), length })
        };
        variable.dimensions.iter().enumerate().map(of).collect()
    };
    // Bytes of a record of each variable, padded; a lone one of small numbers is not.
    let mut sizes = Vec::new();
    for variable in variables.iter().filter(|variable| is_record(variable)) {
        let lengths: Vec<usize> = shape(variable)?.iter().skip(1).map(|dimension| dimension.length).collect();
        sizes.push(product(&lengths)?.saturating_mul(element(variable.kind)?.bytes) as u64);
    }
    let padded = |size: &u64| size.next_multiple_of(4);
    let record = if let [lone] = sizes.as_slice() { *lone } else { sizes.iter().map(padded).sum() };
    variables
        .into_iter()
        .map(|variable| {
            let dimensions = shape(&variable)?;
            let lengths: Vec<usize> = dimensions.iter().map(|dimension| dimension.length).collect();
            let record = is_record(&variable).then_some(record);
            let Variable { name, attributes, kind, begin, .. } = variable;
            let element = element(kind)?;
            check_length(file, &name, (begin, record), &lengths, element.bytes)?;
            let chunk = Array::pieces(&lengths, element, record.is_some());
            let place = Place::Flat { file: Arc::clone(file), begin, record };
            let mut array = Array::new(name, dimensions, element, attributes, (chunk, place));
            array.fill = Fill::Number(default_fill(element));
            Ok(array)
        })
        .collect()
}

fn check_length(file: &Bytes, name: &str, (begin, record): (u64, Option<u64>), lengths: &[usize], size: usize) -> Reading<()> {
    if lengths.contains(&0) {
        return Ok(());
    }
    let (records, one) = if record.is_some() { (lengths[0], &lengths[1..]) } else { (1, lengths) };
    let before = record.unwrap_or(0).saturating_mul(records as u64 - 1);
    let end = begin.saturating_add(before).saturating_add((product(one)? as u64).saturating_mul(size as u64));
    if end > file.length() {
        let records = record.map(|_| format!(" in {records} records")).unwrap_or_default();
        return Err(format!(
            "it is cut short: {name} ends at byte {end}{records} by its header, and the file has {}",
            file.length()
        ));
    }
    Ok(())
}

/// The type of a variable by its number in the specification.
fn element(kind: u64) -> Reading<Element> {
    let (kind, bytes) = match kind {
        1 => (Kind::Signed, 1),
        2 => (Kind::Other, 1),
        3 => (Kind::Signed, 2),
        4 => (Kind::Signed, 4),
        5 => (Kind::Float, 4),
        6 => (Kind::Float, 8),
        7 => (Kind::Unsigned, 1),
        8 => (Kind::Unsigned, 2),
        9 => (Kind::Unsigned, 4),
        10 => (Kind::Signed, 8),
        11 => (Kind::Unsigned, 8),
        _ => return Err(format!("its header names a type {kind} of numbers, which there is not")),
    };
    Ok(Element::new(kind, bytes, true))
}

/// The number that the library writes where nothing was written (netcdf.h).
pub(super) fn default_fill(element: Element) -> f64 {
    match (element.kind, element.bytes) {
        (Kind::Signed, 1) => -127.0,
        (Kind::Signed, 2) => -32_767.0,
        (Kind::Signed, 4) => -2_147_483_647.0,
        (Kind::Signed, _) => -9_223_372_036_854_775_806_f64,
        (Kind::Unsigned, 1) => 255.0,
        (Kind::Unsigned, 2) => 65_535.0,
        (Kind::Unsigned, 4) => 4_294_967_295.0,
        (Kind::Unsigned, _) => 18_446_744_073_709_551_614_f64,
        // The same number in 32 and in 64 bits.
        _ => 9.969_209_968_386_869e36,
    }
}

/// The bytes of a piece of what lies in one run, or in one a record, padded to the whole piece.
pub(super) fn piece(
    file: &Bytes,
    (begin, record): (u64, Option<u64>),
    (shape, chunk): (&[usize], &[usize]),
    at: &[usize],
    size: usize,
) -> Reading<Vec<u8>> {
    let skipped = usize::from(record.is_some());
    let (linear, count) = array::piece(&shape[skipped..], &chunk[skipped..], &at[skipped..])?;
    let before = record.map_or(0, |record| record * at[0] as u64);
    let mut bytes = vec![0; product(chunk)? * size];
    file.fill(begin + before + linear * size as u64, &mut bytes[..count * size])?;
    Ok(bytes)
}
