//! Masking of one scene of 640 x 640 pixels by its scene classes.

use atalaya_benches::{SIZE, cube, landscape, sensor};
use change::{MaskOptions, MaskPlan};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

/// `dilate_m` is the distance in metres by which clouds grow.
#[divan::bench(args = [0, 40])]
fn clouds(bencher: Bencher, dilate_m: u32) {
    let mut cube = cube(&landscape(SIZE), 0);
    let options = MaskOptions { classes: None, dilate_m: f64::from(dilate_m) };
    let plan = MaskPlan::new(&sensor(), &options, (10.0, 10.0)).expect("a plan");
    let margin = plan.margin();
    let inner = margin..SIZE - margin;
    cube.values = cube.values.slice(ndarray::s![.., .., inner.clone(), inner]).to_owned();
    bencher
        .counter(ItemsCount::new(SIZE * SIZE))
        .with_inputs(|| cube.clone())
        .bench_local_values(|cube| plan.apply(cube).expect("the cube holds the classes"));
}
