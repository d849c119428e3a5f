//! `georeference`: an image gets its place.

use crate::args::{Common, Georeference};
use crate::fault::Fault;
use crate::report::Report;

pub(crate) fn georeference(_arguments: &Georeference, _common: &Common) -> Result<Report, Fault> {
    Err(Fault::usage("soon"))
}
