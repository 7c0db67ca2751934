//! The service's behaviour, without HTTP.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use thiserror::Error;

use crate::StartError;
use crate::folder::Folder;
use crate::incoming::{Incoming, Received};
use crate::index::Files;

/// A file of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, as it was sent.
    pub name: String,
    /// The digest of its content in lower-case hex.
    pub sha256: String,
    /// The length of its content in bytes, which the API does not report.
    pub size: u64,
    /// What it is for; never empty.
    pub description: Option<String>,
    /// Whether live response offers to pass parameters.
    pub has_parameters: bool,
    /// How its parameters are written; never empty.
    pub parameters_description: Option<String>,
    /// When the name was first uploaded.
    pub created: Timestamp,
    /// When it was last uploaded.
    pub updated: Timestamp,
    /// Who uploaded it first.
    pub created_by: String,
}

/// What an upload says about a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) has_parameters: bool,
    pub(crate) parameters_description: Option<String>,
    pub(crate) override_if_exists: bool,
    pub(crate) by: String,
}

/// Says why a change was not made.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("a file named `{name}` exists already, and OverrideIfExists is not true")]
    Exists { name: String },
    #[error("there is no file named `{name}`")]
    NotFound { name: String },
    #[error("the emulator has stopped")]
    Stopped,
    #[error("could not change the data folder: {0}")]
    Folder(#[from] io::Error),
}

/// One library.
#[derive(Debug)]
pub(crate) struct World {
    folder: Folder,
    library: Mutex<Library>,
}

#[derive(Debug)]
struct Library {
    files: Files,
    /// Whether the folder may be another process's by now.
    is_stopped: bool,
}

impl World {
    /// Opens the library in a data folder.
    pub(crate) fn open(data: &Path) -> Result<Self, StartError> {
        let (folder, files) = Folder::open(data)?;
        Ok(Self {
            folder,
            library: Mutex::new(Library {
                files,
                is_stopped: false,
            }),
        })
    }

    /// Writes the certificate authority's certificate beside the library; returns where it is.
    pub(crate) fn write_ca(&self, pem: &str) -> io::Result<PathBuf> {
        self.folder.write_ca(pem)
    }

    /// Returns all files in the order of their names.
    pub(crate) fn list(&self) -> Vec<File> {
        self.library().files.values().cloned().collect()
    }

    /// Returns where the content of a file is.
    pub(crate) fn content(&self, name: &str) -> Option<PathBuf> {
        let library = self.library();
        let file = library.files.get(name)?;
        Some(self.folder.content(&file.sha256))
    }

    /// Begins to receive a content.
    pub(crate) fn receive(&self) -> io::Result<Incoming> {
        Incoming::new(self.folder.temporary()?)
    }

    /// Puts a received content into the library, in the place of one of the same name if allowed.
    pub(crate) fn put(
        &self,
        content: Received,
        upload: Upload,
        now: Timestamp,
    ) -> Result<File, Refusal> {
        let mut library = self.library();
        library.check_running()?;
        let replaced = library.files.get(&upload.name).cloned();
        if replaced.is_some() && !upload.override_if_exists {
            return Err(Refusal::Exists { name: upload.name });
        }
        // Who and when "created" are about the name; the documents do not say what an override
        // does to them.
        let (created, created_by) = match &replaced {
            Some(file) => (file.created, file.created_by.clone()),
            None => (now, upload.by),
        };
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let file = File {
            name: upload.name,
            sha256: content.sha256,
            size: content.size,
            description: not_empty(upload.description),
            has_parameters: upload.has_parameters,
            parameters_description: not_empty(upload.parameters_description),
            created,
            updated: now,
            created_by,
        };
        self.folder.keep_content(content.temporary, &file.sha256)?;
        let mut files = library.files.clone();
        files.insert(file.name.clone(), file.clone());
        self.commit(&mut library, files, replaced.as_ref())?;
        Ok(file)
    }

    /// Removes a file from the library.
    pub(crate) fn delete(&self, name: &str) -> Result<(), Refusal> {
        let mut library = self.library();
        library.check_running()?;
        let mut files = library.files.clone();
        let Some(removed) = files.remove(name) else {
            return Err(Refusal::NotFound {
                name: name.to_owned(),
            });
        };
        self.commit(&mut library, files, Some(&removed))?;
        Ok(())
    }

    /// Refuses changes from now on, and lets another process use the folder.
    pub(crate) fn stop(&self) {
        let mut library = self.library();
        if !library.is_stopped {
            library.is_stopped = true;
            // A lock that cannot be given back now is given back when the file is closed.
            drop(self.folder.unlock());
        }
    }

    /// Makes `files` the library, on disk first.
    fn commit(
        &self,
        library: &mut Library,
        files: Files,
        replaced: Option<&File>,
    ) -> io::Result<()> {
        self.folder.write_index(&files)?;
        library.files = files;
        if let Some(File { sha256, .. }) = replaced
            && !library.files.values().any(|kept| kept.sha256 == *sha256)
        {
            // The change is made; a content that cannot be removed now is removed by the next
            // start.
            drop(self.folder.remove_content(sha256));
        }
        Ok(())
    }

    fn library(&self) -> MutexGuard<'_, Library> {
        // `files` is replaced in one step, so that it is whole even after a panic.
        self.library.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Library {
    fn check_running(&self) -> Result<(), Refusal> {
        if self.is_stopped {
            return Err(Refusal::Stopped);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
