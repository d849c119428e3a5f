//! Critical values of the boundaries.

use crate::normal::{cumulative, density};

/// Probabilities of a false break.
const LEVELS: [f64; 8] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05];

/// Lengths of a moving sum, in lengths of the history.
const LENGTHS: [f64; 3] = [0.25, 0.5, 1.0];

/// How long is monitored, in lengths of the history.
const PERIODS: [f64; 5] = [2.0, 4.0, 6.0, 8.0, 10.0];

/// The factor of the boundary `sqrt(2 log+ t)` of moving sums of residuals, by length, period and level: quantiles of a simulated limit
/// process (Zeileis et al. 2005), as the reference implementations give them.
const TABLE: [[[f64; 8]; 5]; 3] = [
    [
        [
            1.673_976_765_361_58,
            1.604_588_400_490_86,
            1.507_299_644_670_61,
            1.433_262_947_424_3,
            1.350_272_749_483_28,
            1.297_743_161_072_4,
            1.258_229_332_294_68,
            1.227_626_658_178_31,
        ],
        [
            1.745_509_488_944_58,
            1.685_943_314_122_98,
            1.596_956_043_648_39,
            1.519_836_792_785_37,
            1.445_439_738_810_29,
            1.398_436_377_312_71,
            1.363_725_498_108_46,
            1.336_231_053_889_57,
        ],
        [
            1.745_509_488_944_58,
            1.685_943_314_122_98,
            1.597_971_113_840_19,
            1.521_599_881_863_84,
            1.448_123_184_887_65,
            1.402_654_148_144_87,
            1.368_276_811_190_24,
            1.341_086_851_876_62,
        ],
        [
            1.745_509_488_944_58,
            1.685_943_314_122_98,
            1.597_971_113_840_19,
            1.521_628_506_290_23,
            1.448_228_241_458_47,
            1.403_074_347_209_65,
            1.368_504_602_988_5,
            1.341_656_815_035_61,
        ],
        [
            1.745_509_488_944_58,
            1.685_943_314_122_98,
            1.597_971_113_840_19,
            1.521_644_972_796_22,
            1.448_236_088_045_69,
            1.403_187_732_594_15,
            1.368_863_209_576_07,
            1.341_824_510_076_28,
        ],
    ],
    [
        [
            2.434_575_850_622_77,
            2.308_003_938_710_34,
            2.151_914_860_070_68,
            2.031_463_393_586_19,
            1.886_952_527_856_03,
            1.802_222_751_973_4,
            1.736_321_524_125_07,
            1.687_323_283_285_98,
        ],
        [
            2.568_861_519_642_52,
            2.464_537_075_381_55,
            2.320_519_774_678_61,
            2.201_169_958_864_05,
            2.075_533_463_432_71,
            1.994_706_550_401_84,
            1.933_243_245_691_41,
            1.886_330_901_004_1,
        ],
        [
            2.570_255_291_497_03,
            2.465_796_784_059_64,
            2.325_254_890_785_05,
            2.208_535_165_082_61,
            2.082_447_516_174_81,
            2.004_818_758_219_14,
            1.947_242_785_502_7,
            1.899_584_450_595_1,
        ],
        [
            2.570_255_291_497_03,
            2.465_796_784_059_64,
            2.325_521_830_734_52,
            2.208_753_773_655_14,
            2.082_848_246_627_6,
            2.006_502_820_651_95,
            1.948_882_927_833_26,
            1.901_298_509_835_72,
        ],
        [
            2.570_255_291_497_03,
            2.465_796_784_059_64,
            2.325_521_830_734_52,
            2.209_072_828_191_97,
            2.082_870_276_421_56,
            2.006_985_313_621_74,
            1.949_207_274_275_15,
            1.902_003_178_993_71,
        ],
    ],
    [
        [
            3.454_726_813_037_25,
            3.289_425_082_594_88,
            3.029_458_198_973_77,
            2.799_615_917_205_64,
            2.559_929_451_720_55,
            2.420_513_031_847_48,
            2.310_397_792_348_19,
            2.224_088_182_311_27,
        ],
        [
            3.935_356_961_861_54,
            3.718_164_081_231_68,
            3.460_251_343_896_95,
            3.252_829_636_261_6,
            3.030_217_410_609_86,
            2.894_229_354_893_22,
            2.788_012_923_781_79,
            2.704_436_763_082_34,
        ],
        [
            3.941_029_160_936_53,
            3.734_347_666_425_62,
            3.473_392_643_732_85,
            3.274_006_328_809_09,
            3.045_733_101_988_76,
            2.918_303_668_915_29,
            2.816_225_239_646_6,
            2.737_148_075_898_66,
        ],
        [
            3.941_029_160_936_53,
            3.736_920_001_205_01,
            3.474_226_544_878_76,
            3.274_859_737_762_43,
            3.048_442_210_005_58,
            2.920_887_001_910_03,
            2.821_322_451_323_51,
            2.742_879_243_599_51,
        ],
        [
            3.941_029_160_936_53,
            3.736_979_355_974_81,
            3.474_226_544_878_76,
            3.276_932_456_917_16,
            3.049_288_621_449_23,
            2.922_340_015_562_65,
            2.824_270_337_014_58,
            2.745_927_613_247_42,
        ],
    ],
];

/// The factor of the boundary of moving sums of this length, which they pass within the period with this probability: between
/// tabulated levels and periods on a straight line.
pub(super) fn mosum_critical(length: f64, period: f64, level: f64) -> f64 {
    let row = LENGTHS.iter().position(|known| *known >= length).unwrap_or(LENGTHS.len() - 1);
    let of_period: Vec<f64> = TABLE[row].iter().map(|of_level| between(&LEVELS, of_level, level)).collect();
    between(&PERIODS, &of_period, period)
}

/// The value at `x` on the straight line between the two tabulated places around it; that of the nearest beyond them.
fn between(places: &[f64], values: &[f64], x: f64) -> f64 {
    let after = places.partition_point(|place| *place < x).clamp(1, places.len() - 1);
    let share = ((x - places[after - 1]) / (places[after] - places[after - 1])).clamp(0.0, 1.0);
    values[after - 1] + share * (values[after] - values[after - 1])
}

/// The factor of the boundary of sums of all residuals, which they pass with this probability: `2 (P(c) - c p(c)) + level = 2` for
/// the normal distribution `P` and its density `p` (Chu, Stinchcombe & White, Econometrica 64, 1996).
pub(super) fn cusum_critical(level: f64) -> f64 {
    let passed = |c: f64| 2.0 - 2.0 * (cumulative(c) - c * density(c));
    let (mut low, mut high) = (1.0, 20.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if passed(middle) > level { low = middle } else { high = middle }
    }
    high
}

/// The boundary of moving sums at a time in lengths of the history.
pub(super) fn mosum_boundary(critical: f64, relative: f64) -> f64 {
    use std::f64::consts::{E, SQRT_2};
    if relative > E { critical * (2.0 * relative.ln()).sqrt() } else { critical * SQRT_2 }
}

/// The boundary of sums of all residuals at a time in lengths of the history, above 1.
pub(super) fn cusum_boundary(critical: f64, relative: f64) -> f64 {
    (relative * (relative - 1.0) * (critical.powi(2) + (relative / (relative - 1.0)).ln())).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factors_are_the_published_ones() {
        for (level, expected) in [(0.05, 2.7955), (0.01, 3.3682), (0.001, 4.0331)] {
            assert!((cusum_critical(level) - expected).abs() < 5e-5, "{level}: {}", cusum_critical(level));
        }
        assert!((mosum_critical(0.25, 10.0, 0.05) - 1.341_824_510_076_28).abs() < 1e-12);
        let middle = mosum_critical(0.5, 3.0, 0.05);
        assert!(mosum_critical(0.5, 2.0, 0.05) < middle && middle < mosum_critical(0.5, 4.0, 0.05));
    }
}
