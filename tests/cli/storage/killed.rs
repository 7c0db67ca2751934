//! Runs that are killed at each of their requests to a server, before it is served and after: what they began, the
//! next one completes.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::Identity;

use crate::harness::digest;

use super::proxy::Act;
use super::{APPLY, Far, ONE, OTHER, PRUNE, servers};

/// Runs `args`, and kills it when request `number` has come: before it is served, or after. Whether there were that
/// many.
fn killed_at(far: &Far, args: &[&str], number: usize, act: Act) -> bool {
    let (sender, reached) = mpsc::channel();
    far.proxy.script(move |asked| {
        if asked.number != number {
            return Act::Serve;
        }
        sender.send(()).ok();
        act
    });
    let mut command = far.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut was_reached = false;
    while child.try_wait().unwrap().is_none() {
        if reached.recv_timeout(Duration::from_millis(20)).is_ok() {
            was_reached = true;
            if act == Act::SilentAfter {
                far.proxy.wait_until_served(number);
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    far.proxy.serve();
    was_reached
}

/// Kills what `prepare` says to run at each of its requests, and does `settle` after each. Returns how many there were.
fn at_each_request(
    far: &Far,
    act: Act,
    prepare: impl Fn(usize) -> Vec<String>,
    settle: impl Fn(usize),
) -> usize {
    let mut number = 0;
    loop {
        let args = prepare(number);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        if !killed_at(far, &args, number, act) {
            far.report(&format!("{}: {number} requests", args.join(" ")));
            return number;
        }
        settle(number);
        number += 1;
    }
}

fn round(number: usize) -> &'static [(&'static str, &'static str)] {
    if number.is_multiple_of(2) { ONE } else { OTHER }
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

/// Does `test` once with runs that are killed before a request is served, and once after: on the server that is a
/// process of its own and keeps files.
fn with_each_death(place: &str, test: impl Fn(Far, Act) + Sync) {
    thread::scope(|scope| {
        for (when, act) in [("before", Act::SilentBefore), ("after", Act::SilentAfter)] {
            let server = servers().into_iter().next().unwrap();
            let test = &test;
            scope.spawn(move || test(Far::new(server, &format!("{place}-{when}")), act));
        }
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn an_apply_that_is_killed_at_any_request_to_servers_is_completed_by_the_next() {
    with_each_death("killed", |far, act| {
        let requests = at_each_request(
            &far,
            act,
            |number| {
                far.files(round(number));
                owned(APPLY)
            },
            |_| {
                far.unlock(APPLY);
                far.expect(0, APPLY);
                far.assert_done();
            },
        );
        far.assert_settled(round(requests));
        assert!(requests > 12, "{requests}");
        // Nothing lies there that no state refers to, and nothing is missing: a copy of all has what was ever applied.
        far.expect(0, &["state", "migrate", "--to", "copy"]);
        assert_copied(&far, &["a", "one", "kept", "other", "c"]);
    });
}

/// A copy of the state holds `contents`, and no others.
#[track_caller]
fn assert_copied(far: &Far, contents: &[&str]) {
    let objects = std::fs::read_dir(far.world.path("copy/test/objects")).unwrap();
    let objects: BTreeSet<_> = objects
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let contents = contents.iter();
    let applied = contents.map(|content| digest(content.as_bytes()));
    assert_eq!(objects, applied.collect());
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn what_killed_applies_leave_on_servers_is_found_by_gc() {
    with_each_death("left", |far, act| {
        let mut number = 0;
        loop {
            // Nobody asks for it again.
            far.files(&[("a.ps1", &format!("left by {number}"))]);
            let was_killed = killed_at(&far, APPLY, number, act);
            far.files(ONE);
            far.unlock(APPLY);
            far.expect(0, APPLY);
            if !was_killed {
                break;
            }
            number += 1;
        }
        far.assert_settled(ONE);
        // As late as that what was left is not young.
        far.proxy.script(|_| Act::OtherDay);
        far.expect(0, PRUNE);
        far.proxy.serve();
        far.expect(0, &["state", "migrate", "--to", "copy"]);
        assert_copied(&far, &["a", "one", "kept"]);
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn a_reseal_that_is_killed_at_any_request_to_servers_is_completed_by_the_next() {
    with_each_death("resealed", |mut far, act| {
        let keys = [Identity::generate(), Identity::generate()];
        let secrets = keys.each_ref().map(Identity::to_string);
        let [first, second] = secrets.each_ref().map(SecretString::expose_secret);
        let recipients = keys.each_ref().map(|key| key.to_public().to_string());
        let encrypt = |far: &Far, round: usize| {
            let state = format!("{}, encrypt_to: [{}]", far.state(), recipients[round % 2]);
            far.manifest(&state, OTHER);
        };
        let variable = || "JUMPBAG_AGE_IDENTITY".to_owned();
        let environment = &mut far.server.environment;
        environment.insert(variable(), first.to_owned());
        encrypt(&far, 0);
        far.expect(0, APPLY);
        // While they are changed, both are needed.
        let environment = &mut far.server.environment;
        environment.insert(variable(), format!("{first}\n{second}"));
        let requests = at_each_request(
            &far,
            act,
            |number| {
                encrypt(&far, number + 1);
                owned(&["state", "reseal"])
            },
            |number| {
                // What is there can be read, however far it came.
                far.assert_done();
                far.unlock(&["state", "reseal"]);
                far.expect(0, &["state", "reseal"]);
                let only = [first, second][(number + 1) % 2];
                let mut list = far.command(&["state", "show", "c.ps1"]);
                let list = list.env(variable(), only).output().unwrap();
                assert_eq!(list.status.code(), Some(0));
                let (name, content) = OTHER[number % OTHER.len()];
                let mut restore = far.command(&["restore", name, "-o", "-"]);
                let restored = restore.env(variable(), only).output().unwrap();
                assert_eq!(restored.stdout, content.as_bytes());
            },
        );
        assert!(requests > 20, "{requests}");
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn a_migration_that_is_killed_at_any_request_to_servers_is_completed_by_the_next() {
    with_each_death("migrated", |far, act| {
        let here = "backend: local";
        far.manifest(here, ONE);
        far.expect(0, APPLY);
        far.manifest(here, OTHER);
        far.expect(0, APPLY);
        let serials = (1..10).map(|serial| format!("a.ps1@{serial}"));
        let old = serials
            .rev()
            .find(|name| far.run(&["restore", name, "-o", "-"]).code == Some(0))
            .unwrap();
        let state = far.world.path(".jumpbag/test/state.json");
        let before = std::fs::read(&state).unwrap();
        let there = |number: usize| format!("{}/{number}", far.server.url);
        let migrate = |number| {
            let to = there(number);
            owned(&["state", "migrate", "--to", &to])
        };
        let at_home = || {
            far.manifest(here, OTHER);
            // Without the mark, it is where it was.
            std::fs::write(&state, &before).unwrap();
        };
        let requests = at_each_request(
            &far,
            act,
            |number| {
                at_home();
                migrate(number)
            },
            |number| {
                let args = migrate(number);
                let args: Vec<_> = args.iter().map(String::as_str).collect();
                // The diagnostic says which manifest unlocks it.
                let run = far.run(&args);
                let manifest_there = || {
                    let backend = &far.server.backend;
                    let there = format!("backend: {backend}, url: '{}'", there(number));
                    far.manifest(&there, OTHER);
                };
                if run.code == Some(5) {
                    assert!(run.stderr.contains(&there(number)), "{run}");
                    manifest_there();
                    far.unlock(APPLY);
                    far.manifest(here, OTHER);
                    far.expect(0, &args);
                } else {
                    assert_eq!(run.code, Some(0), "{run}");
                }
                manifest_there();
                far.assert_done();
                // Of the history, too.
                let old = far.expect(0, &["restore", &old, "-o", "-"]);
                assert_eq!(old.stdout, "a");
            },
        );
        assert!(requests > 20, "{requests}");
    });
}
