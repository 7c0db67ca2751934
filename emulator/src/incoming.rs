//! An upload on its way to the disk: hashed while it is written, never whole in memory.

use std::io;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::hex::hex;

/// A content that is being received; dropping it removes what there is.
pub(crate) struct Incoming {
    temporary: NamedTempFile,
    file: tokio::fs::File,
    hasher: Sha256,
    size: u64,
}

/// A content that was received whole, and is not in the library yet.
#[derive(Debug)]
pub(crate) struct Received {
    /// Where it is for now.
    pub(crate) temporary: NamedTempFile,
    /// Its digest in lower-case hex.
    pub(crate) sha256: String,
    /// Its length in bytes.
    pub(crate) size: u64,
}

impl Incoming {
    /// Begins with an empty temporary file.
    pub(crate) fn new(temporary: NamedTempFile) -> io::Result<Self> {
        let file = tokio::fs::File::from_std(temporary.as_file().try_clone()?);
        Ok(Self {
            temporary,
            file,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    /// Adds a piece, and returns how much there is now.
    pub(crate) async fn add(&mut self, piece: &[u8]) -> io::Result<u64> {
        self.hasher.update(piece);
        self.file.write_all(piece).await?;
        self.size += piece.len() as u64;
        Ok(self.size)
    }

    /// Ends the content.
    pub(crate) async fn finish(mut self) -> io::Result<Received> {
        self.file.flush().await?;
        Ok(Received {
            temporary: self.temporary,
            sha256: hex(&self.hasher.finalize()),
            size: self.size,
        })
    }
}
