//! Classes by which accuracy is told: size, confidence, method, and columns that the user names.

use std::collections::BTreeSet;

use alert::Features;
use survey::Share;

use super::table::{Hectares, Line};
use crate::fault::Fault;

/// Classes of size: each begins where the one before ends.
#[derive(Debug, Clone)]
pub(super) struct Sizes(Vec<f64>);

impl Sizes {
    /// The classes between these hectares.
    pub(super) fn new(edges: &[f64]) -> Result<Self, Fault> {
        if edges.is_empty() || edges[0] <= 0.0 || edges.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Fault::usage("--sizes: expected rising areas above 0, such as 0.5,1,5,30"));
        }
        Ok(Self(edges.to_vec()))
    }

    fn names(&self) -> Vec<String> {
        let between = self.0.windows(2).map(|pair| format!("{}-{}", pair[0], pair[1]));
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        std::iter::once(format!("<{first}")).chain(between).chain([format!(">={last}")]).collect()
    }

    /// The classes of these areas.
    pub(super) fn classes(&self, areas_ha: &[f64]) -> Classes {
        let of = areas_ha.iter().map(|area| Some(self.0.partition_point(|edge| edge <= area))).collect();
        Classes { by: "size".to_owned(), names: self.names(), of }
    }
}

/// Classes of things by one column.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    /// The column.
    pub(super) by: String,
    /// Names of the classes in order.
    pub(super) names: Vec<String>,
    /// The class of each thing; `None` where the column is empty.
    pub(super) of: Vec<Option<usize>>,
}

impl Classes {
    /// The classes that a text column makes; `None` where there is no such column.
    pub(super) fn of_column(features: &Features, column: &str) -> Option<Self> {
        let values = features.text(column)?;
        let names: Vec<String> = values.iter().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let of = values.iter().map(|value| names.binary_search(value.as_ref()?).ok()).collect();
        Some(Self { by: column.to_owned(), names, of })
    }
}

/// One thing that was judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    /// Its place in its table.
    pub(super) thing: usize,
    /// Whether at least half of it is met by the other side.
    pub(super) met: bool,
    /// Its area.
    pub(super) area_ha: f64,
    /// The area that it shares with the other side.
    pub(super) shared_ha: f64,
}

/// The lines of a measure: of all, then by each class that has any.
pub(super) fn lines(measure: &'static str, verdicts: &[Verdict], classes: &[Classes]) -> Vec<Line> {
    let sum = |line: Line, of: &dyn Fn(&Verdict) -> bool| {
        let (mut count, mut ha, mut overlap) = (Share::default(), Hectares::default(), Hectares::default());
        for verdict in verdicts.iter().filter(|verdict| of(verdict)) {
            count.count(verdict.met);
            ha.of += verdict.area_ha;
            ha.part += if verdict.met { verdict.area_ha } else { 0.0 };
            overlap.of += verdict.area_ha;
            overlap.part += verdict.shared_ha;
        }
        (count.of > 0).then_some(Line { count: Some(count), ha: Some(ha), overlap: Some(overlap), ..line })
    };
    let all = sum(Line::all(measure), &|_| true).unwrap_or(Line { count: Some(Share::default()), ..Line::all(measure) });
    let by_class = classes.iter().flat_map(|by| {
        by.names.iter().enumerate().filter_map(move |(number, name)| {
            sum(Line::of(measure, &by.by, name), &|verdict| by.of[verdict.thing] == Some(number))
        })
    });
    std::iter::once(all).chain(by_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_belongs_to_the_class_that_begins_with_it() {
        let sizes = Sizes::new(&[0.5, 1.0, 30.0]).expect("rising");
        let classes = sizes.classes(&[0.0, 0.4999, 0.5, 1.0, 29.9, 30.0]);
        let named: Vec<&str> = classes.of.iter().flatten().map(|&class| classes.names[class].as_str()).collect();
        assert_eq!(named, ["<0.5", "<0.5", "0.5-1", "1-30", "1-30", ">=30"]);
        assert!(Sizes::new(&[1.0, 1.0]).is_err() && Sizes::new(&[]).is_err() && Sizes::new(&[0.0]).is_err());
    }
}
