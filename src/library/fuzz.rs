//! What a server may answer.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::client::observed;
use super::identity::claimed_client_id;
use super::{endpoint, retry, wire};
use crate::model::Name;

const COLLECTION: &str = "https://api.example/api/libraryfiles";

fn collection() -> Option<Url> {
    Url::parse(COLLECTION).ok()
}

/// A page: each of its files has a name that a person can be shown, or is refused.
pub(crate) fn list(bytes: &[u8]) {
    let Ok(page) = wire::parse::<wire::Page>(bytes) else {
        return;
    };
    for entity in page.value {
        let file_name = entity.file_name.clone();
        match observed(entity) {
            Ok((name, file)) => {
                assert_eq!(Some(name.as_str()), file_name.as_deref());
                assert_ne!(file.file.description.as_deref(), Some(""));
                assert_ne!(file.file.parameters_description.as_deref(), Some(""));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// An error: it is read, or not.
pub(crate) fn error(bytes: &[u8]) {
    if let Ok(wire::Failure { error }) = wire::parse(bytes) {
        assert!(error.code.len() <= bytes.len());
    }
}

/// Where a list goes on: never elsewhere, and never in a circle.
pub(crate) fn link(bytes: &[u8]) {
    let link = String::from_utf8_lossy(bytes);
    let (Some(from), mut seen) = (collection(), BTreeSet::new()) else {
        return;
    };
    seen.insert(from.clone());
    if let Ok(next) = endpoint::next(&from, &link, &seen) {
        assert_eq!(next.origin(), from.origin());
        assert_eq!(next.scheme(), "https");
        assert!(next.username().is_empty() && next.password().is_none());
        assert!(!seen.contains(&next));
    }
}

/// The URL of a file: below the collection, and of that name.
pub(crate) fn file_url(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes).into_owned();
    let Some(collection) = collection() else {
        return;
    };
    let Ok(url) = endpoint::file(&collection, &Name::existing(&name)) else {
        assert!(matches!(name.as_str(), "" | "." | ".."), "{name:?}");
        return;
    };
    let segment = url.as_str().strip_prefix(&format!("{COLLECTION}/"));
    let decoded = segment.and_then(decoded);
    assert_eq!(decoded.as_deref(), Some(name.as_bytes()));
    assert!(segment.is_some_and(|it| !it.contains(['/', '?', '#', '\\'])));
}

/// The bytes that a segment of a path stands for.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let Some(first) = rest.chars().next() {
        let (byte, after) = if first == '%' {
            let digits = rest.get(1..3)?;
            (u8::from_str_radix(digits, 16).ok()?, rest.get(3..)?)
        } else {
            (u8::try_from(first).ok()?, rest.get(1..)?)
        };
        bytes.push(byte);
        rest = after;
    }
    Some(bytes)
}

/// A wait, perhaps by the date in a second line: never longer than two hours.
pub(crate) fn retry_after(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (value, date) = match text.split_once('\n') {
        Some((value, date)) => (value, Some(date)),
        None => (&*text, None),
    };
    let wait = retry::retry_after(value, date, Timestamp::UNIX_EPOCH);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_hours(2)));
}

/// What a token claims.
pub(crate) fn claims(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let claimed = claimed_client_id(&text.clone().into());
    assert!(claimed.is_none() || text.contains('.'));
}
