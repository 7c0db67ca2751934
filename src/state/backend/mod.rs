//! Where the files of a library's prefix are kept: a folder, or a prefix of an object store. What the files
//! mean is the business of the modules above.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use bytes::Bytes;
use jiff::Timestamp;

pub(super) use opened::Opened;

#[cfg(test)]
pub(super) mod conformance;
pub(super) mod local;
mod opened;
pub(super) mod remote;
pub(super) mod sealed;

/// One prefix. Its files have names such as `state.json` or `history/12.json`, of ASCII letters, digits, `.`,
/// `-`, `_` and `/`.
///
/// The methods wait until they are done. They may be called from any thread, and where the store is far away
/// they take as long as its answers do, so asynchronous code calls them where it may block.
pub(super) trait Backend: fmt::Debug + Send + Sync {
    /// The file's place, for people: a path or a URL without a secret.
    fn place(&self, name: &str) -> String;

    /// A file as a whole; `None` where there is none, or no prefix.
    fn get(&self, name: &str) -> Result<Option<Found>, Fault>;

    /// Puts `bytes` there as a whole or not at all, and durable when it returns. When `condition` does not hold at that
    /// moment, nothing is changed, and it is [`Fault::Lost`].
    ///
    /// After any other error the file is what it was, or `bytes`.
    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault>;

    /// Writes what `fill` gives in place of what is there: as a whole, or nothing where `fill` fails. What was written is
    /// durable when it returns, and its name is once the folder that it is in was [settled](Self::settle).
    fn write(&self, name: &str, fill: &mut Fill<'_>) -> Result<Opened, Fault> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        let bytes = Bytes::from(bytes);
        self.put(name, bytes.clone(), Condition::Always)?;
        Ok(Opened::Memory(bytes))
    }

    /// A file to be read; `None` where there is none, or no prefix.
    fn open(&self, name: &str) -> Result<Option<Opened>, Fault> {
        Ok(self.get(name)?.map(|found| Opened::Memory(found.bytes)))
    }

    /// Makes the names in `folder` durable. Where [`put`](Self::put) and [`write`](Self::write) leave nothing to be done, it
    /// does nothing.
    fn settle(&self, folder: &str) -> Result<(), Fault>;

    /// The files whose names are `folder`, a slash, and one more part, in the order of these; none where there
    /// is no such folder. With `""`, those without a slash.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault>;

    /// Whether there is such a file.
    fn has(&self, name: &str) -> Result<bool, Fault>;

    /// Removes a file; a missing one is no error.
    fn delete(&self, name: &str) -> Result<(), Fault>;
}

/// Gives a file's bytes.
pub(super) type Fill<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;

/// What a put asks of what is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'a> {
    /// Nothing.
    Always,
    /// No file.
    New,
    /// The file as it was read or written then.
    Is(&'a Version),
}

impl Condition<'_> {
    /// Whether it holds for what was `found`.
    fn holds(&self, found: Option<&Found>) -> bool {
        match self {
            Self::Always => true,
            Self::New => found.is_none(),
            Self::Is(version) => found.is_some_and(|found| found.version == **version),
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) bytes: Bytes,
    pub(super) version: Version,
    /// Whether it is encrypted where it is kept.
    pub(super) sealed: bool,
}

/// Tells what a file held at one time from what it held at others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// By a mark that the store made: an `ETag`, a generation, or both.
    Mark {
        e_tag: Option<String>,
        version: Option<String>,
    },
    /// By what it held.
    Bytes(Bytes),
}

/// A file in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The last part of its name.
    pub(super) name: String,
    /// In bytes.
    pub(super) size: u64,
    /// By the clock of where it is kept.
    pub(super) modified: Timestamp,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The condition did not hold: somebody else was faster.
    Lost,
    /// We may not do that.
    Denied(Cause),
    /// The folder, bucket or container is not there, and is not ours to create.
    NoStore(Cause),
    /// There is no room left.
    Full(Cause),
    /// It is there, and encrypted.
    Sealed(sealed::SealFault),
    /// Anything else.
    Failed(Cause),
}

/// What the store or the system says.
pub(super) type Cause = Box<dyn StdError + Send + Sync>;

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let kind = error.kind();
        if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
            Self::Denied(error.into())
        } else if matches!(kind, StorageFull | QuotaExceeded) {
            Self::Full(error.into())
        } else {
            Self::Failed(error.into())
        }
    }
}

impl Fault {
    /// What the store or the system says; `None` where a lost race says it all.
    pub(super) fn cause(self) -> Option<Cause> {
        match self {
            Self::Lost => None,
            Self::Sealed(fault) => Some(fault.into()),
            Self::Denied(cause)
            | Self::NoStore(cause)
            | Self::Full(cause)
            | Self::Failed(cause) => Some(cause),
        }
    }
}
