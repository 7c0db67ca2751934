//! What may lie where the state is.

use std::sync::OnceLock;

use age::secrecy::ExposeSecret as _;

use super::backend::sealed::Keys;
use super::budget;
use super::format;

/// A state, as it is, and once more with the checksum that is right for it.
pub(crate) fn state(bytes: &[u8]) {
    check_state(bytes);
    let Ok(value) = format::parse(bytes) else {
        return;
    };
    if let Some(repaired) = format::repaired(value) {
        check_state(&repaired);
    }
}

/// What reads as a state can be written, and reads as the same, in both ways of reading.
fn check_state(bytes: &[u8]) {
    let any = format::any(bytes).ok();
    if let Some(known) = format::known(bytes) {
        let same = any.as_ref().is_some_and(|any| {
            any.document == known.document
                && any.version == known.version
                && any.checksum == known.checksum
        });
        assert!(same, "{any:?}");
    }
    let Some(reading) = any else {
        return;
    };
    let written = format::write(&reading.document).map_err(|damage| damage.to_string());
    let again = written.map(|bytes| format::read(&bytes).map(|it| it.document));
    assert!(
        matches!(&again, Ok(Ok(document)) if *document == reading.document),
        "{again:?}"
    );
}

/// What reads as a lock is the same after it was written.
pub(crate) fn lock(bytes: &[u8]) {
    let Ok(lock) = format::read_lock(bytes) else {
        return;
    };
    let again = format::write_lock(&lock).and_then(|bytes| format::read_lock(&bytes));
    assert!(matches!(&again, Ok(again) if *again == lock), "{again:?}");
}

/// What reads as a budget can be written. Times are rounded up, which is done once.
pub(crate) fn budget(bytes: &[u8]) {
    let again = |book| {
        let bytes = budget::format::write(&book).ok()?;
        budget::format::read(&bytes).ok()
    };
    let Ok(book) = budget::format::read(bytes) else {
        return;
    };
    let rounded = again(book);
    assert!(rounded.is_some());
    let twice = rounded.clone().and_then(again);
    assert_eq!(twice, rounded);
}

/// What was encrypted by anybody opens, or is refused; what we encrypt opens, and no part of it does.
pub(crate) fn sealed(bytes: &[u8]) {
    static KEYS: OnceLock<Option<Keys>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let mut keys = Keys::new(&[recipient]).ok()?;
        keys.add(identity.to_string().expose_secret()).ok()?;
        Some(keys)
    });
    let Some(keys) = keys else {
        return;
    };
    let opened = keys.open(bytes);
    assert!(opened.is_err(), "nobody else knows the key");
    let sealed = keys.seal(bytes).ok();
    let opened = sealed.as_ref().and_then(|it| keys.open(it).ok());
    assert_eq!(opened.as_deref(), Some(bytes));
    let cut = sealed.as_ref().and_then(|it| it.split_last());
    assert!(cut.is_some_and(|(_, cut)| keys.open(cut).is_err()));
}
