//! What differs between two contents, apart from how it is shown.

use std::ops::Range;
use std::time::Duration;

use similar::{Algorithm, DiffOp, DiffTag, TextDiff, group_diff_ops};

use super::content::{Decoded, Encoding, Endings, decode};
use super::fold::{Folded, common_start, fold};
use super::marks::{Marks, changed_words};
use super::signature;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// How long the search for the shortest diff may take. When it runs out, the diff is still right, only
/// longer than it might be; only texts of many thousand changed lines come near it.
const PATIENCE: Duration = Duration::from_millis(400);

/// What to show of a content that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContentDiff {
    /// At least one of the two is not text.
    Binary,
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
    /// The encoding or the byte order mark differs; `only` where nothing else does.
    Encoding {
        from: Encoding,
        to: Encoding,
        only: bool,
    },
    /// The line ends differ; `only` where nothing else does.
    Endings {
        from: Endings,
        to: Endings,
        only: bool,
    },
    /// The line ends are mixed on both sides, so the diff cannot tell whether they changed too.
    MixedEndings,
    /// The text differs in white space alone.
    WhiteSpace,
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

/// Compares two contents.
pub(super) fn diff(old: &[u8], new: &[u8]) -> ContentDiff {
    match (decode(old), decode(new)) {
        (Some(old), Some(new)) => ContentDiff::Text(compare(&old, &new)),
        _ => ContentDiff::Binary,
    }
}

fn compare(old: &Decoded, new: &Decoded) -> TextChange {
    let mut notes = Vec::new();
    let same_text = old.text == new.text;
    let endings_differ = old.endings != new.endings
        && (same_text || ![old.endings, new.endings].contains(&Endings::None));
    let guessed = |it: &Decoded| it.encoding == Encoding::Windows1252;
    if guessed(old) || guessed(new) {
        notes.push(Note::Guessed(guessed(old), guessed(new)));
    }
    if old.encoding != new.encoding {
        notes.push(Note::Encoding {
            from: old.encoding,
            to: new.encoding,
            only: same_text && !endings_differ,
        });
    }
    let both_mixed = old.endings == Endings::Mixed && new.endings == Endings::Mixed;
    if endings_differ {
        notes.push(Note::Endings {
            from: old.endings,
            to: new.endings,
            only: same_text && old.encoding == new.encoding,
        });
    } else if both_mixed {
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
    let ((old, old_signature), (new, new_signature)) =
        (signature::split(&old.text), signature::split(&new.text));
    if old_signature != new_signature {
        let what = match (old_signature, new_signature) {
            ("", _) => SignatureChange::Added,
            (_, "") => SignatureChange::Removed,
            _ => SignatureChange::Changed,
        };
        notes.push(Note::Signature {
            what,
            only: old == new,
        });
    }
    if old != new && without_white_space(old).eq(without_white_space(new)) {
        notes.push(Note::WhiteSpace);
    }
    TextChange {
        notes,
        hunks: hunks(old, new),
    }
}

fn without_white_space(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| !c.is_whitespace())
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    // Lines end at LF alone, as in git: a CR by itself stays in its line and is shown escaped.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_slices(&old, &new);
    group_diff_ops(diff.ops().to_vec(), CONTEXT)
        .into_iter()
        .map(|ops| hunk(&ops, &old, &new))
        .collect()
}

fn hunk(ops: &[DiffOp], old: &[&str], new: &[&str]) -> Hunk {
    let span = |ranges: Vec<Range<usize>>| {
        let start = ranges.first().map_or(0, |range| range.start);
        start..ranges.last().map_or(start, |range| range.end)
    };
    Hunk {
        old: span(ops.iter().map(DiffOp::old_range).collect()),
        new: span(ops.iter().map(DiffOp::new_range).collect()),
        lines: ops.iter().flat_map(|op| lines(*op, old, new)).collect(),
    }
}

fn lines(op: DiffOp, old: &[&str], new: &[&str]) -> Vec<Line> {
    let old = old.get(op.old_range()).unwrap_or_default();
    let new = new.get(op.new_range()).unwrap_or_default();
    if op.tag() == DiffTag::Equal {
        return old
            .iter()
            .map(|text| line(Side::Both, text, Vec::new(), 0))
            .collect();
    }
    let (old_marks, new_marks) = if op.tag() == DiffTag::Replace {
        changed_words(old, new)
    } else {
        (vec![Vec::new(); old.len()], vec![Vec::new(); new.len()])
    };
    // Where the words of a long line are not marked, its first difference to the line that stands at
    // the same place on the other side is what must not be folded away.
    let side = |side, texts: &[&str], others: &[&str], marks: Marks| {
        texts
            .iter()
            .zip(marks)
            .enumerate()
            .map(|(nth, (text, marks))| {
                let focus = match (marks.first(), others.get(nth)) {
                    (Some(mark), _) => mark.start,
                    (None, Some(other)) if text.len() > super::fold::MOST => {
                        common_start(text, other)
                    }
                    (None, _) => 0,
                };
                line(side, text, marks, focus)
            })
            .collect::<Vec<_>>()
    };
    let mut lines = side(Side::Old, old, new, old_marks);
    lines.extend(side(Side::New, new, old, new_marks));
    lines
}

fn line(side: Side, text: &str, marks: Vec<Range<usize>>, focus: usize) -> Line {
    let (text, ended) = match text.strip_suffix('\n') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let Folded {
        before,
        shown,
        after,
    } = fold(text, focus.min(text.len().saturating_sub(1)));
    let marks = marks
        .into_iter()
        .map(|mark| mark.start.max(shown.start)..mark.end.min(shown.end))
        .filter(|mark| mark.start < mark.end)
        .map(|mark| mark.start - shown.start..mark.end - shown.start)
        .collect();
    Line {
        side,
        text: text.get(shown).unwrap_or_default().to_owned(),
        marks,
        before,
        after,
        ended,
    }
}
