//! Reading the manifest.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use thiserror::Error;

use crate::files::open::{self, OpenError};

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
    match open::bytes(path, MAX_BYTES) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(ReadError::TooLarge(path.to_owned())),
        Err(OpenError::Missing(_)) => Err(ReadError::Missing(path.to_owned())),
        Err(OpenError::Directory) => Err(ReadError::Directory(path.to_owned())),
        Err(OpenError::NotRegular) => Err(ReadError::NotRegular(path.to_owned())),
        Err(OpenError::Unreadable(error)) => Err(ReadError::Unreadable {
            path: path.to_owned(),
            error,
        }),
    }
}
