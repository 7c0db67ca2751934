//! What every backend has to do: plain functions that take one whose prefix is empty.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use bytes::Bytes;

use super::{Backend, Condition, Fault, Version};

/// Everything, each on a backend of its own.
pub(in crate::state) fn all(backend: &dyn Fn() -> Box<dyn Backend>) {
    what_is_not_there_is_none(&*backend());
    what_is_put_is_got(&*backend());
    what_is_written_is_read_again_and_again(&*backend());
    what_is_half_written_is_not_there(&*backend());
    a_put_for_something_new_succeeds_once(&*backend());
    a_put_in_place_of_a_version_succeeds_only_while_it_is_that(&*backend());
    of_racing_writers_one_wins(&*backend());
    no_increment_is_lost(&*backend());
    a_list_is_one_level_in_order(&*backend());
    what_is_deleted_is_gone(&*backend());
    names_are_taken_as_they_are(&*backend());
    four_megabytes_come_back_byte_for_byte(&*backend());
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn text(backend: &dyn Backend, name: &str) -> Option<String> {
    let found = backend.get(name).unwrap()?;
    Some(String::from_utf8(found.bytes.to_vec()).unwrap())
}

fn names(backend: &dyn Backend, folder: &str) -> Vec<String> {
    let entries = backend.list(folder).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

fn is_lost(result: Result<Version, Fault>) -> bool {
    match result {
        Ok(_) => false,
        Err(Fault::Lost) => true,
        Err(fault) => panic!("{fault:?}"),
    }
}

fn what_is_not_there_is_none(backend: &dyn Backend) {
    assert_eq!(backend.get("state.json").unwrap(), None);
    assert!(!backend.has("state.json").unwrap());
    assert!(backend.list("").unwrap().is_empty());
    assert!(backend.list("history").unwrap().is_empty());
    backend.delete("state.json").unwrap();
}

fn what_is_put_is_got(backend: &dyn Backend) {
    for content in ["", "a", "another"] {
        let put = backend.put("a.json", bytes(content), Condition::Always);
        let found = backend.get("a.json").unwrap().unwrap();
        assert_eq!(found.bytes, content);
        assert_eq!(found.version, put.unwrap());
        assert!(backend.has("a.json").unwrap());
    }
}

fn what_is_written_is_read_again_and_again(backend: &dyn Backend) {
    backend.settle("objects").unwrap();
    assert!(backend.open("objects/a").unwrap().is_none());
    for content in ["", "a", "another"] {
        let mut pieces = content.split_inclusive('t');
        let fill = &mut |to: &mut dyn io::Write| {
            pieces.try_for_each(|piece| to.write_all(piece.as_bytes()))
        };
        let written = backend.write("objects/a", fill).unwrap();
        backend.settle("objects").unwrap();
        assert_eq!(text(backend, "objects/a").unwrap(), content);
        let opened = backend.open("objects/a").unwrap().unwrap();
        for opened in [&written, &opened, &written] {
            let mut read = String::new();
            opened.reader().read_to_string(&mut read).unwrap();
            assert_eq!(read, content);
        }
    }
    assert_eq!(names(backend, "objects"), ["a"]);
}

fn what_is_half_written_is_not_there(backend: &dyn Backend) {
    let fill = &mut |to: &mut dyn io::Write| {
        to.write_all(b"half")?;
        Err(io::Error::other("no more"))
    };
    assert!(backend.write("objects/a", fill).is_err());
    assert!(backend.open("objects/a").unwrap().is_none());
    assert!(names(backend, "objects").is_empty());
    backend
        .put("objects/a", bytes("whole"), Condition::New)
        .unwrap();
    assert!(backend.write("objects/a", fill).is_err());
    assert_eq!(text(backend, "objects/a").unwrap(), "whole");
}

fn a_put_for_something_new_succeeds_once(backend: &dyn Backend) {
    let first = backend.put("a/b", bytes("first"), Condition::New).unwrap();
    assert!(is_lost(backend.put("a/b", bytes("second"), Condition::New)));
    assert_eq!(text(backend, "a/b").unwrap(), "first");
    assert_eq!(backend.get("a/b").unwrap().unwrap().version, first);
}

fn a_put_in_place_of_a_version_succeeds_only_while_it_is_that(backend: &dyn Backend) {
    let first = backend.put("a", bytes("1"), Condition::New).unwrap();
    let second = backend.put("a", bytes("2"), Condition::Is(&first)).unwrap();
    assert!(is_lost(backend.put("a", bytes("3"), Condition::Is(&first))));
    assert_eq!(text(backend, "a").unwrap(), "2");
    backend
        .put("a", bytes("3"), Condition::Is(&second))
        .unwrap();
    backend.delete("a").unwrap();
    assert!(is_lost(backend.put(
        "a",
        bytes("4"),
        Condition::Is(&second)
    )));
    assert_eq!(text(backend, "a"), None);
}

fn of_racing_writers_one_wins(backend: &dyn Backend) {
    for round in 0..5 {
        let name = format!("race/{round}");
        let race = |condition: Condition<'_>| -> String {
            let winners: Vec<_> = thread::scope(|scope| {
                let writers: Vec<_> = (0..8)
                    .map(|writer| {
                        let name = &name;
                        scope.spawn(move || {
                            let content = format!("{condition:?} by {writer}");
                            let put = backend.put(name, bytes(&content), condition);
                            (!is_lost(put)).then_some(content)
                        })
                    })
                    .collect();
                writers
                    .into_iter()
                    .filter_map(|writer| writer.join().unwrap())
                    .collect()
            });
            let [winner] = winners.as_slice() else {
                panic!("{} winners: {winners:?}", winners.len());
            };
            winner.clone()
        };
        let winner = race(Condition::New);
        let found = backend.get(&name).unwrap().unwrap();
        assert_eq!(found.bytes, winner);
        let winner = race(Condition::Is(&found.version));
        assert_eq!(text(backend, &name).unwrap(), winner);
    }
}

fn no_increment_is_lost(backend: &dyn Backend) {
    backend.put("count", bytes("0"), Condition::New).unwrap();
    let lost = AtomicU32::new(0);
    thread::scope(|scope| {
        for writer in 0..5 {
            let lost = &lost;
            scope.spawn(move || {
                let mut left = 5;
                while left > 0 {
                    let found = backend.get("count").unwrap().unwrap();
                    let old = String::from_utf8(found.bytes.to_vec()).unwrap();
                    let count: u32 = old.split(' ').next().unwrap().parse().unwrap();
                    // As in a state, no two writers write the same.
                    let new = bytes(&format!("{} by {writer}, {left} left", count + 1));
                    if is_lost(backend.put("count", new, Condition::Is(&found.version))) {
                        lost.fetch_add(1, Ordering::Relaxed);
                    } else {
                        left -= 1;
                    }
                }
            });
        }
    });
    let count = text(backend, "count").unwrap();
    assert!(count.starts_with("25 "), "{count}, {lost:?} lost");
}

fn a_list_is_one_level_in_order(backend: &dyn Backend) {
    for name in ["b.json", "a.json", "c/2", "c/10", "c/d/e", "cc/3"] {
        backend.put(name, bytes(name), Condition::New).unwrap();
    }
    assert_eq!(names(backend, ""), ["a.json", "b.json"]);
    assert_eq!(names(backend, "c"), ["10", "2"]);
    assert_eq!(names(backend, "c/d"), ["e"]);
    let entries = backend.list("c").unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| entry.size == entry.name.len() as u64 + 2)
    );
}

fn what_is_deleted_is_gone(backend: &dyn Backend) {
    backend.put("a/b", bytes("1"), Condition::New).unwrap();
    backend.delete("a/b").unwrap();
    backend.delete("a/b").unwrap();
    assert_eq!(text(backend, "a/b"), None);
    assert!(names(backend, "a").is_empty());
    backend.put("a/b", bytes("2"), Condition::New).unwrap();
}

fn names_are_taken_as_they_are(backend: &dyn Backend) {
    let all = ["a b", "a+b", "a&b=c", "a'b", ".a", "a--b__c"];
    for name in all {
        let put = backend.put(&format!("n/{name}"), bytes(name), Condition::New);
        put.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    }
    for name in all {
        assert_eq!(text(backend, &format!("n/{name}")).as_deref(), Some(name));
    }
    let listed: BTreeSet<_> = names(backend, "n").into_iter().collect();
    let expected: BTreeSet<_> = all.map(ToOwned::to_owned).into_iter().collect();
    assert_eq!(listed, expected);
}

fn four_megabytes_come_back_byte_for_byte(backend: &dyn Backend) {
    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<_> = std::iter::repeat_with(|| random.u8(..))
        .take(4 << 20)
        .collect();
    let noise = Bytes::from(noise);
    let version = backend.put("objects/a", noise.clone(), Condition::New);
    let version = version.unwrap();
    assert!(backend.get("objects/a").unwrap().unwrap().bytes == noise);
    let again = backend.put("objects/a", noise.slice(1..), Condition::Is(&version));
    again.unwrap();
    assert!(backend.get("objects/a").unwrap().unwrap().bytes == noise.slice(1..));
}

/// As many entries as 10,000 runs leave.
const ENTRIES: u32 = 10_000;

/// Makes them, and lists them.
pub(in crate::state) fn ten_thousand_entries_are_listed(backend: &dyn Backend) {
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= ENTRIES {
                        return;
                    }
                    let name = format!("history/{number}.json");
                    backend.put(&name, bytes("{}"), Condition::Always).unwrap();
                }
            });
        }
    });
    they_are_listed(backend);
}

/// Lists as many that are there.
pub(in crate::state) fn they_are_listed(backend: &dyn Backend) {
    let listed: BTreeSet<_> = names(backend, "history").into_iter().collect();
    let expected: BTreeSet<_> = (0..ENTRIES).map(|it| format!("{it}.json")).collect();
    assert!(listed == expected, "{} entries", listed.len());
}

mod folder {
    use camino::Utf8PathBuf;

    use super::*;
    use crate::state::backend::local::Folder;

    #[test]
    fn a_folder_does_what_a_backend_has_to() {
        let parent = tempfile::tempdir().unwrap();
        let next = AtomicU32::new(0);
        all(&|| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let path = parent.path().join(format!("missing/{number}"));
            Box::new(Folder::new(Utf8PathBuf::from_path_buf(path).unwrap()))
        });
    }
}

mod memory {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;
    use crate::state::backend::remote::Remote;

    fn remote() -> Remote {
        let store = Arc::new(InMemory::new());
        Remote::new(store, Path::from("a/b c"), "memory://a/b c".to_owned())
    }

    #[test]
    fn an_object_store_does_what_a_backend_has_to() {
        all(&|| Box::new(remote()));
    }

    #[test]
    fn ten_thousand_entries_are_listed() {
        super::ten_thousand_entries_are_listed(&remote());
    }
}
