//! The question before an apply, on a terminal.

use std::process::Command;

use crate::emulator::Emulator;
use crate::harness::{Run, TOKEN, World};

const ON_A_TERMINAL: &str = include_str!("../data/terminal.py");

/// A world with one script to create, beside an emulator.
fn world() -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("a.sh", "echo a\n");
    world.manifest(&emulator.url, "  - source: a.sh\n");
    (world, emulator)
}

/// Runs jumpbag on a terminal at which somebody types `typed` once it asks; both streams are in
/// the run's standard output.
fn answered(world: &World, args: &[&str], typed: &str) -> Run {
    let run = Command::new("python3")
        .args(["-c", ON_A_TERMINAL, typed, env!("CARGO_BIN_EXE_jumpbag")])
        .args(args)
        .current_dir(world.path(""))
        .env("JUMPBAG_TOKEN", TOKEN)
        .env("NO_COLOR", "1")
        .env("TERM", "dumb")
        .output();
    world.finish(&run.expect("these tests need python3"))
}

#[test]
fn yes_applies() {
    let (world, emulator) = world();
    let run = answered(&world, &["apply"], "yes\n");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout
            .contains("Apply these changes? Only `yes` is taken for a yes: "),
        "{run}"
    );
    assert!(run.stdout.contains("Applied to test: 1 created."), "{run}");
    assert_eq!(emulator.names(), ["a.sh"]);
}

#[test]
fn anything_else_does_not_apply() {
    for typed in [
        "no\n",
        "y\n",
        "Yes\n",
        "YES\n",
        "yes please\n",
        "\n",
        "\u{4}",
    ] {
        let (world, emulator) = world();
        let run = answered(&world, &["apply"], typed);
        assert_eq!(run.code, Some(4), "{typed:?}\n{run}");
        assert!(
            run.stdout.contains("jumpbag::apply::not_approved"),
            "{typed:?}\n{run}"
        );
        assert_eq!(emulator.list().len(), 0, "{typed:?}");
    }
}

#[test]
fn ctrl_c_at_the_question_does_not_apply() {
    let (world, emulator) = world();
    let run = answered(&world, &["apply"], "\u{3}");
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(emulator.list().len(), 0);
    assert!(!world.path(".jumpbag/test/lock.json").exists());
}

#[test]
fn destroy_asks_too_and_a_plan_without_changes_does_not() {
    let (world, emulator) = world();
    world.expect(0, &["apply", "--auto-approve"]);
    let run = answered(&world, &["destroy"], "no\n");
    assert_eq!(run.code, Some(4), "{run}");
    assert_eq!(emulator.names(), ["a.sh"]);
    let run = answered(&world, &["apply"], "");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(!run.stdout.contains("Apply these changes?"), "{run}");
}
