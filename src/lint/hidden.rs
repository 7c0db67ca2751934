//! Characters that do not show, or reorder what does.

use super::Checked;
use crate::diagnostics::lints::HIDDEN_CHARACTERS;
use crate::text::is_hidden;

const HELP: &str = "take them away, or write them as an escape: what is reviewed must be what runs";

pub(super) fn check(checked: &mut Checked<'_>) {
    if !checked.wants(&HIDDEN_CHARACTERS) {
        return;
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

fn hidden(text: &str) -> Vec<(usize, char)> {
    let mut before = None;
    let chars = text.char_indices();
    chars
        .filter(|(_, c)| is_hidden(before.replace(*c), *c))
        .collect()
}
