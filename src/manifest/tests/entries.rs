//! `files:` and `defaults:`, as far as their text goes.

use super::*;
use crate::manifest::EntryName;
use crate::manifest::attributes::{Attributes, Prose};
use crate::model::Name;

fn named(name: &str) -> String {
    format!("version: 1\nfiles:\n  - source: a\n    name: {name}\n")
}

/// Whether live response offers to pass parameters, where the script says nothing of itself.
fn offers(attributes: &Attributes) -> bool {
    let described = attributes.parameters_description.text(None).is_some();
    attributes.has_parameters.unwrap_or(described)
}

#[test]
fn the_contracts_example_is_good() {
    let manifest = good(FULL);
    assert_eq!(manifest.folder(), ".");
    let first = &manifest.files[0];
    assert_eq!(first.source.value, "scripts/collect-triage.ps1");
    assert_eq!(
        manifest.texts.of(0).unwrap().get(first.source.span),
        "scripts/collect-triage.ps1"
    );
    let EntryName::Given(name) = &first.name else {
        panic!("{:?}", first.name)
    };
    assert_eq!(name.value, Name::new("collect-triage.ps1").unwrap());
    assert_eq!(
        first.attributes.description.text(None).as_deref(),
        Some("Collects a triage package")
    );
    assert_eq!(
        first
            .attributes
            .parameters_description
            .text(None)
            .as_deref(),
        Some("-Days <n>")
    );
    assert!(offers(&first.attributes) && !first.attributes.adopt && !first.attributes.protect);
    assert_eq!(*first.libraries, ["contoso".to_owned()].into());
    let second = &manifest.files[1];
    assert_eq!(second.name, EntryName::OfSource);
    assert_eq!(*second.libraries, ["contoso".to_owned()].into());
    assert!(!offers(&second.attributes));
}

#[test]
fn no_files_are_no_error() {
    for text in [
        "version: 1",
        "version: 1\nfiles:\n",
        "version: 1\nfiles: []\n",
    ] {
        assert_eq!(good(text).files, []);
    }
}

#[test]
fn an_entrys_own_value_wins_over_the_defaults_even_null_and_empty() {
    let manifest = good(
        "version: 1\nlibraries: {a: , b: }\ndefaults: {description: d, parameters_description: p, adopt: true, protect: true, libraries: [a]}\nfiles:\n- {source: x}\n- {source: x, description: , parameters_description: '', adopt: , protect: false, libraries: }\n- {source: x, description: own, has_parameters: false, libraries: [b]}\n",
    );
    let [all, none, own] = manifest.files.as_slice() else {
        panic!("{:?}", manifest.files)
    };
    assert_eq!(all.attributes.description.text(None).as_deref(), Some("d"));
    assert!(all.attributes.adopt && all.attributes.protect && offers(&all.attributes));
    assert_eq!(*all.libraries, ["a".to_owned()].into());
    assert_eq!(none.attributes.description, Prose::Nothing);
    assert_eq!(none.attributes.parameters_description, Prose::Nothing);
    assert!(!none.attributes.adopt && !none.attributes.protect && !offers(&none.attributes));
    assert_eq!(*none.libraries, ["a".to_owned(), "b".to_owned()].into());
    assert_eq!(
        own.attributes.description.text(None).as_deref(),
        Some("own")
    );
    assert!(!offers(&own.attributes));
    assert_eq!(*own.libraries, ["b".to_owned()].into());
}

#[test]
fn texts_are_kept_as_they_are() {
    let manifest = good(
        "version: 1\nfiles:\n- source: a\n  description: |\n    Two  lines,\n    \ta tab\n  parameters_description: ' x '\n",
    );
    assert_eq!(
        manifest.files[0]
            .attributes
            .description
            .text(None)
            .as_deref(),
        Some("Two  lines,\n\ta tab\n")
    );
    assert_eq!(
        manifest.files[0]
            .attributes
            .parameters_description
            .text(None)
            .as_deref(),
        Some(" x ")
    );
}

#[test]
fn control_characters_are_refused_in_descriptions() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    description: \"a\\e[31mred\"\n"), @r#"
    jumpbag::manifest::control_character

      x `description` holds the control character \u{1b}
       ,-[jumpbag.yaml:4:18]
     3 |   - source: a
     4 |     description: "a\e[31mred"
       :                  ^^^^^^|^^^^^
       :                        `-- in this text
       `----
      help: take the character away
    "#);
    assert_eq!(
        ids("version: 1\nfiles: [{source: a, parameters_description: \"a\\rb\"}]"),
        ["control_character"]
    );
    assert_eq!(
        ids("version: 1\nfiles: [{source: \"a\\tb\"}]"),
        ["control_character"]
    );
}

#[test]
fn an_entry_needs_a_source() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - name: a\n"), @"
    jumpbag::manifest::missing_key

      x an entry of `files` has no `source`
       ,-[jumpbag.yaml:3:5]
     2 | files:
     3 |   - name: a
       :     ^^|^
       :       `-- in this map
       `----
      help: add `source:`
    ");
    insta::assert_snapshot!(bad(one_source("''")), @"
    jumpbag::manifest::empty_text

      x `source` is empty
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: ''
       :             ^|
       :              `-- nothing here
       `----
      help: write a value, or take the key away
    ");
    assert_eq!(ids("version: 1\nfiles: [{source: null}]"), ["missing_key"]);
}

#[test]
fn paths_stay_in_the_folder_and_use_slashes() {
    insta::assert_snapshot!(bad(one_source("scripts\\a.ps1")), @r"
    jumpbag::manifest::backslash

      x `source` contains a backslash
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: scripts\a.ps1
       :             ^^^^^^|^^^^^^
       :                   `-- paths use `/`
       `----
      help: write `scripts/a.ps1`
    ");
    insta::assert_snapshot!(bad(one_source("/etc/passwd")), @"
    jumpbag::manifest::absolute_path

      x `source` is an absolute path
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: /etc/passwd
       :             ^^^^^|^^^^^
       :                  `-- paths are relative to the manifest
       `----
      help: move what it names into the manifest's folder, and write the path from
            there
    ");
    insta::assert_snapshot!(bad(one_source("C:/tools/a.exe")), @"
    jumpbag::manifest::drive_letter

      x `source` starts with a drive letter
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: C:/tools/a.exe
       :             ^^^^^^^|^^^^^^
       :                    `-- paths are relative to the manifest
       `----
      help: move what it names into the manifest's folder, and write the path from
            there
    ");
    insta::assert_snapshot!(bad(one_source("a/../../b.ps1")), @"
    jumpbag::manifest::parent_outside

      x `source` leaves the manifest's folder
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: a/../../b.ps1
       :             ^^^^^^|^^^^^^
       :                   `-- `..` leads out of the folder
       `----
      help: move what it names into the manifest's folder, and write the path from
            there
    ");
    for (path, id) in [
        ("..", "parent_outside"),
        ("../a", "parent_outside"),
        ("./../a", "parent_outside"),
        ("a/./../../b", "parent_outside"),
        ("c:a", "drive_letter"),
        ("C:\\a", "drive_letter"),
        ("\\\\server\\share", "backslash"),
        ("//server/share", "absolute_path"),
    ] {
        assert_eq!(ids(&one_source(path)), [id], "{path}");
    }
    assert_eq!(
        good(&one_source("./a//b/../c")).files[0].source.value,
        "a/b/../c"
    );
}

#[test]
fn every_cause_of_a_bad_name_has_its_diagnostic() {
    insta::assert_snapshot!(bad(named("''")), @"
    jumpbag::manifest::name_empty

      x `` cannot be the name of a file: it is empty
       ,-[jumpbag.yaml:4:11]
     3 |   - source: a
     4 |     name: ''
       :           ^|
       :            `-- this name
       `----
      help: write a name, or take the key away: then the file is called as its
            source
    ");
    insta::assert_snapshot!(bad(named("a/b.ps1")), @"
    jumpbag::manifest::name_separator

      x `a/b.ps1` cannot be the name of a file: it contains `/`, which separates
      | folders
       ,-[jumpbag.yaml:4:11]
     3 |   - source: a
     4 |     name: a/b.ps1
       :           ^^^|^^^
       :              `-- this name
       `----
      help: a library has no folders: choose a `name` without separators
    ");
    insta::assert_snapshot!(bad(named("nul.ps1")), @"
    jumpbag::manifest::name_device

      x `nul.ps1` cannot be the name of a file: Windows reserves `nul` for a
      | device
       ,-[jumpbag.yaml:4:11]
     3 |   - source: a
     4 |     name: nul.ps1
       :           ^^^|^^^
       :              `-- this name
       `----
      help: choose another `name`
    ");
    for (name, id) in [
        ("..", "name_dots"),
        ("'a\\b'", "name_separator"),
        ("\"a\\nb\"", "name_control"),
        ("' a'", "name_edge"),
        ("a.", "name_edge"),
        ("COM1", "name_device"),
        (&"a".repeat(256), "name_too_long"),
    ] {
        assert_eq!(ids(&named(name)), [id], "{name}");
    }
}

#[test]
fn an_unknown_library_is_named_with_the_nearest_one() {
    insta::assert_snapshot!(bad("version: 1\nlibraries: {contoso: }\nfiles:\n  - source: a\n    libraries: [contso]\n"), @"
    jumpbag::manifest::unknown_library

      x the manifest declares no library `contso`
       ,-[jumpbag.yaml:5:17]
     4 |   - source: a
     5 |     libraries: [contso]
       :                 ^^^|^^
       :                    `-- unknown library
       `----
      help: write `contoso`, if that is meant
    ");
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    libraries: [contoso]\n"), @"
    jumpbag::manifest::unknown_library

      x the manifest declares no library `contoso`
       ,-[jumpbag.yaml:4:17]
     3 |   - source: a
     4 |     libraries: [contoso]
       :                 ^^^|^^^
       :                    `-- unknown library
       `----
      help: declare it under `libraries:` at the top, or use one of `default`
    ");
    assert_eq!(
        ids("version: 1\ndefaults: {libraries: [x]}"),
        ["unknown_library"]
    );
}

#[test]
fn an_entry_for_no_library_is_refused() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    libraries: []\n"), @"
    jumpbag::manifest::in_no_library

      x the entry is for no library
       ,-[jumpbag.yaml:4:16]
     3 |   - source: a
     4 |     libraries: []
       :                |
       :                `-- nothing here
       `----
      help: name a library, or take the key away: then it is for all of them
    ");
}
