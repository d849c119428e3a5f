//! Signals: the first asks for a clean stop, the second ends the program at once. A limit on the size of files is no reason
//! to end: the write that would pass it fails and is told like a full disk.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::fault::{Exit, Fault};

static FLAGS: OnceLock<[(Arc<AtomicBool>, Exit); 2]> = OnceLock::new();

/// Begins to listen for SIGINT and SIGTERM, and outlives SIGXFSZ.
pub(crate) fn listen() {
    let outlived = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    debug_assert!(outlived.is_ok(), "the signal can be listened for");
    let signals = [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)];
    FLAGS.get_or_init(|| {
        signals.map(|(signal, exit)| {
            let asked = Arc::new(AtomicBool::new(false));
            // Registered in this order, the second signal finds the flag set and ends the program.
            let second = flag::register_conditional_shutdown(signal, exit as i32, Arc::clone(&asked));
            let first = flag::register(signal, Arc::clone(&asked));
            debug_assert!(first.is_ok() && second.is_ok(), "both signals can be listened for");
            (asked, exit)
        })
    });
}

/// An error once a stop was asked for.
pub(crate) fn check() -> Result<(), Fault> {
    let asked = FLAGS.get().into_iter().flatten().find(|(asked, _)| asked.load(Ordering::Relaxed));
    match asked {
        Some((_, exit)) => Err(Fault::new(*exit, "stopped by a signal; nothing is left half-written")),
        None => Ok(()),
    }
}
