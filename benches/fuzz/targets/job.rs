//! The job file: parsed by the program's own reader, which is built in here so that the program's tables are not.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the program uses more of its modules than this target")]

#[path = "../../../crates/cli/src/fault.rs"]
mod fault;
#[path = "../../../crates/cli/src/job/mod.rs"]
mod job;
#[path = "../../../crates/cli/src/language.rs"]
mod language;

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let path = atalaya_fuzz::file(FOLDER.get_or_init(|| atalaya_fuzz::folder("job")), "job.toml", bytes);
    match job::Job::load(&path) {
        Ok(job) => drop(job.change.index.resolve()),
        Err(fault) => {
            let told = fault.to_string();
            assert!(!told.is_empty() && !told.contains(['\n', '\r', '\u{1b}']), "not one clean line: {told:?}");
            fault.excerpt();
        }
    }
});
