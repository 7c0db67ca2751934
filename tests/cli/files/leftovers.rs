//! What a killed run left half written is told from what is whole, and goes with the next run.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use fastrand::Rng;

use super::names;
use crate::harness::{World, digest};
use crate::running::{Running, wait_until};

/// Runs the command, which the system kills when it writes more than 32 KiB into one file: in the middle of it, at
/// the same place each time.
#[track_caller]
fn killed_in_the_middle(world: &World, args: &[&str]) {
    let plain = world.command(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c 0; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(args)
        .current_dir(plain.get_current_dir().unwrap())
        .env_clear()
        .env("USER", "tester")
        .env("JUMPBAG_TOKEN", crate::harness::TOKEN)
        .env("PATH", "/usr/bin:/bin");
    let output = command.output().unwrap();
    // SIGXFSZ.
    assert_eq!(output.status.signal(), Some(25), "{output:?}");
}

/// The temporary files in a folder.
fn temporary(world: &World, folder: &str) -> Vec<String> {
    let mut names = names(&world.path(folder));
    names.retain(|name| name.starts_with(".jumpbag-"));
    names
}

/// Bytes that do not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

const OBJECTS: &str = ".jumpbag/test/objects";

/// Requires that what is left is ignored by who only reads, and gone after the next apply.
#[track_caller]
fn assert_completed(world: &World, content: &[u8]) {
    assert_eq!(temporary(world, OBJECTS).len(), 1);
    let whole = names(&world.path(OBJECTS)).len();
    drop(world.expect(0, &["plan"]));
    drop(world.expect(0, &["state", "list"]));
    assert_eq!(names(&world.path(OBJECTS)).len(), whole);
    drop(world.expect(0, &["apply", "--auto-approve"]));
    let names = names(&world.path(OBJECTS));
    assert_eq!(names, [digest(content)]);
    let run = world.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(run.stdout.contains("\nNo changes."), "{run}");
}

#[test]
fn a_content_that_is_half_written_goes_with_the_next_run() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.manifest(&emulator.url, "  - source: a.bin\n");
    let content = noise(1, 200_000);
    world.write("a.bin", &content);
    killed_in_the_middle(&world, &["apply", "--auto-approve"]);
    let half = temporary(&world, OBJECTS);
    assert_eq!(half.len(), 1);
    let length = std::fs::metadata(world.path(OBJECTS).join(&half[0]))
        .unwrap()
        .len();
    assert_eq!(length, 32 << 10);
    assert_eq!(emulator.list().len(), 0);
    assert_completed(&world, &content);
    assert_eq!(emulator.digests()["a.bin"], digest(&content));
}

/// The same by a signal that nobody sees coming, as soon as the file is seen to be there.
#[test]
fn a_run_that_is_killed_while_it_writes_a_content_is_completed() {
    for seed in 0..50 {
        let world = World::new();
        let emulator = world.emulator(&[]);
        world.manifest(&emulator.url, "  - source: a.bin\n");
        let content = noise(seed, 3_900_000);
        world.write("a.bin", &content);
        let run: Running = world.start(&["apply", "--auto-approve"]);
        wait_until("a content is being written", || {
            !names(&world.path(OBJECTS)).is_empty()
        });
        drop(run);
        // Whether it was in the middle of it is up to the system's scheduler.
        if !temporary(&world, OBJECTS).is_empty() {
            assert_completed(&world, &content);
            assert_eq!(emulator.digests()["a.bin"], digest(&content));
            return;
        }
    }
    panic!("no run was killed while it wrote a content");
}

/// The plan that was there stays, and what is left half written goes with the next one.
#[test]
fn a_plan_that_is_half_written_replaces_nothing_and_goes_with_the_next() {
    let long = "x".repeat(40_000);
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    drop(world.expect(0, &["plan", "--out", "out.json"]));
    let before = world.read("out.json");
    world.edit(
        "jumpbag.yaml",
        "- source: a.sh\n",
        &format!("- source: a.sh\n    description: {long}\n"),
    );
    killed_in_the_middle(&world, &["plan", "--out", "out.json"]);
    assert_eq!(world.read("out.json"), before);
    assert_eq!(temporary(&world, "").len(), 1);
    // Not its business, whatever it is called.
    world.write(".jumpbag-mine", "mine\n");
    world.write("mine.tmp", "mine\n");
    drop(world.expect(0, &["plan", "--out", "out.json"]));
    assert_ne!(world.read("out.json"), before);
    assert_eq!(temporary(&world, ""), [".jumpbag-mine"]);
    assert_eq!(world.read("mine.tmp"), "mine\n");
}
