//! What jumpbag remembers: the tracked files, their history and their contents, on a local folder.
//!
//! A prefix holds one library:
//!
//! | file | holds |
//! |---|---|
//! | `state.json` | the state ([`mod@format`]) |
//! | `history/SERIAL.json` | every state between runs, as `state.json` was then |
//! | `objects/SHA256` | the contents, compressed with zstd |
//! | `lock` | nothing; the operating system's lock on it decides who may write |
//! | `lock.json` | who that is, for people |
//! | `budget.json` | the calls of the last hour ([`budget`]) |
//! | `budget.lock` | nothing; the operating system's lock on it decides whose turn it is with the budget |
//!
//! Only [`Locked`] writes the state, and only [`local`] and [`atomic`] touch its files.

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::model::LibraryId;

mod atomic;
mod budget;
#[cfg(test)]
mod conformance;
mod contents;
mod document;
mod error;
mod format;
mod local;
mod lock;

pub(crate) use budget::Budget;
pub(crate) use contents::Contents;
pub(crate) use document::{Document, Owner};
pub(crate) use error::Error;
pub(crate) use lock::Locked;

use local::Folder;

/// How long to wait before a held lock is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// Everything that is remembered about one library.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: Folder,
}

/// Whether a state is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LockStatus {
    /// Nobody holds the lock.
    Free,
    /// A run that is alive does; `None` in the moment before it says who it is.
    Held(Option<Owner>),
    /// A run that was killed did; the next one takes the lock over.
    LeftBehind(Owner),
}

impl Store {
    /// The library whose prefix is `folder`. Touches nothing.
    pub(crate) fn new(folder: Utf8PathBuf) -> Self {
        Self {
            folder: Folder::new(folder),
        }
    }

    /// The state; `None` when nothing was ever written. A state that was lost is an error.
    pub(crate) fn read(&self) -> Result<Option<Document>, Error> {
        let found = self.folder.read()?;
        Ok(found.map(|(_, reading)| reading.document))
    }

    /// Obtains the right to write the state of `library`, and waits up to `timeout` for it.
    ///
    /// A lock is tried once more after a moment even without a timeout: who only looks at it
    /// ([`Self::lock_status`]) holds it for an instant.
    pub(crate) async fn lock(
        &self,
        library: &LibraryId,
        owner: Owner,
        timeout: Duration,
    ) -> Result<Locked, Error> {
        let started = tokio::time::Instant::now();
        let timeout = timeout.max(RETRY);
        loop {
            if let Some(os_lock) = self.folder.try_lock()? {
                return Locked::begin(self.folder.clone(), os_lock, library, owner);
            }
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                let owner = self.folder.owner()?;
                return Err(Error::locked_by(self.folder.path(), owner));
            }
            tokio::time::sleep(left.min(RETRY)).await;
        }
    }

    /// Who holds the lock.
    pub(crate) fn lock_status(&self) -> Result<LockStatus, Error> {
        let held = self.folder.is_locked()?;
        let owner = self.folder.owner()?;
        Ok(match owner {
            owner if held => LockStatus::Held(owner),
            Some(owner) => LockStatus::LeftBehind(owner),
            None => LockStatus::Free,
        })
    }

    /// Removes the lock that a killed run left behind, if its id is `id`.
    pub(crate) fn unlock(&self, id: &str) -> Result<Owner, Error> {
        let folder = self.folder.path();
        if self.lock_status()? == LockStatus::Free {
            return Err(Error::NotLocked {
                folder: folder.to_owned(),
            });
        }
        let Some(_os_lock) = self.folder.try_lock()? else {
            return Err(Error::lock_in_use(folder, self.folder.owner()?));
        };
        let Some(owner) = self.folder.owner()? else {
            return Err(Error::NotLocked {
                folder: folder.to_owned(),
            });
        };
        if owner.id != id {
            return Err(Error::WrongLockId {
                folder: folder.to_owned(),
                given: id.to_owned(),
                owner: Box::new(owner),
            });
        }
        self.folder.remove_owner()?;
        Ok(owner)
    }

    /// The contents that were put into the library.
    pub(crate) fn contents(&self) -> Contents {
        Contents::new(self.folder.clone())
    }

    /// The serials in the history, in ascending order. The current state is among them unless the run that
    /// wrote it was killed.
    pub(crate) fn history(&self) -> Result<Vec<u64>, Error> {
        self.folder.history()
    }

    /// An earlier state, by one of the serials of [`Self::history`].
    pub(crate) fn read_serial(&self, serial: u64) -> Result<Document, Error> {
        self.folder.read_serial(serial)
    }
}

/// The JSON Schema of a state, as it is published in `schemas/`.
pub(crate) fn schema() -> schemars::Schema {
    format::schema()
}

/// The JSON Schema of `budget.json`.
pub(crate) fn budget_schema() -> schemars::Schema {
    budget::schema()
}
