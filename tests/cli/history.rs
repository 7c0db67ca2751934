//! What the states between runs say.

use std::process::Command;

use regex::Regex;

use crate::harness::World;

/// Two applies of a manifest in a git repository, and an import. One change after the other: what ends together
/// shares a serial.
fn world() -> World {
    let world = World::new();
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(args)
            .current_dir(world.path(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let with_path = |args: &[&str]| {
        let mut command = world.command(args);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("GITHUB_SERVER_URL", "https://github.example");
        command.env("GITHUB_REPOSITORY", "contoso/bag");
        command.env("GITHUB_RUN_ID", "7");
        let run = world.finish(&command.output().unwrap());
        assert_eq!(run.code, Some(0), "{run}");
    };
    world.write("a.ps1", "Get-Date\n");
    world.write("b.ps1", "Get-Host\n");
    world.manifest(
        "emulator:.library",
        "- {source: a.ps1}\n- {source: b.ps1, protect: true}\n",
    );
    world.write(".gitignore", ".jumpbag\n.library\n");
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    with_path(&["apply", "--auto-approve", "--concurrency", "1"]);
    world.write("a.ps1", "Get-Process\n");
    world.edit("jumpbag.yaml", "- {source: b.ps1, protect: true}\n", "");
    world.edit(
        "jumpbag.yaml",
        "source: a.ps1",
        "source: a.ps1, description: New",
    );
    world.write("c.ps1", "Get-Item\n");
    world.edit(
        "jumpbag.yaml",
        "New}\n",
        "New}\n- {source: b.ps1}\n- {source: c.ps1}\n",
    );
    with_path(&["apply", "--auto-approve", "--concurrency", "1"]);
    world.expect(0, &["import", "--all"]);
    world
}

/// Without what changes from run to run.
fn stable(text: &str) -> String {
    let patterns = [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "[WHEN]"),
        (r"tester@\S+", "tester@[HOST]"),
        (r"[0-9a-f]{8}(\*?)\n", "[COMMIT]$1\n"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (from, to)| {
        Regex::new(from)
            .unwrap()
            .replace_all(&text, *to)
            .into_owned()
    })
}

#[test]
fn the_history_says_who_did_what_and_from_where() {
    let world = world();
    let history = world.expect(0, &["state", "history"]);
    assert!(
        history
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 100),
        "{history}"
    );
    insta::assert_snapshot!(stable(&history.stdout), @"
    3  [WHEN]  tester@[HOST]  +2  2 files  [COMMIT]
    6  [WHEN]  tester@[HOST]  +1 ~1  3 files  [COMMIT]*
    ");
    let json = world.expect(0, &["state", "history", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let last = json["libraries"][0]["history"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        last["written"]["run_url"],
        "https://github.example/contoso/bag/actions/runs/7"
    );
    assert_eq!(last["written"]["revision"]["dirty"], true);
    assert_eq!(
        last["written"]["revision"]["commit"]
            .as_str()
            .unwrap()
            .len(),
        40
    );
    let plan = &last["written"]["plan"];
    assert_eq!((&plan["create"], &plan["update"]), (&1.into(), &1.into()));
    assert!(plan["fingerprint"].as_str().unwrap().starts_with("sha256:"));
    world.assert_obeys("state", ".jumpbag/test/state.json");
}

#[test]
fn what_changed_between_two_serials_is_shown_as_in_a_plan() {
    let world = world();
    let serials: Vec<u64> = world
        .expect(0, &["state", "history"])
        .stdout
        .lines()
        .map(|line| line.trim().split(' ').next().unwrap().parse().unwrap())
        .collect();
    let [first, second] = [serials[0], serials[1]].map(|serial| serial.to_string());
    let forth = world.expect(0, &["state", "diff", &first, &second]);
    insta::assert_snapshot!(forth.stdout, @r#"
      ~ a.ps1  9 B → 12 B  51e2649fdc97 → 1540c3828465
          description: none → "New"
          │ @@ -1,1 +1,1 @@
          │ -Get-Date
          │ ?    ^^^^
          │ +Get-Process
          │ ?    ^^^^^^^
      + c.ps1  9 B  702d6585e289

    1 added, 1 changed.
    "#);
    assert_eq!(
        world.expect(0, &["state", "diff", &first]).stdout,
        forth.stdout
    );
    let back = world.expect(0, &["state", "diff", &second, &first]);
    insta::assert_snapshot!(back.stdout, @r#"
      ~ a.ps1  12 B → 9 B  1540c3828465 → 51e2649fdc97
          description: "New" → none
          │ @@ -1,1 +1,1 @@
          │ -Get-Process
          │ ?    ^^^^^^^
          │ +Get-Date
          │ ?    ^^^^
      - c.ps1  9 B  702d6585e289

    1 changed, 1 removed.
    "#);
    let same = world.expect(0, &["state", "diff", &second, &second]);
    assert_eq!(same.stdout, "No difference.\n");
    let show = world.expect(0, &["state", "show", "a.ps1", "--serial", &first]);
    assert!(
        show.stdout.contains("description            none"),
        "{show}"
    );
}

#[test]
fn a_damaged_entry_hides_no_other() {
    let world = world();
    let first = world.expect(0, &["state", "history"]).stdout;
    let first = first.trim().split(' ').next().unwrap().to_owned();
    world.write(&format!(".jumpbag/test/history/{first}.json"), "{");
    let history = world.expect(1, &["state", "history"]);
    insta::assert_snapshot!(stable(&history.stdout), @"
    3  damaged, see below
    6  [WHEN]  tester@[HOST]  +1 ~1  3 files  [COMMIT]*
    ");
    assert!(
        history.stderr.contains("jumpbag::state::damaged"),
        "{history}"
    );
}
