use std::fmt::Write as _;

use ndarray::{Array2, ArrayView2, Axis, s};
use raster::{Date, Grid};

use super::{Image, Product, block_means, blocks, coarser};
use crate::{BANDS, Landscape};

/// A processing baseline of Sentinel-2 Level-2A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// 02.14: stored numbers are reflectance times 10000.
    B0214,
    /// 05.09: stored numbers are reflectance times 10000 plus 1000, and the metadata say so.
    B0509,
}

impl Baseline {
    /// The baseline of a text such as `05.09`.
    pub fn named(text: &str) -> Option<Self> {
        [Self::B0214, Self::B0509].into_iter().find(|baseline| baseline.name() == text)
    }

    fn name(self) -> &'static str {
        match self {
            Self::B0214 => "02.14",
            Self::B0509 => "05.09",
        }
    }

    /// Number in a product's name.
    fn number(self) -> String {
        format!("N{}", self.name().replace('.', ""))
    }

    /// What `BOA_ADD_OFFSET` takes off.
    fn added(self) -> u16 {
        match self {
            Self::B0214 => 0,
            Self::B0509 => 1000,
        }
    }
}

/// Tile, relative and absolute orbit of every product: where the landscape lies, and what passes there.
const TILE: &str = "T18NWG";
const RELATIVE_ORBIT: u32 = 25;
const ABSOLUTE_ORBIT: u32 = 30_000;

/// Layers and the size of their pixels in metres, with the numbers of the landscape's bands they are mixed from: share of the
/// first, the first, the second.
const LAYERS: [(&str, u32, f64, usize, usize); 12] = [
    ("B02", 10, 1.0, 0, 0),
    ("B03", 10, 1.0, 1, 1),
    ("B04", 10, 1.0, 2, 2),
    ("B08", 10, 1.0, 3, 3),
    ("B05", 20, 0.7, 2, 3),
    ("B06", 20, 0.2, 2, 3),
    ("B07", 20, 0.05, 2, 3),
    ("B8A", 20, 1.0, 3, 3),
    ("B11", 20, 1.0, 4, 4),
    ("B12", 20, 1.0, 5, 5),
    ("B01", 60, 1.0, 0, 0),
    ("B09", 60, 1.0, 3, 3),
];

/// The scene of the day `dates()[t]` as a Sentinel-2 Level-2A product: images in 10, 20 and 60 m without ending, and its
/// metadata. `generation` is the day on which it was made.
///
/// # Panics
/// Where `t` is no place in [`Landscape::dates`].
pub fn sentinel2(landscape: &Landscape, t: usize, baseline: Baseline, generation: Date) -> Product {
    let scene = landscape.scene(t);
    let names = Names::new(landscape.dates()[t], baseline, generation);
    let band = |number: usize| scene.index_axis(Axis(0), number);
    let mut images: Vec<Image> = LAYERS
        .iter()
        .map(|&(layer, metres, share, one, other)| {
            let fine = mixed(band(one), band(other), share);
            let by = metres as usize / 10;
            let values = if by == 1 { fine } else { block_means(fine.view(), by) };
            let values = values.mapv(|stored| if stored == 0 { 0 } else { stored + baseline.added() });
            names.image(layer, metres, coarser(landscape.grid(), by), values)
        })
        .collect();
    let classes = scene.slice(s![BANDS.len(), .., ..]);
    images.push(names.image("SCL", 20, coarser(landscape.grid(), 2), blocks(classes, 2, worst_class)));
    let listed: Vec<&str> = images.iter().map(|image| image.path.as_str()).collect();
    let texts = vec![("MTD_MSIL2A.xml".to_owned(), names.metadata(&listed)), ("manifest.safe".to_owned(), MANIFEST.to_owned())];
    Product { name: format!("{}.SAFE", names.product), texts, images }
}

const MANIFEST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xfdu:XFDU xmlns:xfdu=\"urn:ccsds:schema:xfdu:1\"/>\n";

fn mixed(one: ArrayView2<'_, u16>, other: ArrayView2<'_, u16>, share: f64) -> Array2<u16> {
    let mix = |a: &u16, b: &u16| {
        if *a == 0 || *b == 0 { 0 } else { (share * f64::from(*a) + (1.0 - share) * f64::from(*b)).round() as u16 }
    };
    ndarray::Zip::from(one).and(other).map_collect(mix)
}

/// The class of four pixels: what hides the ground in any of them, else the first's.
fn worst_class(block: ArrayView2<'_, u16>) -> u16 {
    let hides = |class: &&u16| !matches!(**class, 4..=7);
    *block.iter().find(hides).unwrap_or(&block[[0, 0]])
}

struct Names {
    date: Date,
    baseline: Baseline,
    generation: Date,
    product: String,
    granule: String,
}

impl Names {
    fn new(date: Date, baseline: Baseline, generation: Date) -> Self {
        let day = compact(date);
        let number = baseline.number();
        let product = format!("S2A_MSIL2A_{day}T152641_{number}_R{RELATIVE_ORBIT:03}_{TILE}_{}T120000", compact(generation));
        let granule = format!("L2A_{TILE}_A{ABSOLUTE_ORBIT:06}_{day}T152645");
        Self { date, baseline, generation, product, granule }
    }

    fn image(&self, layer: &str, metres: u32, grid: Grid, values: Array2<u16>) -> Image {
        let name = format!("{TILE}_{}T152641_{layer}_{metres}m", compact(self.date));
        let path = format!("GRANULE/{}/IMG_DATA/R{metres}m/{name}.jp2", self.granule);
        Image { path, grid, values, eight_bit: layer == "SCL" }
    }

    /// The metadata, as much of them as readers use.
    fn metadata(&self, images: &[&str]) -> String {
        let (date, baseline, generation) = (self.date, self.baseline.name(), self.generation);
        let mut files = String::new();
        for image in images {
            let _ = writeln!(files, "            <IMAGE_FILE>{}</IMAGE_FILE>", image.trim_end_matches(".jp2"));
        }
        let mut offsets = String::new();
        if self.baseline.added() > 0 {
            offsets.push_str("      <BOA_ADD_OFFSET_VALUES_LIST>\n");
            for id in 0..13 {
                let _ = writeln!(offsets, "        <BOA_ADD_OFFSET band_id=\"{id}\">-{}</BOA_ADD_OFFSET>", self.baseline.added());
            }
            offsets.push_str("      </BOA_ADD_OFFSET_VALUES_LIST>\n");
        }
        format!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>{date}T15:26:41.024Z</PRODUCT_START_TIME>
      <PRODUCT_STOP_TIME>{date}T15:26:41.024Z</PRODUCT_STOP_TIME>
      <PRODUCT_URI>{product}.SAFE</PRODUCT_URI>
      <PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>
      <PRODUCT_TYPE>S2MSI2A</PRODUCT_TYPE>
      <PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
      <GENERATION_TIME>{generation}T12:00:00.000000Z</GENERATION_TIME>
      <Datatake datatakeIdentifier="GS2A_SIMULATED">
        <SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
        <SENSING_ORBIT_NUMBER>{RELATIVE_ORBIT}</SENSING_ORBIT_NUMBER>
      </Datatake>
      <Product_Organisation>
        <Granule_List>
          <Granule imageFormat="JPEG2000">
{files}          </Granule>
        </Granule_List>
      </Product_Organisation>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values>
        <SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX>
      </Special_Values>
      <Special_Values>
        <SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT>
        <SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX>
      </Special_Values>
      <QUANTIFICATION_VALUES_LIST>
        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
      </QUANTIFICATION_VALUES_LIST>
{offsets}    </Product_Image_Characteristics>
  </n1:General_Info>
</n1:Level-2A_User_Product>
"#,
            product = self.product,
        )
    }
}

fn compact(date: Date) -> String {
    date.to_string().replace('-', "")
}
