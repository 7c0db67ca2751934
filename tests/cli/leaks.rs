//! Looks for secrets in what runs print and write, in every form in which they could be there.

use std::fmt::Write as _;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::harness::World;

/// Secrets that must not be found.
pub(crate) struct Secrets(Vec<Secret>);

struct Secret {
    text: String,
    /// What it looks like, by the name of the form.
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Secrets {
    pub(crate) fn new<T: Into<String>>(secrets: impl IntoIterator<Item = T>) -> Self {
        let of = |text: T| {
            let text = text.into();
            assert!(text.len() > 2, "`{text}` is found everywhere");
            let forms = forms(&text);
            Secret { text, forms }
        };
        Self(secrets.into_iter().map(of).collect())
    }

    /// Which of them is in `bytes`, and in which form.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<String> {
        let forms = self.0.iter().flat_map(|secret| {
            let of = |(name, form)| (&secret.text, name, form);
            secret
                .forms
                .iter()
                .map(move |(name, form)| of((name, form)))
        });
        let mut found = forms.filter(|(_, _, form)| memchr::memmem::find(bytes, form).is_some());
        found
            .next()
            .map(|(text, name, _)| format!("`{text}`, {name}"))
    }

    #[track_caller]
    pub(crate) fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.find(bytes) {
            panic!("{found} is in {place}:\n{}", String::from_utf8_lossy(bytes));
        }
    }

    /// Looks at what a run printed.
    #[track_caller]
    pub(crate) fn assert_unsaid(&self, what: &str, output: &Output) {
        self.assert_absent(&format!("{what}, standard output"), &output.stdout);
        self.assert_absent(&format!("{what}, standard error"), &output.stderr);
    }

    /// Looks at every file of `world` but those that begin with one of `ours`, which the test itself wrote. Returns how
    /// many there were.
    #[track_caller]
    pub(crate) fn assert_unwritten(&self, world: &World, ours: &[&str]) -> usize {
        let root = world.path("");
        let mut looked = 0;
        for (path, bytes) in world.files() {
            let name = path.strip_prefix(&root).unwrap();
            if !ours.iter().any(|ours| name.starts_with(ours)) {
                let name = name.display().to_string();
                self.assert_absent("a file's name", name.as_bytes());
                self.assert_absent(&name, &bytes);
                looked += 1;
            }
        }
        looked
    }
}

/// `secret` as it can stand in a text, a URL, a JSON string, a header or a dump.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let percent = bytes.iter().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02X}").unwrap();
        all
    });
    let query: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let wide = |of: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(of).collect::<Vec<_>>();
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("hexadecimal", hex.to_uppercase().into_bytes()),
        ("hexadecimal", hex.into_bytes()),
        ("percent-encoded", percent.into_bytes()),
        ("as a part of a URL", query.into_bytes()),
        ("as JSON", json.into_bytes()),
        ("as UTF-16", wide(u16::to_le_bytes)),
        ("as UTF-16", wide(u16::to_be_bytes)),
    ];
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        // By what stands before it, it has three looks; the characters that it shares with that are left out.
        for before in 0..3 {
            let encoded = engine.encode([vec![0; before], bytes.to_vec()].concat());
            let start = (before * 4).div_ceil(3);
            let end = encoded.len() - usize::from(!(before + bytes.len()).is_multiple_of(3));
            forms.push(("as base64", encoded[start..end].into()));
        }
    }
    // A short one is found in every third digest by chance.
    if bytes.len() < 8 {
        forms.truncate(1);
    }
    forms
}

#[test]
fn every_form_of_a_secret_is_found() {
    let secret = "p\"a/s+s w\u{f6}rd";
    let secrets = Secrets::new([secret]);
    for (name, form) in forms(secret) {
        let around = [b"before ".as_slice(), &form, b" after"].concat();
        assert!(secrets.find(&around).is_some(), "{name}");
    }
    for before in ["", "a", "ab", "abc", "user:"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{secret} and more"));
        assert!(secrets.find(encoded.as_bytes()).is_some(), "{encoded}");
    }
    let utf16: Vec<u8> = format!("x{secret}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(secrets.find(&utf16).is_some());
    assert_eq!(secrets.find(b"password"), None);
}
