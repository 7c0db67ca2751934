//! What looks like a credential. Whoever may read the library may read it, on every machine that it is run on.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::Checked;
use crate::diagnostics::lints::CREDENTIAL;

/// In its line, or in the one before it, this says that it is none.
const ALLOW: &str = "jumpbag: allow credential";

/// What is looked for. Each has a form of its own, so that ordinary text does not look like it; the group `secret` is
/// what is hidden. They are of ASCII, and repeat nothing often: that would take megabytes.
const PATTERNS: [(&str, &str); 12] = [
    (
        "a private key",
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?(?P<secret>-----)",
    ),
    (
        "a token of GitHub",
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    ),
    (
        "a token of GitLab",
        r"\b(?P<secret>glpat-[A-Za-z0-9_-]{20,})",
    ),
    (
        "an access key of AWS",
        r"\b(?P<secret>(?:AKIA|ASIA)[A-Z2-7]{16})\b",
    ),
    (
        "a client secret of Entra",
        r"(?:^|[^A-Za-z0-9_~.-])(?P<secret>[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34})(?:[^A-Za-z0-9_~.-]|$)",
    ),
    (
        "an account key of Azure Storage",
        r"(?i:AccountKey)=(?P<secret>[A-Za-z0-9+/]{86}==)",
    ),
    (
        "a shared access signature of Azure",
        r"[?&]sig=(?P<secret>[A-Za-z0-9%+/]{40,}(?:=|%3[Dd])?)",
    ),
    (
        "a token of Slack",
        r"\b(?P<secret>xox[abposr]-[A-Za-z0-9-]{20,})",
    ),
    (
        "a JSON web token",
        r"\b(?P<secret>eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})",
    ),
    (
        "a password in a URL",
        r#"://[A-Za-z0-9_.%-]+:(?P<secret>(?:[^\s/@:"'$<>{}()\[\]%*]|%[0-9A-Fa-f]{2}){4,})@[A-Za-z0-9.-]"#,
    ),
    (
        "a password in plain text",
        r#"(?i:ConvertTo-SecureString)\s+(?:(?i:-String)\s+)?(?:'(?P<secret>[^'\r\n]{4,})'|"(?P<other>[^"$\r\n]{4,})")[^\r\n|;]*(?i:-AsPlainText)"#,
    ),
    (
        "a password in plain text",
        r#"(?i:ConvertTo-SecureString)\s[^\r\n|;'"]*(?i:-AsPlainText)[^\r\n|;'"]*\s(?:'(?P<secret>[^'\r\n]{4,})'|"(?P<other>[^"$\r\n]{4,})")"#,
    ),
];

/// What a heading of PEM ends with.
const DASHES: &str = "-----";

static REGEXES: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let regexes = PATTERNS.iter();
    regexes
        .filter_map(|(what, pattern)| {
            let regex = RegexBuilder::new(pattern).unicode(false).build();
            Some((*what, regex.ok()?))
        })
        .collect()
});

const HELP: &str = "take it away and revoke it: everyone who may read the library has it";

pub(super) fn check(checked: &mut Checked<'_>) {
    content(checked);
    let file = checked.file;
    for (which, text) in [
        ("description", &file.description),
        ("parameters description", &file.parameters_description),
    ] {
        if let Some((_, what)) = found(text.as_deref().unwrap_or_default()).first() {
            let is = format!("holds what looks like {what} in its {which}");
            checked.tell(&CREDENTIAL, &is, HELP);
        }
    }
}

fn content(checked: &mut Checked<'_>) {
    let found = found(&checked.text);
    // It is hidden wherever a line is shown, also where nobody is told of it.
    checked.secrets = found.iter().map(|(secret, _)| secret.clone()).collect();
    let Some((secret, what)) = found.first().cloned() else {
        return;
    };
    let is = match found.len() {
        1 => format!("holds what looks like {what}"),
        more => format!("holds {more} things that look like credentials, the first like {what}"),
    };
    checked.tell_at(
        &CREDENTIAL,
        &is,
        format!("{HELP}. Where it is none, say so in its line with a comment: {ALLOW}"),
        Some((secret, "hidden here")),
    );
}

/// What looks like a credential in `text`, in its order, and like which.
fn found(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    if text.is_empty() {
        return found;
    }
    for (what, regex) in REGEXES.iter() {
        let mut at = 0;
        while let Some(captures) = regex.captures_at(text.as_bytes(), at) {
            let secret = captures.name("secret").or_else(|| captures.name("other"));
            let Some(mut secret) = secret.map(|it| it.range()) else {
                break;
            };
            // What comes behind one may be what the next begins with.
            at = secret.end;
            if text.get(secret.clone()) == Some(DASHES) {
                secret = key_behind(text, secret.end);
            }
            if !is_allowed(text, &secret) {
                found.push((secret, *what));
            }
        }
    }
    found.sort_by_key(|(secret, _)| (secret.start, secret.end));
    found.dedup();
    found
}

/// Where the key is whose heading ends at the byte `start`.
fn key_behind(text: &str, start: usize) -> Range<usize> {
    let behind = text.get(start..).unwrap_or_default();
    start..start + behind.find("-----END ").unwrap_or(behind.len())
}

/// Whether the line that `secret` begins in, or the one before it, says that it is none.
fn is_allowed(text: &str, secret: &Range<usize>) -> bool {
    let before = text.get(..secret.start).unwrap_or_default();
    let mut starts = before.rmatch_indices('\n').map(|(at, _)| at + 1);
    let start = starts.nth(1).unwrap_or_default();
    let behind = text.get(secret.start..).unwrap_or_default();
    let end = secret.start + behind.find('\n').unwrap_or(behind.len());
    text.get(start..end)
        .is_some_and(|lines| lines.contains(ALLOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_valid_one() {
        assert_eq!(REGEXES.len(), PATTERNS.len());
        for (what, regex) in REGEXES.iter() {
            let mut names = regex.capture_names().flatten();
            assert!(names.any(|name| name == "secret"), "{what}");
        }
    }
}
