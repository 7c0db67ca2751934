//! Lints: what is odd is said where it matters, and what the manifest denies is not uploaded.

use std::fs;

use serde_json::Value;

use crate::harness::{Run, World};

const SCRIPT: &str =
    "param(\n    [int] $Days = 7,\n    [switch] $Deep)\nGet-ChildItem -Recurse:$Deep\n";

/// A world with two scripts and what the manifest says of lints.
fn world(lints: &str) -> World {
    let world = World::new();
    world.write("collect.ps1", SCRIPT);
    world.write("list.sh", "#!/bin/sh\nls -l\n");
    let manifest = format!(
        "version: 1\nlibraries:\n  test:\n    endpoint: emulator:.library\nlints: {{{lints}}}\nfiles:\n  - source: collect.ps1\n    description: Collects\n    parameters_description: -Tage <n>\n  - source: list.sh\n    description: Lists\n"
    );
    world.write("jumpbag.yaml", manifest);
    world
}

const DENIED: &str = "jumpbag::lint::unsigned: deny, jumpbag::lint::parameters_unknown: warn";

#[test]
fn a_plan_says_what_is_odd_about_what_it_would_upload_and_about_nothing_else() {
    let world = world("");
    insta::assert_snapshot!(world.expect(2, &["plan", "--detailed-exitcode"]));
    let applied = world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(applied.stderr.matches("Warning: ").count(), 2, "{applied}");
    assert_eq!(world.expect(0, &["plan"]).stderr, "", "nothing is uploaded");
    // An attribute is a change as well.
    world.edit("jumpbag.yaml", "Collects", "Collects more");
    let plan = world.expect(0, &["plan"]);
    assert_eq!(plan.stderr.matches("Warning: ").count(), 2, "{plan}");
}

#[test]
fn of_many_files_the_first_is_shown() {
    let world = World::new();
    for nth in 0..40 {
        world.write(&format!("scripts/{nth}.ps1"), "Get-Process\n");
    }
    world.write(
        "jumpbag.yaml",
        "version: 1\nlibraries: {test: {endpoint: 'emulator:.library'}, other: {endpoint: 'emulator:.other'}}\ndefaults: {description: A script}\nfiles:\n- source: scripts/*\n",
    );
    let run = world.expect(0, &["plan"]);
    assert_eq!(run.stderr.matches("lint::unsigned").count(), 1, "{run}");
    assert!(
        run.stderr
            .contains("`0.ps1` has no Authenticode signature (and 39 more)"),
        "{run}"
    );
    let validated = world.expect(0, &["validate"]);
    assert_eq!(validated.stderr.matches("lint::unsigned").count(), 40);
}

/// Files are looked at some hundred at a time.
#[test]
fn what_is_far_behind_is_found_too() {
    let world = World::new();
    for nth in 0..300 {
        let script = match nth {
            1 => "param([int] $Days)\n",
            290 => "Get-Process\nGet-\u{200b}Service\n",
            _ => "Get-Process\n",
        };
        world.write(&format!("scripts/{nth:03}.ps1"), script);
    }
    let manifest = |level| {
        format!(
            "version: 1\nlibraries: {{test: {{endpoint: 'emulator:.library'}}}}\nlints: {{jumpbag::lint::hidden_characters: {level}}}\n\
             defaults: {{description: A script}}\nfiles:\n- source: scripts/*\n"
        )
    };
    world.write("jumpbag.yaml", manifest("warn"));
    let run = world.expect(0, &["plan", "--json", "plan.json"]);
    for said in [
        "`000.ps1` has no Authenticode signature (and 299 more)",
        "[scripts/001.ps1:1:1]",
        "[scripts/290.ps1:2:5]",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    let warnings = &world.json("plan.json")["warnings"];
    let place = |code: &str| {
        let warnings = warnings.as_array().unwrap().iter();
        let mut warnings = warnings.filter(|it| it["code"] == code);
        let warning = warnings.next().unwrap();
        warning["place"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        place("jumpbag::lint::parameters_not_offered"),
        "scripts/001.ps1:1:1"
    );
    assert_eq!(
        place("jumpbag::lint::hidden_characters"),
        "scripts/290.ps1:2:5"
    );
    // PowerShell 5 reads the hidden character as another, too.
    assert_eq!(warnings.as_array().unwrap().len(), 303);
    world.write("jumpbag.yaml", manifest("deny"));
    let run = world.expect(4, &["apply", "--auto-approve"]);
    assert!(
        run.stdout.contains("! jumpbag::lint::hidden_characters"),
        "{run}"
    );
    assert!(run.stdout.contains("`290.ps1` has"), "{run}");
}

#[test]
fn what_is_allowed_is_not_spoken_of() {
    let world = world("jumpbag::lint::unsigned: allow, jumpbag::lint::parameters_unknown: allow");
    assert_eq!(world.expect(0, &["plan"]).stderr, "");
    insta::assert_snapshot!(world.expect(0, &["validate"]), @"
    jumpbag.yaml is valid: 2 files in 1 library.
    ----- stderr
    ----- exit code 0
    ");
}

#[test]
fn what_is_denied_is_refused_by_plan_and_apply() {
    let world = world(DENIED);
    insta::assert_snapshot!(world.expect(4, &["plan"]).stdout);
    insta::assert_snapshot!(world.expect(4, &["apply", "--auto-approve", "-q"]).stderr);
    assert!(!world.path(".library/index.json").exists());
    // Signed, it may pass.
    let signed = include_str!("../../src/lint/signed/good.ps1").replace("\r\n", "\n");
    let block = signed.find("# SIG # Begin").unwrap();
    world.write("collect.ps1", format!("{SCRIPT}\n{}", &signed[block..]));
    world.expect(0, &["apply", "--auto-approve"]);
    // What is there already is not refused, and neither is its deletion.
    world.write("collect.ps1", SCRIPT);
    world.expect(4, &["plan"]);
    world.expect(0, &["plan", "--destroy"]);
}

#[test]
fn a_saved_plan_does_not_get_past_a_lint() {
    let world = world(DENIED);
    world.expect(4, &["plan", "--out", "plan.json"]);
    world.assert_obeys("plan", "plan.json");
    let shown = world.expect(0, &["show", "plan.json"]);
    assert_eq!(shown.stdout, world.expect(4, &["plan"]).stdout);
    world.expect(4, &["apply", "plan.json", "--auto-approve"]);
    // Somebody takes the refusal out of it.
    let mut plan: Value = world.json("plan.json");
    plan["libraries"][0]["diagnostics"] = Value::Array(Vec::new());
    world.write("plan.json", plan.to_string());
    let run = world.expect(4, &["apply", "plan.json", "--auto-approve"]);
    assert!(run.stdout.contains("! jumpbag::lint::unsigned"), "{run}");
    assert!(!world.path(".jumpbag/test/state.json").exists());
    // What the manifest allowed when it was saved is asked again, too.
    world.edit("jumpbag.yaml", "unsigned: deny", "unsigned: allow");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.edit("jumpbag.yaml", "unsigned: allow", "unsigned: deny");
    world.expect(4, &["apply", "plan.json", "--auto-approve"]);
}

#[test]
fn going_back_to_what_was_there_is_not_refused() {
    let world = world("");
    world.expect(0, &["apply", "--auto-approve"]);
    let serial = world.json(".jumpbag/test/state.json")["serial"].to_string();
    world.write("collect.ps1", "Get-Process\n");
    world.edit(
        "jumpbag.yaml",
        "    parameters_description: -Tage <n>\n",
        "",
    );
    world.expect(0, &["apply", "--auto-approve"]);
    world.edit(
        "jumpbag.yaml",
        "lints: {}",
        "lints: {jumpbag::lint::unsigned: deny}",
    );
    world.expect(0, &["rollback", &serial, "--auto-approve"]);
}

#[test]
fn validate_places_them_in_the_scripts() {
    let world = world("jumpbag::lint::unsigned: allow");
    world.edit(
        "jumpbag.yaml",
        "    parameters_description: -Tage <n>\n",
        "",
    );
    world.write("list.sh", "#!/bin/sh\nls -l\r\n");
    insta::assert_snapshot!(world.expect(0, &["validate"]));
    insta::assert_snapshot!(world.expect(0, &["validate", "--format", "github"]).stdout);
    let world = self::world(DENIED);
    let run = world.expect(1, &["validate"]);
    assert!(
        run.stderr.contains("Error: jumpbag::lint::unsigned"),
        "{run}"
    );
    let sarif = world.expect(1, &["validate", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif.stdout).unwrap();
    let levels = sarif["runs"][0]["results"].as_array().unwrap().iter();
    let levels: Vec<_> = levels
        .map(|result| result["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["warning", "error"]);
}

/// A script speaks for itself, and the plan shows what it says.
#[test]
fn a_plan_shows_what_a_script_says_of_itself() {
    let world = world("jumpbag::lint::unsigned: allow");
    world.edit("jumpbag.yaml", "description: Collects", "description: auto");
    world.edit("jumpbag.yaml", "-Tage <n>", "auto");
    world.write(
        "collect.ps1",
        format!("<#\n.SYNOPSIS\nCollects `it`.\n#>\n{SCRIPT}"),
    );
    insta::assert_snapshot!(world.expect(0, &["plan"]));
    world.expect(0, &["apply", "--auto-approve"]);
    // Also where the content is not read for anything else.
    assert!(world.expect(0, &["plan"]).stdout.contains("No changes."));
    world.edit("collect.ps1", "Collects", "Gathers");
    let plan = world.expect(0, &["plan"]);
    assert!(plan.stdout.contains("Gathers `it`."), "{plan}");
}

/// No form shows what it has found.
#[test]
fn a_credential_is_shown_nowhere() {
    let world = world("jumpbag::lint::unsigned: allow");
    let secret = format!("gh{}_{}", 'p', "aB3".repeat(12));
    world.write("list.sh", format!("#!/bin/sh\ncurl -H 'token {secret}'\n"));
    let absent = |run: &Run| {
        assert!(format!("{run}").contains("a token of GitHub"), "{run}");
        assert!(!format!("{run}").contains(&secret), "{run}");
    };
    absent(&world.expect(0, &["validate"]));
    for format in ["json", "sarif", "github", "azure"] {
        absent(&world.expect(0, &["validate", "--format", format]));
    }
    let forms = ["--markdown", "a.md", "--html", "a.html", "--json", "a.json"];
    absent(&world.expect(0, &[&["plan"], forms.as_slice()].concat()));
    for form in ["a.md", "a.html", "a.json"] {
        let text = fs::read_to_string(world.path(form)).unwrap();
        assert!(
            text.contains("a token of GitHub") && !text.contains(&secret),
            "{form}"
        );
    }
}

#[test]
fn a_lint_that_does_not_exist_is_an_error_with_the_one_that_is_meant() {
    let world = world("jumpbag::lint::unsinged: deny, jumpbag::lint::credential: forbid");
    insta::assert_snapshot!(world.expect(1, &["validate"]));
}
