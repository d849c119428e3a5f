//! Which files of the items that were found are wanted, where they go, and which of them are there already.

use std::collections::BTreeSet;

use fetch::stac::{Asset, Item};
use fetch::{Address, Checksum, Client, Kind, Provider};

use super::kept::Kept;
use crate::fault::Fault;
use crate::report::printable;

/// All that is wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// Items, with their files.
    pub(super) items: Vec<WantedItem<'a>>,
    /// Items that cannot be brought, with the reason.
    pub(super) refused: Vec<String>,
}

/// How files are looked for.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    /// Keys of the assets that are wanted.
    pub(super) assets: &'a [String],
    /// Name of the other place that is preferred where an asset has it.
    pub(super) alternate: Option<&'a str>,
    /// Who knows the addresses of buckets.
    pub(super) provider: &'a Provider,
    /// Who lists them.
    pub(super) client: &'a Client,
    /// What is there already.
    pub(super) kept: &'a Kept,
}

/// An item that is wanted.
#[derive(Debug)]
pub(super) struct WantedItem<'a> {
    pub(super) item: &'a Item,
    /// Its folder, from the catalogue's on.
    pub(super) folder: String,
    /// Its assets: keys, and where each is, from the item's folder on.
    pub(super) assets: Vec<(String, String)>,
    /// Its files.
    pub(super) files: Vec<WantedFile>,
}

/// A file that is wanted.
#[derive(Debug, Clone)]
pub(super) struct WantedFile {
    pub(super) address: Address,
    pub(super) collection: Option<String>,
    pub(super) updated: Option<String>,
    /// Where it goes, from the catalogue's folder on.
    pub(super) path: String,
    pub(super) size: Option<u64>,
    pub(super) checksum: Option<Checksum>,
    /// Whether it is there.
    pub(super) known: bool,
}

impl<'a> Wanted<'a> {
    /// The files of all items; objects of a product that is a folder in a bucket are listed there.
    pub(super) fn of(items: &'a [Item], lookup: Lookup<'_>) -> Result<Self, Fault> {
        if lookup.assets.is_empty() {
            return Err(unnamed(items));
        }
        let (mut wanted, mut refused, mut folders) = (Vec::new(), Vec::new(), BTreeSet::new());
        for item in items {
            match WantedItem::of(item, lookup)? {
                // Two names that differ by letters' case are one folder on some disks.
                Ok(item) if !folders.insert(item.folder.to_ascii_lowercase()) => {
                    refused.push(format!("{}: another item has the same folder", item.folder));
                }
                Ok(item) => wanted.push(item),
                Err(reason) => refused.push(printable(&reason)),
            }
        }
        Ok(Self { items: wanted, refused })
    }

    /// Files that are there.
    pub(super) fn known(&self) -> usize {
        self.files().filter(|file| file.known).count()
    }

    /// Files that are to come.
    pub(super) fn missing(&self) -> Vec<&WantedFile> {
        self.files().filter(|file| !file.known).collect()
    }

    fn files(&self) -> impl Iterator<Item = &WantedFile> {
        self.items.iter().flat_map(|item| &item.files)
    }

    /// Refuses files on hosts that nobody named; tells them all at once.
    pub(super) fn check_hosts(&self, client: &Client) -> Result<(), Fault> {
        let missing = self.missing();
        let hosts: BTreeSet<&str> =
            missing.iter().map(|file| file.address.host()).filter(|host| !client.hosts().has(host)).collect();
        if hosts.is_empty() {
            return Ok(());
        }
        let list = hosts.iter().map(|host| format!("\"{host}\"")).collect::<Vec<_>>().join(", ");
        Err(Fault::usage(format!(
            "the items' files lie on hosts that are not allowed, for nothing is asked over a network unless its host is named: add {list} to [network] hosts, or pass --allow-host for each"
        )))
    }
}

/// Nobody said which assets: all of a Sentinel-2 scene are several times what is needed.
fn unnamed(items: &[Item]) -> Fault {
    let Some(first) = items.first() else {
        return Fault::usage("[fetch] assets: names none; say which are brought, such as [\"red\", \"nir\"], or [\"*\"] for all");
    };
    Fault::usage(format!("[fetch] assets: names none; the items have {}; say which are brought, or [\"*\"] for all", keys(first)))
}

fn keys(item: &Item) -> String {
    item.assets.iter().map(|asset| asset.key.as_str()).collect::<Vec<_>>().join(", ")
}

impl<'a> WantedItem<'a> {
    fn of(item: &'a Item, lookup: Lookup<'_>) -> Result<Result<Self, String>, Fault> {
        let assets = lookup.assets;
        let shown = item.id.escape_debug();
        let collection = item.collection.as_deref().unwrap_or("items");
        if !is_plain(&item.id) || !is_plain(collection) {
            return Ok(Err(format!("item {shown}: its id or collection cannot be the name of a folder")));
        }
        let mut wanted = Self { item, folder: format!("{collection}/{}", item.id), assets: Vec::new(), files: Vec::new() };
        let all = assets.iter().any(|key| key == "*");
        if let Some(key) = assets.iter().find(|key| *key != "*" && !item.assets.iter().any(|asset| asset.key == **key)) {
            return Ok(Err(format!("item {shown}: has no asset {key}; it has {}", keys(item))));
        }
        let mut names = BTreeSet::new();
        for asset in item.assets.iter().filter(|asset| all || assets.contains(&asset.key)) {
            let href = lookup.alternate.and_then(|name| asset.alternates.get(name)).unwrap_or(&asset.href);
            let name = unused(&mut names, &asset.key, file_name(item, asset, href), &item.id);
            match wanted.add(asset, href, &name, lookup)? {
                Ok(()) => wanted.assets.push((asset.key.clone(), name)),
                Err(reason) => return Ok(Err(format!("item {shown}, asset {}: {reason}", asset.key.escape_debug()))),
            }
        }
        Ok(Ok(wanted))
    }

    /// Adds the file of an asset, or the files of one that is a folder in a bucket.
    fn add(&mut self, asset: &Asset, href: &str, name: &str, lookup: Lookup<'_>) -> Result<Result<(), String>, Fault> {
        let Lookup { provider, client, kept, .. } = lookup;
        let checksum = match asset.proof() {
            Ok(checksum) => checksum,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let object = href.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let Some((bucket, key)) = object else {
            let address = match &self.item.own {
                Some(own) => own.join(href),
                None => Address::parse(href),
            };
            return Ok(address
                .map(|address| self.put(address, name, asset.size, checksum, kept))
                .map_err(|error| error.to_string()));
        };
        let Some(address) = provider.object(bucket, key) else {
            return Ok(Err(format!(
                "lies in the bucket {bucket}, of which the provider's access knows no address; add it to `buckets`"
            )));
        };
        if !is_folder(key) {
            self.put(address, name, asset.size, checksum, kept);
            return Ok(Ok(()));
        }
        let (Some(place), prefix) = (provider.object(bucket, ""), format!("{}/", key.trim_end_matches('/'))) else {
            return Ok(Err("lies in a bucket without an address".to_owned()));
        };
        client.hosts().check(&place)?;
        let objects = match client.list(&place, &prefix) {
            Ok(objects) => objects,
            Err(error) if error.kind() == Kind::Input => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        if objects.is_empty() {
            return Ok(Err(format!("there is nothing below {prefix} in the bucket {bucket}")));
        }
        for found in objects {
            let below = &found.key[prefix.len()..];
            let Some(address) = provider.object(bucket, &found.key).filter(|_| below.split('/').all(is_plain)) else {
                return Ok(Err(format!("its object {} cannot be the name of a file", found.key.escape_debug())));
            };
            self.put(address, &format!("{name}/{below}"), Some(found.bytes), None, kept);
        }
        Ok(Ok(()))
    }

    fn put(&mut self, address: Address, name: &str, size: Option<u64>, checksum: Option<Checksum>, kept: &Kept) {
        let path = format!("{}/{name}", self.folder);
        let sum = checksum.as_ref().map(Checksum::multihash);
        let known = kept.file(&path, &address.to_string(), self.item.updated.as_deref(), sum.as_deref());
        let known = known.is_some_and(|file| size.is_none_or(|size| size == file.bytes));
        let (collection, updated) = (self.item.collection.clone(), self.item.updated.clone());
        self.files.push(WantedFile { address, collection, updated, path, size, checksum, known });
    }
}

/// A name that no other asset of the item has, in no case of its letters, and that is not the item's own.
fn unused(names: &mut BTreeSet<String>, key: &str, name: String, id: &str) -> String {
    let taken = |names: &BTreeSet<String>, name: &str| names.contains(&name.to_ascii_lowercase()) || name == format!("{id}.json");
    let mut free = name.clone();
    let mut count = 1;
    while taken(names, &free) {
        free = if count == 1 { format!("{}-{name}", plain(key)) } else { format!("{}-{count}-{name}", plain(key)) };
        count += 1;
    }
    names.insert(free.to_ascii_lowercase());
    free
}

/// The name of an asset's file: the last part of its address where that has an ending, else its key with that of its kind.
fn file_name(item: &Item, asset: &Asset, href: &str) -> String {
    let path = href.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = plain(path.rsplit('/').next().unwrap_or_default());
    let has_ending = last.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && (1..=8).contains(&ending.len()));
    if has_ending {
        return last;
    }
    let kind = asset.media_type.split(';').next().unwrap_or_default().trim();
    let ending = match kind {
        "application/zip" => return format!("{}.zip", plain(&item.id)),
        "image/tiff" => ".tif",
        "image/jp2" => ".jp2",
        "application/json" | "application/geo+json" => ".json",
        "application/xml" | "text/xml" => ".xml",
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        _ => "",
    };
    format!("{}{ending}", plain(&asset.key))
}

/// Letters that names of files may have; all others become `_`.
fn plain(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }).collect();
    let text = text.trim_start_matches('.');
    if text.is_empty() { "_".to_owned() } else { text.chars().take(200).collect() }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && plain(text) == text
}

/// Whether a key stands for all that is below it: a product of Sentinel.
fn is_folder(key: &str) -> bool {
    key.ends_with('/') || key.to_ascii_uppercase().ends_with(".SAFE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for (text, expected) in
            [("../a", "_a"), ("..", "_"), (".hidden", "hidden"), ("a b/c", "a_b_c"), ("", "_"), ("ñ.tif", "_.tif")]
        {
            assert_eq!(plain(text), expected, "{text}");
        }
        for text in ["", ".", "..", "a/b", ".a", "a b", "a\0"] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("S2A_MSIL2A_20240101.SAFE"));
    }

    #[test]
    fn two_assets_never_share_a_file() {
        let mut names = BTreeSet::new();
        let mut next = |key: &str, name: &str| unused(&mut names, key, name.to_owned(), "id");
        assert_eq!(next("red", "B04.tif"), "B04.tif");
        assert_eq!(next("red-jp2", "b04.tif"), "red-jp2-b04.tif");
        assert_eq!(next("red-jp2", "b04.tif"), "red-jp2-2-b04.tif");
        assert_eq!(next("json", "id.json"), "json-id.json");
    }
}
