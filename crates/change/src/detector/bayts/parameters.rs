//! Parameters of BAYTS, and what they must be.

use std::collections::BTreeMap;

use raster::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::METHOD;
use super::densities::{Densities, Source};
use crate::ChangeError;

/// Parameters; defaults are those of bayts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BaytsParameters {
    /// Probability of change from which a flag is confirmed, 0.5 to 1. Default 0.9.
    pub chi: f64,
    /// Probability of non-forest from which a look is flagged, above 0 and below 1. Default 0.5.
    pub pnf_min: f64,
    /// Least and greatest probability of non-forest that one sensor may tell. Default 0.1 and 0.9.
    pub block_weight: [f64; 2],
    /// Percentile of each scene, 0 to 1, that is taken off its values first: the season without a history. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentile: Option<f64>,
    /// Number of harmonics of the season that is taken off roles whose densities come from the history, 0 to 5. Default 1.
    pub order: usize,
    /// Whether a trend is taken off them too. Default false.
    pub trend: bool,
    /// Bits behind the point, 10 to 40, to which coefficients and spreads of histories and all probabilities are rounded, in one call as in
    /// many: with 16 a state takes a third of the bytes, and everything is within 0.00001. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u8>,
    /// Of each role: mean and standard deviation of forest, then of non-forest (normal densities); or `data`, from the history of each
    /// pixel after its season is taken off: forest N(0, 2 s), non-forest N(-4 s, 2 s) with the standard deviation s of its values, and
    /// other factors as `{ data = [2, -4, 2] }`; or a density a class,
    /// `{ forest = { weibull = [shape, scale] }, non_forest = { normal = [mean, deviation] } }`.
    #[serde(flatten)]
    pub densities: BTreeMap<String, Densities>,
}

impl Default for BaytsParameters {
    fn default() -> Self {
        let (order, trend) = (1, false);
        Self {
            chi: 0.9,
            pnf_min: 0.5,
            block_weight: [0.1, 0.9],
            percentile: None,
            order,
            trend,
            bits: None,
            densities: BTreeMap::new(),
        }
    }
}

impl BaytsParameters {
    /// What the densities of each role come from.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range, and for a role without densities or densities without a role.
    pub(super) fn sources(&self, roles: &[Role]) -> Result<Vec<Source>, ChangeError> {
        self.check()?;
        let names: Vec<String> = roles.iter().map(ToString::to_string).collect();
        if let Some(name) = self.densities.keys().find(|name| !names.contains(name)) {
            return Err(refused(
                "the parameter",
                format!("{name} (the inputs are {})", names.join(", ")),
                "chi, pnf_min, block_weight, percentile, order, trend, bits, or the role of an input",
            ));
        }
        let expected = "for each role ROLE=[forest mean, deviation, non-forest mean, deviation], ROLE=data, or ROLE={forest = .., non_forest = ..}, \
                        with deviations, factors of spread, shapes and scales above 0";
        let of = |name: &String| {
            let source = self.densities.get(name).and_then(|densities| densities.source());
            source.ok_or_else(|| refused("the density", format!("missing or of no use for {name}"), expected))
        };
        names.iter().map(of).collect()
    }

    fn check(&self) -> Result<(), ChangeError> {
        let [least, most] = self.block_weight;
        let checks: [(&'static str, bool, String, &'static str); 6] = [
            ("order", self.order <= 5, self.order.to_string(), "a count from 0 to 5"),
            ("chi", (0.5..=1.0).contains(&self.chi), self.chi.to_string(), "a number from 0.5 to 1"),
            ("pnf_min", 0.0 < self.pnf_min && self.pnf_min < 1.0, self.pnf_min.to_string(), "a number above 0 and below 1"),
            (
                "block_weight",
                0.0 < least && least < most && most < 1.0,
                format!("{least}, {most}"),
                "two rising numbers between 0 and 1",
            ),
            (
                "percentile",
                self.percentile.is_none_or(|percentile| (0.0..=1.0).contains(&percentile)),
                self.percentile.unwrap_or_default().to_string(),
                "a number from 0 to 1",
            ),
            (
                "bits",
                self.bits.is_none_or(|bits| (10..=40).contains(&bits)),
                self.bits.unwrap_or_default().to_string(),
                "a count from 10 to 40",
            ),
        ];
        match checks.into_iter().find(|(_, holds, ..)| !holds) {
            Some((parameter, _, got, expected)) => Err(refused(parameter, got, expected)),
            None => Ok(()),
        }
    }
}

fn refused(parameter: &'static str, got: String, expected: &'static str) -> ChangeError {
    ChangeError::Parameter { method: METHOD.name.to_owned(), parameter, got, expected }
}
