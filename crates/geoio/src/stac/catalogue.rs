//! A catalogue as its files stand on disk: walked from one file along its links.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use raster::Warning;

use super::document::{self, Document};
use super::item::Item;
use super::search::{Miss, StacSearch};
use super::{Folders, Place};
use crate::GeoioError;
use crate::scenes::Skipped;

/// What a walk found.
#[derive(Debug)]
pub(crate) struct Catalogue<T> {
    /// What was made of the items that were searched for, in the order of the links.
    pub(crate) items: Vec<T>,
    /// Files and items that are none.
    pub(crate) rejected: Vec<Skipped>,
    /// What people should know.
    pub(crate) warnings: Vec<Warning>,
    /// Collections and catalogues that were read.
    pub(crate) files: Vec<PathBuf>,
    /// Items that were looked at.
    pub(crate) seen: usize,
    /// Links to hosts, which are not followed.
    remote: usize,
    /// Items that do not tell their share of cloud.
    cloudless: usize,
    /// Items that do not tell their place.
    placeless: usize,
    ids: BTreeSet<(Option<String>, String)>,
}

/// A file yet to be read.
struct Next {
    path: PathBuf,
    /// Id of the collection whose link led to it.
    collection: Option<String>,
}

/// Reads a file and all that it links to, each file once.
///
/// Links are taken within the folders only. A file that is linked to and cannot be read is listed, the first one is an error.
/// `make` is given each item that is searched for, so that not all of them are held at once.
///
/// # Errors
/// [`GeoioError`] for the first file.
pub(crate) fn read<T>(
    path: &Path,
    folders: &Folders,
    search: &StacSearch,
    mut make: impl FnMut(Item) -> T,
) -> Result<Catalogue<T>, GeoioError> {
    let mut found = Catalogue {
        items: Vec::new(),
        rejected: Vec::new(),
        warnings: Vec::new(),
        files: Vec::new(),
        seen: 0,
        remote: 0,
        cloudless: 0,
        placeless: 0,
        ids: BTreeSet::new(),
    };
    let mut stack = vec![Next { path: path.to_owned(), collection: None }];
    let mut read = BTreeSet::new();
    while let Some(next) = stack.pop() {
        if !read.insert(next.path.canonicalize().unwrap_or_else(|_| next.path.clone())) {
            continue;
        }
        match document::read(&next.path) {
            Err(error) if read.len() == 1 => return Err(error),
            Err(error) => found.reject(&next.path, &error),
            Ok(Document::Items { items, goes_on }) => {
                found.notice_page(&next, goes_on);
                found.take(&next, items, read.len() == 1, |found, item| found.weigh(item, &next, search, &mut make))?;
            }
            Ok(Document::Folder { collection, links }) => {
                let collection = collection.or(next.collection);
                let mut files = Vec::new();
                for href in &links {
                    match folders.resolve(href, &next.path) {
                        Ok(Place::File(path)) => files.push(Next { path, collection: collection.clone() }),
                        Ok(Place::Remote(_)) => found.remote += 1,
                        Err(reason) => found.reject(&next.path, &GeoioError::stac(&next.path, reason)),
                    }
                }
                stack.extend(files.into_iter().rev());
                found.files.push(next.path);
            }
        }
    }
    found.notice(path, search);
    Ok(found)
}

impl<T> Catalogue<T> {
    fn notice_page(&mut self, from: &Next, goes_on: bool) {
        if goes_on {
            let message = "the list goes on on another page, which is not read: fetch all pages";
            self.warnings.push(Warning::new("page_not_read", message).about(from.path.display().to_string()));
        }
    }

    fn take(
        &mut self,
        from: &Next,
        items: Vec<Result<Item, GeoioError>>,
        is_first: bool,
        mut weigh: impl FnMut(&mut Self, Item),
    ) -> Result<(), GeoioError> {
        let only = items.len() == 1;
        for item in items {
            match item {
                Err(error) if is_first && only => return Err(error),
                Err(error) => self.reject(&from.path, &error),
                Ok(item) => weigh(self, item),
            }
        }
        Ok(())
    }

    fn weigh(&mut self, mut item: Item, from: &Next, search: &StacSearch, make: &mut impl FnMut(Item) -> T) {
        self.seen += 1;
        item.collection = item.collection.or_else(|| from.collection.clone());
        match search.misses(&item) {
            Some(miss) => {
                self.cloudless += usize::from(miss == Miss::CloudUnknown);
                self.placeless += usize::from(miss == Miss::PlaceUnknown);
            }
            None if self.ids.insert((item.collection.clone(), item.id.clone())) => self.items.push(make(item)),
            None => {
                let error = item.refuse("another item of the catalogue has the same id; give each its own");
                self.reject(&from.path, &error);
            }
        }
    }

    fn reject(&mut self, path: &Path, error: &GeoioError) {
        self.rejected.push(Skipped::new(path, error));
    }

    fn notice(&mut self, path: &Path, search: &StacSearch) {
        let mut warn = |code: &'static str, message: String| {
            self.warnings.push(Warning::new(code, message).about(path.display().to_string()));
        };
        if self.remote > 0 {
            warn(
                "remote_link",
                format!("{} links lead to hosts, which are not asked: what they hold is not among the items", self.remote),
            );
        }
        if self.cloudless > 0 {
            let message = "items do not tell their share of cloud (eo:cloud_cover) and are left out, for the search asks for it";
            warn("cloud_unknown", format!("{} {message}", self.cloudless));
        }
        if self.placeless > 0 {
            let message = "items do not tell their place (bbox, geometry) and are left out, for the search asks for it";
            warn("place_unknown", format!("{} {message}", self.placeless));
        }
        for id in search.ids.iter().flatten().filter(|id| !self.ids.iter().any(|(_, known)| known == *id)) {
            warn("item_not_found", format!("no item that meets the search has the id {id}"));
        }
    }
}
