//! What a plan can be asked to be about.

use crate::emulator::Emulator;
use crate::harness::{World, digest};

const ENTRIES: &str = "  - source: a.sh\n  - source: b.sh\n  - source: c.sh\n";

/// A world beside an emulator, with three scripts that are applied.
fn applied() -> (World, Emulator) {
    let (world, emulator) = fresh(&[]);
    world.expect(0, &["apply", "--auto-approve"]);
    (world, emulator)
}

/// The same before the apply, beside an emulator with these arguments.
fn fresh(args: &[&str]) -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(args);
    for name in ["a.sh", "b.sh", "c.sh"] {
        world.write(name, format!("echo {name}\n"));
    }
    world.manifest(&emulator.url, ENTRIES);
    (world, emulator)
}

/// Puts a file into the library behind jumpbag's back.
fn put(world: &World, emulator: &Emulator, name: &str, content: &str) {
    let path = format!("theirs/{name}");
    world.write(&path, content);
    emulator.curl(&world.path(&path));
}

#[test]
fn a_target_is_planned_and_applied_alone() {
    let (world, emulator) = applied();
    world.write("a.sh", "echo new a\n");
    world.write("b.sh", "echo new b\n");
    let before = emulator.digests();
    insta::assert_snapshot!(world.expect(0, &["plan", "--target", "b.sh"]), @"
    Library test  at [URL]  serial [N]
      2 files were left out by --target.

      ~ b.sh  10 B → 11 B  1012f6cde107 → 35f891552ce4  manifest changed content
          │ @@ -1,1 +1,1 @@
          │ -echo b.sh
          │ ?     ^^^^
          │ +echo new b
          │ ?     ^^^^^

    Plan: 1 to update.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    world.expect(0, &["apply", "--target", "b.sh", "--auto-approve"]);
    let after = emulator.digests();
    assert_eq!(before["a.sh"], after["a.sh"]);
    assert_ne!(before["b.sh"], after["b.sh"]);
    world.expect(
        0,
        &[
            "plan",
            "--target",
            "b.sh",
            "--target",
            "c.sh",
            "--detailed-exitcode",
        ],
    );
    world.expect(2, &["plan", "--detailed-exitcode"]);
}

#[test]
fn an_unknown_target_is_an_error_that_names_the_one_meant() {
    let (world, emulator) = applied();
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
    ] {
        let args = [command, &["--target", "a.sj", "--target", "b.sh"]].concat();
        let run = world.expect(1, &args);
        assert_eq!(run.stdout, "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(run.stderr, @"
            jumpbag::cli::no_file

              × neither the manifest, the state nor the library knows a file `a.sj`
              help: did you mean `a.sh`?
            ");
        }
    }
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "c.sh"]);
}

#[test]
fn destroy_deletes_what_jumpbag_put_there_and_nothing_else() {
    let (world, emulator) = applied();
    put(&world, &emulator, "theirs.sh", "echo theirs\n");
    insta::assert_snapshot!(world.expect(0, &["destroy", "--auto-approve", "--concurrency", "1"]), @"
    Library test  at [URL]  serial [N]

      - a.sh  10 B  0bb0c63fc5ea  everything tracked is destroyed
      - b.sh  10 B  1012f6cde107  everything tracked is destroyed
      - c.sh  10 B  2a718ee462ac  everything tracked is destroyed

      Unmanaged, left alone: 1 file
          theirs.sh

    Plan: 3 to delete, 1 unmanaged.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to test: 3 deleted.
    ----- stderr
    [1/3] deleted a.sh
    [2/3] deleted b.sh
    [3/3] deleted c.sh
    ----- exit code 0
    ");
    assert_eq!(emulator.names(), ["theirs.sh"]);
    assert_eq!(world.state_list().len(), 0);
    world.expect(0, &["destroy", "--auto-approve"]);
}

#[test]
fn one_file_is_destroyed_by_its_name() {
    let (world, emulator) = applied();
    world.expect(
        0,
        &["apply", "--destroy", "--target", "b.sh", "--auto-approve"],
    );
    assert_eq!(emulator.names(), ["a.sh", "c.sh"]);
    assert_eq!(world.state_list(), emulator.names());
}

/// `jumpbag apply` would put back what was just destroyed.
#[test]
fn a_destroy_that_failed_halfway_goes_on_with_a_destroy() {
    let (world, emulator) = fresh(&["--fault", "delete:2:status=400"]);
    world.expect(0, &["apply", "--auto-approve"]);
    let run = world.expect(
        3,
        &[
            "destroy",
            "--auto-approve",
            "--concurrency",
            "1",
            "--allow-deletes",
            "5",
        ],
    );
    insta::assert_snapshot!(run.stdout.split_once("\nApplied").unwrap().1, @"
     to test: 2 deleted.
    Failed: 1
      ! delete b.sh
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag apply --destroy --allow-deletes 5 --auto-approve
    ");
    let next = run.stdout.lines().last().unwrap().trim();
    let next: Vec<_> = next.split(' ').skip(1).collect();
    world.expect(0, &next);
    assert_eq!(emulator.list().len(), 0);
}

#[test]
fn an_apply_of_targets_that_failed_halfway_goes_on_with_those_targets() {
    let (world, emulator) = fresh(&["--fault", "upload:1:status=400"]);
    let run = world.expect(
        3,
        &[
            "-m",
            "./jumpbag.yaml",
            "apply",
            "--target",
            "b.sh",
            "--auto-approve",
        ],
    );
    let next = run.stdout.lines().last().unwrap().trim();
    assert_eq!(
        next,
        "jumpbag -m ./jumpbag.yaml apply --target b.sh --auto-approve"
    );
    world.expect(0, &next.split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(emulator.names(), ["b.sh"]);
}

/// What is saved is stale by then.
#[test]
fn a_saved_plan_that_failed_halfway_goes_on_with_a_new_plan() {
    let (world, emulator) = fresh(&["--fault", "upload:1:status=400"]);
    world.expect(
        0,
        &[
            "plan",
            "--out",
            "plan.json",
            "--target",
            "b.sh",
            "--target",
            "c.sh",
        ],
    );
    let run = world.expect(3, &["apply", "plan.json"]);
    let next = run.stdout.lines().last().unwrap().trim();
    assert_eq!(
        next,
        "jumpbag plan --target b.sh --target c.sh --out plan.json"
    );
    world.expect(0, &next.split(' ').skip(1).collect::<Vec<_>>());
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(emulator.names(), ["b.sh", "c.sh"]);
}

#[test]
fn a_file_may_be_taken_over_where_its_entry_says_so() {
    let (world, emulator) = fresh(&[]);
    put(&world, &emulator, "b.sh", "echo theirs\n");
    world.expect(4, &["plan"]);
    world.edit(
        "jumpbag.yaml",
        "  - source: b.sh\n",
        "  - source: b.sh\n    adopt: true\n",
    );
    insta::assert_snapshot!(world.expect(0, &["plan"]), @r#"
    Library test  at [URL]  no state yet

      + a.sh  10 B  0bb0c63fc5ea  new
      ~ b.sh  ? → 10 B  079aff79e945 → 1012f6cde107  takes over an unmanaged file
          description: "test description" → none
          has_parameters: true → false
          parameters_description: "test" → none
          the previous content is not at hand: the API offers no download
      + c.sh  10 B  2a718ee462ac  new

    Plan: 2 to create, 1 to update.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    "#);
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(emulator.digests()["b.sh"], digest(b"echo b.sh\n"));
    assert_eq!(world.state_list(), emulator.names());
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn import_takes_what_is_there_into_the_state_and_changes_nothing() {
    let (world, emulator) = fresh(&[]);
    put(&world, &emulator, "b.sh", "echo b.sh\n");
    put(&world, &emulator, "theirs.sh", "echo theirs\n");
    let before = emulator.list();
    insta::assert_snapshot!(world.expect(0, &["import", "b.sh"]), @"
    Imported 1 file of `test`.
      b.sh
    ----- stderr
    ----- exit code 0
    ");
    assert_eq!(world.state_list(), ["b.sh"]);
    insta::assert_snapshot!(world.expect(0, &["import", "b.sh"]).stdout, @"Imported 0 files of `test`.");
    insta::assert_snapshot!(world.expect(1, &["import", "their.sh"]), @"
    ----- stderr
    jumpbag::cli::no_file

      × the library has no file `their.sh`
      help: did you mean `theirs.sh`?
    ----- exit code 1
    ");
    insta::assert_snapshot!(world.expect(0, &["import", "--all"]), @"
    Imported 1 file of `test`.
      theirs.sh
    ----- stderr
    The manifest has no entry for `theirs.sh`: the next plan deletes what has none, so add entries first.
    ----- exit code 0
    ");
    assert_eq!(world.state_list(), ["b.sh", "theirs.sh"]);
    world.assert_obeys("state", ".jumpbag/test/state.json");
    assert_eq!(emulator.list(), before);
    // It is now jumpbag's, and the plan says what that means.
    insta::assert_snapshot!(world.expect(2, &["plan", "--detailed-exitcode"]), @r#"
    Library test  at [URL]  serial [N]

      + a.sh  10 B  0bb0c63fc5ea  new
      ~ b.sh  10 B  1012f6cde107
          manifest changed description, has_parameters, parameters_description
          description: "test description" → none
          has_parameters: true → false
          parameters_description: "test" → none
      + c.sh  10 B  2a718ee462ac  new
      - theirs.sh  079aff79e945  no longer in the manifest

    Plan: 2 to create, 1 to update, 1 to delete.
    4 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 2
    "#);
}

#[test]
fn what_nobody_manages_is_left_alone_unless_the_manifest_says_otherwise() {
    let (world, emulator) = applied();
    put(&world, &emulator, "theirs.sh", "echo theirs\n");
    insta::assert_snapshot!(world.expect(0, &["plan", "--detailed-exitcode"]), @"
    Library test  at [URL]  serial [N]

      Unmanaged, left alone: 1 file
          theirs.sh

    No changes. The library matches the manifest.
    No API calls
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    world.manifest(&format!("{}\n    unmanaged: delete", emulator.url), ENTRIES);
    insta::assert_snapshot!(world.expect(2, &["plan", "--detailed-exitcode"]), @"
    Library test  at [URL]  serial [N]

      - theirs.sh  079aff79e945  unmanaged

    Plan: 1 to delete, 3 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 2
    ");
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "c.sh"]);
}
