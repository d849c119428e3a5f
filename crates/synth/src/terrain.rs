use ndarray::{Array2, Zip};

use crate::noise::{Extent, Grain, Layer, Source, quantile, smooth_step};
use crate::river;

/// What grows on a pixel before anything is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Land {
    /// Old-growth forest.
    Forest,
    /// Pasture that greens and dries with the season.
    Pasture,
    /// Fields that lie bare once or twice a year.
    Crop,
    /// Grassland, part of which burns in the monitoring year.
    Savanna,
    /// River.
    Water,
}

impl Land {
    /// A small English word, such as `forest`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forest => "forest",
            Self::Pasture => "pasture",
            Self::Crop => "crop",
            Self::Savanna => "savanna",
            Self::Water => "water",
        }
    }
}

/// How a field is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Whether it is sown; else it is pasture.
    pub(crate) crop: bool,
    /// Days by which its year is shifted.
    pub(crate) phase: f64,
    /// Sowings a year.
    pub(crate) cycles: f64,
    /// How lush it is, 0 to 1.
    pub(crate) vigour: f64,
}

/// The ground as it was before the monitoring year.
#[derive(Debug)]
pub(crate) struct Terrain {
    pub(crate) land: Array2<Land>,
    /// Place of each pixel's field in `fields`.
    pub(crate) field: Array2<u32>,
    pub(crate) fields: Vec<Field>,
    /// Savanna that burns.
    pub(crate) burnt: Array2<bool>,
    /// Brightness of the ground and its slopes, mean 1.
    pub(crate) texture: Array2<f32>,
    /// Middle line of the river as (column, row).
    pub(crate) river: Vec<(f64, f64)>,
}

/// Share of the land that is forest.
const FOREST_SHARE: f64 = 0.70;
/// Distance between the middles of fields, in pixels.
const FIELD_PX: f64 = 21.0;

impl Terrain {
    pub(crate) fn new(seed: u64, size: usize) -> Self {
        let extent = Extent { rows: size, cols: size, margin: 0 };
        let river = river::course(seed, size);
        let (field, fields) = fields(seed, extent);
        let mut land = forest(seed, extent);
        let savanna =
            Source::new(seed, Layer::Savanna, 0).plane(extent, Grain { cell: size as f64 / 4.0, octaves: 3, gain: 0.45 });
        settle(&mut land, &field, &fields, &savanna);
        flood(seed, &mut land, &river);
        let burnt = burn(seed, extent, &land, &savanna);
        drop(savanna);
        Self { land, field, fields, burnt, texture: texture(seed, extent), river }
    }
}

/// Forest in the east and along the seams of the land, pasture elsewhere.
fn forest(seed: u64, extent: Extent) -> Array2<Land> {
    let size = extent.cols as f64;
    let mut score = Source::new(seed, Layer::Forest, 0).plane(extent, Grain { cell: size / 3.5, octaves: 7, gain: 0.61 });
    for ((row, col), value) in score.indexed_iter_mut() {
        let (x, y) = (col as f64 / size, row as f64 / size);
        *value += (0.62 * x + 0.16 * y) as f32;
    }
    let threshold = quantile(score.iter().copied().collect(), 1.0 - FOREST_SHARE);
    score.mapv(|value| if value > threshold { Land::Forest } else { Land::Pasture })
}

/// Gives the open land its savanna and crops.
fn settle(land: &mut Array2<Land>, field: &Array2<u32>, fields: &[Field], savanna: &Array2<f32>) {
    let open: Vec<f32> = land.iter().zip(savanna).filter(|(l, _)| **l == Land::Pasture).map(|(_, s)| *s).collect();
    let threshold = quantile(open, 0.72);
    Zip::from(land).and(field).and(savanna).for_each(|land, &field, &savanna| {
        if *land != Land::Pasture {
            return;
        }
        if savanna > threshold {
            *land = Land::Savanna;
        } else if fields[field as usize].crop {
            *land = Land::Crop;
        }
    });
}

/// The part of the savanna that burns: around its most open place.
fn burn(seed: u64, extent: Extent, land: &Array2<Land>, savanna: &Array2<f32>) -> Array2<bool> {
    let heart = land.indexed_iter().filter(|(_, l)| **l == Land::Savanna).map(|(place, _)| place);
    let Some(heart) = heart.max_by(|&a, &b| savanna[a].total_cmp(&savanna[b])) else {
        return Array2::from_elem(land.dim(), false);
    };
    let rough = Source::new(seed, Layer::Burn, 0).plane(extent, Grain { cell: 24.0, octaves: 4, gain: 0.55 });
    let reach = extent.cols as f64 * 0.085;
    Array2::from_shape_fn(land.dim(), |(row, col)| {
        let away = (row as f64 - heart.0 as f64).hypot(col as f64 - heart.1 as f64);
        land[[row, col]] == Land::Savanna && away < reach * (0.45 + 1.1 * f64::from(rough[[row, col]]))
    })
}

/// Makes water of the pixels along the river's course.
fn flood(seed: u64, land: &mut Array2<Land>, river: &[(f64, f64)]) {
    let source = Source::new(seed, Layer::River, 1);
    let (rows, cols) = land.dim();
    let widest = (cols as f64 / 130.0).clamp(2.0, 6.0);
    for (i, &(x, y)) in river.iter().enumerate() {
        let wave = (i as f64 / 37.0 + source.between(0, 0, 0.0, 6.0)).sin();
        let radius = widest * (0.8 + 0.2 * wave);
        let reach = radius.ceil() as isize;
        for row in (y as isize - reach)..=(y as isize + reach) {
            for col in (x as isize - reach)..=(x as isize + reach) {
                let inside = row >= 0 && col >= 0 && (row as usize) < rows && (col as usize) < cols;
                if inside && (row as f64 - y).hypot(col as f64 - x) <= radius {
                    land[[row as usize, col as usize]] = Land::Water;
                }
            }
        }
    }
}

/// Fields as the cells around jittered lattice points, bent a little; the place of each pixel's field, and the fields.
fn fields(seed: u64, extent: Extent) -> (Array2<u32>, Vec<Field>) {
    let source = Source::new(seed, Layer::Field, 0);
    let bend = source.plane(extent, Grain { cell: 70.0, octaves: 2, gain: 0.5 });
    let across = (extent.cols as f64 / FIELD_PX).ceil() as i64 + 3;
    let field = Array2::from_shape_fn((extent.rows, extent.cols), |(row, col)| {
        let shift = 22.0 * f64::from(bend[[row, col]]);
        let (x, y) = ((col as f64 + shift) / FIELD_PX, (row as f64 + 0.35 * shift) / FIELD_PX);
        let (cell_x, cell_y) = nearest_cell(source, x, y);
        ((cell_y + 1) * across + cell_x + 1) as u32
    });
    let fields = (0..across * across).map(|number| field_of(seed, number)).collect();
    (field, fields)
}

fn nearest_cell(source: Source, x: f64, y: f64) -> (i64, i64) {
    let (near_x, near_y) = (x.floor() as i64, y.floor() as i64);
    let mut best = (f64::INFINITY, (near_x, near_y));
    for cell_y in near_y - 1..=near_y + 1 {
        for cell_x in near_x - 1..=near_x + 1 {
            let bits = source.bits(cell_x, cell_y);
            let jitter = |bits: u64| 0.15 + 0.7 * (bits & 0xFFFF) as f64 / 65_536.0;
            let (dx, dy) = (cell_x as f64 + jitter(bits) - x, cell_y as f64 + jitter(bits >> 16) - y);
            // The larger of two slanted distances makes cells with straight sides that are no squares of the grid.
            let away = (0.9 * dx + 0.42 * dy).abs().max((0.42 * dx - 0.9 * dy).abs());
            if away < best.0 {
                best = (away, (cell_x, cell_y));
            }
        }
    }
    (best.1.0.max(-1), best.1.1.max(-1))
}

fn field_of(seed: u64, number: i64) -> Field {
    let source = Source::new(seed, Layer::Field, 1);
    Field {
        crop: source.unit(0, number) < 0.28,
        phase: source.between(1, number, -45.0, 45.0),
        cycles: if source.unit(2, number) < 0.5 { 1.0 } else { 2.0 },
        vigour: source.unit(3, number),
    }
}

/// Slopes lit from the south-east, broad patches and crowns, as a factor around 1.
fn texture(seed: u64, extent: Extent) -> Array2<f32> {
    let height = Source::new(seed, Layer::Texture, 0).plane(extent, Grain { cell: 90.0, octaves: 4, gain: 0.45 });
    let hills =
        Source::new(seed, Layer::Texture, 2).plane(extent, Grain { cell: extent.cols as f64 / 2.5, octaves: 1, gain: 0.5 });
    let mut texture = hills;
    for ((row, col), value) in texture.indexed_iter_mut() {
        let slope = height[[row, col]] - height[[row.saturating_sub(2), col.saturating_sub(2)]];
        *value = 1.0 - 2.2 * smooth_step(0.3, 0.7, *value) * slope;
    }
    // One plane at a time: a large landscape has many.
    drop(height);
    let patches = Source::new(seed, Layer::Texture, 1).plane(extent, Grain { cell: 40.0, octaves: 3, gain: 0.6 });
    texture.zip_mut_with(&patches, |value, patch| *value += 0.22 * (patch - 0.5));
    drop(patches);
    let crowns = Source::new(seed, Layer::Crown, 0).plane(extent, Grain { cell: 3.2, octaves: 2, gain: 0.8 });
    texture.zip_mut_with(&crowns, |value, crown| *value += 0.34 * (crown - 0.5));
    texture
}
