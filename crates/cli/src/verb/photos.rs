//! `photos`: where photographs of a flight were taken and what they show.

use std::path::{Path, PathBuf};

use alert::{Features, Values};
use geo::{Destination as _, Geodesic, Point};
use geo_types::{Geometry, LineString, Polygon};
use geoio::photo::Photo;
use geoio::sink::SinkOptions;
use raster::{View, Warning};
use serde_json::json;

use super::apart::check_apart;
use crate::args::{Common, Photos};
use crate::fault::{Exit, Fault};
use crate::report::Report;

/// Endings of photographs in a folder.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "tif", "tiff", "heic", "png", "webp", "dng"];

/// Turns photographs into points and footprints.
pub(crate) fn photos(arguments: &Photos, common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("photos");
    let files = files(&arguments.inputs)?;
    for out in [Some(&arguments.out), arguments.footprints.as_ref()].into_iter().flatten() {
        check_apart(Some(out), &files)?;
    }
    let mut read: Vec<Photo> = Vec::new();
    for file in &files {
        match Photo::read(file) {
            Ok(photo) => read.push(photo),
            Err(error) => {
                report.rejected += 1;
                report.warnings.push(Warning::new("photo_rejected", error.to_string()).about(file.display().to_string()));
            }
        }
    }
    if read.is_empty() {
        let cause = report.warnings.first().map(|warning| format!(": {}", warning.message)).unwrap_or_default();
        return Err(Fault::new(Exit::Input, format!("none of {} files is a photograph with EXIF{cause}", files.len())));
    }
    let views: Vec<Result<[(f64, f64); 4], &'static str>> = read.iter().map(|photo| ground(photo, arguments)).collect();
    let placeless = read.iter().filter(|photo| photo.position.is_none()).count();
    if placeless > 0 {
        report
            .warnings
            .push(Warning::new("photo_without_place", format!("{placeless} photographs do not say where they were taken")));
    }
    let points = read.iter().map(|photo| photo.position.map(|(lon, lat)| Geometry::Point(Point::new(lon, lat)))).collect();
    let points = described(Features::new("photos", points), &read, &views)?;
    let options = SinkOptions { force: common.force, ..SinkOptions::default() };
    geoio::sink::write(&arguments.out, &points, &options)?;
    report.output(&arguments.out);
    let shown = views.iter().filter(|view| view.is_ok()).count();
    if let Some(out) = &arguments.footprints {
        let outlines = read.iter().zip(&views).map(|(photo, view)| outline(photo.position?, view.as_ref().ok()?)).collect();
        let footprints = described(Features::new("footprints", outlines), &read, &views)?.retain(|_| true);
        geoio::sink::write(out, &footprints, &options)?;
        report.output(out);
    }
    report.fact("counts", json!({ "photos": read.len(), "with_place": read.len() - placeless, "with_footprint": shown }));
    report.say(format!("{} photographs, {} with a place, {shown} with a footprint", read.len(), read.len() - placeless));
    Ok(report)
}

/// The files named, and those of folders named, by name.
fn files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Fault> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            files.push(input.clone());
            continue;
        }
        let listed = std::fs::read_dir(input).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let listed = listed.map_err(|error| Fault::new(Exit::Input, format!("{} cannot be listed: {error}", input.display())))?;
        let is_photo = |path: &PathBuf| {
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
            ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) && path.is_file()
        };
        let before = files.len();
        files.extend(listed.into_iter().map(|entry| entry.path()).filter(is_photo));
        files[before..].sort();
    }
    if files.is_empty() { Err(Fault::new(Exit::Input, "there is no photograph in what was named")) } else { Ok(files) }
}

/// Corners of what a photograph shows, in metres from below the camera, or why there are none.
fn ground(photo: &Photo, arguments: &Photos) -> Result<[(f64, f64); 4], &'static str> {
    if photo.position.is_none() {
        return Err("no place");
    }
    if photo.is_part {
        return Err("cut out of a larger photograph");
    }
    let height_m = match (arguments.height, arguments.ground) {
        (Some(height), _) => Some(height),
        (None, Some(ground)) => photo.altitude_m.map(|altitude| altitude - ground),
        (None, None) => photo.height_m,
    };
    let view = View {
        heading_deg: photo.heading_deg.ok_or("no heading")?,
        pitch_deg: photo.pitch_deg.or(arguments.nadir.then_some(-90.0)).ok_or("no pitch")?,
        roll_deg: photo.roll_deg.unwrap_or(0.0),
        half_field: photo.half_field.ok_or("no focal length")?,
        height_m: height_m.ok_or("no height above ground")?,
    };
    if view.height_m <= 0.0 {
        return Err("not above ground");
    }
    view.ground().ok_or("looks to the horizon")
}

/// The polygon of corners around a place.
fn outline((lon, lat): (f64, f64), corners: &[(f64, f64); 4]) -> Option<Geometry<f64>> {
    let place = |&(east, north): &(f64, f64)| {
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        let at = Geodesic.destination(Point::new(lon, lat), east.atan2(north).to_degrees(), east.hypot(north));
        (round(at.x()), round(at.y()))
    };
    let ring: Vec<(f64, f64)> = corners.iter().map(place).collect();
    ring.iter()
        .all(|(x, y)| x.is_finite() && y.is_finite())
        .then(|| Geometry::MultiPolygon(alert::split_antimeridian(&Polygon::new(LineString::from(ring), Vec::new()).into())))
}

/// The table with what photographs say.
fn described(features: Features, photos: &[Photo], views: &[Result<[(f64, f64); 4], &'static str>]) -> Result<Features, Fault> {
    let text = |of: &dyn Fn(&Photo) -> Option<String>| Values::Text(photos.iter().map(of).collect());
    let real = |of: &dyn Fn(&Photo) -> Option<f64>| Values::Real(photos.iter().map(of).collect());
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let state = views.iter().map(|view| Some(view.as_ref().err().copied().unwrap_or("shown").to_owned())).collect();
    Ok(features
        .with("id", text(&|photo| Some(photo.sha256[..16].to_owned())))?
        .with("file", text(&|photo| name(&photo.path)))?
        .with("sha256", text(&|photo| Some(photo.sha256.clone())))?
        .with("taken_utc", text(&|photo| photo.taken_utc.clone()))?
        .with("taken_local", text(&|photo| photo.taken_local.clone()))?
        .with("camera", text(&|photo| photo.camera.clone()))?
        .with("altitude_m", real(&|photo| photo.altitude_m))?
        .with("height_m", real(&|photo| photo.height_m))?
        .with("heading_deg", real(&|photo| photo.heading_deg))?
        .with("pitch_deg", real(&|photo| photo.pitch_deg))?
        .with("roll_deg", real(&|photo| photo.roll_deg))?
        .with("footprint", Values::Text(state))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footprint_lies_around_the_place_by_its_metres() {
        let corners = [(-50.0, -37.5), (50.0, -37.5), (50.0, 37.5), (-50.0, 37.5)];
        let Some(Geometry::MultiPolygon(shape)) = outline((-72.5, 2.5), &corners) else { panic!("a polygon") };
        let (area, perimeter) = alert::geodesic_size(&shape);
        assert!((area - 7500.0).abs() < 2.0 && (perimeter - 350.0).abs() < 0.1, "{area} {perimeter}");
    }
}
