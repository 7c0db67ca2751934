//! A changed content in a terminal.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::layout::{Page, WIDTH};
use crate::plan::Change;
use crate::render::contents::{Contents, changed_content};
use crate::render::diff::{ContentDiff, Hunk, Line, Side, diff};
use crate::render::escape::content_pieces;
use crate::render::size::{sizes, thousands};
use crate::render::style::Role;
use crate::render::words;

/// Where everything about a change stands.
pub(super) const INDENT: usize = 6;
/// Before every line of a diff. What follows it is ` `, `-` or `+` for a line of the content, and
/// anything else for a line of ours, so that no content looks like ours.
const GUTTER: &str = "│ ";

/// Shows how the content of a file changes, if it does.
pub(super) fn content(page: &mut Page, change: &Change, contents: &Contents) {
    let Some((before, after)) = changed_content(change) else {
        return;
    };
    let say = |page: &mut Page, text: &str| page.line(INDENT, [(Role::Quiet, text)]);
    let Some(old) = contents.get(before) else {
        return say(
            page,
            "previous content not at hand (the API offers no download)",
        );
    };
    let Some(new) = contents.get(after) else {
        return say(page, "new content not at hand");
    };
    match diff(old, new) {
        ContentDiff::Binary => {
            let sizes = sizes(old.len() as u64, new.len() as u64);
            say(page, &format!("binary, {sizes}"));
        }
        ContentDiff::Text(change) => {
            for note in change.notes {
                page.line(INDENT, [(Role::Plain, words::note(note).as_str())]);
            }
            for hunk in &change.hunks {
                show(page, hunk);
            }
        }
    }
}

fn show(page: &mut Page, hunk: &Hunk) {
    let range = |lines: &Range<usize>| {
        // As in git, an empty range is counted from the line before it.
        let start = lines.start + usize::from(!lines.is_empty());
        format!("{start},{}", lines.len())
    };
    let header = format!("@@ -{} +{} @@", range(&hunk.old), range(&hunk.new));
    page.line(INDENT, [(Role::Quiet, GUTTER), (Role::Quiet, &header)]);
    for line in &hunk.lines {
        show_line(page, line);
    }
}

fn show_line(page: &mut Page, line: &Line) {
    let (marker, role, marked_role) = match line.side {
        Side::Both => (" ", Role::Plain, Role::Plain),
        Side::Old => ("-", Role::Removed, Role::RemovedWord),
        Side::New => ("+", Role::Added, Role::AddedWord),
    };
    page.indent(INDENT);
    page.styles.paint(&mut page.text, Role::Quiet, GUTTER);
    page.styles.paint(&mut page.text, role, marker);
    if line.before > 0 {
        let left_out = format!("({} more characters) …", thousands(line.before as u64));
        page.styles.paint(&mut page.text, Role::Quiet, &left_out);
    }
    let mut pending = (false, String::new());
    let mut shadow = String::new();
    for (at, piece) in content_pieces(&line.text) {
        let marked = line.marks.iter().any(|mark| mark.contains(&at));
        if marked != pending.0 {
            let role = if pending.0 { marked_role } else { role };
            page.styles.paint(&mut page.text, role, &pending.1);
            pending = (marked, String::new());
        }
        let shown_from = pending.1.len();
        piece.push_to(&mut pending.1);
        shadow.extend(
            pending
                .1
                .get(shown_from..)
                .unwrap_or_default()
                .chars()
                .map(|c| (c, c.width().unwrap_or(0)))
                .flat_map(|(c, width)| {
                    let (c, width) = match (c, marked) {
                        ('\t', _) => ('\t', 1),
                        (_, true) => ('^', width),
                        (_, false) => (' ', width),
                    };
                    std::iter::repeat_n(c, width)
                }),
        );
    }
    let role = if pending.0 { marked_role } else { role };
    page.styles.paint(&mut page.text, role, &pending.1);
    if line.after > 0 {
        let left_out = format!("… ({} more characters)", thousands(line.after as u64));
        page.styles.paint(&mut page.text, Role::Quiet, &left_out);
    }
    page.text.push('\n');
    // Without colour, a line below marks the words, if it can be read together with the line above.
    let fits = INDENT + 3 + shadow.len() <= WIDTH && line.before == 0;
    if !page.styles.color && fits && shadow.contains('^') {
        page.line(
            INDENT,
            [
                (Role::Quiet, GUTTER),
                (Role::Quiet, "?"),
                (Role::Quiet, shadow.trim_end()),
            ],
        );
    }
    if !line.ended {
        page.line(
            INDENT,
            [
                (Role::Quiet, GUTTER),
                (Role::Quiet, "\\ No newline at end of file"),
            ],
        );
    }
}
