//! A diff as lines of plain text, in the unified form.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::diff::{Hunk, Line, Side};
use super::escape::{content_pieces, is_right_to_left, visible_content, visible_line};
use super::fold::fold_to_width;
use super::size::thousands;

/// The most columns of the line above a hunk: in every form, 80 with what stands before it.
const MOST_HEADER: usize = 72;

/// The line above a hunk: where it is, and what it belongs to as far as there is room.
pub(super) fn header(hunk: &Hunk) -> String {
    let range = |lines: &Range<usize>| {
        // As in git, an empty range is counted from the line before it.
        let start = lines.start + usize::from(!lines.is_empty());
        format!("{start},{}", lines.len())
    };
    let mut header = format!("@@ -{} +{} @@", range(&hunk.old), range(&hunk.new));
    if let Some(heading) = &hunk.heading {
        let heading = visible_line(heading).replace('\t', " ");
        let room = MOST_HEADER.saturating_sub(header.width() + 1);
        header.push(' ');
        header.push_str(&fold_to_width(&heading, room));
    }
    header
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
    // Something of ours follows a line that is cut, and right-to-left letters would reorder it.
    let text = if line.after > 0 {
        visible_line(&line.text)
    } else {
        visible_content(&line.text)
    };
    let mut lines = vec![format!("{}{before}{text}{after}", marker(line.side))];
    lines.extend(marks(line).map(|marks| format!("?{}{marks}", " ".repeat(before.width()))));
    if !line.ended {
        lines.push("\\ No newline at end of file".to_owned());
    }
    lines
}

/// Marks below the changed words of `line`; `None` where there are none.
pub(super) fn marks(line: &Line) -> Option<String> {
    // Where letters run the other way, no column is below another.
    if line.marks.is_empty() || line.text.contains(is_right_to_left) {
        return None;
    }
    let mut marks = String::new();
    let mut shown = String::new();
    for (at, piece) in content_pieces(&line.text) {
        shown.clear();
        piece.push_to(&mut shown);
        let is_marked = line.marks.iter().any(|mark| mark.contains(&at));
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
