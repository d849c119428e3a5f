//! Photographs of drones: when, where and which way, as their EXIF and XMP say.

mod attitude;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use exif::{Context, Exif, Field, In, Rational, Tag, Value};

use crate::{GeoioError, open, sha256_file};
use attitude::{Attitude, Shown};

/// Diagonal of the picture that focal lengths are told for as if it were of film, millimetres.
const FILM_DIAGONAL_MM: f64 = 43.266_615_3;

/// Largest packet of XMP that is read.
const MAX_XMP: usize = 1 << 20;

/// What a photograph says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// When it was taken, UTC as in RFC 3339: by the receiver's clock, else the camera's where that tells its zone.
    pub taken_utc: Option<String>,
    /// When it was taken by the camera's clock, of no known zone.
    pub taken_local: Option<String>,
    /// Longitude and latitude, degrees.
    pub position: Option<(f64, f64)>,
    /// Height as the receiver tells it, metres: above sea level or the ellipsoid, files do not say which.
    pub altitude_m: Option<f64>,
    /// Height above where the drone rose from, metres.
    pub height_m: Option<f64>,
    /// Direction of the camera's axis, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Its axis above the horizon, degrees: -90 is straight down.
    pub pitch_deg: Option<f64>,
    /// Its turn around its axis, degrees.
    pub roll_deg: Option<f64>,
    /// Maker and model.
    pub camera: Option<String>,
    /// Columns and rows.
    pub pixels: Option<(u32, u32)>,
    /// Tangents of half the field across and along the picture.
    pub half_field: Option<(f64, f64)>,
    /// Whether it is a part cut out of a larger photograph, by the size that the camera's calibration tells: it has no field then.
    pub is_part: bool,
}

impl Photo {
    /// Reads the tags of a photograph (JPEG, TIFF, HEIF, PNG or WebP); its pixels are not unpacked.
    ///
    /// # Errors
    /// [`GeoioError::NotLocal`], [`GeoioError::Input`], or [`GeoioError::Open`] where it is no picture or its EXIF tells neither
    /// place, nor time, nor camera.
    pub fn read(path: &Path) -> Result<Self, GeoioError> {
        open::check_local(path)?;
        let input = |source| GeoioError::Input { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(input)?);
        let wrong =
            |reason: String| GeoioError::Open { path: path.to_owned(), expected: "a photograph with EXIF".to_owned(), reason };
        let exif = exif::Reader::new().read_from_container(&mut file).map_err(|error| wrong(error.to_string()))?;
        let attitude = match exif.get_field(Tag(Context::Tiff, 700), In::PRIMARY).map(|field| &field.value) {
            Some(Value::Byte(bytes) | Value::Undefined(bytes, _)) if bytes.len() <= MAX_XMP => Attitude::of_packet(bytes),
            _ => attitude::packet_of_jpeg(path, MAX_XMP)
                .map_err(input)?
                .map(|packet| Attitude::of_packet(&packet))
                .unwrap_or_default(),
        };
        let tags = Tags(&exif);
        let pixels = tags.pixels();
        let shown = attitude.calibration.zip(pixels).map(|(camera, pixels)| camera.shown(pixels));
        // A map in a TIFF has tags too.
        if tags.position().is_none() && tags.camera().is_none() && tags.clock(Tag::DateTimeOriginal).is_none() {
            return Err(wrong("it tells neither where, nor when, nor with what it was taken".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            sha256: sha256_file(path)?,
            taken_utc: tags.taken_by_receiver().or_else(|| tags.taken_with_zone()),
            taken_local: tags.clock(Tag::DateTimeOriginal),
            position: tags.position(),
            altitude_m: tags.altitude().or(attitude.altitude_m),
            height_m: attitude.height_m,
            heading_deg: attitude.heading_deg.or_else(|| tags.heading()),
            pitch_deg: attitude.pitch_deg,
            roll_deg: attitude.roll_deg,
            camera: tags.camera(),
            half_field: match shown {
                Some(Shown::Field(field)) => Some(field),
                Some(Shown::Part) => None,
                None => pixels.and_then(|pixels| tags.half_field(pixels)),
            },
            is_part: shown == Some(Shown::Part),
            pixels,
        })
    }
}

/// EXIF fields, by what they mean.
struct Tags<'a>(&'a Exif);

impl Tags<'_> {
    fn field(&self, tag: Tag) -> Option<&Field> {
        self.0.get_field(tag, In::PRIMARY)
    }

    fn text(&self, tag: Tag) -> Option<String> {
        match &self.field(tag)?.value {
            Value::Ascii(lines) => {
                let text = String::from_utf8_lossy(lines.first()?).trim_matches(['\0', ' ']).to_owned();
                (!text.is_empty()).then_some(text)
            }
            _ => None,
        }
    }

    fn rationals(&self, tag: Tag) -> Option<Vec<f64>> {
        match &self.field(tag)?.value {
            Value::Rational(numbers) => {
                let numbers: Vec<f64> = numbers.iter().map(Rational::to_f64).collect();
                numbers.iter().all(|number| number.is_finite()).then_some(numbers)
            }
            _ => None,
        }
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        let number = match &self.field(tag)?.value {
            Value::Rational(numbers) => numbers.first()?.to_f64(),
            Value::SRational(numbers) => numbers.first()?.to_f64(),
            value => f64::from(value.get_uint(0)?),
        };
        number.is_finite().then_some(number)
    }

    /// Degrees of degrees, minutes and seconds.
    fn angle(&self, tag: Tag, limit: f64) -> Option<f64> {
        let parts = self.rationals(tag)?;
        let degrees = parts.iter().zip([1.0, 60.0, 3600.0]).map(|(part, unit)| part / unit).sum::<f64>();
        (parts.len() <= 3 && !parts.is_empty() && degrees <= limit).then_some(degrees)
    }

    fn position(&self) -> Option<(f64, f64)> {
        let side = |tag: Tag, positive: &str, negative: &str| match self.text(tag)?.to_ascii_uppercase().as_str() {
            side if side == positive => Some(1.0),
            side if side == negative => Some(-1.0),
            _ => None,
        };
        let lon = self.angle(Tag::GPSLongitude, 180.0)? * side(Tag::GPSLongitudeRef, "E", "W")?;
        let lat = self.angle(Tag::GPSLatitude, 90.0)? * side(Tag::GPSLatitudeRef, "N", "S")?;
        // Receivers without a fix write zeros.
        (lon != 0.0 || lat != 0.0).then_some((lon, lat))
    }

    fn altitude(&self) -> Option<f64> {
        let height = self.number(Tag::GPSAltitude)?;
        let is_below = self.field(Tag::GPSAltitudeRef).and_then(|field| field.value.get_uint(0)) == Some(1);
        Some(if is_below { -height } else { height })
    }

    /// The direction told by the receiver; one from magnetic north is none.
    fn heading(&self) -> Option<f64> {
        let is_true = self.text(Tag::GPSImgDirectionRef).is_none_or(|reference| reference.eq_ignore_ascii_case("T"));
        self.number(Tag::GPSImgDirection).filter(|degrees| is_true && (0.0..=360.0).contains(degrees))
    }

    fn taken_by_receiver(&self) -> Option<String> {
        let day = self.text(Tag::GPSDateStamp)?.replace(':', "-");
        let time = self.rationals(Tag::GPSTimeStamp)?;
        let [hours, minutes, seconds] = time.as_slice() else { return None };
        is_day(&day).then(|| format!("{day}T{:02}:{:02}:{:02}Z", *hours as u32, *minutes as u32, *seconds as u32))
    }

    /// What the camera's clock showed, as `YYYY-MM-DDThh:mm:ss`.
    fn clock(&self, tag: Tag) -> Option<String> {
        let text = self.text(tag)?;
        let (day, time) = text.split_once(' ')?;
        let day = day.replace(':', "-");
        (is_day(&day) && is_time(time)).then(|| format!("{day}T{time}"))
    }

    /// The time by the camera's clock and zone, in UTC.
    fn taken_with_zone(&self) -> Option<String> {
        let zone = self.text(Tag::OffsetTimeOriginal)?;
        let local = self.clock(Tag::DateTimeOriginal)?;
        let ahead = minutes_ahead(&zone)?;
        let (day, time) = local.split_once('T')?;
        let date: raster::Date = day.parse().ok()?;
        let mut parts = time.split(':').map(|part| part.parse::<i32>().ok());
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
        let total = hours * 60 + minutes - ahead;
        let date = raster::Date::from_days(date.days() + total.div_euclid(1440));
        let total = total.rem_euclid(1440);
        Some(format!("{date}T{:02}:{:02}:{seconds:02}Z", total / 60, total % 60))
    }

    fn camera(&self) -> Option<String> {
        let (maker, model) = (self.text(Tag::Make), self.text(Tag::Model));
        let parts: Vec<String> = [maker, model].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn pixels(&self) -> Option<(u32, u32)> {
        let size = |tag: Tag| self.field(tag)?.value.get_uint(0).filter(|size| *size > 0);
        size(Tag::PixelXDimension).zip(size(Tag::PixelYDimension)).or_else(|| size(Tag::ImageWidth).zip(size(Tag::ImageLength)))
    }

    /// By focal length and pixels a unit of the sensor, else by the focal length as if it were of film.
    fn half_field(&self, (cols, rows): (u32, u32)) -> Option<(f64, f64)> {
        let (cols, rows) = (f64::from(cols), f64::from(rows));
        let unit_mm = match self.field(Tag::FocalPlaneResolutionUnit).and_then(|field| field.value.get_uint(0)) {
            None | Some(2) => Some(25.4),
            Some(3) => Some(10.0),
            Some(4) => Some(1.0),
            Some(_) => None,
        };
        let of_sensor = || {
            let focal = self.number(Tag::FocalLength).filter(|focal| *focal > 0.0)?;
            let side = |tag: Tag, pixels: f64| {
                let a_unit = self.number(tag).filter(|number| *number > 0.0)?;
                Some(pixels / a_unit * unit_mm? / 2.0 / focal)
            };
            side(Tag::FocalPlaneXResolution, cols).zip(side(Tag::FocalPlaneYResolution, rows))
        };
        let of_film = || {
            let focal = self.number(Tag::FocalLengthIn35mmFilm).filter(|focal| *focal > 0.0)?;
            let a_pixel = FILM_DIAGONAL_MM / cols.hypot(rows) / 2.0 / focal;
            Some((cols * a_pixel, rows * a_pixel))
        };
        of_sensor().or_else(of_film)
    }
}

fn is_day(text: &str) -> bool {
    text.parse::<raster::Date>().is_ok()
}

fn is_time(text: &str) -> bool {
    let parts: Vec<Option<u32>> = text.split(':').map(|part| part.parse().ok()).collect();
    matches!(parts.as_slice(), [Some(0..=23), Some(0..=59), Some(0..=60)]) && text.len() == 8
}

/// Minutes of `+hh:mm`.
fn minutes_ahead(zone: &str) -> Option<i32> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return (zone == "Z").then_some(0),
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}
