use std::fmt::Write as _;

use ndarray::{Array2, ArrayView2, Axis, s};
use raster::Date;

use super::{Image, Product, block_means, blocks, coarser};
use crate::{BANDS, Landscape};

/// `QA_PIXEL` of no data, a clear pixel, and of what a Sentinel-2 scene class amounts to.
const FILL: u16 = 1;
const CLEAR: u16 = 21_824;
const OF_CLASS: [(u16, u16); 5] = [(3, 23_888), (6, 21_952), (8, 22_280), (9, 22_280), (10, 54_596)];

/// Numbers of the OLI bands that the landscape's bands stand for.
const OLI: [u32; 6] = [2, 3, 4, 5, 6, 7];

/// Pixels of the landscape in a Landsat pixel.
const BY: usize = 3;

/// The scene of the day `dates()[t]` as a Landsat 8 Collection 2 Level 2 product in 30 m; `processed` is the day on which it was
/// made.
///
/// # Panics
/// Where `t` is no place in [`Landscape::dates`].
pub fn landsat(landscape: &Landscape, t: usize, processed: Date) -> Product {
    let scene = landscape.scene(t);
    let date = landscape.dates()[t];
    let compact = |date: Date| date.to_string().replace('-', "");
    let name = format!("LC08_L2SP_008059_{}_{}_02_T1", compact(date), compact(processed));
    let grid = coarser(landscape.grid(), BY);
    let image = |asset: &str, values: Array2<u16>| Image {
        path: format!("{name}_{asset}.TIF"),
        grid: grid.clone(),
        values,
        eight_bit: false,
    };
    let mut images: Vec<Image> = OLI
        .iter()
        .zip(scene.axis_iter(Axis(0)))
        .map(|(number, band)| image(&format!("SR_B{number}"), block_means(band, BY).mapv(stored)))
        .collect();
    let classes = scene.slice(s![BANDS.len(), .., ..]);
    let codes = blocks(classes, BY, quality);
    images.push(image("QA_RADSAT", Array2::zeros(codes.dim())));
    images.push(image("QA_PIXEL", codes));
    let texts = vec![(format!("{name}_MTL.txt"), metadata(&name, date))];
    Product { name, texts, images }
}

/// Reflectance times 10000 as Landsat stores it.
fn stored(value: u16) -> u16 {
    if value == 0 { 0 } else { ((f64::from(value) * 0.0001 + 0.2) / 0.000_027_5).round() as u16 }
}

/// The code of nine pixels: what hides the ground in any of them, else the first's.
fn quality(block: ArrayView2<'_, u16>) -> u16 {
    if block.iter().any(|class| *class == 0) {
        return FILL;
    }
    let worst = block.iter().find(|class| !matches!(**class, 4..=7)).unwrap_or(&block[[0, 0]]);
    OF_CLASS.iter().find(|(class, _)| class == worst).map_or(CLEAR, |(_, code)| *code)
}

fn metadata(name: &str, date: Date) -> String {
    let (mut files, mut scaling) = (String::new(), String::new());
    for number in OLI {
        let _ = writeln!(files, "    FILE_NAME_BAND_{number} = \"{name}_SR_B{number}.TIF\"");
        let _ = writeln!(scaling, "    REFLECTANCE_MULT_BAND_{number} = 2.75e-05");
        let _ = writeln!(scaling, "    REFLECTANCE_ADD_BAND_{number} = -0.2");
    }
    format!(
        r#"GROUP = LANDSAT_METADATA_FILE
  GROUP = PRODUCT_CONTENTS
    LANDSAT_PRODUCT_ID = "{name}"
    PROCESSING_LEVEL = "L2SP"
{files}    FILE_NAME_QUALITY_L1_PIXEL = "{name}_QA_PIXEL.TIF"
    FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION = "{name}_QA_RADSAT.TIF"
  END_GROUP = PRODUCT_CONTENTS
  GROUP = IMAGE_ATTRIBUTES
    SPACECRAFT_ID = "LANDSAT_8"
    SENSOR_ID = "OLI_TIRS"
    WRS_PATH = 8
    WRS_ROW = 59
    DATE_ACQUIRED = {date}
    SCENE_CENTER_TIME = "15:12:25.1234560Z"
  END_GROUP = IMAGE_ATTRIBUTES
  GROUP = LEVEL2_SURFACE_REFLECTANCE_PARAMETERS
{scaling}  END_GROUP = LEVEL2_SURFACE_REFLECTANCE_PARAMETERS
END_GROUP = LANDSAT_METADATA_FILE
END
"#
    )
}
