//! Many changes at once, of which some fail: the others go on where they can, and stop where they must.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{World, manifest};
use crate::stranger::{Act, Call, Entry, Response, Server, assert_plans, content, want, world};

const APPLY: [&str; 5] = ["-q", "apply", "--auto-approve", "--concurrency", "4"];

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{number:02}.txt"))
        .collect()
}

/// A world that asks for `count` files.
fn many(server: &Server, count: usize) -> World {
    let names = names(count);
    world(
        server,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

fn uploads(server: &Server) -> Vec<String> {
    let arrived = server.take().into_iter();
    let uploads = arrived.filter(|request| request.call == Call::Upload);
    uploads.map(|request| request.name).collect()
}

#[test]
fn one_file_that_fails_does_not_keep_the_others() {
    let server = Server::start();
    let world = many(&server, 30);
    server.script(|request, _| match request.name.as_str() {
        "13.txt" => Act::Answer(Response::error(400, "InvalidInput", "unlucky")),
        _ => Act::Serve,
    });
    let run = world.expect(3, &APPLY);
    let mut sent = uploads(&server);
    sent.sort();
    assert_eq!(sent, names(30));
    let summary = "
Applied to test: 29 created.
Failed: 1
  ! create 13.txt
Nothing is lost: what is done stays done, and this goes on with the rest:
";
    assert!(run.stdout.contains(summary), "{run}");
    assert_eq!(
        run.stderr.matches("jumpbag::library::rejected").count(),
        1,
        "{run}"
    );

    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create, 29 unchanged.");
    drop(world.expect(0, &APPLY));
    assert_eq!(uploads(&server), ["13.txt"]);
    drop(world.expect(0, &["plan", "--detailed-exitcode"]));
}

/// `old.txt` is there, and shall be `new.txt`.
fn renamed(server: &Server) -> World {
    let world = world(server, &["old.txt"]);
    drop(world.expect(0, &APPLY));
    let files = "  - source: files/old.txt\n    name: new.txt\n    description: Renamed\n";
    world.write("jumpbag.yaml", manifest(&server.url(), files));
    assert_plans(&world, 2, "Plan: 1 to create, 1 to delete.");
    server.take();
    world
}

#[test]
fn a_rename_that_fails_halfway_leaves_the_old_file() {
    let server = Server::start();
    let world = renamed(&server);
    server.refuse(Call::Upload, Response::error(400, "InvalidInput", "no"));
    let run = world.expect(3, &APPLY);
    // The last is the look for a file that is in the way.
    let upload = "upload new.txt OverrideIfExists=false HasParameters=false";
    assert_eq!(server.arrived(), ["list", upload, "list"]);
    let summary = "Failed: 1\n  ! create new.txt\nNot tried: 1\n  ! delete old.txt\n";
    assert!(run.stdout.contains(summary), "{run}");
    assert!(server.files().contains_key("old.txt"));
    assert_eq!(world.state_list(), ["old.txt"]);

    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create, 1 to delete.");
    server.take();
    drop(world.expect(0, &APPLY));
    assert_eq!(server.arrived(), ["list", upload, "delete old.txt"]);
    assert_eq!(world.state_list(), ["new.txt"]);
}

/// Where the new file is there and cannot be recorded, the old one is not deleted either.
#[test]
fn a_rename_that_is_not_recorded_leaves_the_old_file() {
    let server = Server::start();
    let world = renamed(&server);
    let state = world.path(".jumpbag/test/state.json");
    let taken = state.clone();
    server.script(move |request, _| {
        if request.call == Call::Upload {
            hide(&taken);
        }
        Act::Serve
    });
    let run = world.expect(3, &APPLY);
    assert!(
        run.stdout.contains("Not tried: 1\n  ! delete old.txt\n"),
        "{run}"
    );
    assert_eq!(
        server.files().into_keys().collect::<Vec<_>>(),
        ["new.txt", "old.txt"]
    );
    put_back(&state);
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to delete, 1 unchanged.");
    drop(world.expect(0, &APPLY));
    assert_eq!(world.state_list(), ["new.txt"]);
}

/// Puts a folder where the state was: it can then be neither read nor written, by root either.
fn hide(state: &Path) {
    fs::rename(state, state.with_extension("hidden")).unwrap();
    fs::create_dir(state).unwrap();
}

fn put_back(state: &Path) {
    fs::remove_dir(state).unwrap();
    fs::rename(state.with_extension("hidden"), state).unwrap();
}

#[test]
fn a_state_that_cannot_be_written_ends_the_uploads() {
    const FILES: usize = 80;
    let server = Server::start();
    let world = many(&server, FILES);
    // However long a write takes here, no more than this is begun meanwhile.
    let few = "    limits: [{ calls: 40, per: 1m }]\nfiles:\n";
    world.edit("jumpbag.yaml", "files:\n", few);
    let state = world.path(".jumpbag/test/state.json");
    let (taken, mut uploads_until_then) = (state.clone(), 0);
    server.script(move |request, _| {
        uploads_until_then += usize::from(request.call == Call::Upload);
        if uploads_until_then == 20 && request.call == Call::Upload {
            hide(&taken);
        }
        Act::Serve
    });
    let run = world.expect(3, &APPLY);
    let sent = uploads(&server).len();
    // Those under way, and those that were begun before the write failed. None is waited for.
    assert!((20..40).contains(&sent), "{sent} uploads");
    assert!(run.stderr.contains("jumpbag::state::"), "{run}");
    assert!(run.stdout.contains("Done, but not in the state: "), "{run}");
    let left = FILES - sent;
    assert!(
        run.stdout.contains(&format!("Not tried: {left}\n")),
        "{run}"
    );
    assert!(run.stdout.ends_with("  jumpbag plan\n"), "{run}");
    assert_eq!(server.files().len(), sent);

    put_back(&state);
    server.serve();
    world.edit("jumpbag.yaml", few, "files:\n");
    assert_plans(
        &world,
        2,
        &format!("Plan: {left} to create, {sent} unchanged."),
    );
    server.take();
    drop(world.expect(0, &APPLY));
    assert_eq!(uploads(&server).len(), left);
    assert_eq!(world.state_list(), names(FILES));
    drop(world.expect(0, &["plan", "--detailed-exitcode"]));
}

/// Runs `args` where no file may become larger than `blocks`: what a full disk does to a write, and to
/// root as well.
#[cfg(unix)]
fn run_confined(world: &World, blocks: u32, args: &[&str]) -> Output {
    let inner = world.command(args);
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).arg(inner.get_program());
    shell.args(inner.get_args()).env_clear();
    shell.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    shell.current_dir(world.path("")).output().unwrap()
}

/// What cannot be remembered is not begun: a run that is killed then would leave files that nobody owns.
#[cfg(unix)]
#[test]
fn uploads_that_cannot_be_written_down_are_not_begun() {
    let server = Server::start();
    let world = many(&server, 60);
    let run = world.finish(&run_confined(&world, 8, &APPLY));
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(server.arrived(), ["list"], "{run}");
    assert!(run.stderr.contains("could not write the state"), "{run}");
    assert!(run.stdout.contains("Not tried: 60\n"), "{run}");
    assert_eq!(world.state_list(), [""; 0]);
    assert_plans(&world, 2, "Plan: 60 to create.");

    // The same with a state that is there: it stays as it is.
    want(&world, &server, &["00.txt"]);
    drop(world.expect(0, &APPLY));
    let before = world.read(".jumpbag/test/state.json");
    let names = names(60);
    want(
        &world,
        &server,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    server.take();
    let run = world.finish(&run_confined(&world, 8, &APPLY));
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(server.arrived(), ["list"], "{run}");
    assert_eq!(world.read(".jumpbag/test/state.json"), before);
    assert_plans(&world, 2, "Plan: 59 to create, 1 unchanged.");
    drop(world.expect(0, &APPLY));
    drop(world.expect(0, &["plan", "--detailed-exitcode"]));
}

/// The history comes last: the state itself is whole then.
#[test]
fn a_history_that_cannot_be_written_is_said_and_loses_nothing() {
    let server = Server::start();
    let world = many(&server, 5);
    let history = world.path(".jumpbag/test/history");
    let taken = history.clone();
    server.script(move |request, _| {
        if request.call == Call::Upload && !taken.exists() {
            fs::write(&taken, "in the way").unwrap();
        }
        Act::Serve
    });
    let run = world.expect(3, &APPLY);
    assert!(run.stdout.contains("Applied to test: 5 created."), "{run}");
    assert!(run.stderr.contains("history"), "{run}");
    assert_eq!(world.state_list(), names(5));
    drop(world.expect(0, &["plan", "--detailed-exitcode"]));
    fs::remove_file(history).unwrap();
    drop(world.expect(0, &APPLY));
}

/// The content is sent from the content store: what becomes of the source in the meantime is not sent.
#[test]
fn a_source_that_changes_during_the_apply_is_not_sent() {
    let server = Server::start();
    let world = world(&server, &["a.txt", "b.txt"]);
    let source = world.path("files/b.txt");
    server.script(move |request, _| {
        if request.name == "a.txt" {
            fs::write(&source, "something else\n").unwrap();
        }
        Act::Serve
    });
    let run = world.expect(3, &["-q", "apply", "--auto-approve", "--concurrency", "1"]);
    assert_eq!(uploads(&server), ["a.txt"]);
    assert!(
        run.stdout.contains("Failed: 1\n  ! create b.txt\n"),
        "{run}"
    );
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create, 1 unchanged.");
    drop(world.expect(0, &APPLY));
    assert_eq!(
        server.files()["b.txt"].sha256,
        Entry::of("something else\n").sha256
    );
    assert_ne!(content("b.txt"), "something else\n");
}
