//! Going back: the library to an earlier state, and one content to a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use crate::harness::{Run, World};

/// Five manifests' entries, each with the sources that it names.
const STEPS: [(&str, &[(&str, &str)]); 5] = [
    (
        "- {source: a.ps1, description: The first}\n- {source: b.ps1}\n",
        &[("a.ps1", "Get-Date\n"), ("b.ps1", "Get-Host\n")],
    ),
    (
        "- {source: a.ps1, description: Another, parameters_description: -Days <n>}\n- {source: b.ps1, protect: true}\n",
        &[("a.ps1", "param([int]$Days)\n")],
    ),
    (
        "- {source: a.ps1}\n- {source: b.ps1}\n- {source: c.bin}\n",
        &[("b.ps1", "Get-Process\r\n"), ("c.bin", "\0\u{1}\u{2}")],
    ),
    (
        "- {source: renamed.ps1}\n",
        &[("renamed.ps1", "Get-Process\r\n")],
    ),
    (
        "- {source: b.ps1, name: a.ps1}\n- {source: 'd@3.ps1'}\n",
        &[("b.ps1", "Get-Service\n"), ("d@3.ps1", "d\n")],
    ),
];

/// What the emulator holds: its index, without times, and the contents.
fn library(world: &World) -> BTreeMap<PathBuf, String> {
    static TIMES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""(created|updated)": "[^"]*""#).unwrap());
    let data = world.path(".library");
    let of_library = |(path, content): (PathBuf, Vec<u8>)| {
        let text = String::from_utf8_lossy(&content);
        let text = TIMES
            .replace_all(&text.replace("\"}", "\",}"), "")
            .into_owned();
        path.starts_with(&data).then_some((path, text))
    };
    world.files().into_iter().filter_map(of_library).collect()
}

/// Applies all steps; returns the serial and what the library held after each.
fn apply_all(world: &World) -> Vec<(String, BTreeMap<PathBuf, String>)> {
    let apply = |(entries, sources): &(&str, &[(&str, &str)])| {
        for (name, content) in *sources {
            world.write(name, content);
        }
        world.manifest("emulator:.library", entries);
        world.expect(0, &["apply", "--auto-approve", "--allow-deletes", "9"]);
        let serial = world.json(".jumpbag/test/state.json")["serial"].to_string();
        (serial, library(world))
    };
    STEPS.iter().map(apply).collect()
}

#[test]
fn after_five_applies_each_is_brought_back_byte_for_byte() {
    let world = World::new();
    let then = apply_all(&world);
    // What the sources hold now has no part in it.
    for name in ["a.ps1", "b.ps1", "c.bin", "renamed.ps1", "d@3.ps1"] {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    for (serial, held) in then.iter().chain(then.iter().rev()) {
        let args = ["rollback", serial, "--auto-approve", "--allow-deletes", "9"];
        let run = world.run(&args);
        // One of them protects a file that others have not got.
        if run.code == Some(4) {
            assert!(run.stdout.contains("protect"), "{run}");
            world.write("b.ps1", "Get-Host\n");
            world.manifest("emulator:.library", "- {source: b.ps1}\n");
            world.expect(0, &["apply", "--auto-approve", "--allow-deletes", "9"]);
            world.expect(0, &args);
        } else {
            assert_eq!(run.code, Some(0), "{run}");
        }
        assert_eq!(library(&world), *held, "serial {serial}");
        world.expect(0, &["plan", "--rollback", serial, "--detailed-exitcode"]);
    }
}

#[test]
fn a_rollback_is_reviewed_and_approved_as_any_plan() {
    let world = World::new();
    let then = apply_all(&world);
    let (serial, held) = &then[2];
    let plan = world.expect(2, &["plan", "--rollback", serial, "--detailed-exitcode"]);
    insta::assert_snapshot!(plan, @"
    Library test  at emulator:.library  serial [N]
      Goes back to serial [N] of the state. The manifest has no part in this plan.

      ~ a.ps1  12 B → 18 B  1542486fcbbd → 6cc4990ff9fc  rolled back content
          │ @@ -1,1 +1,1 @@
          │ -Get-Service
          │ +param([int]$Days)
      + b.ps1  13 B  da76b4e294e6  new
      + c.bin  3 B  ae4b3280e56e  new
      - d@3.ps1  2 B  8d74beec1be9  not there then

    Plan: 2 to create, 1 to update, 1 to delete.
    4 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 2
    ");
    let refused = world.expect(4, &["rollback", serial]);
    assert!(refused.stderr.contains(plan.fingerprint()), "{refused}");
    world.expect(
        0,
        &[
            "plan",
            "--rollback",
            serial,
            "--out",
            "plan.json",
            "--markdown",
            "plan.md",
        ],
    );
    world.assert_obeys("plan", "plan.json");
    assert!(
        world
            .read("plan.md")
            .contains(&format!("apply --rollback {serial} --approved"))
    );
    let before = library(&world);
    world.expect(
        4,
        &[
            "apply",
            "--rollback",
            serial,
            "--approved",
            &format!("sha256:{:064}", 0),
        ],
    );
    assert_eq!(library(&world), before);
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(library(&world), *held);
    // It is a state like any other, from which the manifest goes on.
    world.expect(0, &["apply", "--auto-approve", "--allow-deletes", "9"]);
    assert_eq!(library(&world), then[4].1);
}

#[test]
fn a_rollback_that_cannot_be_whole_is_not_begun() {
    let world = World::new();
    let then = apply_all(&world);
    let before = library(&world);
    let unknown = world.expect(1, &["rollback", "999", "--auto-approve"]);
    insta::assert_snapshot!(unknown.stderr, @"
    jumpbag::state::no_such_serial

      × the history in `./.jumpbag/test` has no serial 999
      help: choose one of those that `jumpbag state history` lists
    ");
    std::fs::remove_dir_all(world.path(".jumpbag/test/objects")).unwrap();
    let gone = world.expect(1, &["rollback", &then[2].0, "--auto-approve"]);
    insta::assert_snapshot!(gone.stderr, @"
    jumpbag::cli::not_kept

      × the state of `test` has no content of `a.ps1` (6cc4990ff9fc), `b.ps1`
      │ (da76b4e294e6), `c.bin` (ae4b3280e56e)
      help: what was imported, or put there by others, has no content in the
            state: add the file to the manifest, and apply that instead; to go
            back without it, leave it out with `--target`
    ");
    world.write(
        &format!(
            ".jumpbag/test/objects/{}",
            crate::harness::digest(b"Get-Process\r\n")
        ),
        "x",
    );
    let damaged = world.expect(1, &["plan", "--rollback", &then[2].0]);
    assert!(
        damaged.stderr.contains("jumpbag::state::content_damaged"),
        "{damaged}"
    );
    assert_eq!(library(&world), before);
}

#[test]
fn of_several_libraries_one_goes_back() {
    let world = World::new();
    world.write("a.ps1", "1");
    let manifest = "version: 1\nlibraries:\n  one: {endpoint: 'emulator:.one'}\n  two: {endpoint: 'emulator:.two'}\nfiles:\n- {source: a.ps1}\n";
    world.write("jumpbag.yaml", manifest);
    world.expect(0, &["apply", "--auto-approve"]);
    world.write("a.ps1", "2");
    world.expect(0, &["apply", "--auto-approve"]);
    let run = world.expect(1, &["rollback", "2", "--auto-approve"]);
    insta::assert_snapshot!(run.stderr, @"
    jumpbag::cli::one_library

      × this is about one library, and there are 2: one, two
      help: name one with `-l`
    ");
    world.expect(0, &["rollback", "2", "--auto-approve", "-l", "one"]);
    let restored = |library: &str| world.expect(0, &["restore", "a.ps1", "-l", library, "-o", "-"]);
    assert_eq!(
        (restored("one").stdout, restored("two").stdout),
        ("1".into(), "2".into())
    );
    let run = world.expect(1, &["restore", "a.ps1", "-o", "-"]);
    assert!(run.stderr.contains("jumpbag::cli::one_library"), "{run}");
}

#[test]
fn a_content_is_restored_to_a_file_that_is_not_there() {
    let world = World::new();
    let then = apply_all(&world);
    let restore =
        |code, args: &[&str]| -> Run { world.expect(code, &[&["restore"], args].concat()) };
    let run = restore(0, &["a.ps1", "-o", "restored"]);
    assert_eq!(world.read("restored"), "Get-Service\n");
    assert_eq!(
        run.stderr,
        format!("Wrote `a.ps1` of serial {} to `restored`.\n", then[4].0)
    );
    let earlier = format!("b.ps1@{}", then[2].0);
    let run = restore(1, &[&earlier, "-o", "restored"]);
    insta::assert_snapshot!(run.stderr, @"
    jumpbag::cli::exists

      × `restored` is there already
      help: name another file, or write over it with `--force`
    ");
    restore(0, &[&earlier, "-o", "restored", "--force"]);
    assert_eq!(world.read("restored"), "Get-Process\r\n");
    let binary = format!("c.bin@{}", then[2].0);
    assert_eq!(restore(0, &[&binary, "-o", "-"]).stdout, "\0\u{1}\u{2}");
    // A name is what the state says, before it is a serial.
    assert_eq!(restore(0, &["d@3.ps1", "-o", "-"]).stdout, "d\n");
    let run = restore(1, &["b.ps", "-o", "-"]);
    insta::assert_snapshot!(run.stderr, @"
    jumpbag::cli::no_file

      × that state knows no file `b.ps`
      help: run `jumpbag state list` for the files that it has, and `jumpbag state
            history` for the serials
    ");
    let run = restore(1, &[&format!("b.ps@{}", then[2].0), "-o", "-"]);
    assert!(run.stderr.contains("`b.ps1`"), "{run}");
}
