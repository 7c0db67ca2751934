//! Sources that become something else after they were hashed: nothing is sent but what was planned.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{End, chmod, mkfifo, names, print_table, run_promptly, run_without_privileges};
use crate::harness::{World, digest};
use crate::stranger::{self, Act, Call, Server, assert_settled, content};

const FILES: &[&str] = &["a.sh", "b.sh"];

const CHANGED: End = End::Refused("jumpbag::state::content_changed");
const SOURCE: End = End::Refused("jumpbag::apply::source");

/// What the source becomes, and how the run that has hashed it ends.
type Case = (&'static str, fn(&Path), End);

const CASES: &[Case] = &[
    (
        "edited, of the same size",
        |path| fs::write(path, "the content of A.SH\n").unwrap(),
        CHANGED,
    ),
    (
        "edited, and longer",
        |path| fs::write(path, "the content of a.sh\nand more\n").unwrap(),
        CHANGED,
    ),
    (
        "truncated to nothing",
        |path| fs::write(path, "").unwrap(),
        CHANGED,
    ),
    (
        "cut in half",
        |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(8).unwrap();
        },
        CHANGED,
    ),
    (
        "grown to 1 TB, sparse",
        |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(1 << 40).unwrap();
        },
        SOURCE,
    ),
    ("deleted", |path| fs::remove_file(path).unwrap(), SOURCE),
    (
        "replaced by the same bytes",
        |path| {
            let content = fs::read(path).unwrap();
            let other = path.with_extension("new");
            fs::write(&other, content).unwrap();
            fs::rename(other, path).unwrap();
        },
        End::Done,
    ),
    (
        "replaced by a pipe that nobody writes to",
        |path| {
            fs::remove_file(path).unwrap();
            mkfifo(path);
        },
        SOURCE,
    ),
    (
        "replaced by a folder",
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        SOURCE,
    ),
    (
        "replaced by a symbolic link to /dev/zero",
        |path| replace_by_link(path, "/dev/zero"),
        SOURCE,
    ),
    (
        "replaced by a symbolic link to another file",
        |path| replace_by_link(path, "/etc/passwd"),
        CHANGED,
    ),
    (
        "replaced by a symbolic link to itself",
        |path| replace_by_link(path, "a.sh"),
        SOURCE,
    ),
    (
        "no longer permitted to be read",
        |path| chmod(path, 0o000),
        SOURCE,
    ),
];

fn replace_by_link(path: &Path, target: &str) {
    fs::remove_file(path).unwrap();
    symlink(target, path).unwrap();
}

/// Puts the source back, whatever it has become.
fn put_back(world: &World) {
    let path = world.path("files/a.sh");
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir(&path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).unwrap();
    }
    world.write("files/a.sh", content("a.sh"));
}

/// Has the source become something else when the run asks for the list: it is hashed by then, and not yet read
/// for being sent.
fn change_at_list(server: &Server, world: &World, change: impl FnOnce(&Path) + Send + 'static) {
    let path = world.path("files/a.sh");
    let mut change = Some(change);
    server.script(move |request, _| {
        if request.call == Call::List
            && let Some(change) = change.take()
        {
            change(&path);
        }
        Act::Serve
    });
}

/// A world whose library has what the manifest asks for, if `is_update`, but for the content of `a.sh`; or nothing yet.
fn world(server: &Server, is_update: bool) -> World {
    let world = World::in_memory();
    stranger::want(&world, server, FILES);
    if is_update {
        world.write("files/a.sh", "an earlier content\n");
        stranger::apply(&world, 0);
        world.write("files/a.sh", content("a.sh"));
        server.take();
    }
    world
}

/// Requires that `a.sh` was not sent, that `b.sh` was, and that the next run completes it.
#[track_caller]
fn assert_not_sent(what: &str, server: &Server, world: &World, is_update: bool) {
    let sent: Vec<_> = server
        .take()
        .into_iter()
        .filter(|request| request.call == Call::Upload)
        .map(|request| request.name)
        .collect();
    let (expected, tracked): (&[&str], &[&str]) = if is_update {
        (&[], FILES)
    } else {
        (&["b.sh"], &["b.sh"])
    };
    assert_eq!(sent, expected, "{what}");
    assert_eq!(world.state_list(), tracked, "{what}");
    let mut kept = vec![digest(content("b.sh").as_bytes())];
    if is_update {
        kept.push(digest(b"an earlier content\n"));
        assert_eq!(server.files()["a.sh"].sha256, kept[1], "{what}");
    }
    kept.sort();
    // Nothing else, no temporary file either.
    assert_eq!(names(&world.path(".jumpbag/test/objects")), kept, "{what}");
}

/// One case: what is told of it. Where nothing is sent, the next run makes up for it.
#[track_caller]
fn changed(what: &str, change: fn(&Path), end: End, is_update: bool) -> String {
    let server = Server::start();
    let world = world(&server, is_update);
    change_at_list(&server, &world, change);
    let run = run_without_privileges(&world, &["apply", "--auto-approve"]);
    let told = match end {
        End::Done => {
            assert_eq!(run.code, Some(0), "{what}\n{run}");
            "applied".to_owned()
        }
        End::Refused(code) => {
            assert_eq!(run.code, Some(3), "{what}\n{run}");
            assert!(run.stderr.contains(&format!("{code}\n")), "{what}\n{run}");
            assert!(run.stderr.contains("\n  help: "), "{what}\n{run}");
            assert_not_sent(what, &server, &world, is_update);
            format!("not sent, exit 3, {code}")
        }
    };
    put_back(&world);
    server.serve();
    stranger::apply(&world, 0);
    let held = server.files();
    assert!(held.keys().eq(FILES), "{what}: {:?}", held.keys());
    for (name, entry) in held {
        assert_eq!(
            entry.sha256,
            digest(content(&name).as_bytes()),
            "{what}: {name}"
        );
    }
    told
}

#[test]
fn what_a_source_became_after_it_was_hashed_is_not_sent() {
    let mut rows = Vec::new();
    for (what, change, end) in CASES {
        let (created, updated) = thread::scope(|scope| {
            let created = scope.spawn(|| changed(what, *change, *end, false));
            (changed(what, *change, *end, true), created.join().unwrap())
        });
        assert_eq!(created, updated);
        rows.push(((*what).to_owned(), created));
    }
    print_table("A source after it was hashed, before it is uploaded", &rows);
}

/// Whoever writes it writes faster than it is read.
#[test]
fn a_source_that_grows_while_it_is_read_is_not_sent() {
    let server = Server::start();
    let world = world(&server, false);
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = std::sync::mpsc::channel();
    change_at_list(&server, &world, {
        let stop = Arc::clone(&stop);
        move |path| {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            let growing = thread::spawn(move || {
                let piece = vec![b'x'; 1 << 20];
                // No more than this machine has room for.
                for _ in 0..512 {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    file.write_all(&piece).unwrap();
                }
            });
            sender.send(growing).unwrap();
        }
    });
    let run = run_promptly(&world, &["apply", "--auto-approve"]);
    stop.store(true, Ordering::Relaxed);
    receiver.recv().unwrap().join().unwrap();
    assert_eq!(run.code, Some(3), "{run}");
    let code = [
        "jumpbag::state::content_changed\n",
        "jumpbag::apply::source\n",
    ];
    assert!(code.iter().any(|code| run.stderr.contains(code)), "{run}");
    assert_not_sent("growing", &server, &world, false);
    put_back(&world);
    server.serve();
    stranger::apply(&world, 0);
    assert_settled(&world, &server, FILES);
}

/// What comes in between a saved plan and its apply is looked at before anything is asked.
#[test]
fn a_saved_plan_is_not_applied_with_what_a_source_became() {
    let mut rows = Vec::new();
    for (what, change, end) in CASES {
        let world = World::with_manifest("  - source: files/a.sh\n");
        world.write("files/a.sh", content("a.sh"));
        drop(world.expect(0, &["plan", "--out", "plan.json"]));
        change(&world.path("files/a.sh"));
        let run = run_without_privileges(&world, &["apply", "plan.json"]);
        let told = if *end == End::Done {
            assert_eq!(run.code, Some(0), "{what}\n{run}");
            "applied".to_owned()
        } else {
            assert!(matches!(run.code, Some(1 | 4)), "{what}\n{run}");
            let code = run.stderr.split("jumpbag::").nth(1).unwrap();
            let code = format!("jumpbag::{}", code.lines().next().unwrap());
            let expected = ["jumpbag::manifest::", "jumpbag::apply::stale"];
            assert!(
                expected.iter().any(|expected| code.starts_with(expected)),
                "{what}\n{run}"
            );
            assert!(run.stderr.contains("\n  help: "), "{what}\n{run}");
            assert!(!world.path(".library/index.json").exists(), "{what}");
            assert_eq!(
                names(&world.path(".jumpbag/test/objects")).len(),
                0,
                "{what}"
            );
            format!("exit {}, {code}", run.code.unwrap_or_default())
        };
        put_back(&world);
        rows.push(((*what).to_owned(), told));
    }
    print_table(
        "A source after the plan was saved, before it is applied",
        &rows,
    );
}
