//! Which way a camera looked, as makers of drones write it into XMP.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use crate::scenes::xml::elements;

/// What stands before a packet of XMP within a JPEG's segment.
const XMP_NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Angles and heights of a packet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Attitude {
    pub(super) heading_deg: Option<f64>,
    pub(super) pitch_deg: Option<f64>,
    pub(super) roll_deg: Option<f64>,
    pub(super) altitude_m: Option<f64>,
    pub(super) height_m: Option<f64>,
    pub(super) calibration: Option<Calibration>,
}

/// What the maker measured of a camera: focal length and middle of the whole picture, in one unit (DJI: pixels or millimetres).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calibration {
    focal: f64,
    centre: (f64, f64),
}

/// What a picture shows of what its camera saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shown {
    /// All of it, maybe in fewer pixels, or its middle; tangents of half the field across and along.
    Field((f64, f64)),
    /// A part that somebody cut out, nobody knows where.
    Part,
}

impl Calibration {
    /// What a picture of so many columns and rows shows: the middle in the camera's own pixels where one side is whole, all where its
    /// sides are to one another as the camera's are, else a part. A hundredth and a half may be the calibration's.
    pub(super) fn shown(&self, (cols, rows): (u32, u32)) -> Shown {
        let (across, along) = (f64::from(cols) / (2.0 * self.centre.0), f64::from(rows) / (2.0 * self.centre.1));
        let is_one = |ratio: f64| (ratio - 1.0).abs() < 0.015;
        let (half_across, half_along) = (self.centre.0 / self.focal, self.centre.1 / self.focal);
        if is_one(across) && along < 1.015 || is_one(along) && across < 1.015 {
            Shown::Field((half_across * across, half_along * along))
        } else if is_one(across / along) {
            Shown::Field((half_across, half_along))
        } else {
            Shown::Part
        }
    }
}

impl Attitude {
    /// What a packet says; nothing where it is no XML.
    ///
    /// The camera's own angles (DJI: `GimbalYawDegree` and so on) win over those that others give (`Camera:Yaw`, `Camera:Pitch`,
    /// `Camera:Roll` of the names of `Pix4D`, by which 0 is straight down).
    pub(super) fn of_packet(packet: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(packet) else { return Self::default() };
        let Ok(elements) = elements(text.trim_matches(['\0', ' ', '\n', '\r'])) else { return Self::default() };
        let number = |name: &str| {
            let told = elements.iter().find_map(|element| {
                element.attribute(name).or_else(|| (element.name == name && !element.text.is_empty()).then_some(&*element.text))
            })?;
            told.trim().trim_start_matches('+').parse::<f64>().ok().filter(|number| number.is_finite())
        };
        let positive = |name: &str| number(name).filter(|number| *number > 0.0);
        let centre = positive("CalibratedOpticalCenterX").zip(positive("CalibratedOpticalCenterY"));
        Self {
            heading_deg: number("GimbalYawDegree").or_else(|| number("Yaw")).map(|degrees| degrees.rem_euclid(360.0)),
            pitch_deg: number("GimbalPitchDegree").or_else(|| number("Pitch").map(|degrees| degrees - 90.0)),
            roll_deg: number("GimbalRollDegree").or_else(|| number("Roll")),
            altitude_m: number("AbsoluteAltitude"),
            height_m: number("RelativeAltitude").or_else(|| number("AboveGroundAltitude")),
            calibration: positive("CalibratedFocalLength").zip(centre).map(|(focal, centre)| Calibration { focal, centre }),
        }
    }
}

/// The packet of XMP of a JPEG; none of what is no JPEG, or of a packet longer than `most`.
pub(super) fn packet_of_jpeg(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut mark = [0; 2];
    if file.read_exact(&mut mark).is_err() || mark != [0xff, 0xd8] {
        return Ok(None);
    }
    loop {
        let mut head = [0; 4];
        // Where the picture's data begin, or the file ends, there are no more segments.
        if file.read_exact(&mut head).is_err() || head[0] != 0xff || head[1] == 0xda {
            return Ok(None);
        }
        let length = usize::from(u16::from_be_bytes([head[2], head[3]])).saturating_sub(2);
        if head[1] != 0xe1 || length <= XMP_NAME.len() || length > most {
            file.seek_relative(length as i64)?;
            continue;
        }
        let mut segment = vec![0; length];
        if file.read_exact(&mut segment).is_err() {
            return Ok(None);
        }
        if let Some(packet) = segment.strip_prefix(XMP_NAME) {
            return Ok(Some(packet.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_come_from_attributes_or_elements() {
        let dji = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description xmlns:drone-dji="d"
            drone-dji:GimbalYawDegree="-30.50" drone-dji:GimbalPitchDegree="-89.90" drone-dji:GimbalRollDegree="+0.00"
            drone-dji:RelativeAltitude="+81.20" drone-dji:AbsoluteAltitude="+311.7"/></rdf:RDF></x:xmpmeta>"#;
        let told = Attitude::of_packet(dji);
        assert_eq!((told.heading_deg, told.pitch_deg, told.roll_deg), (Some(329.5), Some(-89.9), Some(0.0)));
        assert_eq!((told.height_m, told.altitude_m), (Some(81.2), Some(311.7)));
        let others = b"<a><Camera:Yaw xmlns:Camera='c'>12.5</Camera:Yaw><Pitch>3</Pitch></a>";
        let told = Attitude::of_packet(others);
        assert_eq!((told.heading_deg, told.pitch_deg, told.roll_deg), (Some(12.5), Some(-87.0), None));
    }

    #[test]
    fn a_part_cut_out_of_a_photograph_has_no_field() {
        // A DJI FC6310 at 16 to 9: 13.1 mm of sensor across behind 8.8 mm.
        let packet =
            b"<a CalibratedFocalLength='3666.666504' CalibratedOpticalCenterX='2736.0' CalibratedOpticalCenterY='1539.0'/>";
        let camera = Attitude::of_packet(packet).calibration.expect("a calibration");
        let field = |size| match camera.shown(size) {
            Shown::Field((across, along)) => Some(((across * 1e4).round() / 1e4, (along * 1e4).round() / 1e4)),
            Shown::Part => None,
        };
        assert_eq!(field((5472, 3078)), Some((0.7462, 0.4197)));
        assert_eq!(field((1368, 770)), Some((0.7462, 0.4197)), "the same in fewer pixels");
        assert_eq!(field((4104, 3078)), Some((0.5596, 0.4197)), "its middle");
        assert_eq!(field((1058, 997)), None);
    }

    #[test]
    fn what_is_no_packet_says_nothing() {
        for packet in [&b"\xff\xfe"[..], b"<a", b"<a GimbalYawDegree='x'/>", b""] {
            assert_eq!(Attitude::of_packet(packet), Attitude::default());
        }
    }
}
