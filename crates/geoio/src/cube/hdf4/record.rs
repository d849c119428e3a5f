//! Groups and tables, of which a file's names and attributes are made (Vgroup and Vdata).

use super::super::array::Attribute;
use super::super::bytes::{Reading, Walk};
use super::super::element::{Element, Kind};
use super::file::{Hdf4File, Id};

/// What the records of a table are tagged with.
const RECORDS: u16 = 1963;

/// Elements that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) members: Vec<Id>,
}

impl Group {
    pub(super) fn read(file: &Hdf4File, id: Id) -> Reading<Self> {
        let bytes = file.whole(id)?;
        let mut walk = Walk::new(&bytes);
        let count = number(&mut walk)?;
        let tags = (0..count).map(|_| number(&mut walk)).collect::<Reading<Vec<_>>>()?;
        let members = tags.into_iter().map(|tag| Ok((tag, number(&mut walk)?))).collect::<Reading<_>>()?;
        Ok(Self { name: text(&mut walk)?, class: text(&mut walk)?, members })
    }
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Of each number.
    element: Element,
    kind: u16,
    /// Bytes of a row in this column, and where they begin in it.
    pub(super) bytes: usize,
    pub(super) begin: usize,
}

/// Rows of one kind.
#[derive(Debug)]
pub(super) struct Table {
    id: Id,
    pub(super) name: String,
    class: String,
    rows: usize,
    pub(super) columns: Vec<Column>,
}

impl Table {
    pub(super) fn read(file: &Hdf4File, id: Id) -> Reading<Self> {
        let bytes = file.whole(id)?;
        let mut walk = Walk::new(&bytes);
        let interlace = number(&mut walk)?;
        let rows = walk.greatest_first(4)? as usize;
        walk.skip(2)?; // Bytes of a row, which are those of its columns.
        let count = number(&mut walk)?;
        let mut numbers = || (0..count).map(|_| number(&mut walk)).collect::<Reading<Vec<_>>>();
        let (kinds, sizes, begins, _orders) = (numbers()?, numbers()?, numbers()?, numbers()?);
        let mut columns = Vec::new();
        for ((kind, size), begin) in kinds.into_iter().zip(sizes).zip(begins) {
            let name = text(&mut walk)?;
            let element = element(kind, true);
            columns.push(Column { name, element, kind, bytes: size.into(), begin: begin.into() });
        }
        let (name, class) = (text(&mut walk)?, text(&mut walk)?);
        if interlace != 0 && columns.len() > 1 {
            return Err(format!("its table {name} is stored column by column, which is not read"));
        }
        Ok(Self { id, name, class, rows, columns })
    }

    /// All rows.
    pub(super) fn rows(&self, file: &Hdf4File) -> Reading<Vec<Vec<u8>>> {
        let length = self.columns.iter().map(|column| column.bytes).sum::<usize>();
        if length == 0 || self.rows == 0 {
            return Ok(Vec::new());
        }
        let bytes = file.whole((RECORDS, self.id.1))?;
        let rows: Vec<Vec<u8>> = bytes.chunks_exact(length).take(self.rows).map(<[u8]>::to_vec).collect();
        if rows.len() == self.rows {
            Ok(rows)
        } else {
            Err(format!("its table {} has {} rows of {}", self.name, rows.len(), self.rows))
        }
    }

    /// What it says, where it is an attribute: a table of one column.
    pub(super) fn attribute(&self, file: &Hdf4File) -> Reading<Option<Attribute>> {
        let [column] = self.columns.as_slice() else { return Ok(None) };
        if self.class != "Attr0.0" {
            return Ok(None);
        }
        let bytes = self.rows(file)?.concat();
        // Characters, signed or not.
        if matches!(column.kind & 0xff, 3 | 4) {
            return Ok(Some(Attribute::Text(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())));
        }
        Ok(Attribute::numbers(column.element, &bytes))
    }
}

/// The type of numbers by its number in the specification, which may say that the byte with the sign stands last.
pub(super) fn element(kind: u16, big: bool) -> Element {
    let is_little = kind & 0x4000 != 0;
    let (kind, bytes) = match kind & 0x3fff {
        5 => (Kind::Float, 4),
        6 => (Kind::Float, 8),
        20 => (Kind::Signed, 1),
        21 => (Kind::Unsigned, 1),
        22 => (Kind::Signed, 2),
        23 => (Kind::Unsigned, 2),
        24 => (Kind::Signed, 4),
        25 => (Kind::Unsigned, 4),
        _ => (Kind::Other, 1),
    };
    Element::new(kind, bytes, big && !is_little)
}

fn number(walk: &mut Walk<'_>) -> Reading<u16> {
    Ok(walk.greatest_first(2)? as u16)
}

fn text(walk: &mut Walk<'_>) -> Reading<String> {
    let length = walk.greatest_first(2)? as usize;
    Ok(String::from_utf8_lossy(walk.take(length)?).into_owned())
}
