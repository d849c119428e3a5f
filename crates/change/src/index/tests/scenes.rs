use super::*;

#[test]
fn the_near_infrared_is_the_wide_one_where_a_scene_has_it() {
    let ndvi = SpectralIndex::find("NDVI").expect("known");
    let inputs = |sensor: raster::Sensor, of: &[Band]| ndvi.inputs(&scene(sensor, bands(of))).map_err(|error| error.to_string());
    let plain = || raster::Sensor::plain("p");
    let all = [Band::Red, Band::Nir, Band::Nir08];
    assert_eq!(inputs(plain(), &all), Ok(bands(&[Band::Nir, Band::Red])));
    assert_eq!(inputs(plain(), &[Band::Red, Band::Nir08]), Ok(bands(&[Band::Nir08, Band::Red])));
    assert_eq!(inputs(plain(), &[Band::Nir08]), Err("NDVI needs the red layer, which scene S does not have".to_owned()));
    assert_eq!(inputs(raster::sensor::oli(), &[Band::Red, Band::Nir08]), Ok(bands(&[Band::Nir08, Band::Red])));
}

#[test]
fn one_near_infrared_band_never_stands_in_for_the_other_where_the_sensor_has_both() {
    let ndvi = SpectralIndex::find("NDVI").expect("known");
    let inputs = |of: &[Band]| ndvi.inputs(&scene(raster::sensor::msi(), bands(of))).map_err(|error| error.to_string());
    assert_eq!(inputs(&[Band::Red, Band::Nir, Band::Nir08]), Ok(bands(&[Band::Nir, Band::Red])));
    assert_eq!(inputs(&[Band::Red, Band::Nir08]), Err("NDVI needs the nir layer, which scene S does not have".to_owned()));
    let narrow = own("(N2 - R) / (nir08 + R)").expect("a formula");
    assert_eq!(
        narrow.inputs(&scene(raster::sensor::msi(), bands(&[Band::Red, Band::Nir08]))),
        Ok(bands(&[Band::Nir08, Band::Red]))
    );
    assert!(own("N - N2").expect_err("both").to_string().contains("one near infrared band"));
}

#[test]
fn the_harmonized_sensors_are_read_with_the_near_infrared_that_they_share() {
    let ndvi = SpectralIndex::find("NDVI").expect("known");
    let all = [Band::Red, Band::Nir, Band::Nir08];
    assert_eq!(ndvi.inputs(&scene(raster::sensor::hls_s30(), bands(&all))), Ok(bands(&[Band::Nir08, Band::Red])));
    let landsat = [Band::Red, Band::Nir08];
    assert_eq!(ndvi.inputs(&scene(raster::sensor::hls_l30(), bands(&landsat))), Ok(bands(&[Band::Nir08, Band::Red])));
    let wide_only = scene(raster::sensor::hls_s30(), bands(&[Band::Red, Band::Nir]));
    assert!(ndvi.inputs(&wide_only).is_err(), "B08 is not adjusted to Landsat");
}

#[test]
fn pictures_are_read_by_indices_of_relative_brightness_only() {
    let picture = scene(raster::sensor::rgb(), bands(&[Band::Red, Band::Green, Band::Blue]));
    for name in ["VARI", "GLI", "ExG", "TGI"] {
        assert!(SpectralIndex::find(name).expect("known").inputs(&picture).is_ok(), "{name}");
    }
    let other = own("G - R").expect("a formula").inputs(&picture).expect_err("no reflectance");
    assert!(other.to_string().contains("VARI, GLI, ExG, TGI"), "{other}");
}

#[test]
fn a_layer_is_asked_for_once() {
    let index = own("N + nir").expect("a formula");
    let of = scene(raster::Sensor::plain("p"), bands(&[Band::Nir08]));
    assert_eq!(index.inputs(&of), Ok(bands(&[Band::Nir08])));
}

#[test]
fn a_ready_made_index_is_taken_as_it_is() {
    let mut cube = reflectance(&[(Band::Nir, 5000.0)]);
    cube.bands[0] = Role::Index("ndvi".to_owned());
    cube.scaling[0] = Scaling { scale: 0.0001, offset: 0.0 };
    let ndvi = SpectralIndex::find("NDVI").expect("known");
    assert_eq!(ndvi.inputs(&scene(raster::Sensor::plain("p"), vec![ndvi.role()])), Ok(vec![ndvi.role()]));
    assert_eq!(ndvi.compute(&cube).expect("the layer")[[0, 0, 0]].to_bits(), 0.5f32.to_bits());
}
