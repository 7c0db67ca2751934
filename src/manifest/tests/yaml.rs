//! The text itself.

use std::fmt::Write as _;

use super::*;
use crate::manifest::{ReadError, read};

#[test]
fn what_is_not_utf8_is_shown_with_its_place() {
    insta::assert_snapshot!(bad(b"version: 1\n# caf\xe9\nfiles:\n"), @"
    jumpbag::manifest::not_utf8

      x the manifest is not UTF-8
       ,-[jumpbag.yaml:2:6]
     1 | version: 1
     2 | # caf�
       :      |
       :      `-- byte 17 is the first that is not
     3 | files:
       `----
      help: save the manifest as UTF-8
    ");
}

#[test]
fn an_empty_manifest_is_refused() {
    insta::assert_snapshot!(bad(""), @"
    jumpbag::manifest::empty

      x the manifest is empty
       ,-[jumpbag.yaml:1:1]
       `----
      help: run `jumpbag init` in an empty folder to see a starter manifest, and
            begin with `version: 1`
    ");
    assert_eq!(ids("# a comment alone\n"), ["empty"]);
    assert_eq!(ids("---\n...\n"), ["empty"]);
}

#[test]
fn a_list_is_not_a_manifest() {
    insta::assert_snapshot!(bad("- version: 1\n"), @"
    jumpbag::manifest::not_a_map

      x the manifest is not a map
       ,-[jumpbag.yaml:1:3]
     1 | - version: 1
       :   ^^^|^^^
       :      `-- keys and values are expected here
       `----
      help: begin with `version: 1`
    ");
    assert_eq!(ids("version\n"), ["not_a_map"]);
}

#[test]
fn bad_yaml_is_shown_with_its_place_after_other_characters() {
    insta::assert_snapshot!(bad("version: 1\n# äöü€😀\nfiles: [\"ü\", é: b: c]\n"), @r#"
    jumpbag::manifest::syntax

      x the YAML cannot be read: while parsing a flow mapping, did not find
      | expected ',' or '}'
       ,-[jumpbag.yaml:3:18]
     2 | # äöü€😀
     3 | files: ["ü", é: b: c]
       :                  |
       :                  `-- here
       `----
      help: correct the YAML at or before this place; put text with special
            characters in quotes
    "#);
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: \"never closed\n"), @r#"
    jumpbag::manifest::syntax

      x the YAML cannot be read: unclosed quote
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: "never closed
       :             |
       :             `-- here
       `----
      help: correct the YAML at or before this place; put text with special
            characters in quotes
    "#);
}

#[test]
fn tabs_are_named() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n\t- source: a\n"), @"
    jumpbag::manifest::tab

      x a line is indented with a tab
       ,-[jumpbag.yaml:3:2]
     2 | files:
     3 |     - source: a
       :     |
       :     `-- a tab
       `----
      help: indent with spaces
    ");
}

#[test]
fn several_documents_are_refused() {
    insta::assert_snapshot!(bad("version: 1\n---\nversion: 1\n"), @"
    jumpbag::manifest::several_documents

      x the manifest holds several YAML documents
       ,-[jumpbag.yaml:3:1]
     2 | ---
     3 | version: 1
       : ^
       : `-- the second one starts here
       `----
      help: keep one of them; move the others into files of their own
    ");
}

#[test]
fn a_glob_without_quotes_is_an_alias_and_explained() {
    insta::assert_snapshot!(bad(one_source("*.ps1")), @"
    jumpbag::manifest::bad_alias

      x an alias stands for nothing
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: *.ps1
       :             |
       :             `-- there is no finished anchor of this name before it
       `----
      help: put text that starts with `*`, such as a glob, in quotes, or define
            the anchor first
    ");
    assert_eq!(ids("a: &x [*x]\n"), ["bad_alias"]);
}

#[test]
fn foreign_tags_are_refused() {
    insta::assert_snapshot!(bad("version: !secret 1\n"), @"
    jumpbag::manifest::syntax

      x the YAML cannot be read: unsupported tag `!secret`
       ,-[jumpbag.yaml:1:18]
     1 | version: !secret 1
       :                  |
       :                  `-- here
       `----
      help: correct the YAML at or before this place; put text with special
            characters in quotes
    ");
}

#[test]
fn a_byte_order_mark_is_accepted_and_moves_no_place() {
    assert_eq!(good("\u{feff}version: 1\n").files, []);
    insta::assert_snapshot!(bad("\u{feff}version: 1\nflies: []\n"), @"
    jumpbag::manifest::unknown_key

      x `flies` is not a key of the manifest
       ,-[jumpbag.yaml:2:1]
     1 | ﻿version: 1
     2 | flies: []
       : ^^|^^
       :   `-- unknown here
       `----
      help: write `files`, if that is meant
    ");
    insta::assert_snapshot!(bad("\u{feff}vérsion: ["), @"
    jumpbag::manifest::syntax

      x the YAML cannot be read: unclosed bracket '['
       ,-[jumpbag.yaml:1:11]
     1 | ﻿vérsion: [
       :          |
       :          `-- here
       `----
      help: correct the YAML at or before this place; put text with special
            characters in quotes
    ");
}

#[test]
fn deep_nesting_stops_early() {
    insta::assert_snapshot!(bad(format!("a: {}{}", "[".repeat(40), "]".repeat(40))), @"
    jumpbag::manifest::nesting

      x the manifest is nested too deeply
       ,-[jumpbag.yaml:1:35]
     1 | a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
       :                                   |
       :                                   `-- more than 32 levels
       `----
      help: close the brackets before this place, and mind the indentation
    ");
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        for depth in [33, 100, 100_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let ids = ids(&text);
            assert!(
                matches!(ids.as_slice(), ["nesting"]),
                "{open} {depth}: {ids:?}"
            );
        }
    }
}

#[test]
fn aliases_that_multiply_stop_early() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert_eq!(ids(&text), ["expansion"]);
}

#[test]
fn one_long_text_that_is_repeated_stops_early() {
    let long = "x".repeat(1 << 20);
    // Escaped, the YAML crate has to copy it; without escapes it could borrow it.
    for text in [format!("\"{long}\\n\""), long] {
        let text = format!("a: &a {text}\nb: [{}]\n", vec!["*a"; 100_000].join(","));
        assert_eq!(ids(&text), ["expansion"]);
    }
}

#[test]
fn expansion_is_shown_with_its_place() {
    let text = format!(
        "a: &a |\n{}b:\n{}",
        "  x\n".repeat(16_384),
        "- *a\n".repeat(1000)
    );
    insta::assert_snapshot!(bad(&text), @"
    jumpbag::manifest::expansion

      x anchors and aliases expand beyond the budget
           ,-[jumpbag.yaml:16902:3]
     16901 | - *a
     16902 | - *a
           :   ^|
           :    `-- too much up to here
     16903 | - *a
           `----
      help: write `defaults:`, or the values themselves, in place of aliases
    ");
}

#[test]
fn aliases_within_the_budget_work() {
    let mut text = "version: 1\nfiles:\n  - { source: a0, description: &d shared }\n".to_owned();
    for nth in 1..5000 {
        writeln!(text, "  - {{ source: a{nth}, description: *d }}").unwrap();
    }
    let manifest = good(&text);
    assert_eq!(manifest.files.len(), 5000);
    assert_eq!(
        manifest.files[4999]
            .attributes
            .description
            .text(None)
            .as_deref(),
        Some("shared")
    );
}

#[test]
fn many_entries_are_within_the_budget() {
    let mut text = "version: 1\nfiles:\n".to_owned();
    // The YAML crate's own budget ends at 250,000 values; an entry like these has 18.
    for nth in 0..20_000 {
        writeln!(text, "- {{ source: a{nth}, name: n{nth}, description: d, parameters_description: p, has_parameters: true, adopt: true, protect: true, libraries: [default] }}").unwrap();
    }
    assert_eq!(good(&text).files.len(), 20_000);
}

#[test]
fn places_are_right_in_every_style_of_text() {
    let text = "# ü\nversion: 1\nfiles:\n- source: |\n    é\\a\n- {source: 'ü\\b'}\n- source: >-\n    c\\\n    d\n- source: plain\n    \\e\n- source: \"ü/\\\\f\"\n- source: g\n";
    let invalid = parse(Utf8Path::new("a"), text.as_bytes()).unwrap_err();
    let places: Vec<&str> = invalid
        .problems
        .iter()
        .map(|problem| invalid.texts.of(0).unwrap().get(problem.labels[0].0))
        .collect();
    assert_eq!(
        places,
        [
            "é\\a",
            "'ü\\b'",
            "c\\\n    d",
            "plain\n    \\e",
            "\"ü/\\\\f\""
        ]
    );
}

#[test]
fn a_manifest_is_read_unless_something_is_wrong_with_the_file() {
    let folder = Folder::with(&["good.yaml"]);
    assert_eq!(
        read(&folder.path().join("good.yaml")).unwrap(),
        b"good.yaml"
    );
    let missing = read(Utf8Path::new("no/such/jumpbag.yaml")).unwrap_err();
    insta::assert_snapshot!(shown(&missing), @"
    jumpbag::manifest::missing

      x there is no manifest `no/such/jumpbag.yaml`
      help: run `jumpbag init` to write a starter manifest, or name another with
            `-m`
    ");
    let directory = read(folder.path()).unwrap_err();
    insta::assert_snapshot!(shown(&directory).replace(folder.path().as_str(), "DIR"), @"
    jumpbag::manifest::directory

      x the manifest `DIR` is a folder
      help: name the file in it with `-m`, or the folder with `-C`
    ");
    let large = folder.path().join("large.yaml");
    fs::File::create(&large)
        .unwrap()
        .set_len(read::MAX_BYTES + 1)
        .unwrap();
    assert!(matches!(read(&large), Err(ReadError::TooLarge(_))));
    fs::File::create(&large)
        .unwrap()
        .set_len(read::MAX_BYTES)
        .unwrap();
    assert!(read(&large).is_ok());
}

#[cfg(unix)]
#[test]
fn a_manifest_that_is_a_pipe_or_a_device_does_not_hang() {
    let folder = Folder::with(&[]);
    sources::fifo(&folder, "pipe");
    let pipe = read(&folder.path().join("pipe")).unwrap_err();
    assert!(matches!(pipe, ReadError::NotRegular(_)));
    let device = read(Utf8Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(device, ReadError::NotRegular(_)));
}
