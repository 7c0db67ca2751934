//! One library's prefix as a folder. With [`super::atomic`], the only place that touches its files.

use std::fs::{self, File, TryLockError};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::model::Sha256;

use super::document::{Document, Owner};
use super::format::{self, Damage, FormatVersion, Reading, Unreadable};
use super::{Error, atomic};

/// The folder that holds everything about one library.
#[derive(Clone, Debug)]
pub(super) struct Folder(Utf8PathBuf);

/// The operating system's lock. It goes with this value, and with the process.
#[derive(Debug)]
pub(super) struct OsLock(File);

impl Drop for OsLock {
    fn drop(&mut self) {
        // Closing would do, were it not for a child process that was just forked and still has the file open.
        if let Err(error) = self.0.unlock() {
            tracing::debug!("could not unlock the state: {error}");
        }
    }
}

impl Folder {
    pub(super) fn new(path: Utf8PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.0
    }

    pub(super) fn state_path(&self) -> Utf8PathBuf {
        self.0.join("state.json")
    }

    pub(super) fn history_path(&self, serial: u64) -> Utf8PathBuf {
        self.history_folder().join(format!("{serial}.json"))
    }

    pub(super) fn object_path(&self, sha256: Sha256) -> Utf8PathBuf {
        self.objects_folder().join(sha256.to_string())
    }

    fn history_folder(&self) -> Utf8PathBuf {
        self.0.join("history")
    }

    fn objects_folder(&self) -> Utf8PathBuf {
        self.0.join("objects")
    }

    fn owner_path(&self) -> Utf8PathBuf {
        self.0.join("lock.json")
    }

    fn lock_path(&self) -> Utf8PathBuf {
        self.0.join("lock")
    }

    pub(super) fn budget_path(&self) -> Utf8PathBuf {
        self.0.join("budget.json")
    }

    /// The bytes of `state.json`.
    pub(super) fn state_bytes(&self) -> Result<Option<Vec<u8>>, Error> {
        let path = self.state_path();
        read_if_there(&path).map_err(|error| Error::io("read the state", &path, error))
    }

    /// The state and its bytes; `None` if nothing was ever written.
    pub(super) fn read(&self) -> Result<Option<(Vec<u8>, Reading)>, Error> {
        let path = self.state_path();
        let Some(bytes) = self.state_bytes()? else {
            // Taking a lost state for a new one would make every file unmanaged.
            return match self.history()?.last() {
                Some(serial) => Err(self.damaged(path, Damage::Missing(*serial))),
                None => Ok(None),
            };
        };
        let reading = self.understand(path, &bytes)?;
        Ok(Some((bytes, reading)))
    }

    pub(super) fn write_state(&self, bytes: &[u8]) -> Result<(), Error> {
        let path = self.state_path();
        atomic::replace(&path, bytes).map_err(|error| Error::io("write the state", &path, error))
    }

    /// The serials in the history, in ascending order.
    pub(super) fn history(&self) -> Result<Vec<u64>, Error> {
        let folder = self.history_folder();
        let failed = |error| Error::io("list the history", &folder, error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut serials = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            serials.extend(name.to_str().and_then(serial_of));
        }
        serials.sort_unstable();
        Ok(serials)
    }

    /// One entry of the history.
    pub(super) fn read_serial(&self, serial: u64) -> Result<Document, Error> {
        let path = self.history_path(serial);
        let Some(bytes) = read_if_there(&path)
            .map_err(|error| Error::io("read the history's entry", &path, error))?
        else {
            return Err(Error::NoSuchSerial {
                folder: self.0.clone(),
                serial,
            });
        };
        let document = self.understand(path.clone(), &bytes)?.document;
        if document.serial != serial {
            let damage = Damage::impossible("serial", document.serial, "not that of its file");
            return Err(self.damaged(path, damage));
        }
        Ok(document)
    }

    /// Puts a state that reads well into the history. An entry that is there has to be the same state.
    pub(super) fn keep(&self, serial: u64, bytes: &[u8]) -> Result<(), Error> {
        let path = self.history_path(serial);
        let failed = |error| Error::io("write the history's entry", &path, error);
        match read_if_there(&path).map_err(failed)? {
            Some(there) if same_state(&there, bytes) => Ok(()),
            Some(_) => Err(Error::HistoryTaken { path }),
            None => atomic::replace(&path, bytes).map_err(failed),
        }
    }

    /// Who holds the lock, or held it when it was killed. What cannot be understood counts as nobody: the
    /// operating system's lock decides.
    pub(super) fn owner(&self) -> Result<Option<Owner>, Error> {
        let path = self.owner_path();
        let bytes = read_if_there(&path)
            .map_err(|error| Error::io("read the lock's owner from", &path, error))?;
        Ok(bytes.and_then(|bytes| format::read_lock(&bytes).ok()))
    }

    pub(super) fn write_owner(&self, owner: &Owner) -> Result<(), Error> {
        let path = self.owner_path();
        let bytes = format::write_lock(owner).map_err(|source| Error::Unwritable {
            path: path.clone(),
            source: Box::new(source),
        })?;
        atomic::replace(&path, &bytes)
            .map_err(|error| Error::io("write the lock's owner to", &path, error))
    }

    pub(super) fn remove_owner(&self) -> Result<(), Error> {
        let path = self.owner_path();
        atomic::remove(&path).map_err(|error| Error::io("remove", &path, error))
    }

    /// The operating system's lock; `None` while somebody else has it. Creates the folder and the file if
    /// needed. The file is never deleted: a second run could lock a new one beside the old one's holder.
    pub(super) fn try_lock(&self) -> Result<Option<OsLock>, Error> {
        self.try_lock_at(self.lock_path())
    }

    /// The same for the budget, whose lock is its own: it is changed also by who only looks at the library.
    pub(super) fn try_lock_budget(&self) -> Result<Option<OsLock>, Error> {
        self.try_lock_at(self.0.join("budget.lock"))
    }

    fn try_lock_at(&self, path: Utf8PathBuf) -> Result<Option<OsLock>, Error> {
        let failed = |error| Error::io("open the lock", &path, error);
        atomic::create_folder(&self.0)
            .map_err(|error| Error::io("create the folder", &self.0, error))?;
        let file = atomic::options().create(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(OsLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::CannotLock { path, source }),
        }
    }

    /// Whether somebody has the operating system's lock. Creates nothing.
    pub(super) fn is_locked(&self) -> Result<bool, Error> {
        let path = self.lock_path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Error::io("open the lock", &path, error)),
        };
        // Shared, so that two that look do not see each other.
        match file.try_lock_shared() {
            Ok(()) => {
                drop(OsLock(file));
                Ok(false)
            }
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(Error::CannotLock { path, source }),
        }
    }

    /// Removes what killed runs left half written.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        for folder in [self.0.clone(), self.history_folder(), self.objects_folder()] {
            atomic::sweep(&folder)
                .map_err(|error| Error::io("remove temporary files from", &folder, error))?;
        }
        Ok(())
    }

    /// The bytes of `budget.json`.
    pub(super) fn budget_bytes(&self) -> io::Result<Option<Vec<u8>>> {
        read_if_there(&self.budget_path())
    }

    /// When `budget.json` was last written.
    pub(super) fn budget_written(&self) -> io::Result<Timestamp> {
        let written = fs::metadata(self.budget_path())?.modified()?;
        Timestamp::try_from(written).map_err(io::Error::other)
    }

    pub(super) fn write_budget(&self, bytes: &[u8]) -> io::Result<()> {
        atomic::replace_unsynced(&self.budget_path(), bytes)
    }

    /// A file that can become an object.
    pub(super) fn new_object(&self) -> Result<NamedTempFile, Error> {
        let folder = self.objects_folder();
        atomic::guarded_temporary(&folder)
            .map_err(|error| Error::io("create a file in", &folder, error))
    }

    pub(super) fn publish_object(&self, sha256: Sha256, file: NamedTempFile) -> Result<(), Error> {
        let path = self.object_path(sha256);
        atomic::publish(file, &path).map_err(|error| Error::io("write the content", &path, error))
    }

    pub(super) fn has_object(&self, sha256: Sha256) -> bool {
        self.object_path(sha256).is_file()
    }

    pub(super) fn open_object(&self, sha256: Sha256) -> io::Result<File> {
        File::open(self.object_path(sha256))
    }

    fn understand(&self, path: Utf8PathBuf, bytes: &[u8]) -> Result<Reading, Error> {
        format::read(bytes).map_err(|unreadable| match unreadable {
            Unreadable::Newer(found) => Error::NewerFormat {
                path,
                found,
                known: FormatVersion::LATEST,
            },
            Unreadable::Damaged(damage) => self.damaged(path, damage),
        })
    }

    fn damaged(&self, path: Utf8PathBuf, damage: Damage) -> Error {
        let last_good = self.last_good();
        let help = match last_good {
            // An entry of the history is not what runs depend on.
            _ if path != self.state_path() => {
                "choose another serial, or take the file from a backup or from version control"
                    .to_owned()
            }
            Some(serial) => format!(
                "put serial {serial}, the last good one, back with `cp '{}' '{path}'`, then plan again",
                self.history_path(serial),
            ),
            None => format!(
                "take the file from a backup or from version control; without one, move `{}` away and run `jumpbag import --all`",
                self.0
            ),
        };
        Error::Damaged {
            path,
            last_good,
            help,
            source: Box::new(damage),
        }
    }

    /// The newest entry of the history that reads well. What fails here only makes the advice poorer.
    fn last_good(&self) -> Option<u64> {
        let serials = self.history().ok()?;
        serials.into_iter().rev().find(|serial| {
            let bytes = read_if_there(&self.history_path(*serial)).ok().flatten();
            bytes
                .and_then(|bytes| format::read(&bytes).ok())
                .is_some_and(|reading| reading.document.serial == *serial)
        })
    }
}

/// Whether two texts hold the same state: git may have changed the line ends of one.
fn same_state(there: &[u8], bytes: &[u8]) -> bool {
    let checksum = |bytes| format::read(bytes).ok().map(|reading| reading.checksum);
    there == bytes || checksum(there).is_some_and(|there| Some(there) == checksum(bytes))
}

/// The serial that a history's file is named for.
fn serial_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let serial: u64 = digits.parse().ok()?;
    (serial.to_string() == digits).then_some(serial)
}

fn read_if_there(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
