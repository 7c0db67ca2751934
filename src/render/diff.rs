//! What differs between two contents, apart from how it is shown.

use std::ops::Range;

use super::binary::Blob;
use super::hunks::hunks;
use crate::model::Sha256;
use crate::text::{Decoded, Encoding, Endings, Language, decode, signature};

/// What to show of a content that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContentDiff {
    /// At least one of the two is not text.
    Binary { old: Blob, new: Blob },
    /// Both are text.
    Text(TextChange),
}

/// What to show of a text that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TextChange {
    /// What the hunks do not say; never empty when there are no hunks.
    pub(super) notes: Vec<Note>,
    /// What changed, with context.
    pub(super) hunks: Vec<Hunk>,
}

/// Something to say about a changed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing else differs.
    SameText,
    /// The text is not in any Unicode encoding and was read as Windows-1252: before, after.
    Guessed(bool, bool),
    /// The encoding differs; `only` where nothing else does.
    Encoding {
        from: Encoding,
        to: Encoding,
        only: bool,
    },
    /// The byte order mark before a text in UTF-8 is new or gone; `only` where nothing else differs.
    ByteOrderMark { added: bool, only: bool },
    /// The line ends differ; `only` where nothing else does.
    Endings {
        from: Endings,
        to: Endings,
        only: bool,
    },
    /// The line ends are mixed on both sides, so the diff cannot tell whether they changed too.
    MixedEndings,
    /// The text differs in spaces and tabs alone, or where `breaks` in line breaks too; `only` where nothing
    /// else does.
    WhiteSpace { breaks: bool, only: bool },
    /// The text differs in whether its last line ends; `only` where nothing else does.
    LastLineEnd { added: bool, only: bool },
    /// The text has the same lines in another order; `only` where nothing else differs.
    Moved { only: bool },
    /// The Authenticode signature block differs, which is not shown; `only` where nothing else does.
    Signature { what: SignatureChange, only: bool },
}

/// What happened to a signature block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureChange {
    Added,
    Removed,
    Changed,
}

/// A stretch of changed lines with its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The lines before, counted from 0.
    pub(super) old: Range<usize>,
    /// The lines after, counted from 0.
    pub(super) new: Range<usize>,
    /// What the first changed line belongs to, such as a function. From the text, and not escaped.
    pub(super) heading: Option<String>,
    pub(super) lines: Vec<Line>,
}

/// One line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) side: Side,
    /// The line without its line feed, or the part of it that is shown. Not escaped.
    pub(super) text: String,
    /// The bytes of `text` that the other side does not have; empty where the whole line is new.
    pub(super) marks: Vec<Range<usize>>,
    /// How many characters before `text` are left out.
    pub(super) before: usize,
    /// How many characters after `text` are left out.
    pub(super) after: usize,
    /// Whether the line ends with a line feed.
    pub(super) ended: bool,
}

/// Where a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Old,
    New,
}

/// Compares the contents of a file called `name`, each with its digest.
pub(super) fn diff(name: &str, old: (Sha256, &[u8]), new: (Sha256, &[u8])) -> ContentDiff {
    match (decode(old.1), decode(new.1)) {
        (Some(old), Some(new)) => ContentDiff::Text(compare(name, &old, &new)),
        _ => ContentDiff::Binary {
            old: Blob::of(old.0, old.1),
            new: Blob::of(new.0, new.1),
        },
    }
}

fn compare(name: &str, old: &Decoded, new: &Decoded) -> TextChange {
    let mut notes = Vec::new();
    let same_text = old.text == new.text;
    // Of texts that differ, which line ends belong together is not known.
    let endings_differ = if same_text {
        (old.endings, &old.mixture) != (new.endings, &new.mixture)
    } else {
        old.endings != new.endings && ![old.endings, new.endings].contains(&Endings::None)
    };
    let both_mixed = old.endings == Endings::Mixed && new.endings == Endings::Mixed;
    let guessed = |it: &Decoded| it.encoding == Encoding::Windows1252;
    if guessed(old) || guessed(new) {
        notes.push(Note::Guessed(guessed(old), guessed(new)));
    }
    notes.extend(encoding(old, new, same_text && !endings_differ));
    if endings_differ {
        notes.push(Note::Endings {
            from: old.endings,
            to: new.endings,
            only: same_text && old.encoding == new.encoding,
        });
    } else if both_mixed && !same_text {
        notes.push(Note::MixedEndings);
    }
    if same_text {
        // One difference says that it is the only one; two or none do not.
        if (old.encoding != new.encoding) == endings_differ {
            notes.push(Note::SameText);
        }
        return TextChange {
            notes,
            hunks: Vec::new(),
        };
    }
    let same_form = old.encoding == new.encoding && !endings_differ && !both_mixed;
    let language = Language::of(name, &new.text);
    let (old_body, old_signature) = signature::split(&old.text);
    let (new_body, new_signature) = signature::split(&new.text);
    let same_body = signature::same_body((old_body, old_signature), (new_body, new_signature));
    if old_signature != new_signature {
        let what = match (old_signature, new_signature) {
            ("", _) => SignatureChange::Added,
            (_, "") => SignatureChange::Removed,
            _ => SignatureChange::Changed,
        };
        notes.push(Note::Signature {
            what,
            only: same_body && same_form,
        });
    }
    if same_body {
        return TextChange {
            notes,
            hunks: Vec::new(),
        };
    }
    let only = same_form && old_signature == new_signature;
    notes.extend(kind_of_difference(old_body, new_body, only));
    TextChange {
        notes,
        hunks: hunks(old_body, new_body, language),
    }
}

fn encoding(old: &Decoded, new: &Decoded, only: bool) -> Option<Note> {
    let (from, to) = (old.encoding, new.encoding);
    match (from, to) {
        (Encoding::Utf8, Encoding::Utf8Bom) => Some(Note::ByteOrderMark { added: true, only }),
        (Encoding::Utf8Bom, Encoding::Utf8) => Some(Note::ByteOrderMark { added: false, only }),
        _ => (from != to).then_some(Note::Encoding { from, to, only }),
    }
}

/// A name for how two texts differ, if there is one for all of it.
fn kind_of_difference(old: &str, new: &str, only: bool) -> Option<Note> {
    if new.strip_suffix('\n') == Some(old) || old.strip_suffix('\n') == Some(new) {
        let added = new.len() > old.len();
        return Some(Note::LastLineEnd { added, only });
    }
    // What Unicode calls white space besides these draws nothing, but is no space to a shell.
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}');
    let is_space = |c: char| matches!(c, ' ' | '\t');
    let same_but_for_space = |breaks: bool| {
        let kept = |c: &char| !(is_space(*c) || breaks && is_break(*c));
        old.chars().filter(kept).eq(new.chars().filter(kept))
    };
    if same_but_for_space(true) {
        let breaks = !same_but_for_space(false);
        return Some(Note::WhiteSpace { breaks, only });
    }
    if old.len() == new.len() {
        let sorted = |text| {
            let mut lines: Vec<&str> = str::split_inclusive(text, '\n').collect();
            lines.sort_unstable();
            lines
        };
        return (sorted(old) == sorted(new)).then_some(Note::Moved { only });
    }
    None
}
