//! The digests of files that were read before: a file that nobody has touched since is not read again.
//!
//! The rule is that of git's index (`Documentation/technical/racy-git.txt` there): device, inode, size, and the times of
//! the last change of content and of inode are those that were seen. A write within one tick of the file system's clock
//! leaves the times as they are, so what was young when it was read is not remembered. What is remembered is never
//! more than a guess about what a file holds: whoever sends the file checks its digest.

mod format;
#[cfg(unix)]
#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use super::{open, whole};
use crate::model::Sha256;
use format::{bytes, parse};

/// The largest cache that is read, in bytes: some 700,000 files.
const MOST: u64 = 64 << 20;

/// A file that changed less than this before it was read is read again. Two seconds are the coarsest time
/// that a file system keeps (FAT).
const YOUNG: Time = (2, 0);

/// Seconds and nanoseconds.
type Time = (i64, i64);

/// What is remembered of one run for the next.
#[derive(Debug, Default)]
pub(crate) struct StatCache {
    /// Where it is kept; `None` where nothing is remembered.
    path: Option<Utf8PathBuf>,
    /// In the order of the stamps.
    known: Vec<Known>,
    /// Which of them were asked for.
    met: Vec<AtomicBool>,
    new: Mutex<Vec<Known>>,
    /// The file that the cache will be written to, and the time of the file system when it was made: before anything
    /// new was read.
    next: OnceLock<Option<(NamedTempFile, Time)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    stamp: Stamp,
    sha256: Sha256,
}

/// What tells that a file is untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// When the content was changed last; a program may set it.
    modified: Time,
    /// When anything of the file was changed last; only the system sets it.
    changed: Time,
}

impl StatCache {
    /// Remembers nothing.
    pub(crate) fn off() -> Self {
        Self::default()
    }

    /// The cache at `path`. One that is missing, damaged, or another user's is as an empty one.
    pub(crate) fn open(path: &Utf8Path) -> Self {
        let known = read(path).unwrap_or_default();
        Self {
            path: Some(path.to_owned()),
            met: known.iter().map(|_| AtomicBool::new(false)).collect(),
            known,
            ..Self::default()
        }
    }

    /// The digest of the file that has this stamp, if it is known and untouched.
    pub(crate) fn get(&self, stamp: &Stamp) -> Option<Sha256> {
        let found = self.known.binary_search_by(|it| it.stamp.cmp(stamp));
        let at = found.ok()?;
        self.met.get(at)?.store(true, Ordering::Relaxed);
        Some(self.known.get(at)?.sha256)
    }

    /// Has to be called before a file is opened that is [`put`](Self::put) later.
    pub(crate) fn begin(&self) {
        let Some(path) = &self.path else {
            return;
        };
        self.next.get_or_init(|| {
            // Where nothing can be written, nothing is remembered.
            let next = whole::temporary(whole::folder_of(path)).ok()?;
            let now = Stamp::of(&next.as_file().metadata().ok()?)?.changed;
            Some((next, now))
        });
    }

    /// Remembers the digest of a file, which had this metadata when it was opened.
    pub(crate) fn put(&self, metadata: &Metadata, sha256: Sha256) {
        let (Some(Some((_, since))), Some(stamp)) = (self.next.get(), Stamp::of(metadata)) else {
            return;
        };
        if stamp.is_older(*since) {
            let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
            new.push(Known { stamp, sha256 });
        }
    }

    /// Writes the cache, if there is anything new; without what was not asked for, if `complete` says that everything
    /// was.
    pub(crate) fn save(self, complete: bool) -> io::Result<()> {
        let new = self
            .new
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let (Some(path), Some(Some((mut file, _)))) = (self.path, self.next.into_inner()) else {
            return Ok(());
        };
        if new.is_empty() {
            return Ok(());
        }
        let met = self.met.iter().map(|met| met.load(Ordering::Relaxed));
        let kept = self.known.into_iter().zip(met);
        let kept = kept.filter_map(|(known, met)| (met || !complete).then_some(known));
        let mut all: Vec<Known> = kept.chain(new).collect();
        all.sort_unstable();
        all.dedup_by_key(|known| known.stamp);
        file.write_all(&bytes(&all))?;
        whole::publish_unsynced(file, &path)?;
        whole::sweep(whole::folder_of(&path))
    }
}

impl Stamp {
    /// The stamp of a regular file that has this metadata; `None` for anything else.
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_file().then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Elsewhere the standard library does not say which file it is.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether the file cannot be changed from `since` on without that its times differ from these.
    fn is_older(&self, since: Time) -> bool {
        let last = self.modified.max(self.changed);
        (last.0.saturating_add(YOUNG.0), last.1) < since
    }
}

/// What the cache at `path` knows; `None` where it cannot be used.
fn read(path: &Utf8Path) -> Option<Vec<Known>> {
    let (file, metadata) = open::open(path).ok()?;
    if !is_ours(&metadata) || metadata.len() > MOST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
    io::Read::read_to_end(&mut io::Read::take(file, MOST), &mut bytes).ok()?;
    parse(&bytes)
}

/// Whether this user wrote it: another could claim anything.
#[cfg(unix)]
fn is_ours(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_: &Metadata) -> bool {
    true
}
