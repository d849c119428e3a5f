//! Progress on stderr: a bar on a terminal, or lines for a log.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};

use crate::args::{Common, ProgressStyle};
use crate::fault::Fault;
use crate::stop;

/// Progress of one stage.
pub(crate) struct Progress {
    bar: ProgressBar,
    style: ProgressStyle,
    stage: &'static str,
    total: u64,
    done: u64,
    told: Instant,
}

impl Progress {
    /// Begins a stage of `total` steps.
    pub(crate) fn begin(common: &Common, stage: &'static str, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let style = match common.progress {
            _ if common.quiet => ProgressStyle::Off,
            ProgressStyle::Auto if terminal => ProgressStyle::Bar,
            ProgressStyle::Auto => ProgressStyle::Off,
            chosen => chosen,
        };
        let target = if style == ProgressStyle::Bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(stage);
        let template = "{msg:<12} {wide_bar} {pos}/{len} {per_sec} {eta}";
        bar.set_style(BarStyle::with_template(template).expect("the template is well formed"));
        Self { bar, style, stage, total, done: 0, told: Instant::now() }
    }

    /// Begins a stage of `total` bytes, as far as they are known.
    pub(crate) fn of_bytes(common: &Common, stage: &'static str, total: u64) -> Self {
        let progress = Self::begin(common, stage, total);
        let template = "{msg:<12} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        progress.bar.set_style(BarStyle::with_template(template).expect("the template is well formed"));
        progress
    }

    /// So many bytes have come; a negative number have come in vain. More than were known of are known of from then on.
    pub(crate) fn moved(&mut self, bytes: i64) {
        self.done = self.done.saturating_add_signed(bytes);
        if self.done > self.total {
            self.total = self.done;
            self.bar.set_length(self.total);
        }
        self.bar.set_position(self.done);
        if self.told.elapsed() > Duration::from_secs(2) && self.style != ProgressStyle::Bar {
            self.told = Instant::now();
            self.tell();
        }
    }

    /// One step is done.
    ///
    /// # Errors
    /// Where a signal asked the program to stop.
    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        self.done += 1;
        self.bar.inc(1);
        let last = self.done == self.total;
        if (last || self.told.elapsed() > Duration::from_secs(2)) && self.style != ProgressStyle::Bar {
            self.told = Instant::now();
            self.tell();
        }
        stop::check()
    }

    fn tell(&self) {
        let (stage, done, total) = (self.stage, self.done, self.total);
        match self.style {
            ProgressStyle::Plain => eprintln!("{stage}: {done}/{total}"),
            ProgressStyle::Json => eprintln!("{}", serde_json::json!({"stage": stage, "done": done, "total": total})),
            _ => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
