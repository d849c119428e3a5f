//! Outputs that are no inputs.

use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Refuses an output that is one of the inputs: `--force` replaces outputs, never what a verb reads.
pub(crate) fn check_apart<'a>(output: Option<&Path>, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Fault> {
    let Some(output) = output else { return Ok(()) };
    let Ok(real) = output.canonicalize() else { return Ok(()) };
    if inputs.into_iter().any(|input| input.canonicalize().is_ok_and(|input| input == real)) {
        return Err(Fault::usage(format!("{}: is an input; name another file for the output", output.display())));
    }
    Ok(())
}
