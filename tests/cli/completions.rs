//! Completions know what the manifest and the state know; manual pages are there for every command.

use std::fs;

use crate::harness::World;

fn world() -> World {
    let world = World::with_manifest(
        "  - source: scripts/*.sh\n  - source: a.exe\n    name: tool.exe\n  - source: b.exe\n",
    );
    for name in ["scripts/list.sh", "scripts/collect.sh", "a.exe", "b.exe"] {
        world.write(name, "echo\n");
    }
    world
}

/// What is offered for the last of `words`.
fn offered(world: &World, words: &[&str]) -> Vec<String> {
    let mut command = world.command(&[&["--", "jumpbag"], words].concat());
    command.env("JUMPBAG_COMPLETE", "fish");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| line.split('\t').next().unwrap());
    lines.map(str::to_owned).collect()
}

#[test]
fn names_are_those_of_the_manifest_and_of_the_state() {
    let world = world();
    assert_eq!(
        offered(&world, &["plan", "--target", ""]),
        ["b.exe", "tool.exe"]
    );
    // The state knows none yet: options are what is left.
    let options = offered(&world, &["state", "show", ""]);
    assert!(options.iter().all(|it| it.starts_with('-')), "{options:?}");
    world.expect(0, &["apply", "--auto-approve"]);
    let all = ["b.exe", "collect.sh", "list.sh", "tool.exe"];
    assert_eq!(offered(&world, &["plan", "--target", ""]), all);
    assert_eq!(offered(&world, &["state", "rm", "c"]), ["collect.sh"]);
    assert_eq!(offered(&world, &["restore", "l"]), ["list.sh"]);
    assert_eq!(offered(&world, &["plan", "-l", ""]), ["test"]);
    assert_eq!(
        offered(&world, &["explain", "jumpbag::lint::unsi"]),
        ["jumpbag::lint::unsigned"]
    );
    assert_eq!(offered(&world, &["sta"]), ["status", "state"]);
}

/// A shell puts what is offered into the command line as it is.
#[test]
fn a_name_that_a_shell_would_run_is_not_offered() {
    let world = World::with_manifest(
        "  - source: a.exe\n    name: x;reboot\n  - source: b.exe\n    name: $(reboot).exe\n  - source: c.exe\n    name: prüfe.exe\n  - source: d.exe\n    name: -d.exe\n",
    );
    for name in ["a.exe", "b.exe", "c.exe", "d.exe"] {
        world.write(name, name);
    }
    assert_eq!(offered(&world, &["plan", "--target", ""]), ["prüfe.exe"]);
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(offered(&world, &["restore", "p"]), ["prüfe.exe"]);
    let names = offered(&world, &["restore", ""]);
    assert!(
        !names.iter().any(|name| name.contains("reboot")),
        "{names:?}"
    );
}

#[test]
fn the_manifest_is_the_one_that_is_typed() {
    let world = world();
    let other = "version: 1\nlibraries: {fabrikam: }\n";
    world.write("other/bag.yaml", other);
    for words in [
        &["-m", "other/bag.yaml", "plan", "-l", ""][..],
        &["plan", "--manifest=other/bag.yaml", "-l", ""],
        &["-C", "other", "-m", "bag.yaml", "plan", "--library", ""],
    ] {
        assert_eq!(offered(&world, words), ["fabrikam"], "{words:?}");
    }
    assert_eq!(
        offered(&world, &["-m", "gone.yaml", "plan", "-l", ""]),
        Vec::<String>::new()
    );
    world.write("other/bag.yaml", "version: [");
    assert_eq!(
        offered(&world, &["-m", "other/bag.yaml", "plan", "-l", ""]),
        Vec::<String>::new()
    );
}

/// In a real shell, as a user would press the key.
#[cfg(unix)]
#[test]
fn bash_completes() {
    let world = world();
    let program = env!("CARGO_BIN_EXE_jumpbag");
    let script = format!(
        "PATH=$(dirname {program}):$PATH; source <(jumpbag completions bash); \
         COMP_WORDS=(jumpbag plan --target t); COMP_CWORD=3; COMP_TYPE=9; COMP_LINE='jumpbag plan --target t'; COMP_POINT=23; \
         $(complete -p jumpbag | sed 's/.*-F \\([^ ]*\\) .*/\\1/') jumpbag t --target; echo \"${{COMPREPLY[*]}}\""
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(world.path(""))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "tool.exe",
        "{output:?}"
    );
}

#[test]
fn each_shell_has_a_script() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = world.expect(0, &["completions", shell]);
        assert!(run.stdout.contains("JUMPBAG_COMPLETE"), "{run}");
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let world = World::new();
    world.expect(0, &["man", "share/man1"]);
    let mut pages: Vec<_> = fs::read_dir(world.path("share/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    insta::assert_snapshot!(pages.join(" "));
    let page = world.read("share/man1/jumpbag-plan.1");
    assert!(
        page.starts_with(".ie") && page.contains("detailed"),
        "{page}"
    );
    // Once more, over those that are there.
    world.expect(0, &["man", "share/man1"]);
    world.write("file", "");
    let run = world.expect(1, &["man", "file"]);
    assert!(run.stderr.contains("jumpbag::cli::write"), "{run}");
}
