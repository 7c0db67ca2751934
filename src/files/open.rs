//! Opening files without being held up by what is none.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};

use camino::Utf8Path;

use crate::model::Sha256;

/// The bytes of the regular file at `path`; `None` where it has more than `most`.
pub(crate) fn bytes(path: &Utf8Path, most: u64) -> Result<Option<Vec<u8>>, OpenError> {
    let (file, metadata) = open(path)?;
    if metadata.len() > most {
        return Ok(None);
    }
    // A file that only claims to be large, such as a sparse one, gets its memory as it is read.
    let most_at_once = metadata.len().min(1 << 24);
    let mut bytes = Vec::with_capacity(usize::try_from(most_at_once).unwrap_or_default());
    // It may grow while it is read.
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(OpenError::Unreadable)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= most))
}

/// The bytes of the file at `path`, which had `size` of them and this digest; an error where it has others now.
pub(crate) fn content(path: &Utf8Path, size: u64, sha256: Sha256) -> io::Result<Vec<u8>> {
    let bytes = bytes(path, size)?;
    let same = bytes.filter(|bytes| Sha256::of(bytes) == sha256);
    same.ok_or_else(|| io::Error::other("it holds something else than when it was hashed"))
}

/// Reads the regular file at `path`: no more than `most` bytes, also where it grows while it is read.
pub(crate) fn reader(path: &Utf8Path, most: u64) -> io::Result<impl Read + use<>> {
    let (file, metadata) = open(path)?;
    let length = metadata.len();
    if length > most {
        let why = format!("it has {length} bytes, and no more than {most} are read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(file.take(most))
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// There is none.
    Missing(io::Error),
    /// It is a folder.
    Directory,
    /// It is a pipe, a socket or a device.
    NotRegular,
    /// The system refuses it.
    Unreadable(io::Error),
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Missing(error) | OpenError::Unreadable(error) => error,
            OpenError::Directory => Self::new(io::ErrorKind::IsADirectory, "it is a folder"),
            OpenError::NotRegular => Self::new(
                io::ErrorKind::InvalidInput,
                "it is a pipe, a socket or a device, and not a regular file",
            ),
        }
    }
}

/// Opens the regular file at `path`; symbolic links are followed. Never waits for the other end of a
/// pipe, and never touches a device.
pub(crate) fn open(path: &Utf8Path) -> Result<(File, Metadata), OpenError> {
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
        OpenError::Missing(error)
    } else {
        OpenError::Unreadable(error)
    }
}
