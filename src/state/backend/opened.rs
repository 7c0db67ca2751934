//! A file that is read bit by bit, as often as it takes.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};

/// A file's bytes as they were when it was opened, whatever happens to its name.
#[derive(Clone, Debug)]
pub(in crate::state) enum Opened {
    /// At hand.
    Memory(Bytes),
    /// On this machine's disk.
    Disk(Arc<File>),
}

impl Opened {
    /// Reads it from its beginning. Others may read it at the same time.
    pub(in crate::state) fn reader(&self) -> Box<dyn Read + Send> {
        match self {
            Self::Memory(bytes) => Box::new(bytes.clone().reader()),
            Self::Disk(file) => Box::new(At {
                file: Arc::clone(file),
                offset: 0,
            }),
        }
    }
}

/// A reader that has its own place in a file.
struct At {
    file: Arc<File>,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = read_at(&self.file, buffer, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
