//! Connected pixels of a mask of 1280 x 1280 pixels, and their outlines.

use alert::{Component, Connectivity, Labeller, outline};
use atalaya_benches::landscape;
use divan::{Bencher, black_box, counter::ItemsCount};
use ndarray::Array2;

const SIDE: usize = 1280;

fn main() {
    divan::main();
}

/// The planted clearings, and one pixel in 64 beside them, as a detector's specks.
fn mask() -> Array2<u8> {
    let truth = landscape(SIDE).truth().to_owned();
    Array2::from_shape_fn(truth.dim(), |(y, x)| u8::from(truth[[y, x]] != 0 || (y * 7919 + x * 104_729) % 64 == 0))
}

fn components(mask: &Array2<u8>, least: u64) -> Vec<Component<(), ()>> {
    let mut labeller = Labeller::new(Connectivity::Eight, least);
    for row in mask.rows() {
        labeller.push_row(row.to_slice().expect("rows are contiguous"), |code| (code == 1).then_some(()), |(), _| ());
    }
    labeller.finish().0
}

#[divan::bench]
fn labelling(bencher: Bencher) {
    let mask = mask();
    bencher.counter(ItemsCount::new(SIDE * SIDE)).bench_local(|| components(black_box(&mask), 10));
}

#[divan::bench]
fn outlines(bencher: Bencher) {
    let components = components(&mask(), 1);
    bencher
        .counter(ItemsCount::new(components.len()))
        .bench_local(|| components.iter().map(|component| outline(black_box(&component.runs))).collect::<Vec<_>>());
}
