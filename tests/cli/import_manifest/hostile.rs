//! Libraries that others filled: nothing in them, and no state of the folder, makes the manifest say something else.

use crate::harness::{World, digest, manifest};
use crate::stranger::{Entry, Server};

use super::{WRITE, fresh, put};

/// A world with a manifest of one library that is `files`, by name, content and description.
fn library(files: &[(&str, &str, &str)]) -> (World, Server) {
    let server = Server::start();
    let world = World::new();
    world.write("jumpbag.yaml", manifest(&server.url(), "  []\n"));
    server.change(|held| {
        for (name, content, description) in files {
            let entry = Entry {
                sha256: digest(content.as_bytes()),
                description: (*description).to_owned(),
                has_parameters: false,
                parameters_description: String::new(),
            };
            held.insert((*name).to_owned(), entry);
        }
    });
    (world, server)
}

/// Imports what the library has, with sources from the folder `s`.
#[track_caller]
fn import(world: &World) -> crate::harness::Run {
    world.expect(0, &[WRITE, &["--search", "s"]].concat())
}

#[test]
fn what_a_manifest_can_say_is_imported_whatever_it_looks_like() {
    let files = [
        ("- a, [b].ps1", "1", "x\n- source: /etc/passwd\n  name: y"),
        ("\u{202e}1sp.exe", "2", "\u{202e}\u{2066}evil\u{200b}"),
        ("'q' #.ps1", "3", "\"\n# \u{85}"),
        ("null", "4", "~"),
        ("&b !c %d", "5", "*a"),
        ("{{ x }} ${y}", "6", "---\n...\n"),
        ("\u{5d0}\u{301}\u{1f600}", "7", "  two  \n\n"),
    ];
    // A manifest can have no control characters but these two.
    let files = files.map(|(name, content, text)| (name, content, text.replace('\u{85}', "\t")));
    let files: Vec<_> = files.iter().map(|(n, c, t)| (*n, *c, t.as_str())).collect();
    let (world, server) = library(&files);
    for (nth, (_, content, _)) in files.iter().enumerate() {
        world.write(&format!("s/{nth} [x] {{y}} *\u{202e}"), content);
    }
    let run = import(&world);
    assert!(
        run.stdout.contains(" 7 matched, 0 kept, 0 unknown.\n"),
        "{run}"
    );
    let held = server.files();
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes."), "{plan}");
    let apply = world.expect(0, &["apply", "-m", "new.yaml", "--auto-approve"]);
    assert!(apply.stdout.contains("No changes."), "{apply}");
    assert_eq!(server.files(), held);
    let text = world.read("new.yaml") + &run.to_string();
    assert!(
        !text.contains(['\u{202e}', '\u{2066}', '\u{200b}']),
        "{text}"
    );
}

#[test]
fn what_a_manifest_cannot_say_is_commented_out_with_the_reason() {
    let key = "AGE-SECRET-KEY-1QQQQQ";
    let (world, server) = library(&[
        ("../../etc/passwd", "1", ""),
        ("a\nfiles:\n- b", "2", ""),
        ("con", "3", ""),
        ("A.ps1", "4", ""),
        ("a.ps1", "5", ""),
        ("bell.ps1", "6", "\u{7}"),
        ("empty.ps1", "", ""),
        ("key.ps1", "8", key),
        (key, "9", ""),
        ("good.ps1", "10", ""),
    ]);
    for nth in 1..=10 {
        world.write(&format!("s/{nth}"), nth.to_string());
    }
    world.write("s/none", "");
    let run = import(&world);
    assert!(
        run.stdout.contains(" 1 matched, 0 kept, 9 unknown.\n"),
        "{run}"
    );
    assert!(!run.to_string().contains("QQQQQ"), "{run}");
    insta::assert_snapshot!(super::written(&world), @r#"
    # What the library `test` held when
    # `jumpbag import --write-manifest` wrote this.
    # Paths are relative to this file, use /, and stay inside its folder.
    version: 1

    libraries:
      test:
        endpoint: "[URL]"

    files:
      # A manifest cannot have its name: it contains `/`, which separates folders.
      # sha256 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
      # - source: PATH
      #   name: "../../etc/passwd"

      # The library has another file whose name differs only in case or encoding; a manifest can have one of them.
      # sha256 4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a
      # - source: PATH
      #   name: A.ps1

      # The library shows a secret key of age here: take it away there, and make a new pair of keys.
      # sha256 19581e27de7ced00ff1ce50b2047e7a567c76b1cbaebabe5ef03f7c3017bb5b7
      # - source: PATH
      #   name: "[redacted]"

      # A manifest cannot have its name: it contains the control character \u{a}.
      # sha256 d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35
      # - source: PATH
      #   name: "a\nfiles:\n- b"

      # The library has another file whose name differs only in case or encoding; a manifest can have one of them.
      # sha256 ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d
      # - source: PATH
      #   name: a.ps1

      # A manifest cannot have the control character \u{7} of its `description`: change that in the library.
      # sha256 e7f6c011776e8db7cd330b54174fd76f7d0216b612387a5ffcfb81e6f0919683
      # - source: PATH
      #   name: bell.ps1
      #   description: "\u0007"

      # A manifest cannot have its name: Windows reserves `con` for a device.
      # sha256 4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce
      # - source: PATH
      #   name: con

      # A manifest cannot have a file that is empty.
      # sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
      # - source: PATH
      #   name: empty.ps1

      - source: s/10
        name: good.ps1

      # The library shows a secret key of age here: take it away there, and make a new pair of keys.
      # sha256 2c624232cdd221771294dfbb310aca000a0df6ac8b66b696d90ef06fdefb64a3
      # - source: PATH
      #   name: key.ps1
      #   description: "[redacted]"
    "#);
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("left alone: 9 files\n"), "{plan}");
    assert_eq!(world.state_list(), ["good.ps1"]);
    assert_eq!(server.files().len(), 10);
}

#[test]
fn a_source_whose_path_holds_a_key_is_none() {
    let (world, _server) = library(&[("a.ps1", "1", "")]);
    world.write("s/age-secret-key-1qqqqq/a.ps1", "1");
    let run = import(&world);
    assert!(
        run.stdout.contains(" 0 matched, 0 kept, 1 unknown.\n"),
        "{run}"
    );
    assert!(!world.read("new.yaml").contains("qqqqq"));
    drop(world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]));
}

#[test]
fn what_the_next_plan_deletes_as_unmanaged_is_said() {
    let (world, emulator) = fresh();
    world.write("scripts/a.sh", "echo a.sh\n");
    world.edit("jumpbag.yaml", "files:", "    unmanaged: delete\nfiles:");
    let run = world.expect(0, &[WRITE, &["--search", "scripts"]].concat());
    insta::assert_snapshot!(run, @"
    Wrote new.yaml: 2 files, 1 matched, 0 kept, 1 unknown.
    Imported 1 file of `test`.
      a.sh
    ----- stderr
    What has no source is commented out in new.yaml, with what to do.
    Unmanaged and without an entry: `b.sh`. As `unmanaged: delete` is set, a plan with new.yaml deletes these; complete their entries first, or set `unmanaged: keep`.
    ----- exit code 0
    ");
    let text = world.read("new.yaml");
    assert!(text.contains("    unmanaged: delete\n"), "{text}");
    assert!(text.contains("# As `unmanaged: delete` is set"), "{text}");
    let plan = world.expect(0, &["plan", "-m", "new.yaml"]);
    assert!(plan.stdout.contains("Plan: 1 to delete,"), "{plan}");
    assert_eq!(emulator.list().len(), 2);
}

#[test]
fn a_manifest_that_is_named_and_is_not_there_is_an_error() {
    let (world, emulator) = fresh();
    let mut command = world.command(&[WRITE, &["-m", "contoso.yaml"]].concat());
    command.env("JUMPBAG_ENDPOINT", &emulator.url);
    let run = world.finish(&command.output().unwrap());
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("there is no manifest `contoso.yaml`"),
        "{run}"
    );
    assert!(!world.path("new.yaml").exists());
}

#[test]
fn libraries_that_have_other_contents_or_spellings_have_entries_of_their_own() {
    let (world, emulator) = fresh();
    let second = world.emulator_in(".second", &[]);
    put(&world, &second, "a.sh", "echo other\n");
    put(&world, &second, "B.sh", "echo b.sh\n");
    let libraries = format!(
        "version: 1\nlibraries:\n  one: {{ endpoint: '{}' }}\n  two: {{ endpoint: '{}' }}\nfiles: []\n",
        emulator.url, second.url
    );
    world.write("jumpbag.yaml", libraries);
    for (path, content) in [
        ("a.sh", "echo a.sh\n"),
        ("2/a.sh", "echo other\n"),
        ("b.sh", "echo b.sh\n"),
    ] {
        world.write(&format!("scripts/{path}"), content);
    }
    let run = world.expect(0, &[WRITE, &["--search", "scripts"]].concat());
    assert!(
        run.stdout.contains(" 4 matched, 0 kept, 0 unknown.\n"),
        "{run}"
    );
    let plan = world.expect(0, &["plan", "-m", "new.yaml", "--detailed-exitcode"]);
    assert!(!plan.stdout.contains("to "), "{plan}");
}
