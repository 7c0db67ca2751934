//! What `fuzz/` runs with bytes that may be anything; no part of what jumpbag offers.
//!
//! A target panics where a property does not hold. Each lies with what it is about, because it sees what others do
//! not.

mod manifest;
#[cfg(test)]
mod tests;

use crate::library::fuzz as library;
use crate::manifest::fuzz as values;
use crate::render::fuzz as render;
use crate::state::fuzz as state;

/// A property of everything that one kind of input can be.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("api_error", library::error),
    ("api_link", library::link),
    ("api_list", library::list),
    ("budget_file", state::budget),
    ("content_disposition", jumpbag_emulator::fuzz::disposition),
    ("diff", render::diff),
    ("escape", render::escape),
    ("event_line", render::event),
    ("file_url", library::file_url),
    ("lock_file", state::lock),
    ("manifest", manifest::check),
    ("patterns", values::patterns),
    ("plan_file", render::plan),
    ("quantities", values::quantities),
    ("retry_after", library::retry_after),
    ("sealed_file", state::sealed),
    ("state_file", state::state),
    ("token_claims", library::claims),
];
