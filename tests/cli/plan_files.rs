//! Saved plans: what is shown is what is applied, or nothing is.

use serde_json::Value;

use crate::emulator::Emulator;
use crate::harness::{Run, World, stable};

pub(crate) const BOTH: &str = "  - source: a.sh\n    description: A\n  - source: b.sh\n";

/// A world with two applied scripts beside an emulator, of which `b.sh` has changed, and a saved plan.
pub(crate) fn planned() -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.manifest(&emulator.url, BOTH);
    world.write("a.sh", "echo a\n");
    world.write("b.sh", "echo b\n");
    world.expect(0, &["apply", "--auto-approve"]);
    world.write("b.sh", "echo b\necho more\n");
    world.expect(0, &["plan", "--out", "plan.json"]);
    (world, emulator)
}

/// Applies the saved plan, which is stale: nothing may happen, not even the state's serial.
#[track_caller]
pub(crate) fn refused(world: &World, emulator: &Emulator) -> String {
    let before = (emulator.list(), world.read(STATE));
    let run = world.expect(4, &["apply", "plan.json"]);
    assert_eq!((emulator.list(), world.read(STATE)), before, "{run}");
    let more_approval = world.expect(4, &["apply", "plan.json", "--auto-approve"]);
    assert_eq!(more_approval.stderr, run.stderr);
    run.unwrapped()
}

pub(crate) const STATE: &str = ".jumpbag/test/state.json";

#[test]
fn a_saved_plan_is_applied_once() {
    let (world, emulator) = planned();
    let planned = emulator.digests();
    insta::assert_snapshot!(world.expect(0, &["plan", "--out", "plan.json"]).stderr.trim(), @"Saved the plan. Apply exactly this one with: jumpbag apply plan.json");
    insta::assert_snapshot!(world.expect(0, &["apply", "plan.json"]), @"
    Library test  at [URL]  serial [N]

      ~ b.sh  7 B → 17 B  256931e5627b → ff9d74e95406  manifest changed content
          │ @@ -1,1 +1,2 @@
          │  echo b
          │ +echo more

    Plan: 1 to update, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to test: 1 updated.
    ----- stderr
    [1/1] updated b.sh
    ----- exit code 0
    ");
    assert_ne!(emulator.digests(), planned);
    world.expect(0, &["plan", "--detailed-exitcode"]);
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: the state has been written since; `b.sh`: the library holds something else than when the plan was made
      help: plan again, and have the new plan approved
    ");
}

#[test]
fn a_saved_plan_of_a_new_state_is_applied_once() {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.expect(0, &["apply", "plan.json"]);
    world.expect(4, &["apply", "plan.json"]);
}

#[test]
fn a_plan_of_some_files_is_applied_to_those_alone() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.manifest(&format!("{}\n    unmanaged: delete", emulator.url), BOTH);
    world.write("a.sh", "echo a\n");
    world.write("b.sh", "echo b\n");
    world.write("theirs.sh", "echo theirs\n");
    emulator.curl(&world.path("theirs.sh"));
    world.expect(0, &["plan", "--out", "plan.json", "--target", "b.sh"]);
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(emulator.names(), ["b.sh", "theirs.sh"]);
    world.expect(
        0,
        &[
            "plan",
            "--out",
            "plan.json",
            "--target",
            "a.sh",
            "--target",
            "b.sh",
        ],
    );
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "theirs.sh"]);
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(emulator.names(), ["a.sh", "b.sh"]);
    world.expect(0, &["plan", "--out", "plan.json", "--destroy"]);
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(emulator.list().len(), 0);
}

#[test]
fn show_prints_what_plan_printed() {
    let (world, _emulator) = planned();
    let planned = world.expect(0, &["plan"]).stdout;
    assert!(planned.contains("+echo more"), "{planned}");
    assert_eq!(world.expect(0, &["show", "plan.json"]).stdout, planned);
    // It is data: nothing that is asked for now has a part in it.
    let json = world
        .expect(0, &["show", "plan.json", "--json", "-"])
        .stdout;
    assert_eq!(json, world.read("plan.json"));

    std::fs::remove_file(world.path("jumpbag.yaml")).unwrap();
    insta::assert_snapshot!(world.expect(0, &["show", "plan.json"]), @"
    Library test  at [URL]  serial [N]

      ~ b.sh  7 B → 17 B  256931e5627b → ff9d74e95406  manifest changed content
          the previous content is not at hand: the API offers no download

    Plan: 1 to update, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
}

#[cfg(unix)]
#[test]
fn a_saved_plan_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, _emulator) = planned();
    world.write("plan.json", "was readable by others");
    world.expect(0, &["plan", "--out", "plan.json", "--json", "copy.json"]);
    for name in ["plan.json", "copy.json"] {
        let mode = std::fs::metadata(world.path(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_plan_that_cannot_be_saved_is_an_error() {
    let (world, _emulator) = planned();
    let run = world.expect(1, &["plan", "--out", "nowhere/plan.json"]);
    let said = "jumpbag::cli::write\n\n  × could not write `nowhere/plan.json`\n";
    assert!(run.stderr.starts_with(said), "{run}");
    assert!(!world.path("nowhere").exists());
}

#[test]
fn json_on_standard_output_is_alone_there_and_obeys_its_schema() {
    let (world, _emulator) = planned();
    let run = world.expect(
        2,
        &[
            "plan",
            "--json",
            "-",
            "--out",
            "plan.json",
            "--detailed-exitcode",
        ],
    );
    let printed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(printed, world.json("plan.json"));
    world.assert_obeys("plan", "plan.json");
    let counts = printed["summary"].clone();
    insta::assert_snapshot!(counts, @r#"{"adopt":0,"create":0,"delete":0,"drifted":0,"forget":0,"unchanged":1,"unmanaged":0,"update":1}"#);
    let text = world.expect(0, &["plan"]);
    assert_eq!(printed["fingerprint"], text.fingerprint());
}

/// Every action and reason, so that the schema is checked on all of them.
#[test]
fn a_plan_with_every_action_obeys_its_schema_and_so_does_the_state() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    let entry = |name: &str| {
        format!(
            "  - source: {name}\n    has_parameters: true\n    parameters_description: test\n    description: test description\n"
        )
    };
    world.write("gone.sh", "gone\n");
    world.write("old.sh", "old\n");
    world.write("renamed.sh", "renamed\n");
    world.write("updated.sh", "before\n");
    world.manifest(
        &emulator.url,
        &["gone.sh", "old.sh", "renamed.sh", "updated.sh"]
            .map(entry)
            .concat(),
    );
    world.expect(0, &["apply", "--auto-approve"]);
    world.assert_obeys("state", STATE);
    world.write("theirs.sh", "theirs\n");
    world.write("adopted.sh", "adopted\n");
    emulator.curl(&world.path("theirs.sh"));
    emulator.curl(&world.path("adopted.sh"));
    emulator.delete("gone.sh");
    world.write("updated.sh", "after\n");
    world.write("new-name.sh", "renamed\n");
    world.manifest(
        &emulator.url,
        &["adopted.sh", "new-name.sh", "updated.sh"]
            .map(entry)
            .concat(),
    );
    insta::assert_snapshot!(stable(&world.expect(0, &["plan", "--out", "plan.json"]).stdout), @"
    Library test  at [URL]  serial [N]

      = adopt adopted.sh  8 B  705af6be2bcc  already in the library
      = forget gone.sh  no longer in the manifest
      → renamed.sh → new-name.sh  8 B  9841f7cf70d5  same content
      ~ updated.sh  7 B → 6 B  9160d4be34c8 → 7b9a72466d39  manifest changed content
          │ @@ -1,1 +1,1 @@
          │ -before
          │ +after
      - old.sh  4 B  01d09d19c213  no longer in the manifest

      Unmanaged, left alone: 1 file
          theirs.sh
      Drift: 1 file changed since the last apply
          gone.sh: missing from the library

    Plan: 1 to create, 1 to update, 2 to delete, 1 to adopt, 1 to forget, 1 unmanaged.
    4 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ");
    world.assert_obeys("plan", "plan.json");
    insta::assert_snapshot!(world.expect(0, &["apply", "plan.json", "--concurrency", "1"]).stderr, @"
      ⚠ lints have found something

    Warning: jumpbag::lint::parameters_not_taken

      ⚠ `new-name.sh` is offered with parameters, and takes none (and 1 more)
        ╭─[jumpbag.yaml:10:13]
      9 │     description: test description
     10 │   - source: new-name.sh
        ·             ─────┬─────
        ·                  ╰── this file
     11 │     has_parameters: true
        ╰────
      help: take `has_parameters` and `parameters_description` away, or have the
            script take them
    [1/6] forgot gone.sh
    [2/6] adopted adopted.sh
    [3/6] created new-name.sh
    [4/6] updated updated.sh
    [5/6] deleted old.sh
    [6/6] deleted renamed.sh
    ");
    world.assert_obeys("state", STATE);
    assert_eq!(
        emulator.names(),
        ["adopted.sh", "new-name.sh", "theirs.sh", "updated.sh"]
    );
    assert_eq!(
        world.state_list(),
        ["adopted.sh", "new-name.sh", "updated.sh"]
    );
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn an_approved_fingerprint_is_applied_and_no_other() {
    let (world, emulator) = planned();
    let before = emulator.list();
    let approved = world.expect(0, &["plan"]).fingerprint().to_owned();
    let mut wrong = approved.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    for (code, args) in [
        (4, &["apply", "--approved", &wrong][..]),
        (4, &["apply", "plan.json", "--approved", &wrong]),
        (4, &["apply", "--approved", &approved, "--target", "a.sh"]),
        (4, &["destroy", "--approved", &approved]),
    ] {
        world.expect(code, args);
        assert_eq!(emulator.list(), before, "{args:?}");
    }
    // The shell's and the copier's additions are harmless.
    let typed = format!(" {}\n", approved.to_uppercase());
    world.expect(0, &["apply", "--approved", &typed]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

/// What a run says when it is asked for `wanted`.
fn said(run: &Run, wanted: &str) -> bool {
    run.stdout.contains(wanted) || run.unwrapped().contains(wanted)
}

#[test]
fn no_refresh_asks_nobody_and_says_so() {
    let (world, emulator) = planned();
    drop(emulator);
    let run = world.expect(2, &["plan", "--no-refresh", "--detailed-exitcode"]);
    insta::assert_snapshot!(run, @"
    Library test  at [URL]  serial [N]
      Not refreshed: planned against the state alone, not against the library.

      ~ b.sh  7 B → 17 B  256931e5627b → ff9d74e95406  manifest changed content
          │ @@ -1,1 +1,2 @@
          │  echo b
          │ +echo more

    Plan: 1 to update, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 2
    ");
    assert!(said(&run, "Not refreshed"));
    // The state and saved plans need nobody either.
    world.expect(0, &["show", "plan.json"]);
    assert_eq!(world.state_list(), ["a.sh", "b.sh"]);
}
