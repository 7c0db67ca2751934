//! A prefix that is a folder of this machine. With [`whole`], the only place that touches its files.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::files::open::{OpenError, bytes, open};
use crate::files::whole;

use super::{Backend, Condition, Entry, Fault, Fill, Found, Opened, Version};

/// How often a lock that others hold for a moment is tried, and after what time again.
const RETRIES: u32 = 400;
const RETRY: Duration = Duration::from_millis(5);

/// The folder that holds everything about one library.
#[derive(Clone, Debug)]
pub(in crate::state) struct Folder(Utf8PathBuf);

/// A lock of the operating system. It goes with this value, and with the process.
#[derive(Debug)]
pub(in crate::state) struct OsLock(File);

/// Why there is no lock to be had.
#[derive(Debug)]
pub(in crate::state) enum CannotLock {
    /// The folder cannot be created.
    Create(io::Error),
    /// The file cannot be opened.
    Open(io::Error),
    /// The file system has no locks.
    Refused(io::Error),
}

impl CannotLock {
    fn cause(self) -> io::Error {
        match self {
            Self::Create(cause) | Self::Open(cause) | Self::Refused(cause) => cause,
        }
    }
}

impl Drop for OsLock {
    fn drop(&mut self) {
        // Closing would do, were it not for a child process that was just forked and still has the file open.
        if let Err(error) = self.0.unlock() {
            tracing::debug!("could not unlock the state: {error}");
        }
    }
}

impl Folder {
    /// The file whose lock decides who may write the state.
    pub(in crate::state) const LOCK: &'static str = "lock";

    /// Touches nothing.
    pub(in crate::state) fn new(path: Utf8PathBuf) -> Self {
        Self(path)
    }

    pub(in crate::state) fn path(&self) -> &Utf8Path {
        &self.0
    }

    /// The operating system's lock on the state; `None` while somebody else has it. Creates the folder and the
    /// file if needed. The file is never deleted: a second run could lock a new one beside the old one's holder.
    pub(in crate::state) fn try_lock(&self) -> Result<Option<OsLock>, CannotLock> {
        match self.lock_file(Self::LOCK)?.try_lock() {
            Ok(file) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(CannotLock::Refused(error)),
        }
    }

    /// Whether somebody has that lock. Creates nothing.
    pub(in crate::state) fn is_locked(&self) -> Result<bool, CannotLock> {
        let file = match open(&self.0.join(Self::LOCK)) {
            Ok((file, _)) => file,
            Err(OpenError::Missing(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(false);
            }
            Err(error) => return Err(CannotLock::Open(error.into())),
        };
        // Shared, so that two that look do not see each other.
        match file.try_lock_shared() {
            Ok(()) => {
                drop(OsLock(file));
                Ok(false)
            }
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(CannotLock::Refused(error)),
        }
    }

    /// Removes what killed runs left half written.
    pub(in crate::state) fn sweep(&self) -> io::Result<()> {
        for folder in ["", "history", "objects"] {
            whole::sweep(&self.0.join(folder))?;
        }
        Ok(())
    }

    fn lock_file(&self, name: &str) -> Result<LockFile, CannotLock> {
        whole::create_folder(&self.0).map_err(CannotLock::Create)?;
        let opened = whole::options().create(true).open(self.0.join(name));
        Ok(LockFile(opened.map_err(CannotLock::Open)?))
    }

    /// Makes the change of one file that others change, too, without any of them coming in between.
    fn guarded<T>(
        &self,
        name: &str,
        change: impl FnOnce(&Utf8Path) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let file = self.lock_file(&guard(name)).map_err(CannotLock::cause)?;
        let _guard = file.lock()?;
        change(&self.0.join(name))
    }

    fn write(path: &Utf8Path, bytes: &[u8], how: Write) -> io::Result<()> {
        // Not every writer has the state's lock, so that a sweep has to know that this one is at work.
        let temporary = whole::temporary(whole::folder_of(path))?;
        temporary.as_file().write_all(bytes)?;
        match how {
            Write::Over { durable: true } => whole::publish(temporary, path),
            Write::Over { durable: false } => whole::publish_unsynced(temporary, path),
            Write::New => whole::publish_new(temporary, path),
        }
    }
}

/// How a file comes to its place.
#[derive(Clone, Copy)]
enum Write {
    Over { durable: bool },
    New,
}

impl Write {
    fn over(name: &str) -> Self {
        // The budget outlives a killed process, and need not outlive the machine's end.
        Self::Over {
            durable: name != "budget.json",
        }
    }
}

/// A file that is there to be locked.
struct LockFile(File);

impl LockFile {
    fn try_lock(self) -> Result<OsLock, TryLockError> {
        self.0.try_lock()?;
        Ok(OsLock(self.0))
    }

    /// Waits for it, but not for a process that was stopped while it had it: who is not takes milliseconds.
    fn lock(self) -> io::Result<OsLock> {
        let mut tries = 0;
        loop {
            match self.0.try_lock() {
                Ok(()) => return Ok(OsLock(self.0)),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if tries == RETRIES => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(RETRY),
            }
            tries += 1;
        }
    }
}

impl Backend for Folder {
    fn place(&self, name: &str) -> String {
        if name.is_empty() {
            self.0.to_string()
        } else {
            self.0.join(name).into_string()
        }
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        Ok(read_if_there(&self.0.join(name))?.map(|bytes| Found {
            version: Version::Bytes(bytes.clone()),
            bytes,
            sealed: false,
        }))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        match condition {
            Condition::Always => Self::write(&self.0.join(name), &bytes, Write::over(name))?,
            Condition::New => {
                let written = Self::write(&self.0.join(name), &bytes, Write::New);
                written.map_err(|error| {
                    if error.kind() == io::ErrorKind::AlreadyExists {
                        Fault::Lost
                    } else {
                        error.into()
                    }
                })?;
            }
            Condition::Is(expected) => self.guarded(name, |path| {
                let there = read_if_there(path)?;
                if there.map(Version::Bytes).as_ref() != Some(expected) {
                    return Err(Fault::Lost);
                }
                Ok(Self::write(path, &bytes, Write::over(name))?)
            })?,
        }
        Ok(Version::Bytes(bytes))
    }

    fn write(&self, name: &str, fill: &mut Fill<'_>) -> Result<Opened, Fault> {
        let path = self.0.join(name);
        let mut temporary = whole::temporary(whole::folder_of(&path))?;
        fill(temporary.as_file_mut())?;
        let written = whole::publish_unsettled(temporary, &path)?;
        Ok(Opened::Disk(Arc::new(written)))
    }

    fn open(&self, name: &str) -> Result<Option<Opened>, Fault> {
        match open(&self.0.join(name)) {
            Ok((file, _)) => Ok(Some(Opened::Disk(Arc::new(file)))),
            Err(OpenError::Missing(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn settle(&self, folder: &str) -> Result<(), Fault> {
        match whole::sync_folder(&self.0.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        let entries = match fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Somebody was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            if metadata.is_file() && !whole::is_temporary(&name) {
                files.push(Entry {
                    name,
                    size: metadata.len(),
                    modified: Timestamp::try_from(metadata.modified()?)
                        .map_err(io::Error::other)?,
                });
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.0.join(name).is_file())
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        match whole::remove(&self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The file whose lock makes conditional changes of `name` one after another: `state.lock` for `state.json`.
fn guard(name: &str) -> String {
    let stem = name.split(['/', '.']).next().unwrap_or(name);
    format!("{stem}.lock")
}

fn read_if_there(path: &Utf8Path) -> io::Result<Option<Bytes>> {
    match bytes(path, u64::MAX) {
        Ok(bytes) => Ok(bytes.map(Bytes::from)),
        Err(OpenError::Missing(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
