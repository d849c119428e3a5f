mod properties;
mod scenes;

use ndarray::Array4;
use raster::Scaling;

use super::*;

fn cube(bands: &[(Band, Scaling, &[f32])]) -> Cube {
    let pixels = bands[0].2.len();
    let stored: Vec<f32> = bands.iter().flat_map(|(_, _, values)| values.iter().copied()).collect();
    Cube {
        bands: bands.iter().map(|(band, ..)| Role::Band(*band)).collect(),
        scaling: bands.iter().map(|(_, scaling, _)| *scaling).collect(),
        values: Array4::from_shape_vec((1, bands.len(), 1, pixels), stored).expect("a plane a band"),
        layers: Vec::new(),
        quality: Array4::zeros((1, 0, 1, pixels)),
    }
}

fn reflectance(bands: &[(Band, f32)]) -> Cube {
    let planes: Vec<(Band, Scaling, Vec<f32>)> = bands.iter().map(|(b, v)| (*b, Scaling::IDENTITY, vec![*v])).collect();
    let planes: Vec<(Band, Scaling, &[f32])> = planes.iter().map(|(b, s, v)| (*b, *s, v.as_slice())).collect();
    cube(&planes)
}

fn forest() -> Cube {
    reflectance(&[
        (Band::Blue, 0.25),
        (Band::Green, 0.125),
        (Band::Red, 0.25),
        (Band::Nir, 0.75),
        (Band::Swir16, 0.5),
        (Band::Swir22, 0.25),
    ])
}

fn own(formula: &str) -> Result<SpectralIndex, ChangeError> {
    SpectralIndex::new("own", formula, &[], Direction::Fall)
}

fn value_of(formula: &str) -> f32 {
    own(formula).expect("a formula").compute(&forest()).expect("its bands")[[0, 0, 0]]
}

fn why_not(formula: &str) -> (usize, String) {
    match own(formula) {
        Err(ChangeError::Formula { column, reason, .. }) => (column, reason),
        other => panic!("{formula}: {other:?}"),
    }
}

#[test]
fn the_built_in_indices_have_their_published_values() {
    let expected: [(&str, f64); 19] = [
        ("NDVI", 0.5),
        ("EVI", 2.5 * 0.5 / (0.75 + 1.5 - 1.875 + 1.0)),
        ("EVI2", 2.5 * 0.5 / (0.75 + 0.6 + 1.0)),
        ("SAVI", 0.5),
        ("MSAVI", 0.5 * (2.5 - (6.25f64 - 4.0).sqrt())),
        ("GNDVI", 0.625 / 0.875),
        ("NDMI", 0.2),
        ("NBR", 0.5),
        ("NBR2", 0.25 / 0.75),
        ("NDWI", -0.625 / 0.875),
        ("MNDWI", -0.6),
        ("kNDVI", 0.25f64.tanh()),
        ("NDBI", -0.2),
        ("CIG", 5.0),
        ("BSI", (0.75 - 1.0) / 1.75),
        ("VARI", -1.0),
        ("GLI", -1.0 / 3.0),
        ("ExG", -0.25),
        ("TGI", -11.875),
    ];
    for (name, value) in expected {
        let index = SpectralIndex::find(name).expect("known");
        assert_eq!(index.name(), name);
        let got = f64::from(index.compute(&forest()).expect("all bands")[[0, 0, 0]]);
        assert!((got - value).abs() < 1e-7, "{name}: {got}, expected {value}");
    }
}

#[test]
fn names_are_found_in_any_letters_and_keep_their_spelling() {
    assert_eq!(SpectralIndex::find("KNDVI").expect("known").name(), "kNDVI");
    assert_eq!(SpectralIndex::find("nbr").expect("known").name(), "NBR");
    let error = SpectralIndex::find("NDVY").expect_err("unknown").to_string();
    assert_eq!(error, "there is no index called 'NDVY'; did you mean NDVI?");
    assert_eq!(SpectralIndex::find("zzzzzz").expect_err("unknown").to_string(), "there is no index called 'zzzzzz'");
}

#[test]
fn powers_and_signs_bind_as_in_python() {
    for (formula, value) in [
        ("-N**2", -0.5625),
        ("2**-1 + 0*N", 0.5),
        ("2**3**2 + 0*N", 512.0),
        ("1 - 2 - 3 + 0*N", -4.0),
        ("8/4/2 + 0*N", 1.0),
        ("--N", 0.75),
        ("N - +R", 0.5),
        ("2 ** +1 + 0*N", 2.0),
        ("-(-N)", 0.75),
        ("2*-N", -1.5),
        ("1.5e+1 * S1 - .5", 7.0),
        ("1e1*N", 7.5),
        ("min(N, max(S1, 0.1)) + abs(-1) + sqrt(4) + ln(1) + exp(0)", 4.5),
    ] {
        assert!((value_of(formula) - value).abs() < 1e-6, "{formula}: {}", value_of(formula));
    }
}

#[test]
fn bands_are_known_by_symbol_and_by_stac_name() {
    assert_eq!(value_of("(nir - red)/(NIR + Red)").to_bits(), value_of("(N - R)/(N + R)").to_bits());
    assert_eq!(value_of("swir16 - swir22").to_bits(), value_of("S1 - S2").to_bits());
}

#[test]
fn an_unreadable_formula_is_refused_with_its_place() {
    assert_eq!(why_not("(N - R)/(N + Q)"), (14, why_not("Q").1));
    assert!(why_not("N + swir61").1.contains("did you mean swir16?"));
    assert!(why_not("Q + N").1.contains("bands are A B G1 G Y R RE1 RE2 RE3 N N2 WV S1 S2 T T1 T2 VV VH HV HH"));
    for (formula, column) in [
        ("", 1),
        ("N +", 4),
        ("(N", 3),
        ("N)", 2),
        ("N ^ 2", 3),
        ("N R", 3),
        ("log(N)", 1),
        ("min(N)", 6),
        ("1.2.3*N", 1),
        ("é", 1),
    ] {
        assert_eq!(why_not(formula).0, column, "{formula}: {}", why_not(formula).1);
    }
    assert!(why_not("1 + 2").1.contains("uses no band"));
    assert!(why_not("1e999*N").1.contains("no number"));
}

#[test]
fn a_hostile_formula_is_an_error_not_a_crash() {
    for hostile in ["(".repeat(40_000), "-".repeat(40_000), "2**".repeat(40_000), "abs(".repeat(40_000)] {
        assert!(why_not(&hostile).1.contains("within each other"));
    }
    let long = format!("N{}", "+N".repeat(40_000));
    assert!((value_of(&long) - 0.75 * 40_001.0).abs() < 1.0);
}

#[test]
fn constants_belong_to_the_formula_and_may_not_hide_a_band() {
    let constants = [Constant::number("L", 0.5)];
    let index = SpectralIndex::new("own", "(1 + L)*(N - R)/(N + R + L)", &constants, Direction::Fall).expect("a formula");
    assert_eq!(index.compute(&forest()).expect("bands")[[0, 0, 0]].to_bits(), 0.5f32.to_bits());
    for bad in ["R", "red"] {
        let refused = SpectralIndex::new("own", "N", &[Constant::number(bad, 1.0)], Direction::Fall);
        assert!(matches!(refused, Err(ChangeError::Parameter { .. })), "{bad}");
    }
    let refused = SpectralIndex::new("own", "N + L", &[Constant::number("L", f64::NAN)], Direction::Fall);
    assert!(refused.expect_err("no number").to_string().contains("at character 5: its constant L cannot be read at character 1"));
}

#[test]
fn a_constant_may_be_a_formula_and_none_that_leads_in_a_circle() {
    let given = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("NAME=VALUE")).collect::<Vec<Constant>>();
    let read = |constants: &[&str]| SpectralIndex::new("own", "a * R", &given(constants), Direction::Fall);
    let value = read(&["a=b + N", "b=-S1"]).expect("a formula").compute(&forest()).expect("bands")[[0, 0, 0]];
    assert_eq!(value.to_bits(), 0.0625f32.to_bits());
    for circle in [&["a=a"][..], &["a=b", "b=a + N"], &["a=b+b", "b=c+c", "c=d+d", "d=e+e", "e=N"]] {
        assert!(read(circle).expect_err("a circle").to_string().contains("in a circle"), "{circle:?}");
    }
    let wide = format!("a={}", vec!["b"; 20_000].join("+"));
    let wider = format!("b={}", vec!["c"; 20_000].join("+"));
    assert!(read(&[&wide, &wider, "c=N"]).expect_err("too long").to_string().contains("too many others"));
    assert!("L".parse::<Constant>().is_err());
}

#[test]
fn what_was_not_observed_stays_so() {
    let nan = f32::NAN;
    let values = [(nan, 0.1), (0.1, nan), (0.0, 0.0), (0.1, 0.3)];
    let (nir, red): (Vec<f32>, Vec<f32>) = values.into_iter().unzip();
    let cube = cube(&[(Band::Nir, Scaling::IDENTITY, &nir), (Band::Red, Scaling::IDENTITY, &red)]);
    for formula in ["(N-R)/(N+R)", "min(N, R)/(N+R)", "max(R, N)/(N+R)", "N**R / (N + R)", "1**(N/R)", "(N/R)**0"] {
        let index = own(formula).expect("a formula").compute(&cube).expect("bands");
        let row: Vec<bool> = index.iter().map(|v| v.is_nan()).collect();
        assert_eq!(row, [true, true, true, false], "{formula}");
    }
}

#[test]
fn an_overflow_is_not_a_value() {
    assert!(value_of("N * 1e300").is_nan());
    assert!(value_of("1/(N - N)").is_nan());
}

#[test]
fn stored_numbers_are_scaled_in_f64_before_the_formula() {
    let landsat = Scaling { scale: 0.000_027_5, offset: -0.2 };
    let pixels: Vec<f32> = (0..1500u16).map(|i| f32::from(7300 + i * 20)).collect();
    let red: Vec<f32> = pixels.iter().rev().copied().collect();
    let cube = cube(&[(Band::Nir08, landsat, &pixels), (Band::Red, landsat, &red)]);
    let ndvi = SpectralIndex::find("NDVI").expect("known").compute(&cube).expect("bands");
    for (i, got) in ndvi.iter().enumerate() {
        let (n, r) = (f64::from(pixels[i]) * 0.000_027_5 - 0.2, f64::from(red[i]) * 0.000_027_5 - 0.2);
        assert_eq!(got.to_bits(), (((n - r) / (n + r)) as f32).to_bits(), "pixel {i}");
    }
}

fn scene(sensor: raster::Sensor, roles: Vec<Role>) -> Scene {
    let crs = raster::Crs { epsg: Some(32618), wkt: String::new(), geographic: false };
    Scene {
        id: "S".to_owned(),
        sensor: sensor.into(),
        platform: String::new(),
        orbit: None,
        date: raster::Date::from_days(0),
        second: None,
        generation: String::new(),
        grid: raster::Grid { crs, west: 0.0, north: 0.0, step_x: 10.0, step_y: 10.0, rows: 1, cols: 1 },
        layers: roles.into_iter().map(|role| (role, Scaling::IDENTITY)).collect(),
    }
}

fn bands(bands: &[Band]) -> Vec<Role> {
    bands.iter().map(|band| Role::Band(*band)).collect()
}

#[test]
fn indices_computed_together_are_the_same_as_alone() {
    let has = |index: &SpectralIndex| index.compute(&forest()).is_ok();
    let catalogue = Catalogue::built_in();
    let records = catalogue.records().filter_map(|record| record.index(&[]).ok());
    let all: Vec<SpectralIndex> = records.filter(has).collect();
    assert!(all.len() > 150, "{}", all.len());
    let together = compute_all(&all.iter().collect::<Vec<_>>(), &forest()).expect("bands");
    for (index, values) in all.iter().zip(together) {
        let alone = index.compute(&forest()).expect("bands");
        assert_eq!(values[[0, 0, 0]].to_bits(), alone[[0, 0, 0]].to_bits(), "{}", index.name());
    }
}

#[test]
fn names_that_differ_in_the_case_of_letters_only_are_not_guessed() {
    let error = SpectralIndex::find("bai").expect_err("two").to_string();
    assert_eq!(error, "there is no index called 'bai'; there are BAI and BaI: write one of them so");
    assert_eq!(SpectralIndex::find("BaI").expect("one").title(), "Bareness Index");
}

#[test]
fn wavelengths_are_those_of_the_sensor() {
    let index = SpectralIndex::find("FAI").expect("known");
    assert!(index.needs_sensor());
    let cube = reflectance(&[(Band::Red, 0.25), (Band::Nir, 0.75), (Band::Swir16, 0.5)]);
    assert!(index.compute(&cube).expect_err("no sensor").to_string().contains("give lambda"));
    let sensor = raster::sensor::msi();
    let centre = |band| sensor.bands.iter().find(|row| row.band == band).expect("its band").centre_nm;
    let (n, r, s) = (centre(Band::Nir), centre(Band::Red), centre(Band::Swir16));
    let expected = 0.75 - (0.25 + 0.25 * ((n - r) / (s - r)));
    let bands = bands(&[Band::Red, Band::Nir, Band::Swir16]);
    let of = |sensor: raster::Sensor, bands: &[Role]| {
        Ok::<_, ChangeError>(index.of_scene(&scene(sensor, bands.to_vec()))?.into_owned())
    };
    let got = of(raster::sensor::msi(), &bands).expect("its bands").compute(&cube).expect("bands")[[0, 0, 0]];
    assert!((f64::from(got) - expected).abs() < 1e-7, "{got} is not {expected}");
    let named = of(raster::Sensor::plain("sentinel-2-msi"), &bands).expect("a table by its name");
    assert_eq!(named.compute(&cube).expect("bands")[[0, 0, 0]].to_bits(), got.to_bits());
    let narrow = of(raster::Sensor::plain("sentinel-2-msi"), &[Role::Band(Band::Nir08)]).expect("a table by its name");
    assert!(narrow.constants().contains(&Constant::number("lambdaN", centre(Band::Nir08))));
    let error = of(raster::Sensor::plain("p"), &bands).expect_err("nothing is known").to_string();
    assert_eq!(error, "FAI, constant lambdaN: no wavelength of nir is known of p: give lambdaN=NANOMETRES");
}

#[test]
fn what_has_no_default_must_be_given() {
    let record = Catalogue::built_in().find("NIRvP").expect("known");
    let error = record.index(&[]).expect_err("no radiation").to_string();
    assert_eq!(error, "NIRvP, constant PAR: it has no default (Photosynthetically Active Radiation): give PAR=VALUE");
    let given = record.index(&[Constant::number("PAR", 2.0)]).expect("given");
    assert_eq!(given.compute(&forest()).expect("bands")[[0, 0, 0]].to_bits(), 0.75f32.to_bits());
    let error = record.index(&[Constant::number("L", 2.0)]).expect_err("not its own").to_string();
    assert!(error.ends_with("no such constant: it has PAR"), "{error}");
}

#[test]
fn kernels_are_those_of_a_radial_basis_function() {
    let record = Catalogue::built_in().find("kIPVI").expect("known");
    let names: Vec<String> = record.parameters().into_iter().map(|parameter| parameter.name).collect();
    assert_eq!(names, ["kNN", "kNR", "sigma"]);
    let value = |sigma: &str| {
        let index = record.index(&[Constant { name: "sigma".to_owned(), value: sigma.to_owned() }]).expect("a formula");
        f64::from(index.compute(&forest()).expect("bands")[[0, 0, 0]])
    };
    assert!((value("0.5") - 1.0 / (1.0 + (-0.5f64).exp())).abs() < 1e-7);
    assert!((value("0.5 * (N + R)") - 1.0 / (1.0 + (-0.5f64).exp())).abs() < 1e-7);
    assert!((value("1") - 1.0 / (1.0 + (-0.125f64).exp())).abs() < 1e-7);
}

#[test]
fn the_continuum_of_the_short_wave_infrared_is_that_of_sentinel_2() {
    let cube = reflectance(&[(Band::Nir08, 0.30), (Band::Swir16, 0.18), (Band::Swir22, 0.08)]);
    let got = SpectralIndex::find("CRSWIR").expect("known").compute(&cube).expect("bands")[[0, 0, 0]];
    assert!((got - 1.024_124).abs() < 1e-6, "{got}");
}

#[test]
fn fractions_are_indices_like_others_and_formulas_may_use_them() {
    let of = |name: &str| f64::from(SpectralIndex::find(name).expect("known").compute(&mixed()).expect("bands")[[0, 0, 0]]);
    for (name, expected) in [("GV", 0.5), ("NPV", 0.1), ("Soil", 0.1), ("Shade", 0.3), ("Cloud", 0.0), ("UnmixingRMSE", 0.0)] {
        assert!((of(name) - expected).abs() < 1e-6, "{name}: {}", of(name));
    }
    assert!((of("NDFI") - 0.5625).abs() < 1e-6, "{}", of("NDFI"));
    let own = own("gv / (1 - shade)").expect("a formula");
    assert!((own.compute(&mixed()).expect("bands")[[0, 0, 0]] - 0.5 / 0.7).abs() < 1e-6);
    let symbols: Vec<&str> = own.symbols().collect();
    assert_eq!(symbols, ["B", "G", "R", "N", "S1", "S2"]);
    let lacking = own.inputs(&scene(raster::Sensor::plain("p"), bands(&[Band::Red])));
    assert_eq!(lacking.expect_err("no blue").to_string(), "own needs the blue layer, which scene S does not have");
}

/// Half vegetation, a tenth each of dead matter and soil, the rest shade.
fn mixed() -> Cube {
    let souza = Unmixing::souza();
    let share = |name: &str| {
        [("GV", 0.5), ("NPV", 0.1), ("Soil", 0.1), ("Shade", 0.3)].iter().find(|(of, _)| *of == name).map_or(0.0, |(_, s)| *s)
    };
    let value = |band: usize| souza.endmembers().iter().map(|e| share(&e.name) * e.reflectance[band]).sum::<f64>() as f32;
    let bands = [Band::Blue, Band::Green, Band::Red, Band::Nir, Band::Swir16, Band::Swir22];
    reflectance(&(0..6).map(|band| (bands[band], value(band))).collect::<Vec<_>>())
}

#[test]
fn a_list_of_the_users_own_stands_before_the_built_in_one() {
    let text = r#"{"SpectralIndices": {
        "NDVI": {"short_name": "NDVI", "long_name": "Ours", "formula": "(N-R) / (N+R)", "bands": ["N", "R"], "reference": "r"},
        "SAVI": {"short_name": "SAVI", "long_name": "Ours", "formula": "N * L", "application_domain": "vegetation"},
        "NEW": {"acronym": "NEW", "name": "New", "formula": "N - R", "source": {"source_link": "https://x"}}}}"#;
    let catalogue = Catalogue::built_in().with(serde_json::from_str(text).expect("a list"));
    let find = |name: &str| catalogue.find(name).expect("known");
    assert_eq!((find("ndvi").title.as_str(), find("ndvi").direction), ("Ours", Some(Direction::Fall)));
    assert_eq!((find("SAVI").formula.as_str(), find("SAVI").direction), ("N * L", None));
    assert_eq!(find("SAVI").parameters()[0].default.as_deref(), Some("1.0"));
    assert_eq!((find("new").title.as_str(), find("new").reference.as_str()), ("New", "https://x"));
    assert_eq!(find("EVI").domain, "vegetation");
    assert_eq!(catalogue.records().count(), Catalogue::built_in().records().count() + 1);
    for (bad, place) in [
        (r#"{"SpectralIndices": {"A": {"short_name": "A"}}}"#, "missing field `formula` at line 1 column 45"),
        (r#"{"indices": [{"short_name": "A", "formula": "N"}, {"short_name": "A", "formula": "N"}]}"#, "stands twice"),
        (r#"{"bands": {}}"#, "no SpectralIndices"),
        (r#"{"indices": [{"formula": "N"}]}"#, "no name of an index"),
    ] {
        let error = serde_json::from_str::<Published>(bad).expect_err("no list").to_string();
        assert!(error.contains(place), "{error}");
    }
}

#[test]
fn what_clearing_does_to_an_index_is_told_or_asked_for() {
    assert_eq!(SpectralIndex::find("NDVI").expect("known").clearing(), Ok(Direction::Fall));
    let unknown = SpectralIndex::find("ARI").expect("known");
    assert!(unknown.clearing().expect_err("nobody said").to_string().contains("index = { name = \"ARI\", direction"));
    assert_eq!(unknown.moving(Direction::Rise).clearing(), Ok(Direction::Rise));
}

#[test]
fn the_direction_is_written_in_small_letters() {
    assert!((Direction::Fall.drop(0.8, 0.2) - 0.6).abs() < 1e-12);
    assert!((Direction::Rise.drop(0.2, 0.8) - 0.6).abs() < 1e-12);
}
