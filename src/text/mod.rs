//! From bytes to text, without losing what differs, and what a text is made of.

mod characters;
mod glance;
mod language;
pub(crate) mod signature;

use std::borrow::Cow;

pub(crate) use characters::is_hidden;
pub(crate) use glance::Glance;
pub(crate) use language::Language;

/// How a text is written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    /// Guessed, for want of anything better: every byte has a meaning in it.
    Windows1252,
}

impl Encoding {
    /// Its name for a person.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with BOM",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// What a text in it is called.
    pub(crate) fn as_text(self) -> &'static str {
        match self {
            Self::Utf8 | Self::Utf8Bom => "UTF-8 text",
            Self::Utf16Le | Self::Utf16Be => "UTF-16 text",
            Self::Windows1252 => "text, perhaps Windows-1252",
        }
    }
}

/// How the lines of a text end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endings {
    /// There is no line end.
    None,
    Lf,
    CrLf,
    Mixed,
}

impl Endings {
    /// Its name for a person.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lf => "LF",
            Self::CrLf => "CRLF",
            Self::Mixed => "mixed",
        }
    }
}

/// A content that is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The text with LF for CRLF. A CR by itself is left in: PowerShell ends a line there.
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
    pub(crate) endings: Endings,
    /// Where the ends are mixed, which of them are CRLF, by line; otherwise empty.
    pub(crate) mixture: Vec<bool>,
}

/// The characters of `bytes` without a byte order mark, and how they are written; `None` for what is not text: a NUL
/// byte, or UTF-16 that is not valid.
pub(crate) fn characters(bytes: &[u8]) -> Option<(Encoding, Cow<'_, str>)> {
    let (encoding, text) = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let text = utf16(rest, u16::from_le_bytes)?;
            (Encoding::Utf16Le, Cow::Owned(text))
        }
        [0xfe, 0xff, rest @ ..] => {
            let text = utf16(rest, u16::from_be_bytes)?;
            (Encoding::Utf16Be, Cow::Owned(text))
        }
        // Most of what is not text is recognised here, and at once.
        _ if bytes.contains(&0) => return None,
        _ => single_bytes(bytes),
    };
    (!text.contains('\0')).then_some((encoding, text))
}

/// [`characters()`] of what its reader takes for text whatever it is: NUL is a character as any other, and what is wrong in UTF-16 is
/// U+FFFD.
fn characters_of_any(bytes: &[u8]) -> (Encoding, Cow<'_, str>) {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, _) = bytes.as_chunks::<2>();
        let chars = char::decode_utf16(units.iter().copied().map(unit));
        chars.map(|it| it.unwrap_or('\u{fffd}')).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => (Encoding::Utf16Le, wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => (Encoding::Utf16Be, wide(rest, u16::from_be_bytes)),
        _ => single_bytes(bytes),
    }
}

/// The characters of a content as whoever runs it takes them: what says so in its first line is run, whatever else is in it. `None` for
/// what is neither text nor that.
pub(crate) fn characters_of_file(bytes: &[u8]) -> Option<(Encoding, Cow<'_, str>)> {
    let is_run = matches!(
        bytes,
        [b'#', b'!', ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]
    );
    characters(bytes).or_else(|| is_run.then(|| characters_of_any(bytes)))
}

/// The characters of what is not UTF-16.
fn single_bytes(bytes: &[u8]) -> (Encoding, Cow<'_, str>) {
    if let [0xef, 0xbb, 0xbf, rest @ ..] = bytes
        && let Ok(text) = str::from_utf8(rest)
    {
        return (Encoding::Utf8Bom, Cow::Borrowed(text));
    }
    match str::from_utf8(bytes) {
        Ok(text) => (Encoding::Utf8, Cow::Borrowed(text)),
        Err(_) => (
            Encoding::Windows1252,
            bytes.iter().copied().map(windows_1252).collect(),
        ),
    }
}

/// The text of `bytes`; `None` for what is not text, as by [`characters()`].
///
/// No two contents are decoded to the same.
pub(crate) fn decode(bytes: &[u8]) -> Option<Decoded> {
    let (encoding, text) = characters(bytes)?;
    let (all, crlf) = (text.matches('\n').count(), text.matches("\r\n").count());
    let endings = match (all, crlf) {
        (0, _) => Endings::None,
        (_, 0) => Endings::Lf,
        _ if all == crlf => Endings::CrLf,
        _ => Endings::Mixed,
    };
    let is_crlf = |line: &str| line.ends_with("\r\n");
    let mixture = if endings == Endings::Mixed {
        text.split_inclusive('\n').map(is_crlf).collect()
    } else {
        Vec::new()
    };
    let text = if crlf > 0 {
        text.replace("\r\n", "\n")
    } else {
        text.into_owned()
    };
    Some(Decoded {
        text,
        encoding,
        endings,
        mixture,
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(units.iter().copied().map(unit))
        .collect::<Result<_, _>>()
        .ok()
}

/// The character of a byte, by <https://encoding.spec.whatwg.org/index-windows-1252.txt>, where the five
/// undefined bytes stand for the control characters of the same number.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80)
        .and_then(|at| HIGH.get(usize::from(at)))
        .copied()
        .unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(bytes: &[u8]) -> (String, &'static str, &'static str) {
        let it = decode(bytes).unwrap();
        (it.text, it.encoding.as_str(), it.endings.as_str())
    }

    #[test]
    fn every_encoding_is_recognised() {
        assert_eq!(shape(b""), (String::new(), "UTF-8", "none"));
        assert_eq!(shape("ä\n".as_bytes()), ("ä\n".to_owned(), "UTF-8", "LF"));
        assert_eq!(
            shape(b"\xef\xbb\xbfa\r\n"),
            ("a\n".to_owned(), "UTF-8 with BOM", "CRLF")
        );
        assert_eq!(
            shape(b"\xff\xfea\0\r\0\n\0"),
            ("a\n".to_owned(), "UTF-16 LE", "CRLF")
        );
        assert_eq!(
            shape(b"\xfe\xff\0a\0\n"),
            ("a\n".to_owned(), "UTF-16 BE", "LF")
        );
        assert_eq!(
            shape(b"\x80\xe4\x81\n"),
            ("€ä\u{81}\n".to_owned(), "Windows-1252", "LF")
        );
        assert_eq!(shape(b"a\r\nb\n"), ("a\nb\n".to_owned(), "UTF-8", "mixed"));
        assert_eq!(shape(b"a\rb"), ("a\rb".to_owned(), "UTF-8", "none"));
    }

    #[test]
    fn what_is_not_text_is_not_guessed() {
        for bytes in [
            b"MZ\0\0".as_slice(),
            b"\xff\xfea",
            b"\xff\xfe\0\xd8",
            b"\xff\xfe\0\0a\0\0\0",
            b"\xe4\0",
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn different_bytes_never_look_the_same(
            a in prop::collection::vec(prop::sample::select(b"\r\na\xe4\xef\xbb\xbf\xff\xfe".as_slice()), 0..8),
            b in prop::collection::vec(prop::sample::select(b"\r\na\xe4\xef\xbb\xbf\xff\xfe".as_slice()), 0..8),
        ) {
            if let (Some(old), Some(new)) = (decode(&a), decode(&b))
                && a != b
            {
                prop_assert_ne!(old, new);
            }
        }

        #[test]
        fn what_is_text_is_the_same_to_whoever_takes_anything_for_it(
            bytes in prop::collection::vec(prop::sample::select(b"\0\r\na\xe4\xef\xbb\xbf\xff\xfe\xd8".as_slice()), 0..8),
        ) {
            let any = characters_of_any(&bytes);
            if let Some(text) = characters(&bytes) {
                prop_assert_eq!(any, text);
            }
        }
    }
}
