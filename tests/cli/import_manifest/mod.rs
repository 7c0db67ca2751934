//! `import --write-manifest`: from a library that somebody filled by hand to a manifest that changes nothing in it.

mod again;
mod hostile;

use crate::emulator::Emulator;
use crate::harness::{World, digest};

const WRITE: &[&str] = &["import", "--all", "--write-manifest", "new.yaml"];

/// A manifest without files, and a library with the files `a.sh` and `b.sh`.
fn fresh() -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("jumpbag.yaml", manifest(&emulator));
    for name in ["a.sh", "b.sh"] {
        put(&world, &emulator, name, &format!("echo {name}\n"));
    }
    (world, emulator)
}

fn manifest(emulator: &Emulator) -> String {
    crate::harness::manifest(&emulator.url, "  []\n")
}

/// Puts a file into the library behind jumpbag's back.
fn put(world: &World, emulator: &Emulator, name: &str, content: &str) {
    let path = format!(".theirs/{name}");
    world.write(&path, content);
    emulator.curl(&world.path(&path));
}

/// The new manifest without what differs from run to run.
fn written(world: &World) -> String {
    crate::harness::stable(&world.read("new.yaml"))
}

#[test]
fn with_every_content_found_the_next_plan_changes_nothing() {
    let (world, emulator) = fresh();
    world.write("scripts/a.sh", "echo a.sh\n");
    world.write("scripts/old/a.sh", "echo a.sh\n");
    world.write("scripts/list.sh", "echo b.sh\n");
    world.write("scripts/other.sh", "echo other\n");
    let before = emulator.list();
    let run = world.expect(0, &[WRITE, &["--search", "scripts"]].concat());
    insta::assert_snapshot!(run, @"
    Wrote new.yaml: 2 files, 2 matched, 0 kept, 0 unknown.
    Imported 2 files of `test`.
      a.sh
      b.sh
    ----- stderr
    ----- exit code 0
    ");
    insta::assert_snapshot!(written(&world), @r#"
    # What the library `test` held when
    # `jumpbag import --write-manifest` wrote this.
    # Paths are relative to this file, use /, and stay inside its folder.
    version: 1

    libraries:
      test:
        endpoint: "[URL]"

    files:
      # The same content is also in "scripts/old/a.sh"
      - source: scripts/a.sh
        description: test description
        parameters_description: test
      - source: scripts/list.sh
        name: b.sh
        description: test description
        parameters_description: test
    "#);
    assert_eq!(world.state_list(), ["a.sh", "b.sh"]);
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes."), "{plan}");
    assert_eq!(emulator.list(), before);
}

#[test]
fn what_has_no_source_stays_unmanaged_until_its_entry_is_complete() {
    let (world, emulator) = fresh();
    world.write("scripts/a.sh", "echo a.sh\n");
    let run = world.expect(0, &[WRITE, &["--search", "scripts"]].concat());
    insta::assert_snapshot!(run, @"
    Wrote new.yaml: 2 files, 1 matched, 0 kept, 1 unknown.
    Imported 1 file of `test`.
      a.sh
    ----- stderr
    What has no source is commented out in new.yaml, with what to do; what is not in the state is left alone.
    ----- exit code 0
    ");
    insta::assert_snapshot!(written(&world), @r#"
    # What the library `test` held when
    # `jumpbag import --write-manifest` wrote this.
    # Paths are relative to this file, use /, and stay inside its folder.
    version: 1

    libraries:
      test:
        endpoint: "[URL]"

    files:
      - source: scripts/a.sh
        description: test description
        parameters_description: test

      # No file with this content was found: put it into this folder, and write its path here.
      # sha256 1012f6cde107ba1f670a79c84a48ff6e81552a259a53e92b107b45b3c69e493c
      # - source: PATH
      #   name: b.sh
      #   description: test description
      #   parameters_description: test
    "#);
    assert_eq!(world.state_list(), ["a.sh"]);
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("left alone: 1 file\n"), "{plan}");

    // The comment is an entry once its marks are taken away and its path is there.
    world.write("scripts/b.sh", "echo b.sh\n");
    let text = world.read("new.yaml");
    let (head, entry) = text.split_once("  # - source: PATH\n").unwrap();
    let entry = entry.replace("  #   ", "    ");
    world.write(
        "new.yaml",
        format!("{head}  - source: scripts/b.sh\n{entry}"),
    );
    let apply = ["apply", "-m", "new.yaml", "--auto-approve"];
    let apply = world.expect(0, &apply);
    assert!(apply.stdout.contains("1 to adopt"), "{apply}");
    assert_eq!(world.state_list(), ["a.sh", "b.sh"]);
    assert_eq!(emulator.digests()["b.sh"], digest(b"echo b.sh\n"));
}

#[test]
fn what_is_in_the_state_without_a_source_is_said_to_be_deleted_next() {
    let (world, emulator) = fresh();
    world.write("mine.sh", "echo mine\n");
    world.edit("jumpbag.yaml", "  []\n", "  - source: mine.sh\n");
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(0, &["import", "b.sh"]);
    std::fs::remove_file(world.path("mine.sh")).unwrap();
    world.write("jumpbag.yaml", manifest(&emulator));
    let run = world.expect(0, &["import", "a.sh", "--write-manifest", "new.yaml"]);
    insta::assert_snapshot!(run, @"
    Wrote new.yaml: 3 files, 0 matched, 1 kept, 2 unknown.
    Imported 0 files of `test`.
    ----- stderr
    What has no source is commented out in new.yaml, with what to do; what is not in the state is left alone.
    In the state and without an entry: `b.sh`, `mine.sh`. A plan with new.yaml deletes these; complete their entries first, or forget them with `jumpbag state rm`.
    ----- exit code 0
    ");
    insta::assert_snapshot!(written(&world), @r#"
    # What the library `test` held when
    # `jumpbag import --write-manifest` wrote this.
    # Paths are relative to this file, use /, and stay inside its folder.
    version: 1

    libraries:
      test:
        endpoint: "[URL]"

    files: [] # without the brackets, once there is an entry

      # No file with this content was found: put it into this folder, and write its path here.
      # sha256 0bb0c63fc5eaa7ea428c58f338a53b24f5a75dd9d2c653e191d4eb499b3c112c
      # - source: PATH
      #   name: a.sh
      #   description: test description
      #   parameters_description: test

      # No file with this content was found: put it into this folder, and write its path here.
      # It is in the state: without an entry the next plan deletes it; `jumpbag state rm NAME` forgets it.
      # sha256 1012f6cde107ba1f670a79c84a48ff6e81552a259a53e92b107b45b3c69e493c
      # - source: PATH
      #   name: b.sh
      #   description: test description
      #   parameters_description: test

      # jumpbag keeps its content: `jumpbag restore NAME -o PATH` writes it to a file.
      # It is in the state: without an entry the next plan deletes it; `jumpbag state rm NAME` forgets it.
      # sha256 a651c24026a501e271624410709e00702fe51790e85529cfb3338cbfd29b572c
      # - source: PATH
      #   name: mine.sh
    "#);
    assert_eq!(world.state_list(), ["b.sh", "mine.sh"]);
    // What the comments say works.
    world.expect(0, &["restore", "mine.sh", "-o", "mine.sh"]);
    assert_eq!(world.read("mine.sh"), "echo mine\n");
}

#[test]
fn a_source_is_never_outside_of_the_manifests_folder() {
    let (world, emulator) = fresh();
    world.write("inner/jumpbag.yaml", manifest(&emulator));
    world.write("shared/a.sh", "echo a.sh\n");
    let options = ["-C", "inner", "--search", "../shared"];
    world.expect(0, &[WRITE, &options].concat());
    let text = world.read("inner/new.yaml");
    let why = "# No source, because it is outside of the manifest's folder: \"../shared/a.sh\"";
    assert!(text.contains(why), "{text}");
    assert!(text.contains("files: []"), "{text}");
}

#[test]
fn nothing_is_written_over_or_beside_what_is_there() {
    let (world, _emulator) = fresh();
    world.write("new.yaml", "mine\n");
    insta::assert_snapshot!(world.expect(1, WRITE), @"
    ----- stderr
    jumpbag::import::exists

      × `new.yaml` is there already
      help: name another file with `--write-manifest`: it replaces none
    ----- exit code 1
    ");
    assert_eq!(world.read("new.yaml"), "mine\n");
    world.write("other/x", "");
    let other = ["import", "--all", "--write-manifest", "other/new.yaml"];
    insta::assert_snapshot!(world.expect(1, &other), @"
    ----- stderr
    jumpbag::import::other_folder

      × `other/new.yaml` would not be in `.`, the folder of the manifest that it
      │ is made from
      help: write it into that folder: the paths of its libraries and its state
            are relative to it
    ----- exit code 1
    ");
    let lost = [WRITE, &["--search", "nowhere"]].concat();
    std::fs::remove_file(world.path("new.yaml")).unwrap();
    insta::assert_snapshot!(world.expect(1, &lost), @"
    ----- stderr
    jumpbag::import::search

      × could not search `nowhere`
      ╰─▶ No such file or directory (os error 2)
      help: name a folder that exists and that you may read with `--search`
    ----- exit code 1
    ");
    let output = ["import", "--all", "--write-manifest", "-"];
    let output = world.expect(1, &output);
    assert!(output.stderr.contains("expected a file"), "{output}");
    assert!(!world.path("new.yaml").exists() && !world.path("-").exists());
    assert!(world.state_list().is_empty());
}

#[cfg(unix)]
#[test]
fn whoever_may_read_a_starter_manifest_may_read_this_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, _emulator) = fresh();
    drop(world.expect(0, WRITE));
    drop(world.expect(0, &["init", "-m", "starter.yaml"]));
    let mode = |name: &str| {
        let metadata = std::fs::metadata(world.path(name));
        metadata.unwrap().permissions().mode()
    };
    assert_eq!(mode("new.yaml"), mode("starter.yaml"));
}

#[test]
fn without_a_manifest_the_library_is_that_of_the_environment() {
    for asked in [
        &["import", "--all", "--write-manifest", "jumpbag.yaml"][..],
        &["init", "--from-remote"],
    ] {
        let (world, emulator) = fresh();
        std::fs::remove_file(world.path("jumpbag.yaml")).unwrap();
        world.write("a.sh", "echo a.sh\n");
        world.write("b.sh", "echo b.sh\n");
        let run = |args: &[&str]| {
            let mut command = world.command(args);
            command.env("JUMPBAG_ENDPOINT", &emulator.url);
            world.finish(&command.output().unwrap())
        };
        let import = run(&[asked, &["--search", "."]].concat());
        assert_eq!(import.code, Some(0), "{import}");
        let text = world.read("jumpbag.yaml");
        assert!(!text.contains("libraries:"), "{text}");
        assert!(!text.contains(&emulator.url), "{text}");
        let plan = run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{plan}");

        // Once more it is the same; over anything else nothing is written.
        assert_eq!(run(&[asked, &["--search", "."]].concat()).code, Some(0));
        assert_eq!(world.read("jumpbag.yaml"), text);
        world.write("jumpbag.yaml", "version: 1\n");
        assert_eq!(run(&[asked, &["--search", "."]].concat()).code, Some(1));
        assert_eq!(world.read("jumpbag.yaml"), "version: 1\n");
    }
}

#[test]
fn libraries_that_have_the_same_share_an_entry() {
    let (world, emulator) = fresh();
    let second = world.emulator_in(".second", &[]);
    for (name, content) in [("a.sh", "echo a.sh\n"), ("c.sh", "echo c.sh\n")] {
        put(&world, &second, name, content);
    }
    let libraries = format!(
        "version: 1\nlibraries:\n  one: {{ endpoint: '{}' }}\n  two: {{ endpoint: '{}' }}\nfiles: []\n",
        emulator.url, second.url
    );
    world.write("jumpbag.yaml", libraries);
    for name in ["a.sh", "b.sh", "c.sh"] {
        world.write(&format!("scripts/{name}"), format!("echo {name}\n"));
    }
    world.expect(0, &[WRITE, &["--search", "."]].concat());
    insta::assert_snapshot!(written(&world), @r#"
    # What the libraries `one`, `two` held when
    # `jumpbag import --write-manifest` wrote this.
    # Paths are relative to this file, use /, and stay inside its folder.
    version: 1

    libraries:
      one:
        endpoint: "[URL]"
      two:
        endpoint: "[URL]"

    files:
      - source: scripts/a.sh
        description: test description
        parameters_description: test
      - source: scripts/b.sh
        description: test description
        parameters_description: test
        libraries: [one]
      - source: scripts/c.sh
        description: test description
        parameters_description: test
        libraries: [two]
    "#);
    world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
}
