use std::path::Path;

use geoio::Image;
use ndarray::{Array3, Axis};

use super::control::Controls;
use super::residuals::Judged;
use crate::args::Common;
use crate::fault::Fault;
use crate::language::Language;
use crate::picture::{Arrow, ArrowPicture, draw_arrows};

/// Longest side of the image in the picture, in pixels.
const LONGEST: usize = 1000;
/// Shares of values that become black and white.
const BLACK: f64 = 0.02;
const WHITE: f64 = 0.98;

/// Draws the image with an arrow at each control point, from where it was set to where the transform puts it.
pub(super) fn write(path: &Path, image: &Image, (controls, judged): (&Controls, &Judged), common: &Common) -> Result<(), Fault> {
    let (values, factor) = image.reduced(LONGEST)?;
    let ground = shaded(&values);
    let language = common.lang.unwrap_or_default();
    let arrows: Vec<Arrow> = controls
        .rows
        .iter()
        .zip(&judged.residuals)
        .enumerate()
        .map(|(i, (row, residual))| Arrow {
            at: (row.pixel.0 * factor, row.pixel.1 * factor),
            by: residual.pixel,
            name: if row.name.is_empty() { format!("{}", i + 1) } else { row.name.chars().take(12).collect() },
            used: row.enabled,
        })
        .collect();
    let picture = ArrowPicture {
        ground: ground.view(),
        arrows: &arrows,
        title: title(image.path(), controls, judged, language),
        unit: "px",
        words: [
            language.pick("punto usado", "point used"),
            language.pick("punto de control, no usado", "check point, not used"),
            language.pick("flecha", "arrow"),
        ],
    };
    Ok(geoio::write_png(path, &draw_arrows(&picture).view(), common.force)?)
}

fn title(path: &Path, controls: &Controls, judged: &Judged, language: Language) -> Vec<String> {
    use align::control::Method;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let method = match controls.transform.method() {
        Method::Polynomial(order) => format!("{} {order}", language.pick("polinomio de orden", "polynomial of order")),
        Method::Projective => language.pick("transformación proyectiva", "projective transform").to_owned(),
        Method::ThinPlate => language.pick("spline de placa delgada", "thin-plate spline").to_owned(),
    };
    let number = |v: Option<f64>| v.map_or_else(|| language.pick("no se sabe", "not known").to_owned(), |v| format!("{v:.2} px"));
    let check =
        judged.pixel[2].map(|v| format!("; {} {v:.2} px", language.pick("puntos no usados", "check points"))).unwrap_or_default();
    vec![
        name,
        format!("{} {}: {method}", controls.points(true).len(), language.pick("puntos", "points")),
        format!(
            "{} {}; {} {}{check}",
            language.pick("error medio cuadrático", "root mean square error"),
            number(judged.pixel[0]),
            language.pick("dejando uno fuera", "leaving one out"),
            number(judged.pixel[1])
        ),
    ]
}

/// Brightness of an image of one or three bands, shape (3, y, x), each stretched over its own range.
fn shaded(values: &Array3<f32>) -> Array3<u8> {
    let (_, rows, cols) = values.dim();
    let mut colours = Array3::from_elem((3, rows, cols), 196);
    for (band, mut out) in colours.axis_iter_mut(Axis(0)).enumerate() {
        let plane = values.index_axis(Axis(0), band.min(values.len_of(Axis(0)) - 1));
        let mut sorted: Vec<f32> = plane.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| sorted.get((sorted.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0.0);
        let (low, high) = (at(BLACK), at(WHITE));
        out.zip_mut_with(&plane, |out, v| {
            if v.is_finite() {
                *out = ((v - low) / (high - low).max(f32::MIN_POSITIVE) * 255.0).clamp(0.0, 255.0) as u8;
            }
        });
    }
    colours
}
