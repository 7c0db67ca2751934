//! The lock of a state in an object store: a file that says who has it, which its holder renews.
//!
//! It is taken and given back by conditional writes, so that there is one holder at a time. Nobody takes it
//! from a holder that has stopped renewing it: clocks differ, and a machine that slept goes on where it was.
//! A person can, by `state unlock`; the holder learns of that by its next renewal or its next write of the state.

use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether somebody else is known to have taken the lock.
    is_lost: AtomicBool,
    /// Of the file as this holder last wrote or found it. Not locked while a write is under way, which can take long.
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
    /// Who was faster may have given it back already.
    const TRIES: u32 = 3;
    let mut seen = look(prefix)?;
    for _ in 0..TRIES {
        if let Some(lease) = take_from(seen.as_ref(), prefix, terms, owner)? {
            return Ok(Ok(lease));
        }
        seen = look(prefix)?;
        if seen.as_ref().is_some_and(|seen| !seen.lock.released) {
            return Ok(Err(seen));
        }
    }
    Ok(Err(None))
}

/// Takes the lock as it was `seen`; `None` where that one has it, or somebody else was faster.
fn take_from(
    seen: Option<&Seen>,
    prefix: &Prefix,
    terms: Terms,
    owner: &Owner,
) -> Result<Option<Lease>, Error> {
    let shared = Shared {
        backend: Arc::clone(prefix.backend()),
        terms,
        owner: owner.clone(),
        is_lost: AtomicBool::new(false),
        version: Mutex::new(None),
    };
    let (free, is_first) = match seen {
        None => (shared.put_free(Condition::New), true),
        Some(seen) if seen.lock.released => (Ok(seen.version.clone()), seen.lock.is_unused()),
        Some(_) => return Ok(None),
    };
    let taken = free.and_then(|free| {
        let version = shared.write(Condition::Is(&free), false)?;
        Ok((free, version))
    });
    match taken {
        Ok((free, version)) => {
            if is_first {
                shared.check_conditions(prefix, &free, &version)?;
            }
            Ok(Some(Lease::hold(shared, version)))
        }
        Err(Fault::Lost) => Ok(None),
        Err(fault) => Err(failed(prefix, fault)),
    }
}

fn failed(prefix: &Prefix, fault: Fault) -> Error {
    prefix.failed("write the lock's owner to", LOCK, fault)
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
        self.shared.is_lost.load(Ordering::SeqCst)
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
            let Some(before) = self.version().clone() else {
                return;
            };
            match self.write(Condition::Is(&before), false) {
                Ok(renewed) => *self.version() = Some(renewed),
                Err(Fault::Lost) => {
                    tracing::warn!("another run has the lock now");
                    self.is_lost.store(true, Ordering::SeqCst);
                    *self.version() = None;
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
        match self.write(Condition::Is(&version), true) {
            Ok(_) | Err(Fault::Lost) => {}
            Err(fault) => tracing::warn!("could not give the lock back: {}", said(fault)),
        }
    }

    /// An error where the store does not refuse what it has to. This run has the lock in its `version`, and it was
    /// `free` before; after an error it looks unused again, so that the next run checks again.
    fn check_conditions(
        &self,
        prefix: &Prefix,
        free: &Version,
        version: &Version,
    ) -> Result<(), Error> {
        for condition in [Condition::New, Condition::Is(free)] {
            match self.put_free(condition) {
                Err(Fault::Lost) => {}
                Ok(_) => {
                    return Err(Error::Unconditional {
                        place: prefix.place(),
                    });
                }
                Err(fault) => {
                    self.put_free(Condition::Is(version)).ok();
                    return Err(failed(prefix, fault));
                }
            }
        }
        Ok(())
    }

    /// A lock that nobody has had yet.
    fn put_free(&self, condition: Condition<'_>) -> Result<Version, Fault> {
        let lock = Lock::unused(self.owner.clone());
        put(self.backend.as_ref(), &lock, condition)
    }

    /// Writes the lock. A write whose answer is lost may have arrived, and then the next one finds another version
    /// than it knows: after either, what is there decides.
    fn write(&self, condition: Condition<'_>, released: bool) -> Result<Version, Fault> {
        let fault = match self.put(condition, released) {
            Ok(version) => return Ok(version),
            Err(fault) => fault,
        };
        let Some(found) = self.backend.get(LOCK)? else {
            return Err(fault);
        };
        match format::read_lock(&found.bytes) {
            Ok(lock) if lock.owner.id != self.owner.id => Err(fault),
            Ok(lock) if lock.released == released => Ok(found.version),
            Ok(lock) if !lock.released => self.put(Condition::Is(&found.version), released),
            // Somebody has given it back for us.
            Ok(_) => Err(Fault::Lost),
            Err(_) => Err(fault),
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
