//! The same command again, after a run that was killed or that ended, and beside a manifest that says more.

use super::{WRITE, fresh, put};
use crate::harness::World;

const SEARCH: &[&str] = &["--search", "scripts"];

fn with_sources() -> (World, crate::emulator::Emulator) {
    let (world, emulator) = fresh();
    world.write("scripts/a.sh", "echo a.sh\n");
    world.write("scripts/b.sh", "echo b.sh\n");
    (world, emulator)
}

#[track_caller]
fn assert_nothing_to_do(world: &World) {
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(!plan.stdout.contains("to adopt"), "{plan}");
}

#[test]
fn a_run_that_was_killed_before_the_state_is_completed_by_the_same_command() {
    let (world, _emulator) = with_sources();
    let import = [WRITE, SEARCH].concat();
    drop(world.expect(0, &import));
    let text = world.read("new.yaml");
    // What a kill between the two leaves: the manifest and the contents, and no state.
    std::fs::remove_file(world.path(".jumpbag/test/state.json")).unwrap();
    std::fs::remove_dir_all(world.path(".jumpbag/test/history")).unwrap();
    assert!(world.path(".jumpbag/test/objects").exists());
    insta::assert_snapshot!(world.expect(0, &import), @"
    Left new.yaml as an earlier run wrote it: 2 files, 2 matched, 0 kept, 0 unknown.
    Imported 2 files of `test`.
      a.sh
      b.sh
    ----- stderr
    ----- exit code 0
    ");
    assert_eq!(world.read("new.yaml"), text);
    assert_eq!(world.state_list(), ["a.sh", "b.sh"]);
    assert_nothing_to_do(&world);
    // And once more, with nothing left to do.
    insta::assert_snapshot!(world.expect(0, &import), @"
    Left new.yaml as an earlier run wrote it: 2 files, 2 matched, 0 kept, 0 unknown.
    Imported 0 files of `test`.
    ----- stderr
    ----- exit code 0
    ");
    assert_eq!(world.read("new.yaml"), text);
}

#[test]
fn a_run_that_was_killed_between_two_states_is_completed_by_the_same_command() {
    let (world, emulator) = with_sources();
    let second = world.emulator_in(".second", &[]);
    put(&world, &second, "a.sh", "echo a.sh\n");
    put(&world, &second, "lost.sh", "echo lost.sh\n");
    let libraries = format!(
        "version: 1\nlibraries:\n  one: {{ endpoint: '{}' }}\n  two: {{ endpoint: '{}' }}\nfiles: []\n",
        emulator.url, second.url
    );
    world.write("jumpbag.yaml", libraries);
    let import = [WRITE, SEARCH].concat();
    drop(world.expect(0, &import));
    std::fs::remove_dir_all(world.path(".jumpbag/two")).unwrap();
    let run = world.expect(0, &import);
    assert!(
        run.stdout
            .contains("Imported 0 files of `one`.\nImported 1 file of `two`.\n"),
        "{run}"
    );
    assert_nothing_to_do(&world);
}

#[test]
fn the_manifest_that_it_writes_may_be_the_one_that_is_used() {
    let (world, emulator) = with_sources();
    std::fs::remove_file(world.path("jumpbag.yaml")).unwrap();
    let import = ["import", "--all", "--write-manifest", "jumpbag.yaml"];
    let import = [&import[..], SEARCH].concat();
    for _ in 0..2 {
        let mut command = world.command(&import);
        command.env("JUMPBAG_ENDPOINT", &emulator.url);
        let run = world.finish(&command.output().unwrap());
        assert_eq!(run.code, Some(0), "{run}");
        assert!(
            run.stdout.contains("Imported 2 files of `default`"),
            "{run}"
        );
        std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();
    }
}

#[test]
fn one_that_was_written_for_something_else_meanwhile_is_left_and_the_way_on_is_said() {
    let (world, emulator) = with_sources();
    let import = [WRITE, SEARCH].concat();
    drop(world.expect(0, &import));
    std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();
    put(&world, &emulator, "c.sh", "echo c.sh\n");
    let text = world.read("new.yaml");
    insta::assert_snapshot!(world.expect(1, &import), @"
    ----- stderr
    jumpbag::import::outdated

      × an earlier run wrote `new.yaml`, and now it would say something else
      help: run `jumpbag plan -m new.yaml` for what is left to do with it: what
            the library has as it says is adopted; or name another file with
            `--write-manifest`
    ----- exit code 1
    ");
    assert_eq!(world.read("new.yaml"), text);
    assert!(world.state_list().is_empty());
    // What the help says works.
    let apply = world.expect(0, &["apply", "-m", "new.yaml", "--auto-approve"]);
    assert!(apply.stdout.contains("2 to adopt"), "{apply}");
    assert_nothing_to_do(&world);
}

#[test]
fn entries_that_the_new_manifest_has_not_are_named() {
    let (world, emulator) = fresh();
    for name in ["gone.sh", "kept.sh", "mine.sh"] {
        world.write(&format!("scripts/{name}"), format!("echo {name}\n"));
    }
    world.edit("jumpbag.yaml", "  []\n", "  - source: scripts/*.sh\n");
    drop(world.expect(0, &["apply", "--auto-approve"]));
    emulator.delete("gone.sh");
    world.write("scripts/never.sh", "echo never.sh\n");
    insta::assert_snapshot!(world.expect(0, WRITE), @"
    Wrote new.yaml: 4 files, 2 matched, 0 kept, 2 unknown.
    Imported 0 files of `test`.
    ----- stderr
    What has no source is commented out in new.yaml, with what to do; what is not in the state is left alone.
    Entries of jumpbag.yaml that are not in new.yaml, because the library has no such file: `gone.sh`, `never.sh`.
    In the state and not in the library: `gone.sh`. A plan with new.yaml forgets these.
    ----- exit code 0
    ");
}

#[test]
fn what_is_not_asked_for_is_named_where_the_old_manifest_has_it() {
    let (world, _emulator) = with_sources();
    world.edit("jumpbag.yaml", "  []\n", "  - source: scripts/*.sh\n");
    let run = world.expect(0, &["import", "a.sh", "--write-manifest", "new.yaml"]);
    insta::assert_snapshot!(run, @"
    Wrote new.yaml: 1 file, 1 matched, 0 kept, 0 unknown.
    Imported 1 file of `test`.
      a.sh
    ----- stderr
    Entries of jumpbag.yaml that are not in new.yaml, because they were not asked for: `b.sh`.
    ----- exit code 0
    ");
}

#[test]
fn the_contents_of_sources_are_kept() {
    let (world, _emulator) = with_sources();
    drop(world.expect(0, &[WRITE, SEARCH].concat()));
    std::fs::remove_dir_all(world.path("scripts")).unwrap();
    drop(world.expect(0, &["restore", "-m", "new.yaml", "a.sh", "-o", "a.sh"]));
    assert_eq!(world.read("a.sh"), "echo a.sh\n");
}
