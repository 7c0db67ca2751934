//! The limits of the manifest are those of the library: nobody is told that there were too many requests.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::emulator::Emulator;
use crate::harness::{Run, World, manifest};

/// Both windows, as the emulator is told, and as the manifest says.
const LIMITS: [&str; 2] = ["20/1s", "60/4s"];
const DECLARED: &str = "    limits: [{ calls: 20, per: 1s }, { calls: 60, per: 4s }]\n";
/// With the list, eleven calls more than the longer window takes.
pub(crate) const FILES: usize = 70;

pub(crate) fn emulator(world: &World) -> Emulator {
    let mut command = world.command(&["emulator", "--data", ".library"]);
    command.args(LIMITS.map(|limit| format!("--limit={limit}")));
    Emulator::start(command)
}

/// Asks for all files, with `description`.
pub(crate) fn want(world: &World, emulator: &Emulator, description: &str) {
    for number in 0..FILES {
        world.write(&format!("files/{number:02}.sh"), format!("echo {number}\n"));
    }
    let files = format!("  - source: files/*.sh\n    description: {description}\n");
    let text = manifest(&emulator.url, &files).replace("files:\n", &format!("{DECLARED}files:\n"));
    world.write("jumpbag.yaml", text);
}

/// Applies with a log of what was answered.
pub(crate) fn apply(world: &World, concurrency: &str) -> Run {
    let args = ["apply", "--auto-approve", "--concurrency", concurrency];
    world.finish(&debugging(world.command(&args)).output().unwrap())
}

/// The command, with a log of what was answered.
pub(crate) fn debugging(mut command: Command) -> Command {
    command.env("JUMPBAG_LOG", "jumpbag=debug");
    command
}

/// How often that status was answered.
pub(crate) fn answered(run: &Run, status: u16) -> usize {
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
