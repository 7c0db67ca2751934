//! A server that is not ours: nothing in the client may depend on what the emulator happens to do.

mod failures;
mod http;
mod model;
mod outcomes;
mod refusals;
mod server;
mod shapes;
mod throttles;
mod timeouts;

pub(crate) use http::Response;
pub(crate) use model::{Entry, sha256};
pub(crate) use server::{Act, Call, Done, Request, Server, Wire};

use crate::harness::{Run, World, manifest};

/// A world whose manifest asks `server` for the files `names`.
pub(crate) fn world(server: &Server, names: &[&str]) -> World {
    let world = World::new();
    want(&world, server, names);
    world
}

/// Has the manifest ask for `names`.
pub(crate) fn want(world: &World, server: &Server, names: &[&str]) {
    let entry = |name: &&str| {
        world.write(&format!("files/{name}"), content(name));
        format!("  - source: files/{name}\n    description: About {name}\n")
    };
    let entries: Vec<_> = names.iter().map(entry).collect();
    world.write("jumpbag.yaml", manifest(&server.url(), &entries.concat()));
}

/// What the file `name` of [`want`] holds.
pub(crate) fn content(name: &str) -> String {
    format!("the content of {name}\n")
}

/// Runs the command and expects the exit code `code`, whatever it says.
#[track_caller]
pub(crate) fn ends(world: &World, code: i32, args: &[&str]) {
    drop(world.expect(code, args));
}

/// Applies, and expects the exit code `code`.
#[track_caller]
pub(crate) fn apply(world: &World, code: i32) {
    drop(run_apply(world, code));
}

/// Applies, one file after the other, and expects the exit code `code`.
#[track_caller]
pub(crate) fn run_apply(world: &World, code: i32) -> Run {
    let args = ["-q", "apply", "--auto-approve", "--concurrency", "1"];
    world.expect(code, &args)
}

/// Requires that the library holds the files of [`want`], and that plan and drift know it and do nothing.
#[track_caller]
pub(crate) fn assert_settled(world: &World, server: &Server, names: &[&str]) {
    server.serve();
    let held: Vec<_> = server.files().into_iter().collect();
    let held = held.iter().map(|(name, entry)| {
        assert_eq!(entry.sha256, sha256(content(name).as_bytes()), "{name}");
        name.as_str()
    });
    assert_eq!(held.collect::<Vec<_>>(), names);
    server.take();
    ends(world, 0, &["plan", "--detailed-exitcode"]);
    ends(world, 0, &["drift", "--detailed-exitcode"]);
    let apply = run_apply(world, 0);
    assert!(apply.stdout.contains("\nNo changes."), "{apply}");
    let asked = server.take();
    assert!(asked.iter().all(|request| request.call == Call::List));
    let state = world.expect(0, &["state", "list"]).stdout;
    assert_eq!(state.lines().collect::<Vec<_>>(), names);
}

/// Requires that the next plan finds `summary` to do, with the exit code `code`.
#[track_caller]
pub(crate) fn assert_plans(world: &World, code: i32, summary: &str) {
    let plan = world.expect(code, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains(&format!("\n{summary}\n")), "{plan}");
}

/// Standard error without the server's address.
pub(crate) fn said(run: &Run, server: &Server) -> String {
    run.stderr.replace(&server.url(), "[URL]")
}
