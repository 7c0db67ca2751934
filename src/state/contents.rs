//! The contents that jumpbag put into a library, by their SHA-256: the API has no download.

use std::io::{self, Read, Write as _};

use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};

use crate::model::{Hasher, Sha256};

use super::Error;
use super::prefix::Prefix;

/// zstd's window at the level that is written here is 2 MiB at most; an object that asks for more memory
/// was not written here.
const WINDOW_LOG_MAX: u32 = 23;

/// The contents of one library, compressed. They need no lock: an object's name says what it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Contents(Prefix);

impl Contents {
    pub(super) fn new(prefix: Prefix) -> Self {
        Self(prefix)
    }

    /// Whether the content is there. Whether it is whole is known when it was read.
    pub(crate) fn has(&self, sha256: Sha256) -> Result<bool, Error> {
        self.0.has_object(sha256)
    }

    /// Keeps what `reader` gives, if it is `sha256`; durable when it returns. An object that is there and
    /// whole is left as it is, and a damaged one is replaced. Returns it as it is kept.
    pub(crate) fn put(&self, sha256: Sha256, reader: impl Read) -> Result<Packed, Error> {
        if let Ok(Some(packed)) = self.packed(sha256)
            && packed.is_whole()
        {
            pour(sha256, reader, |_| Ok(()))?;
            return Ok(packed);
        }
        let failed = |error: io::Error| {
            Error::storage(
                "pack the content",
                self.0.object_place(sha256),
                error.into(),
            )
        };
        let mut encoder =
            zstd::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL).map_err(failed)?;
        pour(sha256, reader, |piece| {
            encoder.write_all(piece).map_err(failed)
        })?;
        let bytes = Bytes::from(encoder.finish().map_err(failed)?);
        self.0.put_object(sha256, bytes.clone())?;
        Ok(Packed { bytes, sha256 })
    }

    /// The content as it is kept; `None` when it is not there.
    pub(crate) fn packed(&self, sha256: Sha256) -> Result<Option<Packed>, Error> {
        let bytes = self.0.object(sha256)?;
        Ok(bytes.map(|bytes| Packed { bytes, sha256 }))
    }

    /// The content as a whole; `None` when it is not there. However much an object unpacks to, no more than
    /// `max_bytes` are taken.
    pub(crate) fn read(&self, sha256: Sha256, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = self.0.object_place(sha256);
        let Some(packed) = self.packed(sha256)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = packed.open().and_then(|content| {
            let mut content = content.take(max_bytes.saturating_add(1));
            content.read_to_end(&mut bytes)
        });
        match read {
            Ok(length) if length as u64 > max_bytes => {
                Err(Error::ContentTooLarge { path, max_bytes })
            }
            Ok(_) => Ok(Some(bytes)),
            Err(source) => Err(Error::ContentDamaged { path, source }),
        }
    }
}

/// A content as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    bytes: Bytes,
    sha256: Sha256,
}

impl Packed {
    /// The content, bit by bit. Its last read fails when what it gave is not the content that was asked for.
    pub(crate) fn open(&self) -> io::Result<Content> {
        let mut decoder = zstd::Decoder::with_buffer(self.bytes.clone().reader())?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(Content {
            decoder,
            hasher: Hasher::default(),
            sha256: self.sha256,
        })
    }

    /// The content, for who checks by itself that it is the one that was asked for.
    pub(crate) fn unchecked(&self) -> io::Result<impl Read + Send + use<>> {
        let mut decoder = zstd::Decoder::with_buffer(self.bytes.clone().reader())?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(decoder)
    }

    fn is_whole(&self) -> bool {
        let content = self.open();
        content.is_ok_and(|mut content| io::copy(&mut content, &mut io::sink()).is_ok())
    }
}

/// A content that is being read.
pub(crate) struct Content {
    decoder: zstd::Decoder<'static, Reader<Bytes>>,
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
