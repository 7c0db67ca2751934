//! The data folder: what survives a restart, and a kill at any moment.
//!
//! ```text
//! lock              held by the process that uses the folder
//! index.json        which names there are; replaced whole, never edited
//! contents/SHA256   the contents, by their digest
//! incoming/         uploads and indexes that are not finished; emptied at the start
//! ca.pem            whom to trust for TLS, from the last start that asked for it
//! ```
//!
//! A change is in effect from the moment that the new index is renamed over the old one. Contents
//! come before the index that names them and go after it, so that a kill in between leaves at
//! most a content that nothing names, which the next start removes.
//! Names from requests occur in the index only, never in a path.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::StartError;
use crate::index::{self, Files};

/// What our temporary files begin with; others in the folder are not ours to remove.
const TEMPORARY: &str = "jumpbag-emulator-";

/// A data folder that no other process uses.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder where there is none, locks it, tidies it up, and reads its index.
    pub(crate) fn open(root: &Path) -> Result<(Self, Files), StartError> {
        let unusable = |source| StartError::Folder {
            path: root.to_owned(),
            source,
        };
        fs::create_dir_all(root.join("contents")).map_err(unusable)?;
        fs::create_dir_all(root.join("incoming")).map_err(unusable)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StartError::Locked {
                    path: root.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let folder = Self {
            root: root.to_owned(),
            lock,
        };
        let files = folder.read_index()?;
        folder.tidy(&files).map_err(unusable)?;
        Ok((folder, files))
    }

    fn read_index(&self) -> Result<Files, StartError> {
        let path = self.root.join("index.json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Files::new()),
            Err(source) => return Err(StartError::Folder { path, source }),
        };
        let files = index::read(&bytes).map_err(|source| StartError::Index {
            path: path.clone(),
            source,
        })?;
        // The order of writing excludes this; somebody removed the content by hand.
        for file in files.values() {
            if !self.content(&file.sha256).is_file() {
                return Err(StartError::MissingContent {
                    path: self.content(&file.sha256),
                    name: file.name.clone(),
                });
            }
        }
        Ok(files)
    }

    /// Removes what a killed process left behind, or one that has stopped is about to remove itself.
    fn tidy(&self, files: &Files) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join("incoming"))? {
            let entry = entry?;
            if entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(TEMPORARY.as_bytes())
            {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        for entry in fs::read_dir(self.root.join("contents"))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| index::is_sha256(name)) else {
                continue;
            };
            if !files.values().any(|file| file.sha256 == name) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Returns where the content with this digest is, if there is one.
    pub(crate) fn content(&self, sha256: &str) -> PathBuf {
        self.root.join("contents").join(sha256)
    }

    /// Makes a temporary file that can be kept by a rename, and is gone when it is dropped.
    pub(crate) fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(self.root.join("incoming"))
    }

    /// Keeps a whole upload as the content with this digest.
    pub(crate) fn keep_content(&self, upload: NamedTempFile, sha256: &str) -> io::Result<()> {
        self.persist(upload, &self.content(sha256))
    }

    /// Removes a content that the index no longer names.
    pub(crate) fn remove_content(&self, sha256: &str) -> io::Result<()> {
        fs::remove_file(self.content(sha256))
    }

    /// Puts a new index in the place of the old one: all of it, or none.
    pub(crate) fn write_index(&self, files: &Files) -> io::Result<()> {
        let mut temporary = self.temporary()?;
        temporary.write_all(&index::write(files)?)?;
        self.persist(temporary, &self.root.join("index.json"))
    }

    /// Writes the certificate authority's certificate, and returns where it is.
    pub(crate) fn write_ca(&self, pem: &str) -> io::Result<PathBuf> {
        let path = self.root.join("ca.pem");
        let mut temporary = self.temporary()?;
        temporary.write_all(pem.as_bytes())?;
        self.persist(temporary, &path)?;
        Ok(path)
    }

    /// Lets another process use the folder.
    pub(crate) fn unlock(&self) -> io::Result<()> {
        self.lock.unlock()
    }

    fn persist(&self, temporary: NamedTempFile, path: &Path) -> io::Result<()> {
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|error| error.error)?;
        // The rename itself is safe from a loss of power only with the folder; Windows has no
        // such call, and needs none.
        if cfg!(unix) {
            File::open(path.parent().unwrap_or(&self.root))?.sync_all()?;
        }
        Ok(())
    }
}
