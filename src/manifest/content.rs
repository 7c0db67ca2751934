//! What the sources hold.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use crate::files::open::{OpenError, open};
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

/// What is at the places that were asked for.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    /// Where each place really is, or what is there instead.
    real: BTreeMap<Place<'a>, Result<Utf8PathBuf, Content>>,
    /// What is there, by the real path.
    contents: BTreeMap<Utf8PathBuf, Content>,
}

impl<'a> Contents<'a> {
    /// What is at `place`; `None` if that was not asked for.
    pub(super) fn get(&self, place: Place<'a>) -> Option<&Content> {
        match self.real.get(&place)? {
            Ok(real) => self.contents.get(real),
            Err(content) => Some(content),
        }
    }
}

/// Looks at `places`, in parallel. Each comes with the most bytes that are read of it. `read` is asked once for
/// each file, by whichever folders, paths and symbolic links it is reached.
pub(super) fn examine<'a>(
    places: &BTreeMap<Place<'a>, u64>,
    read: impl Fn(&Utf8Path, u64) -> io::Result<Content> + Sync,
) -> Contents<'a> {
    let folders: BTreeSet<&Utf8Path> = places.keys().map(|(folder, _)| *folder).collect();
    let roots: BTreeMap<&Utf8Path, io::Result<Utf8PathBuf>> = folders
        .into_iter()
        .map(|folder| (folder, folder.canonicalize_utf8()))
        .collect();
    let keys: Vec<Place<'a>> = places.keys().copied().collect();
    let real: BTreeMap<_, _> = keys
        .into_par_iter()
        .map(|(folder, path)| {
            let real = match roots.get(folder) {
                Some(Ok(root)) => real_place(root, path),
                Some(Err(error)) => Err(Content::Unreadable(io::Error::new(
                    error.kind(),
                    error.to_string(),
                ))),
                None => Err(Content::Missing),
            };
            ((folder, path), real)
        })
        .collect();
    let mut limits: BTreeMap<&Utf8PathBuf, u64> = BTreeMap::new();
    for (place, limit) in places {
        if let Some(Ok(path)) = real.get(place) {
            let most = limits.entry(path).or_default();
            *most = (*most).max(*limit);
        }
    }
    let contents = limits
        .into_par_iter()
        .map(|(path, limit)| {
            let content = read(path, limit).unwrap_or_else(Content::Unreadable);
            (path.clone(), content)
        })
        .collect();
    Contents { real, contents }
}

/// The real path of `path` in the folder `root`, which has no symbolic links; or what is there instead.
fn real_place(root: &Utf8Path, path: &str) -> Result<Utf8PathBuf, Content> {
    match real_path(&root.join(path)) {
        Ok(Some(real)) if real.starts_with(root) => Ok(real),
        Ok(Some(_)) => Err(Content::LinkOutside),
        Ok(None) => Err(Content::Missing),
        Err(error) => Err(Content::Unreadable(error)),
    }
}

/// Reads and hashes at most `limit` bytes of the file at `real`, a path without symbolic links.
pub(super) fn hash(real: &Utf8Path, limit: u64) -> io::Result<Content> {
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
    Ok(match size {
        0 => Content::Empty,
        _ => Content::Hashed {
            sha256: hasher.finish(),
            size,
        },
    })
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
