//! Planted clearings laid over three simulated registries.

use alert::{Features, Layer};
use atalaya_benches::landscape;
use divan::{Bencher, black_box, counter::ItemsCount};
use registry::{AreaMeasure, Catalogue, Overlay, RegistrySource};

const SIDE: usize = 1280;

fn main() {
    divan::main();
}

fn registry(id: &str, key: &str, features: Features) -> (RegistrySource, Layer) {
    let text = format!(
        "[[source]]\nid = \"{id}\"\ntitle = {{ es = \"{id}\", en = \"{id}\" }}\nauthority = \"simulated\"\n\
         path = \"{id}.geojson\"\nkey = \"{key}\"\nprivacy = \"public\""
    );
    let source = Catalogue::parse(&text).expect("a catalogue").sources.remove(0);
    (source, Layer { features, ..Layer::default() })
}

#[divan::bench]
fn links(bencher: Bencher) {
    let landscape = landscape(SIDE);
    let registries = [
        registry("municipality", "code", landscape.municipalities()),
        registry("protected_area", "id", landscape.protected_areas()),
        registry("reserve", "id", landscape.reserves()),
    ];
    let overlay = Overlay::new(&registries).expect("an overlay");
    let clearings = landscape.truth_features().geometries;
    bencher
        .counter(ItemsCount::new(clearings.len()))
        .bench_local(|| overlay.links(black_box(&clearings), 0, AreaMeasure::Geodesic));
}
