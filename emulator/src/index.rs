//! The index file: version 1 of its format, and nothing else.
//!
//! Its types are apart from [`crate::File`], so that a change of the one is not one of the other.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::File;

/// The files of a library by their names, which are case-sensitive.
pub(crate) type Files = BTreeMap<String, File>;

/// The only format so far.
const VERSION: u32 = 1;

/// Says why an index cannot be used.
#[derive(Debug, Error)]
pub enum IndexError {
    /// It is not what this program writes.
    #[error("it is not an index")]
    Malformed(#[source] serde_json::Error),
    /// A newer program wrote it.
    #[error("its format is version {found}, and this program knows version {VERSION}")]
    Version {
        /// The version in the index.
        found: u32,
    },
    /// An entry makes no sense.
    #[error("the entry `{name}` is damaged")]
    Entry {
        /// The file's name in the index.
        name: String,
    },
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Deserialize, Serialize)]
struct IndexV1 {
    version: u32,
    files: Vec<FileV1>,
}

#[derive(Deserialize, Serialize)]
struct FileV1 {
    name: String,
    sha256: String,
    size: u64,
    description: Option<String>,
    has_parameters: bool,
    parameters_description: Option<String>,
    created: String,
    updated: String,
    created_by: String,
}

/// Reads an index.
pub(crate) fn read(bytes: &[u8]) -> Result<Files, IndexError> {
    let header: Header = serde_json::from_slice(bytes).map_err(IndexError::Malformed)?;
    if header.version != VERSION {
        return Err(IndexError::Version {
            found: header.version,
        });
    }
    let index: IndexV1 = serde_json::from_slice(bytes).map_err(IndexError::Malformed)?;
    let mut files = Files::new();
    for entry in index.files {
        let name = entry.name.clone();
        let file = entry.into_file();
        let Some(file) = file.filter(|file| !files.contains_key(&file.name)) else {
            return Err(IndexError::Entry { name });
        };
        files.insert(name, file);
    }
    Ok(files)
}

/// Writes an index.
pub(crate) fn write(files: &Files) -> io::Result<Vec<u8>> {
    let index = IndexV1 {
        version: VERSION,
        files: files.values().map(FileV1::from_file).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&index)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whether this is a digest as we write it: the only thing that becomes a path.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FileV1 {
    fn from_file(file: &File) -> Self {
        Self {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
            size: file.size,
            description: file.description.clone(),
            has_parameters: file.has_parameters,
            parameters_description: file.parameters_description.clone(),
            created: file.created.to_string(),
            updated: file.updated.to_string(),
            created_by: file.created_by.clone(),
        }
    }

    fn into_file(self) -> Option<File> {
        Some(File {
            sha256: Some(self.sha256).filter(|sha256| is_sha256(sha256))?,
            created: self.created.parse::<Timestamp>().ok()?,
            updated: self.updated.parse::<Timestamp>().ok()?,
            name: self.name,
            size: self.size,
            description: self.description,
            has_parameters: self.has_parameters,
            parameters_description: self.parameters_description,
            created_by: self.created_by,
        })
    }
}
