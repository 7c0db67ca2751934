//! A changed content in a terminal.

use unicode_width::UnicodeWidthStr as _;

use super::layout::{Page, WIDTH};
use crate::plan::Change;
use crate::render::contents::{Contents, changed_content};
use crate::render::diff::{ContentDiff, Hunk, Line, Side, diff};
use crate::render::escape::content_pieces;
use crate::render::style::Role;
use crate::render::unified;
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
    let plain = (INDENT, (Role::Quiet, ""));
    let Some(old) = contents.get(before) else {
        return page.sentence(plain, INDENT, Role::Quiet, &words::unknown_before(change));
    };
    let Some(new) = contents.get(after) else {
        return page.line(INDENT, [(Role::Quiet, "the new content is not at hand")]);
    };
    match diff(change.name.as_str(), (before, old), (after, new)) {
        ContentDiff::Binary { old, new } => {
            let what = words::split(&words::binary(&old, &new));
            page.sentence(plain, INDENT, Role::Quiet, &what);
            // In full: a reviewer compares them with those that a vendor publishes.
            let (old, new) = (old.sha256.to_string(), new.sha256.to_string());
            page.line(
                INDENT,
                [(Role::Removed, "- sha256 "), (Role::Removed, &old)],
            );
            page.line(INDENT, [(Role::Added, "+ sha256 "), (Role::Added, &new)]);
        }
        ContentDiff::Text(change) => {
            for note in change.notes {
                let note = words::split(&words::note(note));
                page.sentence((INDENT, (Role::Plain, "")), INDENT, Role::Plain, &note);
            }
            for hunk in &change.hunks {
                show(page, hunk);
            }
        }
    }
}

fn show(page: &mut Page, hunk: &Hunk) {
    let header = unified::header(hunk);
    page.line(INDENT, [(Role::Quiet, GUTTER), (Role::Quiet, &header)]);
    for line in &hunk.lines {
        show_line(page, line);
    }
}

fn show_line(page: &mut Page, line: &Line) {
    let (role, marked_role) = match line.side {
        Side::Both => (Role::Plain, Role::Plain),
        Side::Old => (Role::Removed, Role::RemovedWord),
        Side::New => (Role::Added, Role::AddedWord),
    };
    let (before, after) = unified::left_out(line);
    page.indent(INDENT);
    page.styles.paint(&mut page.text, Role::Quiet, GUTTER);
    let marker = unified::marker(line.side);
    page.styles.paint(&mut page.text, role, marker);
    page.styles.paint(&mut page.text, Role::Quiet, &before);
    if line.marks.is_empty() {
        page.styles
            .paint(&mut page.text, role, &unified::text(line));
    } else {
        show_marked(page, line, role, marked_role);
    }
    page.styles.paint(&mut page.text, Role::Quiet, &after);
    page.text.push('\n');
    if !page.styles.color {
        show_marks(page, line);
    }
    if !line.ended {
        let said = [(Role::Quiet, GUTTER), (Role::Quiet, unified::NO_NEWLINE)];
        page.line(INDENT, said);
    }
}

fn show_marked(page: &mut Page, line: &Line, role: Role, marked_role: Role) {
    let paint = |page: &mut Page, marked, text: &str| {
        let role = if marked { marked_role } else { role };
        page.styles.paint(&mut page.text, role, text);
    };
    let (mut marked, mut run) = (false, String::new());
    for (at, piece) in content_pieces(&line.text, line.after > 0) {
        if unified::is_marked(line, at) != marked {
            paint(page, marked, &run);
            run.clear();
            marked = !marked;
        }
        piece.push_to(&mut run);
    }
    paint(page, marked, &run);
}

/// Without colour, a line below marks the words, if it can be read together with the line above.
fn show_marks(page: &mut Page, line: &Line) {
    let width = INDENT + GUTTER.width() + 1 + unified::text(line).width();
    if width > WIDTH || line.before > 0 {
        return;
    }
    if let Some(marks) = unified::marks(line) {
        page.line(
            INDENT,
            [
                (Role::Quiet, GUTTER),
                (Role::Quiet, "?"),
                (Role::Quiet, &marks),
            ],
        );
    }
}
