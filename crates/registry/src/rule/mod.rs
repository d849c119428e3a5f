//! Rules as data: which element of which article is met, by which record, and how we know.
//!
//! A rule never says who is guilty of what: it says that an element is met, not met or unknown. It is unknown wherever a source was
//! not there, could not have said no, or is known from documentation only; where a measure straddles its threshold; and where the
//! law was not in force throughout the change.

mod bench;
mod copies;
mod expression;
mod judgement;
mod pack;
mod reasons;
mod table;
mod terms;

pub use judgement::{Case, Cases, Judgement, Outcome, Span, counted, judge};
pub use pack::{Counted, Element, Law, LawText, Parameter, Rule, RulePack, Wording};
pub use table::{judgement_columns, judgement_table};
