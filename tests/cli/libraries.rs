//! Two libraries in one manifest.

use crate::emulator::Emulator;
use crate::harness::{QUIET, World, digest};

/// The manifest of two libraries that differ in one file.
fn two(world: &World, one: &Emulator, other: &Emulator) {
    world.write("both.sh", "echo both\n");
    world.write("only.sh", "echo only\n");
    let manifest = format!(
        "version: 1\nlibraries:\n  contoso:\n    endpoint: {}\n  fabrikam:\n    endpoint: {}\nfiles:\n  \
         - source: both.sh\n  - source: only.sh\n    libraries: [fabrikam]\n{QUIET}",
        one.url, other.url
    );
    world.write("jumpbag.yaml", manifest);
}

#[test]
fn two_libraries_of_a_manifest_are_planned_together_or_alone() {
    let world = World::new();
    let (one, other) = (
        world.emulator_in(".one", &[]),
        world.emulator_in(".other", &[]),
    );
    two(&world, &one, &other);
    insta::assert_snapshot!(world.expect(0, &["plan"]), @"
    2 libraries: same change
        contoso, fabrikam

      + both.sh  10 B  53a4475329ee  new

    Library fabrikam  at [URL]  no state yet
      1 more change is the same in other libraries, see above.

      + only.sh  10 B  79ad3e6a686f  new

    2 libraries with changes
      Library contoso  at [URL]  no state yet
        1 to create  1 API call, at once under the limits
      Library fabrikam  at [URL]  no state yet
        2 to create  2 API calls, at once under the limits

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    // The plan's listing is in the budget; there is no state yet.
    let fabrikam = || {
        let files = world.files().into_iter();
        let of_it = files.filter(|(path, _)| path.starts_with(world.path(".jumpbag/fabrikam")));
        of_it.collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = fabrikam();
    let names =
        ["budget.json", "budget.lock"].map(|name| world.path(".jumpbag/fabrikam").join(name));
    assert!(before.keys().eq(&names), "{:?}", before.keys());
    world.expect(0, &["apply", "-l", "contoso", "--auto-approve"]);
    assert_eq!((one.list().len(), other.list().len()), (1, 0));
    assert_eq!(fabrikam(), before, "nothing of the other is touched");
    insta::assert_snapshot!(world.expect(0, &["apply", "-l", "fab*", "--auto-approve", "--concurrency", "1"]), @"
    Library fabrikam  at [URL]  no state yet

      + both.sh  10 B  53a4475329ee  new
      + only.sh  10 B  79ad3e6a686f  new

    Plan: 2 to create.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to fabrikam: 2 created.
    ----- stderr
    [1/2] created both.sh
    [2/2] created only.sh
    ----- exit code 0
    ");
    assert_eq!(other.names(), ["both.sh", "only.sh"]);
    insta::assert_snapshot!(world.expect(0, &["state", "list"]).stdout, @"
    contoso/both.sh
    fabrikam/both.sh
    fabrikam/only.sh
    ");
    insta::assert_snapshot!(world.expect(0, &["plan", "--detailed-exitcode"]), @"
    2 libraries: no changes
      Library contoso  at [URL]  serial [N]  1 unchanged
      Library fabrikam  at [URL]  serial [N]  2 unchanged

    No changes. The library matches the manifest.
    No API calls
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    world.write("both.sh", "echo both!\n");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.expect(0, &["apply", "plan.json"]);
    assert_eq!(one.digests()["both.sh"], digest(b"echo both!\n"));
    assert_eq!(other.digests()["both.sh"], digest(b"echo both!\n"));
}

#[test]
fn what_fails_in_one_library_does_not_keep_the_other_from_its_changes() {
    let world = World::new();
    let one = world.emulator_in(".one", &["--fault", "upload:1:status=403"]);
    let other = world.emulator_in(".other", &[]);
    two(&world, &one, &other);
    let run = world.expect(3, &["apply", "--auto-approve"]);
    assert_eq!(one.list().len(), 0, "{run}");
    assert_eq!(other.names(), ["both.sh", "only.sh"]);
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn a_library_that_cannot_be_read_is_left_alone_and_the_others_are_changed() {
    let world = World::new();
    let one = world.emulator_in(".one", &[]);
    let other = world.emulator_in(".other", &["--fault", "list:1-2:status=403"]);
    two(&world, &one, &other);
    insta::assert_snapshot!(world.expect(1, &["plan", "--detailed-exitcode"]), @"
    2 libraries: same change
        contoso, fabrikam

      + both.sh  10 B  53a4475329ee  new

    Library fabrikam  at [URL]  no state yet
      Not refreshed: planned against the state alone, not against the library.
      1 more change is the same in other libraries, see above.

      + only.sh  10 B  79ad3e6a686f  new

    2 libraries with changes
      Library contoso  at [URL]  no state yet
        1 to create  1 API call, at once under the limits
      Library fabrikam  at [URL]  no state yet
        2 to create  2 API calls, at once under the limits

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    jumpbag::library::forbidden

      × library `fabrikam`: the API does not permit to list the library
      ╰─▶ `GET [URL]/api/libraryfiles` was answered 403
          Forbidden: `this error was asked for` (correlation id
          `[ID]`)
      help: grant the app registration the permission `Library.Manage` ('Manage
            live response library'), as an application or delegated permission,
            and have an administrator consent to it
    ----- exit code 1
    ");
    let run = world.expect(3, &["apply", "--auto-approve"]);
    let (_, account) = run.stdout.split_once("\nApplied to ").unwrap();
    insta::assert_snapshot!(account, @"
    contoso: 1 created.
    Not applied to fabrikam: the API does not permit to list the library.
    Not tried: 2
      ! create both.sh
      ! create only.sh
    1 of 2 libraries is as planned. Not so: fabrikam.
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag -l fabrikam apply --auto-approve
    ");
    assert_eq!(one.names(), ["both.sh"]);
    assert_eq!(other.list().len(), 0);
    world.expect(0, &["-l", "fabrikam", "apply", "--auto-approve"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn where_no_library_can_be_read_nothing_is_done() {
    let world = World::new();
    let (one, other) = (
        world.emulator_in(".one", &["--fault", "list:all:status=403"]),
        world.emulator_in(".other", &["--fault", "list:all:status=403"]),
    );
    two(&world, &one, &other);
    let run = world.expect(1, &["apply", "--auto-approve"]);
    assert!(
        run.stderr.contains("none of the 2 libraries can be read"),
        "{run}"
    );
    assert_eq!(run.stdout, "");
}

/// What was approved for all is applied to those that can be read: the fingerprint is that of the whole.
#[test]
fn what_was_approved_is_applied_though_one_library_cannot_be_read() {
    let world = World::new();
    let one = world.emulator_in(".one", &[]);
    let other = world.emulator_in(".other", &["--fault", "list:3:status=403"]);
    two(&world, &one, &other);
    world.expect(0, &["apply", "--auto-approve"]);
    world.write("both.sh", "echo both!\n");
    let plan = world.expect(0, &["plan", "--out", "plan.json"]);
    let fingerprint = plan.fingerprint().to_owned();
    world.expect(3, &["apply", "--approved", &fingerprint]);
    assert_eq!(one.digests()["both.sh"], digest(b"echo both!\n"));
    assert_eq!(other.digests()["both.sh"], digest(b"echo both\n"));
}

#[test]
fn a_saved_plan_is_applied_to_the_libraries_that_can_be_read() {
    let world = World::new();
    let one = world.emulator_in(".one", &[]);
    let other = world.emulator_in(".other", &["--fault", "list:2:status=403"]);
    two(&world, &one, &other);
    world.expect(0, &["plan", "--out", "plan.json"]);
    let run = world.expect(3, &["apply", "plan.json"]);
    assert_eq!((one.list().len(), other.list().len()), (1, 0), "{run}");
    let next = run.stdout.lines().last().unwrap().trim();
    assert_eq!(next, "jumpbag -l fabrikam plan --out plan.json", "{run}");
}

#[test]
fn import_writes_nothing_where_a_name_is_unknown_and_takes_a_name_that_one_library_has() {
    let world = World::new();
    world.write("x.sh", "echo x\n");
    let text = |files: &str| {
        format!(
            "version: 1\nlibraries:\n  one:\n    endpoint: emulator:.one\n  two:\n    endpoint: emulator:.two\nfiles:{files}\n"
        )
    };
    world.write(
        "jumpbag.yaml",
        text("\n  - source: x.sh\n    libraries: [one]"),
    );
    world.expect(0, &["apply", "--auto-approve"]);
    std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();

    let unknown = world.expect(1, &["import", "x.sh", "y.sh"]);
    assert!(
        unknown.stderr.contains("no library has a file `y.sh`"),
        "{unknown}"
    );
    assert!(world.state_list().is_empty());
    world.expect(0, &["import", "x.sh"]);
    assert_eq!(world.state_list(), ["one/x.sh"]);
}
