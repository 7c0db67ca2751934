//! Characters that do not show, or reorder what does.

use super::Checked;
use crate::diagnostics::lints::HIDDEN_CHARACTERS;
use crate::text::{Language, is_hidden};

const HELP: &str = "take them away, or write them as an escape: what is reviewed must be what runs";

pub(super) fn check(checked: &mut Checked<'_>) {
    if !checked.wants(&HIDDEN_CHARACTERS) {
        return;
    }
    if checked.is_opaque && Language::of_name(checked.name).is_some() {
        checked.tell(
            &HIDDEN_CHARACTERS,
            "is a script by its name, and has NUL bytes, so that nothing else in it was looked at",
            "save it as text: what runs it reads more than a reviewer sees",
        );
    }
    let hidden = hidden(&checked.text);
    if let Some((at, c)) = hidden.first().copied() {
        let is = match hidden.len() {
            1 => format!("has the hidden character U+{:04X}", u32::from(c)),
            more => format!(
                "has {more} hidden characters, the first is U+{:04X}",
                u32::from(c)
            ),
        };
        let place = (at..at + c.len_utf8(), "here");
        checked.tell_at(&HIDDEN_CHARACTERS, &is, HELP, Some(place));
    }
    let file = checked.file;
    for (what, text) in [
        ("description", &file.description),
        ("parameters description", &file.parameters_description),
    ] {
        let hidden = self::hidden(text.as_deref().unwrap_or_default());
        if let Some((_, c)) = hidden.first() {
            let is = format!(
                "has the hidden character U+{:04X} in its {what}",
                u32::from(*c)
            );
            checked.tell(&HIDDEN_CHARACTERS, &is, HELP);
        }
    }
}

/// A CR that is no part of a line's end is one of them: what stands before it in its line may not show.
fn hidden(text: &str) -> Vec<(usize, char)> {
    let mut before = None;
    let mut hidden = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_lone = c == '\r' && chars.peek().is_some_and(|(_, next)| *next != '\n');
        if is_hidden(before.replace(c), c) || is_lone {
            hidden.push((at, c));
        }
    }
    hidden
}
