//! From a change map to alerts, without any file.

use std::error::Error;

use alert::{
    Alert, AlertContext, Confidence, Patch, PatchBuilder, PatchRules, PatchStatistics, Projection, VICINITY_M, Values, Vicinity,
    alert_features, alerts,
};
use change::{Answer, ChangeStrip, NO_DAY};
use geo::{Contains, Validation, Winding};
use geo_types::Point;
use ndarray::{Array2, s};
use proptest::prelude::*;
use raster::{Crs, Date, Grid, Window};

/// Metres around a place in Caquetá, on a plane that a tenth of a degree of it can pass for.
struct Plane;

impl Projection for Plane {
    fn to_lonlat(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), Box<dyn Error + Send + Sync>> {
        for (x, y) in x.iter_mut().zip(y) {
            *x = -74.0 + (*x - 500_000.0) / 111_300.0 + (*y - 200_000.0) * 1e-9;
            *y = 1.8 + (*y - 200_000.0) / 110_600.0;
        }
        Ok(())
    }
}

fn grid(rows: usize, cols: usize) -> Grid {
    let crs = Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
    Grid { crs, west: 500_000.0, north: 200_000.0, step_x: 10.0, step_y: 10.0, rows, cols }
}

/// A map whose change is given by letters: `.` unchanged, `?` not seen, `-` not eligible, `a`.. changed on the first day, the second, ..; capitals confirmed.
fn map(rows: &[&str]) -> ChangeStrip {
    let shape = (rows.len(), rows[0].len());
    let letter = |(row, col): (usize, usize)| rows[row].as_bytes()[col];
    let change = |at| letter(at).is_ascii_alphabetic();
    let offset = |at| i32::from(letter(at).to_ascii_lowercase()) - i32::from(b'a');
    let confirmed = |at| letter(at).is_ascii_uppercase();
    let day = |is: bool, days: i32| if is { days } else { NO_DAY };
    ChangeStrip {
        window: Window { row: 0, col: 0, rows: shape.0, cols: shape.1 },
        answer: Array2::from_shape_fn(shape, |at| match letter(at) {
            b'.' => Answer::Unchanged.code(),
            b'?' => Answer::NotSeen.code(),
            b'-' => Answer::NotEligible.code(),
            _ if confirmed(at) => Answer::Changed.code(),
            _ => Answer::Candidate.code(),
        }),
        before: Array2::from_shape_fn(shape, |at| day(change(at), 18_990 + offset(at))),
        first: Array2::from_shape_fn(shape, |at| day(change(at), 19_000 + offset(at))),
        confirmed: Array2::from_shape_fn(shape, |at| day(confirmed(at), 19_010 + offset(at))),
        last_clear_baseline: Array2::from_shape_fn(shape, |at| 18_900 + at.1 as i32),
        last_clear: Array2::from_shape_fn(shape, |at| 19_020 + at.1 as i32),
        magnitude: Array2::from_shape_fn(shape, |at| if change(at) { -0.1 * (1 + offset(at)) as f32 } else { f32::NAN }),
        n_baseline: Array2::from_shape_fn(shape, |at| 9 + at.1 as u16),
        n_clear: Array2::from_shape_fn(shape, |at| 5 + at.0 as u16),
        sensors: Array2::from_shape_fn(shape, |at| 1 << (at.1 % 3)),
    }
}

fn rows_of(map: &ChangeStrip, from: usize, to: usize) -> ChangeStrip {
    ChangeStrip {
        window: Window { row: from as isize, rows: to - from, ..map.window },
        answer: map.answer.slice(s![from..to, ..]).to_owned(),
        before: map.before.slice(s![from..to, ..]).to_owned(),
        first: map.first.slice(s![from..to, ..]).to_owned(),
        confirmed: map.confirmed.slice(s![from..to, ..]).to_owned(),
        last_clear_baseline: map.last_clear_baseline.slice(s![from..to, ..]).to_owned(),
        last_clear: map.last_clear.slice(s![from..to, ..]).to_owned(),
        magnitude: map.magnitude.slice(s![from..to, ..]).to_owned(),
        n_baseline: map.n_baseline.slice(s![from..to, ..]).to_owned(),
        n_clear: map.n_clear.slice(s![from..to, ..]).to_owned(),
        sensors: map.sensors.slice(s![from..to, ..]).to_owned(),
    }
}

fn patches(grid: &Grid, map: &ChangeStrip, height: usize, rules: &PatchRules) -> (Vec<Patch>, PatchStatistics) {
    let mut builder = PatchBuilder::new(grid, rules);
    let mut found = Vec::new();
    for strip in grid.strips(height) {
        let from = strip.row as usize;
        found.extend(builder.push(&rows_of(map, from, from + strip.rows)));
    }
    let (last, statistics) = builder.finish();
    found.extend(last);
    (found, statistics)
}

/// Pixels around each patch that were not seen.
fn unseen(patches: &[Patch], grid: &Grid, map: &ChangeStrip) -> Vec<u64> {
    let mut vicinity = Vicinity::new(grid, patches);
    map.answer.rows().into_iter().for_each(|row| vicinity.push_row(row.as_slice().expect("rows are contiguous")));
    vicinity.finish()
}

fn told(patches: &[Patch], grid: &Grid, map: &ChangeStrip, sensors: &[String]) -> Vec<Alert> {
    alerts(patches, &unseen(patches, grid, map), grid, &Plane, &context(sensors), None).expect("alerts")
}

fn every_pixel() -> PatchRules {
    PatchRules { min_area_ha: 0.0, min_pixels: 1, ..PatchRules::default() }
}

#[test]
fn a_doubtful_pixel_moves_no_date_of_a_confirmed_patch() {
    let (grid, rules) = (grid(1, 5), every_pixel());
    let sure = &patches(&grid, &map(&["BBBB."]), 1, &rules).0[0];
    let doubtful = &patches(&grid, &map(&["BBBBz"]), 1, &rules).0[0];
    let dates = |patch: &Patch| (patch.date_before, patch.date_first, patch.date_last, patch.date_confirmed, patch.anchor);
    assert_eq!(dates(sure), dates(doubtful));
    assert_eq!((doubtful.pixels, doubtful.pixels_confirmed), (5, 4));
    let early = &patches(&grid, &map(&["aBBBB"]), 1, &rules).0[0];
    assert_eq!((early.date_first, early.anchor), (sure.date_first, (0, 1)));
    let unconfirmed = &patches(&grid, &map(&["aBzzz"]), 1, &rules).0[0];
    assert_eq!((unconfirmed.date_first.days(), unconfirmed.date_last.days()), (19_000, 19_025));
}

#[test]
fn the_earliest_twentieth_of_a_confirmed_patch_moves_no_date() {
    let rules = every_pixel();
    let dated = |early: usize| {
        let row = format!("{}{}", "A".repeat(early), "K".repeat(40 - early));
        let patch = patches(&grid(1, 40), &map(&[row.as_str()]), 1, &rules).0.remove(0);
        (patch.date_before.map(Date::days), patch.date_first.days())
    };
    assert_eq!([dated(0), dated(2), dated(3)], [(Some(19_000), 19_010), (Some(19_000), 19_010), (Some(18_990), 19_000)]);
}

fn context(sensors: &[String]) -> AlertContext<'_> {
    AlertContext { index: "NBR", method: "difference", sensors }
}

proptest! {
    #[test]
    fn the_height_of_strips_does_not_change_the_alerts(
        cells in prop::collection::vec(prop::collection::vec(prop::sample::select(vec!['.', '?', '-', 'a', 'b', 'C', 'D']), 9), 1..9),
        height in 1_usize..9,
    ) {
        let lines: Vec<String> = cells.iter().map(|row| row.iter().collect()).collect();
        let map = map(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let grid = grid(lines.len(), 9);
        let sensors = ["s2".to_owned(), "l8".to_owned(), "l9".to_owned()];
        let whole = patches(&grid, &map, 100, &every_pixel());
        let cut = patches(&grid, &map, height, &every_pixel());
        prop_assert_eq!(whole.1, cut.1);
        let whole = told(&whole.0, &grid, &map, &sensors);
        let cut = told(&cut.0, &grid, &map, &sensors);
        for alert in &whole {
            prop_assert!(alert.geometry.is_valid());
            prop_assert!(alert.geometry.contains(&Point::new(alert.lon, alert.lat)));
            prop_assert!(alert.geometry.iter().all(|p| p.exterior().is_ccw() && p.interiors().iter().all(Winding::is_cw)));
            prop_assert!(alert.area_low_ha < alert.area_ha && alert.area_ha < alert.area_high_ha);
            let planar_ha = alert.pixels as f64 * 0.01;
            prop_assert!((alert.area_ha / planar_ha - 1.0).abs() < 0.01, "{} ha, {} ha on the plane", alert.area_ha, planar_ha);
        }
        prop_assert_eq!(whole, cut);
    }
}

#[test]
fn a_patch_has_the_dates_of_its_pixels() {
    let grid = grid(4, 5);
    let map = map(&["..b..", ".BbA.", ".Ccc.", "....."]);
    let (found, _) = patches(&grid, &map, 2, &every_pixel());
    let [patch] = &found[..] else { panic!("one patch, got {}", found.len()) };
    let day = Date::from_days;
    assert_eq!((patch.pixels, patch.anchor), (7, (1, 3)));
    assert_eq!((patch.date_before, patch.date_first, patch.date_last), (Some(day(18_990)), day(19_000), day(19_002)));
    assert_eq!(patch.date_confirmed, None);
    assert_eq!((patch.n_baseline, patch.last_clear_baseline), (10, Some(day(18_903))));
    assert_eq!((patch.n_clear, patch.last_clear, patch.sensors), (5, Some(day(19_023)), 0b111));
    assert!((patch.magnitude - -0.1 * (2.0 + 2.0 + 2.0 + 1.0 + 3.0 * 3.0) / 7.0).abs() < 1e-6);
}

#[test]
fn half_of_the_pixels_confirm_a_patch() {
    let grid = grid(1, 5);
    let (found, _) = patches(&grid, &map(&["aABCa"]), 1, &every_pixel());
    assert_eq!(found[0].date_confirmed, Some(Date::from_days(19_012)));
    let (found, _) = patches(&grid, &map(&["aaBCa"]), 1, &every_pixel());
    assert_eq!(found[0].date_confirmed, None);
}

#[test]
fn a_pixel_never_seen_before_leaves_the_start_unknown() {
    let mut map = map(&["aa"]);
    map.before[(0, 1)] = NO_DAY;
    let (found, _) = patches(&grid(1, 2), &map, 1, &every_pixel());
    assert_eq!(found[0].date_before, None);
}

#[test]
fn small_patches_are_dropped_but_counted() {
    let grid = grid(3, 9);
    let map = map(&["aaa...a.b", "aaa....b.", "........."]);
    let rules = PatchRules { min_area_ha: 0.06, min_pixels: 4, ..PatchRules::default() };
    assert_eq!(rules.min_count(&grid), (6, "min_area_ha"));
    assert_eq!(PatchRules { min_area_ha: 0.04, ..rules.clone() }.min_count(&grid), (4, "min_pixels"));
    assert_eq!(PatchRules::default().min_count(&grid).0, 25);
    let (found, statistics) = patches(&grid, &map, 1, &rules);
    assert_eq!((found.len(), statistics.pixels), (1, 6));
    assert_eq!((statistics.dropped.components, statistics.dropped.pixels), (1, 3));
}

#[test]
fn another_area_of_interest_gives_the_same_alert() {
    let whole = grid(4, 6);
    let crop = whole.crop(Window { row: 1, col: 2, rows: 3, cols: 4 });
    let sensors = [String::from("s2")];
    let found = |grid: &Grid, lines: &[&str]| {
        let map = map(lines);
        let (found, _) = patches(grid, &map, 2, &every_pixel());
        told(&found, grid, &map, &sensors).remove(0)
    };
    let (a, b) = (found(&whole, &["......", "...aB.", "...bB?", "......"]), found(&crop, &[".aB.", ".bB?", "...."]));
    assert_eq!((&a.id, &a.geometry, a.area_ha), (&b.id, &b.geometry, b.area_ha));
    assert_eq!((a.unseen_near_ha, b.unseen_near_ha), (0.01, 0.01));
}

#[test]
fn a_simplified_outline_keeps_its_area() {
    let grid = grid(6, 6);
    let map = map(&["a.....", "aa....", "aaa...", "aaaa..", "aaaaa.", "aaaaaa"]);
    let (found, _) = patches(&grid, &map, 6, &every_pixel());
    let of = |simplify_m| alerts(&found, &[0], &grid, &Plane, &context(&[]), simplify_m).expect("alerts").remove(0);
    let (full, simple) = (of(None), of(Some(12.0)));
    let corners = |alert: &alert::Alert| alert.geometry.0[0].exterior().0.len();
    assert!(corners(&simple) < corners(&full) && simple.geometry.is_valid());
    assert_eq!((simple.area_ha, simple.perimeter_m, &simple.id), (full.area_ha, full.perimeter_m, &full.id));
    assert!(alerts(&found, &[0], &grid, &Plane, &context(&[]), Some(-1.0)).is_err());
}

#[test]
fn the_table_has_the_contract_columns_first() {
    let sensors = ["s2".to_owned(), "l8".to_owned()];
    let grid = grid(2, 4);
    let map = map(&["AA.a", "...."]);
    let (found, _) = patches(&grid, &map, 2, &every_pixel());
    let alerts = told(&found, &grid, &map, &sensors);
    assert_eq!(alerts.iter().map(|alert| alert.confidence).collect::<Vec<_>>(), [Confidence::High, Confidence::Low]);
    let table = alert_features(&alerts, "run-1", &context(&sensors));
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let contract = "id schema run state confidence date_before date_first date_confirmed area_ha area_low_ha area_high_ha magnitude \
                    index method n_clear last_clear sensors lon lat date_last perimeter_m pixels confirmed_ha \
                    n_baseline last_clear_baseline unseen_near_ha";
    assert_eq!(names.join(" "), contract);
    assert!(table.columns.iter().all(|column| column.values.len() == 2));
    let text = |name: &str| table.text(name).expect("a text column")[0].clone().expect("a value");
    assert_eq!((text("state"), text("sensors"), text("schema")), ("confirmed".into(), "l8,s2".into(), "atalaya-alert/1".into()));
    assert_eq!(table.column("pixels").map(|column| &column.values), Some(&Values::Integer(vec![Some(2), Some(1)])));
}

/// The same by looking from every pixel of a patch at every pixel of the map.
fn unseen_by_distance(patch: &Patch, grid: &Grid, map: &ChangeStrip) -> u64 {
    let inside =
        |run: &alert::Run| (run.col_start..run.col_end).map(|col| (i64::from(run.row), i64::from(col))).collect::<Vec<_>>();
    let pixels: Vec<(i64, i64)> = patch.runs.iter().flat_map(inside).collect();
    let (width_m, height_m) = grid.pixel_m();
    let is_near = |row: i64, col: i64| {
        pixels.iter().any(|(r, c)| {
            let (down, right) = ((row - r).abs(), (col - c).abs());
            (down <= 1 && right <= 1) || (down as f64 * height_m).hypot(right as f64 * width_m) <= VICINITY_M
        })
    };
    let not_seen = map.answer.indexed_iter().filter(|(_, answer)| **answer == Answer::NotSeen.code());
    not_seen.filter(|((row, col), _)| is_near(*row as i64, *col as i64)).count() as u64
}

proptest! {
    #[test]
    fn surroundings_are_counted_by_distance_whatever_the_size_of_pixels(
        cells in prop::collection::vec(prop::collection::vec(prop::sample::select(vec!['.', '?', '?', '-', 'a']), 14), 1..14),
        pixel in prop::sample::select(vec![(10.0, 10.0), (30.0, 30.0), (60.0, 25.0), (250.0, 250.0)]),
    ) {
        let lines: Vec<String> = cells.iter().map(|row| row.iter().collect()).collect();
        let map = map(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let grid = Grid { step_x: pixel.0, step_y: pixel.1, ..grid(lines.len(), 14) };
        let (found, _) = patches(&grid, &map, 3, &every_pixel());
        let expected: Vec<u64> = found.iter().map(|patch| unseen_by_distance(patch, &grid, &map)).collect();
        prop_assert_eq!(unseen(&found, &grid, &map), expected);
    }
}

#[test]
fn what_lies_in_a_bay_of_a_patch_is_counted_once() {
    let map = map(&["aaa", "a?a", "a.a", "a-a"]);
    let grid = grid(4, 3);
    let (found, _) = patches(&grid, &map, 1, &every_pixel());
    assert_eq!(unseen(&found, &grid, &map), [1]);
}
