//! Where sources really are, when symbolic links are followed.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::content::{Content, Place};
use crate::files::stat_cache::Stamp;

/// Something at a path without symbolic links.
#[derive(Debug)]
pub(super) struct Real {
    pub(super) path: Utf8PathBuf,
    pub(super) size: u64,
    /// `None` where it is no regular file.
    pub(super) stamp: Option<Stamp>,
}

impl Real {
    /// Not the whole metadata: there may be very many.
    fn new(path: Utf8PathBuf, metadata: &Metadata) -> Self {
        Self {
            path,
            size: metadata.len(),
            stamp: Stamp::of(metadata),
        }
    }
}

/// Where the folders of places really are, so that it is found out once for each and not for each file.
pub(super) struct Folders<'a> {
    /// The folders that places have to be in.
    roots: BTreeMap<&'a str, io::Result<Utf8PathBuf>>,
    /// Folders in them, by their paths; `None` where nothing is there.
    inner: BTreeMap<(&'a str, &'a str), io::Result<Option<Inner>>>,
}

/// A folder without symbolic links.
struct Inner {
    path: Utf8PathBuf,
    /// Whether it is in the folder that it has to be in.
    is_inside: bool,
}

impl<'a> Folders<'a> {
    pub(super) fn of(places: impl Iterator<Item = Place<'a>>) -> Self {
        let mut folders = Self {
            roots: BTreeMap::new(),
            inner: BTreeMap::new(),
        };
        let mut last = None;
        for (root, path) in places {
            let inner = (root.as_str(), parts(path).0);
            if last.replace(inner) == Some(inner) {
                continue;
            }
            let real_root = folders
                .roots
                .entry(inner.0)
                .or_insert_with(|| root.canonicalize_utf8());
            if let Ok(real_root) = real_root {
                folders.inner.entry(inner).or_insert_with(|| {
                    let path = real_path(&real_root.join(inner.1))?;
                    Ok(path.map(|path| Inner {
                        is_inside: path.starts_with(real_root),
                        path,
                    }))
                });
            }
        }
        folders
    }

    /// What is really at the place; or what is there instead of something that can be read.
    pub(super) fn real(&self, (root, path): Place<'a>) -> Result<Real, Content> {
        let (folder, name) = parts(path);
        let real_root = match self.roots.get(root.as_str()) {
            Some(Ok(real_root)) => real_root,
            Some(Err(error)) => return Err(Content::Unreadable(copy(error))),
            None => return Err(Content::Missing),
        };
        let folder = match self.inner.get(&(root.as_str(), folder)) {
            Some(Ok(Some(folder))) => folder,
            Some(Ok(None)) | None => return Err(Content::Missing),
            Some(Err(error)) => return Err(Content::Unreadable(copy(error))),
        };
        let found = real_file(&folder.path, name).map_err(Content::Unreadable)?;
        let (real, is_link) = found.ok_or(Content::Missing)?;
        let is_inside = if is_link {
            real.path.starts_with(real_root)
        } else {
            folder.is_inside
        };
        if is_inside {
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

/// What is called `name` in `folder`, a path without symbolic links, and whether that was a link or led upwards; `None`
/// where nothing is.
fn real_file(folder: &Utf8Path, name: &str) -> io::Result<Option<(Real, bool)>> {
    let path = joined(folder, name);
    if !matches!(name, "." | "..") {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {}
            Ok(metadata) => return Ok(Some((Real::new(path, &metadata), false))),
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let Some(path) = real_path(&path)? else {
        return Ok(None);
    };
    let metadata = path.symlink_metadata()?;
    Ok(Some((Real::new(path, &metadata), true)))
}

/// `path` in `folder`, in one piece of memory: there may be very many.
pub(super) fn joined(folder: &Utf8Path, path: &str) -> Utf8PathBuf {
    let mut joined = Utf8PathBuf::with_capacity(folder.as_str().len() + 1 + path.len());
    joined.push(folder);
    joined.push(path);
    joined
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

/// `path` without symbolic links; `None` where nothing is there.
pub(super) fn real_path(path: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
    match path.canonicalize_utf8() {
        Ok(path) => Ok(Some(path)),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether nothing is there.
fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
