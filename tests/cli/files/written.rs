//! What is written is for its owner alone, whatever the process's mask is.

use std::path::PathBuf;
use std::process::Command;

use super::{chmod, mode, names, print_table};
use crate::emulator::Emulator;
use crate::harness::World;
use crate::running::wait_until;

/// The files that one plan and one apply write beside their state.
const NAMED: &[&str] = &[
    "plan.json",
    "plan.md",
    "plan.html",
    "copy.json",
    "events.jsonl",
    "restored.sh",
];

/// Runs the command under this mask.
fn masked(world: &World, mask: &str, args: &[&str]) -> Command {
    let plain = world.command(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask $0; exec \"$@\"", mask])
        .arg(plain.get_program())
        .args(args)
        .current_dir(plain.get_current_dir().unwrap())
        .env_clear();
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("PATH", "/usr/bin:/bin");
    command
}

#[track_caller]
fn masked_run(world: &World, mask: &str, args: &[&str]) {
    let run = world.finish(&masked(world, mask, args).output().unwrap());
    assert_eq!(run.code, Some(0), "{args:?}\n{run}");
}

/// A world with one applied script, all files of which were written under this mask.
fn written(mask: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.manifest(&emulator.url, "  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    masked_run(
        &world,
        mask,
        &[
            "plan",
            "--out",
            "plan.json",
            "--markdown",
            "plan.md",
            "--html",
            "plan.html",
            "--json",
            "copy.json",
        ],
    );
    masked_run(
        &world,
        mask,
        &["apply", "--auto-approve", "--events", "events.jsonl"],
    );
    // A second run, so that the history has an entry that is closed.
    world.write("a.sh", "echo b\n");
    masked_run(&world, mask, &["apply", "--auto-approve"]);
    masked_run(&world, mask, &["restore", "a.sh", "-o", "restored.sh"]);
    (world, emulator)
}

/// Paths with their modes.
type Modes = Vec<(PathBuf, u32)>;

/// The files below `.jumpbag`, and the folders.
fn state_of(world: &World) -> (Modes, Modes) {
    let (mut files, mut folders) = (Vec::new(), vec![world.path(".jumpbag")]);
    let mut seen = 0;
    while let Some(folder) = folders.get(seen).cloned() {
        seen += 1;
        for path in names(&folder).iter().map(|name| folder.join(name)) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let with_mode = |paths: Vec<PathBuf>| {
        let paths = paths.into_iter();
        paths.map(|path| (path.clone(), mode(&path))).collect()
    };
    (with_mode(files), with_mode(folders))
}

#[test]
fn what_is_written_is_for_its_owner_alone_under_any_mask() {
    let mut rows = Vec::new();
    for mask in ["000", "022", "077"] {
        let (world, _emulator) = written(mask);
        for name in NAMED {
            assert_eq!(mode(&world.path(name)), 0o600, "{name} under {mask}");
        }
        let (files, folders) = state_of(&world);
        // The state, the history, two contents, the lock, and what is spent of the limits.
        assert!(files.len() >= 7, "{files:?}");
        for (path, mode) in &files {
            assert_eq!(*mode, 0o600, "{path:?} under {mask}");
        }
        for (path, mode) in &folders {
            assert_eq!(*mode, 0o700, "{path:?} under {mask}");
        }
        let state = format!("{} files, {} folders", files.len(), folders.len());
        rows.push((
            format!("umask {mask}: {} files that were named", NAMED.len()),
            "0600".to_owned(),
        ));
        rows.push((
            format!("umask {mask}: the state's {state}"),
            "0600, 0700".to_owned(),
        ));
    }
    print_table("Modes of what is written", &rows);
}

/// The lock's owner is there only while a run is.
#[test]
fn who_holds_the_lock_is_for_its_owner_alone() {
    let world = World::new();
    let emulator = world.emulator(&["--fault", "list:all:hang"]);
    world.manifest(&emulator.url, "  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    let running =
        crate::running::Running::start(masked(&world, "000", &["apply", "--auto-approve"]));
    let owner = world.path(".jumpbag/test/lock.json");
    wait_until("the lock has an owner", || owner.exists());
    assert_eq!(mode(&owner), 0o600);
    drop(running);
}

/// A manifest is read by everybody who reviews it: it is made as any file of its folder is.
#[test]
fn a_manifest_is_as_readable_as_the_mask_says() {
    for (mask, expected) in [("022", 0o644), ("077", 0o600)] {
        let world = World::new();
        masked_run(&world, mask, &["init"]);
        assert_eq!(mode(&world.path("jumpbag.yaml")), expected, "{mask}");
    }
}

/// A file that is replaced is for its owner alone from then on, whatever it was; one that is appended to, as the
/// events are, stays for whom it was.
#[test]
fn a_file_that_is_there_is_replaced_by_one_for_its_owner_alone() {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    for name in ["plan.json", "plan.md", "events.jsonl"] {
        world.write(name, "");
        chmod(&world.path(name), 0o644);
    }
    world.expect(0, &["plan", "--out", "plan.json", "--markdown", "plan.md"]);
    drop(world.expect(0, &["apply", "--auto-approve", "--events", "events.jsonl"]));
    assert_eq!(mode(&world.path("plan.json")), 0o600);
    assert_eq!(mode(&world.path("plan.md")), 0o600);
    assert_eq!(mode(&world.path("events.jsonl")), 0o644);

    // Where others had been let into the state, what is written anew keeps them out.
    let state = world.path(".jumpbag/test/state.json");
    chmod(&state, 0o644);
    world.write("a.sh", "echo b\n");
    drop(world.expect(0, &["apply", "--auto-approve"]));
    assert_eq!(mode(&state), 0o600);
}
