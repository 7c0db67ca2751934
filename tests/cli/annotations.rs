//! `validate --format`: problems on the manifest's lines, as each tool wants them.

use serde_json::Value;

use crate::harness::{TOKEN, World, stable};

/// A manifest with an error and a warning.
fn broken() -> World {
    let world = World::with_manifest("  - source: \"a b.sh\"\n  - source: gone.sh\n");
    world.write("a b.sh", "echo\n");
    world
}

#[test]
fn problems_come_out_in_every_format() {
    let world = broken();
    let human = world.expect(1, &["validate"]);
    assert_eq!(human.stdout, "");
    for format in ["json", "sarif", "github", "azure"] {
        let run = world.expect(1, &["validate", "--format", format]);
        assert_eq!(run.stderr, human.stderr, "people read the log, too");
        for said in ["jumpbag", "source_missing", "name_spaces", "gone.sh"] {
            assert!(run.stdout.contains(said), "{format}: {run}");
        }
        assert!(!run.stdout.contains(TOKEN));
        let again = world.expect(1, &["validate", "--format", format]);
        assert_eq!(again.stdout, run.stdout);
    }
    insta::assert_snapshot!(world.expect(1, &["validate", "--format", "github"]).stdout, @"
    ::warning file=jumpbag.yaml,line=6,endLine=6,col=13,endColumn=21,title=jumpbag%3A%3Alint%3A%3Aname_spaces::the name `a b.sh` contains a space%0Ahere: a responder has to type it in quotes%0Ahelp: choose a `name` without one, such as with `-` in its place
    ::error file=jumpbag.yaml,line=7,endLine=7,col=13,endColumn=20,title=jumpbag%3A%3Amanifest%3A%3Asource_missing::`gone.sh` does not exist%0Ahere: this source%0Ahelp: create the file, or correct the path; it is relative to the manifest's folder
    ");
}

#[test]
fn a_valid_manifest_has_no_annotations() {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo\n");
    for format in ["github", "azure"] {
        assert_eq!(
            world.expect(0, &["validate", "--format", format]).stdout,
            ""
        );
    }
    let json = world.expect(0, &["validate", "--format", "json"]).stdout;
    world.write("validation.json", &json);
    world.assert_obeys("validation", "validation.json");
    assert_eq!(world.json("validation.json")["valid"], true);
    let sarif = world.expect(0, &["validate", "--format", "sarif"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn the_path_is_that_within_the_repository() {
    let world = World::new();
    world.write("repo/.git", "");
    world.write("repo/bag/jumpbag.yaml", "version: 2\n");
    let starts = |args: &[&str], file: &str| {
        let run = world.expect(1, &[args, &["validate", "--format", "github"]].concat());
        let start = format!("::error file={file},");
        assert!(run.stdout.starts_with(&start), "{run}");
    };
    starts(&["-m", "repo/bag/jumpbag.yaml"], "bag/jumpbag.yaml");
    starts(&["-C", "repo/bag"], "bag/jumpbag.yaml");
    let absolute = world.path("repo/bag/jumpbag.yaml");
    starts(&["-m", absolute.to_str().unwrap()], "bag/jumpbag.yaml");
    let mut command = world.command(&["-C", "repo/bag", "validate", "--format", "azure"]);
    // A checkout into a folder of its own is a repository, too.
    command.env("BUILD_SOURCESDIRECTORY", world.path(""));
    let run = world.finish(&command.output().unwrap());
    assert!(run.stdout.contains("sourcepath=bag/jumpbag.yaml;"), "{run}");
    std::fs::remove_file(world.path("repo/.git")).unwrap();
    let run = world.finish(&command.output().unwrap());
    assert!(
        run.stdout.contains("sourcepath=repo/bag/jumpbag.yaml;"),
        "{run}"
    );
}

#[test]
fn what_is_not_in_the_text_is_annotated_too() {
    let world = World::new();
    insta::assert_snapshot!(stable(&world.expect(1, &["validate", "--format", "github"]).stdout), @"
    ::error file=jumpbag.yaml,title=jumpbag%3A%3Amanifest%3A%3Amissing::there is no manifest `jumpbag.yaml`%0Ahelp: run `jumpbag init` to write a starter manifest, or name another with `-m`
    ");
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo\n");
    let unknown = ["-l", "other", "validate", "--format", "azure"];
    insta::assert_snapshot!(world.expect(1, &unknown).stdout, @"
    ##vso[task.logissue type=error;sourcepath=jumpbag.yaml;code=jumpbag::cli::no_library;]no library of the manifest is called `other`%0Ahelp: the manifest has `test`
    ");
}
