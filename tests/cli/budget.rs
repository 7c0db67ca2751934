//! The limits hold across runs: one after the other, at once, and after one that was killed.

use std::fs;

use serde_json::Value;

use crate::harness::{Run, World, manifest};
use crate::limits::{FILES, answered, apply, debugging, emulator, want};
use crate::running::Running;

const BUDGET: &str = ".jumpbag/test/budget.json";

/// An apply that is under way: some calls are made, and most are to come.
fn begun(world: &World) -> Running {
    let args = ["apply", "--auto-approve"];
    let mut running = Running::start(debugging(world.command(&args)));
    running.wait_for(&format!("[5/{FILES}]"));
    running
}

#[track_caller]
fn assert_never_throttled(runs: &[Run]) {
    for run in runs {
        assert_eq!(answered(run, 429), 0, "{run}");
        assert!(answered(run, 200) > 0, "{run}");
    }
}

#[test]
fn a_run_after_another_is_never_throttled() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    let mut runs = Vec::new();
    for description in ["A script", "Edited", "Edited again"] {
        want(&world, &emulator, description);
        let run = apply(&world, "4");
        assert_eq!(run.code, Some(0), "{run}");
        assert_eq!(answered(&run, 200), 1 + FILES, "{run}");
        runs.push(run);
    }
    assert_never_throttled(&runs);
    world.assert_obeys("budget", BUDGET);
}

#[test]
fn of_two_runs_at_once_one_is_told_of_the_lock_and_the_other_loses_nothing() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    let first = begun(&world);
    let second = apply(&world, "4");
    assert_eq!(second.code, Some(5), "{second}");
    assert!(second.stderr.contains("jumpbag::state::locked"), "{second}");
    assert_eq!(answered(&second, 200), 0, "{second}");
    let first = world.finish(&first.end());
    assert_eq!(first.code, Some(0), "{first}");
    assert_never_throttled(&[first]);
    assert_eq!(world.state_list().len(), FILES);
    assert_eq!(emulator.names(), world.state_list());
}

#[test]
fn plans_beside_an_apply_share_its_limits() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    let first = begun(&world);
    let mut runs = Vec::new();
    for args in [&["plan"][..], &["drift"], &["plan"]] {
        let run = debugging(world.command(args)).output().unwrap();
        let run = world.finish(&run);
        assert_eq!(run.code, Some(0), "{run}");
        runs.push(run);
    }
    let first = world.finish(&first.end());
    assert_eq!(first.code, Some(0), "{first}");
    runs.push(first);
    assert_never_throttled(&runs);
}

#[cfg(unix)]
#[test]
fn what_killed_runs_have_spent_counts_for_the_next() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    let mut runs = Vec::new();
    for _ in 0..3 {
        let args = ["apply", "--auto-approve"];
        let mut running = Running::start(debugging(world.command(&args)));
        running.wait_for("[5/");
        running.signal("KILL");
        runs.push(world.finish(&running.end()));
    }
    let run = apply(&world, "4");
    assert_eq!(run.code, Some(0), "{run}");
    runs.push(run);
    assert_never_throttled(&runs);
    assert_eq!(world.state_list().len(), FILES);
}

/// A library of two files in an emulator without limits, with ten calls an hour in the manifest.
fn ten_an_hour(world: &World, files: &str) -> crate::emulator::Emulator {
    let emulator = world.emulator(&[]);
    for number in 0..9 {
        world.write(&format!("files/{number}.sh"), format!("echo {number}\n"));
    }
    let limits = "    limits: [{ calls: 10, per: 1h }]\nfiles:\n";
    let text = manifest(&emulator.url, files).replace("files:\n", limits);
    world.write("jumpbag.yaml", text);
    emulator
}

fn planned(world: &World) -> (u64, String) {
    let plan = world.expect(0, &["plan", "--no-refresh", "--json", "-"]);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let seconds = plan["libraries"][0]["seconds"].as_u64().unwrap();
    (seconds, plan["fingerprint"].as_str().unwrap().to_owned())
}

#[test]
fn a_plan_counts_what_other_runs_have_spent_in_its_time_and_in_nothing_else() {
    let world = World::new();
    let _emulator = ten_an_hour(&world, "  - source: files/[01].sh\n");
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(planned(&world).0, 0, "without changes there are no calls");
    world.edit("jumpbag.yaml", "[01]", "*");
    // Three of the last hour's calls, a listing and seven changes are one more than ten.
    let (seconds, fingerprint) = planned(&world);
    assert!((3500..=3600).contains(&seconds), "{seconds}");
    fs::remove_file(world.path(BUDGET)).unwrap();
    assert_eq!(planned(&world), (0, fingerprint));
}

#[test]
fn a_damaged_budget_is_told_and_stops_nobody() {
    let world = World::in_memory();
    let emulator = emulator(&world);
    want(&world, &emulator, "A script");
    world.write(BUDGET, "{\"format_version\":\"1.0\",\"runs\":{");
    let run = world.expect(0, &["plan"]);
    insta::assert_snapshot!(run.unwrapped(), @"
    jumpbag::state::budget_damaged

      ⚠ the calls of earlier runs are not known: the budget `./.jumpbag/test/budget.json` is damaged
      ├─▶ it ends too early
      ╰─▶ EOF while parsing an object at line 1 column 32
      help: nothing has to be done: the next call writes it anew, with the shortest limit as used up when it was last written
    ");
    assert_eq!(world.expect(0, &["plan"]).stderr, "", "it is whole again");
}

#[test]
fn an_emulator_within_the_run_has_no_budget_and_neither_has_a_library_without_limits() {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo\n");
    world.expect(0, &["apply", "--auto-approve"]);
    assert!(!world.path(BUDGET).exists());

    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("a.sh", "echo\n");
    let text = manifest(&emulator.url, "  - source: a.sh\n");
    world.write(
        "jumpbag.yaml",
        text.replace("files:\n", "    limits: []\nfiles:\n"),
    );
    world.expect(0, &["apply", "--auto-approve"]);
    assert!(!world.path(BUDGET).exists());
}
