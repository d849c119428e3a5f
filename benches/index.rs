//! Spectral indices of one scene of 640 x 640 pixels.

use atalaya_benches::{SIZE, cube, landscape};
use change::{SpectralIndex, catalogue, compute_all, compute_into};
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

/// All indices that the bands of the scene allow, at most 14, each band read once.
#[divan::bench]
fn fourteen_in_one_pass(bencher: Bencher) {
    let cube = cube(&landscape(SIZE), 0);
    let indices: Vec<SpectralIndex> =
        catalogue().into_iter().filter(|index| compute_all(&[index], &cube).is_ok()).take(14).collect();
    assert_eq!(indices.len(), 14);
    let indices: Vec<&SpectralIndex> = indices.iter().collect();
    let items = ItemsCount::new(SIZE * SIZE * indices.len());
    let mut planes = Vec::new();
    bencher
        .counter(items)
        .bench_local(|| compute_into(black_box(&indices), black_box(&cube), &mut planes).expect("their bands are there"));
}
