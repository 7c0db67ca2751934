//! The limits of the manifest are those of the library: nobody is told that there were too many requests.

use std::time::{Duration, Instant};

use crate::emulator::Emulator;
use crate::harness::{Run, World, manifest};

/// Both windows, as the emulator is told, and as the manifest says.
const LIMITS: [&str; 2] = ["20/1s", "60/4s"];
const DECLARED: &str = "    limits: [{ calls: 20, per: 1s }, { calls: 60, per: 4s }]\n";
/// With the list, eleven calls more than the longer window takes.
const FILES: usize = 70;

fn emulator(world: &World) -> Emulator {
    let mut command = world.command(&["emulator", "--data", ".library"]);
    command.args(LIMITS.map(|limit| format!("--limit={limit}")));
    Emulator::start(command)
}

/// Asks for all files, with `description`.
fn want(world: &World, emulator: &Emulator, description: &str) {
    for number in 0..FILES {
        world.write(&format!("files/{number:02}.sh"), format!("echo {number}\n"));
    }
    let files = format!("  - source: files/*.sh\n    description: {description}\n");
    let text = manifest(&emulator.url, &files).replace("files:\n", &format!("{DECLARED}files:\n"));
    world.write("jumpbag.yaml", text);
}

/// Applies with a log of what was answered.
fn apply(world: &World, concurrency: &str) -> Run {
    let args = ["apply", "--auto-approve", "--concurrency", concurrency];
    let mut command = world.command(&args);
    command.env("JUMPBAG_LOG", "jumpbag=debug");
    world.finish(&command.output().unwrap())
}

/// How often that status was answered.
fn answered(run: &Run, status: u16) -> usize {
    run.stderr
        .matches(&format!("answered status={status}\n"))
        .count()
}

#[track_caller]
fn assert_never_throttled(concurrency: &str) {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    let started = Instant::now();
    let run = apply(&world, concurrency);
    let taken = started.elapsed();
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(answered(&run, 429), 0, "{run}");
    assert_eq!(answered(&run, 200), 1 + FILES, "{run}");
    // The first calls have to leave the longer window before the last ones; then there is nothing more to
    // wait for. A wait before each call would take far longer.
    assert!(taken >= Duration::from_secs(4), "{taken:?}");
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    assert_eq!(world.state_list().len(), FILES);
}

#[test]
fn one_worker_is_never_throttled() {
    assert_never_throttled("1");
}

#[test]
fn four_workers_are_never_throttled() {
    assert_never_throttled("4");
}

#[test]
fn sixteen_workers_are_never_throttled() {
    assert_never_throttled("16");
}

/// The second run does not know what the first has used up. It is told, waits, and completes.
#[test]
fn a_run_after_another_completes() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    assert_eq!(apply(&world, "4").code, Some(0));
    want(&world, &emulator, "Edited");
    let run = apply(&world, "4");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(answered(&run, 200), 1 + FILES, "{run}");
    // Whoever is told waits, and is not told again and again.
    assert!(answered(&run, 429) <= 2 * 4, "{run}");
    let plan = world.expect(0, &["plan", "--no-refresh", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("\nNo changes."), "{plan}");
}
