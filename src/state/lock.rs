//! The right to write a state, as a value.

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::LibraryId;

use super::Error;
use super::document::{Document, Owner, Written};
use super::format::{self, FormatVersion};
use super::local::{Folder, OsLock};

/// The right to write one library's state. Dropping it gives the right back.
///
/// The lock is for runs that keep to it. Against those that do not, a write also checks that the state
/// on disk is the one that this value knows.
#[derive(Debug)]
pub(crate) struct Locked {
    folder: Folder,
    owner: Owner,
    library: LibraryId,
    document: Document,
    /// What `document` was read from or written as; `None` before the first write of all.
    bytes: Option<Vec<u8>>,
    /// What a write that failed may have put on disk, had it come as far as the rename.
    attempted: Option<Vec<u8>>,
    /// The highest serial in the history when the lock was obtained.
    kept: u64,
    wrote: bool,
    taken_over: Option<Owner>,
    /// Only dropped after the owner is removed.
    _os_lock: OsLock,
}

impl Locked {
    /// Reads what there is and says who holds the lock now.
    pub(super) fn begin(
        folder: Folder,
        os_lock: OsLock,
        library: &LibraryId,
        owner: Owner,
    ) -> Result<Self, Error> {
        folder.sweep()?;
        let (bytes, document) = match folder.read()? {
            Some((_, reading)) if reading.version.is_newer() => {
                return Err(Error::NewerMinorFormat {
                    path: folder.state_path(),
                    found: reading.version,
                    known: FormatVersion::LATEST,
                });
            }
            Some((bytes, reading)) => (Some(bytes), reading.document),
            None => (None, Document::new(library.clone())),
        };
        document.check_library(library)?;
        let kept = folder.history()?.last().copied().unwrap_or_default();
        let taken_over = folder.owner()?;
        // Last, so that a run that cannot begin leaves the killed run's trace.
        folder.write_owner(&owner)?;
        Ok(Self {
            folder,
            owner,
            library: library.clone(),
            document,
            bytes,
            attempted: None,
            kept,
            wrote: false,
            taken_over,
            _os_lock: os_lock,
        })
    }

    /// The state as it was last read or written.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The killed run whose lock was taken over.
    pub(crate) fn taken_over(&self) -> Option<&Owner> {
        self.taken_over.as_ref()
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
        let document = self.changed(change, at);
        let path = self.folder.state_path();
        let bytes = format::write(&document).map_err(|source| Error::Unwritable {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let on_disk = self.folder.state_bytes()?;
        if on_disk != self.bytes && (on_disk.is_none() || on_disk != self.attempted) {
            return Err(Error::Raced { path });
        }
        if let (false, Some(found)) = (self.wrote, &self.bytes) {
            self.folder.keep(self.document.serial, found)?;
        }
        if let Err(error) = self.folder.write_state(&bytes) {
            self.attempted = Some(bytes);
            return Err(error);
        }
        self.document = document;
        self.bytes = Some(bytes);
        self.attempted = None;
        self.wrote = true;
        Ok(())
    }

    /// Puts the last state that this value wrote into the history. Where it is not called because the run
    /// was killed, the next run's first write does it.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        match &self.bytes {
            Some(bytes) if self.wrote => self.folder.keep(self.document.serial, bytes),
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
        });
        document
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Somebody who deleted the lock by hand may have let another run in.
        let removed = match self.folder.owner() {
            Ok(Some(owner)) if owner.id == self.owner.id => self.folder.remove_owner(),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            // The next run takes it over.
            tracing::warn!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use camino::Utf8PathBuf;

    use super::*;
    use crate::state::{Store, atomic};

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
        };
        let store = Store::new(folder.clone());
        let mut locked = store.lock(&library, owner, Duration::ZERO).await.unwrap();
        let at = Timestamp::UNIX_EPOCH;
        for serial in 1..3 {
            let left = format::write(&locked.changed(|_| {}, at)).unwrap();
            atomic::replace(&folder.join("state.json"), &left).unwrap();
            let error = locked.write(|_| {}, at).unwrap_err();
            assert!(matches!(error, Error::Raced { .. }), "{error}");
            locked.attempted = Some(left);
            locked.write(|_| {}, at).unwrap();
            assert_eq!(locked.document().serial, serial);
        }
    }
}
