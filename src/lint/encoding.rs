//! Encodings that whatever runs a script reads as something else.

use super::Checked;
use crate::diagnostics::lints::ENCODING;
use crate::text::{Encoding, Language};

pub(super) fn check(checked: &mut Checked<'_>) {
    let (Some(encoding), Some(language)) = (checked.encoding, checked.language) else {
        return;
    };
    if !checked.wants(&ENCODING) {
        return;
    }
    match (language, encoding) {
        (Language::PowerShell, Encoding::Utf8) => windows_powershell(checked),
        (Language::Shell | Language::Python, Encoding::Utf16Le | Encoding::Utf16Be) => checked
            .tell(
                &ENCODING,
                "is in UTF-16, which does not run",
                "save it as UTF-8 without a byte order mark",
            ),
        (Language::Shell | Language::Python, Encoding::Utf8Bom) => {
            let is_started = language == Language::Shell || checked.text.starts_with("#!");
            if is_started {
                checked.tell(
                    &ENCODING,
                    "begins with a byte order mark, so that its first line is not understood",
                    "save it as UTF-8 without a byte order mark",
                );
            }
        }
        (
            Language::PowerShell,
            Encoding::Utf8Bom | Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Windows1252,
        )
        | (Language::Shell | Language::Python, Encoding::Utf8 | Encoding::Windows1252) => {}
    }
}

/// Windows PowerShell 5.1 reads a script without a byte order mark in the machine's code page
/// (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding>). In comments
/// that harms nobody.
fn windows_powershell(checked: &mut Checked<'_>) {
    if checked.text.is_ascii() {
        return;
    }
    let Some(script) = checked.script() else {
        return;
    };
    let mut chars = checked.text.char_indices();
    let Some((at, c)) = chars.find(|(at, c)| !c.is_ascii() && !script.is_comment(*at)) else {
        return;
    };
    checked.tell_at(
        &ENCODING,
        "is in UTF-8 without a byte order mark, and has characters that Windows PowerShell reads otherwise",
        "save it as UTF-8 with a byte order mark: without one, Windows PowerShell takes the machine's code page",
        Some((at..at + c.len_utf8(), "the first of them")),
    );
}
