//! The name of a file in a library.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;

/// The name of a file in a library. Orders by code point; compares with case, as far as is known the
/// API does too, but see [`Name::folded`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Arc<str>);

/// Why a name cannot be given to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidName {
    /// Nothing at all.
    #[error("it is empty")]
    Empty,
    /// Longer than [`Name::MAX_BYTES`].
    #[error("it has {0} bytes, and {max} are the most", max = Name::MAX_BYTES)]
    TooLong(usize),
    /// `.` or `..`, which the API's path would resolve away.
    #[error("`.` and `..` mean folders")]
    Dots,
    /// A `/` or `\`, which would be a path on the machine that the file is put on.
    #[error("it contains `{0}`, which separates folders")]
    Separator(char),
    /// A control character.
    #[error("it contains the control character {}", .0.escape_unicode())]
    Control(char),
    /// A character that Windows has in no name; `:` would be a stream of another file, which no listing shows.
    #[error("it contains `{0}`, which Windows reserves")]
    Reserved(char),
    /// A device name of Windows, such as `con` or `nul.ps1`.
    #[error("Windows reserves `{0}` for a device")]
    Device(String),
    /// White space at either end, or a dot at the end: Windows drops them.
    #[error("it starts with a space, or ends with a space or a dot, which Windows drops")]
    Edge,
}

impl Name {
    /// The longest name, in bytes of UTF-8: what common file systems carry.
    pub(crate) const MAX_BYTES: usize = 255;

    /// A name for a file that jumpbag shall put in a library.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidName::TooLong(text.len()));
        }
        // Nearly all are of these, so that little can be wrong with them.
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.bytes().all(is_plain) && !text.ends_with('.') {
            return Self::unless_device(text);
        }
        if text == "." || text == ".." {
            return Err(InvalidName::Dots);
        }
        if let Some(separator) = text.chars().find(|c| matches!(c, '/' | '\\')) {
            return Err(InvalidName::Separator(separator));
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(InvalidName::Control(control));
        }
        if let Some(reserved) = text.chars().find(|c| r#"<>:"|?*"#.contains(*c)) {
            return Err(InvalidName::Reserved(reserved));
        }
        if text.starts_with(char::is_whitespace)
            || text.ends_with(char::is_whitespace)
            || text.ends_with('.')
        {
            return Err(InvalidName::Edge);
        }
        Self::unless_device(text)
    }

    fn unless_device(text: &str) -> Result<Self, InvalidName> {
        let stem = text.split('.').next().unwrap_or(text).trim_end();
        if is_device(stem) {
            return Err(InvalidName::Device(stem.to_owned()));
        }
        Ok(Self(text.into()))
    }

    /// A name that is already in a library or a state: whatever it is, it has to work.
    pub(crate) fn existing(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The name as it is.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without case, and with each character encoded in the one canonical way. Two names of one library
    /// must differ in this too: the machines that the files are put on do not tell them apart (Windows and macOS
    /// in case, macOS in encoding), and whether the API does is not documented.
    pub(crate) fn folded(&self) -> Cow<'_, str> {
        if !self.0.is_ascii() {
            Cow::Owned(folded(&self.0))
        } else if self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(self.0.to_ascii_lowercase())
        } else {
            Cow::Borrowed(&self.0)
        }
    }

    /// In what alone a name differs from `other`, which is the same [`Self::folded`].
    pub(crate) fn differs_in(&self, other: &Self) -> &'static str {
        if self.0.to_lowercase() == other.0.to_lowercase() {
            "case"
        } else if self.0.nfc().eq(other.0.nfc()) {
            "encoding"
        } else {
            "case and encoding"
        }
    }
}

fn folded(text: &str) -> String {
    // Lower case may come apart again (`İ`), and what comes together may have one.
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    lower.nfc().collect()
}

/// Whether Windows takes `stem` for a device:
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
fn is_device(stem: &str) -> bool {
    // The longest is `CONOUT$`.
    if stem.len() > 7 {
        return false;
    }
    let stem = stem.to_ascii_uppercase();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) {
        return true;
    }
    let Some(number) = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"))
    else {
        return false;
    };
    let mut digits = number.chars();
    matches!(digits.next(), Some('1'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_taken_as_they_are() {
        for text in [
            "a",
            "collect-triage.ps1",
            "Prüfung 1.ps1",
            "a;b%20'c'.sh",
            "common.sh",
            "com10",
        ] {
            assert_eq!(
                Name::new(text).map(|name| name.to_string()),
                Ok(text.to_owned())
            );
        }
        assert!(Name::new(&"x".repeat(255)).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_to_fold_a_name_leads_to_the_same(text in "[\\x00-\\x7f]{0,40}") {
            assert_eq!(Name::existing(text.as_str()).folded(), folded(&text));
        }
    }

    #[test]
    fn names_that_machines_do_not_tell_apart_are_the_same_folded() {
        for (one, other, what) in [
            ("A.ps1", "a.PS1", "case"),
            ("\u{fc}", "u\u{308}", "encoding"),
            ("\u{dc}", "u\u{308}", "case and encoding"),
            ("e\u{323}\u{301}", "e\u{301}\u{323}", "encoding"),
        ] {
            let [one, other] = [one, other].map(Name::existing);
            assert_eq!(one.folded(), other.folded());
            assert_eq!(one.differs_in(&other), what);
        }
        assert_ne!(Name::existing("\u{ff41}").folded(), "a");
    }

    #[test]
    fn what_cannot_be_sent_or_put_is_refused() {
        let cases = [
            ("", InvalidName::Empty),
            (".", InvalidName::Dots),
            ("..", InvalidName::Dots),
            ("a/b", InvalidName::Separator('/')),
            ("a\\b", InvalidName::Separator('\\')),
            ("a\nb", InvalidName::Control('\n')),
            ("a\u{9b}b", InvalidName::Control('\u{9b}')),
            ("a:b", InvalidName::Reserved(':')),
            ("a\"b", InvalidName::Reserved('"')),
            ("con", InvalidName::Device("con".into())),
            ("NUL.ps1", InvalidName::Device("NUL".into())),
            ("lpt9.tar.gz", InvalidName::Device("lpt9".into())),
            (" a", InvalidName::Edge),
            ("a.", InvalidName::Edge),
        ];
        for (text, error) in cases {
            assert_eq!(Name::new(text), Err(error), "{text}");
        }
        assert_eq!(Name::new(&"é".repeat(128)), Err(InvalidName::TooLong(256)));
    }
}
