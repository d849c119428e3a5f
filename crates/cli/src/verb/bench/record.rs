use std::path::Path;

use serde::{Deserialize, Serialize};
use synth::Share;

use super::growth::Growth;
use super::machine::Machine;
use super::stage::Stage;
use super::timing::Timing;
use crate::fault::{Exit, Fault};

/// Name and version of the form of a record.
pub(super) const SCHEMA: &str = "atalaya-bench/1";

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// [`SCHEMA`].
    pub(super) schema: String,
    /// `bench`.
    pub(super) verb: String,
    /// Version of the program.
    pub(super) version: String,
    /// Where.
    pub(super) machine: Machine,
    /// How.
    pub(super) settings: Settings,
    /// One row a case.
    pub(super) rows: Vec<Row>,
    /// Growth with size, where a series has two sizes.
    pub(super) growth: Vec<Growth>,
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Threads.
    pub(super) jobs: usize,
    /// Memory that the runs plan with.
    pub(super) memory_bytes: u64,
    /// Repetitions.
    pub(super) reps: usize,
}

/// What was measured on one folder with a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Its name: of a simulated region size, dates and seed, else the folder's.
    pub(super) case: String,
    /// Cases of one series differ in size only.
    pub(super) series: String,
    /// Rows of the grid.
    pub(super) rows: usize,
    /// Columns of the grid.
    pub(super) cols: usize,
    /// Dates that are read.
    pub(super) dates: usize,
    /// Pixels of the grid times dates, in millions: what every rate is by.
    pub(super) megapixels: f64,
    /// The stages that were wanted.
    pub(super) stages: Vec<StageRow>,
    /// Most memory that the whole job held (resident), the highest of the repetitions; `None` where the system does not tell.
    pub(super) peak_bytes: Option<u64>,
    /// Seconds of all processors together that the whole job took, the least of the repetitions; what other programs do on the
    /// machine hardly changes it. `None` where the system does not tell.
    pub(super) processor_s: Option<f64>,
    /// The time of the codecs alone, where the whole job was measured.
    pub(super) floor: Option<FloorRow>,
    /// The alerts of the whole job against the planted truth, where there is one.
    pub(super) score: Option<ScoreRow>,
}

/// The time of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StageRow {
    /// The stage.
    pub(super) stage: Stage,
    /// Its time.
    #[serde(flatten)]
    pub(super) timing: Timing,
    /// Millions of pixels of a date a second, at its best.
    pub(super) megapixels_a_s: f64,
}

/// The time of the codecs alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FloorRow {
    /// Seconds to unpack what the job reads, at best.
    pub(super) decode_s: f64,
    /// Seconds to pack what it writes, at best.
    pub(super) encode_s: f64,
    /// Both as a share of the whole job's best time.
    pub(super) share: f64,
}

/// How the alerts compare with the planted clearings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ScoreRow {
    /// Alerts in all.
    pub(super) alerts: usize,
    /// Alerts of at least 0.5 ha of which at least half lies on clearings.
    pub(super) precision: Part,
    /// Clearings of at least 0.5 ha that could be seen and of which alerts cover at least half.
    pub(super) recall: Part,
    /// Alerts on clearings whose two dates hold the planted day.
    pub(super) dated: Part,
}

/// Some of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// How many meet the condition.
    pub(super) part: u64,
    /// How many there are.
    pub(super) of: u64,
}

impl From<Share> for Part {
    fn from(share: Share) -> Self {
        Self { part: share.part, of: share.of }
    }
}

impl Row {
    /// Pixels of the grid.
    pub(super) fn pixels(&self) -> f64 {
        self.rows as f64 * self.cols as f64
    }

    /// The time of a stage.
    pub(super) fn stage(&self, stage: Stage) -> Option<&StageRow> {
        self.stages.iter().find(|row| row.stage == stage)
    }
}

/// The head of a record: read first, so that another schema is told as such.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

impl Record {
    /// The record of a file that this verb wrote.
    pub(super) fn load(path: &Path) -> Result<Self, Fault> {
        let text = crate::job::read_text(path)?;
        let wrong = |error: serde_json::Error| Fault::usage(format!("{}: is no report of bench: {error}", path.display()));
        let Head { schema } = serde_json::from_str(&text).map_err(wrong)?;
        if schema != SCHEMA {
            return Err(Fault::usage(format!("{}: its schema is {schema}, expected {SCHEMA}: measure again", path.display())));
        }
        serde_json::from_str(&text).map_err(wrong)
    }

    /// As text of a file.
    pub(super) fn text(&self) -> Result<String, Fault> {
        serde_json::to_string_pretty(self).map_err(|error| Fault::from_error(Exit::Internal, error))
    }
}
