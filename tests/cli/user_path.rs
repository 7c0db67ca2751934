//! A new user's path, from nothing to a library that is kept.

use crate::harness::World;

const TRIAGE: &str = "<#\n.SYNOPSIS\nCollects a triage package.\n#>\nparam([int]$Days = 7)\nGet-Process\nGet-Service\n";

/// `init`, then the first edit: two scripts, and the address of an emulator that runs beside.
fn begun(world: &World, url: &str) {
    world.expect(0, &["init"]);
    world.edit(
        "jumpbag.yaml",
        "endpoint: emulator:.library",
        &format!("endpoint: {url}"),
    );
    world.write("scripts/collect-triage.ps1", TRIAGE);
    world.write("scripts/list-processes.sh", "#!/bin/sh\nset -eu\nps aux\n");
    world.edit(
        "jumpbag.yaml",
        "\nfiles: []\n",
        r#"
files:
  - source: scripts/collect-triage.ps1
    description: Collects a triage package
    parameters_description: "-Days <n>"
  - source: scripts/list-processes.sh
    description: Lists processes
"#,
    );
}

#[test]
fn init_writes_a_manifest_that_plans_nothing_and_replaces_nothing() {
    let world = World::new();
    insta::assert_snapshot!(world.expect(0, &["init"]), @"
    Wrote jumpbag.yaml. Edit it, then run `jumpbag validate` and `jumpbag plan`.
    ----- stderr
    ----- exit code 0
    ");
    insta::assert_snapshot!(world.expect(0, &["plan", "--detailed-exitcode"]), @"
    Library trial  at emulator:.library  no state yet

    No changes. The library matches the manifest.
    No API calls
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    world.edit("jumpbag.yaml", "files: []", "files: [] # mine");
    let before = world.read("jumpbag.yaml");
    insta::assert_snapshot!(world.expect(1, &["init"]), @"
    ----- stderr
    jumpbag::cli::manifest_exists

      × `jumpbag.yaml` exists already
      help: edit it, or name another file with `-m`
    ----- exit code 1
    ");
    assert_eq!(world.read("jumpbag.yaml"), before);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one user's path, from beginning to end"
)]
fn a_library_is_filled_kept_up_and_emptied() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    begun(&world, &emulator.url);

    insta::assert_snapshot!(world.expect(0, &["validate"]), @"
    jumpbag.yaml is valid: 2 files in 1 library.
    ----- stderr
      ⚠ lints have found something

    Warning: jumpbag::lint::unsigned

      ⚠ `collect-triage.ps1` has no Authenticode signature
        ╭─[jumpbag.yaml:37:13]
     36 │ files:
     37 │   - source: scripts/collect-triage.ps1
        ·             ─────────────┬────────────
        ·                          ╰── this file
     38 │     description: Collects a triage package
        ╰────
      help: sign it with Set-AuthenticodeSignature: tenants refuse unsigned
            scripts unless a setting allows them
    ----- exit code 0
    ");
    let manifest = world.read("jumpbag.yaml");
    world.write(
        "jumpbag.yaml",
        manifest + "lints: {jumpbag::lint::unsigned: allow}\n",
    );
    insta::assert_snapshot!(world.expect(0, &["plan"]), @r#"
    Library trial  at [URL]  no state yet

      + collect-triage.ps1  89 B  8ff7f01fa9f9  new
          description: "Collects a triage package"
          has_parameters: true
          parameters_description: "-Days <n>"
      + list-processes.sh  25 B  2eba50e4410f  new
          description: "Lists processes"

    Plan: 2 to create.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    "#);
    assert_eq!(emulator.list().len(), 0, "a plan changes nothing");
    insta::assert_snapshot!(world.expect(0, &["apply", "--auto-approve", "--concurrency", "1"]), @r#"
    Library trial  at [URL]  no state yet

      + collect-triage.ps1  89 B  8ff7f01fa9f9  new
          description: "Collects a triage package"
          has_parameters: true
          parameters_description: "-Days <n>"
      + list-processes.sh  25 B  2eba50e4410f  new
          description: "Lists processes"

    Plan: 2 to create.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to trial: 2 created.
    ----- stderr
    [1/2] created collect-triage.ps1
    [2/2] created list-processes.sh
    ----- exit code 0
    "#);
    insta::assert_snapshot!(world.expect(0, &["plan", "--detailed-exitcode"]), @"
    Library trial  at [URL]  serial [N]

    No changes. The library matches the manifest.
    No API calls
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 0
    ");
    assert_eq!(world.state_list(), emulator.names());

    world.edit("scripts/list-processes.sh", "ps aux", "ps auxww");
    world.edit(
        "jumpbag.yaml",
        "a triage package\n    parameters",
        "a triage package, quickly\n    parameters",
    );
    insta::assert_snapshot!(world.expect(2, &["plan", "--detailed-exitcode"]), @r#"
    Library trial  at [URL]  serial [N]

      ~ collect-triage.ps1  89 B  8ff7f01fa9f9  manifest changed description
          description:
            - "Collects a triage package"
            + "Collects a triage package, quickly"
      ~ list-processes.sh  25 B → 27 B  2eba50e4410f → 31ae15103e82
          manifest changed content
          │ @@ -1,3 +1,3 @@
          │  #!/bin/sh
          │  set -eu
          │ -ps aux
          │ ?   ^^^
          │ +ps auxww
          │ ?   ^^^^^

    Plan: 2 to update.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
    ----- exit code 2
    "#);
    insta::assert_snapshot!(world.expect(0, &["apply", "--auto-approve", "--concurrency", "1"]).stderr, @"
    [1/2] updated collect-triage.ps1
    [2/2] updated list-processes.sh
    ");
    let described: Vec<_> = emulator
        .list()
        .iter()
        .map(|file| file["description"].clone())
        .collect();
    assert_eq!(
        described,
        ["Collects a triage package, quickly", "Lists processes"]
    );

    world.edit(
        "jumpbag.yaml",
        "  - source: scripts/list-processes.sh\n    description: Lists processes\n",
        "",
    );
    insta::assert_snapshot!(world.expect(0, &["apply", "--auto-approve"]), @"
    Library trial  at [URL]  serial [N]

      - list-processes.sh  27 B  31ae15103e82  no longer in the manifest

    Plan: 1 to delete, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to trial: 1 deleted.
    ----- stderr
    [1/1] deleted list-processes.sh
    ----- exit code 0
    ");
    assert_eq!(emulator.names(), ["collect-triage.ps1"]);
    assert_eq!(world.state_list(), emulator.names());
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn what_somebody_else_changes_is_noticed_shown_and_put_right() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    begun(&world, &emulator.url);
    world.expect(0, &["apply", "--auto-approve"]);
    insta::assert_snapshot!(world.expect(0, &["drift", "--detailed-exitcode"]), @"
    Library trial  at [URL]  serial [N]

    No drift. The library matches the state.
    ----- stderr
    ----- exit code 0
    ");
    let before = emulator.digests();

    world.write("theirs/collect-triage.ps1", "Get-Process\n");
    emulator.curl(&world.path("theirs/collect-triage.ps1"));
    assert_ne!(emulator.digests(), before);
    insta::assert_snapshot!(world.expect(2, &["drift", "--detailed-exitcode"]), @"
    Library trial  at [URL]  serial [N]

      ~ collect-triage.ps1
          content, description, parameters_description changed by emulator at
            [TIME]

    Drift: 1 file differs from the state.
    ----- stderr
    ----- exit code 2
    ");
    world.expect(0, &["drift"]);
    insta::assert_snapshot!(world.expect(2, &["plan", "--detailed-exitcode"]), @r#"
    Library trial  at [URL]  serial [N]

      ~ collect-triage.ps1  ? → 89 B  1540c3828465 → 8ff7f01fa9f9
          library drifted in content, description, parameters_description
          description: "test description" → "Collects a triage package"
          parameters_description: "test" → "-Days <n>"
          the content in the library is unknown: emulator put it there, and the API
          offers no download

      Drift: 1 file changed since the last apply
          collect-triage.ps1: content, description, parameters_description changed
            by emulator at [TIME]

    Plan: 1 to update, 1 unchanged.
    1 API call, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
      ⚠ lints have found something

    Warning: jumpbag::lint::unsigned

      ⚠ `collect-triage.ps1` has no Authenticode signature
        ╭─[jumpbag.yaml:37:13]
     36 │ files:
     37 │   - source: scripts/collect-triage.ps1
        ·             ─────────────┬────────────
        ·                          ╰── this file
     38 │     description: Collects a triage package
        ╰────
      help: sign it with Set-AuthenticodeSignature: tenants refuse unsigned
            scripts unless a setting allows them
    ----- exit code 2
    "#);

    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(emulator.digests(), before);
    world.expect(0, &["drift", "--detailed-exitcode"]);
}
