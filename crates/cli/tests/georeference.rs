//! `georeference`: warps equal to those of gdalwarp, files of control points, models of sensors, and what is said of errors.

mod support;

use std::path::Path;

use geoio::RasterFile;
use serde_json::Value;
use support::ground::{grid, seen, write};
use support::{argument, atalaya, case, fail, scratch, succeed};

/// The three points of the photograph in both forms.
const QGIS: &str = "#CRS: EPSG:32618\nmapX,mapY,sourceX,sourceY,enable,dX,dY,residual\n157168.0,2818194.0,0,0,1,0,0,0\n\
                    338615.0,2786088.0,1024,0,1,0,0,0\n116792,2651340.0,0,-768,1,0,0,0\n";
const ODM: &str = "WGS84 UTM 18N\n157168.0 2818194.0 0 0 0 389225main_sw_1965_1024.jpg a\n338615.0\t2786088.0\t0\t1024\t0\t\
                   389225main_sw_1965_1024.jpg\tb\n116792 2651340.0 0 0 768 389225main_sw_1965_1024.jpg c\n1 2 3 4 5 other.jpg d\n";

/// Twelve points of an image that is bent, measured to some metres.
const BENT: [(f64, f64, f64, f64); 12] = [
    (10.0, 20.0, 500_114.1, 399_800.43),
    (900.0, 35.0, 512_087.25, 400_099.42),
    (480.0, 400.0, 506_069.58, 396_000.33),
    (30.0, 740.0, 500_961.52, 391_723.3),
    (950.0, 730.0, 515_028.87, 392_313.5),
    (300.0, 150.0, 503_381.82, 398_612.55),
    (700.0, 600.0, 509_836.13, 393_814.8),
    (210.0, 520.0, 502_806.89, 394_494.2),
    (640.0, 210.0, 508_032.58, 398_150.36),
    (820.0, 430.0, 511_573.82, 395_831.19),
    (120.0, 330.0, 501_560.64, 396_598.31),
    (520.0, 690.0, 507_161.63, 392_644.08),
];

/// Every number of two rasters, and their grids.
fn assert_same(ours: &Path, theirs: &Path) {
    let (a, b) = (RasterFile::open(ours).expect("a raster"), RasterFile::open(theirs).expect("a raster"));
    let (one, other) = (a.grid(), b.grid());
    assert_eq!((one.rows, one.cols, a.bands().len()), (other.rows, other.cols, b.bands().len()));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    assert!(near(one.west, other.west) && near(one.north, other.north) && near(one.step_x, other.step_x), "{one:?} {other:?}");
    for band in 1..=a.bands().len() {
        let (a, b) = (a.read_u8(band, one.window()).expect("a band"), b.read_u8(band, other.window()).expect("a band"));
        assert_eq!(a.iter().zip(&b).filter(|(a, b)| a != b).count(), 0, "band {band} of {}", ours.display());
    }
}

#[test]
fn the_warps_of_the_cases_come_out_to_the_pixel() {
    let Some(folder) = case("the_warps_of_the_cases_come_out_to_the_pixel", "19_georeferencing") else { return };
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    std::fs::write(path("gcp.points"), QGIS).expect("a file");
    std::fs::write(path("gcp_list.txt"), ODM).expect("a file");
    let (photograph, satellite) = (folder.join("389225main_sw_1965_1024.jpg"), folder.join("RGB.byte.tif"));
    for points in ["gcp.points", "gcp_list.txt"] {
        let (points, out) = (path(points), path("photograph.tif"));
        succeed(["georeference", argument(&photograph), "--gcps", argument(&points), "-o", argument(&out), "-q", "--force"]);
        assert_same(&out, &folder.join("expected_warp_gcp_order1.tif"));
    }
    let out = path("lonlat.tif");
    succeed(["georeference", argument(&satellite), "--crs", "EPSG:4326", "-o", argument(&out), "-q"]);
    assert_same(&out, &folder.join("expected_warp_4326_near.tif"));
    let out = path("average.tif");
    let coarse = ["--crs", "EPSG:32617", "--resolution", "600", "--snap", "--resampling", "average", "-q", "--block", "64"];
    succeed(["georeference", argument(&satellite), "-o", argument(&out)].iter().chain(&coarse));
    assert_same(&out, &folder.join("expected_warp_32617_600m_average.tif"));
}

fn image(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("plan.tif");
    let own = grid(1000, 10.0, (0.0, 0.0));
    write(&path, &own, &seen(1, &own, |s, e| (s, e)));
    path
}

fn points(head: &str, row: impl Fn(usize, (f64, f64, f64, f64)) -> String) -> String {
    head.to_owned() + &BENT.iter().enumerate().map(|(i, point)| row(i, *point)).collect::<String>()
}

#[test]
fn tables_pictures_and_warnings_say_how_good_the_points_are() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let image = image(scratch.path());
    let odm = points("EPSG:32618\n", |i, (col, row, x, y)| format!("{x} {y} 10 {col} {row} plan.tif p{}\n", i + 1));
    std::fs::write(path("gcp_list.txt"), odm).expect("a file");
    // The fifth is switched off: it is told, and takes no part.
    let head = "#CRS: EPSG:32618\nmapX,mapY,sourceX,sourceY,enable\n";
    let qgis = points(head, |i, (col, row, x, y)| format!("{x},{y},{col},{},{}\n", -row, i32::from(i != 4)));
    std::fs::write(path("plan.points"), qgis).expect("a file");
    let judge = |points: &str, more: &[&str]| -> Value {
        let points = path(points);
        let arguments = ["georeference", argument(&image), "--gcps", argument(&points), "--json", "-q", "--force"];
        serde_json::from_str(&succeed(arguments.iter().chain(more))).expect("JSON")
    };
    let codes = |report: &Value| {
        report["warnings"].as_array().expect("warnings").iter().map(|w| w["code"].to_string()).collect::<String>()
    };
    let (table, picture) = (path("r.csv"), path("a.png"));
    let report = judge("gcp_list.txt", &["--residuals", argument(&table), "--arrows", argument(&picture)]);
    let told = &report["control_points"];
    assert_eq!((&told["used"], &told["transform"]["polynomial"]), (&Value::from(12), &Value::from(2)));
    let number = |told: &Value, name: &str| told["pixel"][name].as_f64().expect("a number");
    // By numpy.linalg.lstsq over the same points.
    assert!((number(told, "rmse") - 3.414).abs() < 1e-3 && (number(told, "left_out") - 11.496).abs() < 1e-3, "{told}");
    assert!(codes(&report).contains("rmse"), "{report}");
    let mut rows = csv::Reader::from_path(&table).expect("a table");
    assert_eq!(rows.records().count(), 12);
    assert!(std::fs::read(&picture).expect("a picture").starts_with(b"\x89PNG"));
    let report = judge("plan.points", &[]);
    let told = &report["control_points"];
    assert_eq!((&told["used"], &told["check"]), (&Value::from(11), &Value::from(1)));
    assert!(number(told, "check") > 25.0 && number(told, "rmse") < 2.0, "{told}");
    assert!(codes(&report).contains("left_out"), "{report}");
    // A spline leaves nothing at its points; those left out tell all the same.
    let report = judge("gcp_list.txt", &["--transform", "tps"]);
    assert!(number(&report["control_points"], "rmse") < 1e-6 && codes(&report).contains("left_out"), "{report}");
    assert!(!codes(&judge("gcp_list.txt", &["--rmse-limit", "60"])).contains("left_out"));
}

#[test]
fn what_is_wrong_with_points_is_told_with_its_place() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let image = image(scratch.path());
    let refused = |text: &str, exit: i32, more: &[&str]| {
        let points = path("gcp.txt");
        std::fs::write(&points, text).expect("a file");
        let out = path("o.tif");
        let line =
            fail(exit, ["georeference", argument(&image), "--gcps", argument(&points), "-o", argument(&out)].iter().chain(more));
        assert!(!out.exists());
        line
    };
    let head = "mapX,mapY,sourceX,sourceY,enable\n";
    assert!(refused("EPSG:32618\n1 2 3 4\n", 3, &[]).contains("line 2"));
    assert!(
        refused("EPSG:32618\n1 2 3 4 5 other.jpg\n", 3, &[]).contains("no control point of plan.tif; it has some of other.jpg")
    );
    let three = "1,2,3,-4,1\n5,6,7,-8,1\n9,0,1,-2,1\n";
    assert!(refused(&format!("{head}{three}"), 3, &[]).contains("--gcp-crs"));
    assert!(refused(&format!("{head}1,2,3,-4,1\n5,6,7,-8,1\n"), 3, &["--gcp-crs", "EPSG:32618"]).contains("at least 3"));
    let line = "1,2,3,-4,1\n2,3,4,-5,1\n3,4,5,-6,1\n";
    assert!(refused(&format!("{head}{line}"), 3, &["--gcp-crs", "EPSG:32618"]).contains("one line"));
    assert!(refused(&format!("#CRS: EPSG:32618\n{head}{three}"), 2, &["--gcp-crs", "EPSG:32619"]).contains("EPSG:32618"));
    assert!(refused(QGIS, 2, &["--max-error", "nan"]).contains("--max-error"));
    // A point beyond the image, and none to spare.
    std::fs::write(path("far.points"), QGIS).expect("a file");
    let far = path("far.points");
    let report: Value =
        serde_json::from_str(&succeed(["georeference", argument(&image), "--gcps", argument(&far), "--json", "-q"]))
            .expect("JSON");
    let told = report["warnings"].to_string();
    assert!(told.contains("outside") && told.contains("no_spare_point"), "{told}");
    // An image that has a place needs no points, and one without needs something.
    let line = fail(2, ["georeference", argument(&image), "--arrows", argument(&path("a.png"))]);
    assert!(line.contains("--gcps"), "{line}");
    let vrt = path("a.vrt");
    std::fs::write(&vrt, "<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"/>").expect("a file");
    assert_eq!(atalaya(["georeference", argument(&vrt), "-o", argument(&path("o.tif"))]).status.code(), Some(3));
}

/// Coefficients of a simple sensor: rows fall with latitude and rise a little with height, columns rise with longitude.
fn model() -> String {
    let list = |name: &str, values: &[(usize, f64)]| -> String {
        let value = |i: usize| values.iter().find(|(at, _)| *at == i).map_or(0.0, |(_, v)| *v);
        (1..=20).map(|i| format!("{name}_COEFF_{i}: {:e}\n", value(i))).collect::<Vec<_>>().concat()
    };
    let five =
        [("LINE", 500.0, 500.0), ("SAMP", 500.0, 500.0), ("LAT", 3.5, 0.05), ("LONG", -75.0, 0.05), ("HEIGHT", 200.0, 500.0)];
    let one = |(name, off, scale): &(&str, f64, f64)| format!("{name}_OFF: {off}\n{name}_SCALE: {scale}\n");
    let head: String = five.iter().map(one).collect::<Vec<_>>().concat();
    head + &list("LINE_NUM", &[(3, -1.02), (4, 0.03), (5, 0.01)])
        + &list("LINE_DEN", &[(1, 1.0), (2, 0.002)])
        + &list("SAMP_NUM", &[(2, 1.01), (4, 0.02), (3, 0.015)])
        + &list("SAMP_DEN", &[(1, 1.0)])
}

#[test]
fn a_sensor_model_puts_each_pixel_where_its_formula_says() {
    let scratch = scratch();
    let path = |name: &str| scratch.path().join(name);
    let image = image(scratch.path());
    std::fs::write(path("plan_RPC.TXT"), model()).expect("a file");
    let out = path("o.tif");
    let more = ["--height", "450", "--crs", "EPSG:4326", "--max-error", "0", "-q", "-o", argument(&out)];
    succeed(["georeference", argument(&image)].iter().chain(&more));
    let (source, warped) = (RasterFile::open(&image).expect("an image"), RasterFile::open(&out).expect("a raster"));
    let stored = source.read(1, source.grid().window()).expect("values");
    let values = warped.read(1, warped.grid().window()).expect("values");
    let grid = warped.grid();
    let mut met = 0;
    for row in (0..grid.rows).step_by(37) {
        for col in (0..grid.cols).step_by(41) {
            let (lon, lat) = grid.corner(row as f64 + 0.5, col as f64 + 0.5);
            let (l, p, h) = ((lon + 75.0) / 0.05, (lat - 3.5) / 0.05, (450.0 - 200.0) / 500.0);
            // Terms 2, 3, 4 and 5 of RPC00B are longitude, latitude, height, longitude times latitude. Its pixels are counted from
            // the middle of the first, GDAL's from its corner.
            let line = (-1.02 * p + 0.03 * h + 0.01 * l * p) / (1.0 + 0.002 * l) * 500.0 + 500.0 + 0.5;
            let sample = (1.01 * l + 0.02 * h + 0.015 * p) * 500.0 + 500.0 + 0.5;
            let part = |v: f64| (v - v.round()).abs();
            if part(line) < 0.01 || part(sample) < 0.01 || !(0.0..1000.0).contains(&line) || !(0.0..1000.0).contains(&sample) {
                continue;
            }
            met += 1;
            assert_eq!(
                values[[row, col]].to_bits(),
                stored[[line as usize, sample as usize]].to_bits(),
                "row {row}, column {col}"
            );
        }
    }
    assert!(met > 300, "{met} places were compared");
    let flat =
        atalaya(["georeference", argument(&image), "--rpc", argument(&path("plan_RPC.TXT")), "-o", argument(&path("flat.tif"))]);
    assert!(flat.status.success() && String::from_utf8_lossy(&flat.stderr).contains("taken for flat at 200 m"));
    let line = fail(3, ["georeference", argument(&image), "--dem", argument(&path("none.tif")), "-o", argument(&path("x.tif"))]);
    assert!(line.contains("none.tif"), "{line}");
}
