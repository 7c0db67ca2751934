//! What the sources hold.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use crate::files::open::{OpenError, open};
use crate::files::stat_cache::StatCache;
use crate::model::{Hasher, Sha256};

/// What was found at a source's path.
#[derive(Debug)]
pub(super) enum Content {
    /// A file with this content; the size is that of the bytes that were hashed.
    Hashed {
        sha256: Sha256,
        size: u64,
    },
    /// A file of this size, which is over the limit; it was not hashed.
    TooLarge {
        size: u64,
    },
    Empty,
    Missing,
    Directory,
    NotRegular,
    /// Symbolic links lead out of the folder.
    LinkOutside,
    Unreadable(io::Error),
}

/// A source: the folder that it has to be in, and its path in there.
pub(super) type Place<'a> = (&'a Utf8Path, &'a str);

/// Something at a path without symbolic links.
#[derive(Debug)]
pub(super) struct Real {
    pub(super) path: Utf8PathBuf,
    metadata: Metadata,
}

/// What is at the places that were asked for.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    /// Where each place really is, or what is there instead.
    real: BTreeMap<Place<'a>, Result<Real, Content>>,
    /// What is there, by the real path.
    contents: BTreeMap<Utf8PathBuf, Content>,
}

impl<'a> Contents<'a> {
    /// What is at `place`; `None` if that was not asked for.
    pub(super) fn get(&self, place: Place<'a>) -> Option<&Content> {
        match self.real.get(&place)? {
            Ok(real) => self.contents.get(&real.path),
            Err(content) => Some(content),
        }
    }
}

/// Looks at `places`, in parallel. Each comes with the most bytes that are read of it. `read` is asked once for
/// each file, by whichever folders, paths and symbolic links it is reached.
pub(super) fn examine<'a>(
    places: &BTreeMap<Place<'a>, u64>,
    read: impl Fn(&Real, u64) -> io::Result<Content> + Sync,
) -> Contents<'a> {
    let folders = Folders::of(places.keys().copied());
    let keys: Vec<Place<'a>> = places.keys().copied().collect();
    let real: BTreeMap<_, _> = keys
        .into_par_iter()
        .map(|place| (place, folders.real(place)))
        .collect();
    let mut limits: BTreeMap<&Utf8Path, (&Real, u64)> = BTreeMap::new();
    for (place, limit) in places {
        if let Some(Ok(real)) = real.get(place) {
            let (_, most) = limits.entry(&real.path).or_insert((real, 0));
            *most = (*most).max(*limit);
        }
    }
    let contents = limits
        .into_par_iter()
        .map(|(path, (real, limit))| {
            let content = read(real, limit).unwrap_or_else(Content::Unreadable);
            (path.to_owned(), content)
        })
        .collect();
    Contents { real, contents }
}

/// Where the folders of places really are, so that it is found out once for each and not for each file.
struct Folders<'a> {
    /// The folders that places have to be in.
    roots: BTreeMap<&'a Utf8Path, io::Result<Utf8PathBuf>>,
    /// Folders in them, by their paths; `None` where nothing is there.
    inner: BTreeMap<Place<'a>, io::Result<Option<Utf8PathBuf>>>,
}

impl<'a> Folders<'a> {
    fn of(places: impl Iterator<Item = Place<'a>>) -> Self {
        let mut folders = Self {
            roots: BTreeMap::new(),
            inner: BTreeMap::new(),
        };
        let mut last = None;
        for (root, path) in places {
            let inner = (root, parts(path).0);
            if last.replace(inner) == Some(inner) {
                continue;
            }
            let real_root = folders
                .roots
                .entry(root)
                .or_insert_with(|| root.canonicalize_utf8());
            if let Ok(real_root) = real_root {
                folders
                    .inner
                    .entry(inner)
                    .or_insert_with(|| real_path(&real_root.join(inner.1)));
            }
        }
        folders
    }

    /// What is really at the place; or what is there instead of something that can be read.
    fn real(&self, (root, path): Place<'a>) -> Result<Real, Content> {
        let (folder, name) = parts(path);
        let real_root = match self.roots.get(root) {
            Some(Ok(real_root)) => real_root,
            Some(Err(error)) => return Err(Content::Unreadable(copy(error))),
            None => return Err(Content::Missing),
        };
        let folder = match self.inner.get(&(root, folder)) {
            Some(Ok(Some(folder))) => folder,
            Some(Ok(None)) | None => return Err(Content::Missing),
            Some(Err(error)) => return Err(Content::Unreadable(copy(error))),
        };
        let found = real_file(folder, name).map_err(Content::Unreadable)?;
        let real = found.ok_or(Content::Missing)?;
        if real.path.starts_with(real_root) {
            Ok(real)
        } else {
            Err(Content::LinkOutside)
        }
    }
}

/// The folder and the name in `path`, which may be `..`.
fn parts(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What is called `name` in `folder`, a path without symbolic links; `None` where nothing is.
fn real_file(folder: &Utf8Path, name: &str) -> io::Result<Option<Real>> {
    let mut path = folder.join(name);
    let metadata = path.symlink_metadata();
    let is_plain = metadata.as_ref().is_ok_and(|it| !it.is_symlink());
    if is_plain && !matches!(name, "." | "..") {
        return metadata.map(|metadata| Some(Real { path, metadata }));
    }
    path = match real_path(&path)? {
        Some(path) => path,
        None => return Ok(None),
    };
    let metadata = path.symlink_metadata()?;
    Ok(Some(Real { path, metadata }))
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

/// What is at `real`: at most `limit` bytes of it are read, and none if `cache` knows them.
pub(super) fn known_or_hashed(real: &Real, limit: u64, cache: &StatCache) -> io::Result<Content> {
    let size = real.metadata.len();
    if real.metadata.is_file()
        && (1..=limit).contains(&size)
        && let Some(sha256) = cache.get(&real.metadata)
    {
        return Ok(Content::Hashed { sha256, size });
    }
    hash(&real.path, limit, cache)
}

/// Reads and hashes at most `limit` bytes of the file at `real`, a path without symbolic links.
pub(super) fn hash(real: &Utf8Path, limit: u64, cache: &StatCache) -> io::Result<Content> {
    cache.begin();
    // The real path is opened, so that a link that changes in between leads nowhere else.
    let (mut file, metadata) = match open(real) {
        Ok(opened) => opened,
        Err(OpenError::Missing(_)) => return Ok(Content::Missing),
        Err(OpenError::Directory) => return Ok(Content::Directory),
        Err(OpenError::NotRegular) => return Ok(Content::NotRegular),
        Err(OpenError::Unreadable(error)) => return Err(error),
    };
    if metadata.len() > limit {
        return Ok(Content::TooLarge {
            size: metadata.len(),
        });
    }
    let mut hasher = Hasher::default();
    let mut size = 0_u64;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        size = size.saturating_add(length as u64);
        // It may have grown since its size was asked for.
        if size > limit {
            return Ok(Content::TooLarge { size });
        }
        hasher.update(piece.get(..length).unwrap_or_default());
    }
    if size == 0 {
        return Ok(Content::Empty);
    }
    let sha256 = hasher.finish();
    if size == metadata.len() {
        cache.put(&metadata, sha256);
    }
    Ok(Content::Hashed { sha256, size })
}

/// `path` without symbolic links; `None` where nothing is there.
pub(super) fn real_path(path: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
    match path.canonicalize_utf8() {
        Ok(path) => Ok(Some(path)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
