//! Exit code 4: what is not approved, in the way of somebody else's file, or against a rule.

use crate::exit_codes::{three, three_beside};
use crate::harness::World;

#[test]
fn without_a_terminal_and_without_approval_it_is_4() {
    let world = three("emulator:.library");
    insta::assert_snapshot!(world.expect(4, &["apply"]), @"
    Library test  at emulator:.library  no state yet

      + a.sh  7 B  914cefaded94  new
      + b.sh  7 B  256931e5627b  new
      + c.sh  7 B  8f099f490abd  new

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    jumpbag::apply::no_terminal

      × nobody can be asked to approve the plan, and nothing was changed
      help: pass `--approved
            sha256:[DIGITS]`
            to apply exactly this plan, or `--auto-approve` to apply whatever is
            planned
    ----- exit code 4
    ");
    assert_eq!(world.state_list().len(), 0);
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(4, &["destroy"]);
    assert_eq!(world.state_list().len(), 3);
    // Nothing to do needs no approval.
    world.expect(0, &["apply"]);
}

#[test]
fn a_file_that_somebody_else_put_there_is_4() {
    let (world, emulator) = three_beside(&[]);
    world.write("theirs/b.sh", "echo theirs\n");
    emulator.curl(&world.path("theirs/b.sh"));
    let before = emulator.digests();
    insta::assert_snapshot!(world.expect(4, &["plan", "--detailed-exitcode"]), @r#"
    Library test  at [URL]  no state yet

      + a.sh  7 B  914cefaded94  new
      ! b.sh  ? → 7 B  079aff79e945 → 256931e5627b
          `b.sh` is in the library with other content, and jumpbag did not put it
          there
          help: give its entry `adopt: true` to replace it, or another `name`
          description: "test description" → none
          has_parameters: true → false
          parameters_description: "test" → none
      + c.sh  7 B  8f099f490abd  new

    Refused: this plan must not be applied.
      ! jumpbag::plan::conflict
        `b.sh` is in the library with other content, and jumpbag did not put it
        there
        help: give its entry `adopt: true` to replace it, or another `name`

    Plan: 2 to create, 1 refused.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 4
    "#);
    insta::assert_snapshot!(world.expect(4, &["apply", "--auto-approve"]).stderr, @"
    jumpbag::apply::refused

      × the plan is refused, and nothing was changed
      help: resolve what the plan marks with `!`, then plan again
    ");
    assert_eq!(
        emulator.digests(),
        before,
        "a refused plan is not done in part"
    );
}

#[test]
fn deleting_a_protected_file_is_4() {
    let world = World::with_manifest("  - source: a.sh\n    protect: true\n  - source: b.sh\n");
    world.write("a.sh", "echo a\n");
    world.write("b.sh", "echo b\n");
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(4, &["destroy", "--auto-approve"]);
    world.edit("jumpbag.yaml", "  - source: a.sh\n    protect: true\n", "");
    insta::assert_snapshot!(world.expect(4, &["plan"]), @"
    Library test  at emulator:.library  serial [N]

      ! a.sh  7 B  914cefaded94  no longer in the manifest; protected
          `a.sh` is protected and would be deleted
          help: set `protect: false` on its entry and apply that first, or put the
                entry back

    Refused: this plan must not be applied.
      ! jumpbag::plan::protected
        `a.sh` is protected and would be deleted
        help: set `protect: false` on its entry and apply that first, or put the
              entry back

    Plan: 1 to delete, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 4
    ");
    world.expect(4, &["apply", "--auto-approve"]);
    assert_eq!(world.state_list(), ["a.sh", "b.sh"]);
}

#[test]
fn more_deletions_than_allowed_are_4() {
    let world = three("emulator:.library\n    max_deletes: 1");
    world.expect(0, &["apply", "--auto-approve"]);
    world.edit("jumpbag.yaml", "  - source: a.sh\n  - source: b.sh\n", "");
    insta::assert_snapshot!(world.expect(4, &["plan"]), @"
    Library test  at emulator:.library  serial [N]

      - a.sh  7 B  914cefaded94  no longer in the manifest
      - b.sh  7 B  256931e5627b  no longer in the manifest

    Refused: this plan must not be applied.
      ! jumpbag::plan::too_many_deletes
        the plan deletes 2 files, and 1 are allowed
        help: pass `--allow-deletes 2` for this run if that is meant, or raise
              `max_deletes`

    Plan: 2 to delete, 1 unchanged.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 4
    ");
    world.expect(4, &["apply", "--auto-approve"]);
    world.expect(4, &["apply", "--auto-approve", "--allow-deletes", "1"]);
    assert_eq!(world.state_list().len(), 3);
    world.expect(0, &["apply", "--auto-approve", "--allow-deletes", "2"]);
    assert_eq!(world.state_list(), ["c.sh"]);
}

#[test]
fn another_fingerprint_than_the_approved_one_is_4() {
    let world = three("emulator:.library");
    let approved = world.expect(0, &["plan"]).fingerprint().to_owned();
    world.write("b.sh", "echo evil\n");
    insta::assert_snapshot!(world.expect(4, &["apply", "--approved", &approved]).stderr, @"
    jumpbag::apply::fingerprint_mismatch

      × the plan is
      │ sha256:1da46f980b764336aaf3ad34483d6d9cda06e8f95d504bac35dc40af5c90595d,
      │ and
      │ sha256:c048694a379bb49ceed55cc9f63dd271652339e46a657b3a0405e1740abc7b0d
      │ was approved; nothing was changed
      help: have the plan above reviewed, and approve its fingerprint
    ");
    for nonsense in ["", "sha256:", "evil", &approved["sha256:".len()..]] {
        world.expect(4, &["apply", "--approved", nonsense]);
    }
    assert_eq!(world.state_list().len(), 0);
    world.write("b.sh", "echo b\n");
    world.expect(0, &["apply", "--approved", &approved]);
    assert_eq!(world.state_list().len(), 3);
}
