//! What stands where a file shall be written.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{chmod, mkfifo, names, print_table, run_promptly, run_without_privileges};
use crate::harness::{QUIET, Run, World};

const OUT: &[&str] = &["plan", "--out", "out/plan.json"];

/// A world with something to plan, and a folder for the plan.
fn world() -> World {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    world.write("out/other.json", "{}");
    world
}

#[track_caller]
fn assert_unwritten(what: &str, run: &Run) {
    assert_eq!(run.code, Some(1), "{what}\n{run}");
    assert!(
        run.stderr.starts_with("jumpbag::cli::write\n"),
        "{what}\n{run}"
    );
    assert!(run.stderr.contains("\n  help: "), "{what}\n{run}");
}

#[test]
fn where_no_file_can_be_written_nothing_is_left_behind() {
    type Make = fn(&World);
    let cases: [(&str, Make, &[&str]); 5] = [
        (
            "a folder",
            |world| fs::create_dir(world.path("out/plan.json")).unwrap(),
            &["other.json", "plan.json"],
        ),
        (
            "a folder that is not empty",
            |world| world.write("out/plan.json/a", "a"),
            &["other.json", "plan.json"],
        ),
        (
            "a folder without the permission to write there",
            |world| chmod(&world.path("out"), 0o500),
            &["other.json"],
        ),
        (
            "a folder that is not there",
            |world| fs::remove_dir_all(world.path("out")).unwrap(),
            &[],
        ),
        (
            "a symbolic link to /dev/full",
            |world| symlink("/dev/full", world.path("out/plan.json")).unwrap(),
            &["other.json", "plan.json"],
        ),
    ];
    let mut rows = Vec::new();
    for (what, make, left) in cases {
        let world = world();
        make(&world);
        let run = run_without_privileges(&world, OUT);
        assert_unwritten(what, &run);
        assert_eq!(names(&world.path("out")), left, "{what}");
        if world.path("out").exists() {
            chmod(&world.path("out"), 0o700);
        }
        rows.push((what.to_owned(), "exit 1, jumpbag::cli::write".to_owned()));
    }
    print_table("At the place of `plan --out`", &rows);
}

/// A checkout that others wrote must not have a file outside of it overwritten with a text that holds theirs.
#[test]
fn a_symbolic_link_is_replaced_and_what_it_leads_to_is_left_alone() {
    for forms in [
        &["plan", "--out", "out/it"][..],
        &["plan", "--json", "out/it"],
        &["plan", "--markdown", "out/it"],
        &["plan", "--html", "out/it"],
    ] {
        let world = world();
        world.write("elsewhere", "mine\n");
        symlink("../elsewhere", world.path("out/it")).unwrap();
        drop(world.expect(0, forms));
        assert_eq!(world.read("elsewhere"), "mine\n", "{forms:?}");
        let written = world.path("out/it").symlink_metadata().unwrap();
        assert!(written.is_file(), "{forms:?}");
        // Nor is anything made where a link leads to nothing.
        fs::remove_file(world.path("out/it")).unwrap();
        symlink("../nowhere", world.path("out/it")).unwrap();
        drop(world.expect(0, forms));
        assert!(!world.path("nowhere").exists(), "{forms:?}");
    }
}

#[test]
fn restore_replaces_nothing_unless_it_is_told_to() {
    let world = world();
    drop(world.expect(0, &["apply", "--auto-approve"]));
    world.write("elsewhere", "mine\n");
    symlink("../elsewhere", world.path("out/it")).unwrap();
    symlink("../nowhere", world.path("out/dangling")).unwrap();
    for place in ["out/other.json", "out/it", "out/dangling"] {
        let run = world.expect(1, &["restore", "a.sh", "-o", place]);
        assert!(run.stderr.starts_with("jumpbag::cli::exists\n"), "{run}");
    }
    assert_eq!(world.read("out/other.json"), "{}");
    drop(world.expect(0, &["restore", "a.sh", "-o", "out/it", "--force"]));
    assert_eq!(world.read("out/it"), "echo a\n");
    assert_eq!(world.read("elsewhere"), "mine\n");
    assert!(!world.path("nowhere").exists());
}

/// Standard output by its other name is written to where it stands, also when it is a file: that must not be
/// replaced, and neither must the name.
#[test]
fn the_names_of_open_files_are_written_to_and_not_replaced() {
    for name in [
        "/dev/fd/1",
        "/proc/self/fd/1",
        "/dev/fd/2",
        "/proc/self/fd/2",
    ] {
        let world = world();
        let output = fs::File::create(world.path("out/put")).unwrap();
        let mut command = world.command(&["plan", "--json", name]);
        if name.ends_with('1') {
            command.stdout(output);
        } else {
            command.stderr(output);
        }
        let run = world.finish(&command.output().unwrap());
        assert_eq!(run.code, Some(0), "{name}\n{run}");
        let put = world.read("out/put");
        let json = put.lines().take_while(|line| *line != "}");
        let json: Vec<_> = json.chain(["}"]).collect();
        let json: serde_json::Value = serde_json::from_str(&json.join("\n")).unwrap();
        assert_eq!(json["summary"]["create"], 1, "{name}");
        let text = if name.ends_with('1') { put } else { run.stdout };
        assert!(text.contains("\nPlan: 1 to create.\n"), "{name}\n{text}");
        assert_eq!(names(&world.path("out")), ["other.json", "put"]);
    }
}

/// As with any program that writes to a pipe, it goes on when somebody reads.
#[test]
fn events_go_to_a_pipe_that_somebody_reads() {
    let world = world();
    let pipe = world.path("pipe");
    mkfifo(&pipe);
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    let args = ["apply", "--auto-approve", "--events", "pipe"];
    let run = run_promptly(&world, &args);
    assert_eq!(run.code, Some(0), "{run}");
    let events = reader.join().unwrap();
    assert!(
        events.ends_with("\"exit_code\":0}\n") || events.contains("run_finished"),
        "{events}"
    );
}

/// Nothing is written but where it belongs: no folder for temporary files is needed.
#[test]
fn everything_works_without_a_folder_for_temporary_files() {
    let world = world();
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command.env("TMPDIR", "/nonexistent");
        let run = world.finish(&command.output().unwrap());
        assert_eq!(run.code, Some(0), "{args:?}\n{run}");
    };
    run(&[
        "plan",
        "--out",
        "out/plan.json",
        "--markdown",
        "out/plan.md",
        "--html",
        "out/plan.html",
    ]);
    run(&["apply", "out/plan.json", "--events", "out/events.jsonl"]);
    run(&["validate"]);
    run(&["drift", "--detailed-exitcode"]);
    run(&["state", "history"]);
    run(&["state", "pull"]);
    run(&["restore", "a.sh", "-o", "out/a.sh"]);
    run(&["rollback", "2", "--auto-approve"]);
    run(&["import", "--all", "--write-manifest", "again.yaml"]);
    run(&["state", "gc"]);
    run(&["destroy", "--auto-approve"]);
}

/// A file that stands in the way of the state's folder, or of a folder in it.
#[test]
fn a_state_whose_folder_is_no_folder_is_refused_before_anything_is_sent() {
    let world = world();
    let emulator = world.emulator(&[]);
    world.manifest(&emulator.url, "  - source: a.sh\n");
    world.write(".jumpbag", "a file\n");
    let first = world.expect(1, &["apply", "--auto-approve"]);
    assert!(first.stderr.starts_with("jumpbag::state::io\n"), "{first}");
    assert_eq!(world.read(".jumpbag"), "a file\n");
    assert_eq!(emulator.list().len(), 0);
}

/// Links of a checkout that lead a state's files to what never ends, or never answers.
#[test]
fn a_state_that_is_no_file_is_refused_and_does_not_hold_the_run_up() {
    type Make = fn(&std::path::Path);
    let cases: [(&str, Make); 4] = [
        ("a link to /dev/zero", |path| {
            symlink("/dev/zero", path).unwrap();
        }),
        ("a pipe", mkfifo),
        ("a link to a pipe", |path| {
            mkfifo(&path.with_extension("pipe"));
            symlink(path.with_extension("pipe"), path).unwrap();
        }),
        ("a folder", |path| fs::create_dir(path).unwrap()),
    ];
    for (what, make) in cases {
        for file in ["state.json", "lock.json", "budget.json"] {
            let world = world();
            let emulator = world.emulator(&[]);
            let (url, files) = (&emulator.url, "files:\n  - source: a.sh\n");
            let limits = "    limits: [{ calls: 100, per: 1s }]\n";
            let manifest = format!(
                "version: 1\nlibraries:\n  test:\n    endpoint: {url}\n{limits}{files}{QUIET}"
            );
            world.write("jumpbag.yaml", manifest);
            fs::create_dir_all(world.path(".jumpbag/test")).unwrap();
            make(&world.path(format!(".jumpbag/test/{file}")));
            let apply = run_promptly(&world, &["apply", "--auto-approve"]);
            // The budget stops no run.
            let expected = i32::from(file != "budget.json");
            assert_eq!(apply.code, Some(expected), "{what} at {file}\n{apply}");
            if expected == 1 {
                assert!(
                    apply.stderr.contains("jumpbag::state::io"),
                    "{what} at {file}\n{apply}"
                );
                assert_eq!(emulator.list().len(), 0, "{what} at {file}");
            }
            let plan = run_promptly(&world, &["plan"]);
            let readable = file != "state.json";
            assert_eq!(plan.code == Some(0), readable, "{what} at {file}\n{plan}");
        }
    }
}

/// What a lock's link leads to is not made.
#[test]
fn the_lock_is_not_made_where_a_link_leads() {
    let world = world();
    fs::create_dir_all(world.path(".jumpbag/test")).unwrap();
    symlink("../../nowhere", world.path(".jumpbag/test/lock")).unwrap();
    let run = world.expect(1, &["apply", "--auto-approve"]);
    assert!(run.stderr.starts_with("jumpbag::state::io\n"), "{run}");
    assert!(!world.path("nowhere").exists());
    let removed = Command::new("rm")
        .arg(world.path(".jumpbag/test/lock"))
        .status();
    assert!(removed.unwrap().success());
    drop(world.expect(0, &["apply", "--auto-approve"]));
}
