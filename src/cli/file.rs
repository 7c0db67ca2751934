//! Files that the user names: read whole, written whole or not at all.

use std::io::{Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use super::error::Error;
use super::output;
use crate::files::whole::{self, Readers};

/// Writes `text` to `path` as [`write_bytes`] does.
pub(super) fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    write_bytes(path, text.as_bytes())
}

/// Writes `bytes` to `path` in one step; a reader sees the old file or the new one. The file is for its owner
/// alone. A symbolic link is replaced, so that a checkout that others wrote has nothing outside of it overwritten. What is
/// not a file, such as a pipe or `/dev/stdout`, is written to, and not replaced.
pub(super) fn write_bytes(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |cause| failed(path, cause);
    if let Some(mut open) = output::named(path) {
        return open.write_all(bytes).map_err(failed);
    }
    if std::fs::metadata(path).is_ok_and(|at| !at.is_file() && !at.is_dir()) {
        let mut pipe = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(failed)?;
        return pipe.write_all(bytes).map_err(failed);
    }
    let file = beside(path, bytes, Readers::Owner)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes `bytes` to `path` in one step, for whomever the folder's files are for.
pub(super) fn write_shared(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    let file = beside(path, bytes, Readers::Everyone)?;
    let written = file.persist(path);
    written.map_err(|error| failed(path, error.error))?;
    Ok(())
}

/// Makes the folder `path`, and those that it is in, where they are not there.
pub(super) fn make_folder(path: &Utf8Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|cause| failed(path, cause))
}

/// As [`write_bytes`], where nothing is yet.
pub(super) fn write_new(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    put_new(beside(path, bytes, Readers::Owner)?, path)
}

/// As [`write_new`], for whomever the folder's files are for.
pub(super) fn write_new_shared(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    put_new(beside(path, bytes, Readers::Everyone)?, path)
}

fn put_new(file: NamedTempFile, path: &Utf8Path) -> Result<(), Error> {
    let written = file.persist_noclobber(path);
    match written.map_err(|error| error.error) {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::Exists {
            path: path.to_owned(),
        }),
        Err(cause) => Err(failed(path, cause)),
    }
}

/// A file of these bytes in the folder that `path` is in, where it also removes what killed runs left half written.
fn beside(path: &Utf8Path, bytes: &[u8], readers: Readers) -> Result<NamedTempFile, Error> {
    let failed = |cause| failed(path, cause);
    let folder = whole::folder_of(path);
    if let Err(error) = whole::sweep(folder) {
        // Housekeeping stops no run. A folder that can be written to need not be one that can be listed.
        tracing::debug!("could not look for temporary files: {error}");
    }
    let mut file = whole::temporary_in(folder, readers).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

fn failed(path: &Utf8Path, cause: std::io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        cause,
    }
}

/// Reads at most `most` bytes and one more, by which the caller knows that it is too large.
pub(super) fn read(path: &Utf8PathBuf, most: u64) -> Result<Vec<u8>, Error> {
    let failed = |cause| Error::Read {
        path: path.clone(),
        cause,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}
