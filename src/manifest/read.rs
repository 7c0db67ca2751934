//! Opening files without being held up by what is none.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use thiserror::Error;

/// The largest manifest with all that it includes, in bytes: some 100,000 entries.
pub(crate) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The manifest cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum ReadError {
    /// There is none.
    #[error("there is no manifest `{0}`")]
    #[diagnostic(
        code(jumpbag::manifest::missing),
        help("run `jumpbag init` to write a starter manifest, or name another with `-m`")
    )]
    Missing(Utf8PathBuf),
    /// It is a folder.
    #[error("the manifest `{0}` is a folder")]
    #[diagnostic(
        code(jumpbag::manifest::directory),
        help("name the file in it with `-m`, or the folder with `-C`")
    )]
    Directory(Utf8PathBuf),
    /// It is a pipe, a socket or a device.
    #[error("the manifest `{0}` is not a regular file")]
    #[diagnostic(
        code(jumpbag::manifest::not_regular),
        help("name a regular file with `-m`")
    )]
    NotRegular(Utf8PathBuf),
    /// It is larger than [`MAX_BYTES`].
    #[error("the manifest `{0}` is larger than 64 MiB")]
    #[diagnostic(
        code(jumpbag::manifest::too_large),
        help("use globs, or split it into several manifests")
    )]
    TooLarge(Utf8PathBuf),
    /// The system refuses it.
    #[error("could not read the manifest `{path}`")]
    #[diagnostic(
        code(jumpbag::manifest::unreadable),
        help("check the permissions of the file and of its folders")
    )]
    Unreadable {
        /// Which manifest.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// The bytes of the manifest at `path`, at most [`MAX_BYTES`].
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<u8>, ReadError> {
    match bytes(path, MAX_BYTES) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(ReadError::TooLarge(path.to_owned())),
        Err(OpenError::Missing) => Err(ReadError::Missing(path.to_owned())),
        Err(OpenError::Directory) => Err(ReadError::Directory(path.to_owned())),
        Err(OpenError::NotRegular) => Err(ReadError::NotRegular(path.to_owned())),
        Err(OpenError::Unreadable(error)) => Err(ReadError::Unreadable {
            path: path.to_owned(),
            error,
        }),
    }
}

/// The bytes of the regular file at `path`; `None` where it has more than `most`.
pub(super) fn bytes(path: &Utf8Path, most: u64) -> Result<Option<Vec<u8>>, OpenError> {
    let (file, metadata) = open(path)?;
    if metadata.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(OpenError::Unreadable)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= most))
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    Missing,
    Directory,
    NotRegular,
    Unreadable(io::Error),
}

/// Opens the regular file at `path`; symbolic links are followed. Never waits for the other end of a
/// pipe, and never touches a device.
pub(super) fn open(path: &Utf8Path) -> Result<(File, Metadata), OpenError> {
    // Looked at before it is opened: opening a device can have effects.
    check(&path.metadata().map_err(cause)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // It may have become a pipe in between.
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path).map_err(cause)?;
    let metadata = file.metadata().map_err(OpenError::Unreadable)?;
    check(&metadata)?;
    Ok((file, metadata))
}

fn check(metadata: &Metadata) -> Result<(), OpenError> {
    if metadata.is_dir() {
        Err(OpenError::Directory)
    } else if !metadata.is_file() {
        Err(OpenError::NotRegular)
    } else {
        Ok(())
    }
}

fn cause(error: io::Error) -> OpenError {
    // A file where a folder should be means that there is nothing at the path, too.
    if matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    ) {
        OpenError::Missing
    } else {
        OpenError::Unreadable(error)
    }
}
