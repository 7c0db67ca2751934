//! Locks that have to be renewed, in a folder that stands for an object store: it, too, writes conditionally.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;

use crate::state::backend::local::Folder;
use crate::state::backend::{Backend, Condition, Entry, Fault, Found, Version};
use crate::state::lease::Terms;
use crate::state::{Error, LockStatus, Store};

use super::{Place, at, lock_as, overwrite, owner, track};

/// Renewals that no test waits for.
const NEVER: Duration = Duration::from_hours(1);

fn store(place: &Place, renew: Duration) -> Store {
    on(Arc::new(Folder::new(place.folder.clone())), renew)
}

fn on(backend: Arc<dyn Backend>, renew: Duration) -> Store {
    let now = || at(0);
    Store::leased(backend, Arc::default(), Terms { renew, now })
}

#[test]
fn a_second_writer_is_refused_and_told_who_the_first_is() {
    let place = Place::new();
    let store = store(&place, NEVER);
    let mut first_owner = owner(1);
    first_owner.run_url = Some("https://ci.example/runs/7".into());
    let first = lock_as(&store, first_owner, Duration::ZERO).unwrap();
    insta::assert_snapshot!(place.text("lock.json"), @r#"
    {
      "command": "jumpbag apply",
      "format_version": "1.1",
      "host": "ws1",
      "id": "00000000-0000-4000-8000-000000000001",
      "pid": 4001,
      "renewed": "2026-09-21T14:13:20Z",
      "run_url": "https://ci.example/runs/7",
      "since": "2026-09-21T14:13:20Z",
      "user": "alice"
    }
    "#);
    let error = lock_as(&store, owner(2), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::locked] the state in `STATE` is locked by `alice` on `ws1`, process 4001 of https://ci.example/runs/7, which has run `jumpbag apply` since 2026-09-21T14:13:20Z, and renewed it at 2026-09-21T14:13:20Z
    help: wait for it with `--lock-timeout 5m`, or end process 4001 on `ws1`; `jumpbag state unlock 00000000-0000-4000-8000-000000000001` removes the lock of a run that is gone
    ");
    drop(first);
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
    drop(lock_as(&store, owner(2), Duration::ZERO).unwrap());
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
}

#[test]
fn ten_writers_lose_no_write() {
    let place = Place::new();
    let store = store(&place, NEVER);
    thread::scope(|scope| {
        for writer in 0..10 {
            let store = &store;
            scope.spawn(move || {
                for write in 0..5 {
                    let mut locked = lock_as(store, owner(writer), 1000 * NEVER).unwrap();
                    let name = format!("{writer}.{write}");
                    locked.write(track(&name), at(0)).unwrap();
                    locked.finish().unwrap();
                }
            });
        }
    });
    let document = store.read().unwrap().unwrap();
    assert_eq!((document.serial, document.files.len()), (50, 50));
    assert_eq!(store.history().unwrap(), (1..=50).collect::<Vec<_>>());
}

#[test]
fn a_lock_that_is_no_longer_renewed_looks_left_behind_and_is_not_broken() {
    let place = Place::new();
    let store = store(&place, Duration::from_secs(20));
    let left = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    let text = place.text("lock.json");
    drop(left);
    // What a killed run leaves.
    place.put("lock.json", &text);
    let mut later = owner(2);
    later.since = at(119);
    let error = lock_as(&store, later.clone(), Duration::ZERO).unwrap_err();
    assert!(error.to_string().contains("and renewed it"), "{error}");
    later.since = at(3600);
    let error = lock_as(&store, later.clone(), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::locked] the state in `STATE` is locked by `alice` on `ws1`, process 4001, which has run `jumpbag apply` since 2026-09-21T14:13:20Z, and has not renewed it since 2026-09-21T14:13:20Z, 1h ago
    help: that run is probably gone: make sure that process 4001 on `ws1` is, then run `jumpbag state unlock 00000000-0000-4000-8000-000000000001`
    ");
    // Also where our clock is behind the other's: it is seen not to be renewed.
    later.since = at(-3600);
    let error = lock_as(&store, later.clone(), Duration::from_mins(5)).unwrap_err();
    assert!(error.to_string().contains("has not renewed it"), "{error}");
    assert_eq!(place.text("lock.json"), text);

    let other = owner(9).id;
    assert!(matches!(
        store.unlock(&other),
        Err(Error::WrongLockId { .. })
    ));
    assert_eq!(store.unlock(&owner(1).id).unwrap(), owner(1));
    assert!(matches!(
        store.unlock(&owner(1).id),
        Err(Error::NotLocked { .. })
    ));
    drop(lock_as(&store, later, Duration::ZERO).unwrap());
}

/// Counts what is written to the lock, and lets a test wait for it.
#[derive(Debug)]
struct Watched {
    folder: Folder,
    renewals: AtomicU32,
    fails: AtomicBool,
    /// So many writes arrive whose answers do not.
    unheard: AtomicU32,
    /// Whoever holds it keeps writes waiting.
    hangs: Mutex<()>,
    waits: AtomicBool,
    /// Takes writes whatever their condition.
    ignores: fn(Condition<'_>) -> bool,
}

impl Watched {
    fn is_unheard(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        self.unheard.fetch_update(order, order, less).is_ok()
    }
}

impl Backend for Watched {
    fn place(&self, name: &str) -> String {
        self.folder.place(name)
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        self.folder.get(name)
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        if name == "lock.json" {
            self.renewals.fetch_add(1, Ordering::SeqCst);
            self.waits.store(true, Ordering::SeqCst);
            drop(self.hangs.lock());
            self.waits.store(false, Ordering::SeqCst);
            if self.fails.load(Ordering::SeqCst) {
                return Err(Fault::Failed("the network is down".into()));
            }
            if self.is_unheard() {
                self.folder.put(name, bytes, condition)?;
                return Err(Fault::Failed("the answer was lost".into()));
            }
        }
        let condition = if (self.ignores)(condition) {
            Condition::Always
        } else {
            condition
        };
        self.folder.put(name, bytes, condition)
    }

    fn settle(&self, folder: &str) -> Result<(), Fault> {
        self.folder.settle(folder)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        self.folder.list(folder)
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        self.folder.has(name)
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        self.folder.delete(name)
    }
}

fn watched(place: &Place) -> Arc<Watched> {
    Arc::new(watching(place))
}

fn watching(place: &Place) -> Watched {
    Watched {
        folder: Folder::new(place.folder.clone()),
        renewals: AtomicU32::new(0),
        fails: AtomicBool::new(false),
        unheard: AtomicU32::new(0),
        hangs: Mutex::new(()),
        waits: AtomicBool::new(false),
        ignores: |_| false,
    }
}

fn wait_for(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

#[test]
fn a_lock_is_renewed_also_after_the_network_was_down() {
    let place = Place::new();
    let watched = watched(&place);
    let store = on(Arc::<Watched>::clone(&watched), Duration::from_millis(1));
    let mut locked = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    let renewals = || watched.renewals.load(Ordering::SeqCst);
    wait_for(|| renewals() > 3);
    watched.fails.store(true, Ordering::SeqCst);
    let before = renewals();
    wait_for(|| renewals() > before + 3);
    watched.fails.store(false, Ordering::SeqCst);
    let before = renewals();
    wait_for(|| renewals() > before + 3);
    locked.write(track("a"), at(0)).unwrap();
    drop(locked);
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
}

#[test]
fn a_holder_knows_its_own_lock_after_answers_were_lost() {
    let place = Place::new();
    let watched = watched(&place);
    let store = on(Arc::<Watched>::clone(&watched), Duration::from_millis(1));
    let unheard = |count| watched.unheard.store(count, Ordering::SeqCst);
    let renewals = || watched.renewals.load(Ordering::SeqCst);
    unheard(1);
    // Where nobody has had it yet, nothing is held by it.
    lock_as(&store, owner(1), Duration::ZERO).unwrap_err();
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
    drop(lock_as(&store, owner(1), Duration::ZERO).unwrap());
    unheard(1);
    let mut locked = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    for _ in 0..10 {
        unheard(2);
        let before = renewals();
        wait_for(|| renewals() > before + 5);
    }
    assert!(!locked.is_lost());
    locked.write(track("a"), at(0)).unwrap();
    unheard(u32::MAX);
    drop(locked);
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
    unheard(0);
    drop(lock_as(&store, owner(2), Duration::ZERO).unwrap());
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
}

/// A renewal that is under way does not delay the question whether the lock is lost.
#[test]
fn a_renewal_that_gets_no_answer_delays_no_write() {
    let place = Place::new();
    let watched = watched(&place);
    let store = on(Arc::<Watched>::clone(&watched), Duration::from_millis(1));
    let mut locked = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    let hangs = watched.hangs.lock().unwrap();
    wait_for(|| watched.waits.load(Ordering::SeqCst));
    locked.write(track("a"), at(0)).unwrap();
    drop(hangs);
}

#[test]
fn a_run_that_lost_its_lock_writes_nothing_more_and_leaves_the_new_one_alone() {
    let place = Place::new();
    let watched = watched(&place);
    let store = on(watched, Duration::from_millis(1));
    let mut first = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    first.write(track("a"), at(0)).unwrap();
    store.unlock(&owner(1).id).unwrap_or_else(|error| {
        // It was renewed in between; what an impatient person does.
        overwrite(&place.folder.join("lock.json"), b"");
        std::fs::remove_file(place.folder.join("lock.json")).unwrap();
        assert!(
            matches!(error, Error::Storage { .. } | Error::Io { .. }),
            "{error}"
        );
        owner(1)
    });
    let mut second = lock_as(&store, owner(2), Duration::ZERO).unwrap();
    wait_for(|| first.is_lost());
    let error = first.write(track("b"), at(1)).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::lock_lost] this run has lost the lock of the state in `STATE`
    help: make sure that no other run is active, then plan again: what this run could not record is found in the library
    ");
    drop(first);
    assert_eq!(
        store.lock_status().unwrap(),
        LockStatus::Held(Some(owner(2)))
    );
    second.write(track("c"), at(1)).unwrap();
    assert_eq!(second.document().files.len(), 2);
}

#[test]
fn a_run_that_has_not_noticed_cannot_overwrite_either() {
    let place = Place::new();
    let store = store(&place, NEVER);
    let mut first = lock_as(&store, owner(1), Duration::ZERO).unwrap();
    first.write(track("a"), at(0)).unwrap();
    store.unlock(&owner(1).id).unwrap();
    let mut second = lock_as(&store, owner(2), Duration::ZERO).unwrap();
    second.write(track("b"), at(1)).unwrap();
    let error = first.write(track("c"), at(2)).unwrap_err();
    assert!(matches!(error, Error::Raced { .. }), "{error}");
    drop(first);
    second.write(track("d"), at(3)).unwrap();
    let document = store.read().unwrap().unwrap();
    assert_eq!((document.serial, document.files.len()), (3, 3));
}

#[test]
fn a_store_that_ignores_conditions_is_refused_before_it_is_written_to() {
    let ignorant: [fn(Condition<'_>) -> bool; 3] = [
        |_| true,
        |condition| matches!(condition, Condition::New),
        |condition| matches!(condition, Condition::Is(_)),
    ];
    for ignores in ignorant {
        let place = Place::new();
        let watched = Watched {
            ignores,
            ..watching(&place)
        };
        let store = on(Arc::new(watched), NEVER);
        // Also the next time.
        for run in 1..3 {
            let error = lock_as(&store, owner(run), Duration::ZERO).unwrap_err();
            assert!(matches!(error, Error::Unconditional { .. }), "{error}");
        }
        assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
    }
}

#[test]
fn a_damaged_lock_is_nobodys_to_take() {
    let place = Place::new();
    place.put("lock.json", "{\"id\":");
    let store = store(&place, NEVER);
    let error = lock_as(&store, owner(1), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::lock_damaged] the lock `STATE/lock.json` is damaged
    cause: it ends too early
    cause: EOF while parsing a value at line 1 column 6
    help: make sure that no run is active, also none of a newer version of jumpbag, then delete it with the tools of your storage
    ");
}

#[test]
fn a_lock_of_a_newer_major_format_is_nobodys_to_take() {
    let place = Place::new();
    let store = store(&place, NEVER);
    drop(lock_as(&store, owner(1), Duration::ZERO).unwrap());
    let given_back = place.text("lock.json");
    let newer = given_back.replace("\"format_version\": \"1.1\"", "\"format_version\": \"2.0\"");
    assert_ne!(newer, given_back);
    place.put("lock.json", &newer);
    let error = lock_as(&store, owner(1), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::lock_damaged] the lock `STATE/lock.json` is damaged
    cause: its `format_version` is `2.0`, which is newer than what this jumpbag reads: the one that wrote it knows who holds the lock
    help: make sure that no run is active, also none of a newer version of jumpbag, then delete it with the tools of your storage
    ");
    assert_eq!(place.text("lock.json"), newer);
}
