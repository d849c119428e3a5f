//! Rules on their way from files to tables: which packs are asked, and what they say.

use std::path::Path;

use alert::{Column, Features, Values};
use geo_types::Geometry;
use registry::{Areas, Cases, Grouping, Joined, RulePack, Sensitivity, Span};

use crate::fault::Fault;
use crate::job::read_text;
use crate::verb::catalogue::at;

/// Months over which areas accumulate where a pack does not say.
const MONTHS: u32 = 6;

/// The packs of these names: one that comes with the program, or a file.
pub(crate) fn load(names: &[String], base: &Path) -> Result<Vec<RulePack>, Fault> {
    let pack = |name: &String| match registry::RULE_PACKS.iter().find(|(known, _)| known == name) {
        Some((_, text)) => RulePack::parse(text).map_err(|error| at(&error, Path::new(name))),
        None if is_file(name) => {
            let path = base.join(name);
            RulePack::parse(&read_text(&path)?).map_err(|error| at(&error, &path))
        }
        None => {
            let known = registry::RULE_PACKS.map(|(name, _)| name).join(", ");
            Err(Fault::usage(format!("'{name}' is no rule pack; there are {known}, or name a file that ends in .toml")))
        }
    };
    names.iter().map(pack).collect()
}

/// Whether a pack is a file, by its ending.
pub(crate) fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "toml")
}

/// What packs say of features.
pub(crate) struct Judged {
    /// Columns, one value a feature.
    pub(crate) columns: Vec<Column>,
    /// One row a feature and rule.
    pub(crate) elements: Features,
    /// How much hangs on the declared distance and span.
    pub(crate) sensitivity: Features,
}

/// Features with what rules need beside registries.
pub(crate) struct Judging<'a> {
    /// The features laid over the registries.
    pub(crate) joined: &'a Joined<'a>,
    /// Their shapes.
    pub(crate) geometries: &'a [Option<Geometry<f64>>],
    /// Least and greatest hectares of each.
    pub(crate) areas: &'a [Span],
    /// Metres up to which they are taken together.
    pub(crate) distance_m: f64,
    /// Days that may lie between them.
    pub(crate) span_days: Option<i32>,
}

impl Judging<'_> {
    /// What the packs say.
    pub(crate) fn judge(&self, packs: &[RulePack]) -> Result<Judged, Fault> {
        let (mut columns, mut elements) = (Vec::new(), Vec::<Column>::new());
        for pack in packs {
            let grouping = self.grouping(pack);
            let counted = registry::counted(pack, self.joined, self.areas)?;
            let areas = Areas { own: self.areas, counted: &counted };
            let cases = registry::cases(self.geometries, areas, self.joined.periods, grouping);
            let judgements = registry::judge(pack, Cases { joined: self.joined, cases: &cases })?;
            columns.extend(registry::judgement_columns(pack, &judgements));
            let table = registry::judgement_table(pack, self.joined.ids, &judgements);
            if elements.is_empty() {
                elements = table;
            } else {
                append(&mut elements, table);
            }
        }
        let rows = packs.first().map(|pack| self.sensitivity(pack)).transpose()?.unwrap_or_default();
        Ok(Judged { columns, elements: table("elements", elements), sensitivity: table("sensitivity", sensitivity(&rows)) })
    }

    /// How much hangs on what was declared.
    fn sensitivity(&self, pack: &RulePack) -> Result<Vec<Sensitivity>, Fault> {
        let counted = registry::counted(pack, self.joined, self.areas)?;
        let areas = Areas { own: self.areas, counted: &counted };
        Ok(registry::sensitivity(self.geometries, areas, self.joined.periods, self.grouping(pack)))
    }

    fn grouping(&self, pack: &RulePack) -> Grouping {
        let months = pack.parameter("accumulation_window").map_or(MONTHS, |months| months as u32);
        Grouping { distance_m: self.distance_m, span_days: self.span_days, months }
    }
}

fn table(name: &str, columns: Vec<Column>) -> Features {
    let rows = columns.first().map_or(0, |column| column.values.len());
    Features { name: name.to_owned(), geometries: vec![None; rows], columns }
}

fn append(all: &mut [Column], more: Vec<Column>) {
    for (column, more) in all.iter_mut().zip(more) {
        if let (Values::Text(all), Values::Text(more)) = (&mut column.values, more.values) {
            all.extend(more);
        }
    }
}

fn sensitivity(rows: &[Sensitivity]) -> Vec<Column> {
    let column = |name: &str, values| Column { name: name.to_owned(), values };
    let counts = |of: &dyn Fn(&Sensitivity) -> usize| Values::Integer(rows.iter().map(|row| Some(of(row) as i64)).collect());
    vec![
        column("distance_m", Values::Real(rows.iter().map(|row| Some(row.grouping.distance_m)).collect())),
        column("span_days", Values::Integer(rows.iter().map(|row| row.grouping.span_days.map(i64::from)).collect())),
        column("clusters", counts(&|row| row.clusters)),
        column("of_1_ha_certain", counts(&|row| row.of_one_ha.0)),
        column("of_1_ha_possible", counts(&|row| row.of_one_ha.1)),
        column("above_30_ha_certain", counts(&|row| row.above_thirty_ha.0)),
        column("above_30_ha_possible", counts(&|row| row.above_thirty_ha.1)),
        column("accumulated_30_ha_certain", counts(&|row| row.accumulated_thirty_ha.0)),
        column("accumulated_30_ha_possible", counts(&|row| row.accumulated_thirty_ha.1)),
    ]
}
