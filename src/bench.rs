//! What `benches/` measures; no part of what jumpbag offers.

/// Compares two contents of a file called `name`, as a plan shows them, and returns how many hunks differ.
#[must_use]
pub fn diff(name: &str, old: &[u8], new: &[u8]) -> usize {
    crate::render::count_hunks(name, old, new)
}
