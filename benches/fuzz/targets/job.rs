//! The job file: parsed by the program's own reader, which is built in here so that the program's tables are not.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the program uses more of its modules than this target")]

#[path = "../../../crates/cli/src/fault.rs"]
mod fault;
#[path = "../../../crates/cli/src/index_list.rs"]
mod index_list;
#[path = "../../../crates/cli/src/job/mod.rs"]
mod job;
#[path = "../../../crates/cli/src/language.rs"]
mod language;

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

// The program's own conversions know rooms that are not built here.
impl From<change::ChangeError> for fault::Fault {
    fn from(error: change::ChangeError) -> Self {
        Self::from_error(fault::Exit::Usage, error)
    }
}

impl From<geoio::GeoioError> for fault::Fault {
    fn from(error: geoio::GeoioError) -> Self {
        Self::from_error(fault::Exit::Input, error)
    }
}

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let path = atalaya_fuzz::file(FOLDER.get_or_init(|| atalaya_fuzz::folder("job")), "job.toml", bytes);
    match job::Job::load(&path) {
        Ok(job) => drop(job.change.index.resolve(&job.base)),
        Err(fault) => {
            let told = fault.to_string();
            assert!(!told.is_empty() && !told.contains(['\n', '\r', '\u{1b}']), "not one clean line: {told:?}");
            fault.excerpt();
        }
    }
});
