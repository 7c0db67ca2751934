//! The lock of a state in an object store: a file that says who has it, which its holder renews.
//!
//! It is taken and given back by conditional writes, so that there is one holder at a time. Nobody takes it
//! from a holder that has stopped renewing it: clocks differ, and a machine that slept goes on where it was.
//! A person can, by `state unlock`; the holder learns of that by its next renewal or its next write of the state.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;

use super::Error;
use super::backend::{Backend, Condition, Fault, Found, Version};
use super::document::{Lock, Owner};
use super::format;
use super::prefix::Prefix;

/// The file.
const LOCK: &str = "lock.json";

/// How a lease is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How often its holder says that it is alive.
    pub(super) renew: Duration,
    /// The clock for people.
    pub(super) now: fn() -> Timestamp,
}

impl Terms {
    /// How often, outside of tests.
    pub(super) const RENEW: Duration = Duration::from_secs(20);

    /// For how long a holder that lives may at most be silent: some renewals can fail.
    pub(super) fn silence(&self) -> Duration {
        self.renew.saturating_mul(6)
    }
}

/// The right to write. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Arc<Shared>,
    /// Dropped to end the renewals.
    renewing: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    backend: Arc<dyn Backend>,
    terms: Terms,
    owner: Owner,
    /// Of the file as this holder last wrote it; `None` once somebody else has.
    version: Mutex<Option<Version>>,
}

/// What `lock.json` says.
pub(super) struct Seen {
    pub(super) lock: Lock,
    pub(super) version: Version,
}

/// What is there.
pub(super) fn look(prefix: &Prefix) -> Result<Option<Seen>, Error> {
    let found = prefix.backend().get(LOCK);
    let failed = |fault| prefix.failed("read the lock's owner from", LOCK, fault);
    let Some(Found { bytes, version, .. }) = found.map_err(failed)? else {
        return Ok(None);
    };
    match format::read_lock(&bytes) {
        Ok(lock) => Ok(Some(Seen { lock, version })),
        Err(source) => Err(Error::LockDamaged {
            path: prefix.backend().place(LOCK),
            source: Box::new(source),
        }),
    }
}

/// Takes the lock if it is free; else who has it.
pub(super) fn take(
    prefix: &Prefix,
    terms: Terms,
    owner: &Owner,
) -> Result<Result<Lease, Option<Seen>>, Error> {
    let seen = look(prefix)?;
    let condition = match &seen {
        None => Condition::New,
        Some(seen) if seen.lock.released => Condition::Is(&seen.version),
        Some(_) => return Ok(Err(seen)),
    };
    let shared = Shared {
        backend: Arc::clone(prefix.backend()),
        terms,
        owner: owner.clone(),
        version: Mutex::new(None),
    };
    match shared.put(condition, false) {
        Ok(version) => Ok(Ok(Lease::hold(shared, version))),
        // Somebody else was faster.
        Err(Fault::Lost) => Ok(Err(look(prefix)?.filter(|seen| !seen.lock.released))),
        Err(fault) => Err(prefix.failed("write the lock's owner to", LOCK, fault)),
    }
}

/// Gives the lock back that somebody else holds, as it was `seen`.
pub(super) fn give_back(prefix: &Prefix, seen: &Seen) -> Result<(), Error> {
    let lock = Lock {
        released: true,
        ..seen.lock.clone()
    };
    let put = put(
        prefix.backend().as_ref(),
        &lock,
        Condition::Is(&seen.version),
    );
    put.map_err(|fault| prefix.failed("write", LOCK, fault))?;
    Ok(())
}

impl Lease {
    fn hold(shared: Shared, version: Version) -> Self {
        *shared.version() = Some(version);
        let shared = Arc::new(shared);
        let (renewing, ended) = mpsc::channel();
        let thread = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("lease".to_owned())
                .spawn(move || shared.keep(&ended))
        };
        // Without a thread it is not renewed, looks left behind after a while, and holds.
        let thread = thread
            .inspect_err(|error| tracing::warn!("the lock is not renewed: {error}"))
            .ok();
        Self {
            shared,
            renewing: Some(renewing),
            thread,
        }
    }

    /// Whether somebody else is known to have taken the lock.
    pub(super) fn is_lost(&self) -> bool {
        self.shared.version().is_none()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.renewing.take());
        if let Some(thread) = self.thread.take() {
            // It never panics.
            thread.join().ok();
        }
        self.shared.release();
    }
}

impl Shared {
    fn version(&self) -> std::sync::MutexGuard<'_, Option<Version>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the lock until it is `ended` or lost.
    fn keep(&self, ended: &mpsc::Receiver<()>) {
        while ended.recv_timeout(self.terms.renew) == Err(RecvTimeoutError::Timeout) {
            let mut version = self.version();
            let Some(before) = version.as_ref() else {
                return;
            };
            match self.put(Condition::Is(before), false) {
                Ok(renewed) => *version = Some(renewed),
                Err(Fault::Lost) => {
                    tracing::warn!("another run has the lock now");
                    *version = None;
                    return;
                }
                // It may succeed the next time.
                Err(fault) => tracing::info!("could not renew the lock: {}", said(fault)),
            }
        }
    }

    fn release(&self) {
        let Some(version) = self.version().take() else {
            return;
        };
        match self.put(Condition::Is(&version), true) {
            Ok(_) | Err(Fault::Lost) => {}
            Err(fault) => tracing::warn!("could not give the lock back: {}", said(fault)),
        }
    }

    fn put(&self, condition: Condition<'_>, released: bool) -> Result<Version, Fault> {
        let lock = Lock {
            owner: self.owner.clone(),
            renewed: Some((self.terms.now)()),
            released,
        };
        put(self.backend.as_ref(), &lock, condition)
    }
}

fn put(backend: &dyn Backend, lock: &Lock, condition: Condition<'_>) -> Result<Version, Fault> {
    let bytes = format::write_lock(lock).map_err(|damage| Fault::Failed(Box::new(damage)))?;
    backend.put(LOCK, bytes.into(), condition)
}

fn said(fault: Fault) -> String {
    let cause = fault.cause();
    cause.map_or_else(
        || "somebody else was faster".to_owned(),
        |it| it.to_string(),
    )
}
