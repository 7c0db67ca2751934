//! Looking after a state: as a file, by its names, and what of it goes.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::harness::{World, digest};

const STATE: &str = ".jumpbag/test/state.json";

/// A library with `a.ps1`, which was applied with the contents 1 to `last`.
fn applied(last: u32) -> World {
    let world = World::with_manifest("- {source: a.ps1}\n");
    for content in 1..=last {
        world.write("a.ps1", content.to_string());
        world.expect(0, &["apply", "--auto-approve"]);
    }
    world
}

fn serial(world: &World) -> u64 {
    world.json(STATE)["serial"].as_u64().unwrap()
}

#[test]
fn what_was_pulled_can_be_pushed_where_it_takes_nothing_away() {
    let world = applied(1);
    let pulled = world.expect(0, &["state", "pull"]);
    assert_eq!(pulled.stdout, world.read(STATE));
    world.write("pulled.json", &pulled.stdout);
    let same = world.expect(0, &["state", "push", "pulled.json"]);
    assert_eq!(same.stdout, "The state of `test` is that one already.\n");

    world.write("a.ps1", "2");
    world.expect(0, &["apply", "--auto-approve"]);
    let newer = world.read(STATE);
    let refused = world.expect(1, &["state", "push", "pulled.json"]);
    insta::assert_snapshot!(refused.stderr, @"
    jumpbag::cli::would_go_back

      × the file has serial 2, and the state of `test` has serial 4
      help: look at both; to write it all the same, name what it writes over:
            `--force 4`
    ");
    let wrong = (serial(&world) + 1).to_string();
    world.expect(1, &["state", "push", "pulled.json", "--force", &wrong]);
    assert_eq!(world.read(STATE), newer);
    let right = serial(&world).to_string();
    world.expect(0, &["state", "push", "pulled.json", "--force", &right]);
    assert_eq!(serial(&world), right.parse::<u64>().unwrap() + 1);
    assert_eq!(
        world.json(STATE)["files"],
        serde_json::from_str::<serde_json::Value>(&pulled.stdout).unwrap()["files"]
    );
    // What it was written over is still there.
    world.expect(0, &["state", "show", "a.ps1", "--serial", &right]);
}

#[test]
fn a_state_of_another_life_or_library_is_not_pushed() {
    let (world, other) = (applied(1), applied(1));
    let before = world.read(STATE);
    world.write("other.json", other.read(STATE));
    let refused = world.expect(1, &["state", "push", "other.json"]);
    assert!(refused.stderr.contains("another lineage"), "{refused}");
    world.write("half.json", before.split_at(100).0);
    let refused = world.expect(1, &["state", "push", "half.json"]);
    assert!(
        refused.stderr.contains("jumpbag::state::damaged"),
        "{refused}"
    );
    world.write("newer.json", before.replace("\"1.1\"", "\"2.0\""));
    let refused = world.expect(1, &["state", "push", "newer.json"]);
    assert!(
        refused.stderr.contains("jumpbag::state::newer_format"),
        "{refused}"
    );
    world.edit("jumpbag.yaml", "emulator:.library", "emulator:.elsewhere");
    world.write("pulled.json", &before);
    let refused = world.expect(1, &["state", "push", "pulled.json"]);
    assert!(
        refused.stderr.contains("jumpbag::state::other_library"),
        "{refused}"
    );
    assert_eq!(world.read(STATE), before);
    // Into a state that was never written, any goes.
    std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();
    world.edit("jumpbag.yaml", "emulator:.elsewhere", "emulator:.library");
    world.expect(0, &["state", "push", "other.json"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn what_is_forgotten_stays_in_the_library_and_can_be_adopted() {
    let world = applied(1);
    let unknown = world.expect(1, &["state", "rm", "b.ps1"]);
    assert!(unknown.stderr.contains("`a.ps1`"), "{unknown}");
    let run = world.expect(0, &["state", "rm", "a.ps1"]);
    insta::assert_snapshot!(run, @"
    The state of `test` has forgotten `a.ps1`.
    ----- stderr
    The library was not changed. What the manifest still asks for is adopted by the next apply if it is the same.
    ----- exit code 0
    ");
    assert!(world.state_list().is_empty());
    let plan = world.expect(2, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("1 to adopt"), "{plan}");
}

#[test]
fn a_file_that_was_renamed_in_the_library_is_followed() {
    let world = applied(1);
    world.write("b.ps1", "b");
    world.edit(
        "jumpbag.yaml",
        "- {source: a.ps1}\n",
        "- {source: a.ps1}\n- {source: b.ps1}\n",
    );
    world.expect(0, &["apply", "--auto-approve"]);
    let before = world.read(STATE);
    for taken in ["b.ps1", "B.ps1"] {
        let refused = world.expect(1, &["state", "mv", "a.ps1", taken]);
        assert!(
            refused.stderr.contains("jumpbag::cli::name_taken"),
            "{refused}"
        );
    }
    assert_eq!(world.read(STATE), before);
    let index = world.read(".library/index.json");
    world.write(
        ".library/index.json",
        index.replace("\"a.ps1\"", "\"c.ps1\""),
    );
    let run = world.expect(0, &["state", "mv", "a.ps1", "c.ps1"]);
    assert_eq!(
        run.stdout,
        "The state of `test` knows `a.ps1` as `c.ps1` now.\n"
    );
    world.edit(
        "jumpbag.yaml",
        "source: a.ps1",
        "source: a.ps1, name: c.ps1",
    );
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

/// Makes all contents as old as a day.
fn age(world: &World) {
    for (path, _) in world.files() {
        if path.parent().unwrap().ends_with("objects") {
            let yesterday = SystemTime::now() - Duration::from_hours(24);
            File::open(path).unwrap().set_modified(yesterday).unwrap();
        }
    }
}

#[test]
fn what_nothing_refers_to_is_removed_and_nothing_else() {
    let world = applied(4);
    let kept = |content: &str| {
        let object = format!(".jumpbag/test/objects/{}", digest(content.as_bytes()));
        world.path(object).exists()
    };
    let args = ["state", "gc", "--keep", "2", "--older-than", "1ms"];
    let prune = [&args[..], &["--prune"]].concat();
    // Contents of the last hour may be a run's that has not said so yet.
    let young = world.expect(0, &args);
    assert!(
        young
            .stdout
            .starts_with("Would remove 2 states and 0 contents"),
        "{young}"
    );
    age(&world);
    let dry = world.expect(0, &args);
    assert!(
        dry.stdout
            .starts_with("Would remove 2 states and 2 contents"),
        "{dry}"
    );
    assert!(dry.stderr.contains("--prune"), "{dry}");
    assert!(kept("1") && kept("2"));
    let done = world.expect(0, &prune);
    assert!(
        done.stdout.starts_with("Removed 2 states and 2 contents"),
        "{done}"
    );
    assert!(!kept("1") && !kept("2") && kept("3") && kept("4"));
    let again = world.expect(0, &prune);
    assert_eq!(
        again.stdout,
        "Nothing to remove from the state of `test`.\n"
    );
    let history = world.expect(0, &["state", "history"]).stdout;
    assert_eq!(history.lines().count(), 2);
    let earlier = history.trim().split(' ').next().unwrap();
    world.expect(0, &["rollback", earlier, "--auto-approve"]);
    world.expect(0, &["restore", "a.ps1", "-o", "restored"]);
    assert_eq!(world.read("restored"), "3");
    // By default, nothing is old enough.
    let default = world.expect(0, &["state", "gc", "--prune"]);
    assert_eq!(default.stdout, again.stdout);
}

#[test]
fn where_an_entry_cannot_be_read_nothing_is_removed() {
    let world = applied(3);
    age(&world);
    let before = world.files().len();
    let history = world.expect(0, &["state", "history"]).stdout;
    let first = history.trim().split(' ').next().unwrap();
    world.write(&format!(".jumpbag/test/history/{first}.json"), "{}");
    let run = world.expect(
        1,
        &[
            "state",
            "gc",
            "--keep",
            "1",
            "--older-than",
            "1ms",
            "--prune",
        ],
    );
    assert!(run.stderr.contains("jumpbag::state::damaged"), "{run}");
    assert_eq!(world.files().len(), before);
}

/// Every file below `folder`, without what locks leave.
fn held(world: &World, folder: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let root = world.path(folder);
    let below = |(path, content): (std::path::PathBuf, Vec<u8>)| {
        let name = path.strip_prefix(&root).ok()?.to_owned();
        let counts = name.starts_with("history") || name.starts_with("objects");
        counts.then_some((name, content))
    };
    let mut held: Vec<_> = world.files().into_iter().filter_map(below).collect();
    held.sort();
    held
}

#[test]
fn a_state_that_is_moved_is_whole_there_and_marked_here() {
    let world = applied(3);
    let (state, files) = (world.read(STATE), held(&world, ".jumpbag/test"));
    let run = world.expect(0, &["state", "migrate", "--to", "elsewhere/states"]);
    insta::assert_snapshot!(run.stdout, @"
    Moved the state of `test`: serial 6, 3 states of the history and 3 contents, all read back.
    The state is there when the manifest says so:

    state: { backend: local, path: 'elsewhere/states' }
    ");
    assert_eq!(world.read("elsewhere/states/test/state.json"), state);
    assert_eq!(held(&world, "elsewhere/states/test"), files);
    let moved = world.expect(1, &["plan"]);
    insta::assert_snapshot!(moved.stderr, @"
    jumpbag::state::moved

      × the state `./.jumpbag/test/state.json` was moved to `elsewhere/states`
      help: say so under `state` in the manifest, as `jumpbag state migrate` has
            printed it
    ");
    world.expect(1, &["apply", "--auto-approve"]);
    // Again is no error, and changes nothing.
    world.expect(0, &["state", "migrate", "--to", "elsewhere/states"]);
    world.edit(
        "jumpbag.yaml",
        "version: 1\n",
        "version: 1\nstate: {path: elsewhere/states}\n",
    );
    world.expect(0, &["plan", "--detailed-exitcode"]);
    world.write("a.ps1", "4");
    world.expect(0, &["apply", "--auto-approve"]);
    // And back, to where only the mark is.
    let back = world.expect(1, &["state", "migrate", "--to", ".jumpbag"]);
    assert!(back.stderr.contains("jumpbag::state::moved"), "{back}");
}

#[test]
fn a_state_is_not_moved_over_another_or_half() {
    let (world, other) = (applied(2), applied(1));
    let before = world.read(STATE);
    world.write("there/test/state.json", other.read(STATE));
    let run = world.expect(1, &["state", "migrate", "--to", "there"]);
    assert!(
        run.stderr.contains("jumpbag::state::other_state_there"),
        "{run}"
    );
    // What an interrupted run has copied is taken, unless it is something else.
    let object = digest(b"1");
    world.write(&format!("half/test/objects/{object}"), "half");
    let run = world.expect(1, &["state", "migrate", "--to", "half"]);
    assert!(run.stderr.contains("jumpbag::state::not_copied"), "{run}");
    assert_eq!(world.read(STATE), before);
    std::fs::remove_file(world.path(format!("half/test/objects/{object}"))).unwrap();
    world.expect(0, &["state", "migrate", "--to", "half"]);
}
