//! The legal example worked by hand in `worked_example.md`: its tables are the inputs, its answers what must come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alert::{Features, Layer, Values};
use geo_types::{Geometry, LineString, Polygon, Rect};
use raster::Date;
use registry::{
    AreaMeasure, Case, Catalogue, Joined, Judgement, Overlay, Period, Periods, Reach, RegistrySource, RulePack, cases_of, judge,
    judgement_table, silences,
};

type Row = BTreeMap<String, String>;

/// The table of the paper whose header begins so.
fn table(header: &str) -> Vec<Row> {
    let paper = include_str!("worked_example.md");
    let block = paper.split("```csv\n").skip(1).find(|block| block.starts_with(header)).expect("a table of the paper");
    let text = block.split("```").next().expect("it ends");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn day(text: &str) -> Option<Date> {
    (!text.is_empty()).then(|| text.parse().expect("a day"))
}

fn rectangle(numbers: &str) -> Geometry<f64> {
    let n: Vec<f64> = numbers.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    Geometry::Rect(Rect::new((n[0], n[1]), (n[2], n[3])))
}

fn outline(wkt: &str) -> Geometry<f64> {
    let inner = wkt.trim_start_matches("POLYGON((").trim_end_matches("))");
    let point = |pair: &str| {
        let n: Vec<f64> = pair.split_whitespace().map(|n| n.parse().expect("a number")).collect();
        (n[0], n[1])
    };
    Geometry::Polygon(Polygon::new(inner.split(',').map(point).collect::<LineString<f64>>(), Vec::new()))
}

/// What the paper gives, to be changed by its variants.
#[derive(Clone)]
struct Paper {
    clearings: Vec<Row>,
    records: Vec<Row>,
    coverage: Vec<Row>,
    rules: Vec<Row>,
}

impl Paper {
    fn new() -> Self {
        let (clearings, records) = (table("id,cluster"), table("source,key"));
        Self { clearings, records, coverage: table("source,west"), rules: table("rule,condition") }
    }

    fn record(&mut self, key: &str) -> &mut Row {
        self.records.iter_mut().find(|record| record["key"] == key).expect("a record")
    }

    fn clearing(&mut self, id: &str) -> &mut Row {
        self.clearings.iter_mut().find(|clearing| clearing["id"] == id).expect("a clearing")
    }

    /// Every copy of every source.
    fn sources(&self) -> Vec<(RegistrySource, Layer)> {
        let copies = [
            ("bosque", "2024-08-01"),
            ("permisos", "2024-12-15"),
            ("reservas", "2024-01-15"),
            ("reservas", "2025-03-01"),
            ("vias", "2024-12-15"),
            ("coca", "2024-12-15"),
        ];
        copies.iter().filter_map(|(id, retrieved)| Some((self.source(id, retrieved), self.layer(id, retrieved)?))).collect()
    }

    fn source(&self, id: &str, retrieved: &str) -> RegistrySource {
        let coverage = self.coverage.iter().find(|row| row["source"] == id).map_or_else(String::new, |row| {
            let bounds = ["west", "south", "east", "north"].map(|side| row[side].clone()).join(", ");
            format!("coverage = {{ bounds = [{bounds}], from = {} }}\n", row["from"])
        });
        let join = if id == "vias" { "within:1000m" } else { "intersects" };
        let text = format!(
            "[[source]]\nid = \"{id}\"\ntitle = {{ es = \"{id}\", en = \"{id}\" }}\nauthority = \"A\"\npath = \"{id}.csv\"\n\
             key = \"key\"\ncolumns = {{ clase = \"clase\" }}\nno_information = {{ clase = [\"sin información\"] }}\n\
             valid_from = \"valid_from\"\nvalid_to = \"valid_to\"\njoin = \"{join}\"\nprivacy = \"public\"\nretrieved = {retrieved}\n\
             verified = \"extract\"\n{coverage}"
        );
        Catalogue::parse(&text).expect("a catalogue").sources.remove(0)
    }

    fn layer(&self, id: &str, retrieved: &str) -> Option<Layer> {
        let road = LineString::from(vec![(-74.0140, 1.0050), (-74.0100, 1.0050)]);
        let rows: Vec<(Geometry<f64>, [&str; 4])> = match id {
            "coca" => return Some(Layer::absent("coca.csv".to_owned())),
            "vias" => vec![(Geometry::LineString(road), ["VIA-1", "2023-05-01", "", ""])],
            _ => {
                let of_copy = self.records.iter().filter(|row| row["source"] == id && row["retrieved"] == retrieved);
                of_copy
                    .map(|row| (rectangle(&row["box"]), ["key", "valid_from", "valid_to", "clase"].map(|c| row[c].as_str())))
                    .collect()
            }
        };
        if rows.is_empty() {
            return None;
        }
        let column = |place: usize| {
            let value = |row: &(Geometry<f64>, [&str; 4])| Some(row.1[place].to_owned()).filter(|text| !text.is_empty());
            Values::Text(rows.iter().map(value).collect())
        };
        let features = Features::new(id, rows.iter().map(|row| Some(row.0.clone())).collect())
            .with("key", column(0))
            .and_then(|f| f.with("valid_from", column(1)))
            .and_then(|f| f.with("valid_to", column(2)))
            .and_then(|f| f.with("clase", column(3)))
            .expect("equal lengths");
        Some(Layer { path: format!("{id}.csv"), features, ..Layer::default() })
    }

    fn pack(&self) -> RulePack {
        let mut text = "[[law]]\nid = \"law\"\ntitle = { es = \"L\", en = \"L\" }\nact = \"A\"\narticle = \"1\"\n\
                        in_force = { from = 2021-07-29 }\nverified = \"official gazette\"\n"
            .to_owned();
        for row in &self.rules {
            let (id, condition) = (&row["rule"], &row["condition"]);
            let _ = write!(
                text,
                "[[rule]]\nid = \"{id}\"\nlaw = \"law\"\nelement = {{ es = \"E\", en = \"E\" }}\ncondition = '{condition}'\n"
            );
        }
        RulePack::parse(&text).expect("rules")
    }

    fn periods(&self) -> Vec<Option<Period>> {
        let period = |row: &Row| Period { before: day(&row["date_before"]), first: day(&row["date_first"]).expect("a day") };
        self.clearings.iter().map(period).map(Some).collect()
    }

    fn cases(&self, periods: Periods<'_>) -> Vec<Case> {
        let area = |row: &Row| ["area_low_ha", "area_high_ha"].map(|bound| row[bound].parse::<f64>().expect("hectares")).into();
        let areas: Vec<(f64, f64)> = self.clearings.iter().map(area).collect();
        let head = |row: &Row| self.clearings.iter().position(|other| other["cluster"] == row["cluster"]).expect("itself");
        let cluster: Vec<usize> = self.clearings.iter().map(head).collect();
        let areas = registry::Areas { own: &areas, counted: &areas };
        cases_of(&cluster, &(0..self.clearings.len()).collect::<Vec<_>>(), areas, periods, 6)
    }

    /// What the program says: for each clearing the wide columns by name, and for each rule the judgement.
    fn answers(&self) -> Answers {
        let sources = self.sources();
        let geometries: Vec<Option<Geometry<f64>>> = self.clearings.iter().map(|row| Some(outline(&row["wkt"]))).collect();
        let ids: Vec<String> = self.clearings.iter().map(|row| row["id"].clone()).collect();
        let days = self.periods();
        let periods = Periods::Changes(&days);
        let links = Overlay::new(&sources).expect("fields").links(&geometries, 0, AreaMeasure::Geodesic);
        let reaches: Vec<Reach<'_>> = sources.iter().map(|(source, layer)| Reach { source, layer, polygons: None }).collect();
        let silences = silences(&reaches, &geometries, periods);
        let joined =
            Joined { ids: &ids, links: &links, sources: &sources, periods, silences: &silences, error_m: 0.0, internal: false };
        let cases = self.cases(periods);
        let pack = self.pack();
        let judgements = judge(&pack, registry::Cases { joined: &joined, cases: &cases }).expect("judgements");
        let outcome = |j: &Judgement| ((ids[j.feature].clone(), pack.rules[j.rule].id.clone()), j.outcome.name().to_owned());
        let outcomes = judgements.iter().map(outcome).collect();
        let rows = rows(&judgement_table(&pack, &ids, &judgements));
        Answers { cases, outcomes, rows }
    }
}

/// What the program says.
struct Answers {
    cases: Vec<Case>,
    /// Outcomes by clearing and rule.
    outcomes: BTreeMap<(String, String), String>,
    /// The table of elements.
    rows: Vec<Row>,
}

fn rows(columns: &[alert::Column]) -> Vec<Row> {
    let count = columns[0].values.len();
    let value = |column: &alert::Column, row: usize| match &column.values {
        Values::Text(values) => values[row].clone().unwrap_or_default(),
        other => panic!("{} is {other:?}", column.name),
    };
    (0..count).map(|row| columns.iter().map(|column| (column.name.clone(), value(column, row))).collect()).collect()
}

#[test]
fn every_rule_answers_as_on_paper() {
    let Answers { outcomes, .. } = Paper::new().answers();
    let expected = table("id,bosque_natural");
    let mut off = Vec::new();
    for row in &expected {
        for (rule, answer) in row.iter().filter(|(rule, _)| *rule != "id") {
            let got = &outcomes[&(row["id"].clone(), rule.clone())];
            if got != answer {
                off.push(format!("{} {rule}: {got}, on paper {answer}", row["id"]));
            }
        }
    }
    assert_eq!(expected.len() * 9, 54);
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn every_source_answers_as_on_paper() {
    let Answers { rows, .. } = Paper::new().answers();
    // One rule names each source; the records of its row tell what the source answered.
    let rule_of = [
        ("bosque", "bosque_natural"),
        ("permisos", "sin_permiso"),
        ("reservas", "area_protegida"),
        ("vias", "contexto_via"),
        ("coca", "contexto_coca"),
    ];
    for expected in table("id,bosque,") {
        for (source, rule) in rule_of {
            let row = rows.iter().find(|row| row["id"] == expected["id"] && row["rule"] == rule).expect("a row");
            let answer = row["records"]
                .strip_prefix(&format!("{source}: "))
                .map_or("overlap", |rest| rest.split(' ').next().unwrap_or(""));
            assert_eq!(answer, expected[source], "{} {source}: {}", expected["id"], row["records"]);
        }
    }
}

#[test]
fn the_record_that_answers_is_named_with_its_copy_and_its_validity() {
    let Answers { rows, .. } = Paper::new().answers();
    let records =
        |id: &str, rule: &str| rows.iter().find(|row| row["id"] == id && row["rule"] == rule).expect("a row")["records"].clone();
    assert_eq!(records("C1", "sin_permiso"), "permisos:PERM-001 (2024-12-15; valid_throughout)");
    assert_eq!(records("C2", "sin_permiso"), "permisos:PERM-002 (2024-12-15; not_valid)");
    assert_eq!(records("C2", "area_protegida"), "reservas:R1 (2025-03-01; not_valid)");
    assert_eq!(records("C3", "area_protegida"), "reservas:R2 (2025-03-01; valid_in_part)");
    assert_eq!(records("C4", "area_protegida"), "reservas:R3 (2025-03-01; valid_throughout)");
    assert_eq!(records("C5", "area_protegida"), "reservas:R4 (2024-01-15; valid_throughout)");
    assert_eq!(records("C6", "sin_permiso"), "permisos: snapshot_older (2024-12-15)");
    let marked = rows.iter().all(|row| row["reviewed_by_lawyer"] == "no" && row["law_text"] == "official gazette");
    assert!(marked, "every row says that no lawyer has reviewed its rule");
}

#[test]
fn areas_add_up_as_on_paper() {
    let Answers { cases, .. } = Paper::new().answers();
    let near = |got: (f64, f64), low: f64, high: f64| (got.0 - low).abs() < 1e-9 && (got.1 - high).abs() < 1e-9;
    for (place, extent, accumulated) in [
        (0, (2.30, 2.62), (2.30, 2.62)),
        (1, (50.8, 56.0), (32.1, 35.3)),
        (2, (50.8, 56.0), (32.1, 35.3)),
        (3, (35.1, 38.8), (35.1, 38.8)),
        (4, (0.92, 1.05), (0.92, 1.05)),
        (5, (50.8, 56.0), (18.7, 20.7)),
    ] {
        let case = &cases[place];
        assert!(near(case.extent_ha, extent.0, extent.1) && near(case.accumulated_ha, accumulated.0, accumulated.1), "{case:?}");
    }
}

#[test]
fn every_variant_answers_as_on_paper() {
    let change = |variant: &str| {
        let mut paper = Paper::new();
        match variant {
            "V1" => paper.records.retain(|row| row["source"] != "reservas" || row["retrieved"] == "2025-03-01"),
            "V2" => paper.records.retain(|row| row["source"] != "reservas" || row["retrieved"] == "2024-01-15"),
            "V3" => paper.coverage.retain(|row| row["source"] != "permisos"),
            "V4" => drop(paper.record("R2").insert("valid_from".into(), String::new())),
            "V5" => drop(paper.record("PERM-001").insert("valid_to".into(), "2024-03-21".into())),
            "V6" => drop(paper.record("PERM-001").insert("valid_to".into(), "2024-03-22".into())),
            "V7" => drop(paper.record("PERM-001").insert("box".into(), "-74.0105 0.9995 -74.0090 1.0015".into())),
            "V8" => drop(paper.clearing("C5").insert("area_low_ha".into(), "1.00".into())),
            "V9" => drop(paper.clearing("C4").insert("area_low_ha".into(), "30.0".into())),
            "V10" => {
                paper.clearing("C4").insert("area_high_ha".into(), "30.0".into());
                paper.clearing("C4").insert("area_low_ha".into(), "29.0".into());
            }
            other => panic!("variant {other} is not typed in"),
        }
        paper
    };
    let variants = table("variant,change");
    assert_eq!(variants.len(), 14);
    for row in variants {
        let Answers { outcomes, .. } = change(&row["variant"]).answers();
        assert_eq!(outcomes[&(row["id"].clone(), row["rule"].clone())], row["answer"], "{}: {}", row["variant"], row["why"]);
    }
}

/// The shipped pack on one clearing of these days, no source at hand: which laws are asked at all.
fn law_answer(law: &str, before: &str, first: &str) -> &'static str {
    let text = include_str!("../rules/co_ley_2111_2021.toml");
    let pack = RulePack::parse(text).expect("the shipped rules");
    let place = pack.laws.iter().position(|known| known.id == law).expect("a law of the pack");
    let Some(number) = pack.rules.iter().position(|rule| rule.law == place) else { return "no rule" };
    let days = [Some(Period { before: day(before), first: day(first).expect("a day") })];
    let (ids, area) = (["C".to_owned()], (2.0, 3.0));
    let joined = Joined {
        ids: &ids,
        links: &[],
        sources: &[],
        periods: Periods::Changes(&days),
        silences: &[],
        error_m: 0.0,
        internal: false,
    };
    let case = Case { area_ha: area, extent_ha: area, contiguous_ha: area, accumulated_ha: area };
    let judgements = judge(&pack, registry::Cases { joined: &joined, cases: &[case] }).expect("judgements");
    match &judgements[number] {
        judgement if judgement.outcome.name() == "not_asked" => "not_in_force",
        judgement if judgement.reason.contains("law_not_in_force_throughout") => "straddles",
        _ => "asked",
    }
}

#[test]
fn laws_are_asked_on_the_days_on_which_they_were_in_force() {
    for row in table("date_before,date_first") {
        for law in ["co_cp_330", "co_cp_328_2011"] {
            let got = law_answer(law, &row["date_before"], &row["date_first"]);
            assert_eq!(got, row[law], "{law}, {} to {}", row["date_before"], row["date_first"]);
        }
    }
    assert_eq!(law_answer("co_cp_337", "2024-03-01", "2024-03-21"), "no rule", "a struck down article is not evaluated");
}
