//! Every index of the Awesome Spectral Indices against values that spyndex computed (`scripts/indices expected`).

use std::collections::BTreeMap;

use change::{Catalogue, Constant, compute_all};
use ndarray::Array4;
use raster::{Band, Cube, Role, Scaling};

const VALUES: &str = include_str!("indices/spyndex.tsv");

/// The band that a symbol of the list stands for.
const SYMBOLS: [(&str, Band); 21] = [
    ("A", Band::Coastal),
    ("B", Band::Blue),
    ("G", Band::Green),
    ("G1", Band::Green05),
    ("Y", Band::Yellow),
    ("R", Band::Red),
    ("RE1", Band::Rededge071),
    ("RE2", Band::Rededge075),
    ("RE3", Band::Rededge078),
    ("N", Band::Nir),
    ("N2", Band::Nir08),
    ("WV", Band::Nir09),
    ("S1", Band::Swir16),
    ("S2", Band::Swir22),
    ("T", Band::Lwir),
    ("T1", Band::Lwir11),
    ("T2", Band::Lwir12),
    ("VV", Band::Vv),
    ("VH", Band::Vh),
    ("HV", Band::Hv),
    ("HH", Band::Hh),
];

fn rows(kind: &str) -> BTreeMap<&'static str, Vec<f64>> {
    let fields = VALUES.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let of_kind = fields.filter(|row| row[0] == kind);
    of_kind.map(|row| (row[1], row[2..].iter().map(|value| value.parse().expect("a number")).collect())).collect()
}

fn cube(inputs: &BTreeMap<&str, Vec<f64>>) -> Cube {
    let points = inputs["N"].len();
    let values: Vec<f32> = SYMBOLS.iter().flat_map(|(symbol, _)| inputs[symbol].iter().map(|value| *value as f32)).collect();
    Cube {
        bands: SYMBOLS.map(|(_, band)| Role::Band(band)).to_vec(),
        scaling: vec![Scaling::IDENTITY; SYMBOLS.len()],
        values: Array4::from_shape_vec((1, SYMBOLS.len(), 1, points), values).expect("a row a band"),
        layers: Vec::new(),
        quality: Array4::zeros((1, 0, 1, points)),
    }
}

#[test]
fn every_index_of_the_list_meets_spyndex() {
    let (inputs, expected) = (rows("input"), rows("index"));
    assert_eq!(expected.len(), 280);
    let cube = cube(&inputs);
    let catalogue = Catalogue::built_in();
    let mut numbers = 0;
    for (name, values) in expected {
        for (point, value) in values.iter().enumerate() {
            let mut record = catalogue.find(name).expect("it is built in");
            if name == "kNDVI" {
                // The built-in one has its kernel put in; the list's takes it as an input.
                record.formula = "(kNN - kNR)/(kNN + kNR)".to_owned();
            }
            if record.domain == "kernel" {
                // Kernels are given as numbers here, and a formula without any band is refused.
                record.formula += " + 0 * N";
            }
            // Constants differ from point to point, as bands do.
            let given: Vec<Constant> = record
                .parameters()
                .iter()
                .filter_map(|parameter| Some(Constant::number(&parameter.name, inputs.get(parameter.name.as_str())?[point])))
                .collect();
            let index = record.index(&given).expect("everything is given");
            let got = f64::from(compute_all(&[&index], &cube).expect("every band is there")[0][[0, 0, point]]);
            assert_eq!(got.is_nan(), value.is_nan(), "{name}: {got}, spyndex has {value}");
            assert!(value.is_nan() || (got - value).abs() <= 1e-6 * value.abs().max(1.0), "{name}: {got}, spyndex has {value}");
            numbers += usize::from(!value.is_nan());
        }
    }
    assert_eq!(numbers, 838);
}

#[test]
fn every_built_in_index_has_what_people_ask_of_it() {
    for record in Catalogue::built_in().records() {
        assert!(!record.title.is_empty() && !record.domain.is_empty() && !record.reference.is_empty(), "{}", record.name);
        assert!(!record.bands().expect("a formula that can be read").is_empty(), "{}", record.name);
    }
}
