//! Policies: what they deny is not applied, whichever way a plan takes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Run, World};

/// A world with three applied scripts, of which the manifest asks for one more and one less.
fn world() -> World {
    let world = World::with_manifest("  - source: scripts/*.sh\n");
    for name in ["a", "b", "c"] {
        world.write(&format!("scripts/{name}.sh"), format!("echo {name}\n"));
    }
    world.expect(0, &["apply", "--auto-approve"]);
    fs::remove_file(world.path("scripts/a.sh")).unwrap();
    world.write("scripts/new.sh", "echo new\n");
    world
}

const NO_DELETIONS: &str = "package main

deny contains msg if {
    input.summary.delete > 0
    msg := \"nothing is `deleted` here\\n+ evil.ps1\"
}

warn contains sprintf(\"%d libraries\", [count(input.libraries)])
";

#[test]
fn what_a_policy_denies_is_refused_in_every_form() {
    let world = world();
    world.write("policies/deletions.rego", NO_DELETIONS);
    let forms = [
        "--markdown",
        "plan.md",
        "--html",
        "plan.html",
        "--out",
        "plan.json",
    ];
    insta::assert_snapshot!(world.expect(4, &[&["plan"], forms.as_slice()].concat()));
    let markdown = world.read("plan.md");
    insta::assert_snapshot!(
        markdown
            .lines()
            .filter(|line| line.contains("policy"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(world.read("plan.html").contains("jumpbag::policy::deny"));
    world.assert_obeys("plan", "plan.json");
    let plan = world.json("plan.json");
    assert_eq!(plan["libraries"][0]["diagnostics"][0]["rule"], "deny");
    assert_eq!(
        plan["warnings"][0]["message"],
        "the policies' rule `warn` warns: `1 libraries`"
    );
    // What is shown again is the same.
    let shown = world.expect(0, &["show", "plan.json"]).stdout;
    assert_eq!(shown, world.expect(4, &["plan"]).stdout);
}

#[test]
fn no_way_leads_past_a_policy() {
    let world = world();
    world.expect(0, &["plan", "--out", "before.json"]);
    let fingerprint = world.json("before.json")["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned();
    world.write("policies/deletions.rego", NO_DELETIONS);
    let before = world.state_list();
    world.expect(4, &["apply", "--auto-approve"]);
    world.expect(4, &["apply", "--approved", &fingerprint]);
    world.expect(4, &["apply", "before.json", "--auto-approve"]);
    world.expect(4, &["destroy", "--auto-approve"]);
    world.expect(4, &["plan", "--out", "denied.json"]);
    let mut denied: Value = world.json("denied.json");
    denied["libraries"][0]["diagnostics"] = Value::Array(Vec::new());
    world.write("denied.json", denied.to_string());
    world.expect(4, &["apply", "denied.json", "--auto-approve"]);
    assert_eq!(world.state_list(), before);

    fs::rename(world.path("policies"), world.path("elsewhere")).unwrap();
    world.expect(4, &["apply", "--auto-approve", "--policy", "elsewhere"]);
    // What was not denied is applied as it was approved.
    world.write(
        "allowing/a.rego",
        "package main\n\ndeny contains \"no\" if input.summary.delete > 5\n",
    );
    let plan = world.expect(0, &["plan", "--policy", "allowing"]);
    assert_eq!(plan.fingerprint(), fingerprint, "a policy is no effect");
    world.expect(
        0,
        &["apply", "--approved", &fingerprint, "--policy", "allowing"],
    );
}

/// The file is anybody's: policies judge what would be done, and not what the file says of it.
#[test]
fn what_a_saved_plan_says_of_itself_is_not_believed() {
    let world = world();
    world.edit(
        "jumpbag.yaml",
        "jumpbag::lint::no_description: allow",
        "jumpbag::lint::no_description: warn",
    );
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.write(
        "policies/all.rego",
        "package main

changes := [change | change := input.libraries[_].changes[_]]

deny contains \"a large one\" if changes[_].after.size > 5
deny contains \"a lint\" if input.warnings[_].code == \"jumpbag::lint::no_description\"
deny contains \"not new\" if changes[_].reasons[_].code == \"new\"
deny contains \"no rollback\" if input.libraries[_].rollback == null
deny contains \"once\" if count(input.warnings) > 1
",
    );
    let asked = |run: &Run| {
        let said = ["a large one", "a lint", "not new", "no rollback"];
        said.into_iter()
            .filter(|said| run.stdout.contains(said))
            .count()
    };
    let honest = world.expect(4, &["apply", "plan.json"]);
    assert_eq!(asked(&honest), 4, "{honest}");
    assert!(!honest.stdout.contains("`once`"), "{honest}");

    let mut forged = world.json("plan.json");
    forged["warnings"] = Value::Array(Vec::new());
    let changes = forged["libraries"][0]["changes"].as_array_mut().unwrap();
    for change in changes {
        change["reasons"] = Value::Array(Vec::new());
        if change["after"].is_object() {
            change["after"]["size"] = 1.into();
        }
    }
    world.write("forged.json", forged.to_string());
    let run = world.expect(4, &["apply", "forged.json"]);
    assert_eq!(run.stdout, honest.stdout);

    // What goes back is free of much, so a plan has to be one that does.
    forged["libraries"][0]["rollback"] = forged["libraries"][0]["serial"].clone();
    world.write("forged.json", forged.to_string());
    let run = world.expect(4, &["apply", "forged.json"]);
    assert!(run.stderr.contains("jumpbag::apply::stale"), "{run}");
    let mut part = forged["libraries"][0].clone();
    part["name"] = "another".into();
    part["rollback"] = Value::Null;
    forged["libraries"].as_array_mut().unwrap().push(part);
    for count in forged["summary"].as_object_mut().unwrap().values_mut() {
        *count = (count.as_u64().unwrap() * 2).into();
    }
    world.write("forged.json", forged.to_string());
    let run = world.expect(1, &["apply", "forged.json"]);
    assert!(run.stderr.contains("damaged at `libraries[1]`"), "{run}");
}

/// Nor is what it leaves out: what is in the library and nobody's is seen all the same.
#[test]
fn what_a_saved_plan_does_not_say_is_seen() {
    let world = world();
    world.write("theirs.sh", "echo theirs\n");
    world.write(
        "theirs.yaml",
        "version: 1\nstate: {path: .theirs}\nlibraries: {t: {endpoint: 'emulator:.library'}}\nfiles: [{source: theirs.sh}]\n",
    );
    world.expect(0, &["apply", "-q", "-m", "theirs.yaml", "--auto-approve"]);
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.write(
        "policies/a.rego",
        "package main\n\ndeny contains \"theirs\" if count(input.libraries[_].unmanaged) > 0\n",
    );
    world.expect(4, &["apply", "plan.json"]);
    let mut forged = world.json("plan.json");
    forged["libraries"][0]["unmanaged"] = Value::Array(Vec::new());
    forged["summary"]["unmanaged"] = 0.into();
    world.write("forged.json", forged.to_string());
    let run = world.expect(4, &["apply", "forged.json"]);
    assert!(run.stdout.contains("denies it: `theirs`"), "{run}");
    fs::remove_dir_all(world.path("policies")).unwrap();
    world.expect(0, &["apply", "plan.json"]);
}

#[test]
fn the_command_that_applies_names_the_policies() {
    let world = world();
    world.write(
        "allowing/a.rego",
        "package main\n\nwarn contains \"a\" if false\n",
    );
    let run = world.expect(0, &["plan", "--markdown", "-", "--policy", "allowing"]);
    assert!(
        run.stdout.contains(" --policy allowing --approved sha256:"),
        "{run}"
    );
    let run = world.expect(0, &["plan", "--out", "p.json", "--policy", "allowing"]);
    let said = "jumpbag apply p.json --policy allowing\n";
    assert!(run.stderr.ends_with(said), "{run}");
}

#[test]
fn policies_that_cannot_be_asked_are_errors() {
    let world = world();
    let code = |policy: &str, args: &[&str]| {
        world.write("policies/a.rego", policy);
        let run = world.expect(1, &[&["plan"], args].concat());
        assert_eq!(run.stdout, "", "{run}");
        run.stderr.lines().next().unwrap().to_owned()
    };
    insta::assert_snapshot!(code("package main\n\ndeny contains", &[]), @"jumpbag::policy::invalid");
    insta::assert_snapshot!(code("package other\n", &[]), @"jumpbag::policy::no_rule");
    insta::assert_snapshot!(code("package main\n\ndeny contains 1\n", &[]), @"jumpbag::policy::no_message");
    insta::assert_snapshot!(code(NO_DELETIONS, &["--policy", "gone"]), @"jumpbag::policy::unreadable");
    insta::assert_snapshot!(code(NO_DELETIONS, &["--policy", "scripts"]), @"jumpbag::policy::unreadable");
    fs::remove_file(world.path("policies/a.rego")).unwrap();
    let unreadable = |what: &str| {
        let run = world.expect(1, &["plan"]);
        assert!(
            run.stderr.starts_with("jumpbag::policy::unreadable"),
            "{what}: {run}"
        );
        assert_eq!(run.stdout, "", "{what}");
    };
    unreadable("a folder without policies");
    fs::remove_dir(world.path("policies")).unwrap();
    world.expect(0, &["plan"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let link = world.path("policies");
        symlink("nowhere", &link).unwrap();
        unreadable("a link to nothing");
        fs::remove_file(&link).unwrap();
        // Links are followed, in the folder as well.
        world.write("of-all/deep/a.rego", NO_DELETIONS);
        fs::create_dir(&link).unwrap();
        symlink("../of-all", link.join("linked")).unwrap();
        world.expect(4, &["plan"]);
        symlink("..", world.path("of-all/deep/again")).unwrap();
        unreadable("a link into itself");
        fs::remove_file(world.path("of-all/deep/again")).unwrap();
        symlink("gone.rego", link.join("b.rego")).unwrap();
        unreadable("a policy that is a link to nothing");
    }
}

#[test]
fn a_rule_outside_of_main_is_warned_of() {
    let world = world();
    world.write("policies/main.rego", NO_DELETIONS.replace("> 0", "> 9"));
    world.write(
        "policies/other.rego",
        "package main.other\n\ndeny contains \"never\"\n",
    );
    let run = world.expect(0, &["plan", "--json", "plan.json"]);
    assert!(run.stderr.contains("jumpbag::policy::not_asked"), "{run}");
    let plan = world.json("plan.json");
    assert_eq!(
        plan["warnings"][0]["message"],
        "the policies' rule `deny` in the package `main.other` is not asked"
    );
}

/// The folder of the examples, with `name` alone, in which `from` is `to`.
fn example(world: &World, name: &str, from: &str, to: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/policies")
        .join(name);
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{text}");
    world.write("policies/example.rego", text.replace(from, to));
}

#[test]
fn the_example_of_deletions_counts_them() {
    let world = world();
    let same = "most := 3";
    example(&world, "deletions.rego", same, same);
    let run = world.expect(0, &["plan"]);
    assert!(run.stderr.contains("a.sh is deleted from test"), "{run}");
    example(&world, "deletions.rego", same, "most := 0");
    let run = world.expect(4, &["plan"]);
    assert!(
        run.stdout
            .contains("the plan deletes 1 files, and a plan may delete 0"),
        "{run}"
    );
}

#[test]
fn the_example_of_signatures_wants_them() {
    let world = world();
    let same = "package main";
    example(&world, "signed.rego", same, same);
    let run = world.expect(4, &["plan"]);
    assert!(
        run.stdout
            .contains("must not allow jumpbag::lint::unsigned"),
        "{run}"
    );
    world.write("scripts/x.ps1", "Get-Process\n");
    world.edit("jumpbag.yaml", "scripts/*.sh", "scripts/*");
    world.edit(
        "jumpbag.yaml",
        "jumpbag::lint::unsigned: allow",
        "jumpbag::lint::unsigned: warn",
    );
    let run = world.expect(4, &["plan"]);
    assert!(run.stdout.contains("  ! x.ps1 "), "{run}");
    assert!(run.stdout.contains("x.ps1 is not signed"), "{run}");
}

#[test]
fn the_example_of_a_freeze_knows_what_day_it_is() {
    let world = world();
    let day = "2026-12-24";
    example(&world, "freeze.rego", day, "1999-12-24");
    world.expect(0, &["plan"]);
    // Whichever of the two it is when the plan is made.
    let now = jiff::Timestamp::now();
    let day_of = |at: jiff::Timestamp| at.to_string().split_once('T').unwrap().0.to_owned();
    let (today, tomorrow) = (
        day_of(now),
        day_of(now + jiff::SignedDuration::from_hours(24)),
    );
    example(
        &world,
        "freeze.rego",
        &format!("\"{day}\""),
        &format!("\"{today}\", \"{tomorrow}\""),
    );
    let run = world.expect(4, &["plan"]);
    assert!(run.stdout.contains("is a day without changes"), "{run}");
    let serial = world.json(".jumpbag/test/state.json")["serial"].to_string();
    world.expect(0, &["plan", "--rollback", &serial]);
}
