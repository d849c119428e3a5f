/// Where a camera looked: its angles as drones give them, its field and its height.
///
/// The ground is taken for a plane at one height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Direction of its axis over ground, degrees clockwise from north; of one that looks straight down, that of the picture's upper edge.
    pub heading_deg: f64,
    /// Its axis above the horizon, degrees: -90 is straight down.
    pub pitch_deg: f64,
    /// Turn around its axis, degrees, clockwise as seen from behind it.
    pub roll_deg: f64,
    /// Tangents of half the field across and along the picture.
    pub half_field: (f64, f64),
    /// Metres above ground.
    pub height_m: f64,
}

/// Rays less than this below the horizon meet the ground too far off to say where.
const LEAST_DESCENT: f64 = 0.1;

type Vector = [f64; 3];

impl View {
    /// What of the ground is in the picture: the corners in metres (east, north) from below the camera, from the picture's lower left
    /// corner counter-clockwise for a camera that looks down. `None` where part of the picture looks to the horizon or above, or the
    /// camera is not above ground.
    pub fn ground(&self) -> Option<[(f64, f64); 4]> {
        if self.height_m.is_nan() || self.height_m <= 0.0 {
            return None;
        }
        let (sin_yaw, cos_yaw) = self.heading_deg.to_radians().sin_cos();
        let (sin_pitch, cos_pitch) = self.pitch_deg.to_radians().sin_cos();
        let (sin_roll, cos_roll) = self.roll_deg.to_radians().sin_cos();
        let forward = [cos_pitch * sin_yaw, cos_pitch * cos_yaw, sin_pitch];
        let level_right = [cos_yaw, -sin_yaw, 0.0];
        let level_up = cross(level_right, forward);
        let right = sum(level_right, cos_roll, level_up, -sin_roll);
        let up = sum(level_up, cos_roll, level_right, sin_roll);
        let (across, along) = self.half_field;
        let mut corners = [(0.0, 0.0); 4];
        for (corner, (x, y)) in corners.iter_mut().zip([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]) {
            let ray = sum(sum(forward, 1.0, right, x * across), 1.0, up, y * along);
            let descent = -ray[2] / ray.iter().map(|part| part * part).sum::<f64>().sqrt();
            if descent.is_nan() || descent < LEAST_DESCENT {
                return None;
            }
            let reach = self.height_m / -ray[2];
            *corner = (ray[0] * reach, ray[1] * reach);
        }
        Some(corners)
    }
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn sum(a: Vector, of_a: f64, b: Vector, of_b: f64) -> Vector {
    std::array::from_fn(|i| a[i] * of_a + b[i] * of_b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: View = View { heading_deg: 0.0, pitch_deg: -90.0, roll_deg: 0.0, half_field: (0.5, 0.375), height_m: 100.0 };

    fn is_near(got: Option<[(f64, f64); 4]>, expected: [(f64, f64); 4]) -> bool {
        got.is_some_and(|got| got.iter().zip(expected).all(|(a, b)| (a.0 - b.0).abs() < 1e-6 && (a.1 - b.1).abs() < 1e-6))
    }

    #[test]
    fn a_camera_that_looks_down_sees_its_field_times_its_height() {
        assert!(is_near(DOWN.ground(), [(-50.0, -37.5), (50.0, -37.5), (50.0, 37.5), (-50.0, 37.5)]));
    }

    #[test]
    fn the_picture_turns_with_the_heading() {
        // Its upper edge lies in the east: left is north.
        let east = View { heading_deg: 90.0, ..DOWN };
        assert!(is_near(east.ground(), [(-37.5, 50.0), (-37.5, -50.0), (37.5, -50.0), (37.5, 50.0)]));
    }

    #[test]
    fn an_oblique_view_reaches_farther_at_its_upper_edge() {
        // Axis 45 degrees down to the north, half field 45 degrees to either side: lower edge straight below, upper edge at the horizon.
        let half = 30f64.to_radians().tan();
        let north = View { pitch_deg: -45.0, half_field: (0.0, half), ..DOWN };
        let (near, far) = (100.0 * 15f64.to_radians().tan(), 100.0 * 75f64.to_radians().tan());
        assert!(is_near(north.ground(), [(0.0, near), (0.0, near), (0.0, far), (0.0, far)]));
        let roll = View { roll_deg: 90.0, ..DOWN };
        assert!(is_near(roll.ground(), [(37.5, -50.0), (37.5, 50.0), (-37.5, 50.0), (-37.5, -50.0)].map(|(x, y)| (-x, -y))));
    }

    #[test]
    fn a_view_of_the_horizon_has_no_footprint() {
        assert_eq!(View { pitch_deg: -10.0, ..DOWN }.ground(), None);
        assert_eq!(View { height_m: -3.0, ..DOWN }.ground(), None);
        assert_eq!(View { height_m: f64::NAN, ..DOWN }.ground(), None);
    }
}
