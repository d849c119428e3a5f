use std::time::Duration;

/// The time, waiting, and whether somebody asked to stop: what a computation may not know of itself.
pub trait Clock: Send + Sync {
    /// Seconds since 1970-01-01 UTC.
    fn now(&self) -> u64;

    /// Waits; returns earlier where somebody asks to stop.
    fn rest(&self, time: Duration);

    /// Whether somebody asked to stop.
    fn is_stopped(&self) -> bool;
}
