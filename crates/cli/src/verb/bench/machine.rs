use serde::{Deserialize, Serialize};

/// What the figures were taken on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    /// Model of the processor; `None` where the system does not tell.
    pub(super) cpu: Option<String>,
    /// Threads that the system offers.
    pub(super) cores: usize,
    /// Version of GDAL.
    pub(super) gdal: String,
    /// Programs that ran or waited to run over the last minute, before the first figure: above 0 others were at work.
    pub(super) load: Option<f64>,
}

impl Machine {
    /// This machine, now.
    pub(super) fn here() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            gdal: geoio::versions().gdal,
            load: load.and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }
}
