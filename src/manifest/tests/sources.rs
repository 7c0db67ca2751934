//! Sources: what is looked up on the disk.

use super::*;
use crate::model::{Name, Sha256};

fn sources(sources: &[&str]) -> String {
    let mut text = "version: 1\nfiles:\n".to_owned();
    for source in sources {
        text.push_str("  - source: ");
        text.push_str(source);
        text.push('\n');
    }
    text
}

/// Makes a named pipe.
#[cfg(unix)]
pub(super) fn fifo(folder: &Folder, path: &str) {
    let status = std::process::Command::new("mkfifo")
        .arg(folder.path().join(path))
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
pub(super) fn link(folder: &Folder, target: impl AsRef<std::path::Path>, path: &str) {
    std::os::unix::fs::symlink(target, folder.path().join(path)).unwrap();
}

#[test]
fn what_is_desired_has_the_content_and_the_attributes() {
    let folder = Folder::with(&["scripts/collect-triage.ps1", "tools/x/tool.exe"]);
    let (manifest, resolved) = folder.load(FULL).unwrap();
    assert_eq!(resolved.warnings, []);
    let files = &resolved.libraries["contoso"];
    assert_eq!(files.len(), 2);
    let desired = &files[&Name::new("collect-triage.ps1").unwrap()];
    assert_eq!(
        desired.file.sha256,
        Sha256::of(b"scripts/collect-triage.ps1")
    );
    assert_eq!(desired.file.size, Some(26));
    assert_eq!(
        desired.file.parameters_description.as_deref(),
        Some("-Days <n>")
    );
    assert!(desired.file.has_parameters);
    assert_eq!(
        desired.source,
        manifest.folder().join("scripts/collect-triage.ps1")
    );
}

#[test]
fn content_is_hashed_byte_for_byte_across_pieces() {
    let folder = Folder::with(&[]);
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    folder.write("a", &content);
    let (_, resolved) = folder.load(&one_source("a")).unwrap();
    let file = &resolved.libraries["default"][&Name::new("a").unwrap()].file;
    assert_eq!(file.sha256, Sha256::of(&content));
    assert_eq!(file.size, Some(800_000));
}

#[test]
fn a_missing_source_comes_with_the_nearest_file() {
    let folder = Folder::with(&["scripts/collect.ps1"]);
    insta::assert_snapshot!(folder.bad(&one_source("scripts/colect.ps1")), @"
    jumpbag::manifest::source_missing

      x `scripts/colect.ps1` does not exist
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: scripts/colect.ps1
       :             ^^^^^^^^^|^^^^^^^^
       :                      `-- this source
       `----
      help: write `scripts/collect.ps1`, if that is meant
    ");
    insta::assert_snapshot!(folder.bad(&one_source("script/collect.ps1")), @"
    jumpbag::manifest::source_missing

      x `script/collect.ps1` does not exist
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: script/collect.ps1
       :             ^^^^^^^^^|^^^^^^^^
       :                      `-- this source
       `----
      help: look in `scripts`, if that is meant
    ");
    insta::assert_snapshot!(folder.bad(&one_source("other")), @"
    jumpbag::manifest::source_missing

      x `other` does not exist
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: other
       :             ^^|^^
       :               `-- this source
       `----
      help: create the file, or correct the path; it is relative to the manifest's
            folder
    ");
    assert!(
        folder
            .bad(&one_source("scripts/collect.ps1/x"))
            .contains("source_missing")
    );
}

#[test]
fn an_empty_source_is_refused() {
    let folder = Folder::with(&[]);
    folder.write("a.ps1", "");
    insta::assert_snapshot!(folder.bad(&one_source("a.ps1")), @"
    jumpbag::manifest::source_empty

      x `a.ps1` is empty
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: a.ps1
       :             ^^|^^
       :               `-- this source
       `----
      help: check that the checkout or build that writes it has finished
    ");
}

#[test]
fn a_folder_is_no_source() {
    let folder = Folder::with(&["tools/a"]);
    insta::assert_snapshot!(folder.bad(&one_source("tools/")), @"
    jumpbag::manifest::source_directory

      x `tools` is a folder
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: tools/
       :             ^^^|^^
       :                `-- this source
       `----
      help: name a file, or write a glob such as `tools/*`
    ");
    assert!(folder.bad(&one_source(".")).contains("source_directory"));
    assert!(
        folder
            .bad(&one_source("tools/.."))
            .contains("source_directory")
    );
}

#[test]
fn a_source_over_the_limit_is_refused_with_what_is_known_about_the_limit() {
    let folder = Folder::with(&[]);
    folder.write("a", vec![b'x'; 4_000_001]);
    insta::assert_snapshot!(folder.bad(&one_source("a")), @"
    jumpbag::manifest::source_too_large

      x `a` has 4.1 MB, and `max_file_size` is 4 MB for `default`
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: a
       :             |
       :             `-- this source
       `----
      help: raise `max_file_size` if your tenant takes it: the API's page said 4
            MB in one revision and 20 MB in later ones
    ");
    folder.write("a", vec![b'x'; 4_000_000]);
    folder.good(&one_source("a"));
    fs::File::create(folder.path().join("huge"))
        .unwrap()
        .set_len(21 << 20)
        .unwrap();
    insta::assert_snapshot!(folder.bad("version: 1\nlibraries: {a: {max_file_size: 20MB}, b: , c: {max_file_size: 1GB}}\nfiles:\n  - source: huge\n"), @"
    jumpbag::manifest::source_too_large

      x `huge` has 22.1 MB, and `max_file_size` is 20 MB for `a`, 4 MB for `b`
       ,-[jumpbag.yaml:4:13]
     3 | files:
     4 |   - source: huge
       :             ^^|^
       :               `-- this source
       `----
      help: make the file smaller: the API takes no file over 20 MB
    ");
    folder.good("version: 1\nlibraries: {a: {max_file_size: 20MB}, c: {max_file_size: 1GB}}\nfiles:\n  - source: huge\n    libraries: [c]\n");
}

#[test]
fn only_the_selected_libraries_are_looked_at() {
    let folder = Folder::with(&["a"]);
    let text = "version: 1\nlibraries: {x: , y: }\nfiles:\n- {source: a, libraries: [x]}\n- {source: b, libraries: [y]}\n";
    let path = folder.path().join("jumpbag.yaml");
    let only =
        |name: &'static str| load(&path, text.as_bytes(), move |library| library.name == name);
    let (_, resolved) = only("x").unwrap();
    assert_eq!(resolved.libraries.len(), 1);
    assert_eq!(resolved.libraries["x"].len(), 1);
    assert!(only("y").is_err());
}

#[test]
fn globs_match_files_in_order_and_not_across_folders() {
    let folder = Folder::with(&[
        "t/b.exe",
        "t/a.exe",
        "t/x/c.exe",
        "t/x/y/d.exe",
        "t/e.txt",
        "z.exe",
    ]);
    insta::assert_snapshot!(folder.good(&sources(&["t/**/*.exe"])), @"
    default: a.exe from t/a.exe
    default: b.exe from t/b.exe
    default: c.exe from t/x/c.exe
    default: d.exe from t/x/y/d.exe
    ");
    insta::assert_snapshot!(folder.good(&sources(&["t/*.exe"])), @"
    default: a.exe from t/a.exe
    default: b.exe from t/b.exe
    ");
    insta::assert_snapshot!(folder.good(&sources(&["'*/[ab].exe'"])), @"
    default: a.exe from t/a.exe
    default: b.exe from t/b.exe
    ");
    insta::assert_snapshot!(folder.good(&sources(&["'t/{x/c.exe,e.txt}'"])), @"
    default: c.exe from t/x/c.exe
    default: e.txt from t/e.txt
    ");
    insta::assert_snapshot!(folder.good(&sources(&["t/x/../?.exe"])), @"
    default: a.exe from t/a.exe
    default: b.exe from t/b.exe
    ");
    insta::assert_snapshot!(folder.good(&sources(&["'**/z.exe'"])), @"default: z.exe from z.exe");
}

#[test]
fn hidden_files_match_only_where_the_glob_names_them() {
    let folder = Folder::with(&["a", ".b", ".c/d", "e/.f"]);
    insta::assert_snapshot!(folder.good(&sources(&["'**/*'"])), @"default: a from a");
    insta::assert_snapshot!(folder.good(&sources(&["'.*'"])), @"default: .b from .b");
    insta::assert_snapshot!(folder.good(&sources(&["'**/.f'"])), @"default: .f from e/.f");
    insta::assert_snapshot!(folder.good(&sources(&["'.c/*'"])), @"default: d from .c/d");
}

#[test]
fn globs_leave_out_git_the_state_the_emulators_and_the_manifest() {
    let folder = Folder::with(&["a", ".git/b", "x/.git/c", "st/d", "em/e", "jumpbag.yaml"]);
    let text = |glob: &str| {
        format!(
            "version: 1\nlibraries: {{l: {{endpoint: 'emulator:./em/'}}}}\nstate: {{path: st}}\nfiles: [{{source: '{glob}'}}]"
        )
    };
    insta::assert_snapshot!(folder.good(&text("**")), @"l: a from a");
    for glob in [".git/*", "**/.git/*", "st/*", "em/*", "x/../st/*"] {
        assert!(folder.bad(&text(glob)).contains("glob_no_match"), "{glob}");
    }
}

#[test]
fn a_file_whose_name_looks_like_a_glob_is_that_file() {
    let folder = Folder::with(&["a[1].ps1", "a1.ps1"]);
    let (_, resolved) = folder.load(&one_source("a[1].ps1")).unwrap();
    let names: Vec<&str> = resolved.libraries["default"]
        .keys()
        .map(Name::as_str)
        .collect();
    assert_eq!(names, ["a[1].ps1"]);
    assert_eq!(resolved.warnings.len(), 1, "the name has odd characters");
}

#[test]
fn a_glob_without_matches_comes_with_the_nearest_folder() {
    let folder = Folder::with(&["tools/a.exe"]);
    insta::assert_snapshot!(folder.bad(&sources(&["tool/*.exe"])), @"
    jumpbag::manifest::glob_no_match

      x `tool/*.exe` matches no file
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: tool/*.exe
       :             ^^^^^|^^^^
       :                  `-- no match
       `----
      help: look in `tools`, if that is meant
    ");
    insta::assert_snapshot!(folder.bad(&sources(&["tools/*.ps1"])), @"
    jumpbag::manifest::glob_no_match

      x `tools/*.ps1` matches no file
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: tools/*.ps1
       :             ^^^^^|^^^^^
       :                  `-- no match
       `----
      help: correct the glob, or take the entry away; hidden files match only
            where the glob names them
    ");
}

#[test]
fn a_bad_glob_is_refused() {
    let folder = Folder::with(&[]);
    insta::assert_snapshot!(folder.bad(&sources(&["'a[.exe'"])), @"
    jumpbag::manifest::glob_invalid

      x `a[.exe` is not a glob
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: 'a[.exe'
       :             ^^^^|^^^
       :                 `-- unclosed character class; missing ']'
       `----
      help: correct the glob; to mean the characters themselves, put each in
            brackets, as in `[[]`
    ");
    insta::assert_snapshot!(folder.bad(&sources(&["'*/../a'"])), @"
    jumpbag::manifest::glob_invalid

      x `*/../a` is not a glob
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: '*/../a'
       :             ^^^^|^^^
       :                 `-- `..` follows a part with `*`, `?`, `[` or `{`
       `----
      help: correct the glob; to mean the characters themselves, put each in
            brackets, as in `[[]`
    ");
}

#[test]
fn a_glob_has_no_name() {
    let folder = Folder::with(&["a1", "a2"]);
    insta::assert_snapshot!(folder.bad("version: 1\nfiles:\n  - source: a?\n    name: b\n"), @"
    jumpbag::manifest::name_with_glob

      x the entry of a glob has a `name`
       ,-[jumpbag.yaml:4:11]
     2 | files:
     3 |   - source: a?
       :             ^|
       :              `-- this is a glob
     4 |     name: b
       :           |
       :           `-- all of its files would be called so
       `----
      help: take `name` away, or list the files one by one
    ");
}

#[test]
fn names_that_are_there_twice_are_shown_at_both_places() {
    let folder = Folder::with(&["a/x.ps1", "b/X.PS1", "c/x.ps1"]);
    insta::assert_snapshot!(folder.bad(&sources(&["a/x.ps1", "c/x.ps1"])), @"
    jumpbag::manifest::duplicate_name

      x two files of `default` are called `x.ps1`
       ,-[jumpbag.yaml:4:13]
     2 | files:
     3 |   - source: a/x.ps1
       :             ^^^|^^^
       :                `-- first here, for `a/x.ps1`
     4 |   - source: c/x.ps1
       :             ^^^|^^^
       :                `-- again here, for `c/x.ps1`
       `----
      help: give one of the two another `name`, or `libraries` that do not overlap
    ");
    insta::assert_snapshot!(folder.bad(&sources(&["a/x.ps1", "b/X.PS1"])), @"
    jumpbag::manifest::duplicate_name

      x `x.ps1` and `X.PS1` in `default` differ only in case
       ,-[jumpbag.yaml:4:13]
     2 | files:
     3 |   - source: a/x.ps1
       :             ^^^|^^^
       :                `-- first here, for `a/x.ps1`
     4 |   - source: b/X.PS1
       :             ^^^|^^^
       :                `-- again here, for `b/X.PS1`
       `----
      help: give one of the two another `name`, or `libraries` that do not overlap
    ");
    insta::assert_snapshot!(folder.bad(&sources(&["'[ac]/*'"])), @"
    jumpbag::manifest::duplicate_name

      x two files of `default` are called `x.ps1`
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: '[ac]/*'
       :             ^^^^|^^^
       :                 `-- both `a/x.ps1` and `c/x.ps1` match
       `----
      help: narrow the glob, or list the files one by one, each with its own
            `name`
    ");
    insta::assert_snapshot!(folder.bad(&sources(&["a/*", "'*/x.ps1'"])), @"
    jumpbag::manifest::duplicate_name

      x two files of `default` are called `x.ps1`
       ,-[jumpbag.yaml:4:13]
     2 | files:
     3 |   - source: a/*
       :             ^|^
       :              `-- first here, for `a/x.ps1`
     4 |   - source: '*/x.ps1'
       :             ^^^^|^^^^
       :                 `-- again here, for `a/x.ps1`
       `----
      help: take one of the two entries away, or narrow a glob
    jumpbag::manifest::duplicate_name

      x two files of `default` are called `x.ps1`
       ,-[jumpbag.yaml:4:13]
     2 | files:
     3 |   - source: a/*
       :             ^|^
       :              `-- first here, for `a/x.ps1`
     4 |   - source: '*/x.ps1'
       :             ^^^^|^^^^
       :                 `-- again here, for `c/x.ps1`
       `----
      help: narrow the glob, or list the files one by one, each with its own
            `name`
    ");
    insta::assert_snapshot!(folder.bad("version: 1\nfiles:\n  - source: a/x.ps1\n  - source: c/x.ps1\n    name: y.ps1\n  - source: b/X.PS1\n    name: Y.ps1\n"), @"
    jumpbag::manifest::duplicate_name

      x `y.ps1` and `Y.ps1` in `default` differ only in case
       ,-[jumpbag.yaml:7:11]
     4 |   - source: c/x.ps1
     5 |     name: y.ps1
       :           ^^|^^
       :             `-- first here, for `c/x.ps1`
     6 |   - source: b/X.PS1
     7 |     name: Y.ps1
       :           ^^|^^
       :             `-- again here, for `b/X.PS1`
       `----
      help: give one of the two another `name`, or `libraries` that do not overlap
    ");
}

#[test]
fn entries_for_different_libraries_may_share_a_name() {
    let folder = Folder::with(&["a/x", "b/x"]);
    let text = |second: &str| {
        format!(
            "version: 1\nlibraries: {{l: , m: , n: }}\nfiles:\n- {{source: a/x, libraries: [l, n]}}\n- {{source: b/x, libraries: {second}}}\n"
        )
    };
    insta::assert_snapshot!(folder.good(&text("[m]")), @"
    l: x from a/x
    m: x from b/x
    n: x from a/x
    ");
    assert!(
        folder
            .bad(&text("[m, n]"))
            .contains("two files of `n` are called `x`")
    );
    let both = folder.bad(&text("[l, n]"));
    assert_eq!(both.matches("duplicate_name").count(), 1, "{both}");
}

#[test]
fn names_that_sources_imply_are_checked_too() {
    let folder = Folder::with(&["nul.ps1", "t/ a"]);
    insta::assert_snapshot!(folder.bad(&sources(&["nul.ps1", "t/*"])), @"
    jumpbag::manifest::name_device

      x `nul.ps1` cannot be the name of a file: Windows reserves `nul` for a
      | device
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: nul.ps1
       :             ^^^|^^^
       :                `-- this source
     4 |   - source: t/*
       `----
      help: choose another `name`
    jumpbag::manifest::name_edge

      x ` a` cannot be the name of a file: it starts with a space, or ends with a
      | space or a dot, which Windows drops
       ,-[jumpbag.yaml:4:13]
     3 |   - source: nul.ps1
     4 |   - source: t/*
       :             ^|^
       :              `-- matched by this glob
       `----
      help: choose a `name` without spaces at its ends and without a dot at its
            end
    ");
}

#[test]
fn odd_characters_in_names_are_warnings_and_no_errors() {
    let folder = Folder::with(&["Prüfung 1.ps1"]);
    let (manifest, resolved) = folder.load(&one_source("Prüfung 1.ps1")).unwrap();
    assert_eq!(resolved.libraries["default"].len(), 1);
    let warning =
        miette::Report::from(resolved.warnings[0].clone()).with_source_code(manifest.texts);
    insta::assert_snapshot!(shown(warning.as_ref()).replace(&format!("{}/", folder.path()), ""), @"
    jumpbag::lint::name_characters

      ! the name `Prüfung 1.ps1` contains `ü`
       ,-[jumpbag.yaml:3:13]
     2 | files:
     3 |   - source: Prüfung 1.ps1
       :             ^^^^^^|^^^^^^
       :                   `-- the portal asks for letters, digits, `.`, `_` and `-`
       `----
      help: choose a `name` of these characters; the API may refuse others
    ");
}

#[test]
fn thousands_of_problems_are_shown_in_the_time_of_a_few() {
    let folder = Folder::with(&["a"]);
    let many: Vec<String> = (0..2000).map(|nth| format!("missing{nth}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        folder
            .bad(&sources(&many))
            .matches("source_missing")
            .count(),
        2000
    );
}

#[cfg(unix)]
mod unix {
    use super::*;

    #[test]
    fn a_pipe_is_refused_without_waiting_for_it() {
        let folder = Folder::with(&[]);
        fifo(&folder, "pipe");
        insta::assert_snapshot!(folder.bad(&one_source("pipe")), @"
        jumpbag::manifest::source_not_regular

          x `pipe` is not a regular file
           ,-[jumpbag.yaml:3:13]
         2 | files:
         3 |   - source: pipe
           :             ^^|^
           :               `-- this source
           `----
          help: name a regular file: a pipe, a socket or a device has no content to
                review
        ");
        assert!(folder.bad(&sources(&["p*"])).contains("source_not_regular"));
    }

    #[test]
    fn links_that_lead_outside_are_refused() {
        let folder = Folder::with(&["in/a"]);
        let outside = Folder::with(&["b", "d/e"]);
        link(&folder, outside.path().join("b"), "file");
        link(&folder, outside.path().join("d"), "folder");
        link(&folder, "/dev/zero", "device");
        insta::assert_snapshot!(folder.bad(&one_source("file")), @"
        jumpbag::manifest::link_outside

          x `file` leaves the manifest's folder through a symbolic link
           ,-[jumpbag.yaml:3:13]
         2 | files:
         3 |   - source: file
           :             ^^|^
           :               `-- this source
           `----
          help: move the file itself into the manifest's folder
        ");
        for source in ["folder/e", "folder/../b", "device", "fil*"] {
            let shown = folder.bad(&one_source(source));
            assert!(shown.contains("link_outside"), "{shown}");
        }
    }

    #[test]
    fn links_that_stay_inside_are_files() {
        let folder = Folder::with(&["in/a"]);
        link(&folder, "in/a", "file");
        link(&folder, "in", "folder");
        insta::assert_snapshot!(folder.good(&sources(&["file", "folder/a"])), @"
        default: a from folder/a
        default: file from file
        ");
    }

    #[test]
    fn globs_follow_links_to_files_and_not_to_folders() {
        let folder = Folder::with(&["in/a"]);
        link(&folder, "in/a", "file");
        link(&folder, "in", "folder");
        link(&folder, ".", "in/loop");
        insta::assert_snapshot!(folder.good(&sources(&["'**'"]).replace("'**'", "'{file,in/**}'")), @"
        default: a from in/a
        default: file from file
        ");
        assert!(
            folder
                .bad(&sources(&["folder/*"]))
                .contains("glob_no_match")
        );
        assert!(folder.bad(&sources(&["f*r"])).contains("glob_no_match"));
    }

    #[test]
    fn a_link_to_nothing_that_a_glob_matches_is_missing_and_not_ignored() {
        let folder = Folder::with(&["a1"]);
        link(&folder, "nowhere", "a2");
        insta::assert_snapshot!(folder.bad(&sources(&["a*"])), @"
        jumpbag::manifest::source_missing

          x `a2` does not exist
           ,-[jumpbag.yaml:3:13]
         2 | files:
         3 |   - source: a*
           :             ^|
           :              `-- matched by this glob
           `----
          help: write `a1`, if that is meant
        ");
        link(&folder, "a3", "a3");
        assert!(folder.bad(&sources(&["a3"])).contains("source_unreadable"));
    }

    #[test]
    fn the_manifests_folder_may_itself_be_a_link() {
        let folder = Folder::with(&["real/a"]);
        link(&folder, "real", "folder");
        let path = folder.path().join("folder/jumpbag.yaml");
        let loaded = load(&path, one_source("a").as_bytes(), |_| true);
        assert_eq!(loaded.unwrap().1.libraries["default"].len(), 1);
    }

    #[test]
    fn a_file_name_that_is_not_utf8_is_no_name() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = Folder::with(&["a"]);
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.ps1");
        fs::File::create(folder.path().as_std_path().join(name)).unwrap();
        insta::assert_snapshot!(folder.bad(&sources(&["'*.ps1'"])), @"
        jumpbag::manifest::source_not_utf8

          x the name of `caf�.ps1` is not UTF-8
           ,-[jumpbag.yaml:3:13]
         2 | files:
         3 |   - source: '*.ps1'
           :             ^^^|^^^
           :                `-- matched by this glob
           `----
          help: rename it, or narrow the glob
        ");
        folder.good(&sources(&["'a*'"]));
    }

    #[test]
    fn what_must_not_be_read_is_reported() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::with(&["a", "d/b"]);
        let set = |path: &str, mode| {
            fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(mode))
                .unwrap();
        };
        set("a", 0o000);
        set("d", 0o000);
        // The superuser may read everything.
        let refused = fs::File::open(folder.path().join("a")).is_err();
        let shown = refused.then(|| folder.bad(&sources(&["a", "d/*"])));
        set("d", 0o755);
        if let Some(shown) = shown {
            assert!(shown.contains("source_unreadable"), "{shown}");
            assert!(shown.contains("glob_unreadable"), "{shown}");
        }
    }
    /// A cause that root meets, too: no system looks for a name as long as that.
    #[test]
    fn what_cannot_be_looked_for_is_reported() {
        let folder = Folder::with(&["a"]);
        let long = "x".repeat(300);
        let shown = folder.bad(&sources(&[&long, &format!("{long}/*")]));
        assert!(shown.contains("source_unreadable"), "{shown}");
        assert!(shown.contains("glob_unreadable"), "{shown}");
    }
}
