//! The changed lines of a text with what is around them.

use std::ops::Range;

use super::diff::{Hunk, Line, Side};
use super::edits::{self, Edit};
use super::fold::{Folded, MOST, common_start, fold};
use super::heading::headings;
use super::marks::{self, Marks, changed_words};
use crate::text::Language;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// What makes `old` into `new`, in hunks with headings where the language is known.
pub(super) fn hunks(old: &str, new: &str, language: Option<Language>) -> Vec<Hunk> {
    // Lines end at LF alone, as in git: a CR by itself stays in its line and is shown escaped.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let groups = groups(edits::of_lines(&old, &new));
    let mut hunks = Hunks {
        old: &old,
        new: &new,
        with_marks: true,
    };
    let replaced = groups.iter().flatten().filter(|edit| is_replacement(edit));
    hunks.with_marks = marks::are_worthwhile(replaced.map(|edit| hunks.bytes(edit)));
    // The line that runs is the new one, so its surroundings name the hunk.
    let firsts = groups.iter().filter_map(|group| group.first());
    let places = firsts.map(|edit| (edit.new.start, hunks.first_line(edit)));
    let mut headings = language
        .map(|language| headings(language, &new, places))
        .unwrap_or_default()
        .into_iter();
    groups
        .iter()
        .map(|group| hunks.hunk(group, headings.next().flatten()))
        .collect()
}

/// `edits` in groups whose context touches.
fn groups(edits: Vec<Edit>) -> Vec<Vec<Edit>> {
    let mut groups: Vec<Vec<Edit>> = Vec::new();
    for edit in edits {
        let last = groups.last_mut().filter(|group| {
            group
                .last()
                .is_some_and(|last| edit.old.start - last.old.end <= 2 * CONTEXT)
        });
        match last {
            Some(group) => group.push(edit),
            None => groups.push(vec![edit]),
        }
    }
    groups
}

fn is_replacement(edit: &Edit) -> bool {
    !edit.old.is_empty() && !edit.new.is_empty()
}

/// The lines of both sides.
struct Hunks<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    with_marks: bool,
}

impl<'a> Hunks<'a> {
    fn of(&self, edit: &Edit) -> (&'a [&'a str], &'a [&'a str]) {
        (
            self.old.get(edit.old.clone()).unwrap_or_default(),
            self.new.get(edit.new.clone()).unwrap_or_default(),
        )
    }

    fn bytes(&self, edit: &Edit) -> usize {
        let (old, new) = self.of(edit);
        old.iter().chain(new).map(|line| line.len()).sum()
    }

    fn first_line(&self, edit: &Edit) -> &'a str {
        let (old, new) = self.of(edit);
        new.first().or(old.first()).copied().unwrap_or_default()
    }

    fn hunk(&self, edits: &[Edit], heading: Option<String>) -> Hunk {
        let empty = Edit {
            old: 0..0,
            new: 0..0,
        };
        let first = edits.first().unwrap_or(&empty);
        let last = edits.last().unwrap_or(&empty);
        // Both sides have as many lines before the first and after the last edit as they share.
        let above = first.old.start.min(first.new.start).min(CONTEXT);
        let below = (self.old.len() - last.old.end)
            .min(self.new.len() - last.new.end)
            .min(CONTEXT);
        let mut lines = Vec::new();
        let mut at = first.old.start - above;
        for edit in edits {
            self.push_context(at..edit.old.start, &mut lines);
            self.push_edit(edit, &mut lines);
            at = edit.old.end;
        }
        self.push_context(at..at + below, &mut lines);
        Hunk {
            old: first.old.start - above..last.old.end + below,
            new: first.new.start - above..last.new.end + below,
            heading,
            lines,
        }
    }

    fn push_context(&self, range: Range<usize>, lines: &mut Vec<Line>) {
        let context = self.old.get(range).unwrap_or_default();
        lines.extend(
            context
                .iter()
                .map(|text| line(Side::Both, text, Vec::new(), 0)),
        );
    }

    fn push_edit(&self, edit: &Edit, lines: &mut Vec<Line>) {
        let (old, new) = self.of(edit);
        let (old_marks, new_marks) = if self.with_marks && is_replacement(edit) {
            changed_words(old, new)
        } else {
            (vec![Vec::new(); old.len()], vec![Vec::new(); new.len()])
        };
        // Where the words of a long line are not marked, its first difference to the line that stands at
        // the same place on the other side is what must not be folded away.
        let mut side = |side, texts: &[&str], others: &[&str], marks: Marks| {
            for (nth, (text, marks)) in texts.iter().zip(marks).enumerate() {
                let focus = match (marks.first(), others.get(nth)) {
                    (Some(mark), _) => mark.start,
                    (None, Some(other)) if text.len() > MOST => common_start(text, other),
                    (None, _) => 0,
                };
                lines.push(line(side, text, marks, focus));
            }
        };
        side(Side::Old, old, new, old_marks);
        side(Side::New, new, old, new_marks);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of the lines of `hunk` that one side has.
    fn side(hunk: &Hunk, other: Side) -> String {
        let lines = hunk.lines.iter().filter(|line| line.side != other);
        lines
            .flat_map(|line| [line.text.as_str(), if line.ended { "\n" } else { "" }])
            .collect()
    }

    fn text() -> impl Strategy<Value = String> {
        let lines = ["a\n", "b\n", "\n", "{\n", "}\n", "  c", "d\n"];
        prop::collection::vec(prop::sample::select(lines.to_vec()), 0..60)
            .prop_map(|it| it.concat())
    }

    proptest! {
        #[test]
        fn the_hunks_and_what_is_between_them_are_both_texts(old in text(), new in text()) {
            let old_lines: Vec<_> = old.split_inclusive('\n').collect();
            let new_lines: Vec<_> = new.split_inclusive('\n').collect();
            let (mut old_at, mut new_at) = (0, 0);
            let hunks = hunks(&old, &new, None);
            for hunk in &hunks {
                prop_assert_eq!(&old_lines[old_at..hunk.old.start], &new_lines[new_at..hunk.new.start]);
                prop_assert_eq!(side(hunk, Side::New), old_lines[hunk.old.clone()].concat());
                prop_assert_eq!(side(hunk, Side::Old), new_lines[hunk.new.clone()].concat());
                (old_at, new_at) = (hunk.old.end, hunk.new.end);
            }
            prop_assert_eq!(&old_lines[old_at..], &new_lines[new_at..]);
            prop_assert_eq!(hunks.is_empty(), old == new);
        }
    }
}
