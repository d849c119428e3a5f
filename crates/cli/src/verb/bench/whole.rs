use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::stop;

/// What the whole job took as a process of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Whole {
    /// From its start to its end, in seconds.
    pub(super) seconds: f64,
    /// Most memory it held; `None` where the system does not tell.
    pub(super) peak_bytes: Option<u64>,
    /// Time of all processors together; `None` where the system does not tell.
    pub(super) processor_s: Option<f64>,
}

/// Runs a job with this very program into `out`, which is emptied before.
pub(super) fn run(job: &Path, out: &Path, common: &Common) -> Result<Whole, Fault> {
    if out.exists() {
        std::fs::remove_dir_all(out).map_err(|error| Fault::new(Exit::Output, format!("{}: {error}", out.display())))?;
    }
    let program = std::env::current_exe().map_err(|error| Fault::from_error(Exit::Internal, error))?;
    let mut command = Command::new(program);
    command.arg("run").arg(job).arg("--out").arg(out).arg("--quiet").arg("--progress").arg("off");
    command.arg("--jobs").arg(common.budget().jobs().to_string()).arg("--memory").arg(common.memory.to_string());
    let began = Instant::now();
    let ended = command.stdin(Stdio::null()).output().map_err(|error| Fault::from_error(Exit::Internal, error))?;
    let seconds = began.elapsed().as_secs_f64();
    stop::check()?;
    let done = [Exit::Done, Exit::Rejected].map(|exit| Some(exit as i32)).contains(&ended.status.code());
    if !done {
        let told = String::from_utf8_lossy(&ended.stderr);
        let last = told.lines().last().unwrap_or("it said nothing");
        return Err(Fault::new(Exit::Input, format!("{}: its run ended with {}: {last}", job.display(), ended.status)));
    }
    let timings = crate::job::read_text(&out.join("timings.json"))?;
    let timings: Value = serde_json::from_str(&timings).map_err(|error| Fault::from_error(Exit::Internal, error))?;
    let (peak_bytes, processor_s) = (timings["peak_bytes"].as_u64(), timings["processor_seconds"].as_f64());
    Ok(Whole { seconds, peak_bytes, processor_s })
}
