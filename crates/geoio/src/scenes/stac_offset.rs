//! Whether the numbers of a STAC copy of Sentinel-2 carry the offset that came with processing baseline 04.00.
//!
//! Sources: ESA, Sentinel-2 Processing Baseline 04.00 (`BOA_ADD_OFFSET` -1000); Element 84, Earth Search
//! (`earthsearch:boa_offset_applied`: the cloud-optimised copies were shifted back, the JPEG 2000 originals were not, and
//! `raster:offset` may say -0.1 all the same); Microsoft Planetary Computer and Copernicus Data Space keep the numbers as they came.

use serde_json::Value;

use crate::stac::Item;

/// The offset of baselines from 04.00 on, in reflectance.
const OFFSET: f64 = -0.1;

/// What an item says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offsets {
    /// What the baseline brings; `None` where it is not told.
    baseline: Option<f64>,
    /// Whether the offset was applied to the cloud-optimised copies, where it is told.
    applied: Option<bool>,
    /// Whether the item is of Earth Search, whose copies may have been shifted.
    may_be_applied: bool,
}

impl Offsets {
    /// What an item says.
    ///
    /// # Errors
    /// What contradicts itself: baselines that differ, a flag that is neither true nor false.
    pub(super) fn of(item: &Item) -> Result<Self, String> {
        const FLAGS: [&str; 3] =
            ["earthsearch:boa_offset_applied", "sentinel:boa_offset_applied", "sentinel2:boa_offset_applied"];
        let mut applied = None;
        for flag in FLAGS {
            let told = match item.properties.get(flag) {
                None | Some(Value::Null) => continue,
                Some(Value::Bool(told)) => *told,
                Some(_) => return Err(format!("its {flag} is neither true nor false")),
            };
            if applied.is_some_and(|other| other != told) {
                return Err("its properties contradict each other on whether the offset was applied".to_owned());
            }
            applied = Some(told);
        }
        let of_earth_search = |key: &String| key.starts_with("earthsearch:") || key.starts_with("sentinel:");
        let may_be_applied = item.properties.keys().any(of_earth_search);
        let baseline = baseline(item)?.map(|baseline| if baseline >= 400 { OFFSET } else { 0.0 });
        Ok(Self { baseline, applied, may_be_applied })
    }

    /// Offset of a band in reflectance, of which the item tells `told`. Original files are those the flag is not of.
    ///
    /// # Errors
    /// Where what the item says does not tell, or contradicts itself.
    pub(super) fn offset(&self, told: Option<f64>, is_original: bool) -> Result<f64, String> {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        match (self.applied, is_original) {
            (Some(true), false) => return Ok(0.0),
            (None, false) if self.may_be_applied && told.is_none() && self.baseline != Some(0.0) => {
                return Err(
                    "it does not say whether the offset of its baseline was applied (earthsearch:boa_offset_applied)".to_owned()
                );
            }
            _ => {}
        }
        match (told, self.baseline) {
            (Some(told), Some(baseline)) if !near(told, baseline) => Err(format!(
                "its offset is {told}, and numbers of its processing baseline have {baseline}: they contradict each other"
            )),
            (Some(told), _) => Ok(told),
            (None, Some(baseline)) => Ok(baseline),
            (None, None) => Err("it tells neither an offset nor its processing baseline".to_owned()),
        }
    }
}

/// The processing baseline as a whole number: 509 for 05.09.
fn baseline(item: &Item) -> Result<Option<u32>, String> {
    let mut found: Option<u32> = None;
    let told = ["s2:processing_baseline", "sentinel:processing_baseline", "sentinel2:processing_baseline", "processing:version"]
        .into_iter()
        .filter_map(|name| item.property(&[name]))
        .map(|text| of_text(&text));
    let names = [item.property(&["s2:product_uri"]), item.property(&["sentinel:product_id"]), Some(item.id.clone())];
    let named = names.iter().flatten().filter_map(|name| of_name(name)).map(Some);
    for baseline in told.chain(named).flatten() {
        if found.is_some_and(|other| other != baseline) {
            return Err("its properties and name tell different processing baselines".to_owned());
        }
        found = Some(baseline);
    }
    Ok(found)
}

/// Of `05.09`.
fn of_text(text: &str) -> Option<u32> {
    let (major, minor) = text.split_once('.')?;
    let digits = |part: &str| part.parse::<u32>().ok().filter(|_| (1..=2).contains(&part.len()));
    Some(digits(major)? * 100 + digits(&format!("{minor:0<2}"))?)
}

/// Of `S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310`.
fn of_name(name: &str) -> Option<u32> {
    let is_baseline = |part: &&str| part.len() == 5 && part.starts_with('N') && part[1..].bytes().all(|b| b.is_ascii_digit());
    name.split('_').find(is_baseline)?[1..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(baseline: Option<f64>, applied: Option<bool>, may_be_applied: bool) -> Offsets {
        Offsets { baseline, applied, may_be_applied }
    }

    #[test]
    fn an_offset_that_was_applied_is_not_applied_again_whatever_the_band_says() {
        let earth_search = offsets(Some(OFFSET), Some(true), true);
        assert_eq!(earth_search.offset(Some(-0.1), false), Ok(0.0));
        assert_eq!(earth_search.offset(None, false), Ok(0.0));
        assert_eq!(earth_search.offset(Some(-0.1), true), Ok(-0.1), "the originals were not shifted");
    }

    #[test]
    fn without_a_flag_the_baseline_tells_and_a_band_may_not_contradict_it() {
        let copies = offsets(Some(OFFSET), None, false);
        assert_eq!(copies.offset(None, false), Ok(-0.1));
        assert_eq!(copies.offset(Some(-0.1), false), Ok(-0.1));
        assert!(copies.offset(Some(0.0), false).is_err());
        assert_eq!(offsets(Some(0.0), None, false).offset(None, false), Ok(0.0));
        assert_eq!(offsets(None, None, false).offset(Some(-0.1), false), Ok(-0.1));
        assert!(offsets(None, None, false).offset(None, false).is_err());
    }

    #[test]
    fn earth_search_without_its_flag_is_not_guessed() {
        assert!(offsets(Some(OFFSET), None, true).offset(None, false).is_err());
        assert_eq!(offsets(Some(0.0), None, true).offset(None, false), Ok(0.0), "old baselines have none");
        assert_eq!(offsets(Some(OFFSET), None, true).offset(Some(-0.1), false), Ok(-0.1), "Collection 1 says its own");
        assert_eq!(offsets(Some(OFFSET), Some(false), true).offset(None, false), Ok(-0.1));
        assert!(offsets(Some(OFFSET), Some(false), true).offset(Some(0.0), false).is_err());
    }

    #[test]
    fn baselines_are_told_by_properties_and_names() {
        assert_eq!(
            (of_text("05.09"), of_text("4.0"), of_text("5.11"), of_text("04.00")),
            (Some(509), Some(400), Some(511), Some(400))
        );
        assert_eq!(of_text("x"), None);
        assert_eq!(of_name("S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310"), Some(214));
        assert_eq!(of_name("S2A_28QCH_20200714_0_L2A"), None);
    }
}
