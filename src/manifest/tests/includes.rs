//! `include:`.

use proptest::prelude::*;

use super::properties::assert_places;
use super::*;
use crate::manifest::include;

/// A repository whose manifest is in the folder `bag`.
fn repository(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::with(&[".git/HEAD"]);
    for (path, content) in files {
        folder.write(path, content);
    }
    folder.write("bag/jumpbag.yaml", "");
    folder
}

impl Folder {
    fn load_bag(&self, text: &str) -> Result<(Manifest, Resolved), Invalid> {
        self.write("bag/jumpbag.yaml", text);
        load(
            &self.path().join("bag/jumpbag.yaml"),
            text.as_bytes(),
            |_| true,
        )
    }

    /// As [`Folder::good`], for the manifest in the folder `bag`.
    #[track_caller]
    fn good_bag(&self, text: &str) -> String {
        let (_, resolved) = match self.load_bag(text) {
            Ok(loaded) => loaded,
            Err(invalid) => panic!("{}", shown_problems(&invalid)),
        };
        let mut lines = Vec::new();
        for (library, files) in &resolved.libraries {
            for (name, desired) in files {
                let source = desired.source.strip_prefix(self.path()).unwrap();
                let description = desired.file.description.as_deref().unwrap_or("-");
                lines.push(format!("{library}: {name} from {source}: {description}"));
            }
        }
        lines.join("\n")
    }

    #[track_caller]
    fn bad_bag(&self, text: &str) -> String {
        let invalid = self.load_bag(text).unwrap_err();
        assert_places(&invalid);
        shown_problems(&invalid).replace(&format!("{}/", self.path()), "")
    }

    /// The ids of what is wrong with the manifest in the folder `bag`.
    fn ids_bag(&self, text: &str) -> Vec<&'static str> {
        let Err(invalid) = self.load_bag(text) else {
            return Vec::new();
        };
        let ids = invalid.problems.iter().map(|problem| problem.code.id);
        ids.map(|id| id.rsplit("::").next().unwrap()).collect()
    }
}

fn including(paths: &str) -> String {
    format!("version: 1\ninclude: [{paths}]\n")
}

#[test]
fn an_included_file_has_its_own_folder_and_its_own_defaults() {
    let folder = repository(&[
        (
            "common/files.yaml",
            "version: 1\ninclude: [win/more.yaml]\ndefaults: {description: common}\nfiles:\n- source: a.ps1\n- source: t/*\n",
        ),
        (
            "common/win/more.yaml",
            "version: 1\nfiles: [{source: b.ps1, libraries: ['l*']}]\n",
        ),
        ("common/a.ps1", "a"),
        ("common/t/c.exe", "c"),
        ("common/win/b.ps1", "b"),
        ("bag/own.sh", "own"),
    ]);
    insta::assert_snapshot!(folder.good_bag("version: 1\ninclude: [../common/files.yaml]\nlibraries: {k: , l: }\ndefaults: {description: bag}\nfiles: [{source: own.sh}]\n"), @"
    k: a.ps1 from common/a.ps1: common
    k: c.exe from common/t/c.exe: common
    k: own.sh from bag/own.sh: bag
    l: a.ps1 from common/a.ps1: common
    l: b.ps1 from common/win/b.ps1: -
    l: c.exe from common/t/c.exe: common
    l: own.sh from bag/own.sh: bag
    ");
}

#[test]
fn globs_of_an_included_file_leave_out_the_state_the_emulators_and_the_manifest() {
    let folder = repository(&[
        ("files.yaml", "version: 1\nfiles: [{source: 'bag/**'}]\n"),
        ("bag/inner.yaml", "version: 1\nfiles: []\n"),
        ("bag/.jumpbag/a", "a"),
        ("bag/st/b", "b"),
        ("bag/em/c", "c"),
        ("bag/d", "d"),
    ]);
    let text = "version: 1\ninclude: [../files.yaml, inner.yaml]\nlibraries: {l: {endpoint: 'emulator:em'}}\nstate: {path: st}\n";
    insta::assert_snapshot!(folder.good_bag(text), @"l: d from bag/d: -");
}

#[test]
fn a_name_in_two_files_is_shown_at_both_places() {
    let folder = repository(&[
        (
            "common/files.yaml",
            "version: 1\nfiles:\n  # shared\n  - source: a.ps1\n",
        ),
        ("common/a.ps1", "a"),
        ("bag/scripts/A.ps1", "a"),
    ]);
    let text =
        "version: 1\ninclude:\n  - ../common/files.yaml\nfiles:\n  - source: scripts/A.ps1\n";
    insta::assert_snapshot!(folder.bad_bag(text), @"
    jumpbag::manifest::duplicate_name

      x `A.ps1` and `a.ps1` in `default` differ only in case
       ,-[bag/jumpbag.yaml:5:13]
     4 | files:
     5 |   - source: scripts/A.ps1
       :             ^^^^^^|^^^^^^
       :                   `-- first here, for `scripts/A.ps1`
       `----
       ,-[common/files.yaml:4:13]
     3 |   # shared
     4 |   - source: a.ps1
       :             ^^|^^
       :               `-- again here, for `a.ps1`
       `----
      help: give one of the two another `name`, or `libraries` that do not overlap
    ");
    let same = "version: 1\ninclude: [files.yaml]\nfiles: [{source: a}]\n";
    folder.write("bag/files.yaml", "version: 1\nfiles: [{source: a}]\n");
    folder.write("bag/a", "a");
    let shown = folder.bad_bag(same);
    assert!(
        shown.contains("take one of the two entries away"),
        "{shown}"
    );
}

#[test]
fn a_cycle_is_shown_at_all_of_its_places() {
    let folder = repository(&[
        ("common/a.yaml", "version: 1\ninclude: [b.yaml]\n"),
        ("common/b.yaml", "version: 1\ninclude:\n  - ./a.yaml\n"),
        (
            "common/back.yaml",
            "version: 1\ninclude: [../bag/jumpbag.yaml]\n",
        ),
    ]);
    insta::assert_snapshot!(folder.bad_bag(&including("../common/a.yaml")), @"
    jumpbag::manifest::include_cycle

      x `common/a.yaml` includes itself through others
       ,-[bag/jumpbag.yaml:2:11]
     1 | version: 1
     2 | include: [../common/a.yaml]
       :           ^^^^^^^^|^^^^^^^
       :                   `-- first included here
       `----
       ,-[common/a.yaml:2:11]
     1 | version: 1
     2 | include: [b.yaml]
       :           ^^^|^^
       :              `-- includes `common/b.yaml`
       `----
       ,-[common/b.yaml:3:5]
     2 | include:
     3 |   - ./a.yaml
       :     ^^^^|^^^
       :         `-- includes `common/a.yaml` again
       `----
      help: take one of these away, and move what several files share into a file
            that includes none of them
    ");
    insta::assert_snapshot!(folder.bad_bag(&including("../common/back.yaml")), @"
    jumpbag::manifest::include_cycle

      x `bag/jumpbag.yaml` includes itself through others
       ,-[bag/jumpbag.yaml:2:11]
     1 | version: 1
     2 | include: [../common/back.yaml]
       :           ^^^^^^^^^|^^^^^^^^^
       :                    `-- includes `common/back.yaml`
       `----
       ,-[common/back.yaml:2:11]
     1 | version: 1
     2 | include: [../bag/jumpbag.yaml]
       :           ^^^^^^^^^|^^^^^^^^^
       :                    `-- includes `bag/jumpbag.yaml` again
       `----
      help: take one of these away, and move what several files share into a file
            that includes none of them
    ");
    insta::assert_snapshot!(folder.bad_bag(&including("jumpbag.yaml")), @"
    jumpbag::manifest::include_cycle

      x `bag/jumpbag.yaml` includes itself
       ,-[bag/jumpbag.yaml:2:11]
     1 | version: 1
     2 | include: [jumpbag.yaml]
       :           ^^^^^^|^^^^^
       :                 `-- this is the file itself
       `----
      help: take one of these away, and move what several files share into a file
            that includes none of them
    ");
}

#[test]
fn a_file_that_is_included_twice_is_shown_at_both_places() {
    let folder = repository(&[
        ("common/a.yaml", "version: 1\ninclude: [shared.yaml]\n"),
        (
            "common/b.yaml",
            "version: 1\ninclude: [../common/shared.yaml]\n",
        ),
        ("common/shared.yaml", "version: 1\nfiles: []\n"),
    ]);
    insta::assert_snapshot!(folder.bad_bag(&including("../common/a.yaml, ../common/b.yaml")), @"
    jumpbag::manifest::include_twice

      x `common/shared.yaml` is included twice
       ,-[common/a.yaml:2:11]
     1 | version: 1
     2 | include: [shared.yaml]
       :           ^^^^^|^^^^^
       :                `-- first here
       `----
       ,-[common/b.yaml:2:11]
     1 | version: 1
     2 | include: [../common/shared.yaml]
       :           ^^^^^^^^^^|^^^^^^^^^^
       :                     `-- again here
       `----
      help: take one of the two away: every file counts once
    ");
    let twice = "../common/shared.yaml, ./../common//shared.yaml";
    assert_eq!(folder.ids_bag(&including(twice)), ["include_twice"]);
}

#[test]
fn another_version_is_shown_at_both_places() {
    let folder = repository(&[
        ("new.yaml", "version: 2\nfiles: []\n"),
        ("none.yaml", "files: []\n"),
        ("text.yaml", "version: one\n"),
    ]);
    insta::assert_snapshot!(folder.bad_bag(&including("../new.yaml, ../none.yaml")), @"
    jumpbag::manifest::version_mismatch

      x the included file has another version than the manifest
       ,-[bag/jumpbag.yaml:1:10]
     1 | version: 1
       :          |
       :          `-- the manifest's version
     2 | include: [../new.yaml, ../none.yaml]
       `----
       ,-[new.yaml:1:10]
     1 | version: 2
       :          |
       :          `-- this file's version
     2 | files: []
       `----
      help: write both in the same version: what was meant by one may mean
            something else in another
    jumpbag::manifest::missing_version

      x the included file does not say its version
       ,-[bag/jumpbag.yaml:2:24]
     1 | version: 1
     2 | include: [../new.yaml, ../none.yaml]
       :                        ^^^^^^|^^^^^
       :                              `-- included here
       `----
       ,-[none.yaml:1:1]
     1 | files: []
       : ^^|^^
       :   `-- in this map
       `----
      help: add `version: 1`
    ");
    assert_eq!(folder.ids_bag(&including("../text.yaml")), ["wrong_type"]);
    assert_eq!(
        folder.ids_bag("version: 2\ninclude: [../new.yaml]\n"),
        ["unsupported_version", "unsupported_version"]
    );
}

#[test]
fn what_belongs_into_the_manifest_is_told_where_it_belongs() {
    let folder = repository(&[(
        "a.yaml",
        "version: 1\nlibraries: {a: }\nlibrary_defaults: {}\nstate: {}\nfils: []\n",
    )]);
    insta::assert_snapshot!(folder.bad_bag(&including("../a.yaml")), @"
    jumpbag::manifest::misplaced_key

      x `libraries` does not belong into an included file
       ,-[a.yaml:2:1]
     1 | version: 1
     2 | libraries: {a: }
       : ^^^^|^^^^
       :     `-- not here
     3 | library_defaults: {}
       `----
      help: declare the libraries in the manifest
    jumpbag::manifest::misplaced_key

      x `library_defaults` does not belong into an included file
       ,-[a.yaml:3:1]
     2 | libraries: {a: }
     3 | library_defaults: {}
       : ^^^^^^^^|^^^^^^^
       :         `-- not here
     4 | state: {}
       `----
      help: move it into the manifest
    jumpbag::manifest::misplaced_key

      x `state` does not belong into an included file
       ,-[a.yaml:4:1]
     3 | library_defaults: {}
     4 | state: {}
       : ^^|^^
       :   `-- not here
     5 | fils: []
       `----
      help: say in the manifest where the state is kept
    jumpbag::manifest::unknown_key

      x `fils` is not a key of an included file
       ,-[a.yaml:5:1]
     4 | state: {}
     5 | fils: []
       : ^^|^
       :   `-- unknown here
       `----
      help: write `files`, if that is meant
    ");
}

#[test]
fn what_is_no_manifest_is_said_of_the_included_file() {
    for (content, id, message) in [
        (&b""[..], "empty", "the included file is empty"),
        (b"a: [", "syntax", "the YAML cannot be read"),
        (b"\xffa", "not_utf8", "the included file is not UTF-8"),
        (b"- a", "not_a_map", "the included file is not a map"),
        (
            b"a: 1\n---\nb: 1\n",
            "several_documents",
            "the included file holds several",
        ),
        (b"files:\n\t- a", "tab", "a line is indented with a tab"),
    ] {
        let folder = repository(&[]);
        folder.write("a.yaml", content);
        let shown = folder.bad_bag(&including("../a.yaml"));
        assert!(shown.contains(id), "{shown}");
        assert!(shown.contains(message), "{shown}");
        assert!(shown.contains("[a.yaml:"), "{shown}");
    }
}

#[test]
fn all_problems_of_all_files_come_together() {
    let folder = repository(&[
        (
            "a.yaml",
            "version: 1\ninclude: [b.yaml, gone.yaml]\nfiles: [{source: nothing}]\n",
        ),
        ("b.yaml", "version: 1\nfoo: 1\nfiles: [{source: '../x'}]\n"),
        (
            "c.yaml",
            "version: 1\nfiles: [{source: c, libraries: [x]}]\n",
        ),
    ]);
    assert_eq!(
        folder.ids_bag("version: 1\nbar: 1\ninclude: [../a.yaml, ../c.yaml]\n"),
        [
            "unknown_key",
            "include_missing",
            "source_missing",
            "unknown_key",
            "parent_outside",
            "source_missing",
            "unknown_library"
        ]
    );
}

#[test]
fn a_missing_file_comes_with_the_nearest_one() {
    let folder = repository(&[("common/files.yaml", "version: 1\n")]);
    insta::assert_snapshot!(folder.bad_bag(&including("../common/file.yaml")), @"
    jumpbag::manifest::include_missing

      x the included file `../common/file.yaml` does not exist
       ,-[bag/jumpbag.yaml:2:11]
     1 | version: 1
     2 | include: [../common/file.yaml]
       :           ^^^^^^^^^|^^^^^^^^^
       :                    `-- included here
       `----
      help: write `../common/files.yaml`, if that is meant
    ");
    let shown = folder.bad_bag(&including("../comon/files.yaml"));
    assert!(shown.contains("look in `../common`"), "{shown}");
    assert_eq!(
        folder.ids_bag(&including("../common")),
        ["include_not_a_file"]
    );
    assert_eq!(
        folder.ids_bag(&including("'../*.yaml'")),
        ["include_missing"]
    );
    let source = "../common/files.yaml/x";
    assert_eq!(folder.ids_bag(&including(source)), ["include_missing"]);
}

#[test]
fn nothing_is_included_from_outside_the_repository() {
    let folder = Folder::with(&["repo/.git/a.yaml"]);
    folder.write("outside.yaml", "version: 1\n");
    folder.write("repo/inside.yaml", "version: 1\n");
    let load = |paths: &str| {
        let path = folder.path().join("repo/bag/jumpbag.yaml");
        folder.write("repo/bag/jumpbag.yaml", including(paths));
        load(&path, including(paths).as_bytes(), |_| true)
    };
    load("../inside.yaml, ../../repo/bag/../other.yaml").unwrap_err();
    load("../inside.yaml").unwrap();
    load("../../repo/inside.yaml").unwrap();
    let shown = shown_problems(&load("../../outside.yaml, ../.git/a.yaml").unwrap_err());
    insta::assert_snapshot!(shown.replace(&format!("{}/", folder.path()), ""), @"
    jumpbag::manifest::include_outside

      x `../../outside.yaml` is not in the repository
       ,-[repo/bag/jumpbag.yaml:2:11]
     1 | version: 1
     2 | include: [../../outside.yaml, ../.git/a.yaml]
       :           ^^^^^^^^^|^^^^^^^^
       :                    `-- `..` leads out of it
       `----
      help: move the file into the repository of the manifest: without a folder
            `.git` above it, that is the manifest's folder
    jumpbag::manifest::include_outside

      x `../.git/a.yaml` is not in the repository
       ,-[repo/bag/jumpbag.yaml:2:31]
     1 | version: 1
     2 | include: [../../outside.yaml, ../.git/a.yaml]
       :                               ^^^^^^^|^^^^^^
       :                                      `-- what is in `.git` is under no review
       `----
      help: move the file into the repository of the manifest: without a folder
            `.git` above it, that is the manifest's folder
    ");
    for (path, id) in [
        (
            "../../../../../../../../../../etc/passwd",
            "include_outside",
        ),
        ("/etc/passwd", "absolute_path"),
        ("'c:x'", "drive_letter"),
        ("'..\\x'", "backslash"),
    ] {
        let problems = load(path).unwrap_err().problems;
        assert!(problems[0].code.id.ends_with(id), "{path}: {problems:?}");
    }
}

#[test]
fn without_a_repository_files_are_included_from_the_manifests_folder_alone() {
    let folder = Folder::with(&[]);
    // Where somebody's temporary folder is in a repository, there is nothing to see.
    if crate::manifest::repository_root(&folder.path().canonicalize_utf8().unwrap()).is_some() {
        return;
    }
    folder.write("bag/in/a.yaml", "version: 1\n");
    folder.write("b.yaml", "version: 1\n");
    folder.good_bag(&including("in/a.yaml"));
    assert_eq!(folder.ids_bag(&including("../b.yaml")), ["include_outside"]);
}

#[test]
fn how_much_is_included_is_bounded() {
    let folder = repository(&[]);
    let mut many = Vec::new();
    for nth in 0..=include::MAX_FILES {
        folder.write(&format!("many/{nth}.yaml"), "version: 1\n");
        many.push(format!("../many/{nth}.yaml"));
    }
    assert_eq!(
        folder.ids_bag(&including(&many.join(", "))),
        ["include_limit"]
    );
    many.pop();
    assert_eq!(folder.ids_bag(&including(&many.join(", "))), [""; 0]);
    for nth in 1..=9 {
        folder.write(
            &format!("deep/{nth}.yaml"),
            format!("version: 1\ninclude: [{}.yaml]\n", nth + 1),
        );
    }
    folder.write("deep/10.yaml", "version: 1\n");
    insta::assert_snapshot!(folder.bad_bag(&including("../deep/1.yaml")), @"
    jumpbag::manifest::include_limit

      x the manifest includes more than jumpbag reads
       ,-[deep/8.yaml:2:11]
     1 | version: 1
     2 | include: [9.yaml]
       :           ^^^|^^
       :              `-- more than 8 files deep
       `----
      help: join small files, or use globs; files after this one were not looked
            at
    ");
    folder.good_bag(&including("../deep/3.yaml"));
    fs::File::create(folder.path().join("huge.yaml"))
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    assert_eq!(
        folder.ids_bag(&including("../huge.yaml")),
        ["include_limit"]
    );
}

/// Aliases of many files must not add up to what one file must not have.
#[test]
fn aliases_of_an_included_file_have_a_smaller_budget() {
    let entries = "- {source: a, description: *d}\n".repeat(30_000);
    let text = format!("version: 1\ndefaults: {{description: &d x}}\nfiles:\n{entries}");
    let folder = repository(&[("a.yaml", &text)]);
    assert_eq!(folder.ids_bag(&including("../a.yaml")), ["expansion"]);
}

#[cfg(unix)]
#[test]
fn links_make_no_two_files_of_one_and_lead_nowhere_else() {
    let folder = repository(&[
        ("common/files.yaml", "version: 1\nfiles: [{source: a}]\n"),
        ("common/a", "a"),
    ]);
    sources::link(&folder, "../common/files.yaml", "bag/link.yaml");
    sources::link(&folder, "common", "other");
    insta::assert_snapshot!(folder.good_bag(&including("link.yaml")), @"default: a from common/a: -");
    let twice = including("link.yaml, ../other/files.yaml");
    assert_eq!(folder.ids_bag(&twice), ["include_twice"]);
    let outside = Folder::with(&["files.yaml"]);
    sources::link(&folder, outside.path().join("files.yaml"), "bag/out.yaml");
    sources::link(&folder, "/dev/zero", "bag/zero.yaml");
    for path in ["out.yaml", "zero.yaml"] {
        assert_eq!(folder.ids_bag(&including(path)), ["include_outside"]);
    }
    sources::fifo(&folder, "pipe.yaml");
    let pipe = including("../pipe.yaml");
    assert_eq!(folder.ids_bag(&pipe), ["include_not_a_file"]);
    // A source does not leave the folder of its file, wherever the file is included from.
    sources::link(&folder, "../bag/jumpbag.yaml", "common/up");
    folder.write("common/files.yaml", "version: 1\nfiles: [{source: up}]\n");
    let up = folder.bad_bag(&including("../common/files.yaml"));
    assert!(up.contains("leaves the included file's folder"), "{up}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever includes whatever, it comes to an end, and every place is in one of the files.
    #[test]
    fn no_graph_of_includes_loops_or_panics(
        edges in prop::collection::vec(prop::collection::vec(0..7_usize, 0..4), 6),
    ) {
        let folder = repository(&[]);
        let text = |edges: &[usize]| {
            let paths: Vec<String> = edges.iter().map(|nth| match nth {
                0 => "../bag/jumpbag.yaml".to_owned(),
                nth => format!("../bag/{nth}.yaml"),
            }).collect();
            format!("version: 1\ninclude: [{}]\nfiles: [{{source: é}}, {{source: é}}]\n", paths.join(", "))
        };
        for (nth, edges) in edges.iter().enumerate().skip(1) {
            folder.write(&format!("bag/{nth}.yaml"), text(edges));
        }
        let invalid = folder.load_bag(&text(&edges[0])).unwrap_err();
        assert_places(&invalid);
        prop_assert!(!shown(&invalid).is_empty());
    }
}
