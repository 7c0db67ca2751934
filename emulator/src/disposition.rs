//! The Content-Disposition header of a part of a form.
//!
//! Names in it come in three spellings, and clients differ in which they use:
//! - backslash escapes in quotes (RFC 9110; reqwest, older curl): `\"` and `\\`,
//! - percent escapes in quotes (the WHATWG's forms; browsers, newer curl): `%22`, `%0D`, `%0A`,
//! - `filename*=UTF-8''…` (RFC 5987), which wins where it is given.
//!
//! multer knows the first only, and takes a `name=` inside a file name for the parameter, so the
//! header is read here. Other backslashes and percent signs stand for themselves: a Windows path
//! or `100%.txt` arrives as it was sent.

use std::iter::Peekable;
use std::slice::Iter;

/// What the header says about a part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// The field's name.
    pub(crate) name: String,
    /// The file's name; `None` for a part that is not a file.
    pub(crate) file_name: Option<String>,
}

impl Disposition {
    /// Reads the header's value; `None` where it is malformed or has no name.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let mut bytes = header.iter().peekable();
        let kind = take_until(&mut bytes, b";");
        if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
            return None;
        }
        let (mut name, mut file_name, mut extended) = (None, None, None);
        while bytes.next_if_eq(&&b';').is_some() {
            let key = take_until(&mut bytes, b"=;")
                .trim_ascii()
                .to_ascii_lowercase();
            if bytes.next_if_eq(&&b'=').is_none() {
                // A `;` at the end of the header is common enough to be let through.
                if key.is_empty() {
                    continue;
                }
                return None;
            }
            let value = take_value(&mut bytes)?;
            let slot = match key.as_slice() {
                b"name" => &mut name,
                b"filename" => &mut file_name,
                b"filename*" => &mut extended,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let file_name = match (extended, file_name) {
            (Some(value), _) => Some(decode_extended(&value)?),
            (None, Some(value)) => Some(String::from_utf8(decode_form(&value)).ok()?),
            (None, None) => None,
        };
        Some(Self {
            name: String::from_utf8(decode_form(&name?)).ok()?,
            file_name,
        })
    }
}

/// Takes the bytes before the first of `stops`, which stays.
fn take_until(bytes: &mut Peekable<Iter<'_, u8>>, stops: &[u8]) -> Vec<u8> {
    let mut taken = Vec::new();
    while let Some(byte) = bytes.next_if(|byte| !stops.contains(byte)) {
        taken.push(*byte);
    }
    taken
}

/// Takes a value and the blanks around it; `None` where a quote is not closed.
fn take_value(bytes: &mut Peekable<Iter<'_, u8>>) -> Option<Vec<u8>> {
    while bytes.next_if(|byte| byte.is_ascii_whitespace()).is_some() {}
    if bytes.next_if_eq(&&b'"').is_none() {
        return Some(take_until(bytes, b";").trim_ascii().to_vec());
    }
    let mut value = Vec::new();
    loop {
        match *bytes.next()? {
            b'"' => break,
            b'\\' => match bytes.next_if(|next| matches!(next, b'"' | b'\\')) {
                Some(escaped) => value.push(*escaped),
                None => value.push(b'\\'),
            },
            byte => value.push(byte),
        }
    }
    let rest = take_until(bytes, b";");
    rest.trim_ascii().is_empty().then_some(value)
}

/// Resolves the three escapes of the WHATWG's forms, and no others.
fn decode_form(value: &[u8]) -> Vec<u8> {
    decode_percent(value, |byte| matches!(byte, b'"' | b'\r' | b'\n')).0
}

/// Resolves `charset'language'percent-encoded`.
fn decode_extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case(b"utf-8") {
        return None;
    }
    let (text, is_clean) = decode_percent(text, |_| true);
    is_clean.then(|| String::from_utf8(text).ok())?
}

/// Resolves the escapes of those bytes that `may` be escaped, and whether all `%` were such.
fn decode_percent(value: &[u8], may: impl Fn(u8) -> bool) -> (Vec<u8>, bool) {
    let mut decoded = Vec::with_capacity(value.len());
    let mut is_clean = true;
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        if let Some(byte) = escaped.filter(|byte| may(*byte)) {
            decoded.push(byte);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            is_clean &= *first != b'%';
            decoded.push(*first);
            rest = after;
        }
    }
    (decoded, is_clean)
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn file_name(parameters: &str) -> Option<String> {
        let header = format!("form-data; name=\"file\"{parameters}");
        let disposition = Disposition::parse(header.as_bytes()).expect(&header);
        assert_eq!(disposition.name, "file");
        disposition.file_name
    }

    #[test]
    fn file_names_survive_every_spelling() {
        let cases = [
            ("", None),
            (r#"; filename="mdatp1.png""#, Some("mdatp1.png")),
            (r"; filename=plain.ps1", Some("plain.ps1")),
            (r#"; FileName = "spaced.ps1" ; x=y;"#, Some("spaced.ps1")),
            (
                r#"; filename="a;b; name=\"c\".ps1""#,
                Some(r#"a;b; name="c".ps1"#),
            ),
            (r#"; filename="back\\slash.ps1""#, Some(r"back\slash.ps1")),
            (r#"; filename="C:\dir\file.ps1""#, Some(r"C:\dir\file.ps1")),
            (r#"; filename="%22q%22%0D%0a.ps1""#, Some("\"q\"\r\n.ps1")),
            (r#"; filename="100%.ps1""#, Some("100%.ps1")),
            (r#"; filename="%41%2F%25.ps1""#, Some("%41%2F%25.ps1")),
            (
                r#"; filename="grüße-скрипт-脚本.ps1""#,
                Some("grüße-скрипт-脚本.ps1"),
            ),
            (
                "; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%25%22.ps1",
                Some("grüße %\".ps1"),
            ),
            (
                r#"; filename="ascii.ps1"; filename*=utf-8'en'%E8%84%9A.ps1"#,
                Some("脚.ps1"),
            ),
            (
                r#"; filename*=utf-8''%E8%84%9A.ps1; filename="ascii.ps1""#,
                Some("脚.ps1"),
            ),
            (r#"; filename="""#, Some("")),
        ];
        for (parameters, expected) in cases {
            assert_eq!(file_name(parameters).as_deref(), expected, "{parameters}");
        }
    }

    #[test]
    fn field_names_are_read_in_the_same_way() {
        let header = r#"Form-Data; filename="name=\"x\""; name="%22ab\"""#;
        let disposition = Disposition::parse(header.as_bytes()).unwrap();
        assert_eq!(disposition.name, r#""ab""#);
        assert_eq!(disposition.file_name.unwrap(), r#"name="x""#);
    }

    #[test]
    fn malformed_headers_are_refused() {
        let cases: [&[u8]; 10] = [
            b"",
            b"form-data",
            b"form-data; filename=\"a\"",
            b"attachment; name=\"file\"",
            b"form-data; name=\"file",
            b"form-data; name=\"file\" x",
            b"form-data; name=\"a\"; name=\"b\"",
            b"form-data; name=\"file\"; filename=\"\xff\"",
            b"form-data; name=\"file\"; filename*=latin1''a",
            b"form-data; name=\"file\"; filename*=UTF-8''100%",
        ];
        for header in cases {
            assert_eq!(
                Disposition::parse(header),
                None,
                "{}",
                header.escape_ascii()
            );
        }
    }
}
