use geo::Winding as _;
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::LayerError;
use super::json::{Members, Source};
use super::notice::{Notice, Notices};

/// A geometry as far as it could be read.
pub(super) enum Shape {
    /// One of the six simple kinds, not empty.
    Some(Geometry<f64>),
    /// Null or empty.
    Missing,
}

/// Decimals of a degree beyond which a coordinate says nothing: a tenth of a micrometre.
const DECIMALS: usize = 12;

/// Reads a geometry object or `null`.
pub(super) fn read(source: &Source, part: &str, place: &str, notices: &mut Notices) -> Result<Shape, LayerError> {
    if part == "null" {
        return Ok(Shape::Missing);
    }
    let object = object(source, part)?;
    let shape = if object.kind == "GeometryCollection" {
        collection(source, part, &object, place, notices)?
    } else {
        simple(source, part, &object, place, notices)?
    };
    if excessive(part) {
        notices.note(Notice::CoordinatePrecision, place);
    }
    Ok(shape)
}

struct Object<'a> {
    kind: String,
    members: Members<'a>,
}

fn object<'a>(source: &Source, part: &'a str) -> Result<Object<'a>, LayerError> {
    let members: Members = serde_json::from_str(part).map_err(|error| source.refuse(part, error.to_string()))?;
    let kind = members.kind().ok_or_else(|| source.refuse(part, "a geometry without `type`"))?;
    if let Some(bbox) = members.get("bbox") {
        let numbers: Vec<f64> = source.parse(bbox)?;
        if !matches!(numbers.len(), 4 | 6) {
            return Err(source.refuse(bbox.get(), "a bbox needs 4 or 6 numbers"));
        }
    }
    Ok(Object { kind: source.parse(kind)?, members })
}

fn simple(source: &Source, part: &str, object: &Object, place: &str, notices: &mut Notices) -> Result<Shape, LayerError> {
    let raw = object.members.get("coordinates").ok_or_else(|| source.refuse(part, "a geometry without `coordinates`"))?;
    let mut build = Build { source, raw, extra: false };
    let geometry = match object.kind.as_str() {
        "Point" if raw.get().bytes().filter(|b| !b.is_ascii_whitespace()).eq(*b"[]") => None,
        "Point" => Some(Point(build.position(&source.parse::<Position>(raw)?)).into()),
        "MultiPoint" => build.points(&source.parse::<Vec<Position>>(raw)?),
        "LineString" => build.line(&source.parse::<Vec<Position>>(raw)?)?.map(Into::into),
        "MultiLineString" => build.lines(&source.parse::<Vec<Vec<Position>>>(raw)?)?,
        "Polygon" => build.polygon(&source.parse::<Vec<Vec<Position>>>(raw)?)?.map(Into::into),
        "MultiPolygon" => build.polygons(&source.parse::<Vec<Vec<Vec<Position>>>>(raw)?)?,
        other => return Err(source.refuse(part, format!("`{}` is no kind of geometry", other.escape_debug()))),
    };
    if build.extra {
        notices.note(Notice::DimensionsDropped, place);
    }
    let Some(geometry) = geometry else { return Ok(Shape::Missing) };
    if winds_backwards(&geometry) {
        notices.note(Notice::WindingReversed, place);
    }
    Ok(Shape::Some(geometry))
}

/// A collection is the multi-geometry of its members of the highest dimension; nested collections are refused.
fn collection(source: &Source, part: &str, object: &Object, place: &str, notices: &mut Notices) -> Result<Shape, LayerError> {
    let raw = object.members.get("geometries").ok_or_else(|| source.refuse(part, "a collection without `geometries`"))?;
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|error| source.refuse(raw.get(), error.to_string()))?;
    let mut members = Vec::with_capacity(parts.len());
    for member in parts {
        let inner = self::object(source, member.get())?;
        if inner.kind == "GeometryCollection" {
            return Err(source.refuse(member.get(), "a geometry collection within another is refused; flatten it"));
        }
        if let Shape::Some(geometry) = simple(source, member.get(), &inner, place, notices)? {
            members.push(geometry);
        }
    }
    let Some(Whole { geometry, reduced }) = merged(members) else { return Ok(Shape::Missing) };
    notices.note(if reduced { Notice::CollectionReduced } else { Notice::CollectionFlattened }, place);
    Ok(Shape::Some(geometry))
}

/// What simple geometries are together.
pub(super) struct Whole {
    /// The multi-geometry of those of the highest dimension.
    pub(super) geometry: Geometry<f64>,
    /// Whether some of a lower dimension were left out.
    pub(super) reduced: bool,
}

/// The multi-geometry of the members of the highest dimension: areas before lines before points; `None` where there is none.
///
/// What tools cut out of a registry is often its area with stray lines and points on its edge: they cover nothing.
pub(super) fn merged(members: Vec<Geometry<f64>>) -> Option<Whole> {
    let (mut points, mut lines, mut polygons) = (Vec::new(), Vec::new(), Vec::new());
    for member in members {
        match member {
            Geometry::Point(point) => points.push(point),
            Geometry::MultiPoint(multi) => points.extend(multi.0),
            Geometry::LineString(line) => lines.push(line),
            Geometry::MultiLineString(multi) => lines.extend(multi.0),
            Geometry::Polygon(polygon) => polygons.push(polygon),
            Geometry::MultiPolygon(multi) => polygons.extend(multi.0),
            _ => return None,
        }
    }
    let kinds = [points.is_empty(), lines.is_empty(), polygons.is_empty()].iter().filter(|empty| !**empty).count();
    let geometry = match (points.is_empty(), lines.is_empty(), polygons.is_empty()) {
        (_, _, false) => MultiPolygon(polygons).into(),
        (_, false, true) => MultiLineString(lines).into(),
        (false, true, true) => MultiPoint(points).into(),
        (true, true, true) => return None,
    };
    Some(Whole { geometry, reduced: kinds > 1 })
}

struct Build<'s, 'a> {
    source: &'s Source<'a>,
    raw: &'s RawValue,
    extra: bool,
}

impl Build<'_, '_> {
    fn refuse(&self, message: &str) -> LayerError {
        self.source.refuse(self.raw.get(), message)
    }

    fn position(&mut self, position: &Position) -> Coord<f64> {
        self.extra |= position.extra;
        position.coord
    }

    fn coords(&mut self, positions: &[Position]) -> LineString<f64> {
        positions.iter().map(|position| self.position(position)).collect()
    }

    fn points(&mut self, positions: &[Position]) -> Option<Geometry<f64>> {
        let points: Vec<Point<f64>> = positions.iter().map(|position| Point(self.position(position))).collect();
        (!points.is_empty()).then(|| MultiPoint(points).into())
    }

    fn line(&mut self, positions: &[Position]) -> Result<Option<LineString<f64>>, LayerError> {
        match positions.len() {
            0 => Ok(None),
            1 => Err(self.refuse("a line of one position; expected two or more")),
            _ => Ok(Some(self.coords(positions))),
        }
    }

    fn lines(&mut self, lines: &[Vec<Position>]) -> Result<Option<Geometry<f64>>, LayerError> {
        let lines: Vec<Option<LineString<f64>>> = lines.iter().map(|line| self.line(line)).collect::<Result<_, _>>()?;
        let lines: Vec<LineString<f64>> = lines.into_iter().flatten().collect();
        Ok((!lines.is_empty()).then(|| MultiLineString(lines).into()))
    }

    fn ring(&mut self, positions: &[Position]) -> Result<LineString<f64>, LayerError> {
        let ring = self.coords(positions);
        if ring.0.len() < 4 || ring.0.first() != ring.0.last() {
            return Err(self.refuse("a ring that is not four or more positions, the last equal to the first"));
        }
        Ok(ring)
    }

    fn polygon(&mut self, rings: &[Vec<Position>]) -> Result<Option<Polygon<f64>>, LayerError> {
        let mut rings =
            rings.iter().filter(|ring| !ring.is_empty()).map(|ring| self.ring(ring)).collect::<Result<Vec<_>, _>>()?;
        if rings.is_empty() {
            return Ok(None);
        }
        let shell = rings.remove(0);
        Ok(Some(Polygon::new(shell, rings)))
    }

    fn polygons(&mut self, polygons: &[Vec<Vec<Position>>]) -> Result<Option<Geometry<f64>>, LayerError> {
        let polygons: Vec<Option<Polygon<f64>>> = polygons.iter().map(|rings| self.polygon(rings)).collect::<Result<_, _>>()?;
        let polygons: Vec<Polygon<f64>> = polygons.into_iter().flatten().collect();
        Ok((!polygons.is_empty()).then(|| MultiPolygon(polygons).into()))
    }
}

fn winds_backwards(geometry: &Geometry<f64>) -> bool {
    let backwards = |polygon: &Polygon<f64>| polygon.exterior().is_cw() || polygon.interiors().iter().any(geo::Winding::is_ccw);
    match geometry {
        Geometry::Polygon(polygon) => backwards(polygon),
        Geometry::MultiPolygon(multi) => multi.iter().any(backwards),
        _ => false,
    }
}

/// Whether a number in this text has more decimals than can mean anything.
fn excessive(part: &str) -> bool {
    part.split('.').skip(1).any(|decimals| decimals.bytes().take_while(u8::is_ascii_digit).count() > DECIMALS)
}

/// A position: two numbers, and whether more followed.
struct Position {
    coord: Coord<f64>,
    extra: bool,
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PositionVisitor)
    }
}

struct PositionVisitor;

impl<'de> Visitor<'de> for PositionVisitor {
    type Value = Position;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a position of two or three numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Position, A::Error> {
        let short = || A::Error::custom("a position of fewer than two numbers");
        let x = numbers.next_element()?.ok_or_else(short)?;
        let y = numbers.next_element()?.ok_or_else(short)?;
        let mut extra = false;
        while numbers.next_element::<f64>()?.is_some() {
            extra = true;
        }
        Ok(Position { coord: Coord { x, y }, extra })
    }
}
