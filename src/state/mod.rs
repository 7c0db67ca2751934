//! What jumpbag remembers: the tracked files, their history and their contents, in a folder or an object
//! store.
//!
//! A prefix holds one library:
//!
//! | file | holds |
//! |---|---|
//! | `state.json` | the state ([`mod@format`]) |
//! | `history/SERIAL.json` | every state between runs, as `state.json` was then |
//! | `objects/SHA256` | the contents, compressed with zstd |
//! | `lock.json` | who may write: in a folder for people, in an object store it is the lock itself ([`mod@lease`]) |
//! | `budget.json` | the calls of the last hour ([`budget`]) |
//!
//! In a folder there are also files with nothing in them: `lock`, on which the operating system's lock decides
//! who may write, and `state.lock` and the like, which make a conditional write one step.
//!
//! Only [`Locked`] writes the state. Where the files are is known to [`mod@backend`] alone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;
use jiff::SignedDuration;

use crate::model::LibraryId;

mod backend;
mod budget;
#[cfg(test)]
mod conformance;
mod contents;
mod document;
mod error;
mod exclusion;
#[cfg(test)]
mod faulty;
mod format;
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz;
mod gc;
mod lease;
mod lock;
mod migrate;
#[cfg(test)]
mod mortal;
mod options;
mod place;
mod prefix;
mod reseal;

pub(crate) use backend::sealed::Keys;
pub(crate) use budget::Budget;
pub(crate) use contents::{Contents, Packed};
pub(crate) use document::{Document, Owner, PlanAccount, Revision, RunAccount, Written};
pub(crate) use error::Error;
#[cfg(test)]
pub(crate) use faulty::{Faulty, Plot};
pub(crate) use gc::{Retention, Waste};
pub(crate) use lock::Locked;
#[cfg(test)]
pub(crate) use mortal::{Death, Mortal};
pub(crate) use place::Place;

use backend::Backend;
use backend::local::Folder;
use exclusion::{Exclusion, Held};
use lease::Terms;
use lock::Purpose;
use prefix::Prefix;

/// How long to wait before a held lock is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// Everything that is remembered about one library.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    prefix: Prefix,
    exclusion: Exclusion,
    purpose: Purpose,
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
    #[cfg(test)]
    pub(crate) fn new(folder: Utf8PathBuf) -> Self {
        Self::folder(folder, Arc::default())
    }

    /// The same, encrypted with `keys`, where it has any.
    fn folder(folder: Utf8PathBuf, keys: Arc<Keys>) -> Self {
        let folder = Folder::new(folder);
        Self {
            prefix: Prefix::new(Arc::new(folder.clone()), keys),
            exclusion: Exclusion::System(folder),
            purpose: Purpose::Run,
        }
    }

    /// The same, where what is encrypted may become plain.
    pub(crate) fn unsealing(self) -> Self {
        Self {
            purpose: Purpose::Reseal,
            ..self
        }
    }

    /// The same, where a state is moved to.
    pub(crate) fn receiving(self) -> Self {
        Self {
            purpose: Purpose::Receive,
            ..self
        }
    }

    /// The library whose prefix is `backend`, where a lock has to be renewed.
    fn leased(backend: Arc<dyn Backend>, keys: Arc<Keys>, terms: Terms) -> Self {
        Self {
            prefix: Prefix::new(backend, keys),
            exclusion: Exclusion::Lease(terms),
            purpose: Purpose::Run,
        }
    }

    /// The state; `None` when nothing was ever written. A state that was lost is an error.
    pub(crate) fn read(&self) -> Result<Option<Document>, Error> {
        let stored = self.prefix.read()?;
        Ok(stored.map(|stored| stored.reading.document))
    }

    /// The state as it is stored, byte for byte, if it reads well; `None` when nothing was ever written.
    pub(crate) fn pull(&self) -> Result<Option<Bytes>, Error> {
        Ok(self.prefix.read()?.map(|stored| stored.bytes))
    }

    /// A state that was pulled, from `bytes` that were read from `path`.
    pub(crate) fn understand(path: &str, bytes: &[u8]) -> Result<Document, Error> {
        Prefix::understand_foreign(path, bytes)
    }

    /// Obtains the right to write the state of `library`, and waits up to `timeout` for it.
    ///
    /// A lock is tried once more after a moment even without a timeout: who only looks at it holds it for an
    /// instant.
    pub(crate) async fn lock(
        &self,
        library: &LibraryId,
        owner: Owner,
        timeout: Duration,
    ) -> Result<Locked, Error> {
        let started = tokio::time::Instant::now();
        let timeout = timeout.max(RETRY);
        let mut seen = (None, None);
        let mut changed = started;
        loop {
            let held = match self.try_lock(library, &owner).await? {
                Ok(locked) => return Ok(locked),
                Err(held) => held,
            };
            let moment = held.moment();
            let moment = (moment.0.map(ToOwned::to_owned), moment.1);
            if moment != seen {
                (seen, changed) = (moment, tokio::time::Instant::now());
            }
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                let now = owner.since.saturating_add(
                    SignedDuration::try_from(started.elapsed()).unwrap_or_default(),
                );
                let now = now.unwrap_or(owner.since);
                let watched = changed.elapsed();
                return Err(held.error(&self.exclusion, self.prefix.place(), now, watched));
            }
            tokio::time::sleep(left.min(self.exclusion.retry())).await;
        }
    }

    /// Obtains the right to write if nobody has it. Stores can be far away, and a run has many libraries.
    async fn try_lock(
        &self,
        library: &LibraryId,
        owner: &Owner,
    ) -> Result<Result<Locked, Held>, Error> {
        let (store, library, owner) = (self.clone(), library.clone(), owner.clone());
        let attempt = move || match store.exclusion.take(&store.prefix, &owner)? {
            Ok(hold) => Locked::begin(store.prefix, hold, &library, owner, store.purpose).map(Ok),
            Err(held) => Ok(Err(held)),
        };
        self.exclusion.run(attempt).await
    }

    /// Who holds the lock.
    pub(crate) fn lock_status(&self) -> Result<LockStatus, Error> {
        self.exclusion.status(&self.prefix)
    }

    /// Removes the lock whose id is `id`: in a folder only one that a killed run left behind, in an object
    /// store any, since nobody can tell whether its holder is alive.
    pub(crate) fn unlock(&self, id: &str) -> Result<Owner, Error> {
        self.exclusion.unlock(&self.prefix, id)
    }

    /// Whether it is so far away that each look takes a while.
    pub(crate) fn is_far(&self) -> bool {
        self.exclusion.is_far()
    }

    /// The contents that were put into the library.
    pub(crate) fn contents(&self) -> Contents {
        Contents::new(self.prefix.clone())
    }

    /// The serials in the history, in ascending order. The current state is among them unless the run that
    /// wrote it was killed.
    pub(crate) fn history(&self) -> Result<Vec<u64>, Error> {
        self.prefix.history()
    }

    /// An earlier state, by one of the serials of [`Self::history`].
    pub(crate) fn read_serial(&self, serial: u64) -> Result<Document, Error> {
        self.prefix.read_serial(serial)
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
