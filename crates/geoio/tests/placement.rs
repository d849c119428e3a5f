//! Files that say where an image lies: control points of two programs, models of sensors.

use std::fmt::Write as _;
use std::path::Path;

use geoio::{ControlFile, GeoioError, RpcModel};

/// Names of the five quantities of a model in files of `KEY: value`, and in files of `.RPB`.
const QUANTITIES: [(&str, &str); 5] =
    [("LINE", "line"), ("SAMP", "samp"), ("LAT", "lat"), ("LONG", "long"), ("HEIGHT", "height")];

fn read(text: &str) -> Result<ControlFile, GeoioError> {
    ControlFile::parse(text, Path::new("gcp.txt"))
}

#[test]
fn the_list_of_opendronemap_is_read_with_every_form_of_its_first_line() {
    for head in ["EPSG:32618", "WGS84 UTM 18N", "wgs84 utm 18 N", "+proj=utm +zone=18 +datum=WGS84 +units=m +no_defs"] {
        let text = format!(
            "{head}\n\n544256.7 5320919.9 5 3044 2622 IMG_0525.jpg gcp01 extra\n544157.7\t5320899.2\tnan\t4193.5\t1552\tIMG 2.jpg\n"
        );
        let file = read(&text).expect("a list");
        let crs = file.crs.expect("a system");
        assert!(crs.epsg.is_none_or(|code| code == 32_618), "{head}: {crs:?}");
        assert_eq!(file.points.len(), 2, "{head}");
        let [first, second] = [&file.points[0], &file.points[1]];
        assert_eq!((first.pixel, first.map, first.height_m), ((3044.0, 2622.0), (544_256.7, 5_320_919.9), Some(5.0)));
        assert_eq!((first.image.as_deref(), first.name.as_str(), first.line), (Some("IMG_0525.jpg"), "gcp01", 3));
        assert_eq!((second.image.as_deref(), second.height_m, second.line), (Some("IMG 2.jpg"), None, 4));
    }
    assert_eq!(read("WGS84 UTM 19S\n1 2 3 4 5 a.jpg\n").expect("a list").crs.and_then(|crs| crs.epsg), Some(32_719));
}

#[test]
fn the_points_of_qgis_are_read_in_both_forms_with_rows_turned() {
    let new = "#CRS: EPSG:32618\nmapX,mapY,sourceX,sourceY,enable,dX,dY,residual\n157168,2818194,0.5,-10.25,1,0,0,0\n1,2,3,-4,0,0,0,0\n";
    let file = read(new).expect("points");
    assert_eq!(file.crs.expect("a system").epsg, Some(32_618));
    assert_eq!((file.points[0].pixel, file.points[0].map), ((0.5, 10.25), (157_168.0, 2_818_194.0)));
    assert_eq!((file.points[0].enabled, file.points[1].enabled, file.points[1].line), (true, false, 4));
    let old = "mapX,mapY,pixelX,pixelY,enable\n157168,2818194,0.5,-10.25,1\n";
    let file = read(old).expect("points");
    assert!(file.crs.is_none() && file.points[0].pixel == (0.5, 10.25));
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_line() {
    let epsg = "EPSG:32618\n";
    let header = "mapX,mapY,sourceX,sourceY,enable\n";
    for (text, told) in [
        (String::new(), "it is empty"),
        ("\n\n".to_owned(), "it is empty"),
        (epsg.to_owned(), "no control point"),
        (header.to_owned(), "no control point"),
        (format!("{epsg}1 2 3 4\n"), "line 2: 4 fields"),
        (format!("{epsg}1 2 3 4,5 6 a.jpg\n"), "line 2: column is '4,5'"),
        (format!("{epsg}1 2 3 inf 6 a.jpg\n"), "line 2: column is 'inf'"),
        ("UTM 18\n1 2 3 4 5 a.jpg\n".to_owned(), "line 1: 'UTM 18' names no reference system"),
        ("WGS84 UTM 61N\n1 2 3 4 5 a.jpg\n".to_owned(), "a zone is 1 to 60"),
        ("WGS84 UTM ñ\n1 2 3 4 5 a.jpg\n".to_owned(), "line 1"),
        (format!("{header}1,2,3,4,1\n"), "line 2: sourceY is 4"),
        (format!("{header}1,2,3\n"), "line 2: sourcey is ''"),
        (format!("{header}1,2,3,-4,yes\n"), "line 2: enable is 'yes'"),
        ("mapX,mapY,col,row\n1,2,3,-4\n".to_owned(), "line 2: there is no column sourcex"),
        ("#CRS: EPSG:0\nmapX,mapY,sourceX,sourceY\n".to_owned(), "line 1"),
    ] {
        let error = read(&text).expect_err("refused").to_string();
        assert!(error.starts_with("gcp.txt") && error.contains(told), "{text:?}: {error}");
    }
}

fn text() -> String {
    let one = |((name, _), v): (&(&str, &str), f64)| format!("{name}_OFF: +{v:.3} unit\n{name}_SCALE: {}\n", v.abs() + 1.0);
    let values: [f64; 5] = [5760.0, 3724.0, 49.2199, -123.176, 89.0];
    let five = QUANTITIES.iter().zip(values).map(one).collect::<Vec<_>>().concat().replace("+-", "-");
    let list = |name: &str, first: f64| {
        (1..=20).map(|i| format!("{name}_COEFF_{i}: {:e}\n", first + f64::from(i))).collect::<Vec<_>>().concat()
    };
    format!("{five}{}{}{}{}", list("LINE_NUM", 0.0), list("LINE_DEN", 100.0), list("SAMP_NUM", 200.0), list("SAMP_DEN", 300.0))
}

#[test]
fn both_forms_of_a_model_say_the_same() {
    let path = Path::new("a_RPC.TXT");
    let model = RpcModel::parse(&text(), path).expect("a model");
    assert_eq!((model.offsets[3], model.scales[0]), (-123.176, 5761.0));
    assert_eq!((model.line_num[0], model.sample_den[19]), (1.0, 320.0));
    let join = |values: &[f64; 20]| values.iter().map(|v| format!("\t\t{v:e}")).collect::<Vec<_>>().join(",\n");
    let mut rpb = "satId = \"QB02\";\nBEGIN_GROUP = IMAGE\n".to_owned();
    for (i, (_, name)) in QUANTITIES.iter().enumerate() {
        let _ = write!(rpb, "\t{name}Offset = {};\n\t{name}Scale = {};\n", model.offsets[i], model.scales[i]);
    }
    for (name, values) in [
        ("lineNum", &model.line_num),
        ("lineDen", &model.line_den),
        ("sampNum", &model.sample_num),
        ("sampDen", &model.sample_den),
    ] {
        let _ = write!(rpb, "\t{name}Coef = (\n{});\n", join(values));
    }
    rpb += "END_GROUP = IMAGE\nEND;\n";
    assert_eq!(RpcModel::parse(&rpb, path).expect("a model"), model);
}

#[test]
fn a_model_that_is_not_whole_is_refused() {
    let path = Path::new("a_RPC.TXT");
    for (without, told) in
        [("LINE_NUM_COEFF_7", "20 numbers LINE_NUM_COEFF"), ("LAT_OFF", "LAT_OFF"), ("HEIGHT_SCALE", "HEIGHT_SCALE")]
    {
        let cut = text().lines().filter(|line| !line.starts_with(without)).collect::<Vec<_>>().join("\n");
        let error = RpcModel::parse(&cut, path).expect_err("refused").to_string();
        assert!(error.contains("a_RPC.TXT") && error.contains(told), "{error}");
    }
    let flat = text().replace("LONG_SCALE: 124.176", "LONG_SCALE: 0");
    assert!(RpcModel::parse(&flat, path).expect_err("refused").to_string().contains("LONG_SCALE of 0"));
    assert!(RpcModel::parse("", path).is_err());
}
