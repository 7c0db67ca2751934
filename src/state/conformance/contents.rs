//! The content store.

use std::io::{self, Read, Write as _};
use std::{fs, thread};

use proptest::prelude::*;

use crate::model::Sha256;
use crate::state::Error;

use super::Place;

const PLENTY: u64 = 1 << 20;

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the share is gone"))
    }
}

/// A content that no compressor makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

/// Puts an object there by hand.
fn plant(place: &Place, sha256: Sha256, object: &[u8]) {
    place.put(&format!("objects/{sha256}"), object);
}

#[test]
fn what_was_put_can_be_read() {
    let place = Place::new();
    let contents = place.store().contents();
    for content in [Vec::new(), b"a".to_vec(), vec![0; 300_000], noise(300_000)] {
        let sha256 = Sha256::of(&content);
        assert!(!contents.has(sha256).unwrap());
        assert_eq!(contents.read(sha256, PLENTY).unwrap(), None);
        contents.put(sha256, content.as_slice()).unwrap();
        assert!(contents.has(sha256).unwrap());
        assert!(contents.read(sha256, PLENTY).unwrap() == Some(content.clone()));
        let mut read = Vec::new();
        let packed = contents.packed(sha256).unwrap().unwrap();
        packed.open().unwrap().read_to_end(&mut read).unwrap();
        assert!(read == content);
        // Again changes nothing, and is still checked.
        contents.put(sha256, content.as_slice()).unwrap();
        assert!(contents.put(sha256, &b"other"[..]).is_err());
        assert!(contents.read(sha256, PLENTY).unwrap() == Some(content));
    }
    let never = contents.packed(Sha256::of(b"never put")).unwrap();
    assert!(never.is_none());
}

#[test]
fn a_content_that_is_not_the_announced_one_is_not_kept() {
    let place = Place::new();
    let contents = place.store().contents();
    let error = contents
        .put(Sha256::of(b"hashed"), &b"changed"[..])
        .unwrap_err();
    assert!(matches!(
        error,
        Error::ContentChanged { expected, found }
            if expected == Sha256::of(b"hashed") && found == Sha256::of(b"changed")
    ));
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::content_changed] the content has the sha256 HEX, and HEX was expected
    help: plan again: the file was changed after it was hashed
    ");
    assert!(place.names("objects").is_empty());
}

#[test]
fn a_source_that_breaks_off_is_not_kept() {
    let place = Place::new();
    let sha256 = Sha256::of(b"half and half");
    let reader = b"half".chain(Broken);
    let error = place.store().contents().put(sha256, reader).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::content_unreadable] could not read the content c26d7757b554 to keep it
    cause: the share is gone
    help: check that the file can be read, then run the command again
    ");
    assert!(place.names("objects").is_empty());
}

#[test]
fn a_damaged_object_is_an_error_and_the_next_put_heals_it() {
    let place = Place::new();
    let contents = place.store().contents();
    let content = noise(10_000);
    let sha256 = Sha256::of(&content);
    contents.put(sha256, content.as_slice()).unwrap();
    let whole = fs::read(place.folder.join(format!("objects/{sha256}"))).unwrap();
    let mut flipped = whole.clone();
    flipped[5_000] ^= 1;
    let swapped = zstd::encode_all(&b"another content"[..], 0).unwrap();
    let longer = [whole.as_slice(), b"more"].concat();
    let twice = [whole.as_slice(), &whole].concat();
    let damages: [&[u8]; 7] = [
        b"",
        b"not zstd at all",
        &whole[..5_000],
        &flipped,
        &swapped,
        &longer,
        &twice,
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        plant(&place, sha256, damage);
        let error = contents.read(sha256, PLENTY).unwrap_err();
        assert!(
            matches!(error, Error::ContentDamaged { .. }),
            "{number}: {error}"
        );
        let packed = contents.packed(sha256).unwrap().unwrap();
        let streamed = packed
            .open()
            .and_then(|mut content| io::copy(&mut content, &mut io::sink()));
        assert!(streamed.is_err(), "{number}");
        contents.put(sha256, content.as_slice()).unwrap();
        assert!(
            contents.read(sha256, PLENTY).unwrap().as_ref() == Some(&content),
            "{number}"
        );
    }
    plant(&place, sha256, &swapped);
    let error = contents.read(sha256, PLENTY).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::content_damaged] the content in `STATE/objects/HEX` is damaged
    cause: it has the sha256 HEX, and HEX was expected
    help: delete `STATE/objects/HEX`: the content is kept again when it is next uploaded
    ");
}

#[test]
fn no_more_than_the_limit_is_unpacked() {
    let place = Place::new();
    let contents = place.store().contents();
    let sha256 = Sha256::of(b"small");
    // A gibibyte in 32 KiB: a decoder that went on would be noticed by its time and its memory.
    let bomb = zstd::encode_all(io::repeat(0).take(1 << 30), 1).unwrap();
    plant(&place, sha256, &bomb);
    let error = contents.read(sha256, 1_000).unwrap_err();
    assert!(
        matches!(
            error,
            Error::ContentTooLarge {
                max_bytes: 1_000,
                ..
            }
        ),
        "{error}"
    );
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::content_too_large] the content in `STATE/objects/HEX` has more than 1000 bytes
    help: no file of a library is as large, so that jumpbag did not write it: delete `STATE/objects/HEX`, and the content is kept again when it is next uploaded
    ");

    let content = noise(1_000);
    let sha256 = Sha256::of(&content);
    contents.put(sha256, content.as_slice()).unwrap();
    assert!(contents.read(sha256, 1_000).unwrap() == Some(content));
    assert!(contents.read(sha256, 999).is_err());
    assert!(contents.read(sha256, u64::MAX).unwrap().is_some());
}

#[test]
fn an_object_that_asks_for_much_memory_is_refused() {
    let place = Place::new();
    let content = noise(1_000);
    let sha256 = Sha256::of(&content);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&content).unwrap();
    encoder.flush().unwrap();
    plant(&place, sha256, &encoder.finish().unwrap());
    let error = place.store().contents().read(sha256, PLENTY).unwrap_err();
    assert!(matches!(error, Error::ContentDamaged { .. }), "{error}");
}

#[test]
fn many_may_put_the_same_content_while_another_run_begins() {
    let place = Place::new();
    let contents = place.store().contents();
    let content = noise(100_000);
    let sha256 = Sha256::of(&content);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| contents.put(sha256, content.as_slice()).unwrap());
        }
        for _ in 0..20 {
            drop(place.lock());
        }
    });
    assert!(contents.read(sha256, PLENTY).unwrap() == Some(content));
    assert_eq!(place.names("objects"), [sha256.to_string()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_content_comes_back(content in proptest::collection::vec(any::<u8>(), 0..5_000)) {
        let place = Place::new();
        let contents = place.store().contents();
        contents.put(Sha256::of(&content), content.as_slice()).unwrap();
        prop_assert_eq!(contents.read(Sha256::of(&content), PLENTY).unwrap(), Some(content));
    }
}
