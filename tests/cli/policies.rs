//! Policies: what they deny is not applied, whichever way a plan takes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::World;

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
        "the policies' rule `warn` warns: 1 libraries"
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
    insta::assert_snapshot!(code("package other\n", &[]), @"jumpbag::policy::no_package");
    insta::assert_snapshot!(code("package main\n\ndeny contains 1\n", &[]), @"jumpbag::policy::no_message");
    insta::assert_snapshot!(code("package main\n", &["--policy", "gone"]), @"jumpbag::policy::unreadable");
    insta::assert_snapshot!(code("package main\n", &["--policy", "scripts"]), @"jumpbag::policy::unreadable");
    fs::remove_file(world.path("policies/a.rego")).unwrap();
    world.expect(0, &["plan"]);
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
