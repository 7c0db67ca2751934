use super::format::HEAD;
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
