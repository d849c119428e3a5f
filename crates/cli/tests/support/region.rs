//! Simulated regions: made once a test file, then linked into each test's own folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{argument, succeed};

/// A simulated region on disk, which no test writes into.
pub(crate) struct Region {
    dir: PathBuf,
}

impl Region {
    /// A region of its own for the test file called `name`, with every `every`th scene.
    pub(crate) fn simulated(name: &str, side: usize, every: usize) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&dir);
        let (side, every) = (side.to_string(), every.to_string());
        succeed(["synth", argument(&dir), "--size", &side, "--every", &every, "-q"]);
        Self { dir }
    }

    /// Where it lies.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Links the region into a folder of the test's own; files keep their bytes, `reversed` makes them in reverse order.
    pub(crate) fn link(&self, into: &Path, reversed: bool) -> Copy {
        let mut names: Vec<PathBuf> = files(&self.dir).into_keys().collect();
        if reversed {
            names.reverse();
        }
        for name in names {
            let target = into.join(&name);
            fs::create_dir_all(target.parent().expect("it lies in the folder")).expect("a folder");
            fs::hard_link(self.dir.join(&name), target).expect("a link on one disk");
        }
        Copy { dir: into.to_owned() }
    }
}

/// A region in the folder of a test, whose files may be replaced.
pub(crate) struct Copy {
    dir: PathBuf,
}

impl Copy {
    /// A file or folder of the region.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Replaces a file; the region that it was linked from keeps its own.
    pub(crate) fn replace(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        let _ = fs::remove_file(&path);
        fs::write(path, bytes).expect("the file is written");
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is there")
    }

    /// Rewrites a text file; every edit must meet its text.
    pub(crate) fn edit(&self, name: &str, edits: &[(&str, &str)]) {
        let mut text = fs::read_to_string(self.path(name)).expect("a text");
        for (old, new) in edits {
            assert!(text.contains(old), "{name} holds '{old}'");
            text = text.replacen(old, new, 1);
        }
        self.replace(name, text);
    }

    /// The job's path as an argument.
    pub(crate) fn job(&self) -> String {
        argument(&self.path("job.toml")).to_owned()
    }

    /// The first scene on or after a day, as a path below the folder.
    pub(crate) fn scene_from(&self, day: &str) -> String {
        let from = format!("imagery/simulated_{day}.tif");
        let names = files(&self.dir).into_keys().map(|name| argument(&name).to_owned());
        names.filter(|name| name.starts_with("imagery/") && *name >= from).min().expect("a scene of that time")
    }

    /// Runs the job; gives the report.
    pub(crate) fn run(&self, more: &[&str]) -> Value {
        let job = self.job();
        let told = succeed(["run", &job, "--json", "-q"].iter().chain(more));
        serde_json::from_str(&told).expect("JSON")
    }

    /// The outputs of the job.
    pub(crate) fn outputs(&self) -> Outputs {
        Outputs::read(&self.path("out"))
    }
}

/// All files of a finished run.
#[derive(PartialEq, Eq)]
pub(crate) struct Outputs {
    /// Their bytes, by name.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Outputs {
    /// Reads the folder of a run.
    pub(crate) fn read(folder: &Path) -> Self {
        let named = |(name, bytes): (PathBuf, Vec<u8>)| (argument(&name).to_owned(), bytes);
        Self { files: files(folder).into_iter().map(named).collect() }
    }

    /// A text output.
    pub(crate) fn text(&self, name: &str) -> &str {
        std::str::from_utf8(&self.files[name]).expect("a text")
    }

    /// A JSON output.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.files[name]).expect("JSON")
    }

    /// The alerts by id, as they stand in alerts.geojson.
    pub(crate) fn alerts(&self) -> BTreeMap<String, Value> {
        let collection = self.json("alerts.geojson");
        let alerts = collection["features"].as_array().expect("features");
        alerts.iter().map(|alert| (alert["id"].as_str().expect("an id").to_owned(), alert.clone())).collect()
    }

    /// Expects the same bytes in every file but timings.json.
    pub(crate) fn assert_same(&self, other: &Self, what: &str) {
        let names = |outputs: &Self| outputs.files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(other), "{what}");
        for (name, bytes) in self.files.iter().filter(|(name, _)| *name != "timings.json") {
            assert!(bytes == &other.files[name], "{name} differs: {what}");
        }
    }
}

/// Bytes of all files below a folder, by path below it.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it lies in the folder").to_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}
