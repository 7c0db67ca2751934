//! What the sources hold.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::read::{OpenError, open};
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
    /// Symbolic links lead out of the manifest's folder.
    LinkOutside,
    Unreadable(io::Error),
}

/// Reads the files at `paths`, which are relative to the folder `root`, in parallel. Each comes with
/// the most bytes that are read of it.
pub(super) fn examine(root: &Utf8Path, paths: &BTreeMap<String, u64>) -> BTreeMap<String, Content> {
    let real_root = match root.canonicalize_utf8() {
        Ok(real_root) => real_root,
        Err(error) => {
            let content = |path: &String| {
                let error = io::Error::new(error.kind(), error.to_string());
                (path.clone(), Content::Unreadable(error))
            };
            return paths.keys().map(content).collect();
        }
    };
    let paths: Vec<(&String, &u64)> = paths.iter().collect();
    paths
        .into_par_iter()
        .map(|(path, limit)| {
            let content = one(&real_root, path, *limit).unwrap_or_else(Content::Unreadable);
            (path.clone(), content)
        })
        .collect()
}

fn one(real_root: &Utf8Path, path: &str, limit: u64) -> io::Result<Content> {
    let Some(real) = real_path(&real_root.join(path))? else {
        return Ok(Content::Missing);
    };
    if !real.starts_with(real_root) {
        return Ok(Content::LinkOutside);
    }
    // The real path is opened, so that a link that changes in between leads nowhere else.
    let (mut file, metadata) = match open(&real) {
        Ok(opened) => opened,
        Err(OpenError::Missing) => return Ok(Content::Missing),
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
fn real_path(path: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
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
