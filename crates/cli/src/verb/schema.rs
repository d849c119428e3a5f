//! `schema`: what files look like, as JSON Schema.

use crate::args::{Schema, SchemaOf};
use crate::fault::{Exit, Fault};
use crate::job::Job;
use crate::report::{Report, print};

/// Prints a JSON Schema.
pub(crate) fn schema(arguments: &Schema) -> Result<Report, Fault> {
    let schema = match arguments.of {
        SchemaOf::Alert => alert::json_schema(),
        SchemaOf::Job => schemars::schema_for!(Job).to_value(),
    };
    print(&serde_json::to_string_pretty(&schema).map_err(|error| Fault::from_error(Exit::Internal, error))?)?;
    Ok(Report::new("schema"))
}
