//! Showing a plan, as text, as Markdown, as HTML and as JSON.
//!
//! What to show is decided once, for all forms: [`crate::text`] decodes, [`diff`] compares, [`escape`] makes
//! what comes from outside harmless. How it looks in a terminal is [`mod@text`]'s and [`style`]'s business.
//! No I/O, no clock, and no look at the terminal: its width is fixed and colour is a parameter.

mod binary;
mod contents;
mod diff;
mod drift;
mod edits;
pub(crate) mod escape;
mod fold;
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz;
mod group;
mod heading;
mod html;
mod hunks;
mod json;
mod markdown;
mod marks;
mod notes;
mod size;
mod status;
mod style;
#[cfg(test)]
mod tests;
mod text;
mod unified;
mod view;
mod words;
pub(crate) use contents::{Content, Contents, wanted_contents};
pub(crate) use drift::{LibraryDrift, drift_text};
pub(crate) use html::html;
pub(crate) use json::{PlanFileError, events, from_json, json, plan_schema, pretty_json};
pub(crate) use markdown::markdown;
pub(crate) use size::plural;
pub(crate) use status::{
    Allowance, DriftSeen, LastWrite, LibraryStatus, LockOwner, LockSeen, status_json,
    status_schema, status_text,
};
#[cfg(test)]
pub(crate) use tests::corpus::corpus as hostile_texts;
pub(crate) use text::{TextOptions, changes_text, text};

use crate::plan::Plan;

/// How many hunks the change of a file has.
#[cfg(feature = "bench-internals")]
pub(crate) fn count_hunks(name: &str, old: &[u8], new: &[u8]) -> usize {
    use crate::model::Sha256;
    // Whoever shows a plan has the digests already.
    let digest = Sha256::of(b"");
    match diff::diff(name, (digest, old), (digest, new)) {
        diff::ContentDiff::Text(change) => change.hunks.len(),
        diff::ContentDiff::Binary { .. } => 0,
    }
}

/// What a reviewer is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Review<'a> {
    /// What would be done.
    pub(crate) plan: &'a Plan,
    /// The plan's, as `sha256:` and 64 digits.
    pub(crate) fingerprint: &'a str,
    /// For the diffs.
    pub(crate) contents: &'a Contents,
    /// The shell command that applies exactly this; empty where there is nothing that could be applied.
    pub(crate) command: &'a str,
}
