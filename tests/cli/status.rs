//! `status`: how each library stands.

use regex::Regex;
use serde_json::json;

use crate::harness::{CLOSED, World, stable};

/// What differs by machine, besides what differs by run.
fn shown(text: &str) -> String {
    let host = Regex::new(r"tester@[^\s:]+").unwrap();
    host.replace_all(&stable(text), "tester@[HOST]")
        .into_owned()
}

/// A world whose manifest has one script, at `endpoint`.
fn world(endpoint: &str) -> World {
    let world = World::new();
    world.write("a.sh", "echo a\n");
    world.manifest(endpoint, "  - source: a.sh\n");
    world
}

#[test]
fn before_and_after_the_first_apply() {
    let world = world("emulator:.library");
    insta::assert_snapshot!(world.expect(0, &["status"]).stdout, @"
    Library test  at emulator:.library  no state yet

      files    0 files
      lock     free
      drift    none
      calls    100 of 100 left in 1m, 1,500 of 1,500 left in 1h
    ");
    world.expect(0, &["apply", "--auto-approve"]);
    insta::assert_snapshot!(shown(&world.expect(0, &["status"]).stdout), @"
    Library test  at emulator:.library  serial [N]

      files    1 file
      written  [TIME] by tester@[HOST]: jumpbag apply --auto-approve
      lock     free
      drift    none
      calls    100 of 100 left in 1m, 1,500 of 1,500 left in 1h
    ");
    let blind = world.expect(0, &["status", "--no-refresh"]).stdout;
    assert!(blind.contains("\n  drift    not known\n"), "{blind}");
}

#[test]
fn what_others_did_and_the_calls_that_are_left() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    for name in ["a.sh", "b.sh"] {
        world.write(name, format!("echo {name}\n"));
    }
    world.manifest(&emulator.url, "  - source: a.sh\n  - source: b.sh\n");
    world.expect(0, &["apply", "--auto-approve"]);
    emulator.delete("a.sh");
    world.expect(0, &["state", "rm", "b.sh"]);
    insta::assert_snapshot!(shown(&world.expect(0, &["status"]).stdout), @"
    Library test  at [URL]  serial [N]

      files    1 file
      written  [TIME] by tester@[HOST]: jumpbag state rm b.sh
      lock     free
      drift    1 file, 1 unmanaged
      calls    96 of 100 left in 1m, 1,496 of 1,500 left in 1h
    ");
    world.write("status.json", world.expect(0, &["status", "--json"]).stdout);
    world.assert_obeys("status", "status.json");
    let status = &world.json("status.json")["libraries"][0];
    assert_eq!(status["name"], "test");
    assert_eq!(status["endpoint"], emulator.url);
    assert_eq!(status["drift"], json!({ "drifted": 1, "unmanaged": 1 }));
    assert_eq!(status["lock"], json!({ "status": "free" }));
    // This status has asked, too.
    let left = json!([
        { "calls": 100, "per_ms": 60_000, "left": 95 },
        { "calls": 1500, "per_ms": 3_600_000, "left": 1495 },
    ]);
    assert_eq!(status["limits"], left);
}

#[test]
fn a_library_that_cannot_be_asked_is_shown_from_what_is_known() {
    let world = world(CLOSED);
    let run = world.expect(1, &["status"]);
    insta::assert_snapshot!(run.stdout, @"
    Library test  at http://127.0.0.1:1  no state yet

      files    0 files
      lock     free
      drift    not known
      calls    95 of 100 left in 1m, 1,495 of 1,500 left in 1h
    ");
    assert!(
        run.stderr.starts_with("jumpbag::library::unreachable\n"),
        "{run}"
    );
    world.expect(0, &["status", "--no-refresh"]);
}

#[test]
fn of_several_libraries_it_is_said_which_one_could_not_be_asked() {
    let world = World::new();
    let libraries =
        format!("  one: {{endpoint: '{CLOSED}'}}\n  two: {{endpoint: 'emulator:.two'}}\n");
    world.write(
        "jumpbag.yaml",
        format!("version: 1\nlibraries:\n{libraries}files: []\n"),
    );
    let run = world.expect(1, &["status"]);
    assert!(run.stderr.contains("`one`"), "{run}");
    assert!(!run.stderr.contains("`two`"), "{run}");
}

/// Who may write the state's folder may write anything there.
#[test]
fn no_command_of_anybody_makes_a_row() {
    let world = world("emulator:.library");
    world.expect(0, &["apply", "--auto-approve"]);
    let gap = " ".repeat(70);
    let lock = json!({
        "format_version": "1.0", "id": "i", "user": "u", "host": "h", "pid": 1,
        "command": format!("jumpbag apply{gap}  drift    none{gap}\n  calls    free"),
        "since": "2026-01-01T00:00:00Z",
    });
    world.write(".jumpbag/test/lock.json", lock.to_string());
    let status = world.expect(0, &["status", "--no-refresh"]).stdout;
    assert!(status.contains("left behind by u@h"), "{status}");
    assert_eq!(status.matches("  drift  ").count(), 1, "{status}");
    assert_eq!(status.matches("  calls  ").count(), 1, "{status}");
    assert!(status.lines().all(|line| line.len() <= 80), "{status}");
}
