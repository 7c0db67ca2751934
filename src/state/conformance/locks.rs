//! Who may write.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use tokio::time::Instant;

use crate::state::{Error, LockStatus, Locked, Store};

use super::{Place, at, left_by, library, lock_as, owner, track};

const YEAR: Duration = Duration::from_hours(365 * 24);

#[test]
fn the_right_to_write_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let place = Place::new();
    let (store, library) = (place.store(), library());
    is_send(&store.lock(&library, owner(1), Duration::ZERO));
    is_send::<Locked>(&place.lock());
}

#[test]
fn a_second_writer_is_refused_and_told_who_the_first_is() {
    let place = Place::new();
    let first = place.lock();
    let error = lock_as(&place.store(), owner(2), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::locked] the state in `STATE` is locked by `alice` on `ws1`, process 4001, which has run `jumpbag apply` since 2026-09-21T14:13:20Z
    help: wait for it with `--lock-timeout 5m`, or end process 4001 on `ws1`; `jumpbag state unlock 00000000-0000-4000-8000-000000000001` removes the lock of a run that is gone
    ");
    assert_eq!(
        place.store().lock_status().unwrap(),
        LockStatus::Held(Some(owner(1)))
    );
    insta::assert_snapshot!(place.text("lock.json"), @r#"
    {
      "command": "jumpbag apply",
      "format_version": "1.1",
      "host": "ws1",
      "id": "00000000-0000-4000-8000-000000000001",
      "pid": 4001,
      "since": "2026-09-21T14:13:20Z",
      "user": "alice"
    }
    "#);

    // Whoever is refused takes nothing away from the holder.
    assert!(lock_as(&place.store(), owner(3), Duration::ZERO).is_err());
    drop(first);
    assert_eq!(place.store().lock_status().unwrap(), LockStatus::Free);
    assert!(!place.folder.join("lock.json").exists());
    assert_eq!(place.lock().taken_over(), None);
}

#[test]
fn an_owner_that_has_not_said_who_it_is_is_another_run() {
    let place = Place::new();
    let _first = place.lock();
    fs::remove_file(place.folder.join("lock.json")).unwrap();
    let error = lock_as(&place.store(), owner(2), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::locked] the state in `STATE` is locked by another run
    help: wait for it with `--lock-timeout 5m`
    ");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_run_gets_the_lock_when_it_is_released() {
    let place = Place::new();
    let (store, library) = (place.store(), library());
    let first = store
        .lock(&library, owner(1), Duration::ZERO)
        .await
        .unwrap();
    let started = Instant::now();
    let (second, ()) = tokio::join!(store.lock(&library, owner(2), YEAR), async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(first);
    });
    assert_eq!(second.unwrap().taken_over(), None);
    let waited = started.elapsed();
    assert!((60_000..61_000).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_run_gives_up_in_time() {
    let place = Place::new();
    let (store, library) = (place.store(), library());
    let _first = store
        .lock(&library, owner(1), Duration::ZERO)
        .await
        .unwrap();
    let started = Instant::now();
    let timeout = Duration::from_millis(1_250);
    let error = store.lock(&library, owner(2), timeout).await.unwrap_err();
    assert!(matches!(error, Error::LockedBy { .. }), "{error}");
    let waited = started.elapsed().as_millis();
    assert!((1_250..1_300).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_does_not_make_a_run_fail() {
    let place = Place::new();
    place.put("lock", "");
    let looker = fs::File::open(place.folder.join("lock")).unwrap();
    looker.try_lock_shared().unwrap();
    let (store, library) = (place.store(), library());
    let (locked, ()) = tokio::join!(store.lock(&library, owner(1), Duration::ZERO), async {
        looker.unlock().unwrap();
    });
    assert!(locked.is_ok());
}

#[test]
fn ten_writers_lose_no_write() {
    let place = Place::new();
    let store = place.store();
    thread::scope(|scope| {
        for writer in 0..10 {
            let store = &store;
            scope.spawn(move || {
                for write in 0..5 {
                    let mut locked = lock_as(store, owner(writer), YEAR).unwrap();
                    locked
                        .write(track(&format!("{writer}.{write}")), at(0))
                        .unwrap();
                    locked.finish().unwrap();
                }
            });
        }
    });
    let document = store.read().unwrap().unwrap();
    assert_eq!((document.serial, document.files.len()), (50, 50));
    assert_eq!(store.history().unwrap(), (1..=50).collect::<Vec<_>>());
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);
}

#[test]
fn a_lock_that_was_left_behind_is_taken_over_and_said_so() {
    let place = Place::new();
    place.put("lock.json", left_by(owner(7)));
    assert_eq!(
        place.store().lock_status().unwrap(),
        LockStatus::LeftBehind(owner(7))
    );
    let locked = place.lock();
    assert_eq!(locked.taken_over(), Some(&owner(7)));
    assert_eq!(
        place.store().lock_status().unwrap(),
        LockStatus::Held(Some(owner(1)))
    );
}

#[test]
fn a_run_that_cannot_begin_leaves_the_killed_runs_trace() {
    let place = Place::new();
    place.put("lock.json", left_by(owner(7)));
    place.put("state.json", "");
    assert!(matches!(place.try_lock(), Err(Error::Damaged { .. })));
    assert_eq!(
        place.store().lock_status().unwrap(),
        LockStatus::LeftBehind(owner(7))
    );
}

#[test]
fn a_damaged_owner_stops_nobody() {
    let place = Place::new();
    place.put("lock.json", "{\"id\":");
    assert_eq!(place.store().lock_status().unwrap(), LockStatus::Free);
    assert_eq!(place.lock().taken_over(), None);
    assert!(!place.folder.join("lock.json").exists());
}

#[test]
fn the_end_of_a_run_does_not_remove_another_runs_name() {
    let place = Place::new();
    let first = place.lock();
    // Somebody deletes the lock by hand, and another run comes in.
    fs::remove_file(place.folder.join("lock")).unwrap();
    let second = lock_as(&place.store(), owner(2), Duration::ZERO).unwrap();
    assert_eq!(second.taken_over(), Some(&owner(1)));
    drop(first);
    assert_eq!(
        place.store().lock_status().unwrap(),
        LockStatus::Held(Some(owner(2)))
    );
}

#[test]
fn unlock_removes_only_what_a_dead_run_left() {
    let place = Place::new();
    let store = place.store();
    let report = |error: Error| place.report(&error);
    insta::assert_snapshot!(report(store.unlock("x").unwrap_err()), @r"
    [jumpbag::state::not_locked] the state in `STATE` is not locked
    help: run the command that was refused again; there is nothing to unlock
    ");
    assert!(!place.folder.exists());

    let left = owner(7);
    place.put("lock.json", left_by(left.clone()));
    insta::assert_snapshot!(report(store.unlock("x").unwrap_err()), @r"
    [jumpbag::state::wrong_lock_id] the lock of the state in `STATE` has the id `00000000-0000-4000-8000-000000000007`, and not `x`
    help: make sure that the run of `alice` on `ws1`, process 4007, which has run `jumpbag apply` since 2026-09-21T14:13:20Z is gone, then run `jumpbag state unlock 00000000-0000-4000-8000-000000000007`
    ");
    assert_eq!(
        store.lock_status().unwrap(),
        LockStatus::LeftBehind(left.clone())
    );

    assert_eq!(store.unlock(&left.id).unwrap(), left);
    assert_eq!(store.lock_status().unwrap(), LockStatus::Free);

    let locked = place.lock();
    insta::assert_snapshot!(report(store.unlock(&owner(1).id).unwrap_err()), @r"
    [jumpbag::state::lock_in_use] the lock of the state in `STATE` is in use by `alice` on `ws1`, process 4001, which has run `jumpbag apply` since 2026-09-21T14:13:20Z
    help: end process 4001 on `ws1`, which is alive: the lock goes with it
    ");
    assert_eq!(
        store.lock_status().unwrap(),
        LockStatus::Held(Some(owner(1)))
    );
    drop(locked);
}

#[test]
fn what_killed_runs_left_half_written_is_removed_and_nothing_else() {
    let place = Place::new();
    place.run("a");
    for folder in ["", "history/", "objects/"] {
        for name in [".jumpbag-abc.tmp", "jumpbag-abc.tmp", ".jumpbag-abc"] {
            place.put(&format!("{folder}{name}"), "half");
        }
    }
    let folder = place.folder.join("objects");
    let in_use = crate::files::whole::temporary(&folder).unwrap();
    drop(place.lock());
    assert_eq!(
        place.names(""),
        [
            ".jumpbag-abc",
            "history",
            "jumpbag-abc.tmp",
            "lock",
            "objects",
            "state.json"
        ]
    );
    assert_eq!(
        place.names("history"),
        [".jumpbag-abc", "1.json", "jumpbag-abc.tmp"]
    );
    assert_eq!(place.names("objects").len(), 3);
    assert!(in_use.path().exists());
}

/// The variable that makes [`child`] one.
const FOLDER: &str = "JUMPBAG_TEST_LOCKED_FOLDER";

#[test]
#[ignore = "is run as a process of its own by `a_killed_process_gives_up_its_lock_at_once`"]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test that starts this one passes it"
    )]
    let Ok(folder) = env::var(FOLDER) else {
        return;
    };
    let mut owner = owner(9);
    owner.pid = std::process::id();
    let mut locked = lock_as(&Store::new(folder.into()), owner, Duration::ZERO).unwrap();
    locked.write(track("by the child"), at(0)).unwrap();
    println!("\nlocked");
    // Until it is killed.
    let read = std::io::stdin().read(&mut [0]);
    panic!("still alive: {read:?}");
}

#[test]
fn a_killed_process_gives_up_its_lock_at_once() {
    let place = Place::new();
    let mut process = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "state::conformance::locks::child",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, &place.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap() == "locked"));

    let error = place.try_lock().unwrap_err();
    let Error::LockedBy {
        owner: Some(holder),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(holder.pid, process.id());

    process.kill().unwrap();
    process.wait().unwrap();
    let mut locked = place.lock();
    assert_eq!(locked.taken_over(), Some(&*holder));
    locked.write(track("after it"), at(1)).unwrap();
    assert_eq!(locked.document().files.len(), 2);
    assert_eq!(place.store().history().unwrap(), [1]);
}
