//! STAC: items, collections and catalogues in files of this machine, found, searched and written.
//!
//! Items are read with few types of our own over `serde_json`: files of providers break the specification in ways that matter
//! (no bbox, no bands, other versions), and each refusal has to name file, item and key. Nothing here asks a network: what an
//! `href` on a host means is told, never opened. Source: <https://github.com/radiantearth/stac-spec> 1.0.0 and 1.1.0.

mod asset;
mod catalogue;
mod checksum;
mod document;
mod footprint;
mod href;
mod instant;
mod item;
mod outline;
mod record;
mod search;
mod version;
mod words;

pub(crate) use asset::{Asset, AssetBand};
pub(crate) use catalogue::read;
pub(crate) use checksum::{Checksum, Verdict};
pub(crate) use footprint::Footprint;
pub(crate) use href::{Folders, Place};
pub use item::Item;
pub use record::{COLLECTION, Derived, Described, Period, StacRecord, id_of, item_path};
pub(crate) use search::StacSearch;
