//! Search of a STAC API: items by place, time, collection and cloud cover, page by page.
//!
//! Items stay JSON; only what it takes to bring their files is read of them.

mod item;
mod pages;
mod query;

pub use item::{Asset, Item};
pub use pages::{Api, Found};
pub use query::Query;
