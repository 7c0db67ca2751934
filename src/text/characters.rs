//! Characters that do not show, or that have others show somewhere else.

/// Whether `c`, which follows `before`, is in no text on purpose without a reason that its reader should know: it draws
/// nothing, or it reorders the line (CVE-2021-42574). Line breaks and tabs are not, nor is what joins an emoji.
pub(crate) fn is_hidden(before: Option<char>, c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{c}' => false,
        // The joiner and the variation selectors of emoji, such as 👩‍💻 and ❤️.
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => !before.is_some_and(is_pictorial),
        _ => {
            c.is_control()
                || matches!(
                    c,
                    '\u{ad}'
                        | '\u{34f}'
                        | '\u{61c}'
                        | '\u{115f}' | '\u{1160}'
                        | '\u{17b4}' | '\u{17b5}'
                        | '\u{180b}'..='\u{180f}'
                        | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
                        | '\u{2028}'..='\u{202e}'
                        | '\u{2060}'..='\u{206f}'
                        | '\u{2800}'
                        | '\u{3164}'
                        | '\u{feff}'
                        | '\u{ffa0}'
                        | '\u{fff9}'..='\u{fffb}'
                        | '\u{1bca0}'..='\u{1bca3}'
                        | '\u{1d173}'..='\u{1d17a}'
                        | '\u{e0000}'..='\u{e0fff}'
                )
        }
    }
}

/// Whether `c` may be drawn as a picture, which a joiner or a variation selector can follow.
fn is_pictorial(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<char> {
        let mut before = None;
        text.chars()
            .filter(|c| is_hidden(before.replace(*c), *c))
            .collect()
    }

    #[test]
    fn what_is_written_on_purpose_is_not_hidden() {
        for text in [
            "tab\tline\r\nform\u{c}feed",
            "Prüfung, 日本語, עברית, e\u{301}",
            "👩\u{200d}💻 ❤\u{fe0f} 👨\u{200d}👩\u{200d}👧 1\u{20e3}",
            "no\u{a0}break",
        ] {
            assert_eq!(hidden(text), Vec::<char>::new(), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_show_or_reorders_is_hidden() {
        for c in [
            '\0',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{1d173}',
            '\u{200b}',
            '\u{feff}',
            '\u{ad}',
            '\u{8}',
            '\u{1b}',
            '\u{3164}',
            '\u{e0041}',
            '\u{200d}',
            '\u{fe0f}',
        ] {
            assert_eq!(hidden(&format!("a{c}b")), [c], "{c:?}");
        }
    }
}
