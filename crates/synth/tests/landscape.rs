//! What can be relied on in a simulated landscape.

use geo::Area as _;
use ndarray::Array2;
use raster::Date;
use synth::{
    BANDS, Land, Landscape, LandscapeOptions, MONITORING_YEAR, ScoredAlert, ScoredClearing, ScoredRows, Scoring, SynthError,
    score,
};

const SCL: usize = BANDS.len();

fn landscape(seed: u64) -> Landscape {
    Landscape::new(LandscapeOptions { seed, size_px: 320, dates: None }).expect("a landscape")
}

/// The truth itself as alerts: each clearing is one, dated exactly.
fn perfect(landscape: &Landscape) -> (Array2<u32>, Vec<ScoredAlert>) {
    let alert = |c: &synth::Clearing| ScoredAlert {
        area_ha: c.area_ha,
        date_before: Some(Date::from_days(c.date.days() - 1)),
        date_first: c.date,
    };
    (landscape.truth().mapv(u32::from), landscape.clearings().iter().map(alert).collect())
}

#[test]
fn a_seed_gives_the_same_landscape_again_and_another_seed_another() {
    let (a, b, c) = (landscape(5), landscape(5), landscape(6));
    assert_eq!(a.clearings(), b.clearings());
    assert_eq!(a.scene(9), b.scene(9));
    assert_ne!(a.truth(), c.truth());
    assert_ne!(a.scene(9), c.scene(9));
}

#[test]
fn a_scene_does_not_depend_on_which_others_were_drawn() {
    let (a, b) = (landscape(2), landscape(2));
    let last = a.dates().len() - 1;
    for t in [3, last, 0, 20] {
        let _ = a.scene(t);
    }
    assert_eq!(a.scene(last), b.scene(last));
}

#[test]
fn the_forest_layer_holds_forest_only_and_all_of_it() {
    let landscape = landscape(3);
    let forest = landscape.forest();
    assert!(forest.iter().zip(landscape.land()).all(|(class, land)| (*class == 1) == (*land == Land::Forest)));
    let share = forest.iter().filter(|class| **class == 1).count() as f64 / forest.len() as f64;
    assert!((0.5..0.8).contains(&share), "{share}");
}

#[test]
fn some_savanna_burns_and_no_forest_does() {
    for seed in 1..6 {
        let landscape = landscape(seed);
        let burnt = landscape.burnt().indexed_iter().filter(|(_, burnt)| **burnt).map(|(place, _)| landscape.land()[place]);
        let burnt: Vec<Land> = burnt.collect();
        assert!(burnt.len() > 50 && burnt.iter().all(|land| *land == Land::Savanna), "seed {seed}");
    }
}

#[test]
fn every_clearing_lies_in_forest_and_in_the_monitoring_year() {
    let landscape = landscape(4);
    assert!(landscape.clearings().len() >= 8);
    for clearing in landscape.clearings() {
        assert!(clearing.pixels.iter().all(|&place| landscape.land()[place] == Land::Forest));
        assert_eq!(clearing.date.year(), MONITORING_YEAR);
        assert!((0.1..=45.0).contains(&clearing.area_ha), "{}", clearing.area_ha);
    }
}

#[test]
fn the_area_of_a_clearing_is_that_of_its_pixels_and_of_its_outline() {
    let landscape = landscape(4);
    for clearing in landscape.clearings() {
        let number = clearing.id as u16 + 1;
        let pixels = landscape.truth().iter().filter(|value| **value == number).count();
        assert_eq!(pixels, clearing.pixels.len());
        assert!((clearing.area_ha - pixels as f64 * 0.01).abs() < 1e-12);
        // Square degrees at 1.1 degrees north as hectares, on the ellipsoid: 110.574 km by 111.300 km.
        let outline_ha = clearing.polygon.unsigned_area() * 110_576.0 * 111_300.0 / 10_000.0;
        assert!((outline_ha / clearing.area_ha - 1.0).abs() < 0.005, "{outline_ha} is not {}", clearing.area_ha);
        assert!(clearing.polygon.iter().all(|part| part.signed_area() > 0.0), "the exterior is not counter-clockwise");
    }
}

#[test]
fn a_clearing_under_a_pall_is_never_seen_and_most_others_are() {
    let landscape = Landscape::new(LandscapeOptions::default()).expect("a landscape");
    let (hidden, open): (Vec<_>, Vec<_>) = landscape.clearings().iter().partition(|c| c.under_pall);
    assert!(!hidden.is_empty());
    assert!(hidden.iter().all(|c| !c.seen && c.first_clear.is_none()));
    assert!(open.iter().filter(|c| c.seen).count() * 10 >= open.len() * 8);
    for row in [128, 256, 512] {
        let across = |c: &synth::Clearing| c.pixels.iter().any(|p| p.0 == row - 1) && c.pixels.iter().any(|p| p.0 == row);
        assert!(landscape.clearings().iter().any(across), "no clearing lies across row {row}");
    }
}

#[test]
fn the_scene_classes_bear_out_what_is_said_of_sight() {
    let landscape = landscape(8);
    let clearing = landscape.clearings().iter().find(|c| c.first_clear.is_some()).expect("there is one");
    for (t, _) in landscape.dates().iter().enumerate().filter(|(_, date)| clearing.date <= **date) {
        let scene = landscape.scene(t);
        let clear = clearing.pixels.iter().filter(|p| matches!(scene[[SCL, p.0, p.1]], 4..=6)).count();
        if 2 * clear >= clearing.pixels.len() {
            assert_eq!(Some(landscape.dates()[t]), clearing.first_clear);
            return;
        }
    }
    panic!("no scene shows the clearing");
}

#[test]
fn forest_and_open_ground_have_their_spectra() {
    let landscape = landscape(1);
    let nbr = |t: usize, place: (usize, usize)| {
        let scene = landscape.scene(t);
        let (nir, swir) = (f64::from(scene[[3, place.0, place.1]]), f64::from(scene[[5, place.0, place.1]]));
        matches!(scene[[SCL, place.0, place.1]], 4 | 5).then(|| (nir - swir) / (nir + swir))
    };
    let clearing = landscape.clearings().iter().find(|c| c.seen && c.area_ha > 1.0).expect("there is one");
    let place = clearing.pixels[clearing.pixels.len() / 2];
    let (before, after): (Vec<_>, Vec<_>) = (0..landscape.dates().len()).partition(|&t| landscape.dates()[t] < clearing.date);
    let mean = |list: &[usize]| {
        let values: Vec<f64> = list.iter().filter_map(|&t| nbr(t, place)).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!(mean(&before) > 0.55, "{}", mean(&before));
    assert!(mean(&after) < 0.40, "{}", mean(&after));
}

#[test]
fn two_fifths_of_the_pixels_are_clear_and_nodata_is_zero_in_every_layer() {
    let landscape = landscape(1);
    let (mut clear, mut all) = (0usize, 0usize);
    for t in (0..landscape.dates().len()).step_by(3) {
        let scene = landscape.scene(t);
        for ((row, col), _) in landscape.truth().indexed_iter() {
            let class = scene[[SCL, row, col]];
            assert!(matches!(class, 0 | 3..=6 | 8..=10));
            assert_eq!(class == 0, (0..SCL).all(|band| scene[[band, row, col]] == 0));
            clear += usize::from(matches!(class, 4..=6));
            all += 1;
        }
    }
    let share = clear as f64 / all as f64;
    assert!((0.25..0.6).contains(&share), "{share}");
}

#[test]
fn dates_are_in_order_and_cover_three_years() {
    let landscape = landscape(1);
    let dates = landscape.dates();
    assert!(dates.is_sorted_by(|a, b| a < b));
    assert_eq!((dates[0].year(), dates[dates.len() - 1].year()), (2021, 2023));
}

#[test]
fn a_size_without_room_is_refused() {
    let refused = Landscape::new(LandscapeOptions { size_px: 10, ..LandscapeOptions::default() });
    assert_eq!(refused.map(|_| ()), Err(SynthError::Size { got: 10, least: 96, most: 10_980 }));
}

#[test]
fn the_truth_scores_in_full() {
    let landscape = landscape(7);
    let (plane, alerts) = perfect(&landscape);
    let score = score(&landscape, plane.view(), &alerts).expect("a score");
    for share in [score.recall, score.recall_any_size, score.precision, score.precision_any_size, score.dated] {
        assert_eq!(share.part, share.of);
    }
    assert!(score.recall.of > 0 && score.false_by_land.is_empty() && score.missed.is_empty());
}

#[test]
fn no_alerts_find_nothing_and_an_alert_on_pasture_is_false_there() {
    let landscape = landscape(7);
    let mut plane = Array2::<u32>::zeros(landscape.truth().dim());
    let nothing = score(&landscape, plane.view(), &[]).expect("a score");
    assert_eq!((nothing.recall.part, nothing.precision.of), (0, 0));
    assert!(nothing.precision.value().is_nan());

    let (place, _) = landscape.land().indexed_iter().find(|(_, land)| **land == Land::Pasture).expect("there is one");
    plane[place] = 1;
    let alert = ScoredAlert { area_ha: 0.01, date_before: None, date_first: Date::from_days(19_500) };
    let wrong = score(&landscape, plane.view(), &[alert]).expect("a score");
    assert_eq!(wrong.false_by_land.get(&Land::Pasture), Some(&1));
    assert_eq!((wrong.precision.of, wrong.precision_any_size.of, wrong.precision_any_size.part), (0, 1, 0));
}

#[test]
fn an_alert_dated_a_day_late_is_dated_wrong() {
    let landscape = landscape(7);
    let (plane, mut alerts) = perfect(&landscape);
    for alert in &mut alerts {
        alert.date_before = Some(alert.date_first);
        alert.date_first = Date::from_days(alert.date_first.days() + 1);
    }
    assert_eq!(score(&landscape, plane.view(), &alerts).expect("a score").dated.part, 0);
}

#[test]
fn a_plane_of_another_shape_or_with_a_strange_number_is_refused() {
    let landscape = landscape(7);
    let small = Array2::<u32>::zeros((2, 2));
    assert!(matches!(score(&landscape, small.view(), &[]), Err(SynthError::Plane { .. })));
    let strange = Array2::<u32>::from_elem(landscape.truth().dim(), 1);
    assert!(matches!(score(&landscape, strange.view(), &[]), Err(SynthError::Number { number: 1, listed: 0, .. })));
}

#[test]
fn the_registries_cover_the_landscape_and_keep_their_leading_zero() {
    let landscape = landscape(1);
    let towns = landscape.municipalities();
    assert_eq!(towns.len(), 4);
    let codes = towns.columns.iter().find(|column| column.name == "code").expect("there is one");
    assert_eq!(codes.values, alert::Values::Text(["18901", "18902", "05903", "18904"].map(|c| Some(c.to_owned())).to_vec()));
    for clearing in landscape.clearings() {
        let point = clearing.polygon.0[0].exterior().0[0];
        let inside = |g: &Option<geo_types::Geometry<f64>>| match g {
            Some(geo_types::Geometry::MultiPolygon(area)) => geo::Contains::contains(area, &point),
            _ => false,
        };
        assert_eq!(towns.geometries.iter().filter(|g| inside(g)).count(), 1);
    }
    for table in [landscape.protected_areas(), landscape.reserves(), landscape.permits(), landscape.rivers()] {
        assert_eq!(table.len(), 1);
        assert!(table.columns.iter().all(|column| column.values.len() == 1));
    }
}

#[test]
fn so_many_dates_as_are_asked_for_lie_in_both_periods() {
    for count in [2, 3, 12, 120] {
        let options = LandscapeOptions { seed: 18, size_px: 96, dates: Some(count) };
        let landscape = Landscape::new(options).expect("a landscape");
        let dates = landscape.dates();
        let monitored = dates.iter().filter(|date| date.year() == MONITORING_YEAR).count();
        assert_eq!((dates.len(), monitored), (count, (count / 3).max(1)));
        assert!(dates.is_sorted_by(|a, b| a < b));
    }
    for count in [0, 1, 121] {
        let refused = Landscape::new(LandscapeOptions { dates: Some(count), ..LandscapeOptions::default() });
        assert_eq!(refused.map(|_| ()), Err(SynthError::Dates { got: count, least: 2, most: 120 }));
    }
}

#[test]
fn of_two_clear_dates_some_clearings_can_be_seen() {
    let landscape = Landscape::new(LandscapeOptions { seed: 18, size_px: 320, dates: Some(2) }).expect("a landscape");
    let seen = landscape.clearings().iter().filter(|clearing| clearing.seen).count();
    assert!(seen * 3 > landscape.clearings().len() && seen < landscape.clearings().len(), "{seen}");
}

#[test]
fn rows_of_a_scene_are_those_of_the_whole() {
    let landscape = landscape(1);
    let whole = landscape.scene(3);
    assert_eq!(landscape.look(3).rows(100..117), whole.slice(ndarray::s![.., 100..117, ..]));
}

#[test]
fn a_score_of_rows_is_that_of_the_whole() {
    let landscape = landscape(7);
    let (plane, alerts) = perfect(&landscape);
    let clearings = landscape.clearings().iter().map(|clearing| ScoredClearing {
        date: clearing.date,
        seen: clearing.seen,
        pixels: clearing.pixels.len() as u64,
    });
    let truth = landscape.truth().mapv(u32::from);
    let mut scoring = Scoring::new(clearings.collect(), alerts.clone());
    for (row, end) in [(0, 100), (100, 320)] {
        let part = ndarray::s![row..end, ..];
        scoring.add(&ScoredRows { row, truth: truth.slice(part), alerts: plane.slice(part) }, None).expect("a score");
    }
    assert_eq!(scoring.score(), score(&landscape, plane.view(), &alerts).expect("a score"));
}
