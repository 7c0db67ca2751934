//! What of a state nobody will ask for any more.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::model::Sha256;

use super::document::Document;
use super::prefix::Prefix;
use super::{Error, Locked, Store};

/// How many entries of the history are read at once.
const AT_ONCE: usize = 16;

/// A content younger than this stays: a run may be about to refer to it.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// What of the history stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// The newest so many entries.
    pub(crate) keep: usize,
    /// And those that are younger.
    pub(crate) older_than: Duration,
}

/// What can be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waste {
    /// Entries of the history, in ascending order, with when they were written.
    pub(crate) serials: Vec<(u64, Timestamp)>,
    /// Contents that nothing that stays refers to, with their size as they are kept, in bytes.
    pub(crate) contents: Vec<(Sha256, u64)>,
}

impl Store {
    /// What can be removed when `retention` is what stays. An entry that cannot be read is an error: nobody knows
    /// what it refers to.
    pub(crate) fn waste(&self, retention: Retention, now: Timestamp) -> Result<Waste, Error> {
        waste(&self.prefix, self.read()?.as_ref(), retention, now)
    }
}

impl Locked {
    /// The same, for what can be removed by this run.
    pub(crate) fn waste(&self, retention: Retention, now: Timestamp) -> Result<Waste, Error> {
        let document = Some(self.document()).filter(|document| document.serial > 0);
        waste(self.prefix(), document, retention, now)
    }

    /// Removes `waste`. Whatever ends it early, nothing that stays refers to what is gone: the history's entries go
    /// before the contents that they refer to.
    pub(crate) fn remove(&mut self, waste: &Waste) -> Result<(), Error> {
        for (serial, _) in &waste.serials {
            self.check_held()?;
            self.prefix().remove_serial(*serial)?;
        }
        for (sha256, _) in &waste.contents {
            self.check_held()?;
            self.prefix().remove_object(*sha256)?;
        }
        Ok(())
    }
}

fn waste(
    prefix: &Prefix,
    current: Option<&Document>,
    retention: Retention,
    now: Timestamp,
) -> Result<Waste, Error> {
    let serials = prefix.history()?;
    let history = read(prefix, &serials)?;
    let newest = serials.len().saturating_sub(retention.keep);
    let oldest = SignedDuration::try_from(retention.older_than)
        .ok()
        .and_then(|age| now.checked_sub(age).ok())
        .unwrap_or(Timestamp::MIN);
    let mut waste = Waste::default();
    let mut referred = BTreeSet::new();
    for (number, document) in history.iter().enumerate() {
        let written = document.written.as_ref().map(|written| written.at);
        let is_current = current.is_some_and(|current| current.serial == document.serial);
        match written {
            Some(at) if number < newest && at < oldest && !is_current => {
                waste.serials.push((document.serial, at));
            }
            Some(_) | None => referred.extend(contents(document)),
        }
    }
    referred.extend(current.into_iter().flat_map(contents));
    let young = now.checked_sub(GRACE).unwrap_or(Timestamp::MIN);
    let objects = prefix.objects()?.into_iter();
    let unreferred =
        objects.filter(|(sha256, entry)| !referred.contains(sha256) && entry.modified < young);
    waste.contents = unreferred
        .map(|(sha256, entry)| (sha256, entry.size))
        .collect();
    Ok(waste)
}

/// The contents that a state refers to.
fn contents(document: &Document) -> impl Iterator<Item = Sha256> + '_ {
    let files = document.files.values().map(|tracked| tracked.file.sha256);
    files.chain(document.pending.values().map(|file| file.sha256))
}

/// The entries of `serials`, in their order.
fn read(prefix: &Prefix, serials: &[u64]) -> Result<Vec<Document>, Error> {
    let all = || {
        let entries = serials.into_par_iter();
        entries.map(|serial| prefix.read_serial(*serial)).collect()
    };
    match rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build() {
        // They may be far away, so that they are mostly waited for.
        Ok(pool) => pool.install(all),
        Err(_) => all(),
    }
}
