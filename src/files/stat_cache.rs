//! The digests of files that were read before: a file that nobody has touched since is not read again.
//!
//! The rule is that of git's index (`Documentation/technical/racy-git.txt` there): device, inode, size, and the times of
//! the last change of content and of inode are those that were seen. A write within one tick of the file system's clock
//! leaves the times as they are, so what was young when it was read is not remembered. What is remembered is never
//! more than a guess about what a file holds: whoever sends the file checks its digest.

use std::fs::Metadata;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use super::{open, whole};
use crate::model::Sha256;

/// What a cache begins with; another version is another line.
const HEAD: &[u8] = b"jumpbag stat cache 1\n";

/// The largest cache that is read, in bytes: some 700,000 files.
const MOST: u64 = 64 << 20;

/// A file that changed less than this before it was read is read again. Two seconds are the coarsest time
/// that a file system keeps (FAT).
const YOUNG: Time = (2, 0);

/// Seconds and nanoseconds.
type Time = (i64, i64);

/// The size of a [`Known`] in a file.
const RECORD: usize = 7 * 8 + 32;

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

fn bytes(all: &[Known]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD.len() + all.len() * RECORD + 32);
    bytes.extend(HEAD);
    for Known { stamp, sha256 } in all {
        for number in [stamp.device, stamp.inode, stamp.size] {
            bytes.extend(number.to_le_bytes());
        }
        for (seconds, nanoseconds) in [stamp.modified, stamp.changed] {
            bytes.extend(seconds.to_le_bytes());
            bytes.extend(nanoseconds.to_le_bytes());
        }
        bytes.extend(sha256.as_bytes());
    }
    let digest = Sha256::of(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

/// The reverse of [`bytes()`]; `None` for anything else.
fn parse(bytes: &[u8]) -> Option<Vec<Known>> {
    let (rest, digest) = bytes.split_last_chunk::<32>()?;
    if Sha256::of(rest).as_bytes() != digest {
        return None;
    }
    let records = rest.strip_prefix(HEAD)?.chunks_exact(RECORD);
    let whole = records.remainder().is_empty();
    let known: Option<Vec<Known>> = records.map(record).collect();
    known.filter(|known| whole && known.is_sorted_by_key(|it| it.stamp))
}

fn record(mut bytes: &[u8]) -> Option<Known> {
    let mut number = || {
        let (first, rest) = bytes.split_first_chunk::<8>()?;
        bytes = rest;
        Some(*first)
    };
    let stamp = Stamp {
        device: u64::from_le_bytes(number()?),
        inode: u64::from_le_bytes(number()?),
        size: u64::from_le_bytes(number()?),
        modified: (i64::from_le_bytes(number()?), i64::from_le_bytes(number()?)),
        changed: (i64::from_le_bytes(number()?), i64::from_le_bytes(number()?)),
    };
    let sha256 = Sha256::from_bytes(*bytes.first_chunk::<32>()?);
    Some(Known { stamp, sha256 })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;
    use std::slice::from_ref;

    use proptest::prelude::*;

    const SINCE: Time = (100, 0);

    fn known(inode: u64) -> Known {
        Known {
            stamp: Stamp {
                device: 1,
                inode,
                size: inode * 3,
                modified: (-5, 999_999_999),
                changed: (i64::MAX, 0),
            },
            sha256: Sha256::of(&inode.to_le_bytes()),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read_and_nothing_else_is(
            count in 0_u64..5,
            at in any::<prop::sample::Index>(),
            bit in 0_u8..8,
            cut in any::<prop::sample::Index>(),
        ) {
            let all: Vec<Known> = (0..count).map(known).collect();
            let good = bytes(&all);
            prop_assert_eq!(parse(&good), Some(all));
            let mut bad = good.clone();
            bad[at.index(good.len())] ^= 1 << bit;
            prop_assert_eq!(parse(&bad), None);
            prop_assert_eq!(parse(&good[..cut.index(good.len())]), None);
        }
    }

    #[test]
    fn what_is_right_by_its_digest_alone_is_not_taken() {
        let sealed = |mut body: Vec<u8>| {
            let digest = Sha256::of(&body);
            body.extend(digest.as_bytes());
            body
        };
        assert_eq!(parse(&sealed(HEAD.to_vec())), Some(Vec::new()));
        assert_eq!(parse(&sealed(b"jumpbag stat cache 2\n".to_vec())), None);
        assert_eq!(parse(&sealed([HEAD, b"x"].concat())), None);
        let disordered = bytes(&[known(2), known(1)]);
        assert_eq!(parse(&disordered), None);
    }

    #[test]
    fn only_what_was_old_when_it_was_read_is_remembered() {
        let of = |modified, changed| Stamp {
            modified,
            changed,
            ..known(1).stamp
        };
        for (modified, changed, is_older) in [
            ((97, 999_999_999), (0, 0), true),
            ((0, 0), (97, 999_999_999), true),
            ((98, 0), (0, 0), false),
            ((0, 0), (98, 0), false),
            ((99, 999_999_999), (0, 0), false),
            ((100, 0), (100, 0), false),
            ((0, 0), (i64::MAX, 0), false),
        ] {
            let found = of(modified, changed).is_older(SINCE);
            assert_eq!(found, is_older, "{modified:?} {changed:?}");
        }
    }

    fn write(path: &Utf8Path, content: &str) {
        let mut file = fs::File::create(path).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    fn stamp(metadata: &Metadata) -> Stamp {
        Stamp::of(metadata).unwrap()
    }

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { folder }
        }

        fn path(&self, name: &str) -> Utf8PathBuf {
            let path = self.folder.path().join(name);
            Utf8PathBuf::from_path_buf(path).unwrap()
        }

        /// A file, and what it is known by.
        fn file(&self, name: &str) -> (Metadata, Sha256) {
            write(&self.path(name), name);
            let metadata = fs::metadata(self.path(name)).unwrap();
            (metadata, Sha256::of(name.as_bytes()))
        }

        fn cache(&self) -> StatCache {
            StatCache::open(&self.path("caches/cache"))
        }

        /// Writes a cache that knows these files, as a later run does.
        fn remember(&self, files: &[(Metadata, Sha256)], complete: bool) {
            let cache = self.cache();
            cache.begin();
            let mut new = cache.new.lock().unwrap();
            new.extend(files.iter().map(|(metadata, sha256)| Known {
                stamp: stamp(metadata),
                sha256: *sha256,
            }));
            drop(new);
            cache.save(complete).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_touched_in_any_way_is_not_known() {
        let place = Place::new();
        let file = place.file("a");
        place.remember(from_ref(&file), true);
        assert_eq!(place.cache().get(&stamp(&file.0)), Some(file.1));
        let path = place.path("a");
        // The same size, and the time of the content set back.
        write(&path, "b");
        let opened = fs::File::options().write(true).open(&path).unwrap();
        opened.set_modified(file.0.modified().unwrap()).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.modified().unwrap(), file.0.modified().unwrap());
        assert_eq!(place.cache().get(&stamp(&metadata)), None);
        // Another file of the same name.
        fs::rename(place.path("a"), place.path("b")).unwrap();
        assert_eq!(place.cache().get(&stamp(&place.file("a").0)), None);
    }

    #[test]
    fn a_young_file_is_not_remembered() {
        let place = Place::new();
        let file = place.file("a");
        let cache = place.cache();
        cache.begin();
        cache.put(&file.0, file.1);
        cache.save(true).unwrap();
        assert_eq!(place.cache().known, []);
        assert_eq!(fs::read_dir(place.path("caches")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_not_asked_for_stays_only_after_a_part() {
        let place = Place::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| place.file(name));
        place.remember(&[a.clone(), b.clone()], true);
        let known = |file: &(Metadata, Sha256)| place.cache().get(&stamp(&file.0)).is_some();
        place.remember(from_ref(&c), false);
        assert!(known(&a) && known(&b) && known(&c));
        let cache = place.cache();
        assert!(cache.get(&stamp(&a.0)).is_some());
        cache.begin();
        let again = place.file("d");
        cache.new.lock().unwrap().push(Known {
            stamp: stamp(&again.0),
            sha256: again.1,
        });
        cache.save(true).unwrap();
        assert!(known(&a) && known(&again) && !known(&b) && !known(&c));
    }

    #[test]
    fn a_cache_is_for_its_owner_alone_and_written_in_a_whole() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Place::new();
        place.remember(&[place.file("a")], true);
        let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("caches"), mode("caches/cache")), (0o700, 0o600));
        assert_eq!(fs::read_dir(place.path("caches")).unwrap().count(), 1);
    }

    #[test]
    fn where_nothing_can_be_written_nothing_is_remembered() {
        let place = Place::new();
        let file = place.file("a");
        // A file in the place of the folder.
        let cache = StatCache::open(&place.path("a/cache"));
        cache.begin();
        cache.put(&file.0, file.1);
        cache.save(true).unwrap();
        let off = StatCache::off();
        off.begin();
        off.put(&file.0, file.1);
        assert_eq!(off.get(&stamp(&file.0)), None);
        off.save(true).unwrap();
    }
}
