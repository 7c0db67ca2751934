//! The right to write a state, as a value.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::model::LibraryId;

use super::Error;
use super::backend::{Found, Version};
use super::document::{Document, Owner, RunAccount, Written};
use super::exclusion::Hold;
use super::format::{self, FormatVersion};
use super::prefix::{Prefix, Stored};

/// What a state is locked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Anything but the others.
    Run,
    /// What is encrypted may become plain.
    Reseal,
    /// A state is moved to there.
    Receive,
}

/// The right to write one library's state. Dropping it gives the right back.
///
/// The lock is for runs that keep to it. Against those that do not, a write succeeds only while the stored
/// state is the one that this value knows.
#[derive(Debug)]
pub(crate) struct Locked {
    prefix: Prefix,
    owner: Owner,
    run: RunAccount,
    library: LibraryId,
    document: Document,
    /// What `document` was read from or written as; `None` before the first write of all.
    stored: Option<(Bytes, Version)>,
    /// What writes that failed may have stored.
    attempted: Vec<Bytes>,
    /// The highest serial in the history when the lock was obtained.
    kept: u64,
    wrote: bool,
    hold: Hold,
}

impl Locked {
    /// Reads what there is, for a run that holds the lock.
    pub(super) fn begin(
        prefix: Prefix,
        mut hold: Hold,
        library: &LibraryId,
        owner: Owner,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let found = match (purpose, prefix.read()) {
            // What an interrupted move has left, to which the state comes last.
            (Purpose::Receive, Err(error)) if error.is_lost_state() => None,
            (_, found) => found?,
        };
        let keys = prefix.keys();
        if keys.seals() && !keys.can_read_back() {
            return Err(Error::CannotReadBack {
                folder: prefix.place(),
            });
        }
        let unseals = !keys.seals() && found.as_ref().is_some_and(|found| found.sealed);
        if unseals && purpose != Purpose::Reseal {
            return Err(Error::WouldUnseal {
                path: prefix.state_place(),
            });
        }
        let (stored, document) = match found {
            Some(Stored { reading, .. }) if reading.version.is_newer() => {
                return Err(Error::NewerMinorFormat {
                    path: prefix.state_place(),
                    found: reading.version,
                    known: FormatVersion::LATEST,
                });
            }
            Some(Stored {
                bytes,
                version,
                reading,
                ..
            }) => (Some((bytes, version)), reading.document),
            None => (None, Document::new(library.clone())),
        };
        document.check_library(library)?;
        let kept = prefix.history()?.last().copied().unwrap_or_default();
        // Last, so that a run that cannot begin leaves the killed run's trace.
        hold.announce(&owner)?;
        Ok(Self {
            prefix,
            owner,
            run: RunAccount::default(),
            library: library.clone(),
            document,
            stored,
            attempted: Vec::new(),
            kept,
            wrote: false,
            hold,
        })
    }

    /// Goes on from the state as it was written anew by this run, byte for byte the same.
    pub(super) fn rewritten(&mut self, found: Found) {
        self.stored = Some((found.bytes, found.version));
    }

    /// What is stored, and its version; `None` before the first write.
    pub(super) fn stored(&self) -> Option<&(Bytes, Version)> {
        self.stored.as_ref()
    }

    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// An error once another run is known to have taken the lock.
    pub(super) fn check_held(&self) -> Result<(), Error> {
        if self.hold.is_lost() {
            return Err(Error::LockLost {
                folder: self.prefix.place(),
            });
        }
        Ok(())
    }

    /// What the next writes say of this run.
    pub(crate) fn describe(&mut self, run: RunAccount) {
        self.run = run;
    }

    /// The state as it was last read or written.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// Whether another run is known to have taken the lock.
    #[cfg(test)]
    pub(super) fn is_lost(&self) -> bool {
        self.hold.is_lost()
    }

    /// The killed run whose lock was taken over.
    pub(crate) fn taken_over(&self) -> Option<&Owner> {
        self.hold.taken_over()
    }

    /// Writes the state with `change` made to it; durable when it returns. After an error, the state in
    /// memory is the old one, and so is the one on disk unless the disk failed.
    ///
    /// What `change` may set: the files, what is pending, and, where nothing was written before, the
    /// lineage. A serial that it raises is counted on from. The rest is set here.
    pub(crate) fn write(
        &mut self,
        change: impl FnOnce(&mut Document),
        at: Timestamp,
    ) -> Result<(), Error> {
        self.check_held()?;
        // What the state will name has to be there as long as the state is.
        self.prefix.settle_objects()?;
        self.recognise_attempt()?;
        let document = self.changed(change, at);
        let bytes = format::write(&document).map_err(|source| Error::Unwritable {
            path: self.prefix.state_place(),
            source: Box::new(source),
        })?;
        let bytes = Bytes::from(bytes);
        if let (false, Some((found, _))) = (self.wrote, &self.stored) {
            self.prefix.keep(self.document.serial, found)?;
        }
        let known = self.stored.as_ref().map(|(_, version)| version);
        let version = match self.prefix.write_state(bytes.clone(), known) {
            Ok(version) => version,
            Err(error) => {
                self.attempted.push(bytes);
                return Err(error);
            }
        };
        self.document = document;
        self.stored = Some((bytes, version));
        self.attempted.clear();
        self.wrote = true;
        Ok(())
    }

    /// Goes on from a write that failed after all it had to do: nobody else writes what it would have written,
    /// which holds the time and the owner.
    fn recognise_attempt(&mut self) -> Result<(), Error> {
        if self.attempted.is_empty() {
            return Ok(());
        }
        if let Some(Found { bytes, version, .. }) = self.prefix.state_bytes()?
            && self.attempted.contains(&bytes)
            && let Ok(reading) = format::read(&bytes)
        {
            self.document = reading.document;
            self.stored = Some((bytes, version));
            self.wrote = true;
        }
        Ok(())
    }

    /// Writes `document` in place of the state, whatever that says, with a serial above all that are known.
    pub(crate) fn replace(&mut self, document: Document, at: Timestamp) -> Result<(), Error> {
        let lineage = document.lineage.clone();
        let before = self.document.lineage.take();
        let replaced = self.write(
            |current| {
                current.lineage = lineage;
                current.serial = document.serial;
                current.files = document.files;
                current.pending = document.pending;
            },
            at,
        );
        if replaced.is_err() {
            self.document.lineage = before;
        }
        replaced
    }

    /// Puts the last state that this value wrote into the history. Where it is not called because the run
    /// was killed, the next run's first write does it.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        match &self.stored {
            Some((bytes, _)) if self.wrote => self.prefix.keep(self.document.serial, bytes),
            Some(_) | None => Ok(()),
        }
    }

    fn changed(&self, change: impl FnOnce(&mut Document), at: Timestamp) -> Document {
        let mut document = self.document.clone();
        change(&mut document);
        // Also above the history: after an earlier state was put back by hand, its successors are not reused.
        document.serial = document
            .serial
            .max(self.document.serial)
            .max(self.kept)
            .saturating_add(1);
        document.lineage = self
            .document
            .lineage
            .clone()
            .or(document.lineage)
            .or_else(|| Some(Uuid::new_v4().to_string()));
        document.library = LibraryId {
            // A tenant that is known stays known: it is what tells libraries of one endpoint apart.
            tenant_id: self
                .library
                .tenant_id
                .clone()
                .or_else(|| self.document.library.tenant_id.clone()),
            ..self.library.clone()
        };
        document.written = Some(Written {
            at,
            user: self.owner.user.clone(),
            host: self.owner.host.clone(),
            command: self.owner.command.clone(),
            run_url: self.owner.run_url.clone(),
            run: self.run.clone(),
        });
        document
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use camino::Utf8PathBuf;

    use super::*;
    use crate::state::Store;
    use crate::state::backend::local::Folder;
    use crate::state::backend::{Backend as _, Condition};

    /// A write that failed after its rename cannot be made to happen; what it leaves can.
    #[tokio::test]
    async fn what_a_failed_write_of_its_own_left_is_no_race() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(parent.path().join("a")).unwrap();
        let library = LibraryId {
            name: "contoso".into(),
            endpoint: "https://api.example".into(),
            tenant_id: None,
        };
        let owner = Owner {
            id: "id".into(),
            user: "alice".into(),
            host: "ws1".into(),
            pid: 1,
            command: "jumpbag apply".into(),
            since: Timestamp::UNIX_EPOCH,
            run_url: None,
        };
        let store = Store::new(folder.clone());
        let mut locked = store.lock(&library, owner, Duration::ZERO).await.unwrap();
        let at = Timestamp::UNIX_EPOCH;
        for serial in [1, 3] {
            let left = format::write(&locked.changed(|_| {}, at)).unwrap();
            let at_hand = Folder::new(folder.clone());
            let bytes = left.clone().into();
            at_hand.put("state.json", bytes, Condition::Always).unwrap();
            let error = locked.write(|_| {}, at).unwrap_err();
            assert!(matches!(error, Error::Raced { .. }), "{error}");
            locked.attempted = vec![left.into()];
            locked.write(|_| {}, at).unwrap();
            assert_eq!(locked.document().serial, serial + 1);
        }
    }
}
