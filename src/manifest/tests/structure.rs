//! Keys, types, and the manifest's own settings.

use super::*;
use crate::manifest::StateSettings;
use crate::manifest::settings::Backend;

#[test]
fn the_version_is_required() {
    insta::assert_snapshot!(bad("files: []\n"), @"
    jumpbag::manifest::missing_version

      x the manifest does not say its version
       ,-[jumpbag.yaml:1:1]
     1 | files: []
       : ^^|^^
       :   `-- in this map
       `----
      help: add `version: 1`
    ");
}

#[test]
fn another_version_is_not_guessed_at() {
    insta::assert_snapshot!(bad("version: 2\n"), @"
    jumpbag::manifest::unsupported_version

      x the manifest has a version that this jumpbag does not know
       ,-[jumpbag.yaml:1:10]
     1 | version: 2
       :          |
       :          `-- only 1 is known
       `----
      help: use a newer jumpbag, or write `version: 1`
    ");
    assert_eq!(ids("version: 1.0\n"), ["unsupported_version"]);
    assert_eq!(ids("version: -1\n"), ["unsupported_version"]);
    insta::assert_snapshot!(bad("version: \"1\"\n"), @r#"
    jumpbag::manifest::wrong_type

      x `version` has to be the number 1
       ,-[jumpbag.yaml:1:10]
     1 | version: "1"
       :          ^|^
       :           `-- this is text
       `----
      help: write the number 1
    "#);
}

#[test]
fn unknown_keys_are_errors_with_the_nearest_known_one() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    desciption: x\n"), @"
    jumpbag::manifest::unknown_key

      x `desciption` is not a key of an entry of `files`
       ,-[jumpbag.yaml:4:5]
     3 |   - source: a
     4 |     desciption: x
       :     ^^^^^|^^^^
       :          `-- unknown here
       `----
      help: write `description`, if that is meant
    ");
    insta::assert_snapshot!(bad("version: 1\nfoo: 1\n"), @"
    jumpbag::manifest::unknown_key

      x `foo` is not a key of the manifest
       ,-[jumpbag.yaml:2:1]
     1 | version: 1
     2 | foo: 1
       : ^|^
       :  `-- unknown here
       `----
      help: take it away, or use one of `version`, `include`, `libraries`,
            `library_defaults`, `state`, `lints`, `defaults`, `files`
    ");
    assert_eq!(
        ids("version: 1\nlibraries: {a: {tenant: x}}\n"),
        ["unknown_key"]
    );
    assert_eq!(ids("version: 1\nstate: {pth: x}\n"), ["unknown_key"]);
    assert_eq!(ids("version: 1\ndefaults: {source: x}\n"), ["unknown_key"]);
    assert_eq!(ids("version: 1\ndefaults: {name: x}\n"), ["unknown_key"]);
}

#[test]
fn a_key_that_is_there_twice_is_shown_at_both_places() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    name: b\n    source: c\n"), @"
    jumpbag::manifest::duplicate_key

      x `source` is there twice
       ,-[jumpbag.yaml:5:5]
     2 | files:
     3 |   - source: a
       :     ^^^|^^
       :        `-- first here
     4 |     name: b
     5 |     source: c
       :     ^^^|^^
       :        `-- again here
       `----
      help: take one of the two away
    ");
    assert_eq!(ids("version: 1\nversion: 1\n"), ["duplicate_key"]);
    assert_eq!(
        ids("version: 1\nlibraries: {a: , 'a': }\n"),
        ["duplicate_key"]
    );
}

#[test]
fn merge_keys_are_explained() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - &a {source: a}\n  - <<: *a\n    name: b\n"), @"
    jumpbag::manifest::merge_key

      x `<<` does not merge maps
       ,-[jumpbag.yaml:4:5]
     3 |   - &a {source: a}
     4 |   - <<: *a
       :     ^|
       :      `-- an ordinary key in YAML 1.2
     5 |     name: b
       `----
      help: put what the entries share under `defaults:`
    jumpbag::manifest::missing_key

      x an entry of `files` has no `source`
       ,-[jumpbag.yaml:4:5]
     3 |   - &a {source: a}
     4 |   - <<: *a
       :     ^|
       :      `-- in this map
     5 |     name: b
       `----
      help: add `source:`
    ");
}

#[test]
fn keys_are_text() {
    insta::assert_snapshot!(bad("version: 1\n2: x\n"), @r#"
    jumpbag::manifest::wrong_type

      x a key has to be text
       ,-[jumpbag.yaml:2:1]
     1 | version: 1
     2 | 2: x
       : |
       : `-- this is a number
       `----
      help: put it in quotes: `"2"`
    "#);
    assert_eq!(ids("version: 1\n? [a]\n: x\n"), ["wrong_type"]);
}

#[test]
fn a_number_where_text_is_wanted_goes_in_quotes() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    name: 1.10\n"), @r#"
    jumpbag::manifest::wrong_type

      x `name` has to be text
       ,-[jumpbag.yaml:4:11]
     3 |   - source: a
     4 |     name: 1.10
       :           ^^|^
       :             `-- this is a number
       `----
      help: put it in quotes: `"1.10"`
    "#);
    assert_eq!(
        ids("version: 1\nfiles: [{source: a, description: true}]"),
        ["wrong_type"]
    );
}

#[test]
fn yes_is_a_text() {
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - source: a\n    adopt: yes\n"), @"
    jumpbag::manifest::wrong_type

      x `adopt` has to be `true` or `false`
       ,-[jumpbag.yaml:4:12]
     3 |   - source: a
     4 |     adopt: yes
       :            ^|^
       :             `-- this is text
       `----
      help: write `true`, without quotes, if that is meant
    ");
    assert_eq!(
        ids("version: 1\nfiles: [{source: a, adopt: 1}]"),
        ["wrong_type"]
    );
}

#[test]
fn every_other_wrong_type_says_what_is_expected() {
    insta::assert_snapshot!(bad("version: 1\nfiles: {source: a}\n"), @"
    jumpbag::manifest::wrong_type

      x `files` has to be a list
       ,-[jumpbag.yaml:2:8]
     1 | version: 1
     2 | files: {source: a}
       :        |
       :        `-- this is a map
       `----
      help: write a list
    ");
    insta::assert_snapshot!(bad("version: 1\nfiles:\n  - a.ps1\n"), @"
    jumpbag::manifest::wrong_type

      x an entry of `files` has to be a map of keys and values
       ,-[jumpbag.yaml:3:5]
     2 | files:
     3 |   - a.ps1
       :     ^^|^^
       :       `-- this is text
       `----
      help: write a map of keys and values
    ");
    insta::assert_snapshot!(bad("version: 1\nlibraries: {a: }\nfiles:\n  - source: a\n    libraries: a\n"), @"
    jumpbag::manifest::wrong_type

      x `libraries` has to be a list
       ,-[jumpbag.yaml:5:16]
     4 |   - source: a
     5 |     libraries: a
       :                |
       :                `-- this is text
       `----
      help: put it in brackets: `[a]`
    ");
    for text in [
        "version: [1]",
        "version: 1\nlibraries: [a]",
        "version: 1\nlibraries: {a: 1}",
        "version: 1\nlibraries: {a: {limits: 3}}",
        "version: 1\nlibraries: {a: {max_deletes: many}}",
        "version: 1\nlibraries: {a: {max_file_size: [4]}}",
        "version: 1\nlibraries: {a: {tenant_id: 5}}",
        "version: 1\nlibraries: {a: {endpoint: 5}}",
        "version: 1\nlibraries: {a: {cloud: 5}}",
        "version: 1\nlibraries: {a: {limits: [{calls: x, per: 1m}]}}",
        "version: 1\nlibraries: {a: {limits: [{calls: 1, per: 1}]}}",
        "version: 1\nstate: local",
        "version: 1\nstate: {backend: 1}",
        "version: 1\nstate: {path: 1}",
        "version: 1\ndefaults: []",
        "version: 1\nfiles: [null]",
        "version: 1\nfiles: [{source: [a]}]",
        "version: 1\nfiles: [{source: a, has_parameters: x}]",
        "version: 1\nfiles: [{source: a, libraries: [1]}]",
    ] {
        assert_eq!(ids(text), ["wrong_type"], "{text}");
    }
}

#[test]
fn several_problems_are_reported_at_once_in_the_order_of_the_text() {
    let folder = Folder::with(&["here.ps1"]);
    insta::assert_snapshot!(folder.bad("version: 2\nlibraries:\n  contoso:\n    cloud: mars\n    max_deletes: lots\nfiles:\n  - source: hre.ps1\n    adopt: yes\n  - sauce: here.ps1\n  - source: here.ps1\n    libraries: [fabrikam]\nstat: {}\n"), @"
    jumpbag::manifest::unsupported_version

      x the manifest has a version that this jumpbag does not know
       ,-[jumpbag.yaml:1:10]
     1 | version: 2
       :          |
       :          `-- only 1 is known
     2 | libraries:
       `----
      help: use a newer jumpbag, or write `version: 1`
    jumpbag::manifest::unknown_word

      x `cloud` cannot be `mars`
       ,-[jumpbag.yaml:4:12]
     3 |   contoso:
     4 |     cloud: mars
       :            ^^|^
       :              `-- unknown word
     5 |     max_deletes: lots
       `----
      help: use one of `commercial`, `us`, `eu`, `uk`, `au`, `swa`, `ina`, `gcc`,
            `gcc_high`, `dod`
    jumpbag::manifest::wrong_type

      x `max_deletes` has to be a whole number
       ,-[jumpbag.yaml:5:18]
     4 |     cloud: mars
     5 |     max_deletes: lots
       :                  ^^|^
       :                    `-- this is text
     6 | files:
       `----
      help: write a whole number
    jumpbag::manifest::source_missing

      x `hre.ps1` does not exist
       ,-[jumpbag.yaml:7:13]
     6 | files:
     7 |   - source: hre.ps1
       :             ^^^|^^^
       :                `-- this source
     8 |     adopt: yes
       `----
      help: write `here.ps1`, if that is meant
    jumpbag::manifest::wrong_type

      x `adopt` has to be `true` or `false`
       ,-[jumpbag.yaml:8:12]
     7 |   - source: hre.ps1
     8 |     adopt: yes
       :            ^|^
       :             `-- this is text
     9 |   - sauce: here.ps1
       `----
      help: write `true`, without quotes, if that is meant
    jumpbag::manifest::missing_key

      x an entry of `files` has no `source`
        ,-[jumpbag.yaml:9:5]
      8 |     adopt: yes
      9 |   - sauce: here.ps1
        :     ^^|^^
        :       `-- in this map
     10 |   - source: here.ps1
        `----
      help: add `source:`
    jumpbag::manifest::unknown_key

      x `sauce` is not a key of an entry of `files`
        ,-[jumpbag.yaml:9:5]
      8 |     adopt: yes
      9 |   - sauce: here.ps1
        :     ^^|^^
        :       `-- unknown here
     10 |   - source: here.ps1
        `----
      help: take it away, or use one of `source`, `name`, `description`,
            `parameters_description`, `has_parameters`, `adopt`, `protect`,
            `libraries`, `overrides`
    jumpbag::manifest::unknown_library

      x the manifest declares no library `fabrikam`
        ,-[jumpbag.yaml:11:17]
     10 |   - source: here.ps1
     11 |     libraries: [fabrikam]
        :                 ^^^^|^^^
        :                     `-- unknown library
     12 | stat: {}
        `----
      help: declare it under `libraries:` at the top, or use one of `contoso`
    jumpbag::manifest::unknown_key

      x `stat` is not a key of the manifest
        ,-[jumpbag.yaml:12:1]
     11 |     libraries: [fabrikam]
     12 | stat: {}
        : ^^|^
        :   `-- unknown here
        `----
      help: write `state`, if that is meant
    ");
}

#[test]
fn the_state_is_local_and_has_a_default_folder() {
    let default = StateSettings {
        backend: Backend::Local,
        path: utf8(".jumpbag"),
        encrypt_to: Vec::new(),
        url: None,
    };
    assert_eq!(good("version: 1").state, default);
    assert_eq!(good("version: 1\nstate:\n").state, default);
    assert_eq!(
        good("version: 1\nstate: {backend: local, path: }").state,
        default
    );
    assert_eq!(good("version: 1\nstate: {path: ./a//b/}").state.path, "a/b");
}

#[test]
fn other_backends_have_a_url() {
    for (backend, word, url) in [
        (Backend::Azure, "azure", "az://states/jumpbag"),
        (
            Backend::Azure,
            "azure",
            "abfss://states@contoso.dfs.core.windows.net/a",
        ),
        (
            Backend::Azure,
            "azure",
            "https://contoso.blob.core.windows.net/states/a",
        ),
        (Backend::S3, "s3", "s3://states"),
        (Backend::Gcs, "gcs", "gs://states/a/b"),
    ] {
        let text = format!("version: 1\nstate: {{backend: {word}, url: '{url}/'}}");
        let state = good(&text).state;
        assert_eq!((state.backend, state.url.as_deref()), (backend, Some(url)));
    }
    for bad in [
        "backend: azure",
        "backend: azure, url: 'x'",
        "backend: azure, url: 's3://a/b'",
        "backend: s3, url: 'az://a/b'",
        "backend: gcs, url: 'https://storage.googleapis.com/a'",
        "backend: azure, url: 'az:///a'",
        "backend: azure, url: 'https://a.blob.core.windows.net/b?sig=secret'",
        "backend: s3, url: 's3://key:secret@bucket/a'",
        "backend: s3, url: 's3://bucket/a#b'",
        "backend: s3, url: 's3://AKIAKEY@bucket/a'",
        "backend: azure, url: 'https://key@a.blob.core.windows.net/b'",
    ] {
        let text = format!("version: 1\nstate: {{{bad}}}");
        assert_eq!(ids(&text), ["bad_state_url"], "{bad}");
    }
    insta::assert_snapshot!(bad("version: 1\nstate:\n  backend: azure\n  url: s3://x\n"), @"
    jumpbag::manifest::bad_state_url

      x the place of the state cannot be used
       ,-[jumpbag.yaml:4:8]
     3 |   backend: azure
     4 |   url: s3://x
       :        ^^^|^^
       :           `-- not a URL of this backend
       `----
      help: write `url: az://CONTAINER/PREFIX`; the account, the region and the
            credentials come from the environment
    ");
    insta::assert_snapshot!(bad("version: 1\nstate:\n  backend: s3\n  path: a\n  url: s3://x\n"), @"
    jumpbag::manifest::unknown_key

      x `path` is not a key of the s3 backend
       ,-[jumpbag.yaml:4:9]
     3 |   backend: s3
     4 |   path: a
       :         |
       :         `-- unknown here
     5 |   url: s3://x
       `----
      help: take it away, or write `url`
    ");
    insta::assert_snapshot!(bad("version: 1\nstate:\n  backend: gc\n"), @"
    jumpbag::manifest::unknown_word

      x `backend` cannot be `gc`
       ,-[jumpbag.yaml:3:12]
     2 | state:
     3 |   backend: gc
       :            ^|
       :             `-- unknown word
       `----
      help: write `gcs`, if that is meant
    ");
    insta::assert_snapshot!(bad("version: 1\nstate:\n  url: az://x\n"), @"
    jumpbag::manifest::unknown_key

      x `url` is not a key of the local backend
       ,-[jumpbag.yaml:3:8]
     2 | state:
     3 |   url: az://x
       :        ^^^|^^
       :           `-- unknown here
       `----
      help: take it away, or write `path`
    ");
    assert_eq!(ids("version: 1\nstate: {path: ../x}"), ["parent_outside"]);
}
