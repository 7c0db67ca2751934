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

/// Uploads one file after the other.
const APPLY: &[&str] = &["apply", "--auto-approve", "--concurrency", "1"];

const EARLIER: &str = "an earlier content\n";

const CHANGED: End = End::Refused("jumpbag::state::content_changed");
const SOURCE: End = End::Refused("jumpbag::apply::source");

/// What the source becomes, and how the run that has hashed it ends.
type Case = (&'static str, fn(&Path), End);

const CASES: &[Case] = &[
    (
        "edited, of the same size",
        |path| fs::write(path, "the content of B.SH\n").unwrap(),
        CHANGED,
    ),
    (
        "edited, and longer",
        |path| fs::write(path, "the content of b.sh\nand more\n").unwrap(),
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
        |path| replace_by_link(path, "b.sh"),
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
    let path = world.path("files/b.sh");
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir(&path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).unwrap();
    }
    world.write("files/b.sh", content("b.sh"));
}

/// Has the source become something else at the first `call`. When the list is asked for, it is hashed, and not yet looked at; when
/// the file before it is uploaded, it is looked at, and not yet read for being sent.
fn change_at(
    call: Call,
    server: &Server,
    world: &World,
    change: impl FnOnce(&Path) + Send + 'static,
) {
    let path = world.path("files/b.sh");
    let mut change = Some(change);
    server.script(move |request, _| {
        if request.call == call
            && let Some(change) = change.take()
        {
            change(&path);
        }
        Act::Serve
    });
}

/// A world whose library has earlier contents of what the manifest asks for, if `is_update`; or nothing yet.
fn world(server: &Server, is_update: bool) -> World {
    let world = World::in_memory();
    stranger::want(&world, server, FILES);
    if is_update {
        for name in FILES {
            world.write(&format!("files/{name}"), EARLIER);
        }
        stranger::apply(&world, 0);
        for name in FILES {
            world.write(&format!("files/{name}"), content(name));
        }
        server.take();
    }
    world
}

/// What was sent, by name.
fn sent(server: &Server) -> Vec<String> {
    let requests = server.take().into_iter();
    let uploads = requests.filter(|request| request.call == Call::Upload);
    uploads.map(|request| request.name).collect()
}

/// Requires that `b.sh` was not sent, and that nothing else than `names` was, or is in the content store.
#[track_caller]
fn assert_not_sent(what: &str, server: &Server, world: &World, names: &[&str], is_update: bool) {
    assert_eq!(sent(server), names, "{what}");
    let tracked = if is_update { FILES } else { names };
    assert_eq!(world.state_list(), tracked, "{what}");
    let mut kept: Vec<_> = names
        .iter()
        .map(|name| digest(content(name).as_bytes()))
        .collect();
    if is_update {
        kept.push(digest(EARLIER.as_bytes()));
        assert_eq!(
            server.files()["b.sh"].sha256,
            digest(EARLIER.as_bytes()),
            "{what}"
        );
    }
    kept.sort();
    // Nothing else, no temporary file either.
    let folder = world.path(".jumpbag/test/objects");
    let found = if folder.exists() {
        super::names(&folder)
    } else {
        Vec::new()
    };
    assert_eq!(found, kept, "{what}");
}

/// One case: what is told of it. Where nothing is sent, the next run makes up for it.
#[track_caller]
fn changed(at: Call, what: &str, change: fn(&Path), end: End, is_update: bool) -> String {
    let server = Server::start();
    let world = world(&server, is_update);
    change_at(at, &server, &world, change);
    let run = run_without_privileges(&world, APPLY);
    let (exit, code, before): (_, _, &[&str]) = match (at, end) {
        (_, End::Done) => (0, "", FILES),
        (Call::Upload, End::Refused(code)) => (3, code, &["a.sh"]),
        (_, End::Refused(_)) => (1, "jumpbag::cli::source_changed", &[]),
    };
    assert_eq!(run.code, Some(exit), "{what}\n{run}");
    let told = if exit == 0 {
        "applied".to_owned()
    } else {
        assert!(run.stderr.contains(&format!("{code}\n")), "{what}\n{run}");
        assert!(run.stderr.contains("\n  help: "), "{what}\n{run}");
        assert_not_sent(what, &server, &world, before, is_update);
        format!("not sent, exit {exit}, {code}")
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
    for (at, when) in [(Call::List, "looked at"), (Call::Upload, "uploaded")] {
        let mut rows = Vec::new();
        for (what, change, end) in CASES {
            let (created, updated) = thread::scope(|scope| {
                let created = scope.spawn(|| changed(at, what, *change, *end, false));
                (
                    changed(at, what, *change, *end, true),
                    created.join().unwrap(),
                )
            });
            assert_eq!(created, updated);
            rows.push(((*what).to_owned(), created));
        }
        print_table(
            &format!("A source after it was hashed, before it is {when}"),
            &rows,
        );
    }
}

/// Whoever writes it writes faster than it is read.
#[test]
fn a_source_that_grows_while_it_is_read_is_not_sent() {
    let server = Server::start();
    let world = world(&server, false);
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = std::sync::mpsc::channel();
    change_at(Call::Upload, &server, &world, {
        let stop = Arc::clone(&stop);
        move |path| {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            let piece = vec![b'x'; 1 << 20];
            // The first is there before the run goes on.
            file.write_all(&piece).unwrap();
            let growing = thread::spawn(move || {
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
    let run = run_promptly(&world, APPLY);
    stop.store(true, Ordering::Relaxed);
    receiver.recv().unwrap().join().unwrap();
    assert_eq!(run.code, Some(3), "{run}");
    let code = [
        "jumpbag::state::content_changed\n",
        "jumpbag::apply::source\n",
    ];
    assert!(code.iter().any(|code| run.stderr.contains(code)), "{run}");
    assert_not_sent("growing", &server, &world, &["a.sh"], false);
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
