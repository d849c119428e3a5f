//! Detection over series of 640 x 640 pixels on 75 dates.

use atalaya_benches::{SIZE, cube, landscape, sensor};
use change::{Detector as _, Difference, DifferenceParameters, MaskOptions, MaskPlan, SeriesBlock, SpectralIndex};
use divan::{Bencher, black_box, counter::ItemsCount};
use ndarray::Array3;
use raster::{Date, DateRange, Role};
use synth::{Landscape, MONITORING_YEAR};

const DATES: usize = 75;

fn main() {
    divan::main();
}

/// NBR of the last dates of the landscape, NaN under clouds; shape (time, 1, pixel).
fn series(landscape: &Landscape, index: &SpectralIndex, first: usize) -> Array3<f32> {
    let plan = MaskPlan::new(&sensor(), &MaskOptions::default(), (10.0, 10.0)).expect("a plan");
    let mut series = Array3::from_elem((DATES, 1, SIZE * SIZE), f32::NAN);
    for (time, mut values) in series.outer_iter_mut().enumerate() {
        let (cube, _) = plan.apply(cube(landscape, first + time)).expect("the cube holds the classes");
        let image = index.compute(&cube).expect("the scene has its bands");
        values.iter_mut().zip(image).for_each(|(kept, value)| *kept = value);
    }
    series
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn difference(bencher: Bencher) {
    let landscape = landscape(SIZE);
    let index = SpectralIndex::find("NBR").expect("an index of the catalogue");
    let first = landscape.dates().len() - DATES;
    let dates = &landscape.dates()[first..];
    let monitored = dates.iter().position(|date| date.year() >= MONITORING_YEAR).expect("dates of the monitoring year");
    let period = |from: Date, to: Date| DateRange::new(from, to).expect("days in order");
    let baseline = period(dates[0], dates[monitored - 1]);
    let monitoring = period(dates[monitored], dates[DATES - 1]);
    let role = Role::Index("nbr".to_owned());
    let detector =
        Difference::new(DifferenceParameters::default(), baseline, monitoring, role, index.clearing().expect("NBR falls"));
    let detector = detector.expect("parameters in range");
    let values = series(&landscape, &index, first);
    let block = SeriesBlock::new(dates, &[0; DATES], values.view()).expect("one entry a date");
    bencher.counter(ItemsCount::new(SIZE * SIZE)).bench_local(|| detector.detect(black_box(&block)));
}
