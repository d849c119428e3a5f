//! Files within a zip: `scene.zip/S2A.SAFE/MTD_MSIL2A.xml` is a path like any other here.
//!
//! A directory is checked whole before anything in it is read: a name that leaves the archive, a link, encryption, a member
//! that unpacks to far more than it is stored in, or two members of one name refuse the archive.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::open::check_local;
use crate::{GeoioError, Staged};

/// Members of one archive; a Sentinel-2 product has about 120.
const MAX_MEMBERS: usize = 10_000;

/// Bytes that an archive may unpack to; a Sentinel-2 product has 1.2 GB.
const MAX_BYTES: u64 = 16 << 30;

/// Unpacked bytes for one that is stored, above which a member is no imagery; metadata have 10 to 30.
const MAX_RATIO: u64 = 200;

/// Below this size a member may have any ratio: it harms nobody.
const SMALL_BYTES: u64 = 1 << 20;

/// An archive whose directory has been checked.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    members: BTreeSet<String>,
}

impl Archive {
    /// Reads and checks the directory of a zip.
    ///
    /// # Errors
    /// [`GeoioError::Archive`], or [`GeoioError::NotLocal`] and [`GeoioError::Input`] for the file itself.
    pub(crate) fn open(path: &Path) -> Result<Self, GeoioError> {
        let mut zip = unpacker(path)?;
        let wrong = |reason: String| GeoioError::Archive { path: path.to_owned(), reason };
        if zip.has_duplicate_names() {
            return Err(wrong("two of its members have one name".to_owned()));
        }
        if zip.len() > MAX_MEMBERS {
            return Err(wrong(format!("it has {} members, more than any product", zip.len())));
        }
        let (mut members, mut sum) = (BTreeSet::new(), 0_u64);
        let mut file = File::open(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
        for place in 0..zip.len() {
            let entry = zip.by_index_data(place).map_err(|error| wrong(error.to_string()))?;
            let name = entry.name().map_err(|error| wrong(error.to_string()))?.into_owned();
            let shown = name.escape_debug().to_string();
            if !stays_inside(&name) {
                return Err(wrong(format!("its member '{shown}' would lie outside of it")));
            }
            if entry.is_symlink() {
                return Err(wrong(format!("its member '{shown}' is a link")));
            }
            let locked = is_locked(&mut file, entry.header_start()).map_err(|error| wrong(format!("{shown}: {error}")))?;
            if entry.encrypted() || locked {
                return Err(wrong(format!("its member '{shown}' is encrypted")));
            }
            if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                return Err(wrong(format!(
                    "its member '{shown}' is packed as {:?}, not stored or deflated",
                    entry.compression()
                )));
            }
            let (size, stored) = (entry.size(), entry.compressed_size());
            if size > SMALL_BYTES && size / MAX_RATIO > stored {
                return Err(wrong(format!("its member '{shown}' would unpack from {stored} to {size} bytes")));
            }
            sum = sum.saturating_add(size);
            if sum > MAX_BYTES {
                return Err(wrong("it would unpack to more than 16 GiB".to_owned()));
            }
            members.insert(name);
        }
        // Members that share bytes pass the limits above and still unpack to more than the file could hold.
        if zip.has_overlapping_files().map_err(|error| wrong(error.to_string()))? {
            return Err(wrong("two of its members share bytes".to_owned()));
        }
        Ok(Self { path: path.to_owned(), members })
    }

    /// Names of the members, sorted; those of folders end in `/`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(String::as_str)
    }

    /// Whether it has a member.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// The bytes of a member; `None` where it has more than `limit`.
    ///
    /// # Errors
    /// [`GeoioError::Archive`] where it is not there or damaged.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, GeoioError> {
        let wrong = |reason: String| GeoioError::Archive { path: self.path.clone(), reason: format!("{name}: {reason}") };
        let mut zip = unpacker(&self.path)?;
        let member = zip.by_name(name).map_err(|error| wrong(error.to_string()))?;
        let mut bytes = Vec::new();
        member.take(limit + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    }

    /// The name under which GDAL opens a member.
    ///
    /// # Errors
    /// [`GeoioError::Archive`] where it is not there, or the archive's name cannot be said to GDAL.
    pub(crate) fn gdal_name(&self, member: &str) -> Result<PathBuf, GeoioError> {
        let wrong = |reason: String| GeoioError::Archive { path: self.path.clone(), reason };
        if !self.has(member) {
            return Err(wrong(format!("it has no member '{}'", member.escape_debug())));
        }
        let whole = std::path::absolute(&self.path).map_err(|source| GeoioError::Input { path: self.path.clone(), source })?;
        let whole = whole.to_str().filter(|text| !text.contains(['{', '}']));
        let whole = whole.ok_or_else(|| wrong("its name holds a brace; rename it".to_owned()))?;
        Ok(PathBuf::from(format!("/vsizip/{{{whole}}}/{member}")))
    }
}

fn unpacker(path: &Path) -> Result<ZipArchive<BufReader<File>>, GeoioError> {
    check_local(path)?;
    let file = File::open(path).map_err(|source| GeoioError::Input { path: path.to_owned(), source })?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|error| GeoioError::Archive { path: path.to_owned(), reason: error.to_string() })
}

/// Whether a member's own header says that it is encrypted, whatever the directory says (flag 0, APPNOTE 4.4.4).
fn is_locked(file: &mut File, header: u64) -> io::Result<bool> {
    let mut begin = [0; 8];
    file.seek(SeekFrom::Start(header))?;
    file.read_exact(&mut begin)?;
    Ok(begin[6] & 1 == 1)
}

fn stays_inside(name: &str) -> bool {
    let plain = !name.is_empty() && !name.contains(['\\', ':', '\0']) && !name.starts_with('/');
    plain && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether a path has the ending of an archive.
pub(crate) fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// The archive and the member of a path that leads into one; `None` for the path of a plain file.
pub(crate) fn split(path: &Path) -> Option<(&Path, String)> {
    let zip = path.ancestors().skip(1).find(|part| is_archive(part) && part.is_file())?;
    let member = path.strip_prefix(zip).ok()?.to_str()?.to_owned();
    Some((zip, member))
}

/// The file on disk that holds what a path names: the archive, or the file itself.
pub(crate) fn container(path: &Path) -> &Path {
    split(path).map_or(path, |(zip, _)| zip)
}

/// Packs a folder, with its own name as the first part of every member's, into a zip; replaces a file that is there.
///
/// Images are stored as they are, texts are deflated; the same files give the same bytes.
///
/// # Errors
/// [`GeoioError::Input`] for a file that cannot be read, [`GeoioError::Write`], [`GeoioError::Encode`].
pub fn zip_folder(folder: &Path, path: &Path) -> Result<(), GeoioError> {
    let out = Staged::new(path, true)?;
    let wrong = |source| GeoioError::Write { path: path.to_owned(), source };
    let unfit = |error: zip::result::ZipError| GeoioError::Encode {
        path: path.to_owned(),
        what: "zip".to_owned(),
        reason: error.to_string(),
    };
    let mut files = Vec::new();
    list(folder, &mut files).map_err(|source| GeoioError::Input { path: folder.to_owned(), source })?;
    let above = folder.parent().unwrap_or(Path::new(""));
    let mut zip = ZipWriter::new(BufWriter::new(File::create(out.partial()).map_err(wrong)?));
    for file in files {
        let is_text = file.extension().is_some_and(|extension| extension == "xml" || extension == "safe");
        let method = if is_text { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let name = file.strip_prefix(above).unwrap_or(&file).to_string_lossy().into_owned();
        zip.start_file(name, SimpleFileOptions::default().compression_method(method).large_file(true)).map_err(unfit)?;
        let mut bytes = File::open(&file).map_err(|source| GeoioError::Input { path: file.clone(), source })?;
        io::copy(&mut bytes, &mut zip).map_err(wrong)?;
    }
    zip.finish().map_err(unfit)?.into_inner().map_err(|error| wrong(error.into_error()))?;
    out.commit()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zip_of(members: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("a file"));
        for (name, bytes) in members {
            zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).expect("begun");
            zip.write_all(bytes).expect("written");
        }
        zip.finish().expect("a zip");
        (folder, path)
    }

    fn refused(path: &Path) -> String {
        match Archive::open(path) {
            Err(error @ GeoioError::Archive { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_member_is_read_by_its_path() {
        let (_folder, path) = zip_of(&[("s/a.xml", b"abc")]);
        let archive = Archive::open(&path).expect("an archive");
        assert_eq!(archive.names().collect::<Vec<_>>(), ["s/a.xml"]);
        assert_eq!(archive.read("s/a.xml", 3).expect("bytes").as_deref(), Some(&b"abc"[..]));
        assert_eq!(archive.read("s/a.xml", 2).expect("bytes"), None);
        let member = path.join("s/a.xml");
        assert_eq!(split(&member), Some((path.as_path(), "s/a.xml".to_owned())));
        assert_eq!((container(&member), container(&path)), (path.as_path(), path.as_path()));
    }

    #[test]
    fn names_that_leave_the_archive_are_refused() {
        for name in ["../a", "/etc/a", "a/../../b", "c:a", "a\\b", "./a"] {
            let (_folder, path) = zip_of(&[(name, b"x")]);
            assert!(refused(&path).contains("would lie outside"), "{name}");
        }
    }

    #[test]
    fn a_link_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("a file"));
        zip.add_symlink("a", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
        zip.finish().expect("a zip");
        assert!(refused(&path).contains("is a link"));
    }

    #[test]
    fn a_member_that_unpacks_to_far_more_than_it_is_stored_in_is_refused() {
        let (_folder, path) = zip_of(&[("a.csv", &vec![0; 3 << 20])]);
        assert!(refused(&path).contains("would unpack from"));
    }

    #[test]
    fn encrypted_or_broken_archives_are_refused() {
        let (_folder, path) = zip_of(&[("a", b"x")]);
        let whole = std::fs::read(&path).expect("bytes");
        let central = whole.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
        for flags in [&[6, central + 8][..], &[6], &[central + 8]] {
            let mut locked = whole.clone();
            for flag in flags {
                locked[*flag] = 1;
            }
            std::fs::write(&path, &locked).expect("written");
            assert!(refused(&path).contains("is encrypted"), "{flags:?}");
        }
        std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
        refused(&path);
        std::fs::write(&path, b"").expect("written");
        refused(&path);
    }
}
