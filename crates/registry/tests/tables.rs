//! Joins checkable by hand: a small town of square parcels on the equator.

use alert::{Column, Features, Layer, Values};
use change::Answer;
use geo_types::{Geometry, Point, Rect};
use raster::Date;
use registry::{
    AlertUnit, AreaMeasure, Catalogue, Joined, Link, Linked, Overlay, Period, Periods, RegistryError, RegistrySource, UnitTally,
    summary,
};

fn source(lines: &str) -> RegistrySource {
    let text = format!(
        "[[source]]\nid = \"p\"\ntitle = {{ es = \"P\", en = \"P\" }}\nauthority = \"A\"\npath = \"p.gpkg\"\nkey = \"code\"\n{lines}"
    );
    Catalogue::parse(&text).expect("a catalogue").sources.remove(0)
}

fn square(x: f64, y: f64, side: f64) -> Geometry<f64> {
    Geometry::Rect(Rect::new((x, y), (x + side, y + side)))
}

fn text(values: &[&str]) -> Values {
    Values::Text(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
}

/// Two parcels side by side: `010` from 0 to 0.01 degrees, `002` from 0.01 to 0.02, and `030` far away.
fn parcels() -> Layer {
    let geometries = vec![Some(square(0.0, 0.0, 0.01)), Some(square(0.01, 0.0, 0.01)), Some(square(0.5, 0.5, 0.01))];
    let features = Features::new("parcels", geometries)
        .with("code", text(&["010", "002", "030"]))
        .and_then(|f| f.with("owner", text(&["Ana", "Luz", "Eva"])))
        .and_then(|f| f.with("since", text(&["2020-01-01", "2020-06-15", ""])))
        .and_then(|f| f.with("until", text(&["2020-06-15", "", "x"])))
        .expect("three rows");
    Layer { path: "p.gpkg".to_owned(), features, ..Layer::default() }
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("f{i}")).collect()
}

fn texts(columns: &[Column], name: &str) -> Vec<String> {
    let column = columns.iter().find(|column| column.name == name).expect("a column");
    let Values::Text(values) = &column.values else { panic!("{name} is text") };
    values.iter().map(|value| value.clone().unwrap_or_default()).collect()
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn whole(columns: &[Column], name: &str) -> Vec<Option<i64>> {
    match &columns.iter().find(|column| column.name == name).expect("a column").values {
        Values::Integer(values) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn reals(columns: &[Column], name: &str) -> Vec<Option<f64>> {
    match &columns.iter().find(|column| column.name == name).expect("a column").values {
        Values::Real(values) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn links(sources: &[(RegistrySource, Layer)], features: &[Option<Geometry<f64>>]) -> Vec<Link> {
    Overlay::new(sources).expect("an overlay").links(features, 0, AreaMeasure::Geodesic)
}

#[test]
fn the_largest_overlap_wins_and_nothing_is_lost() {
    let sources = [(source("name = \"owner\"\ncolumns = { since = \"since\" }\nprivacy = \"public\""), parcels())];
    let features = [Some(square(0.007, 0.002, 0.004)), Some(square(0.3, 0.3, 0.01)), None];
    let links = links(&sources, &features);
    let ids = ids(3);
    let periods = Periods::AsOf(day("2021-01-01"));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };
    let long = Linked::new(joined).and_then(|linked| linked.long(0..joined.ids.len())).expect("a long table");
    assert_eq!(texts(&long, "id"), ["f0", "f0", "f1", "f2"]);
    assert_eq!(texts(&long, "source"), ["p", "p", "", ""]);
    assert_eq!(texts(&long, "key"), ["010", "002", "", ""]);
    let shares = reals(&long, "share");
    assert!((shares[0].expect("a share") - 0.75).abs() < 1e-6 && (shares[1].expect("a share") - 0.25).abs() < 1e-6);
    let wide = Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table");
    assert_eq!(texts(&wide, "p_key"), ["010", "", ""]);
    assert_eq!(texts(&wide, "p_name"), ["Ana", "", ""]);
    assert_eq!(texts(&wide, "p_since"), ["2020-01-01", "", ""]);
    assert_eq!(whole(&wide, "p_count"), [Some(2), Some(0), Some(0)]);
}

#[test]
fn runs_of_features_hold_about_as_many_rows_as_asked_for() {
    let sources = [(source("privacy = \"public\""), parcels())];
    let features = [Some(square(0.0, 0.0, 0.02)), Some(square(0.3, 0.3, 0.01)), Some(square(0.0, 0.0, 0.02)), None, None];
    let (links, ids) = (links(&sources, &features), ids(5));
    let periods = Periods::AsOf(day("2021-01-01"));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };
    let linked = Linked::new(joined).expect("links");
    assert_eq!(linked.runs(100).as_slice(), std::slice::from_ref(&(0..5)));
    assert_eq!(linked.runs(3), [0..2, 2..4, 4..5]);
    assert_eq!(linked.runs(1), [0..1, 1..2, 2..3, 3..4, 4..5]);
}

#[test]
fn a_point_on_a_border_belongs_to_the_smallest_key() {
    let sources = [(source("privacy = \"public\""), parcels())];
    let links = links(&sources, &[Some(Geometry::Point(Point::new(0.01, 0.005)))]);
    let ids = ids(1);
    let periods = Periods::AsOf(day("2021-01-01"));
    let wide = Linked::new(Joined {
        ids: &ids,
        links: &links,
        sources: &sources,
        periods,
        silences: &[],
        error_m: 0.0,
        internal: false,
    })
    .and_then(|linked| linked.wide())
    .expect("wide");
    assert_eq!((texts(&wide, "p_key"), whole(&wide, "p_count")), (vec!["002".to_owned()], vec![Some(2)]));
    assert_eq!(reals(&wide, "p_share"), [None]);
}

#[test]
fn polygons_that_only_touch_are_not_linked() {
    let sources = [(source("privacy = \"public\""), parcels())];
    assert_eq!(links(&sources, &[Some(square(0.02, 0.0, 0.01))]), []);
}

#[test]
fn validity_is_told_on_the_interval_of_change() {
    let sources = [(source("valid_from = \"since\"\nvalid_to = \"until\"\nprivacy = \"public\""), parcels())];
    let here = || Some(square(0.002, 0.002, 0.001));
    let features = [here(), here(), here(), here(), Some(square(0.502, 0.502, 0.001)), here()];
    let period = |before: &str, first: &str| Some(Period { before: Some(day(before)), first: day(first) });
    let periods = [
        period("2019-12-31", "2020-06-14"),
        period("2019-12-30", "2020-01-01"),
        period("2020-06-14", "2020-07-01"),
        Some(Period { before: None, first: day("2020-02-01") }),
        period("2020-01-01", "2020-02-01"),
        None,
    ];
    let links = links(&sources, &features);
    let ids = ids(6);
    let joined = Joined {
        ids: &ids,
        links: &links,
        sources: &sources,
        periods: Periods::Changes(&periods),
        silences: &[],
        error_m: 0.0,
        internal: false,
    };
    let long = Linked::new(joined).and_then(|linked| linked.long(0..joined.ids.len())).expect("a long table");
    let expected = ["valid_throughout", "valid_in_part", "not_valid", "valid_in_part", "unknown", "unknown"];
    assert_eq!(texts(&long, "validity"), expected);
    let short = Joined { periods: Periods::Changes(&periods[..5]), ..joined };
    assert!(matches!(
        Linked::new(short).and_then(|linked| linked.long(0..short.ids.len())),
        Err(RegistryError::Length { got: 5, expected: 6, .. })
    ));
}

#[test]
fn what_is_personal_stays_inside() {
    let sources = [(source("name = \"owner\"\nprivacy = \"personal\""), parcels())];
    let links = links(&sources, &[Some(square(0.002, 0.002, 0.001))]);
    let ids = ids(1);
    let periods = Periods::AsOf(day("2021-01-01"));
    let public = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };
    let wide = Linked::new(public).and_then(|linked| linked.wide()).expect("a wide table");
    assert_eq!(wide.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["p_count", "p_answer"]);
    let long = Linked::new(public).and_then(|linked| linked.long(0..public.ids.len())).expect("a long table");
    assert_eq!((texts(&long, "source"), texts(&long, "key")), (vec!["p".to_owned()], vec![String::new()]));
    let internal = Joined { internal: true, ..public };
    assert_eq!(texts(&Linked::new(internal).and_then(|linked| linked.wide()).expect("a wide table"), "p_name"), ["Ana"]);
}

#[test]
fn of_lines_the_length_within_a_feature_is_told_and_the_longest_is_the_best() {
    let line = |ends: [(f64, f64); 2]| Some(Geometry::LineString(ends.to_vec().into()));
    let geometries =
        vec![line([(0.009, -1.0), (0.009, 1.0)]), line([(-1.0, 0.001), (1.0, 0.001)]), line([(0.5, 0.5), (0.6, 0.5)])];
    let features = Features::new("roads", geometries).with("code", text(&["a", "b", "c"])).expect("three rows");
    let layer = Layer { path: "p.gpkg".to_owned(), features, ..Layer::default() };
    let sources = [(source("privacy = \"public\""), layer)];
    let links = links(&sources, &[Some(square(0.0, 0.0, 0.01)), Some(square(0.008, 0.002, 0.005)), Some(square(0.3, 0.3, 0.01))]);
    let ids = ids(3);
    let periods = Periods::AsOf(day("2021-01-01"));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };
    let long = Linked::new(joined).and_then(|linked| linked.long(0..3)).expect("a long table");
    assert_eq!((texts(&long, "id"), texts(&long, "key")), (strings(&["f0", "f0", "f1", "f2"]), strings(&["b", "a", "a", ""])));
    let crossings = reals(&long, "crossing_m");
    // A hundredth of a degree at the equator: 1113.195 m of the parallel, 1105.743 m of the meridian.
    for (found, expected) in crossings.iter().zip([1113.195, 1105.743, 552.871]) {
        assert!((found.expect("a length") - expected).abs() < 0.002, "{crossings:?}");
    }
    assert_eq!(crossings[3], None);
    let wide = Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table");
    assert_eq!(texts(&wide, "p_key"), ["b", "a", ""]);
    assert_eq!(reals(&wide, "p_crossing_m"), [crossings[0], crossings[2], None]);
}

#[test]
fn nearest_and_within_measure_on_the_ellipsoid() {
    let point = [Some(Geometry::Point(Point::new(0.021, 0.005)))];
    let nearest = [(source("join = \"nearest\"\nprivacy = \"public\""), parcels())];
    let found = links(&nearest, &point);
    assert_eq!((found.len(), found[0].record), (1, 1));
    assert!((found[0].distance_mm.expect("a distance") - 111_319).abs() <= 2);
    let many = |count: usize| {
        let source = source(&format!("join = \"nearest:{count}\"\nprivacy = \"public\""));
        links(&[(source, parcels())], &point)
    };
    assert_eq!([1, 2, 3, 9].map(|count| many(count).len()), [1, 2, 3, 3]);
    assert_eq!(many(1), found);
    let all = many(3);
    let worst = all.iter().map(|link| link.distance_mm).max();
    assert!(many(2).iter().all(|link| all.contains(link) && Some(link.distance_mm) < worst));
    let count = |limit: &str| {
        let within = [(source(&format!("join = \"within:{limit}\"\nprivacy = \"public\"")), parcels())];
        links(&within, &point).len()
    };
    assert_eq!((count("100m"), count("112m"), count("1230m"), count("200km")), (0, 1, 2, 3));
}

#[test]
fn a_join_by_key_keeps_zeros_and_counts_repeats() {
    let mut layer = parcels();
    layer.features.columns[0].values = text(&["010", "002", "002"]);
    let sources = [(source("name = \"owner\"\njoin = \"key:parcel\"\nprivacy = \"public\""), layer)];
    let features = Features::new("f", vec![None; 3]).with("parcel", text(&["002", "2", "010"])).expect("three rows");
    let overlay = Overlay::new(&sources).expect("an overlay");
    let links = overlay.key_links(&features).expect("links");
    let ids = ids(3);
    let periods = Periods::AsOf(day("2021-01-01"));
    let wide = Linked::new(Joined {
        ids: &ids,
        links: &links,
        sources: &sources,
        periods,
        silences: &[],
        error_m: 0.0,
        internal: false,
    })
    .and_then(|linked| linked.wide())
    .expect("wide");
    assert_eq!(texts(&wide, "p_name"), ["Luz", "", "Ana"]);
    assert_eq!(whole(&wide, "p_count"), [Some(2), Some(0), Some(1)]);
    let other = Features::new("f", vec![None]).with("parcela", text(&["002"])).expect("one row");
    let message = overlay.key_links(&other).expect_err("refused").to_string();
    assert!(message.contains("did you mean `parcela`?"), "{message}");
}

#[test]
fn a_field_that_the_layer_lacks_is_guessed() {
    let sources = [(source("name = \"owners\"\nprivacy = \"public\""), parcels())];
    let message = Overlay::new(&sources).map(|_| ()).expect_err("refused").to_string();
    assert!(message.contains("did you mean `owner`?") && message.contains("code, owner, since, until"), "{message}");
}

#[test]
fn the_summary_adds_up_by_unit_and_keeps_what_is_outside() {
    let source = source("name = \"owner\"\nprivacy = \"public\"");
    let tally = |unit, answer, area_ha: i64| UnitTally {
        unit,
        answer,
        days_since_clear: None,
        pixels: 1,
        area_cm2: area_ha * 100_000_000,
    };
    let seen = |days, of: UnitTally| UnitTally { days_since_clear: Some(days), ..of };
    let tallies = [
        seen(16, tally(Some(0), Answer::Unchanged, 3)),
        seen(4, tally(Some(0), Answer::Unchanged, 3)),
        tally(Some(0), Answer::NotSeen, 2),
        tally(Some(1), Answer::NotEligible, 5),
        tally(Some(0), Answer::NotEligible, 10),
        seen(4, tally(Some(0), Answer::Changed, 1)),
        seen(90, tally(Some(0), Answer::Candidate, 1)),
        seen(0, tally(None, Answer::Unchanged, 3)),
    ];
    let alert = |key: &str, high| AlertUnit { key: Some(key.to_owned()), high, area_cm2: 100_000_000 };
    let table = summary(Some(&(source, parcels())), &tallies, &[alert("010", true), alert("010", false)]).expect("a summary");
    assert_eq!(texts(&table, "unit"), ["002", "010", ""]);
    assert_eq!(texts(&table, "name"), ["Luz", "Ana", ""]);
    assert_eq!(whole(&table, "alerts"), [Some(0), Some(2), Some(0)]);
    assert_eq!(whole(&table, "alerts_low"), [Some(0), Some(1), Some(0)]);
    assert_eq!(reals(&table, "alert_area_ha"), [Some(0.0), Some(2.0), Some(0.0)]);
    assert_eq!(reals(&table, "confirmed_ha"), [Some(0.0), Some(1.0), Some(0.0)]);
    assert_eq!(reals(&table, "flagged_ha"), [Some(0.0), Some(1.0), Some(0.0)]);
    assert_eq!(reals(&table, "seen_share"), [None, Some(0.8), Some(1.0)]);
    assert_eq!(reals(&table, "eligible_ha"), [Some(0.0), Some(10.0), Some(3.0)]);
    assert_eq!(reals(&table, "not_seen_share"), [None, Some(0.2), Some(0.0)]);
    assert_eq!(reals(&table, "not_eligible_share"), [Some(1.0), Some(0.5), Some(0.0)]);
    assert_eq!(whole(&table, "days_since_clear_median"), [None, Some(4), Some(0)]);
    assert_eq!(whole(&table, "days_since_clear_max"), [None, Some(90), Some(0)]);
}

#[test]
fn empty_tables_join_to_empty_tables() {
    let joined = Joined {
        ids: &[],
        links: &[],
        sources: &[],
        periods: Periods::AsOf(day("2021-01-01")),
        silences: &[],
        error_m: 0.0,
        internal: true,
    };
    assert!(
        Linked::new(joined)
            .and_then(|linked| linked.long(0..0))
            .expect("a long table")
            .iter()
            .all(|column| column.values.is_empty())
    );
    assert!(Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table").is_empty());
    assert!(summary(None, &[], &[]).expect("a summary").iter().all(|column| column.values.is_empty()));
}

#[test]
fn what_lies_within_the_error_of_a_border_is_possible_on_either_side() {
    // A reserve of 0.1 degrees on a map of 1:100 000: its border may lie 50 m off, about 0.00045 degrees.
    let reserve = Features::new("reserve", vec![Some(square(0.0, 0.0, 0.1))]).with("code", text(&["R"])).expect("a row");
    let layer = Layer { path: "p.gpkg".to_owned(), features: reserve, ..Layer::default() };
    let sources = [(source("scale = 100000\nprivacy = \"public\""), layer)];
    let features = [
        Some(square(0.05, 0.05, 0.001)),
        Some(square(0.0998, 0.05, 0.001)),
        Some(square(0.1002, 0.05, 0.001)),
        Some(square(0.1010, 0.05, 0.001)),
        Some(square(-0.01, -0.01, 0.2)),
        Some(Geometry::Point(Point::new(0.05, 0.05))),
        Some(Geometry::Point(Point::new(0.0998, 0.05))),
    ];
    let links = links(&sources, &features);
    let ids = ids(features.len());
    let periods = Periods::AsOf(day("2021-01-01"));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 0.0, internal: false };
    let wide = Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table");
    let expected = ["certain", "possible", "possible", "outside", "certain", "certain", "possible"];
    assert_eq!(texts(&wide, "p_position"), expected);
    let answers = ["overlap", "overlap", "no_overlap", "no_overlap", "overlap", "overlap", "overlap"];
    assert_eq!(texts(&wide, "p_answer"), answers);
    let long = Linked::new(joined).and_then(|linked| linked.long(0..ids.len())).expect("a long table");
    assert_eq!(texts(&long, "position"), ["certain", "possible", "possible", "", "certain", "certain", "possible"]);
}

/// A square so many metres east of the town's last parcel.
fn east_by(metres: f64) -> Geometry<f64> {
    square(0.02 + metres / 111_319.490_8, 0.004, 0.001)
}

#[test]
fn what_is_joined_by_distance_says_whether_it_meets_and_keeps_what_may_lie_within() {
    let sources = [(source("privacy = \"public\"\njoin = \"within:500m\"\naccuracy_m = 40"), parcels())];
    let features = [square(0.013, 0.004, 0.002), east_by(20.0), east_by(480.0), east_by(530.0), east_by(560.0)].map(Some);
    let links = Overlay::new(&sources).expect("an overlay").with_error(10.0).links(&features, 0, AreaMeasure::Geodesic);
    let ids = ids(features.len());
    let periods = Periods::AsOf(day("2021-01-01"));
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 10.0, internal: false };
    let long = Linked::new(joined).and_then(|linked| linked.long(0..ids.len())).expect("a long table");
    let of_second: Vec<(String, String, String)> = texts(&long, "id")
        .into_iter()
        .zip(texts(&long, "key"))
        .zip(texts(&long, "position").into_iter().zip(texts(&long, "answer")))
        .filter(|((_, key), _)| key != "010")
        .map(|((id, _), (position, answer))| (id, position, answer))
        .collect();
    let row = |id: &str, position: &str, answer: &str| (id.to_owned(), position.to_owned(), answer.to_owned());
    let expected = [
        row("f0", "certain", "overlap"),
        row("f1", "possible", "overlap"),
        row("f2", "outside", "overlap"),
        row("f3", "outside", "no_overlap"),
        row("f4", "", ""),
    ];
    assert_eq!(of_second, expected);
    let nearest = [(source("privacy = \"public\"\njoin = \"nearest\"\naccuracy_m = 40"), parcels())];
    let links = Overlay::new(&nearest).expect("an overlay").with_error(10.0).links(&features, 0, AreaMeasure::Geodesic);
    let joined = Joined { links: &links, sources: &nearest, ..joined };
    let wide = Linked::new(joined).and_then(|linked| linked.wide()).expect("a wide table");
    assert_eq!(texts(&wide, "p_position"), ["certain", "possible", "outside", "outside", "outside"]);
    assert_eq!(texts(&wide, "p_answer"), ["overlap"; 5]);
}

#[test]
fn a_distance_that_may_be_on_either_side_of_a_limit_is_unknown() {
    let sources = [(
        source("privacy = \"public\"\njoin = \"within:500m\"\naccuracy_m = 40\nverified = \"extract\"\nvalid_from = 2000-01-01"),
        parcels(),
    )];
    let features = [440.0, 480.0, 530.0, 560.0].map(|metres| Some(east_by(metres)));
    let links = Overlay::new(&sources).expect("an overlay").with_error(10.0).links(&features, 0, AreaMeasure::Geodesic);
    let ids = ids(features.len());
    let change = Some(Period { before: Some(day("2024-03-01")), first: day("2024-03-21") });
    let changes = vec![change; features.len()];
    let periods = Periods::Changes(&changes);
    let joined = Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &[], error_m: 10.0, internal: false };
    let pack = registry::RulePack::parse(
        "[[law]]\nid = \"law\"\ntitle = { es = \"L\", en = \"L\" }\nact = \"A\"\narticle = \"1\"\nin_force = { from = 2021-07-29 }\n\
         verified = \"official gazette\"\n\
         [[rule]]\nid = \"near\"\nlaw = \"law\"\nelement = { es = \"E\", en = \"E\" }\ncondition = \"near(p, 500 m)\"\n",
    )
    .expect("a rule");
    let area = (1.0, 1.0);
    let cases =
        vec![registry::Case { area_ha: area, extent_ha: area, contiguous_ha: area, accumulated_ha: area }; features.len()];
    let judged = registry::judge(&pack, registry::Cases { joined: &joined, cases: &cases }).expect("judgements");
    let outcomes: Vec<&str> = judged.iter().map(|judgement| judgement.outcome.name()).collect();
    assert_eq!(outcomes, ["met", "unknown", "unknown", "not_met"]);
}
