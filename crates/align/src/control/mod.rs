//! Transforms from control points: places of which both the pixel and the coordinates on a map are known.

mod polynomial;
mod projective;
mod spline;

use serde::Serialize;

use crate::AlignError;
use polynomial::Polynomial;
use projective::Projective;
use spline::Spline;

/// A place in an image and on a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ControlPoint {
    /// Column and row in pixels; (0, 0) is the north-west corner of the first pixel.
    pub pixel: (f64, f64),
    /// x and y in the units of the map.
    pub map: (f64, f64),
}

/// How the places between control points follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A polynomial of order 1 to 3: scale, shear, rotation; then bends.
    Polynomial(u8),
    /// A plane seen from anywhere.
    Projective,
    /// A thin plate bent through every point.
    ThinPlate,
}

impl Method {
    /// Control points without which there is no such transform.
    pub fn needed(self) -> usize {
        match self {
            Self::Polynomial(order) => polynomial::terms(order),
            Self::Projective => 4,
            Self::ThinPlate => 3,
        }
    }

    /// For people.
    pub fn name(self) -> String {
        match self {
            Self::Polynomial(order) => format!("a polynomial of order {order}"),
            Self::Projective => "a projective transform".to_owned(),
            Self::ThinPlate => "a thin-plate spline".to_owned(),
        }
    }
}

/// A transform from pixels to the map and one back. Those of polynomials and splines are fitted apart, as GDAL does, so that one is
/// the other's inverse only as far as the points allow.
#[derive(Debug, Clone)]
pub struct Transform {
    method: Method,
    to_map: Mapping,
    to_pixel: Mapping,
}

#[derive(Debug, Clone)]
enum Mapping {
    Polynomial(Polynomial),
    Projective(Projective),
    Spline(Spline),
}

impl Mapping {
    fn at(&self, place: (f64, f64)) -> (f64, f64) {
        match self {
            Self::Polynomial(polynomial) => polynomial.at(place),
            Self::Projective(projective) => projective.at(place),
            Self::Spline(spline) => spline.at(place),
        }
    }
}

/// What is left between a control point and the transform.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Residual {
    /// Where the transform puts the point's pixel, minus where it is: x and y in units of the map.
    pub map: (f64, f64),
    /// Where the transform looks for the point's coordinates, minus its pixel: columns and rows.
    pub pixel: (f64, f64),
    /// The same by a transform of all other points (leave-one-out): what an unknown place has to expect. `None` where the others are
    /// too few.
    pub left_out_map: Option<(f64, f64)>,
    /// The same in columns and rows.
    pub left_out_pixel: Option<(f64, f64)>,
}

/// A place, or what an equation gives there.
type Pair = (f64, f64);

impl Transform {
    /// The transform that goes through or as near as can be to the points.
    ///
    /// # Errors
    /// [`AlignError::TooFew`], [`AlignError::TooMany`], [`AlignError::Degenerate`], [`AlignError::Number`].
    pub fn fit(points: &[ControlPoint], method: Method) -> Result<Self, AlignError> {
        let finite = |p: &ControlPoint| [p.pixel.0, p.pixel.1, p.map.0, p.map.1].iter().all(|v| v.is_finite());
        if let Some(place) = points.iter().position(|point| !finite(point)) {
            return Err(AlignError::Number { place: place + 1 });
        }
        if points.len() < method.needed() {
            return Err(AlignError::TooFew { method: method.name(), needed: method.needed(), got: points.len() });
        }
        if method == Method::ThinPlate && points.len() > spline::MOST {
            return Err(AlignError::TooMany { method: method.name(), most: spline::MOST, got: points.len() });
        }
        let (pixels, maps): (Vec<Pair>, Vec<Pair>) = points.iter().map(|p| (p.pixel, p.map)).unzip();
        let degenerate = || AlignError::Degenerate { method: method.name() };
        let both = match method {
            Method::Polynomial(order) => {
                let fit = |from: &[Pair], to: &[Pair]| Polynomial::fit(from, to, order).map(Mapping::Polynomial);
                fit(&pixels, &maps).zip(fit(&maps, &pixels))
            }
            Method::ThinPlate => {
                let fit = |from: &[Pair], to: &[Pair]| Spline::fit(from, to).map(Mapping::Spline);
                fit(&pixels, &maps).zip(fit(&maps, &pixels))
            }
            Method::Projective => Projective::fit(&maps, &pixels).and_then(|to_pixel| {
                let to_map = to_pixel.inverse()?;
                Some((Mapping::Projective(to_map), Mapping::Projective(to_pixel)))
            }),
        };
        let (to_map, to_pixel) = both.ok_or_else(degenerate)?;
        Ok(Self { method, to_map, to_pixel })
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The map coordinates of a pixel.
    pub fn to_map(&self, pixel: Pair) -> Pair {
        self.to_map.at(pixel)
    }

    /// The pixel of map coordinates; not finite where the transform has none.
    pub fn to_pixel(&self, map: Pair) -> Pair {
        self.to_pixel.at(map)
    }

    /// What is left at a point that took no part.
    pub fn check(&self, point: &ControlPoint) -> Residual {
        let map = difference(self.to_map(point.pixel), point.map);
        let pixel = difference(self.to_pixel(point.map), point.pixel);
        Residual { map, pixel, left_out_map: None, left_out_pixel: None }
    }

    /// What is left at each of the points from which the transform was fitted. Leaving one out is worked out in closed form for
    /// polynomials (from the leverages) and splines (Rippa 1999), and by fitting anew for projective transforms.
    pub fn residuals(&self, points: &[ControlPoint]) -> Vec<Residual> {
        let pairs = |of: fn(&ControlPoint) -> Pair| points.iter().map(of).collect::<Vec<Pair>>();
        let (pixels, maps) = (pairs(|p| p.pixel), pairs(|p| p.map));
        let left_out_map = self.left_out(&self.to_map, &pixels, &maps, points, |t, p| difference(t.to_map(p.pixel), p.map));
        let left_out_pixel = self.left_out(&self.to_pixel, &maps, &pixels, points, |t, p| difference(t.to_pixel(p.map), p.pixel));
        let all = points.iter().zip(left_out_map).zip(left_out_pixel);
        all.map(|((point, left_out_map), left_out_pixel)| Residual { left_out_map, left_out_pixel, ..self.check(point) })
            .collect()
    }

    fn left_out(
        &self,
        mapping: &Mapping,
        from: &[Pair],
        to: &[Pair],
        points: &[ControlPoint],
        error: fn(&Self, &ControlPoint) -> Pair,
    ) -> Vec<Option<Pair>> {
        if points.len() <= self.method.needed() {
            return vec![None; points.len()];
        }
        match mapping {
            Mapping::Polynomial(polynomial) => polynomial.left_out(from, to),
            Mapping::Spline(spline) => spline.left_out(),
            Mapping::Projective(_) => (0..points.len())
                .map(|i| {
                    let others: Vec<ControlPoint> =
                        points.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, point)| *point).collect();
                    Some(error(&Self::fit(&others, self.method).ok()?, &points[i]))
                })
                .collect(),
        }
    }
}

/// Root mean square length of differences; `None` where there is none.
pub fn rmse(differences: impl IntoIterator<Item = Pair>) -> Option<f64> {
    let (sum, count) = differences.into_iter().fold((0.0, 0usize), |(sum, count), (x, y)| (sum + x * x + y * y, count + 1));
    (count > 0).then(|| (sum / count as f64).sqrt())
}

fn difference(a: Pair, b: Pair) -> Pair {
    (a.0 - b.0, a.1 - b.1)
}

/// Coordinates brought near to 1, so that powers of them keep their digits.
#[derive(Debug, Clone, Copy)]
struct Norm {
    middle: Pair,
    scale: f64,
}

impl Norm {
    fn of(places: &[Pair]) -> Self {
        let n = places.len().max(1) as f64;
        let middle = (places.iter().map(|p| p.0).sum::<f64>() / n, places.iter().map(|p| p.1).sum::<f64>() / n);
        let far = places.iter().map(|p| (p.0 - middle.0).abs().max((p.1 - middle.1).abs())).fold(0.0, f64::max);
        Self { middle, scale: if far > 0.0 { far } else { 1.0 } }
    }

    fn near(&self, place: Pair) -> Pair {
        ((place.0 - self.middle.0) / self.scale, (place.1 - self.middle.1) / self.scale)
    }

    fn back(&self, place: Pair) -> Pair {
        (place.0 * self.scale + self.middle.0, place.1 * self.scale + self.middle.1)
    }
}

#[cfg(test)]
mod tests;
