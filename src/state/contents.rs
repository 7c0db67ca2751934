//! The contents that jumpbag put into a library, by their SHA-256: the API has no download.

use std::io::{self, BufReader, Read, Write};

use crate::model::{Hasher, Sha256};

use super::Error;
use super::backend::Opened;
use super::prefix::Prefix;

type Decoder = zstd::Decoder<'static, BufReader<Box<dyn Read + Send>>>;

/// How far back a compressed content refers, as a power of two: it is held in memory, on both sides.
const WINDOW_LOG: u32 = 20;

/// Earlier versions wrote windows of 2 MiB at the most; an object that asks for much more was not written here.
const WINDOW_LOG_MAX: u32 = 23;

/// The most that an object unpacks to, in bytes, which is more than any library takes: a small one may unpack to far more.
const MOST_UNPACKED: u64 = 256 << 20;

/// How many bytes are read before it is decided how to compress.
const SMALL: u64 = 1 << 16;

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

    /// Keeps what `reader` gives, if it is `sha256`; durable once a state was written after it. An object that is
    /// there and whole is left as it is, and a damaged one is replaced. Returns it as it is kept.
    pub(crate) fn put(&self, sha256: Sha256, mut reader: impl Read) -> Result<Packed, Error> {
        if let Ok(Some(packed)) = self.whole(sha256) {
            pour::<Error>(sha256, reader, |_| Ok(()))?;
            return Ok(packed);
        }
        let mut refused = None;
        let written = self.0.write_object(sha256, &mut |to| {
            pack(sha256, &mut reader, to).map_err(|stopped| match stopped {
                Stopped::Refused(error) => {
                    refused = Some(error);
                    io::ErrorKind::InvalidData.into()
                }
                Stopped::Failed(error) => error,
            })
        });
        match refused {
            Some(error) => Err(error),
            None => Ok(Packed {
                object: written?,
                sha256,
            }),
        }
    }

    /// The content as it is kept; `None` when it is not there.
    pub(crate) fn packed(&self, sha256: Sha256) -> Result<Option<Packed>, Error> {
        let opened = self.0.open_object(sha256)?;
        Ok(opened.map(|object| Packed { object, sha256 }))
    }

    /// As [`packed`](Self::packed), once it was read to its end and is what it has to be.
    pub(crate) fn whole(&self, sha256: Sha256) -> Result<Option<Packed>, Error> {
        let Some(packed) = self.packed(sha256)? else {
            return Ok(None);
        };
        let path = || self.0.object_place(sha256);
        let read = packed.open().and_then(|content| {
            let mut content = content.take(MOST_UNPACKED.saturating_add(1));
            io::copy(&mut content, &mut io::sink())
        });
        match read {
            Ok(length) if length > MOST_UNPACKED => Err(Error::ContentTooLarge {
                path: path(),
                max_bytes: MOST_UNPACKED,
            }),
            Ok(_) => Ok(Some(packed)),
            Err(source) => Err(Error::ContentDamaged {
                path: path(),
                source,
            }),
        }
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
    object: Opened,
    sha256: Sha256,
}

impl Packed {
    /// The content, bit by bit. Its last read fails when what it gave is not the content that was asked for.
    pub(crate) fn open(&self) -> io::Result<Content> {
        Ok(Content {
            decoder: self.decoder()?,
            hasher: Hasher::default(),
            sha256: self.sha256,
        })
    }

    /// The content, for who checks by itself that it is the one that was asked for.
    pub(crate) fn unchecked(&self) -> io::Result<impl Read + Send + use<>> {
        self.decoder()
    }

    fn decoder(&self) -> io::Result<Decoder> {
        let mut decoder = Decoder::new(self.object.reader())?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(decoder)
    }
}

/// A content that is being read.
pub(crate) struct Content {
    decoder: Decoder,
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

/// Why a content was not kept.
enum Stopped {
    /// It is not to be.
    Refused(Error),
    /// It cannot be written.
    Failed(io::Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Compresses what `reader` gives, if it is `sha256`.
fn pack(sha256: Sha256, mut reader: impl Read, to: &mut dyn Write) -> Result<(), Stopped> {
    let mut encoder = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    let mut first = Vec::new();
    let unreadable = |source| Error::ContentUnreadable { sha256, source };
    let most = reader.by_ref().take(SMALL + 1);
    let length = { most }.read_to_end(&mut first).map_err(unreadable)? as u64;
    // Otherwise megabytes are set up, on both sides, for what may come.
    if length <= SMALL {
        encoder.set_pledged_src_size(Some(length))?;
    } else {
        encoder.window_log(WINDOW_LOG)?;
    }
    pour::<Stopped>(sha256, first.chain(reader), |piece| {
        Ok(encoder.write_all(piece)?)
    })?;
    encoder.finish()?;
    Ok(())
}

/// Hands `to` all that `reader` gives, and refuses what is not `sha256` in the end.
fn pour<E: From<Error>>(
    sha256: Sha256,
    mut reader: impl Read,
    mut to: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(Error::ContentUnreadable { sha256, source }.into()),
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
        }
        .into());
    }
    Ok(())
}
