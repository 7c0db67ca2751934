//! From bytes to a [`Document`] and back.

use std::collections::BTreeMap;
use std::fmt;
use std::str;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::error::Category;
use serde_json::{Value, json};
use thiserror::Error;

use crate::model::Sha256;

use super::document::{Document, Lock};

mod v1;

/// A version of a format, the state's first of all: a minor one adds members, a major one changes or removes some.
///
/// Why each exists:
/// - 1.0: the first.
/// - 1.1: who wrote a state says from where: the run's page, the manifest's revision, the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FormatVersion {
    major: u32,
    minor: u32,
}

impl FormatVersion {
    /// The one that is written, and the newest that is wholly known.
    pub(crate) const LATEST: Self = Self { major: 1, minor: 1 };

    pub(super) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let number: u32 = text.parse().ok()?;
            // One spelling for each number: no sign, no leading zero.
            (number.to_string() == text).then_some(number)
        };
        let (major, minor) = text.split_once('.')?;
        Some(Self {
            major: number(major).filter(|major| *major > 0)?,
            minor: number(minor)?,
        })
    }

    /// Whether it has members that a write of ours would drop.
    pub(super) fn is_newer(self) -> bool {
        self > Self::LATEST
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The member that says where a state is now.
const MOVED_TO: &str = "moved_to";

/// What is wrong with a state's bytes.
#[derive(Debug, Error)]
pub(crate) enum Damage {
    /// There is none where one was.
    #[error("it is missing, and the history has serial {0}")]
    Missing(u64),
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// The text is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8(#[source] str::Utf8Error),
    /// The JSON goes on after its end.
    #[error("it ends too early")]
    Truncated(#[source] serde_json::Error),
    /// The text is not JSON.
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Some other JSON value.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// No usable version.
    #[error("it has no `format_version` such as `{}`", FormatVersion::LATEST)]
    NoVersion,
    /// No checksum.
    #[error("it has no `checksum`")]
    NoChecksum,
    /// It was altered.
    #[error("it was altered: its `checksum` is `{stated}`, and `{found}` would be right")]
    Checksum {
        /// What it says.
        stated: String,
        /// What it should say.
        found: String,
    },
    /// Members are missing, or have another type.
    #[error("its members are not those of format {0}")]
    Members(FormatVersion, #[source] serde_json::Error),
    /// A member has a value that it cannot have.
    #[error("its `{member}` is `{value}`, which is {why}")]
    Impossible {
        /// The member, with the members that it is in.
        member: String,
        /// Its value.
        value: String,
        /// What is wrong with that.
        why: &'static str,
    },
    /// It reads as something else than what was written.
    #[error("it reads as something else than what was written")]
    Unfaithful,
}

impl Damage {
    pub(super) fn impossible(
        member: impl fmt::Display,
        value: impl fmt::Display,
        why: &'static str,
    ) -> Self {
        Self::Impossible {
            member: member.to_string(),
            value: value.to_string(),
            why,
        }
    }
}

/// A state that reads well.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) document: Document,
    pub(super) version: FormatVersion,
    /// The identity of everything in it, also of the members that we do not know.
    pub(super) checksum: String,
}

/// Why a state's bytes cannot be used.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A newer major version: nothing in it can be judged.
    Newer(FormatVersion),
    /// It is somewhere else now.
    Moved(String),
    /// Something is wrong.
    Damaged(Damage),
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// Reads a state. Nothing is taken from bytes whose checksum is wrong but the version.
pub(super) fn read(bytes: &[u8]) -> Result<Reading, Unreadable> {
    known(bytes).map_or_else(|| any(bytes), Ok)
}

/// Reads a state that has no members but those that are known: what we write, and faster than [`any`], which says what is
/// wrong with others. Both say the same of what both can read.
pub(super) fn known(bytes: &[u8]) -> Option<Reading> {
    let mut state: v1::State = serde_json::from_slice(bytes).ok()?;
    let version = state.version()?;
    if version.major != FormatVersion::LATEST.major {
        return None;
    }
    let (stated, digest) = state.take_checksum().ok()?;
    // Whatever it has besides would be missing here.
    let checksum = checksum(digest);
    if stated != checksum {
        return None;
    }
    Some(Reading {
        document: state.into_document().ok()?,
        version,
        checksum,
    })
}

/// Reads any state.
pub(super) fn any(bytes: &[u8]) -> Result<Reading, Unreadable> {
    let value = parse(bytes)?;
    if !value.is_object() {
        return Err(Damage::NotAnObject.into());
    }
    if let Some(to) = value.get(MOVED_TO).and_then(Value::as_str) {
        return Err(Unreadable::Moved(to.to_owned()));
    }
    let version = version(&value)?;
    // Before the checksum, which another major version may compute in another way.
    if version.major > FormatVersion::LATEST.major {
        return Err(Unreadable::Newer(version));
    }
    let (stated, rest) = without_checksum(value);
    let stated = stated.ok_or(Damage::NoChecksum)?;
    let rest = sorted(rest);
    let found = checksum(Sha256::of(rest.to_string().as_bytes()));
    if stated != found {
        return Err(Damage::Checksum { stated, found }.into());
    }
    let whole = with_checksum(rest, &found);
    let state: v1::State =
        serde_json::from_value(whole).map_err(|error| Damage::Members(version, error))?;
    Ok(Reading {
        document: state.into_document()?,
        version,
        checksum: found,
    })
}

/// The bytes of a state, which are known to read as `document`.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, Damage> {
    let members = |error| Damage::Members(FormatVersion::LATEST, error);
    let mut state = v1::State::of(document)?;
    let (_, digest) = state.take_checksum().map_err(members)?;
    state.with_checksum(checksum(digest));
    let bytes = pretty(&state).map_err(members)?;
    match read(&bytes) {
        Ok(reading) if reading.document == *document => Ok(bytes),
        Ok(_) | Err(Unreadable::Newer(_) | Unreadable::Moved(_)) => Err(Damage::Unfaithful),
        Err(Unreadable::Damaged(damage)) => Err(damage),
    }
}

/// The bytes that stand in place of a state that was moved `to` another place. What does not know them takes them for
/// a state of a newer version, and touches nothing.
pub(super) fn write_moved(to: &str, at: Timestamp) -> Vec<u8> {
    let mark = json!({
        "format_version": "2.0",
        MOVED_TO: to,
        "moved_at": at.to_string(),
    });
    format!("{mark:#}\n").into_bytes()
}

/// Reads who holds a lock, or held it.
pub(super) fn read_lock(bytes: &[u8]) -> Result<Lock, Damage> {
    let value = parse(bytes)?;
    let version = version(&value)?;
    if version.major > FormatVersion::LATEST.major {
        return Err(Damage::impossible(
            "format_version",
            version,
            "newer than what this jumpbag reads: the one that wrote it knows who holds the lock",
        ));
    }
    let lock: v1::Lock =
        serde_json::from_value(value).map_err(|error| Damage::Members(version, error))?;
    lock.into_lock()
}

/// The bytes of `lock.json`.
pub(super) fn write_lock(lock: &Lock) -> Result<Vec<u8>, Damage> {
    serde_json::to_value(v1::Lock::of(lock))
        .and_then(|value| pretty(&sorted(value)))
        .map_err(|error| Damage::Members(FormatVersion::LATEST, error))
}

/// The JSON Schema of `state.json` and of the history's entries.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(v1::State)
}

/// The version that a document says it has.
pub(super) fn version(value: &Value) -> Result<FormatVersion, Damage> {
    let stated = value.get("format_version").and_then(Value::as_str);
    stated
        .and_then(FormatVersion::parse)
        .ok_or(Damage::NoVersion)
}

/// The JSON value in `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Damage> {
    let text = str::from_utf8(bytes).map_err(Damage::NotUtf8)?;
    if text.trim().is_empty() {
        return Err(Damage::Empty);
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Eof => Damage::Truncated(error),
        Category::Io | Category::Syntax | Category::Data => Damage::NotJson(error),
    })
}

/// `sha256:` and the digest of the compact form, whose members have to be sorted.
fn checksum(digest: Sha256) -> String {
    format!("sha256:{digest}")
}

/// The same state with the checksum that is right for it.
#[cfg(any(test, feature = "fuzz-internals"))]
pub(super) fn repaired(value: Value) -> Option<Vec<u8>> {
    let rest = sorted(without_checksum(value).1);
    let checksum = checksum(Sha256::of(rest.to_string().as_bytes()));
    pretty(&with_checksum(rest, &checksum)).ok()
}

/// The checksum that a document says it has, and the rest of it.
fn without_checksum(mut value: Value) -> (Option<String>, Value) {
    let checksum = value.as_object_mut().and_then(|it| it.remove("checksum"));
    let checksum = checksum.and_then(|it| Some(it.as_str()?.to_owned()));
    (checksum, value)
}

fn with_checksum(mut rest: Value, checksum: &str) -> Value {
    if let Value::Object(members) = &mut rest {
        members.insert("checksum".to_owned(), checksum.into());
    }
    rest
}

/// The value with the members of its objects in the order of their names, whatever order `serde_json`
/// keeps them in: a dependency can switch that with the feature `preserve_order`.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, sorted(value)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn pretty(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
