//! Conditions as expressions over frames: which links a question is about, and comparisons of what lies between two bounds.

use polars::prelude::*;

use super::expression::{Call, Comparison, Node, Operator, Question};
use crate::join::millimetres;
use crate::measure::CM2_PER_HA;
use crate::position::Position;
use crate::source::RegistrySource;

impl Question {
    pub(super) fn is_truth(self) -> bool {
        matches!(self, Self::Inside | Self::Meets | Self::Near)
    }
}

impl Call {
    /// Whether a link is one that the question is about: in place, in time and by its filter; null where that cannot be told.
    pub(super) fn holds(&self, source: &RegistrySource) -> Expr {
        // What may lie elsewhere by how well it is placed is neither in place nor out of it.
        let unknown = || lit(NULL).cast(DataType::Boolean);
        let place = if let Some(metres) = self.distance_m {
            let (limit, distance, error) = (lit(millimetres(metres)), col("distance"), col("error"));
            when((distance.clone() + error.clone()).lt_eq(limit.clone()))
                .then(lit(true))
                .when((distance - error).gt(limit))
                .then(lit(false))
                .otherwise(unknown())
        } else {
            let position = |position: Position| col("position").eq(lit(position.name()));
            when(position(Position::Certain))
                .then(lit(true))
                .when(position(Position::Outside))
                .then(lit(false))
                .otherwise(unknown())
        };
        let validity = col("validity");
        let time = match self.question {
            Question::Meets => lit(true),
            _ => when(col("held").is_null())
                .then(unknown())
                .when(col("held").or(validity.clone().eq(lit("valid_throughout"))))
                .then(lit(true))
                .when(validity.eq(lit("not_valid")))
                .then(lit(false))
                .otherwise(unknown()),
        };
        let kind = self.filter.as_ref().map_or(lit(true), |filter| filtered(filter, source));
        place.and(time).and(kind)
    }

    /// Least and greatest answer over the links of an alert.
    pub(super) fn bounds(&self) -> (Expr, Expr) {
        let (surely, possibly) = (col("holds").fill_null(lit(false)), col("holds").fill_null(lit(true)));
        let real = |expr: Expr| expr.cast(DataType::Float64);
        let within = |measure: Expr, most: Expr| {
            let none = lit(0.0);
            let least = when(surely.clone()).then(measure.clone()).otherwise(none.clone()).max();
            let sum = when(possibly.clone()).then(measure).otherwise(none).sum();
            (least, when(sum.clone().gt(most.clone())).then(most).otherwise(sum))
        };
        match self.question {
            Question::Share | Question::Covered => within(col("share").fill_null(lit(0.0)), lit(1.0)),
            Question::OverlapHa => {
                let hectares = |cm2: &str| real(col(cm2)).fill_null(lit(0.0)) / lit(CM2_PER_HA);
                within(hectares("overlap"), hectares("area").max())
            }
            _ => (real(surely.max()), real(possibly.max())),
        }
    }
}

/// Whether a record is one that a filter names; null where its column is missing or holds what answers neither yes nor no.
fn filtered(node: &Node, source: &RegistrySource) -> Expr {
    match node {
        Node::Or(a, b) => filtered(a, source).or(filtered(b, source)),
        Node::And(a, b) => filtered(a, source).and(filtered(b, source)),
        Node::Not(inner) => filtered(inner, source).not(),
        Node::Compare(comparison, a, b) => {
            let is_number = [a, b].iter().any(|side| matches!(***side, Node::Number(_)));
            let side = |node: &Node| if is_number { value(node).cast(DataType::Float64) } else { value(node) };
            let compared = comparison.of_values(side(a), side(b));
            node.columns().into_iter().fold(compared, |compared, column| silenced(compared, column, source))
        }
        _ => lit(NULL).cast(DataType::Boolean),
    }
}

/// A comparison of a column, null where the column holds what answers neither yes nor no.
fn silenced(compared: Expr, column: &str, source: &RegistrySource) -> Expr {
    let values = source.no_information.get(column).map(Vec::as_slice).unwrap_or_default();
    values.iter().fold(compared, |compared, nothing| {
        let says_nothing = value(&Node::Column(column.to_owned())).eq(lit(nothing.as_str())).fill_null(lit(false));
        when(says_nothing).then(lit(NULL).cast(DataType::Boolean)).otherwise(compared)
    })
}

fn value(node: &Node) -> Expr {
    match node {
        Node::Number(number) => lit(*number),
        Node::Text(text) => lit(text.as_str()),
        Node::Column(name) if name == "key" || name == "name" => col(name.as_str()),
        Node::Column(name) => col(format!("own_{name}")),
        _ => lit(NULL),
    }
}

impl Comparison {
    fn of_values(self, a: Expr, b: Expr) -> Expr {
        match self {
            Self::Equal => a.eq(b),
            Self::Unequal => a.neq(b),
            Self::Less => a.lt(b),
            Self::LessOrEqual => a.lt_eq(b),
            Self::Greater => a.gt(b),
            Self::GreaterOrEqual => a.gt_eq(b),
        }
    }

    /// The comparison of what lies between two bounds each; null where some of it holds and some does not.
    pub(super) fn of_spans(self, (a_low, a_high): (Expr, Expr), (b_low, b_high): (Expr, Expr)) -> Expr {
        let (surely, never) = match self {
            Self::Less => (a_high.lt(b_low), a_low.gt_eq(b_high)),
            Self::LessOrEqual => (a_high.lt_eq(b_low), a_low.gt(b_high)),
            Self::Greater => (a_low.gt(b_high), a_high.lt_eq(b_low)),
            Self::GreaterOrEqual => (a_low.gt_eq(b_high), a_high.lt(b_low)),
            Self::Equal | Self::Unequal => {
                let apart = a_high.clone().lt(b_low.clone()).or(a_low.clone().gt(b_high.clone()));
                let same = a_low.eq(b_high).and(a_high.eq(b_low));
                if self == Self::Equal { (same, apart) } else { (apart, same) }
            }
        };
        when(surely).then(lit(true)).when(never).then(lit(false)).otherwise(lit(NULL).cast(DataType::Boolean))
    }
}

impl Operator {
    pub(super) fn of_spans(self, (a_low, a_high): (Expr, Expr), (b_low, b_high): (Expr, Expr)) -> (Expr, Expr) {
        match self {
            Self::Plus => (a_low + b_low, a_high + b_high),
            Self::Minus => (a_low - b_high, a_high - b_low),
            // Measures and shares are not negative.
            Self::Times => (a_low * b_low, a_high * b_high),
        }
    }
}
