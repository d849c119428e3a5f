use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use crate::layer::geojson_geometry::merged;
use crate::layer::notice::Notice;

/// How deep collections may stand in one another.
const DEPTH: usize = 16;

/// A geometry that stood in well-known binary.
pub(super) struct Shape {
    /// One of the six simple kinds; `None` for an empty one.
    pub(super) geometry: Option<Geometry<f64>>,
    /// Whether heights or measures were dropped.
    pub(super) flattened: bool,
    /// Whether parts of a lower dimension were dropped.
    pub(super) reduced: bool,
}

/// Why well-known binary was refused.
pub(super) enum Refusal {
    /// The bytes are none: told with what is wrong.
    Broken(String),
    /// It is a geometry, of a kind or with numbers that are not taken.
    Noticed(Notice),
}

/// Reads one geometry: both byte orders, ISO and extended codes of heights and measures, which are dropped.
///
/// A count is believed only where the bytes for it are there.
///
/// # Errors
/// [`Refusal`].
pub(super) fn read(bytes: &[u8]) -> Result<Shape, Refusal> {
    let mut reader = Reader { bytes, flattened: false };
    let parts = reader.parts(0)?;
    if !reader.bytes.is_empty() {
        return Err(broken(format!("{} bytes follow the geometry", reader.bytes.len())));
    }
    let flattened = reader.flattened;
    let (geometry, reduced) = match <[_; 1]>::try_from(parts) {
        Ok([part]) => (Some(part), false),
        Err(parts) if parts.is_empty() => (None, false),
        Err(parts) => {
            let whole = merged(parts).ok_or(Refusal::Noticed(Notice::GeometryRefused))?;
            (Some(whole.geometry), whole.reduced)
        }
    };
    Ok(Shape { geometry, flattened, reduced })
}

fn broken(what: impl Into<String>) -> Refusal {
    Refusal::Broken(what.into())
}

/// What stands before the numbers of a geometry.
struct Head {
    kind: u32,
    little: bool,
    /// Numbers a position.
    numbers: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    flattened: bool,
}

impl Reader<'_> {
    /// The simple parts of a geometry; empty ones are left out.
    fn parts(&mut self, depth: usize) -> Result<Vec<Geometry<f64>>, Refusal> {
        let head = self.head()?;
        Ok(match head.kind {
            1 => self.point(&head)?.map(Geometry::from).into_iter().collect(),
            2 => some(self.positions(&head)?).map(Geometry::from).into_iter().collect(),
            3 => self.polygon(&head)?.map(Geometry::from).into_iter().collect(),
            4 => some_multi(self.members(&head, 1, Self::point)?, |points| MultiPoint(points).into()),
            5 => some_multi(self.members(&head, 2, |r, h| Ok(some(r.positions(h)?)))?, |lines| MultiLineString(lines).into()),
            6 => some_multi(self.members(&head, 3, Self::polygon)?, |polygons| MultiPolygon(polygons).into()),
            7 if depth < DEPTH => {
                let count = self.count(&head, 5)?;
                let mut parts = Vec::new();
                for _ in 0..count {
                    parts.extend(self.parts(depth + 1)?);
                }
                parts
            }
            7 => return Err(broken("collections stand too deep in one another")),
            8..=17 => return Err(Refusal::Noticed(Notice::GeometryRefused)),
            other => return Err(broken(format!("{other} is no kind of geometry"))),
        })
    }

    fn head(&mut self) -> Result<Head, Refusal> {
        let little = match self.take(1)? {
            [0] => false,
            [1] => true,
            [order, ..] => return Err(broken(format!("{order} is no byte order"))),
            [] => return Err(broken("it ends too early")),
        };
        let code = self.number(little)?;
        let (extended, iso) = (code & 0xE000_0000, code & 0x1FFF_FFFF);
        let (z, m) = (
            extended & 0x8000_0000 != 0 || matches!(iso / 1000, 1 | 3),
            extended & 0x4000_0000 != 0 || matches!(iso / 1000, 2 | 3),
        );
        if iso >= 4000 {
            return Err(broken(format!("{code} is no kind of geometry")));
        }
        if extended & 0x2000_0000 != 0 {
            self.take(4)?;
        }
        self.flattened |= z || m;
        Ok(Head { kind: iso % 1000, little, numbers: 2 + usize::from(z) + usize::from(m) })
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Refusal> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| broken("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self, little: bool) -> Result<u32, Refusal> {
        let bytes = <[u8; 4]>::try_from(self.take(4)?).map_err(|_| broken("it ends too early"))?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// A count of things that take at least so many bytes each.
    fn count(&mut self, head: &Head, least: usize) -> Result<usize, Refusal> {
        let count = self.number(head.little)? as usize;
        if count.saturating_mul(least) > self.bytes.len() {
            return Err(broken(format!("it tells of {count} parts, for which there are not enough bytes")));
        }
        Ok(count)
    }

    fn positions(&mut self, head: &Head) -> Result<LineString<f64>, Refusal> {
        let size = 8 * head.numbers;
        let count = self.count(head, size)?;
        let bytes = self.take(count * size)?;
        let coords: Vec<Coord<f64>> = match (head.little, size) {
            (true, 16) => bytes.as_chunks::<16>().0.iter().map(little).collect(),
            (true, _) => bytes.chunks_exact(size).filter_map(|chunk| chunk.first_chunk().map(little)).collect(),
            (false, _) => bytes.chunks_exact(size).filter_map(|chunk| chunk.first_chunk().map(big)).collect(),
        };
        // Nought times a number that is not finite is none.
        let odd = coords.iter().fold(0.0, |odd, c| odd + c.x * 0.0 + c.y * 0.0);
        if odd == 0.0 { Ok(LineString(coords)) } else { Err(Refusal::Noticed(Notice::CoordinatesRefused)) }
    }

    fn point(&mut self, head: &Head) -> Result<Option<Point<f64>>, Refusal> {
        let bytes = self.take(8 * head.numbers)?;
        let Some(bytes) = bytes.first_chunk() else { return Ok(None) };
        let at = if head.little { little(bytes) } else { big(bytes) };
        match (at.x.is_nan() && at.y.is_nan(), at.x.is_finite() && at.y.is_finite()) {
            (true, _) => Ok(None),
            (_, true) => Ok(Some(Point(at))),
            _ => Err(Refusal::Noticed(Notice::CoordinatesRefused)),
        }
    }

    fn polygon(&mut self, head: &Head) -> Result<Option<Polygon<f64>>, Refusal> {
        let count = self.count(head, 4)?;
        let mut rings = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            rings.extend(some(self.positions(head)?));
        }
        if rings.is_empty() {
            return Ok(None);
        }
        let shell = rings.remove(0);
        Ok(Some(Polygon::new(shell, rings)))
    }

    fn members<T>(
        &mut self,
        head: &Head,
        kind: u32,
        read: impl Fn(&mut Self, &Head) -> Result<Option<T>, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let count = self.count(head, 9)?;
        let mut members = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            let head = self.head()?;
            if head.kind != kind {
                return Err(broken(format!("a part is of kind {}, not {kind}", head.kind)));
            }
            members.extend(read(self, &head)?);
        }
        Ok(members)
    }
}

fn little(bytes: &[u8; 16]) -> Coord<f64> {
    let [x, y] = halves(bytes).map(f64::from_le_bytes);
    Coord { x, y }
}

fn big(bytes: &[u8; 16]) -> Coord<f64> {
    let [x, y] = halves(bytes).map(f64::from_be_bytes);
    Coord { x, y }
}

fn halves(bytes: &[u8; 16]) -> [[u8; 8]; 2] {
    std::array::from_fn(|half| std::array::from_fn(|i| bytes[8 * half + i]))
}

fn some(line: LineString<f64>) -> Option<LineString<f64>> {
    (!line.0.is_empty()).then_some(line)
}

fn some_multi<T>(members: Vec<T>, whole: impl Fn(Vec<T>) -> Geometry<f64>) -> Vec<Geometry<f64>> {
    if members.is_empty() { Vec::new() } else { vec![whole(members)] }
}

/// Writes one geometry, little-endian; `None` for a kind that is not written.
pub(crate) fn write(geometry: &Geometry<f64>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put(&mut out, geometry).then_some(out)
}

fn put(out: &mut Vec<u8>, geometry: &Geometry<f64>) -> bool {
    match geometry {
        Geometry::Point(point) => {
            begin(out, 1);
            put_position(out, point.0);
        }
        Geometry::LineString(line) => {
            begin(out, 2);
            put_positions(out, line);
        }
        Geometry::Polygon(polygon) => put_polygon(out, polygon),
        Geometry::MultiPoint(multi) => {
            begin(out, 4);
            put_count(out, multi.0.len());
            for point in &multi.0 {
                begin(out, 1);
                put_position(out, point.0);
            }
        }
        Geometry::MultiLineString(multi) => {
            begin(out, 5);
            put_count(out, multi.0.len());
            for line in &multi.0 {
                begin(out, 2);
                put_positions(out, line);
            }
        }
        Geometry::MultiPolygon(multi) => {
            begin(out, 6);
            put_count(out, multi.0.len());
            multi.0.iter().for_each(|polygon| put_polygon(out, polygon));
        }
        _ => return false,
    }
    true
}

fn begin(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend(kind.to_le_bytes());
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend((count as u32).to_le_bytes());
}

fn put_position(out: &mut Vec<u8>, at: Coord<f64>) {
    out.extend(at.x.to_le_bytes());
    out.extend(at.y.to_le_bytes());
}

fn put_positions(out: &mut Vec<u8>, line: &LineString<f64>) {
    put_count(out, line.0.len());
    line.0.iter().for_each(|at| put_position(out, *at));
}

fn put_polygon(out: &mut Vec<u8>, polygon: &Polygon<f64>) {
    begin(out, 3);
    put_count(out, 1 + polygon.interiors().len());
    put_positions(out, polygon.exterior());
    polygon.interiors().iter().for_each(|ring| put_positions(out, ring));
}

#[cfg(test)]
mod tests {
    use geo_types::{line_string, point, polygon};

    use super::*;

    fn read_back(bytes: &[u8]) -> Option<Geometry<f64>> {
        match read(bytes) {
            Ok(shape) => shape.geometry,
            Err(Refusal::Broken(what)) => panic!("{what}"),
            Err(Refusal::Noticed(notice)) => panic!("{}", notice.code()),
        }
    }

    #[test]
    fn every_kind_comes_back_as_it_went() {
        let ring = polygon! {
            exterior: [(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0)],
            interiors: [[(x: 5.0, y: 1.0), (x: 6.0, y: 1.0), (x: 6.0, y: 2.0)]],
        };
        let line = line_string![(x: 0.1, y: -0.2), (x: 3.0, y: 4.0)];
        let kinds: [Geometry<f64>; 6] = [
            point!(x: 1.0, y: 2.0).into(),
            line.clone().into(),
            ring.clone().into(),
            MultiPoint(vec![point!(x: 1.0, y: 2.0)]).into(),
            MultiLineString(vec![line]).into(),
            MultiPolygon(vec![ring]).into(),
        ];
        for geometry in kinds {
            assert_eq!(read_back(&write(&geometry).expect("a kind that is written")), Some(geometry));
        }
    }

    #[test]
    fn big_endian_heights_are_read_flat() {
        let mut bytes = vec![0];
        bytes.extend(1001_u32.to_be_bytes());
        bytes.extend([1.5_f64, 2.5, 99.0].iter().flat_map(|number| number.to_be_bytes()));
        let shape = read(&bytes).ok().expect("a point");
        assert!(shape.flattened && shape.geometry == Some(point!(x: 1.5, y: 2.5).into()));
        let mut extended = vec![1];
        extended.extend((0x8000_0001_u32 | 0x2000_0000).to_le_bytes());
        extended.extend(4326_u32.to_le_bytes());
        extended.extend([1.5_f64, 2.5, 99.0].iter().flat_map(|number| number.to_le_bytes()));
        assert!(read(&extended).is_ok_and(|shape| shape.flattened));
    }

    #[test]
    fn a_count_without_its_bytes_is_not_believed() {
        let mut bytes = vec![1];
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(u32::MAX.to_le_bytes());
        assert!(matches!(read(&bytes), Err(Refusal::Broken(_))));
        let whole = write(&polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0)].into()).expect("a polygon");
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
    }
}
