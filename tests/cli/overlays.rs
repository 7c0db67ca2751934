//! Manifests that share files and settings: `include`, `overrides` and `library_defaults`.

use crate::harness::{QUIET, World};

/// A repository in which two manifests can share `common/files.yaml`.
fn repository(common: &str) -> World {
    let world = World::new();
    world.write("repo/.git", "");
    world.write("repo/common/files.yaml", common);
    world.write("repo/common/scripts/a.sh", "echo a\n");
    world
}

const INCLUDING: &str = "version: 1\ninclude: [../../common/files.yaml]\nlibraries:\n  \
                         test:\n    endpoint: emulator:.library\n";

#[test]
fn a_manifest_plans_and_applies_what_it_includes_from_elsewhere_in_its_repository() {
    let world = repository(
        "version: 1\ndefaults:\n  description: Shared\nfiles:\n  - source: scripts/*.sh\n  - source: scripts/a.sh\n    name: b c.sh\n",
    );
    world.write("repo/bags/one/own.sh", "echo own\n");
    let own = "files:\n  - source: own.sh\n";
    world.write(
        "repo/bags/one/jumpbag.yaml",
        format!("{INCLUDING}{own}{QUIET}"),
    );
    let plan = world.expect(0, &["-C", "repo/bags/one", "plan"]);
    insta::assert_snapshot!(plan, @r#"
    Library test  at emulator:.library  no state yet

      + a.sh  7 B  914cefaded94  new
          description: "Shared"
      + "b c.sh"  7 B  914cefaded94  new
          description: "Shared"
      + own.sh  9 B  7a240ff4f96f  new

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
      ⚠ `jumpbag.yaml` is valid, with warnings

    Warning: jumpbag::lint::name_spaces

      ⚠ the name `b c.sh` contains a space
       ╭─[../../common/files.yaml:7:11]
     6 │   - source: scripts/a.sh
     7 │     name: b c.sh
       ·           ───┬──
       ·              ╰── a responder has to type it in quotes
       ╰────
      help: choose a `name` without one, such as with `-` in its place
    ----- exit code 0
    "#);
    let manifest = "repo/bags/one/jumpbag.yaml";
    let other = world.expect(0, &["-m", manifest, "plan", "--out", "plan.json"]);
    assert_eq!(other.fingerprint(), plan.fingerprint());
    let warning = &world.json("plan.json")["warnings"][0];
    assert_eq!(warning["place"], "repo/common/files.yaml:7:11");
    world.expect(0, &["-m", manifest, "apply", "--auto-approve"]);
    world.expect(0, &["-m", manifest, "plan", "--detailed-exitcode"]);
    world.write("repo/common/scripts/a.sh", "echo other\n");
    world.expect(2, &["-m", manifest, "plan", "--detailed-exitcode"]);
}

#[test]
fn problems_of_an_included_file_are_annotated_at_that_file() {
    let world = repository("version: 1\nfiles:\n  - source: scripts/a.sh\n");
    world.write("repo/bags/one/a.sh", "echo own\n");
    let own = "files:\n  - source: a.sh\n";
    world.write("repo/bags/one/jumpbag.yaml", format!("{INCLUDING}{own}"));
    let validate = |format: &str| {
        let manifest = "repo/bags/one/jumpbag.yaml";
        world.expect(1, &["-m", manifest, "validate", "--format", format])
    };
    insta::assert_snapshot!(validate("human"), @"
    ----- stderr
      × `repo/bags/one/jumpbag.yaml` is not valid

    Error: jumpbag::manifest::duplicate_name

      × two files of `test` are called `a.sh`
       ╭─[repo/bags/one/jumpbag.yaml:7:13]
     6 │ files:
     7 │   - source: a.sh
       ·             ──┬─
       ·               ╰── first here, for `a.sh`
       ╰────
       ╭─[repo/common/files.yaml:3:13]
     2 │ files:
     3 │   - source: scripts/a.sh
       ·             ──────┬─────
       ·                   ╰── again here, for `scripts/a.sh`
       ╰────
      help: give one of the two another `name`, or `libraries` that do not overlap
    ----- exit code 1
    ");
    insta::assert_snapshot!(validate("github").stdout, @"::error file=common/files.yaml,line=3,endLine=3,col=13,endColumn=25,title=jumpbag%3A%3Amanifest%3A%3Aduplicate_name::two files of `test` are called `a.sh`%0Ahere: again here, for `scripts/a.sh`%0Abags/one/jumpbag.yaml, line 7: first here, for `a.sh`%0Ahelp: give one of the two another `name`, or `libraries` that do not overlap");
    let sarif = validate("sarif").stdout;
    for uri in ["common/files.yaml", "bags/one/jumpbag.yaml"] {
        assert!(sarif.contains(&format!("\"uri\": \"{uri}\"")), "{sarif}");
    }
    let json = validate("json").stdout;
    world.write("validation.json", &json);
    world.assert_obeys("validation", "validation.json");
    let places = &world.json("validation.json")["problems"][0]["places"];
    assert_eq!(places[0]["path"], "common/files.yaml");
    assert_eq!(places[1]["path"], "bags/one/jumpbag.yaml");
}

#[test]
fn a_cycle_of_includes_is_shown_in_both_files() {
    let world = repository("version: 1\ninclude:\n  - ../bags/one/jumpbag.yaml\n");
    world.write("repo/bags/one/jumpbag.yaml", INCLUDING);
    let run = world.expect(1, &["-C", "repo/bags/one", "plan"]);
    insta::assert_snapshot!(run, @"
    ----- stderr
      × `jumpbag.yaml` is not valid

    Error: jumpbag::manifest::include_cycle

      × `jumpbag.yaml` includes itself through others
       ╭─[jumpbag.yaml:2:11]
     1 │ version: 1
     2 │ include: [../../common/files.yaml]
       ·           ───────────┬───────────
       ·                      ╰── includes `../../common/files.yaml`
     3 │ libraries:
       ╰────
       ╭─[../../common/files.yaml:3:5]
     2 │ include:
     3 │   - ../bags/one/jumpbag.yaml
       ·     ────────────┬───────────
       ·                 ╰── includes `jumpbag.yaml` again
       ╰────
      help: take one of these away, and move what several files share into a file
            that includes none of them
    ----- exit code 1
    ");
}

/// What is about the state alone does not depend on files that are not there.
#[test]
fn the_state_can_be_listed_where_an_included_file_is_missing() {
    let world = World::new();
    world.write("jumpbag.yaml", INCLUDING);
    world.expect(1, &["plan"]);
    assert!(world.state_list().is_empty());
}

#[test]
fn libraries_share_settings_and_differ_in_what_is_overridden() {
    let world = World::new();
    world.write("a.sh", "echo a\n");
    world.write(
        "jumpbag.yaml",
        QUIET.to_owned() + "version: 1\nlibrary_defaults:\n  max_deletes: 0\nlibraries:\n  contoso: { endpoint: 'emulator:.one' }\n  \
         fabrikam: { endpoint: 'emulator:.two', max_deletes: 1 }\nfiles:\n  - source: a.sh\n    description: Collects\n    \
         overrides:\n      contoso: { description: Collects for Contoso }\n      \"fab*\": { parameters_description: -Days }\n",
    );
    insta::assert_snapshot!(world.expect(0, &["plan"]), @r#"
    Library contoso  at emulator:.one  no state yet

      + a.sh  7 B  914cefaded94  new
          description: "Collects for Contoso"

      Plan: 1 to create.
      1 API call, at once under the limits

    Library fabrikam  at emulator:.two  no state yet

      + a.sh  7 B  914cefaded94  new
          description: "Collects"
          has_parameters: true
          parameters_description: "-Days"

      Plan: 1 to create.
      1 API call, at once under the limits

    Plan: 2 to create.
    2 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]
    ----- stderr
      ⚠ lints have found something

    Warning: jumpbag::lint::parameters_not_taken

      ⚠ `a.sh` is offered with parameters, and takes none
        ╭─[jumpbag.yaml:9:13]
      8 │ files:
      9 │   - source: a.sh
        ·             ──┬─
        ·               ╰── this file
     10 │     description: Collects
        ╰────
      help: take `has_parameters` and `parameters_description` away, or have the
            script take them
    ----- exit code 0
    "#);
    world.expect(0, &["plan", "--json", "plan.json"]);
    let plan = world.json("plan.json");
    let after = |nth: usize| &plan["libraries"][nth]["changes"][0]["after"];
    assert_eq!(after(0)["description"], "Collects for Contoso");
    assert_eq!(after(0)["has_parameters"], false);
    assert_eq!(after(1)["description"], "Collects");
    assert_eq!(after(1)["parameters_description"], "-Days");
    assert_eq!(after(1)["has_parameters"], true);
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
    let text = world.read("jumpbag.yaml");
    let files = text.find("files:").unwrap();
    world.write("jumpbag.yaml", &text[..files]);
    // One deletion is too much for the default, and allowed where the library says so.
    world.expect(4, &["-l", "contoso", "apply", "--auto-approve"]);
    world.expect(0, &["-l", "fabrikam", "apply", "--auto-approve"]);
}
