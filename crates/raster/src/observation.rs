use crate::{Date, Scene};

/// One look at the ground: the scenes of one sensor and day, or of one overpass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Day of the earliest of its scenes.
    pub date: Date,
    /// Sensor of its first scene (id of the table).
    pub sensor: String,
    /// Places of its scenes in the list, the first clear one wins: later generation first, then by id.
    pub scenes: Vec<usize>,
}

/// Two scenes of one platform and orbit within this many seconds are one overpass.
const OVERPASS_S: i64 = 600;

/// The looks that a list of scenes amounts to, in order of time.
///
/// Two scenes belong to one look where they share sensor and day, or platform and orbit within ten minutes (an overpass
/// may cross midnight); the relation is taken transitively. The order of the list does not matter.
pub fn observations(scenes: &[Scene]) -> Vec<Observation> {
    let mut order: Vec<usize> = (0..scenes.len()).collect();
    order.sort_by(|&a, &b| when(&scenes[a]).cmp(&when(&scenes[b])).then_with(|| scenes[a].id.cmp(&scenes[b].id)));
    let mut group_of: Vec<usize> = (0..order.len()).collect();
    for later in 1..order.len() {
        for earlier in (0..later).rev() {
            let (a, b) = (&scenes[order[earlier]], &scenes[order[later]]);
            if b.date.days() - a.date.days() > 1 {
                break;
            }
            if same_look(a, b) {
                let (from, to) = (group_of[later], group_of[earlier]);
                group_of.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    let mut looks: Vec<Observation> = Vec::new();
    let mut place: Vec<Option<usize>> = vec![None; order.len()];
    for (position, &scene) in order.iter().enumerate() {
        let group = group_of[position];
        let look = *place[group].get_or_insert_with(|| {
            looks.push(Observation { date: scenes[scene].date, sensor: String::new(), scenes: Vec::new() });
            looks.len() - 1
        });
        looks[look].scenes.push(scene);
    }
    for look in &mut looks {
        look.scenes.sort_by(|&a, &b| {
            let (a, b) = (&scenes[a], &scenes[b]);
            b.generation.cmp(&a.generation).then_with(|| a.id.cmp(&b.id))
        });
        look.sensor.clone_from(&scenes[look.scenes[0]].sensor.id);
    }
    looks.sort_by(|a, b| a.date.cmp(&b.date).then_with(|| a.sensor.cmp(&b.sensor)).then_with(|| a.scenes.cmp(&b.scenes)));
    looks
}

fn when(scene: &Scene) -> (Date, u32) {
    (scene.date, scene.second.unwrap_or(0))
}

fn same_look(a: &Scene, b: &Scene) -> bool {
    if a.sensor.id == b.sensor.id && a.date == b.date {
        return true;
    }
    let seconds = |s: &Scene| s.second.map(|second| i64::from(s.date.days()) * 86_400 + i64::from(second));
    match (seconds(a), seconds(b)) {
        (Some(at), Some(bt)) => {
            !a.platform.is_empty()
                && a.platform == b.platform
                && a.orbit.is_some()
                && a.orbit == b.orbit
                && (at - bt).abs() <= OVERPASS_S
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Crs, Grid, Sensor};

    fn scene(id: &str, sensor: &str, date: &str, second: Option<u32>, generation: &str) -> Scene {
        let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
        Scene {
            id: id.to_owned(),
            sensor: Arc::new(Sensor::plain(sensor)),
            platform: "LANDSAT_8".to_owned(),
            orbit: Some(8),
            date: date.parse().expect("a date"),
            second,
            generation: generation.to_owned(),
            grid: Grid { crs, west: 0.0, north: 0.0, step_x: 30.0, step_y: 30.0, rows: 1, cols: 1 },
            layers: Vec::new(),
        }
    }

    #[test]
    fn a_later_generation_of_one_day_comes_first_whatever_the_order() {
        let mut scenes = vec![
            scene("b", "oli", "2020-01-01", None, "20200105"),
            scene("a", "oli", "2020-01-01", None, "20200105"),
            scene("c", "oli", "2020-01-01", None, "20210105"),
            scene("d", "oli", "2019-01-01", None, "20190105"),
        ];
        let ids = |scenes: &[Scene]| -> Vec<Vec<String>> {
            observations(scenes).iter().map(|o| o.scenes.iter().map(|&s| scenes[s].id.clone()).collect()).collect()
        };
        let expected = vec![vec!["d".to_owned()], vec!["c".to_owned(), "a".to_owned(), "b".to_owned()]];
        assert_eq!(ids(&scenes), expected);
        scenes.reverse();
        assert_eq!(ids(&scenes), expected);
    }

    #[test]
    fn an_overpass_across_midnight_is_one_look() {
        let scenes = vec![
            scene("a", "oli", "2020-01-01", Some(86_300), ""),
            scene("b", "oli", "2020-01-02", Some(100), ""),
            scene("c", "oli", "2020-01-02", Some(40_000), ""),
            scene("d", "oli", "2020-01-03", Some(86_300), ""),
        ];
        // c shares sensor and day with b, so the three are one look; d is another.
        assert_eq!(observations(&scenes).iter().map(|o| o.scenes.len()).collect::<Vec<_>>(), [3, 1]);
    }

    #[test]
    fn two_sensors_of_one_day_are_two_looks() {
        let scenes = vec![scene("a", "oli", "2020-01-01", None, ""), scene("b", "msi", "2020-01-01", None, "")];
        assert_eq!(observations(&scenes).len(), 2);
    }
}
