//! Making text from outside harmless to print.
//!
//! What is hidden, moves the cursor or reorders the line is shown as `\u{202e}`; what a build log takes
//! for a command of its own is broken up the same way.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// How many combining marks in a row are shown as they are. Vietnamese and Indic scripts need two;
/// more of them climb over the neighbouring lines.
const MARKS: u8 = 2;

/// Where the text will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Within a line of ours, where it may be wrapped to the start of one. Letters that are written from right to
    /// left would reorder the line around them, so that they are escaped, too.
    Inline,
    /// At the end of a line of ours.
    Last,
    /// Behind the gutter of a diff: tabs are kept, and it can never start a line.
    Content,
    /// There, too, with something of ours after it.
    Cut,
}

impl Place {
    fn is_content(self) -> bool {
        matches!(self, Self::Content | Self::Cut)
    }

    /// Whether nothing of ours comes after it.
    fn is_last(self) -> bool {
        matches!(self, Self::Content | Self::Last)
    }
}

/// `text` for one line of output: whatever could hide, move or reorder something is escaped, line feeds
/// and tabs too.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, Place::Inline)
}

/// A line of a file for one line of output behind a gutter: as [`visible`], but tabs are kept.
pub(crate) fn visible_content(line: &str) -> Cow<'_, str> {
    escaped(line, Place::Content)
}

/// As [`visible_content`], for a line that something of ours follows.
pub(super) fn visible_line(line: &str) -> Cow<'_, str> {
    escaped(line, Place::Cut)
}

/// `text` in double quotes, with `"` and `\` escaped: nothing in it can end the quotation.
pub(crate) fn quoted(text: &str) -> String {
    quoted_at(text, Place::Inline)
}

/// As [`quoted`], for the end of a line: letters that are written from right to left are kept.
pub(super) fn quoted_last(text: &str) -> String {
    quoted_at(text, Place::Last)
}

fn quoted_at(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (_, piece) in pieces(text, place) {
        match piece {
            Piece::Kept(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Piece::Kept(_) | Piece::Escaped(_) => piece.push_to(&mut out),
        }
    }
    out.push('"');
    out
}

/// `text` as one word of a line: as it is where it is plainly one word, [`quoted`] otherwise, so that no
/// name can imitate what stands around it.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@' | '~');
    let inner = |c: char| matches!(c, ':' | '/' | '?' | '=' | '&' | '%');
    let is_word = text.starts_with(|c| plain(c) && !matches!(c, '-' | '+' | '~'))
        && text.chars().all(|c| plain(c) || inner(c))
        && !text.ends_with(':');
    match visible(text) {
        Cow::Borrowed(text) if is_word => Cow::Borrowed(text),
        Cow::Borrowed(_) | Cow::Owned(_) => Cow::Owned(quoted(text)),
    }
}

/// `text` with every dangerous character replaced by harmless ones of exactly as many bytes, so that
/// byte spans into `text` hold in the result too. Line ends and tabs are kept.
pub(crate) fn source_for_display(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = match line.strip_suffix("\r\n") {
            Some(body) => (body, "\r\n"),
            None => match line.strip_suffix('\n') {
                Some(body) => (body, "\n"),
                None => (line, ""),
            },
        };
        for (_, piece) in pieces(body, Place::Content) {
            match piece {
                Piece::Kept(c) => out.push(c),
                Piece::Escaped(c) => out.push_str(match c.len_utf8() {
                    1 => "?",
                    2 => "¿",
                    3 => "\u{fffd}",
                    _ => "\u{fffd}?",
                }),
            }
        }
        out.push_str(end);
    }
    out
}

/// One character of a text on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Harmless where it stands.
    Kept(char),
    /// To be shown by its escape.
    Escaped(char),
}

impl Piece {
    /// Appends the character, or its escape.
    pub(super) fn push_to(self, out: &mut String) {
        match self {
            Self::Kept(c) => out.push(c),
            Self::Escaped('\n') => out.push_str("\\n"),
            Self::Escaped('\r') => out.push_str("\\r"),
            Self::Escaped('\t') => out.push_str("\\t"),
            Self::Escaped(c) => out.extend(c.escape_unicode()),
        }
    }
}

/// The characters of a line of content with their byte offsets, each kept or escaped: as by [`visible_content`], or
/// where something of ours follows the line by [`visible_line`].
pub(super) fn content_pieces(
    line: &str,
    is_followed: bool,
) -> impl Iterator<Item = (usize, Piece)> + '_ {
    let place = if is_followed {
        Place::Cut
    } else {
        Place::Content
    };
    pieces(line, place)
}

/// Whether `c` is dangerous wherever it stands.
pub(crate) fn is_dangerous(c: char) -> bool {
    // Most are, and the table is large.
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let by_category = matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    );
    c != ' ' && (by_category || draws_nothing(c))
}

/// Whether `c` is written from right to left, or is a digit that goes with such letters: the blocks in which
/// Unicode puts these (`DerivedBidiClass.txt`, classes R, AL and AN, with what is not assigned yet).
pub(super) fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// Whether `c` draws nothing although its category does not say so: the letters and marks among
/// Unicode's `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`), and the blank of Braille.
fn draws_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'                               // combining grapheme joiner
            | '\u{115f}' | '\u{1160}'           // Hangul fillers
            | '\u{3164}' | '\u{ffa0}'
            | '\u{17b4}' | '\u{17b5}'           // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}'           // Mongolian variation selectors
            | '\u{fe00}'..='\u{fe0f}'           // variation selectors
            | '\u{e0100}'..='\u{e01ef}'
            | '\u{2800}' // Braille pattern blank
    )
}

fn escaped(text: &str, place: Place) -> Cow<'_, str> {
    if pieces(text, place).all(|(_, piece)| matches!(piece, Piece::Kept(_))) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (_, piece) in pieces(text, place) {
        piece.push_to(&mut out);
    }
    Cow::Owned(out)
}

fn pieces(text: &str, place: Place) -> impl Iterator<Item = (usize, Piece)> + '_ {
    // A mark at the start would combine with our own text before it.
    let mut marks = MARKS;
    let mut after_space = true;
    let mut chars = text.char_indices();
    std::iter::from_fn(move || {
        let (at, c) = chars.next()?;
        let rest = chars.as_str();
        marks = if is_mark(c) {
            marks.saturating_add(1)
        } else {
            0
        };
        let escape = match c {
            '\t' if place.is_content() => false,
            '#' => starts_command(rest),
            ':' => !place.is_content() && after_space && rest.starts_with(':'),
            ' '..='~' => false,
            _ if !place.is_last() && is_right_to_left(c) => true,
            _ => marks > MARKS || is_dangerous(c),
        };
        after_space = c.is_whitespace();
        if escape || c == '\t' {
            marks = MARKS;
        }
        Some((
            at,
            if escape {
                Piece::Escaped(c)
            } else {
                Piece::Kept(c)
            },
        ))
    })
}

fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            c.general_category(),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

/// Whether `#` and `rest` start a command of a build log: `##vso[…]` of Azure Pipelines, `##[…]` of it
/// and of GitHub, `##teamcity[…]`. The agents look for these anywhere in a line, so that no indent
/// protects from them (`TryParse` in `ActionCommand.cs` of actions/runner and `Command.cs` of
/// azure-pipelines-agent). GitHub's `::command::` counts at the start of a line, after white space.
fn starts_command(rest: &str) -> bool {
    rest.strip_prefix('#').is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric())
            .starts_with('[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn harmless_text_is_left_alone() {
        for text in [
            "",
            "collect-triage.ps1",
            "Prüfung 1: [math]::Round(1)",
            "日本語 ελ é e\u{301}\u{302}",
            "😀",
            "# a comment, ## another",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_hides_or_moves_is_shown() {
        for (text, shown) in [
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("\u{9b}31m\u{7f}\u{8}\0", r"\u{9b}31m\u{7f}\u{8}\u{0}"),
            ("x\u{202e}y", r"x\u{202e}y"),
            ("\u{200b}\u{feff}\u{ad}", r"\u{200b}\u{feff}\u{ad}"),
            ("\u{e0041}\u{e000}\u{378}", r"\u{e0041}\u{e000}\u{378}"),
            (
                "a\u{2028}\u{2029}\u{a0}\u{3000}",
                r"a\u{2028}\u{2029}\u{a0}\u{3000}",
            ),
            (
                "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}",
                r"\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}",
            ),
            ("a\u{fe0f}b\u{e0100}", r"a\u{fe0f}b\u{e0100}"),
            (
                "e\u{301}\u{302}\u{303}\u{304}",
                "e\u{301}\u{302}\\u{303}\\u{304}",
            ),
            ("\u{301}e", r"\u{301}e"),
            (
                "::error::x a ::warning::",
                r"\u{3a}:error::x a \u{3a}:warning::",
            ),
            ("x ##vso[task.complete]", r"x \u{23}#vso[task.complete]"),
            (
                "##[error] ###[x] ##teamcity[",
                r"\u{23}#[error] #\u{23}#[x] \u{23}#teamcity[",
            ),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn content_keeps_its_tabs() {
        assert_eq!(visible_content("\ta\r ::x ##[y]"), "\ta\\r ::x \\u{23}#[y]");
    }

    #[test]
    fn right_to_left_letters_reorder_no_line_of_ours() {
        assert_eq!(visible("a \u{5d0} b"), r"a \u{5d0} b");
        assert_eq!(word("\u{627}.ps1"), r#""\u{627}.ps1""#);
        assert_eq!(quoted_last("\u{5d0}\u{661}"), "\"\u{5d0}\u{661}\"");
        assert_eq!(visible_content("\u{5d0}"), "\u{5d0}");
    }

    #[test]
    fn only_plain_words_stand_without_quotes() {
        for text in [
            "a.ps1",
            "alice@contoso.com",
            "2026-01-02T03:04:05Z",
            "Prüfung",
        ] {
            assert_eq!(word(text), text);
        }
        for (text, shown) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a, b", r#""a, b""#),
            (r#"a" → "b"#, r#""a\" → \"b""#),
            (r"a\", r#""a\\""#),
            ("::set-output", r#""\u{3a}:set-output""#),
            ("--- x", r#""--- x""#),
            ("-x", r#""-x""#),
            ("a\u{200b}b", r#""a\u{200b}b""#),
            (r"a\u{200b}", r#""a\\u{200b}""#),
        ] {
            assert_eq!(word(text), shown);
        }
    }

    #[test]
    fn spans_survive_in_displayed_source() {
        assert_eq!(
            source_for_display("a\u{1b}\r\u{ad}\u{202e}\u{e0041}\tä\r\n##vso[x]\n"),
            "a??¿\u{fffd}\u{fffd}?\tä\r\n?#vso[x]\n"
        );
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_through(text in any::<String>()) {
            let shown = visible(&text).into_owned();
            prop_assert!(!shown.chars().any(is_dangerous));
            prop_assert_eq!(visible(&shown), shown.as_str(), "what is shown once is harmless");
            prop_assert!(!quoted(&text).chars().any(is_dangerous));
            prop_assert!(!visible_content(&text).chars().any(|c| c != '\t' && is_dangerous(c)));
        }

        #[test]
        fn every_byte_offset_stays_a_character_boundary(text in any::<String>()) {
            let shown = source_for_display(&text);
            prop_assert_eq!(shown.len(), text.len());
            for (at, _) in text.char_indices() {
                prop_assert!(shown.is_char_boundary(at));
            }
            let ends = |text: &str| text.matches('\n').count();
            prop_assert_eq!(ends(&shown), ends(&text));
        }

        #[test]
        fn quotations_differ_where_texts_do(a in "[\"\\\\u{}0-9 \u{1}\n]{0,8}", b in "[\"\\\\u{}0-9 \u{1}\n]{0,8}") {
            prop_assert_eq!(a == b, quoted(&a) == quoted(&b));
        }
    }
}
