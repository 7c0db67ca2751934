//! Files that only the holders of a key can read, by age (<https://age-encryption.org/v1>).
//!
//! The state, its history and the contents are encrypted; the lock and the budget are not, so that everybody sees who
//! holds a lock. Names and sizes of files show, and a content's name is its SHA-256.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};
use bytes::Bytes;
use thiserror::Error;

use super::{Backend, Condition, Entry, Fault, Fill, Found, Opened, Version};

/// How an age file begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Who can read what is written, and what we can read.
#[derive(Default)]
pub(crate) struct Keys {
    recipients: Vec<Recipient>,
    identities: Vec<Identity>,
}

/// A key that is none. What was given is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoKey;

impl Keys {
    /// With `recipients`, such as `age1…`.
    pub(crate) fn new(recipients: &[String]) -> Result<Self, NoKey> {
        let recipients: Result<_, &'static str> = recipients.iter().map(|it| it.parse()).collect();
        Ok(Self {
            recipients: recipients.map_err(|_| NoKey)?,
            identities: Vec::new(),
        })
    }

    /// Adds the identities in the text of an identity file: a key, such as `AGE-SECRET-KEY-1…`, a comment or nothing on
    /// each line.
    pub(crate) fn add(&mut self, identities: &str) -> Result<(), NoKey> {
        let lines = identities.lines().map(str::trim);
        for key in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            self.identities.push(key.parse().map_err(|_: &str| NoKey)?);
        }
        Ok(())
    }

    /// Whether what is written is encrypted.
    pub(in crate::state) fn seals(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Whether we can read what we encrypt.
    pub(in crate::state) fn can_read_back(&self) -> bool {
        let mut own = self.identities.iter().map(|it| it.to_public().to_string());
        own.any(|own| self.recipients.iter().any(|it| it.to_string() == own))
    }

    pub(in crate::state) fn seal(&self, plain: &[u8]) -> Result<Bytes, Fault> {
        let failed = |cause: age::EncryptError| Fault::Failed(cause.to_string().into());
        let recipients = self.recipients.iter().map(|it| it as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(failed)?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(plain)?;
        writer.finish()?;
        Ok(sealed.into())
    }

    pub(in crate::state) fn open(&self, sealed: &[u8]) -> Result<Bytes, Fault> {
        let failed = |error| Fault::Sealed(SealFault::of(error, self.identities.is_empty()));
        let decryptor = Decryptor::new(sealed).map_err(failed)?;
        let identities = self.identities.iter().map(|it| it as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(failed)?;
        let mut plain = Vec::new();
        match reader.read_to_end(&mut plain) {
            Ok(_) => Ok(plain.into()),
            Err(error) => Err(Fault::Sealed(SealFault::Damaged(error.to_string()))),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("recipients", &self.recipients.len())
            .field("identities", &"[redacted]")
            .finish()
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no key of age's native kind")
    }
}

impl std::error::Error for NoKey {}

/// Why an encrypted file cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SealFault {
    /// No key was given.
    #[error("it is encrypted, and no key was given")]
    NoIdentity,
    /// None of the keys is one of those that it was encrypted for.
    #[error("it is encrypted for other keys")]
    OtherIdentity,
    /// It was altered, or is not whole.
    #[error("it is encrypted, and damaged: {0}")]
    Damaged(String),
}

impl SealFault {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that no key helps against, now and later"
    )]
    fn of(error: DecryptError, has_none: bool) -> Self {
        match error {
            DecryptError::NoMatchingKeys if has_none => Self::NoIdentity,
            DecryptError::NoMatchingKeys => Self::OtherIdentity,
            error => Self::Damaged(error.to_string()),
        }
    }
}

/// A backend whose state, history and contents are encrypted. What is plain there is read as it is: that is how
/// it was before.
#[derive(Debug)]
pub(in crate::state) struct Sealed {
    inner: Arc<dyn Backend>,
    keys: Arc<Keys>,
}

impl Sealed {
    pub(in crate::state) fn new(inner: Arc<dyn Backend>, keys: Arc<Keys>) -> Self {
        Self { inner, keys }
    }
}

/// Whether the file `name` is one that is encrypted.
fn is_private(name: &str) -> bool {
    name == "state.json" || name.starts_with("history/") || name.starts_with("objects/")
}

impl Backend for Sealed {
    fn place(&self, name: &str) -> String {
        self.inner.place(name)
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        let Some(found) = self.inner.get(name)? else {
            return Ok(None);
        };
        if !is_private(name) || !found.bytes.starts_with(MAGIC) {
            return Ok(Some(found));
        }
        Ok(Some(Found {
            bytes: self.keys.open(&found.bytes)?,
            version: found.version,
            sealed: true,
        }))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        let bytes = if is_private(name) && self.keys.seals() {
            self.keys.seal(&bytes)?
        } else {
            bytes
        };
        self.inner.put(name, bytes, condition)
    }

    fn write(&self, name: &str, fill: &mut Fill<'_>) -> Result<Opened, Fault> {
        if !is_private(name) || !self.keys.seals() {
            return self.inner.write(name, fill);
        }
        let mut plain = Vec::new();
        fill(&mut plain)?;
        let sealed = self.keys.seal(&plain)?;
        self.inner.write(name, &mut |to| to.write_all(&sealed))?;
        Ok(Opened::Memory(plain.into()))
    }

    fn open(&self, name: &str) -> Result<Option<Opened>, Fault> {
        let Some(opened) = self.inner.open(name)? else {
            return Ok(None);
        };
        let mut begin = Vec::new();
        let mut reader = opened.reader();
        reader
            .by_ref()
            .take(MAGIC.len() as u64)
            .read_to_end(&mut begin)?;
        if !is_private(name) || begin != MAGIC {
            return Ok(Some(opened));
        }
        reader.read_to_end(&mut begin)?;
        Ok(Some(Opened::Memory(self.keys.open(&begin)?)))
    }

    fn settle(&self, folder: &str) -> Result<(), Fault> {
        self.inner.settle(folder)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        self.inner.list(folder)
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        self.inner.has(name)
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        self.inner.delete(name)
    }
}
