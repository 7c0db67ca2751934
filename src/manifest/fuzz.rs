//! The small languages in a manifest's values.

use super::glob::{Pattern, is_glob};
use super::{quantity, yaml};

/// A glob: it starts with what it says it starts with.
pub(crate) fn patterns(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Nobody asks for these.
    if text.contains('\\') || text.split('/').any(|part| matches!(part, "." | "..")) {
        return;
    }
    match Pattern::new(&text) {
        Ok(pattern) => assert!(text.starts_with(pattern.start()), "{:?}", pattern.start()),
        Err(problem) => assert!(!problem.is_empty()),
    }
    // Whatever is none stands for itself.
    assert!(
        is_glob(&text) || !text.contains(['*', '?', '[', '{']),
        "{text:?}"
    );
}

/// Sizes and times are longer than zero.
pub(crate) fn quantities(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(quantity::size(&text).is_none_or(|size| size > 0));
    assert!(quantity::duration(&text).is_none_or(|time| !time.is_zero()));
    if let Some(size) = quantity::size(&text) {
        assert!(!quantity::shown(size).is_empty());
    }
}

/// What is read quickly is what is read.
pub(crate) fn trees(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let (Some(quick), slow) = yaml::both_trees(text)
    {
        assert_eq!(Some(quick), slow);
    }
}
