//! Spectral indices of one scene of 640 x 640 pixels.

use atalaya_benches::{SIZE, cube, landscape};
use change::{SpectralIndex, compute_into};
use divan::{Bencher, black_box, counter::ItemsCount};

fn main() {
    divan::main();
}

#[divan::bench(args = ["NDVI", "EVI"])]
fn one(bencher: Bencher, name: &str) {
    let cube = cube(&landscape(SIZE), 0);
    let index = SpectralIndex::find(name).expect("an index of the catalogue");
    bencher.counter(ItemsCount::new(SIZE * SIZE)).bench_local(|| index.compute(black_box(&cube)).expect("its bands are there"));
}

/// Indices that people ask for together.
const FOURTEEN: [&str; 14] =
    ["NDVI", "EVI", "EVI2", "SAVI", "MSAVI", "GNDVI", "NDMI", "NBR", "NBR2", "NDWI", "MNDWI", "kNDVI", "NDBI", "CIG"];

/// Fourteen indices, each band read once.
#[divan::bench]
fn fourteen_in_one_pass(bencher: Bencher) {
    let cube = cube(&landscape(SIZE), 0);
    let indices = FOURTEEN.map(|name| SpectralIndex::find(name).expect("an index of the catalogue"));
    let indices: Vec<&SpectralIndex> = indices.iter().collect();
    let items = ItemsCount::new(SIZE * SIZE * indices.len());
    let mut planes = Vec::new();
    bencher
        .counter(items)
        .bench_local(|| compute_into(black_box(&indices), black_box(&cube), &mut planes).expect("their bands are there"));
}
