//! The bytes of a cache: a line that says the version, records of one size, and the digest of all that.

use super::{Known, Stamp};
use crate::model::Sha256;

/// What a cache begins with; another version is another line.
pub(super) const HEAD: &[u8] = b"jumpbag stat cache 1\n";

/// The size of a [`Known`] in a file.
const RECORD: usize = 7 * 8 + 32;

/// The file that says what is known.
pub(super) fn bytes(all: &[Known]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD.len() + all.len() * RECORD + 32);
    bytes.extend(HEAD);
    for Known { stamp, sha256 } in all {
        for number in [stamp.device, stamp.inode, stamp.size] {
            bytes.extend(number.to_le_bytes());
        }
        for (seconds, nanoseconds) in [stamp.modified, stamp.changed] {
            bytes.extend(seconds.to_le_bytes());
            bytes.extend(nanoseconds.to_le_bytes());
        }
        bytes.extend(sha256.as_bytes());
    }
    let digest = Sha256::of(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

/// The reverse of [`bytes()`]; `None` for anything else.
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<Known>> {
    let (rest, digest) = bytes.split_last_chunk::<32>()?;
    if Sha256::of(rest).as_bytes() != digest {
        return None;
    }
    let records = rest.strip_prefix(HEAD)?.chunks_exact(RECORD);
    let whole = records.remainder().is_empty();
    let known: Option<Vec<Known>> = records.map(record).collect();
    known.filter(|known| whole && known.is_sorted_by_key(|it| it.stamp))
}

fn record(mut bytes: &[u8]) -> Option<Known> {
    let mut number = || {
        let (first, rest) = bytes.split_first_chunk::<8>()?;
        bytes = rest;
        Some(*first)
    };
    let stamp = Stamp {
        device: u64::from_le_bytes(number()?),
        inode: u64::from_le_bytes(number()?),
        size: u64::from_le_bytes(number()?),
        modified: (i64::from_le_bytes(number()?), i64::from_le_bytes(number()?)),
        changed: (i64::from_le_bytes(number()?), i64::from_le_bytes(number()?)),
    };
    let sha256 = Sha256::from_bytes(*bytes.first_chunk::<32>()?);
    Some(Known { stamp, sha256 })
}
