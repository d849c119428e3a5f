//! What is promised of registries as a whole: catalogues that come along, what is private, rules, and tables of codes.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{argument, atalaya, case, fail, scratch, succeed};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

/// A parcel whose owner is nobody's business, a reserve that is everybody's, and a clearing in both.
fn town(folder: &Path) {
    let square = |x: f64, side: f64, properties: &str| {
        let (e, n) = (x + side, 1.0 + side);
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":\
             [[[{x},1.0],[{e},1.0],[{e},{n}],[{x},{n}],[{x},1.0]]]}}}}"
        )
    };
    let write = |name: &str, features: &[String]| {
        let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","));
        fs::write(folder.join(name), text).expect("written");
    };
    write("parcels.geojson", &[square(-74.0, 0.01, "\"npn\":\"18001000200030004\",\"owner\":\"SECRETA PERSONA\"")]);
    write(
        "reserves.geojson",
        &[square(-74.0, 0.02, "\"code\":\"R1\",\"name\":\"El Jaguar\",\"guard\":\"SECRETO GUARDA\",\"since\":\"2000-01-01\"")],
    );
    write(
        "clearings.geojson",
        &[square(
            -74.0,
            0.002,
            "\"id\":\"c1\",\"date_before\":\"2024-03-01\",\"date_first\":\"2024-03-21\",\"area_ha\":\"4.9\",\"area_low_ha\":\"4.5\",\"area_high_ha\":\"5.3\"",
        )],
    );
    let coverage = "retrieved = 2025-01-31\nverified = \"extract\"\ncoverage = { bounds = [-75.0, 0.0, -73.0, 2.0] }\n";
    let catalogue = format!(
        "[[source]]\nid = \"parcels\"\ntitle = {{ es = \"P\", en = \"P\" }}\nauthority = \"IGAC\"\npath = \"parcels.geojson\"\nkey = \"npn\"\n\
         name = \"owner\"\nprivacy = \"personal\"\n{coverage}\n\
         [[source]]\nid = \"runap\"\ntitle = {{ es = \"R\", en = \"R\" }}\nauthority = \"PNN\"\npath = \"reserves.geojson\"\nkey = \"code\"\n\
         name = \"name\"\ncolumns = {{ guard = \"guard\" }}\nprivate = [\"guard\"]\nvalid_from = \"since\"\nprivacy = \"public\"\n{coverage}\n\
         [[source]]\nid = \"permits\"\ntitle = {{ es = \"A\", en = \"A\" }}\nauthority = \"CAR\"\npath = \"permits.geojson\"\nkey = \"act\"\n\
         privacy = \"public\"\n{coverage}"
    );
    fs::write(folder.join("catalogue.toml"), catalogue).expect("written");
    let rules = "[[law]]\nid = \"law\"\ntitle = { es = \"L\", en = \"L\" }\nact = \"Ley 1\"\narticle = \"1\"\nin_force = { from = 2021-07-29 }\n\
                 verified = \"official gazette\"\n\
                 [[rule]]\nid = \"reserve\"\nlaw = \"law\"\nelement = { es = \"E\", en = \"E\" }\ncondition = \"inside(runap)\"\npriority = 3\n\
                 [[rule]]\nid = \"held\"\nlaw = \"law\"\nelement = { es = \"E\", en = \"E\" }\ncondition = \"meets(parcels)\"\npriority = 1\n\
                 [[rule]]\nid = \"permit\"\nlaw = \"law\"\nelement = { es = \"E\", en = \"E\" }\ncondition = \"not covered(permits)\"\npriority = 2\n";
    fs::write(folder.join("rules.toml"), rules).expect("written");
}

fn join(folder: &Path, out: &str, more: &[&str]) -> String {
    let (features, catalogue) = (folder.join("clearings.geojson"), folder.join("catalogue.toml"));
    let out = folder.join(out);
    let mut arguments =
        vec!["join", argument(&features), "--registries", argument(&catalogue), "-o", argument(&out), "--force", "--json"];
    arguments.extend(more);
    succeed(arguments)
}

#[test]
fn no_sink_gives_away_what_is_personal_or_private() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let rules = folder.join("rules.toml");
    for ending in ["csv", "geojson", "gpkg", "fgb", "kml", "parquet"] {
        for form in [&["--wide"][..], &[]] {
            let (out, elements, totals) = (format!("out.{ending}"), folder.join("elements.csv"), folder.join("totals.csv"));
            let more = [
                "--rules",
                argument(&rules),
                "--elements",
                argument(&elements),
                "--by",
                "runap_key",
                "--totals",
                argument(&totals),
            ];
            let told = join(folder, &out, &[&more[..], form].concat());
            for file in [folder.join(&out), elements.clone(), totals.clone()] {
                let bytes = fs::read(&file).expect("an output");
                let text = String::from_utf8_lossy(&bytes);
                for secret in ["SECRET", "18001000200030004"] {
                    assert!(!text.contains(secret) && !told.contains(secret), "{} {form:?}: {secret}", file.display());
                }
            }
        }
    }
    join(folder, "inner.csv", &["--wide", "--internal"]);
    let inner = fs::read_to_string(folder.join("inner.csv")).expect("a table");
    assert!(inner.contains("SECRETA PERSONA") && inner.contains("SECRETO GUARDA"), "{inner}");
}

#[test]
fn rules_name_the_record_and_priority_its_terms() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let (rules, elements) = (folder.join("rules.toml"), folder.join("elements.csv"));
    join(folder, "wide.csv", &["--wide", "--rules", argument(&rules), "--elements", argument(&elements)]);
    let outcomes: Vec<(String, String, String)> =
        rows(&elements).into_iter().map(|row| (row["rule"].clone(), row["outcome"].clone(), row["records"].clone())).collect();
    let expected = [
        ("reserve", "met", "runap:R1 (2025-01-31; valid_throughout)"),
        ("held", "met", "parcels:(restricted) (2025-01-31; unknown)"),
        ("permit", "unknown", "permits: source_absent (2025-01-31)"),
    ];
    assert_eq!(outcomes, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let wide = &rows(&folder.join("wide.csv"))[0];
    assert_eq!((wide["priority_score"].as_str(), wide["permits_answer"].as_str()), ("4", "source_absent"));
    assert_eq!(wide["priority_terms"], "reserve +3; held +1; permit 0 of 2 (unknown)");
}

#[test]
fn a_rule_that_asks_for_what_is_not_there_names_rule_and_field() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let arguments = |rules: &str| {
        fs::write(folder.join("rules.toml"), rules).expect("written");
        let names =
            ["clearings.geojson", "catalogue.toml", "rules.toml", "elements.csv", "out.csv"].map(|name| folder.join(name));
        let [features, catalogue, rules, elements, out] = names.map(|path| argument(&path).to_owned());
        [
            "join".into(),
            features,
            "--registries".into(),
            catalogue,
            "--rules".into(),
            rules,
            "--elements".into(),
            elements,
            "-o".into(),
            out,
        ]
    };
    let law = "[[law]]\nid = \"law\"\ntitle = { es = \"L\", en = \"L\" }\nact = \"A\"\narticle = \"1\"\n";
    let rule = |condition: &str| {
        format!("{law}[[rule]]\nid = \"r\"\nlaw = \"law\"\nelement = {{ es = \"E\", en = \"E\" }}\ncondition = '{condition}'\n")
    };
    for (condition, told) in [
        ("inside(runap, categoria == \"PNN\")", "rule r asks source runap for `categoria`"),
        ("near(runap, 100 m)", "needs join = \"within:100m\""),
        ("inside(runap", "expected `)`"),
        ("hectares > 1", "asks for the column `hectares`"),
    ] {
        let line = fail(2, arguments(&rule(condition)));
        assert!(line.contains(told), "{condition}: {line}");
    }
}

#[test]
fn cells_of_a_kilometre_tell_counts_and_hectares_and_no_outline() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let (features, out) = (folder.join("clearings.geojson"), folder.join("cells.geojson"));
    succeed(["registry", "publish", argument(&features), "--cell", "1km", "-o", argument(&out)]);
    let cells = json(&fs::read_to_string(&out).expect("cells"));
    let cells = cells["features"].as_array().expect("features");
    assert_eq!(cells.len(), 1);
    let told = &cells[0]["properties"];
    assert_eq!(
        (told["features"].as_i64(), told["area_ha"].as_f64(), told["month_first"].as_str()),
        (Some(1), Some(4.9), Some("2024-03"))
    );
    let ring = cells[0]["geometry"]["coordinates"][0].as_array().expect("a ring");
    let x = |place: usize| ring[place][0].as_f64().expect("a number");
    assert_eq!(ring.len(), 5);
    assert!((x(1) - x(0)).abs() > 0.005, "the cell is about a kilometre wide, the clearing 0.002 degrees");
}

#[test]
fn a_new_folder_for_colombia_lists_what_to_fetch_and_takes_real_municipalities() {
    let scratch = scratch();
    let folder = scratch.path().join("registros");
    succeed(["registry", "init", "--country", "CO", argument(&folder)]);
    let catalogue = folder.join("catalogue.toml");
    let list = fs::read_to_string(folder.join("LISTA.md")).expect("a list");
    assert!(list.contains("Registro Único Nacional de Áreas Protegidas") && list.contains("dónde:"), "{list}");
    assert!(folder.join("rules/co_ley_2111_2021.toml").is_file());
    let none = atalaya(["registry", "check", argument(&catalogue)]);
    assert_eq!(none.status.code(), Some(3), "nothing is there yet");
    let Some(case) = case("a_new_folder_for_colombia_lists_what_to_fetch_and_takes_real_municipalities", "15_registry_colombia")
    else {
        return;
    };
    let listed = json(&succeed(["registry", "list", argument(&catalogue), "--json", "-q"]));
    let municipalities = listed["sources"].as_array().expect("sources").iter().find(|source| source["id"] == "municipios");
    let path = municipalities.and_then(|source| source["path"].as_str()).expect("a path");
    fs::copy(case.join("municipalities_mgn2018.geojson"), folder.join(path)).expect("copied");
    let told = json(&succeed(["registry", "check", argument(&catalogue), "--json", "-q"]));
    let of = |id: &str| {
        told["sources"].as_array().expect("sources").iter().find(|source| source["id"] == id).expect("a source").clone()
    };
    assert_eq!(
        (of("municipios")["state"].as_str(), of("runap")["state"].as_str()),
        (Some("valid"), Some("absent")),
        "{}",
        of("municipios")
    );
    assert_eq!(of("municipios")["records"].as_u64(), Some(339));
}

#[test]
fn a_renamed_field_is_proposed() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let catalogue = folder.join("catalogue.toml");
    let text = fs::read_to_string(&catalogue)
        .expect("text")
        .replace("key = \"code\"", "key = \"Código\"")
        .replace("name = \"name\"", "name = \"NAME\"");
    fs::write(&catalogue, text).expect("written");
    let output = atalaya(["registry", "check", argument(&catalogue), "--suggest"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("name = \"name\"  # instead of \"NAME\"") && told.contains("key"), "{told}");
}

/// UBIGEO codes of Peru: one of the tables lost its leading zeros (cases/16: 4960 of 4980 rows join with them, 3040 without).
#[test]
fn codes_that_lost_their_zeros_are_told_and_join_when_their_width_is_said() {
    let name = "codes_that_lost_their_zeros_are_told_and_join_when_their_width_is_said";
    let Some(case) = case(name, "16_registry_peru_forest_coca") else { return };
    let scratch = scratch();
    let folder = scratch.path();
    let losses = case.join("geobosques_district_loss_2001_2024.csv");
    let write = |width: &str| {
        let text = format!(
            "[[source]]\nid = \"loss\"\ntitle = {{ es = \"P\", en = \"L\" }}\nauthority = \"MINAM\"\npath = \"{}\"\nkey = \"UBIGEO\"\n\
             name = \"DISTRITO\"\njoin = \"key:UBIGEO\"\nprivacy = \"public\"\n{width}",
            losses.display()
        );
        fs::write(folder.join("catalogue.toml"), text).expect("written");
    };
    let joined = |out: &str| {
        let (features, catalogue, out) =
            (case.join("district_year_def_coca.csv"), folder.join("catalogue.toml"), folder.join(out));
        let told = json(&succeed([
            "join",
            argument(&features),
            "--registries",
            argument(&catalogue),
            "--wide",
            "-o",
            argument(&out),
            "--json",
            "-q",
        ]));
        let rows = rows(&out);
        (rows.len(), rows.iter().filter(|row| row["loss_count"] == "1").count(), told)
    };
    let expected = json(&fs::read_to_string(case.join("expected_summary.json")).expect("expected"));
    write("");
    let (all, matched, told) = joined("cut.csv");
    assert_eq!(
        (all as u64, matched as u64),
        (expected["panel_rows"].as_u64().unwrap_or(0), expected["joined_without_zero_padding"].as_u64().unwrap_or(0))
    );
    let warned = told["warnings"].as_array().expect("warnings").iter().any(|warning| warning["code"] == "keys_cut");
    assert!(warned, "{}", told["warnings"]);
    write("key_width = 6\n");
    let (_, matched, _) = joined("whole.csv");
    assert_eq!(Some(matched as u64), expected["joined_rows"].as_u64());
}

/// A table of fines by municipality, joined by the code of the municipality that a clearing lies in.
#[test]
fn a_table_of_codes_is_joined_by_the_code_of_the_place() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let catalogue = folder.join("catalogue.toml");
    fs::write(folder.join("fines.csv"), "code,fines\nR1,007\nR2,3\n").expect("written");
    let source = |id: &str, path: &str| {
        format!(
            "\n[[source]]\nid = \"{id}\"\ntitle = {{ es = \"M\", en = \"F\" }}\nauthority = \"CAR\"\npath = \"{path}\"\nkey = \"code\"\n\
             columns = {{ fines = \"fines\" }}\njoin = \"key:runap_key\"\nprivacy = \"public\"\n"
        )
    };
    let text = fs::read_to_string(&catalogue).expect("text") + &source("fines", "fines.csv") + &source("later", "not_there.csv");
    fs::write(&catalogue, text).expect("written");
    join(folder, "wide.csv", &["--wide"]);
    let wide = &rows(&folder.join("wide.csv"))[0];
    assert_eq!((wide["fines_key"].as_str(), wide["fines_fines"].as_str(), wide["fines_count"].as_str()), ("R1", "007", "1"));
    assert_eq!(wide["later_answer"], "source_absent");
}

#[test]
fn a_folder_of_catalogues_is_one_whose_ids_differ() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let text = fs::read_to_string(folder.join("catalogue.toml")).expect("text");
    let at = text.find("[[source]]\nid = \"runap\"").expect("the second source");
    let whole = folder.join("catalogues");
    fs::create_dir(&whole).expect("a folder");
    for name in ["parcels.geojson", "reserves.geojson"] {
        fs::copy(folder.join(name), whole.join(name)).expect("copied");
    }
    fs::write(whole.join("a.toml"), &text[..at]).expect("written");
    fs::write(whole.join("b.toml"), &text[at..]).expect("written");
    let listed = json(&succeed(["registry", "list", argument(&whole), "--json", "-q"]));
    assert_eq!(listed["counts"]["sources"], 3);
    let (features, out) = (folder.join("clearings.geojson"), folder.join("folder.csv"));
    succeed(["join", argument(&features), "--registries", argument(&whole), "--wide", "-o", argument(&out), "-q"]);
    assert_eq!(rows(&out)[0]["runap_key"], "R1");
    fs::write(whole.join("c.toml"), &text[..at]).expect("written");
    let line = fail(2, ["registry", "list", argument(&whole)]);
    assert!(line.contains("c.toml:2") && line.contains("`parcels` is already used"), "{line}");
}

#[test]
fn extents_add_up_what_counts_of_each_clearing() {
    let scratch = scratch();
    let folder = scratch.path();
    town(folder);
    let answer = |counted: &str, condition: &str| {
        let rules = format!(
            "[counted]\nhectares = \"{counted}\"\n\
             [[law]]\nid = \"law\"\ntitle = {{ es = \"L\", en = \"L\" }}\nact = \"Ley 1\"\narticle = \"1\"\n\
             in_force = {{ from = 2021-07-29 }}\nverified = \"official gazette\"\n\
             [[rule]]\nid = \"extent\"\nlaw = \"law\"\nelement = {{ es = \"E\", en = \"E\" }}\ncondition = \"{condition}\"\n"
        );
        fs::write(folder.join("extent.toml"), rules).expect("written");
        let (rules, elements) = (folder.join("extent.toml"), folder.join("elements.csv"));
        join(folder, "out.geojson", &["--wide", "--internal", "--rules", argument(&rules), "--elements", argument(&elements)]);
        let row = rows(&elements).remove(0);
        (row["outcome"].clone(), row["reason"].clone())
    };
    let told = |outcome: &str, reason: &str| (outcome.to_owned(), reason.to_owned());
    // 4.5 to 5.3 hectares were cleared, all of it in the reserve.
    assert_eq!(answer("share(runap) * area_ha", "extent_ha >= 4"), told("met", ""));
    assert_eq!(answer("share(runap) * area_ha", "extent_ha > 5.3"), told("not_met", ""));
    assert_eq!(answer("share(permits) * area_ha", "area_ha >= 4"), told("met", ""), "the clearing itself does not hang on it");
    let (outcome, reason) = answer("share(permits) * area_ha", "extent_ha >= 4");
    assert_eq!((outcome.as_str(), reason.contains("permits: source_absent")), ("unknown", true), "{reason}");
    assert_eq!(answer("share(permits) * area_ha", "extent_ha > 5.3").0, "not_met", "no more than the clearing can count");
}
