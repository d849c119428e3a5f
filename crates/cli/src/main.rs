//! The atalaya program: arguments, job files, progress and exit codes around the rooms that do the work.

mod args;
mod calibration;
mod completion;
mod exits;
mod fault;
mod formulas;
mod index_list;
mod job;
mod language;
mod picture;
mod progress;
mod registration;
mod report;
mod rules;
mod run;
mod screen;
mod sealed;
mod stop;
mod today;
mod verb;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::LevelFilter;

use crate::args::{Arguments, LogFormat};
use crate::fault::{Exit, Fault};

/// Keeps the pages of arrays that come and go by the tile, which the system's allocator gives back and asks for again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { Exit::Done as u8 });
        }
    };
    log(&arguments);
    stop::listen();
    match verb::carry_out(&arguments) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(fault) => {
            tell(&fault, &arguments);
            ExitCode::from(fault.exit as u8)
        }
    }
}

fn log(arguments: &Arguments) {
    let level = match (arguments.common.quiet, arguments.common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).without_time().with_target(false);
    match arguments.common.log_format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// One line; with `-v` the causes below it.
fn tell(fault: &Fault, arguments: &Arguments) {
    if arguments.common.log_format == LogFormat::Json {
        tracing::error!(exit = fault.exit as u8, "{fault}");
        return;
    }
    eprintln!("error: {fault}");
    if let Some(excerpt) = fault.excerpt().filter(|_| arguments.common.verbose > 0 || std::io::stderr().is_terminal()) {
        eprintln!("{excerpt}");
    }
    if arguments.common.verbose > 0 {
        fault.causes().iter().for_each(|cause| eprintln!("  because: {}", report::printable(cause)));
    }
}
