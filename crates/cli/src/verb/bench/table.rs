use super::comparison::Comparison;
use super::record::{FloorRow, Part, Record, Row};
use super::stage::Stage;

/// The record as Markdown that a terminal shows as columns.
pub(super) fn table(record: &Record) -> String {
    let mut parts = vec![caption(record), rates(record)];
    for row in &record.rows {
        parts.push(of_case(row));
    }
    parts.extend(of_growth(record));
    parts.join("\n\n")
}

fn caption(record: &Record) -> String {
    let (machine, settings) = (&record.machine, &record.settings);
    let load = machine.load.map_or_else(String::new, |load| format!(", load {load:.2} before"));
    format!(
        "atalaya {}, {}, {} of {} threads{load}, GDAL {}, memory planned with {} MiB.\n\
         Best and median of {}; Mpx/s = pixels of the grid x dates read / best seconds; codecs: unpacking what the job reads and packing\n\
         what it writes alone, as a share of the whole job.",
        record.version,
        machine.cpu.as_deref().unwrap_or("unknown processor"),
        settings.jobs,
        machine.cores,
        machine.gdal,
        settings.memory_bytes >> 20,
        settings.reps
    )
}

/// One line a case: rates by stage, and what the whole job took.
fn rates(record: &Record) -> String {
    let head = [
        "case, Mpx/s of",
        "read",
        "mask",
        "index",
        "change",
        "patches",
        "overlay",
        "write",
        "job",
        "job s",
        "processor s",
        "codecs %",
        "peak MiB",
    ];
    let number = |number: Option<f64>, decimals: usize| number.map_or_else(String::new, |number| format!("{number:.decimals$}"));
    let lines = record.rows.iter().map(|row| {
        let rate = |stage: Stage| number(row.stage(stage).map(|stage| stage.megapixels_a_s), 1);
        let [read, mask, index, change, patches, overlay, write, job] = Stage::ALL.map(rate);
        let seconds = number(row.stage(Stage::Job).map(|job| job.timing.best_s), 2);
        let share = number(row.floor.as_ref().map(|floor| 100.0 * floor.share), 0);
        let peak = number(row.peak_bytes.map(mebibytes), 0);
        let processor = number(row.processor_s, 2);
        [row.case.clone(), read, mask, index, change, patches, overlay, write, job, seconds, processor, share, peak]
    });
    columns(head, lines.collect())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

fn of_case(row: &Row) -> String {
    let lines = row.stages.iter().map(|stage| {
        [
            stage.stage.name().to_owned(),
            format!("{:.4}", stage.timing.best_s),
            format!("{:.4}", stage.timing.median_s),
            format!("{:.1}", stage.megapixels_a_s),
        ]
    });
    let title = format!("{}: {} x {} pixels, {} dates, {:.2} Mpx", row.case, row.cols, row.rows, row.dates, row.megapixels);
    let mut text = vec![title, String::new(), columns(["stage", "best s", "median s", "Mpx/s"], lines.collect())];
    let job = row.stage(Stage::Job).map(|job| job.timing.best_s);
    text.extend(row.floor.as_ref().zip(job).map(|(FloorRow { decode_s, encode_s, share }, job_s)| {
        let percent = 100.0 * share;
        format!("\ndecode {decode_s:.3} s + encode {encode_s:.3} s = {percent:.0} % of the whole job's {job_s:.3} s")
    }));
    text.extend(row.peak_bytes.map(|bytes| format!("peak memory of the whole job {:.0} MiB", mebibytes(bytes))));
    text.extend(row.score.as_ref().map(|score| {
        let (precision, recall, dated) = (share(score.precision), share(score.recall), share(score.dated));
        format!("{} alerts: precision {precision}, recall {recall}, dates right {dated}", score.alerts)
    }));
    text.join("\n")
}

fn share(part: Part) -> String {
    let value = if part.of == 0 { String::from("-") } else { format!("{:.3}", part.part as f64 / part.of as f64) };
    format!("{value} ({} of {})", part.part, part.of)
}

fn of_growth(record: &Record) -> Option<String> {
    if record.growth.is_empty() {
        return None;
    }
    let lines = record.growth.iter().map(|growth| {
        let sides: Vec<String> = growth.sides.iter().map(ToString::to_string).collect();
        [
            growth.of.clone(),
            format!("{:.3}", growth.slope),
            growth.slope_beyond.map(|slope| format!("{slope:.3}")).unwrap_or_default(),
            format!("{:.3}", growth.doubling),
            format!("{}: {}", growth.series, sides.join(", ")),
        ]
    });
    let title = "Growth with area (slope 1 is linear, 0 constant; beyond start: of what is more than the smallest case takes, where \
                 that one is far smaller than the others; x at double: by how much it grows where the area doubles, between the two \
                 largest)";
    Some(format!("{title}\n\n{}", columns(["of", "slope", "beyond start", "x at double", "over"], lines.collect())))
}

/// New by old, as a table.
pub(super) fn ratios(comparison: &Comparison) -> String {
    let lines = comparison.ratios.iter().map(|ratio| [ratio.of.clone(), format!("{:.2}", ratio.ratio), ratio.case.clone()]);
    format!("New by old (below 1 is better)\n\n{}", columns(["of", "ratio", "case"], lines.collect()))
}

/// Markdown with padded columns, those of numbers to the right.
fn columns<const N: usize>(head: [&str; N], lines: Vec<[String; N]>) -> String {
    let head = head.map(str::to_owned);
    let widths: [usize; N] =
        std::array::from_fn(|i| lines.iter().chain([&head]).map(|line| line[i].chars().count()).max().unwrap_or(0));
    let numbers: [bool; N] =
        std::array::from_fn(|i| lines.iter().all(|line| line[i].is_empty() || line[i].parse::<f64>().is_ok()));
    let line = |cells: &[String; N]| {
        let padded = cells
            .iter()
            .enumerate()
            .map(|(i, cell)| if numbers[i] { format!("{cell:>0$}", widths[i]) } else { format!("{cell:<0$}", widths[i]) });
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> =
        (0..N).map(|i| if numbers[i] { format!("{}:", "-".repeat(widths[i] + 1)) } else { "-".repeat(widths[i] + 2) }).collect();
    let body = lines.iter().map(line);
    let all: Vec<String> = [line(&head), format!("|{}|", rule.join("|"))].into_iter().chain(body).collect();
    all.join("\n")
}
