//! Estimates against those of others: Olofsson et al. 2013 and 2014 by the R package mapaccuracy, Stehman 2014 as printed, and
//! the pages of `AcATaMa` for Tinigua National Park (Meta, Colombia).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use survey::{Accuracy, Sample, Stratum, Unit, strata_weights};

/// Folder of the reference data; `None` (and a line that says so) where it is absent.
fn case(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ATALAYA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("cases/17_accuracy_area");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("ATALAYA_REQUIRE_SHARED").is_none(), "{}: reference data are required", folder.display());
    eprintln!("skipped: {test}: no reference data");
    None
}

/// Units of an error matrix whose rows are strata and map classes at once.
fn sample(counts: &[Vec<u64>], sizes: &[f64]) -> Sample {
    let rows = counts.iter().enumerate().flat_map(|(row, cells)| cells.iter().enumerate().map(move |(col, n)| (row, col, *n)));
    let units: Vec<(usize, usize)> = rows.flat_map(|(row, col, n)| (0..n).map(move |_| (row, col))).collect();
    let strata: Vec<Stratum> = sizes.iter().map(|&size| Stratum { name: String::new(), size }).collect();
    let weights = strata_weights(&strata, &units.iter().map(|unit| unit.0).collect::<Vec<_>>()).expect("weights");
    let units = units.into_iter().map(|(row, col)| Unit { stratum: row, weight: weights[row], mapped: row, reference: col });
    Sample::new(units.collect(), sizes.len(), sizes.len()).expect("a sample")
}

/// The same drawn without strata.
fn simple(counts: &[Vec<u64>]) -> Sample {
    let units = sample(counts, &vec![1.0; counts.len()]).units().to_vec();
    let units = units.into_iter().map(|unit| Unit { stratum: 0, weight: 1.0, ..unit });
    Sample::new(units.collect(), 1, counts.len()).expect("a sample")
}

fn assert_near(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((got - expected).abs() <= tolerance, "{what}: {got}, expected {expected}");
}

/// Expects the columns of a table of mapaccuracy.
fn assert_as_mapaccuracy(folder: &Path, name: &str) {
    let mut table = csv::Reader::from_path(folder.join(format!("{name}_error_matrix_counts.csv"))).expect("a matrix");
    let counts: Vec<Vec<u64>> = table
        .records()
        .map(|row| row.expect("a row").iter().skip(1).map(|cell| cell.parse().expect("a count")).collect())
        .collect();
    let mut table = csv::Reader::from_path(folder.join(format!("{name}_expected.csv"))).expect("a table");
    let expected: Vec<BTreeMap<String, f64>> = table
        .deserialize::<BTreeMap<String, String>>()
        .map(|row| row.expect("a row").into_iter().filter_map(|(key, cell)| Some((key, cell.parse().ok()?))).collect())
        .collect();
    let sizes: Vec<f64> = expected.iter().map(|row| row["mapped_area"]).collect();
    let whole: f64 = sizes.iter().sum();
    let Accuracy { overall, classes } = sample(&counts, &sizes).accuracy();
    for (class, row) in classes.iter().zip(&expected) {
        let (users, producers) = (class.users.expect("mapped"), class.producers.expect("present"));
        let area = class.area.times(whole);
        let half = |estimate: survey::Estimate| estimate.interval().map(|(low, high)| (high - low) / 2.0);
        for (got, column, unit) in [
            (Some(users.value), "UA", 1.0),
            (users.se, "UA_se", 1.0),
            (half(users), "UA_ci95", 1.0),
            (Some(producers.value), "PA", 1.0),
            (producers.se, "PA_se", 1.0),
            (half(producers), "PA_ci95", 1.0),
            (Some(class.area.value), "area_prop", 1.0),
            (class.area.se, "area_se", 1.0),
            (Some(area.value), "area", whole),
            (half(area), "area_ci95", whole),
            (Some(overall.value), "OA", 1.0),
            (overall.se, "OA_se", 1.0),
            (half(overall), "OA_ci95", 1.0),
        ] {
            assert_near(got.expect("a number"), row[column], 2e-12 * unit, &format!("{name} {column}"));
        }
    }
}

#[test]
fn stratified_estimates_are_those_of_olofsson() {
    let Some(folder) = case("stratified_estimates_are_those_of_olofsson") else { return };
    for name in ["olofsson2013_example1", "olofsson2014_table8"] {
        assert_as_mapaccuracy(&folder, name);
    }
}

/// Sizes in hectares of the three classes of Tinigua's map.
const TINIGUA_HA: [f64; 3] = [145_078.56, 5703.75, 64_029.69];

#[test]
fn strata_of_tinigua_give_what_its_reviewed_page_says() {
    // acatama_stratified_expected_tables.csv, rounded there to five decimals and areas to the square metre.
    let sample = sample(&[vec![287, 1, 25], vec![3, 43, 4], vec![11, 1, 127]], &TINIGUA_HA);
    let Accuracy { overall, classes } = sample.accuracy();
    assert_near(overall.value, 0.91445, 5e-6, "overall");
    assert_near(overall.se.expect("an error"), 0.0128, 5e-6, "its error");
    let expected = [
        ([0.91693, 0.01562], [0.96093, 0.01056], [138_436.628_58, 2_709.377_84]),
        ([0.86, 0.04957], [0.84147, 0.09383], [5_829.380_03, 712.020_37]),
        ([0.91367, 0.02391], [0.82927, 0.02542], [70_545.991_39, 2_711.107_22]),
    ];
    for (class, (users, producers, area)) in classes.iter().zip(expected) {
        let told = class.area.times(TINIGUA_HA.iter().sum());
        // Errors of producer's accuracy there are 1 to 5 % off equation 7 of Olofsson et al. 2014, which ours meet in the test above.
        for (got, [value, se], off) in
            [(class.users.expect("mapped"), users, 6e-6), (class.producers.expect("there"), producers, 0.05 * producers[1])]
        {
            assert_near(got.value, value, 6e-6, "value");
            assert_near(got.se.expect("an error"), se, off, "error");
        }
        assert_near(told.value, area[0], 1e-3, "area");
        // Theirs has a finite population correction: pixels of 900 m2.
        assert_near(told.se.expect("an error"), area[1], 2e-3 * area[1], "error of the area");
    }
}

#[test]
fn a_simple_sample_of_tinigua_is_told_as_on_its_page() {
    // acatama_simple_expected_tables.csv. Its errors of producer's accuracy take n - 1 of the class where the linearised ratio takes
    // n (n - 1) / n of all: 3 % apart for the 18 points of deforestation.
    let sample = simple(&[vec![325, 0, 15], vec![0, 17, 0], vec![7, 1, 135]]);
    let Accuracy { overall, classes } = sample.accuracy();
    assert_near(overall.value, 0.954, 1e-12, "overall");
    assert_near(overall.se.expect("an error"), 0.00938, 5e-6, "its error");
    let expected = [(0.95588, 0.01115, 0.97892, 0.0079), (1.0, 0.0, 0.94444, 0.05556), (0.94406, 0.01929, 0.9, 0.02458)];
    for (class, (users, users_se, producers, producers_se)) in classes.iter().zip(expected) {
        let (u, p) = (class.users.expect("mapped"), class.producers.expect("there"));
        assert_near(u.value, users, 6e-6, "user's");
        assert_near(p.value, producers, 6e-6, "producer's");
        assert_near(u.se.expect("an error"), users_se, 0.005 * users_se, "error of user's");
        assert_near(p.se.expect("an error"), producers_se, 0.03 * producers_se, "error of producer's");
    }
    assert_near(classes[1].area.value * 214_812.0, 7733.232, 1e-6, "area");
}

#[test]
fn strata_other_than_classes_give_what_stehman_printed() {
    // Stehman 2014, table 2: ten units of each of four strata, pages 4932 to 4936.
    let letters = |text: &str| text.bytes().map(|letter| usize::from(letter - b'A')).collect::<Vec<_>>();
    let mapped = letters("AAAAAAABBBABBBBBBBBBBBCCCCCCBBDDDDDDDDDD");
    let reference = letters("AAAAACBABCABBBBBAABBCCCCCDDBBADDDDDDDCCB");
    let sizes = [40_000.0, 30_000.0, 20_000.0, 10_000.0];
    let units = (0..40).map(|i| {
        let stratum = i / 10;
        Unit { stratum, weight: sizes[stratum] / 10.0, mapped: mapped[i], reference: reference[i] }
    });
    let sample = Sample::new(units.collect(), 4, 4).expect("a sample");
    let Accuracy { overall, classes } = sample.accuracy();
    let (users, producers) = (classes[1].users.expect("mapped"), classes[1].producers.expect("there"));
    for (got, value, se) in [
        (classes[0].area, 0.35, 0.082),
        (classes[2].area, 0.20, 0.064),
        (overall, 0.63, 0.085),
        (users, 0.574, 0.125),
        (producers, 0.794, 0.116),
    ] {
        assert_near(got.value, value, 5e-4, "value");
        assert_near(got.se.expect("an error"), se, 1e-3, "error");
    }
    assert_near(sample.matrix_of_shares()[1][2], 0.08, 1e-12, "cell of B and C");
}

#[test]
fn weights_of_units_give_the_sums_of_horvitz_and_thompson() {
    // Four units with probabilities 0.1, 0.2, 0.2 and 0.5: weights 10, 5, 5, 2. Right is the first, third and fourth.
    let unit = |weight, mapped, reference| Unit { stratum: 0, weight, mapped, reference };
    let sample = Sample::new(vec![unit(10.0, 1, 1), unit(5.0, 1, 0), unit(5.0, 0, 0), unit(2.0, 0, 0)], 1, 2).expect("a sample");
    assert_near(sample.total_weight(), 22.0, 1e-12, "population");
    let Accuracy { overall, classes } = sample.accuracy();
    assert_near(overall.value, 17.0 / 22.0, 1e-12, "overall");
    let users = classes[1].users.expect("mapped");
    assert_near(users.value, 10.0 / 15.0, 1e-12, "user's");
    // Rests 10 (1 - 2/3), 5 (0 - 2/3), 0, 0: sum 0, squares 2 (10/3)^2, times 4/3, by 15.
    let se = (2.0 * (10.0_f64 / 3.0).powi(2) * 4.0 / 3.0).sqrt() / 15.0;
    assert_near(users.se.expect("an error"), se, 1e-12, "its error");
    // f1: 2 * 10 by 10 + 15.
    assert_near(classes[1].f1.expect("there").value, 0.8, 1e-12, "f1");
    assert_eq!(sample.matrix(), [[2, 0], [1, 1]]);
}

#[test]
fn a_stratum_of_one_unit_has_no_error_and_one_of_none_no_estimate() {
    let unit = |stratum| Unit { stratum, weight: 1.0, mapped: 0, reference: 0 };
    let alone = Sample::new(vec![unit(0), unit(0), unit(1)], 2, 1).expect("a sample").accuracy().overall;
    assert_eq!((alone.value, alone.se), (1.0, None));
    let strata = |size| [("a", 3.0), ("b", size)].map(|(name, size)| Stratum { name: name.to_owned(), size });
    assert!(strata_weights(&strata(2.0), &[0, 0]).is_err_and(|error| error.to_string().contains("stratum b")));
    assert!(strata_weights(&strata(f64::NAN), &[0, 1]).is_err());
    assert_eq!(strata_weights(&strata(2.0), &[0, 1, 1, 1]), Ok(vec![3.0, 2.0 / 3.0]));
    assert!(Sample::new(Vec::new(), 1, 1).is_err());
    assert!(Sample::new(vec![Unit { weight: 0.0, ..unit(0) }], 1, 1).is_err());
    assert!(Sample::new(vec![unit(4)], 1, 1).is_err_and(|error| error.to_string().contains("stratum 4")));
}
