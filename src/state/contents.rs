//! The contents that jumpbag put into a library, by their SHA-256: the API has no download.

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};

use crate::model::{Hasher, Sha256};

use super::Error;
use super::local::Folder;

/// zstd's window at the level that is written here is 2 MiB at most; an object that asks for more memory
/// was not written here.
const WINDOW_LOG_MAX: u32 = 23;

/// The contents of one library, compressed. They need no lock: an object's name says what it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Contents(Folder);

impl Contents {
    pub(super) fn new(folder: Folder) -> Self {
        Self(folder)
    }

    /// Whether the content is there. Whether it is whole is known when it was read.
    pub(crate) fn has(&self, sha256: Sha256) -> bool {
        self.0.has_object(sha256)
    }

    /// Keeps what `reader` gives, if it is `sha256`; durable when it returns. An object that is there and
    /// whole is left as it is, and a damaged one is replaced.
    pub(crate) fn put(&self, sha256: Sha256, reader: impl Read) -> Result<(), Error> {
        if self.is_whole(sha256) {
            return pour(sha256, reader, |_| Ok(()));
        }
        let failed = |error| Error::io("write the content", &self.0.object_path(sha256), error);
        let file = self.0.new_object()?;
        let mut encoder =
            zstd::Encoder::new(file.as_file(), zstd::DEFAULT_COMPRESSION_LEVEL).map_err(failed)?;
        pour(sha256, reader, |piece| {
            encoder.write_all(piece).map_err(failed)
        })?;
        encoder.finish().map_err(failed)?;
        self.0.publish_object(sha256, file)
    }

    /// The content, bit by bit. Its last read fails when what it gave is not `sha256`.
    pub(crate) fn open(&self, sha256: Sha256) -> io::Result<Content> {
        let mut decoder = zstd::Decoder::new(self.0.open_object(sha256)?)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(Content {
            decoder,
            hasher: Hasher::default(),
            sha256,
        })
    }

    /// The content as a whole; `None` when it is not there. However much an object unpacks to, no more than
    /// `max_bytes` are taken.
    pub(crate) fn read(&self, sha256: Sha256, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = self.0.object_path(sha256);
        let content = match self.open(sha256) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read the content", &path, error)),
        };
        let mut bytes = Vec::new();
        let read = content
            .take(max_bytes.saturating_add(1))
            .read_to_end(&mut bytes);
        match read {
            Ok(length) if length as u64 > max_bytes => {
                Err(Error::ContentTooLarge { path, max_bytes })
            }
            Ok(_) => Ok(Some(bytes)),
            Err(source) => Err(Error::ContentDamaged { path, source }),
        }
    }

    fn is_whole(&self, sha256: Sha256) -> bool {
        self.open(sha256)
            .and_then(|mut content| io::copy(&mut content, &mut io::sink()))
            .is_ok()
    }
}

/// A content that is being read.
pub(crate) struct Content {
    decoder: zstd::Decoder<'static, BufReader<File>>,
    hasher: Hasher,
    sha256: Sha256,
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.decoder.read(buffer)?;
        if length == 0 && !buffer.is_empty() {
            let (expected, found) = (self.sha256, self.hasher.clone().finish());
            if found != expected {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it has the sha256 {found}, and {expected} was expected"),
                ));
            }
        }
        self.hasher.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// Hands `to` all that `reader` gives, and refuses what is not `sha256` in the end.
fn pour(
    sha256: Sha256,
    mut reader: impl Read,
    mut to: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(Error::ContentUnreadable { sha256, source }),
        };
        let piece = buffer.get(..length).unwrap_or_default();
        hasher.update(piece);
        to(piece)?;
    }
    let found = hasher.finish();
    if found != sha256 {
        return Err(Error::ContentChanged {
            expected: sha256,
            found,
        });
    }
    Ok(())
}
