//! Which files of this machine have contents that a library has: the sources of a manifest that is made for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;
use rayon::prelude::*;

use super::content::{Content, Hashed, hash};
use super::path::normal;
use super::skipped::Skipped;
use super::yaml::holds_key;
use super::{Manifest, origin};
use crate::files::stat_cache::StatCache;
use crate::model::Sha256;

/// A file with a wanted content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Match {
    /// Where it is: for a source relative to the manifest's folder, else as it was found.
    pub(crate) path: String,
    /// Why it cannot be a source; `None` where it can.
    pub(crate) unfit: Option<&'static str>,
    /// In bytes.
    pub(crate) size: u64,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    /// The matches of each content, in the order of their paths, each file once.
    pub(crate) matches: BTreeMap<Sha256, BTreeSet<Match>>,
    /// What could not be looked at, in the system's words.
    pub(crate) unreadable: Vec<String>,
}

/// A file to look at.
struct Candidate {
    real: Utf8PathBuf,
    /// As it is found below the folder that was given.
    shown: Utf8PathBuf,
}

/// Looks at `files`, and in `folders` with all that is below them, for files with the contents `wanted` of at most `limit` bytes.
/// As with globs, hidden files, symbolic links, and what `manifest` keeps for jumpbag are left out. An error says
/// which of the folders cannot be looked into.
pub(crate) fn search(
    manifest: &Manifest,
    folders: &[Utf8PathBuf],
    files: &BTreeSet<Utf8PathBuf>,
    wanted: &BTreeSet<Sha256>,
    limit: u64,
) -> Result<Searched, (Utf8PathBuf, io::Error)> {
    let failed = |folder: &Utf8Path, error| (folder.to_owned(), error);
    let home = manifest.folder();
    let home = home.canonicalize_utf8().map_err(|it| failed(home, it))?;
    let skipped = Skipped::of(manifest);
    let mut searched = Searched::default();
    let mut candidates = BTreeMap::new();
    for folder in folders {
        let root = folder.canonicalize_utf8();
        let root = root.map_err(|error| failed(folder, error))?;
        root.read_dir_utf8()
            .map_err(|error| failed(folder, error))?;
        for found in below(&root, skipped.within(&root)) {
            match found {
                Ok(real) => {
                    let inner = real.strip_prefix(&root).unwrap_or(&real);
                    let shown = folder.join(inner);
                    candidates.entry(real).or_insert(shown);
                }
                Err(why) => searched.unreadable.push(why),
            }
        }
    }
    for file in files {
        if let Ok(real) = file.canonicalize_utf8() {
            candidates.entry(real).or_insert_with(|| file.clone());
        }
    }
    let candidates = candidates.into_iter().collect::<Vec<_>>();
    let unknown = StatCache::off();
    let looked: Vec<_> = candidates
        .into_par_iter()
        .map(|(real, shown)| (hash(&real, limit, &unknown), Candidate { real, shown }))
        .collect();
    for (content, candidate) in looked {
        match content {
            Ok(Content::Hashed(Hashed { sha256, size, .. })) if wanted.contains(&sha256) => {
                let found = candidate.matched(&home, size);
                searched.matches.entry(sha256).or_default().insert(found);
            }
            Ok(_) => {}
            Err(error) => searched
                .unreadable
                .push(format!("{}: {error}", candidate.shown)),
        }
    }
    Ok(searched)
}

impl Candidate {
    fn matched(self, home: &Utf8Path, size: u64) -> Match {
        let parts = |path: &Utf8Path| path.iter().collect::<Vec<_>>().join("/");
        let (path, unfit) = match self.real.strip_prefix(home) {
            Ok(path) => {
                let path = parts(path);
                let unfit = (!is_writable(&path)).then_some("a manifest cannot write its path");
                (path, unfit)
            }
            Err(_) => (
                self.shown.into_string(),
                Some("it is outside of the manifest's folder"),
            ),
        };
        Match { path, unfit, size }
    }
}

/// The regular files below `root`, or what the system says about those that it does not show.
fn below(
    root: &Utf8Path,
    skipped: BTreeSet<String>,
) -> impl Iterator<Item = Result<Utf8PathBuf, String>> {
    let start = root.to_owned();
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .hidden(true)
        .follow_links(false)
        .filter_entry(move |entry| {
            let path = Utf8Path::from_path(entry.path());
            let inner = path.and_then(|path| path.strip_prefix(&start).ok());
            inner.is_none_or(|inner| !skipped.contains(inner.as_str()))
        })
        .build();
    walk.filter_map(|entry| match entry {
        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
            let path = Utf8PathBuf::from_path_buf(entry.into_path());
            Some(path.map_err(|path| format!("{}: its name is not UTF-8", path.display())))
        }
        Ok(_) => None,
        Err(error) => Some(Err(error.to_string())),
    })
}

/// Whether a manifest can have `path` as a source.
fn is_writable(path: &str) -> bool {
    let same = normal(path).is_ok_and(|(normal, leaves)| normal == path && !leaves);
    same && !path.is_empty() && !path.contains(char::is_control) && !holds_key(path)
}

/// Whether a manifest at `path` would be in the folder of `manifest`, which its paths are relative to.
pub(crate) fn is_beside(path: &Utf8Path, manifest: &Manifest) -> io::Result<bool> {
    let [ours, theirs] =
        [origin::folder_of(path), manifest.folder()].map(Utf8Path::canonicalize_utf8);
    Ok(ours? == theirs?)
}
