//! Text from outside within Markdown. All of it stands in code: there, no renderer of comments makes a link, a
//! mention, an image or a reference of it.

use crate::render::escape::visible;
use crate::render::words::Piece;

/// `text`, made [`visible`], as a code span that can also stand in a cell of a table. A backtick and a `|` are
/// shown by their escapes, so that no parser has to be trusted with them.
pub(super) fn code(text: &str) -> String {
    // Two backticks alone are no code span.
    match bare(text) {
        text if text.is_empty() => "` `".to_owned(),
        text => format!("`{text}`"),
    }
}

/// `text` for a place that is code already, in a fence or a span of backticks.
pub(super) fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '`' | '|' => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

/// A sentence, with what is from outside as code.
pub(super) fn sentence(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Ours(text) => text.replace('_', "\\_"),
        Piece::Theirs(text, after) => format!("{}{after}", code(text)),
    };
    pieces.iter().map(piece).collect::<Vec<_>>().join(" ")
}

/// A message of ours, in which `names` from outside stand between backticks: prose with code in it, or where a
/// name has backticks of its own, code as a whole. Not for tables.
pub(super) fn message<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<_> = text.split('`').collect();
    let is_prose = names.into_iter().all(|name| !name.contains('`'))
        && parts.len() % 2 == 1
        && parts.iter().step_by(2).all(|part| is_plain(part));
    if !is_prose {
        return long_code(text);
    }
    let part = |(nth, part): (usize, &&str)| {
        if nth % 2 == 0 {
            (*part).to_owned()
        } else {
            code(part)
        }
    };
    parts.iter().enumerate().map(part).collect()
}

/// A code span between more backticks than `text` has in a row.
fn long_code(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    // A backtick at either end would become part of the fence; the spaces are not shown.
    format!("{fence} {text} {fence}")
}

/// How often `c` stands in a row in `text` at the most.
pub(super) fn longest_run(text: &str, c: char) -> usize {
    let runs = text.split(|other| other != c).map(str::len);
    runs.max().unwrap_or(0) / c.len_utf8()
}

/// Whether `text` means itself wherever it stands in a line, but at its start.
fn is_plain(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = chars.peek().is_none_or(|next| *next == ' ');
        let plain = match c {
            ' ' | ',' | ';' | '(' | ')' | '\'' => true,
            '.' | ':' => ends,
            '-' => before.is_ascii_alphanumeric(),
            _ => c.is_ascii_alphanumeric(),
        };
        if !plain {
            return false;
        }
        before = c;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_code() {
        for (text, shown) in [
            ("a.ps1", "`a.ps1`"),
            ("", "` `"),
            ("a`b|c", r"`a\u{60}b\u{7c}c`"),
            ("@everyone <b>", "`@everyone <b>`"),
            ("a\n# b", r"`a\n# b`"),
        ] {
            assert_eq!(code(text), shown);
        }
    }

    #[test]
    fn words_of_ours_are_not() {
        let pieces = [
            Piece::Ours("has_parameters".to_owned()),
            Piece::Theirs("you".to_owned(), ";"),
        ];
        assert_eq!(sentence(&pieces), r"has\_parameters `you`;");
    }

    #[test]
    fn a_message_is_prose_unless_a_name_could_end_its_quotation() {
        let text = "`a.ps1` is protected and would be deleted";
        assert_eq!(message(text, ["a.ps1"]), text);
        let text = "`a` is fine; `b` is protected";
        assert_eq!(
            message(text, ["a` is fine; `b"]),
            "`` `a` is fine; `b` is protected ``"
        );
        assert_eq!(message("see www.x.y", []), "` see www.x.y `");
    }

    #[test]
    fn runs_are_counted() {
        assert_eq!(longest_run("a``b```c`", '`'), 3);
        assert_eq!(longest_run("abc", '`'), 0);
    }
}
