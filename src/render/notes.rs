//! What is said of a changed content besides its hunks, the same in every form.

use super::binary::Blob;
use super::diff::{Note, SignatureChange};
use super::size::sizes;
use super::words::{Piece, split};
use crate::model::Attribute;
use crate::plan::Change;

/// What the hunks of a diff do not say.
pub(super) fn note(note: Note) -> String {
    let differs = |what: &str, only: bool, from: &str, to: &str| {
        let verb = if only { "only the" } else { "the" };
        let s = if what.ends_with('s') { "" } else { "s" };
        format!("{verb} {what} differ{s}: {from} → {to}")
    };
    match note {
        Note::SameText => "the text is the same".to_owned(),
        Note::Guessed(before, after) => {
            let which = match (before, after) {
                (true, false) => "the previous content",
                (false, _) => "the new content",
                (true, true) => "the content",
            };
            format!("{which} is not UTF-8 and is read as Windows-1252")
        }
        Note::Encoding { from, to, only } => differs("encoding", only, from.as_str(), to.as_str()),
        Note::ByteOrderMark { added, only } => {
            let only = if only { "only the" } else { "the" };
            let verb = if added { "new" } else { "gone" };
            format!("{only} byte order mark is {verb}; the encoding is UTF-8 before and after")
        }
        Note::Endings { from, to, only } => {
            differs("line endings", only, from.as_str(), to.as_str())
        }
        Note::MixedEndings => {
            "the line endings are mixed before and after, and are not compared".to_owned()
        }
        Note::WhiteSpace { breaks, only } => {
            let differs = if only {
                "only white space differs"
            } else {
                "the text differs in white space alone"
            };
            // What follows a line break is no longer in the comment before it.
            let breaks = if breaks {
                ", line breaks too: what is a comment may change"
            } else {
                ""
            };
            format!("{differs}{breaks}")
        }
        Note::LastLineEnd { added, only } => {
            let only = if only { "only the" } else { "of the text, the" };
            let verb = if added { "new" } else { "gone" };
            format!("{only} line end at the end of the file is {verb}")
        }
        Note::Moved { only } => {
            let only = if only { "only" } else { "of the text," };
            format!("{only} the order of the lines differs: every line is there before and after")
        }
        Note::Signature { what, only } => signature(what, only),
    }
}

fn signature(what: SignatureChange, only: bool) -> String {
    let (done, verb) = match what {
        SignatureChange::Added => ("signed: ", "is new"),
        SignatureChange::Removed => ("unsigned: ", "is gone"),
        SignatureChange::Changed => ("re-signed: ", "differs"),
    };
    let (done, only) = if only { (done, "only ") } else { ("", "") };
    format!("{done}{only}the Authenticode signature block {verb} (not shown)")
}

/// What a content that is not text is, and how large, before and after.
pub(super) fn binary(old: &Blob, new: &Blob) -> String {
    let kind = |blob: &Blob| blob.kind.unwrap_or("unknown type");
    let kinds = match (kind(old), kind(new)) {
        (old, new) if old == new => old.to_owned(),
        (old, new) => format!("{old} → {new}"),
    };
    format!("binary, {kinds}, {}", sizes(old.size, new.size))
}

/// Why the content before `change` cannot be shown.
pub(super) fn unknown_before(change: &Change) -> Vec<Piece> {
    let drift = change.drifted.as_ref();
    match drift.filter(|drift| drift.attributes.contains(&Attribute::Content)) {
        None => split("the previous content is not at hand: the API offers no download"),
        Some(drift) => [
            split("the content in the library is unknown:"),
            match &drift.by {
                Some(by) => vec![Piece::theirs(by)],
                None => split("an unknown user"),
            },
            split("put it there, and the API offers no download"),
        ]
        .concat(),
    }
}
