//! A diff as lines of plain text, in the unified form.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::diff::{Hunk, Line, Side};
use super::escape::{content_pieces, is_right_to_left, visible_content, visible_line};
use super::fold::fold_to_width;
use super::size::thousands;

/// The most columns of the line above a hunk: in every form, 80 with what stands before it.
const MOST_HEADER: usize = 72;
/// Below a line that does not end, as git says it.
pub(super) const NO_NEWLINE: &str = "\\ No newline at end of file";

/// The line above a hunk: where it is, and what it belongs to as far as there is room.
pub(super) fn header(hunk: &Hunk) -> String {
    let (place, heading) = header_parts(hunk);
    match heading {
        Some(heading) => format!("{place} {heading}"),
        None => place,
    }
}

/// As [`header`]: what of it is ours, and what is from the text, escaped.
pub(super) fn header_parts(hunk: &Hunk) -> (String, Option<String>) {
    let range = |lines: &Range<usize>| {
        // As in git, an empty range is counted from the line before it.
        let start = lines.start + usize::from(!lines.is_empty());
        format!("{start},{}", lines.len())
    };
    let place = format!("@@ -{} +{} @@", range(&hunk.old), range(&hunk.new));
    let room = MOST_HEADER.saturating_sub(place.width() + 1);
    let heading = hunk.heading.as_ref().map(|heading| {
        let heading = visible_line(heading).replace('\t', " ");
        fold_to_width(&heading, room)
    });
    (place, heading)
}

/// How a line of a content starts, by which side has it. Lines of ours start otherwise.
pub(super) fn marker(side: Side) -> &'static str {
    match side {
        Side::Both => " ",
        Side::Old => "-",
        Side::New => "+",
    }
}

/// What stands for the characters that are left out before and after a line's text.
pub(super) fn left_out(line: &Line) -> (String, String) {
    let count = |count: usize| format!("({} more characters)", thousands(count as u64));
    let before = (line.before > 0).then(|| format!("{} …", count(line.before)));
    let after = (line.after > 0).then(|| format!("… {}", count(line.after)));
    (before.unwrap_or_default(), after.unwrap_or_default())
}

/// `line` with everything dangerous escaped, and the lines of ours that belong to it: one that starts with `?` and
/// marks the changed words, and git's word on a line that does not end.
pub(super) fn lines(line: &Line) -> Vec<String> {
    let (before, after) = left_out(line);
    let text = text(line);
    let mut lines = vec![format!("{}{before}{text}{after}", marker(line.side))];
    lines.extend(marks(line).map(|marks| format!("?{}{marks}", " ".repeat(before.width()))));
    if !line.ended {
        lines.push(NO_NEWLINE.to_owned());
    }
    lines
}

/// The text of a line with everything dangerous escaped. Something of ours follows a line that is cut, and right-to-left
/// letters would reorder it.
pub(super) fn text(line: &Line) -> Cow<'_, str> {
    if line.after > 0 {
        visible_line(&line.text)
    } else {
        visible_content(&line.text)
    }
}

/// Whether a byte of a line's text is in a word that changed.
pub(super) fn is_marked(line: &Line, at: usize) -> bool {
    line.marks.iter().any(|mark| mark.contains(&at))
}

/// Marks below the changed words of `line`; `None` where there are none.
pub(super) fn marks(line: &Line) -> Option<String> {
    // Where letters run the other way, no column is below another.
    if line.marks.is_empty() || line.text.contains(is_right_to_left) {
        return None;
    }
    let mut marks = String::new();
    let mut shown = String::new();
    for (at, piece) in content_pieces(&line.text, line.after > 0) {
        shown.clear();
        piece.push_to(&mut shown);
        let is_marked = is_marked(line, at);
        match shown.as_str() {
            "\t" => marks.push('\t'),
            shown => {
                let mark = if is_marked { '^' } else { ' ' };
                marks.extend(std::iter::repeat_n(mark, shown.width()));
            }
        }
    }
    let marks = marks.trim_end();
    (!marks.is_empty()).then(|| marks.to_owned())
}
