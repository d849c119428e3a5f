//! How sample points were drawn: what each stands for.

use std::collections::BTreeMap;
use std::path::Path;

use alert::Features;
use survey::{Stratum, strata_weights};

use super::reference::column;
use crate::args::SampleDesign;
use crate::fault::{Exit, Fault};

/// What each of the points that count stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Design {
    /// Stratum of each by number.
    pub(super) stratum: Vec<usize>,
    /// Weight of each.
    pub(super) weight: Vec<f64>,
    /// How many strata there are.
    pub(super) strata: usize,
    /// Hectares that the points were drawn from, where they are known.
    pub(super) total_ha: Option<f64>,
    /// What the estimates rest on, for people.
    pub(super) said: String,
    /// One word for programs.
    pub(super) name: &'static str,
}

/// Names of strata, and the stratum of each point.
type Strata = (Vec<String>, Vec<usize>);

/// Columns of a design, as a file has them.
struct Columns<'a> {
    features: &'a Features,
    path: &'a Path,
    /// Rows of the points that count.
    rows: &'a [usize],
}

impl Design {
    /// The design of the points in these rows.
    pub(super) fn new(features: &Features, rows: &[usize], arguments: &SampleDesign, path: &Path) -> Result<Self, Fault> {
        let columns = Columns { features, path, rows };
        let total_ha = arguments.area_ha.filter(|ha| *ha > 0.0);
        if arguments.simple {
            return Ok(Self::simple(rows.len(), total_ha));
        }
        let strata = columns.strata(arguments)?;
        let named = arguments.probability_field.as_deref();
        if let Some(values) = column(features, named, &["inclusion_probability"], path)? {
            let weight = columns.weights(values)?;
            let (names, stratum) = strata.unwrap_or_else(|| (vec![String::new()], vec![0; rows.len()]));
            let within = if names.len() > 1 { " within strata" } else { "" };
            let said = format!(
                "totals of Horvitz and Thompson and ratios of Hajek by inclusion probabilities; variances{within} as if drawn with replacement"
            );
            return Ok(Self { stratum, weight, strata: names.len(), total_ha, said, name: "inclusion_probabilities" });
        }
        let Some((names, stratum)) = strata else { return Ok(Self::simple(rows.len(), total_ha)) };
        let sizes = columns.sizes(arguments, &names, &stratum)?;
        let whole: f64 = sizes.iter().map(|stratum| stratum.size).sum();
        let by_stratum =
            strata_weights(&sizes, &stratum).map_err(|error| Fault::new(Exit::Input, format!("{}: {error}", path.display())))?;
        let weight = stratum.iter().map(|&stratum| by_stratum[stratum]).collect();
        let said = format!(
            "stratified by {} strata of {whole:.1} ha together (Olofsson et al. 2014; Stehman 2014 where strata are not the classes of the map)",
            sizes.len()
        );
        Ok(Self { stratum, weight, strata: sizes.len(), total_ha: Some(whole), said, name: "stratified" })
    }

    fn simple(points: usize, total_ha: Option<f64>) -> Self {
        let said = "a simple random sample: neither strata nor inclusion probabilities are told".to_owned();
        Self { stratum: vec![0; points], weight: vec![1.0; points], strata: 1, total_ha, said, name: "simple_random" }
    }
}

impl Columns<'_> {
    fn cell<'c>(&self, values: &'c [Option<String>], row: usize, what: &str) -> Result<&'c str, Fault> {
        let text = values[row].as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.ok_or_else(|| Fault::new(Exit::Input, format!("{}: feature {} has no {what}", self.path.display(), row + 1)))
    }

    fn number(&self, values: &[Option<String>], row: usize, what: &str, most: f64) -> Result<f64, Fault> {
        let text = self.cell(values, row, what)?;
        let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= most && number.is_finite());
        number.ok_or_else(|| {
            let upto = if most.is_finite() { format!(" and at most {most}") } else { String::new() };
            Fault::new(
                Exit::Input,
                format!("{}: feature {}: {what} is '{text}'; expected a number above 0{upto}", self.path.display(), row + 1),
            )
        })
    }

    fn weights(&self, values: &[Option<String>]) -> Result<Vec<f64>, Fault> {
        self.rows.iter().map(|&row| Ok(1.0 / self.number(values, row, "inclusion probability", 1.0)?)).collect()
    }

    /// Names of the strata, and the stratum of each point; `None` where there is no such column.
    fn strata(&self, arguments: &SampleDesign) -> Result<Option<Strata>, Fault> {
        let named = arguments.stratum_field.as_deref();
        let Some(values) = column(self.features, named, &["stratum", "strata", "estrato"], self.path)? else { return Ok(None) };
        let of: Vec<&str> = self.rows.iter().map(|&row| self.cell(values, row, "stratum")).collect::<Result<_, _>>()?;
        let mut names: Vec<String> = of.iter().map(|name| (*name).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        let numbers = of.iter().filter_map(|name| names.binary_search_by(|known| known.as_str().cmp(name)).ok()).collect();
        Ok(Some((names, numbers)))
    }

    /// Sizes of the strata, in their order; those that are told and have no point come last.
    fn sizes(&self, arguments: &SampleDesign, names: &[String], of: &[usize]) -> Result<Vec<Stratum>, Fault> {
        let mut told: BTreeMap<String, f64> = BTreeMap::new();
        for text in &arguments.strata {
            let read = || {
                let (name, size) = text.rsplit_once('=')?;
                Some((name.trim().to_owned(), size.trim().parse::<f64>().ok().filter(|size| *size > 0.0 && size.is_finite())?))
            };
            let (name, size) = read().ok_or_else(|| Fault::usage(format!("--strata '{text}': expected NAME=HECTARES")))?;
            told.insert(name, size);
        }
        if told.is_empty() {
            let Some(values) = column(self.features, None, &["stratum_area_ha", "stratum_ha"], self.path)? else {
                return Err(Fault::usage(format!(
                    "{}: has strata ({}) and neither their sizes nor inclusion probabilities: give --strata {}=HA,.., a column stratum_area_ha, or --simple",
                    self.path.display(),
                    names.join(", "),
                    names[0]
                )));
            };
            for (&row, &stratum) in self.rows.iter().zip(of) {
                let size = self.number(values, row, "area of its stratum", f64::INFINITY)?;
                let known = *told.entry(names[stratum].clone()).or_insert(size);
                if (known - size).abs() > 1e-9 * known {
                    let said = format!("{}: stratum {} has {known} ha and {size} ha", self.path.display(), names[stratum]);
                    return Err(Fault::new(Exit::Input, said));
                }
            }
        }
        let mut sizes = Vec::with_capacity(told.len());
        for name in names {
            let size = told.remove(name).ok_or_else(|| Fault::usage(format!("--strata: stratum {name} has no size")))?;
            sizes.push(Stratum { name: name.clone(), size });
        }
        sizes.extend(told.into_iter().map(|(name, size)| Stratum { name, size }));
        Ok(sizes)
    }
}
