//! Two runs on one state.

use crate::emulator::Emulator;
use crate::harness::{World, stable};
use crate::running::{Running, wait_until};

const APPLY: &[&str] = &["apply", "--auto-approve"];
const LOCK: &str = ".jumpbag/test/lock.json";

/// A world in which an apply of three files holds the lock until it is ended: it has the first one's answer,
/// the second has arrived but is never answered, and the third is not begun.
fn held() -> (World, Emulator, Running) {
    let world = World::new();
    let emulator = world.emulator(&["--fault", "upload:2:delay=1h"]);
    for name in ["a.sh", "b.sh", "c.sh"] {
        world.write(name, format!("echo {name}\n"));
    }
    world.manifest(
        &emulator.url,
        "  - source: a.sh\n  - source: b.sh\n  - source: c.sh\n",
    );
    let mut holder = world.start(&["apply", "--auto-approve", "--concurrency", "1"]);
    holder.wait_for("[1/3] created a.sh");
    wait_until("b.sh arrives", || emulator.names() == ["a.sh", "b.sh"]);
    (world, emulator, holder)
}

/// Ends the holder as a user does who does not want to wait.
fn interrupted(mut holder: Running) {
    holder.signal("INT");
    holder.wait_for("Interrupted: ");
    holder.signal("INT");
    assert_eq!(holder.end().status.code(), Some(130));
}

/// Ends the holder so that it can do nothing about it.
fn killed(holder: Running) {
    holder.signal("KILL");
    assert_eq!(holder.end().status.code(), None);
}

#[test]
fn a_second_writer_is_refused_at_once_and_told_by_whom() {
    let (world, emulator, holder) = held();
    let before = (emulator.list(), world.read(LOCK));
    let run = world.expect(5, APPLY);
    insta::assert_snapshot!(run.unwrapped(), @"
    jumpbag::state::locked

      × the state in `./.jumpbag/test` is locked by `tester` on `[HOST]`, process [PID], which has run `jumpbag apply --auto-approve --concurrency 1` since [TIME]
      help: wait for it with `--lock-timeout 5m`, or end process [PID] on `[HOST]`; `jumpbag state unlock [ID]` removes the lock of a run that is gone
    ");
    assert!(run.unwrapped().contains("process [PID]"));
    assert!(run.stderr.contains(&holder.id().to_string()), "{run}");
    assert_eq!(run.stdout, "", "nothing was planned");
    for args in [
        &["destroy", "--auto-approve"][..],
        &["state", "gc", "--prune"],
        &["state", "rm", "a.sh"],
        &["import", "--all"],
        &["apply", "--auto-approve", "--lock-timeout", "300ms"],
    ] {
        world.expect(5, args);
    }
    assert_eq!((emulator.list(), world.read(LOCK)), before);
}

#[test]
fn who_only_looks_is_not_kept_from_it() {
    let (world, _emulator, _holder) = held();
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "--out", "plan.json"]);
    assert!(
        plan.stdout.contains("\nPlan: 1 to create, 2 unchanged.\n"),
        "{plan}"
    );
    assert_eq!(world.state_list(), ["a.sh"]);
    world.expect(0, &["state", "show", "a.sh"]);
    world.expect(0, &["drift"]);
    world.expect(0, &["show", "plan.json"]);
    // Applying is writing.
    world.expect(5, &["apply", "plan.json"]);
}

#[test]
fn status_says_who_holds_the_lock_and_who_left_it_behind() {
    let (world, _emulator, holder) = held();
    let lock = || {
        let status = stable(&world.expect(0, &["status", "--no-refresh"]).stdout);
        let line = status
            .lines()
            .position(|line| line.contains("  lock  "))
            .unwrap();
        let words = status
            .lines()
            .skip(line)
            .take(3)
            .flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    };
    let held = lock();
    assert!(held.starts_with("lock held by tester@"), "{held}");
    assert!(
        held.contains(" since [TIME], id [ID]: jumpbag apply --auto-approve --concurrency 1"),
        "{held}"
    );
    killed(holder);
    let left = lock();
    assert!(left.starts_with("lock left behind by tester@"), "{left}");
}

#[test]
fn who_waits_for_the_lock_gets_it_and_plans_what_is_left() {
    let (world, emulator, holder) = held();
    let mut waiting = world.start(&[APPLY, &["--lock-timeout", "5m"]].concat());
    waiting.wait_for("Waiting: ");
    interrupted(holder);
    let run = world.finish(&waiting.end());
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("\nPlan: 1 to create, 2 unchanged.\n"),
        "{run}"
    );
    insta::assert_snapshot!(run.unwrapped(), @"
    Waiting: the state in `./.jumpbag/test` is locked by `tester` on `[HOST]`, process [PID], which has run `jumpbag apply --auto-approve --concurrency 1` since [TIME].
    [1/1] created c.sh
    ");
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "c.sh"]);
    assert_eq!(world.state_list(), emulator.names());
}

#[test]
fn a_killed_runs_lock_is_taken_over_at_once_and_that_is_said() {
    let (world, emulator, holder) = held();
    killed(holder);
    assert!(world.path(LOCK).exists(), "it could not clean up");
    let run = world.expect(0, APPLY);
    insta::assert_snapshot!(run.unwrapped(), @"
    The lock of `test` was left behind by tester on [HOST] (process [PID], since [TIME]), which is gone; it is taken over.
    [1/1] created c.sh
    ");
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "c.sh"]);
    assert_eq!(world.state_list(), emulator.names());
    world.assert_obeys("state", ".jumpbag/test/state.json");
    assert!(!world.path(LOCK).exists());
    assert_eq!(world.expect(0, APPLY).stderr, "", "it is said once");
}

#[test]
fn a_killed_runs_lock_is_removed_by_its_id() {
    let (world, _emulator, holder) = held();
    let id = world.json(LOCK)["id"].as_str().unwrap().to_owned();
    let alive = world.expect(1, &["state", "unlock", &id]);
    insta::assert_snapshot!(alive.unwrapped(), @"
    jumpbag::state::lock_in_use

      × the lock of the state in `./.jumpbag/test` is in use by `tester` on `[HOST]`, process [PID], which has run `jumpbag apply --auto-approve --concurrency 1` since [TIME]
      help: end process [PID] on `[HOST]`, which is alive: the lock goes with it
    ");
    killed(holder);
    let wrong = world.expect(1, &["state", "unlock", "not-the-id"]);
    insta::assert_snapshot!(wrong.unwrapped(), @"
    jumpbag::state::wrong_lock_id

      × the lock of the state in `./.jumpbag/test` has the id `[ID]`, and not `not-the-id`
      help: make sure that the run of `tester` on `[HOST]`, process [PID], which has run `jumpbag apply --auto-approve --concurrency 1` since [TIME] is gone, then run `jumpbag state unlock [ID]`
    ");
    assert!(world.path(LOCK).exists());
    let removed = world.expect(0, &["state", "unlock", &id]);
    assert!(removed.stdout.contains(&id), "{removed}");
    assert!(!world.path(LOCK).exists());
    let none = world.expect(1, &["state", "unlock", &id]);
    insta::assert_snapshot!(none.unwrapped(), @"
    jumpbag::state::not_locked

      × the state in `./.jumpbag/test` is not locked
      help: run the command that was refused again; there is nothing to unlock
    ");
    let run = world.expect(0, APPLY);
    assert!(!run.stderr.contains("taken over"), "{run}");
}

/// The other library of the manifest has a lock of its own.
#[test]
fn a_lock_is_of_one_library() {
    let (world, _emulator, _holder) = held();
    let manifest = world.read("jumpbag.yaml");
    let other = "libraries:\n  other:\n    endpoint: emulator:.other\n";
    world.write("jumpbag.yaml", manifest.replace("libraries:\n", other));
    world.expect(0, &["apply", "--auto-approve", "-l", "other"]);
    world.write("new.sh", "echo new\n");
    world.edit("jumpbag.yaml", "files:\n", "files:\n  - source: new.sh\n");
    let run = world.expect(3, APPLY);
    assert!(run.stderr.contains("library `test`: the state in"), "{run}");
    assert!(
        run.stdout.contains("\nApplied to other: 1 created.\n"),
        "{run}"
    );
}
