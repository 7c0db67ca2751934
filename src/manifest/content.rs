//! What the sources hold.

use std::io::{self, Read as _};

use camino::Utf8Path;
use rayon::prelude::*;

use super::real::{Folders, Real};
use crate::files::open::{OpenError, open};
use crate::files::stat_cache::StatCache;
use crate::model::{Hasher, Sha256};
use crate::text::Glance;

/// The content of a file that was read, or is known from an earlier run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    pub(super) sha256: Sha256,
    /// The number of bytes that were hashed.
    pub(super) size: u64,
    /// See [`DesiredFile::is_opaque`](crate::model::DesiredFile::is_opaque).
    pub(super) is_opaque: bool,
}

/// What was found at a source's path.
#[derive(Debug)]
pub(super) enum Content {
    /// A file with this content.
    Hashed(Hashed),
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

/// So few files are looked at sooner than threads are started for them.
const FEW: usize = 64;

/// The same for the bytes of files that are read.
const SMALL: u64 = 256 * 1024;

/// A source: the folder that it has to be in, and its path in there.
pub(super) type Place<'a> = (&'a Utf8Path, &'a str);

/// What is at the places that were asked for, in their order.
#[derive(Debug)]
pub(super) struct Contents {
    /// For each place, which of the contents is there, or what is instead.
    places: Vec<Result<usize, Content>>,
    contents: Vec<Content>,
}

impl Contents {
    /// What is at the `nth` place; `None` if there are fewer.
    pub(super) fn get(&self, nth: usize) -> Option<&Content> {
        match self.places.get(nth)? {
            Ok(at) => self.contents.get(*at),
            Err(content) => Some(content),
        }
    }
}

/// Looks at `places`, in parallel. Each comes with the most bytes that are read of it. `read` is asked once for
/// each file, by whichever folders, paths and symbolic links it is reached.
pub(super) fn examine(
    places: &[(Place<'_>, u64)],
    read: impl Fn(&Real, u64) -> io::Result<Content> + Sync,
) -> Contents {
    let folders = Folders::of(places.iter().map(|(place, _)| *place));
    let found: Vec<_> = if places.len() < FEW {
        places.iter().map(|it| folders.real(it.0)).collect()
    } else {
        let places = places.par_iter().with_min_len(FEW);
        places.map(|it| folders.real(it.0)).collect()
    };
    let Files { files, places } = files(found, places);
    let size: u64 = files.iter().map(|(real, _)| real.size).sum();
    let content =
        |(real, limit): &(Real, u64)| read(real, *limit).unwrap_or_else(Content::Unreadable);
    let contents = if size < SMALL {
        files.iter().map(content).collect()
    } else {
        files.par_iter().map(content).collect()
    };
    Contents { places, contents }
}

/// The files that are at some places.
struct Files {
    /// Each once, with the largest of its limits.
    files: Vec<(Real, u64)>,
    /// Which of them is at each place.
    places: Vec<Result<usize, Content>>,
}

fn files(found: Vec<Result<Real, Content>>, limits: &[(Place<'_>, u64)]) -> Files {
    let mut places: Vec<Result<usize, Content>> = Vec::with_capacity(found.len());
    let mut reals = Vec::with_capacity(found.len());
    for ((nth, found), (_, limit)) in found.into_iter().enumerate().zip(limits) {
        match found {
            Ok(real) => {
                places.push(Ok(0));
                reals.push((real, *limit, nth));
            }
            Err(content) => places.push(Err(content)),
        }
    }
    // By text: comparing paths takes them apart, again and again.
    reals.sort_by(|(one, ..), (other, ..)| one.path.as_str().cmp(other.path.as_str()));
    let mut files: Vec<(Real, u64)> = Vec::with_capacity(reals.len());
    for (real, limit, nth) in reals {
        match files.last_mut() {
            Some((last, most)) if last.path.as_str() == real.path.as_str() => {
                *most = (*most).max(limit);
            }
            _ => files.push((real, limit)),
        }
        if let Some(Ok(at)) = places.get_mut(nth) {
            *at = files.len() - 1;
        }
    }
    Files { files, places }
}

/// What is at `real`: at most `limit` bytes of it are read, and none if `cache` knows them.
pub(super) fn known_or_hashed(real: &Real, limit: u64, cache: &StatCache) -> io::Result<Content> {
    let size = real.size;
    if (1..=limit).contains(&size)
        && let Some(stamp) = &real.stamp
        && let Some(sha256) = cache.get(stamp)
    {
        return Ok(Content::Hashed(Hashed {
            sha256,
            size,
            is_opaque: false,
        }));
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
    let (mut hasher, mut glance) = (Hasher::default(), Glance::default());
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
        let read = piece.get(..length).unwrap_or_default();
        hasher.update(read);
        glance.pass(read);
    }
    if size == 0 {
        return Ok(Content::Empty);
    }
    let sha256 = hasher.finish();
    if size == metadata.len() {
        cache.put(&metadata, sha256);
    }
    Ok(Content::Hashed(Hashed {
        sha256,
        size,
        is_opaque: glance.is_opaque(),
    }))
}
