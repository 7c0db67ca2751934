//! Who may write a state: by the operating system's lock in a folder, by a [`mod@lease`] in an object store.

use std::time::Duration;

use jiff::Timestamp;

use super::backend::Condition;
use super::backend::local::{CannotLock, Folder, OsLock};
use super::document::{Lock, Owner};
use super::lease::{self, Lease, Seen, Terms};
use super::prefix::Prefix;
use super::{Error, LockStatus, RETRY, format};

/// The file that says who holds the operating system's lock, for people.
const OWNER: &str = "lock.json";

/// The same for a lock in an object store, where each look is a request.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How writers of one state keep out of each other's way.
#[derive(Clone, Debug)]
pub(super) enum Exclusion {
    /// The operating system knows who has the lock, and whether that process is alive.
    System(Folder),
    /// A file says who has it, as long as that run renews it.
    Lease(Terms),
}

/// The right to write. Dropping it gives it back.
#[derive(Debug)]
pub(super) enum Hold {
    System(SystemHold),
    Lease(Lease),
}

/// The operating system's lock, with the name of who has it.
#[derive(Debug)]
pub(super) struct SystemHold {
    prefix: Prefix,
    /// The id of the owner that was written down.
    announced: Option<String>,
    taken_over: Option<Owner>,
    /// Only dropped after the owner is removed.
    _lock: OsLock,
}

/// Why a lock cannot be had now.
pub(super) struct Held {
    /// Who has it; `None` in the moment before it says so.
    owner: Option<Owner>,
    /// What the lease says, where it is one.
    seen: Option<Seen>,
}

impl Exclusion {
    /// How long to wait before a held lock is tried again.
    pub(super) fn retry(&self) -> Duration {
        match self {
            Self::System(_) => RETRY,
            Self::Lease(_) => ASK_AGAIN,
        }
    }

    /// Whether what is behind it is far away.
    pub(super) fn is_far(&self) -> bool {
        matches!(self, Self::Lease(_))
    }

    /// Runs `attempt` on a thread of its own where it waits for answers from afar.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        attempt: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::System(_) => attempt(),
            Self::Lease(_) => match tokio::task::spawn_blocking(attempt).await {
                Ok(result) => result,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
        }
    }

    /// Takes the lock for `owner` if it is free.
    pub(super) fn take(&self, prefix: &Prefix, owner: &Owner) -> Result<Result<Hold, Held>, Error> {
        match self {
            Self::System(folder) => {
                let Some(lock) = folder
                    .try_lock()
                    .map_err(|error| cannot_lock(folder, error))?
                else {
                    let owner = written_owner(prefix)?;
                    return Ok(Err(Held { owner, seen: None }));
                };
                let swept = folder.sweep();
                swept.map_err(|error| {
                    prefix.failed("remove temporary files from", "", error.into())
                })?;
                Ok(Ok(Hold::System(SystemHold {
                    prefix: prefix.clone(),
                    announced: None,
                    taken_over: None,
                    _lock: lock,
                })))
            }
            Self::Lease(terms) => Ok(match lease::take(prefix, *terms, owner)? {
                Ok(lease) => Ok(Hold::Lease(lease)),
                Err(seen) => Err(Held {
                    owner: seen.as_ref().map(|seen| seen.lock.owner.clone()),
                    seen,
                }),
            }),
        }
    }

    /// Who holds the lock.
    pub(super) fn status(&self, prefix: &Prefix) -> Result<LockStatus, Error> {
        let folder = match self {
            Self::System(folder) => folder,
            Self::Lease(_) => {
                let seen = lease::look(prefix)?.filter(|seen| !seen.lock.released);
                return Ok(seen.map_or(LockStatus::Free, |seen| {
                    LockStatus::Held(Some(seen.lock.owner))
                }));
            }
        };
        let is_held = || {
            let locked = folder.is_locked();
            locked.map_err(|error| cannot_lock(folder, error))
        };
        let held = is_held()?;
        Ok(match written_owner(prefix)? {
            owner if held => LockStatus::Held(owner),
            // It may have come in between.
            Some(owner) if is_held()? => LockStatus::Held(Some(owner)),
            Some(owner) => LockStatus::LeftBehind(owner),
            None => LockStatus::Free,
        })
    }

    /// Removes the lock that has the id `id`, unless its holder is known to be alive.
    pub(super) fn unlock(&self, prefix: &Prefix, id: &str) -> Result<Owner, Error> {
        let not_locked = || Error::NotLocked {
            folder: prefix.place(),
        };
        let check = |owner: Owner| {
            if owner.id == id {
                return Ok(owner);
            }
            Err(Error::WrongLockId {
                folder: prefix.place(),
                given: id.to_owned(),
                owner: Box::new(owner),
            })
        };
        let folder = match self {
            Self::System(folder) => folder,
            Self::Lease(_) => {
                let seen = lease::look(prefix)?.filter(|seen| !seen.lock.released);
                let seen = seen.ok_or_else(not_locked)?;
                let owner = check(seen.lock.owner.clone())?;
                lease::give_back(prefix, &seen)?;
                return Ok(owner);
            }
        };
        if self.status(prefix)? == LockStatus::Free {
            return Err(not_locked());
        }
        let Some(_lock) = folder
            .try_lock()
            .map_err(|error| cannot_lock(folder, error))?
        else {
            return Err(Error::lock_in_use(prefix.place(), written_owner(prefix)?));
        };
        let owner = check(written_owner(prefix)?.ok_or_else(not_locked)?)?;
        remove_owner(prefix)?;
        Ok(owner)
    }
}

impl Held {
    /// Tells this time of holding the lock, and this moment of it, from others.
    pub(super) fn moment(&self) -> (Option<&str>, Option<Timestamp>) {
        let id = self.owner.as_ref().map(|owner| owner.id.as_str());
        (id, self.seen.as_ref().and_then(|seen| seen.lock.renewed))
    }

    /// The diagnostic. `now` is by our clock; `watched` is for how long we have seen no renewal.
    pub(super) fn error(
        self,
        exclusion: &Exclusion,
        place: String,
        now: Timestamp,
        watched: Duration,
    ) -> Error {
        match (exclusion, self.seen) {
            (Exclusion::Lease(terms), Some(seen)) => {
                let renewed = seen.lock.renewed.unwrap_or(seen.lock.owner.since);
                let since = Duration::try_from(now.duration_since(renewed)).unwrap_or_default();
                let silent = since.max(watched);
                let silent = Some(silent).filter(|silent| *silent > terms.silence());
                Error::leased_by(place, seen.lock, silent)
            }
            (Exclusion::System(_) | Exclusion::Lease(_), _) => Error::locked_by(place, self.owner),
        }
    }
}

impl Hold {
    /// Says who holds the lock from now on, where taking it has not said it yet.
    pub(super) fn announce(&mut self, owner: &Owner) -> Result<(), Error> {
        match self {
            Self::System(hold) => hold.announce(owner),
            Self::Lease(_) => Ok(()),
        }
    }

    /// The killed run whose lock was taken over.
    pub(super) fn taken_over(&self) -> Option<&Owner> {
        match self {
            Self::System(hold) => hold.taken_over.as_ref(),
            Self::Lease(_) => None,
        }
    }

    /// Whether somebody else is known to have taken the lock.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::System(_) => false,
            Self::Lease(lease) => lease.is_lost(),
        }
    }
}

impl SystemHold {
    fn announce(&mut self, owner: &Owner) -> Result<(), Error> {
        self.taken_over = written_owner(&self.prefix)?;
        let lock = Lock {
            owner: owner.clone(),
            renewed: None,
            released: false,
        };
        let backend = self.prefix.backend();
        let bytes = format::write_lock(&lock).map_err(|source| Error::Unwritable {
            path: backend.place(OWNER),
            source: Box::new(source),
        })?;
        let put = backend.put(OWNER, bytes.into(), Condition::Always);
        put.map_err(|fault| {
            self.prefix
                .failed("write the lock's owner to", OWNER, fault)
        })?;
        self.announced = Some(owner.id.clone());
        Ok(())
    }
}

impl Drop for SystemHold {
    fn drop(&mut self) {
        let Some(id) = &self.announced else {
            return;
        };
        // Somebody who deleted the lock by hand may have let another run in.
        let removed = match written_owner(&self.prefix) {
            Ok(Some(owner)) if owner.id == *id => remove_owner(&self.prefix),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            // The next run takes it over.
            tracing::warn!("{error}");
        }
    }
}

/// Who holds the lock, or held it when it was killed. What cannot be understood counts as nobody: the
/// operating system's lock decides.
fn written_owner(prefix: &Prefix) -> Result<Option<Owner>, Error> {
    let found = prefix.backend().get(OWNER);
    let found = found.map_err(|fault| prefix.failed("read the lock's owner from", OWNER, fault))?;
    Ok(found.and_then(|found| Some(format::read_lock(&found.bytes).ok()?.owner)))
}

fn remove_owner(prefix: &Prefix) -> Result<(), Error> {
    let removed = prefix.backend().delete(OWNER);
    removed.map_err(|fault| prefix.failed("remove", OWNER, fault))
}

fn cannot_lock(folder: &Folder, error: CannotLock) -> Error {
    let path = folder.path().join(Folder::LOCK).into_string();
    match error {
        CannotLock::Create(error) => {
            Error::storage("create the folder", folder.path().to_string(), error.into())
        }
        CannotLock::Open(error) => Error::storage("open the lock", path, error.into()),
        CannotLock::Refused(source) => Error::CannotLock { path, source },
    }
}
