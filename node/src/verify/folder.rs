//! The folder as files: what must be there, what may be there, and nothing else. Sizes are checked before anything is read.

use concerto_federation_config::{AnchorKey, FederationFile, Language};
use concerto_message::limits::{BUNDLE_BYTES_MAX, LINK_BYTES_MAX, RECEIPT_BYTES_MAX};
use concerto_message::{Digest, MessageId, strict_json};
use concerto_trust::Jwk;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::wrong::Wrong;
use crate::export::layout::{
    self, ABOUT, ANCHOR, About, AnchorFile, BUNDLES, DOCUMENTS, FOLDERS, FORKS, FORMAT, LINKS, READ_ME,
    RECEIPTS,
};

/// Greatest `export.json`, in bytes: some 200,000 links.
const ABOUT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Greatest list of keys, in bytes.
const ANCHOR_BYTES_MAX: usize = 64 * 1024;
/// Greatest federation file, in bytes.
const FEDERATION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a document read in one go.
const PIECE_BYTES: usize = 256 * 1024;
/// Greatest `.meta.json`, in bytes.
pub(super) const META_BYTES_MAX: usize = 4096;
/// Greatest flattened form: the link, and at most four certificates.
pub(super) const FLATTENED_BYTES_MAX: usize = LINK_BYTES_MAX + 64 * 1024;

/// A folder whose list of files was checked.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    pub(super) about: About,
    pub(super) receipts: Vec<Digest>,
    pub(super) bundles: Vec<Digest>,
    /// Files of `documents/`, meta data apart.
    pub(super) documents: BTreeSet<Digest>,
    pub(super) forks: Vec<(MessageId, MessageId)>,
}

impl Folder {
    /// Reads `export.json` and compares the list of files with it.
    pub(super) fn open(root: &Path) -> Result<Self, Wrong> {
        let about: About = read_about(root)?;
        let mut folder = Self {
            root: root.to_path_buf(),
            about,
            receipts: Vec::new(),
            bundles: Vec::new(),
            documents: BTreeSet::new(),
            forks: Vec::new(),
        };
        folder.check_top()?;
        folder.check_links()?;
        folder.receipts = folder.named(RECEIPTS, ".jws", "export.file.unexpected")?;
        folder.bundles = folder.named(BUNDLES, ".json", "export.file.unexpected")?;
        folder.read_documents()?;
        folder.read_forks()?;
        Ok(folder)
    }

    /// The keys that came with the export.
    pub(super) fn anchor(&self) -> Result<AnchorFile, Wrong> {
        self.json(ANCHOR, ANCHOR_BYTES_MAX, "export.anchor")
    }

    pub(super) fn link(&self, file: &str) -> Result<String, Wrong> {
        self.text(file, LINK_BYTES_MAX)
    }
    pub(super) fn receipt(&self, file: &str) -> Result<String, Wrong> {
        self.text(file, RECEIPT_BYTES_MAX)
    }
    pub(super) fn bundle(&self, file: &str) -> Result<Vec<u8>, Wrong> {
        self.bytes(file, BUNDLE_BYTES_MAX)
    }

    /// Strict JSON of a small file.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        file: &str,
        limit: usize,
        code: &'static str,
    ) -> Result<T, Wrong> {
        let bytes = self.bytes(file, limit)?;
        let value = strict_json::parse(&bytes).map_err(|e| Wrong::new(file, "", code, e))?;
        serde_json::from_value(value).map_err(|e| Wrong::new(file, "", code, e))
    }

    pub(super) fn bytes(&self, file: &str, limit: usize) -> Result<Vec<u8>, Wrong> {
        read_bounded(&self.root.join(file), file, limit)
    }

    /// Passes a file of any size piece by piece.
    pub(super) fn pieces(&self, file: &str, mut each: impl FnMut(&[u8])) -> Result<(), Wrong> {
        let mut open = open_plain(&self.root.join(file), file)?;
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let read = open.read(&mut buffer).map_err(|e| unreadable(file, &e))?;
            match buffer.get(..read) {
                Some(piece) if !piece.is_empty() => each(piece),
                _ => return Ok(()),
            }
        }
    }

    /// Bytes of a file, without reading it.
    pub(super) fn size(&self, file: &str) -> Result<u64, Wrong> {
        let found = open_plain(&self.root.join(file), file)?.metadata();
        found.map(|m| m.len()).map_err(|e| unreadable(file, &e))
    }

    fn text(&self, file: &str, limit: usize) -> Result<String, Wrong> {
        let bytes = self.bytes(file, limit)?;
        String::from_utf8(bytes).map_err(|_| Wrong::new(file, "", "message.not-compact", "not ASCII"))
    }

    fn check_top(&self) -> Result<(), Wrong> {
        for name in names(&self.root, "")? {
            let known = FOLDERS.contains(&name.as_str()) || [ABOUT, ANCHOR, READ_ME].contains(&name.as_str());
            if !known {
                return Err(unexpected(&name));
            }
        }
        Ok(())
    }

    /// `links/` holds what the list says, numbered as the list says, and nothing else.
    fn check_links(&self) -> Result<(), Wrong> {
        let mut expected = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for (n, row) in self.about.links.iter().enumerate() {
            let (file, place) = (layout::link_file(n + 1, row.id), format!("links[{n}]"));
            if !seen.insert(row.id) {
                return Err(Wrong::new(ABOUT, &place, "export.link.twice", row.id));
            }
            if row.file != file {
                let what = format!("number {} should be {file}, the list says {}", n + 1, row.file);
                return Err(Wrong::new(ABOUT, &place, "export.order", what));
            }
            expected.extend([file, layout::flattened_file(n + 1, row.id)]);
        }
        let found: BTreeSet<String> =
            names(&self.root, LINKS)?.into_iter().map(|name| format!("{LINKS}/{name}")).collect();
        if let Some(missing) = expected.difference(&found).next() {
            return Err(Wrong::new(missing, "", "export.file.missing", "listed in export.json"));
        }
        found.difference(&expected).next().map_or(Ok(()), |extra| Err(unexpected(extra)))
    }

    /// The files of a folder that are named by a digest.
    fn named(&self, folder: &str, ending: &str, code: &'static str) -> Result<Vec<Digest>, Wrong> {
        let digest = |name: String| {
            let found = name.strip_suffix(ending).and_then(|stem| stem.parse().ok());
            found.ok_or_else(|| Wrong::new(&format!("{folder}/{name}"), "", code, "not named by a digest"))
        };
        names(&self.root, folder)?.into_iter().map(digest).collect()
    }

    fn read_documents(&mut self) -> Result<(), Wrong> {
        let mut metas = BTreeSet::new();
        for name in names(&self.root, DOCUMENTS)? {
            let file = format!("{DOCUMENTS}/{name}");
            let (stem, into) = match name.strip_suffix(".meta.json") {
                Some(stem) => (stem, &mut metas),
                None => (name.as_str(), &mut self.documents),
            };
            into.insert(stem.parse::<Digest>().map_err(|_| unexpected(&file))?);
        }
        if let Some(digest) = self.documents.difference(&metas).next() {
            return Err(Wrong::new(
                &layout::meta_file(*digest),
                "",
                "export.file.missing",
                "the document has no meta data",
            ));
        }
        match metas.difference(&self.documents).next() {
            Some(digest) => Err(Wrong::new(
                &layout::document_file(*digest),
                "",
                "export.file.missing",
                "only its meta data are here",
            )),
            None => Ok(()),
        }
    }

    fn read_forks(&mut self) -> Result<(), Wrong> {
        for name in names(&self.root, FORKS)? {
            let pair = name.strip_suffix(".json").and_then(|stem| stem.split_once('-'));
            let pair = pair.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            self.forks.push(pair.ok_or_else(|| unexpected(&format!("{FORKS}/{name}")))?);
        }
        Ok(())
    }
}

fn read_about(root: &Path) -> Result<About, Wrong> {
    let path = root.join(ABOUT);
    let code = "export.about";
    if !path.exists() {
        return Err(Wrong::new(ABOUT, "", code, format!("{} is not an export", root.display())));
    }
    let bytes = read_bounded(&path, ABOUT, ABOUT_BYTES_MAX)?;
    let value = strict_json::parse(&bytes).map_err(|e| Wrong::new(ABOUT, "", code, e))?;
    let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    if format != FORMAT {
        let found: String = format.chars().take(80).collect();
        return Err(Wrong::new(ABOUT, "format", "export.format", format!("`{found}`, not `{FORMAT}`")));
    }
    serde_json::from_value(value).map_err(|e| Wrong::new(ABOUT, "", code, e))
}

/// Keys of the anchor in a file that came by another way: as in `anchor.json`, or a node's `federation.toml`, which pins them.
pub(super) fn read_anchor(path: &Path) -> Result<AnchorFile, Wrong> {
    let name = path.display().to_string();
    let wrong = |e: &dyn std::fmt::Display| Wrong::new(&name, "", "export.anchor", e);
    if path.extension().is_some_and(|ending| ending == "toml") {
        let bytes = read_bounded(path, &name, FEDERATION_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|e| wrong(&e))?;
        let parsed = FederationFile::parse(&name, &text);
        let file = parsed.map_err(|problems| {
            wrong(&problems.first().map_or_else(String::new, |p| p.in_language(Language::English)))
        })?;
        let jwk =
            |key: AnchorKey| Jwk { kid: key.kid, public: key.key, usage: None, alg: None, x5c: Vec::new() };
        return Ok(AnchorFile { entity: file.id, keys: file.anchor_keys.into_iter().map(jwk).collect() });
    }
    let bytes = read_bounded(path, &name, ANCHOR_BYTES_MAX)?;
    let value = strict_json::parse(&bytes).map_err(|e| wrong(&e))?;
    serde_json::from_value(value).map_err(|e| wrong(&e))
}

fn unexpected(file: &str) -> Wrong {
    Wrong::new(file, "", "export.file.unexpected", "nothing lists it")
}

/// The names in a folder, sorted. A folder that is missing is empty; links to other places are refused where they are read.
fn names(root: &Path, folder: &str) -> Result<Vec<String>, Wrong> {
    let path = root.join(folder);
    let unreadable = |e: std::io::Error| Wrong::new(folder, "", "export.file.unreadable", e);
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unreadable(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn unreadable(name: &str, e: &std::io::Error) -> Wrong {
    let missing = e.kind() == std::io::ErrorKind::NotFound;
    Wrong::new(name, "", if missing { "export.file.missing" } else { "export.file.unreadable" }, e)
}

fn open_plain(path: &Path, name: &str) -> Result<std::fs::File, Wrong> {
    // a symbolic link could lead out of the folder
    if !std::fs::symlink_metadata(path).map_err(|e| unreadable(name, &e))?.is_file() {
        return Err(Wrong::new(name, "", "export.file.kind", "a link, folder or device"));
    }
    std::fs::File::open(path).map_err(|e| unreadable(name, &e))
}

fn read_bounded(path: &Path, name: &str, limit: usize) -> Result<Vec<u8>, Wrong> {
    let file = open_plain(path, name)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|e| unreadable(name, &e))?;
    if bytes.len() > limit {
        return Err(Wrong::new(name, "", "export.file.too-large", format!("more than {limit} bytes")));
    }
    Ok(bytes)
}
