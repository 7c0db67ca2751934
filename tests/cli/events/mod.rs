//! `--events`: the trail of an apply, whatever becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::emulator::Emulator;
use crate::harness::{TOKEN, World, digest};

mod stopped;

const FILE: &str = "events.jsonl";
const APPLY: &[&str] = &["apply", "--auto-approve", "--events", FILE];
/// One call after the other, so that faults meet the files in their order.
const ONE_BY_ONE: &[&str] = &[
    "apply",
    "--auto-approve",
    "--concurrency",
    "1",
    "--events",
    FILE,
];

/// A world with the scripts `names` beside an emulator with these arguments.
fn beside(args: &[&str], names: &[&str]) -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(args);
    for name in names {
        world.write(&format!("files/{name}"), format!("echo {name}\n"));
    }
    world.manifest(&emulator.url, "  - source: files/*\n");
    (world, emulator)
}

/// The events in `text`: each line obeys the schema, and each run's are numbered without a gap.
#[track_caller]
fn parsed(world: &World, text: &str) -> Vec<Value> {
    let schema = world.expect(0, &["schema", "event"]).stdout;
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    assert!(text.ends_with('\n'), "{text}");
    text.lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            if let Err(error) = validator.validate(&event) {
                panic!("{error}: {line}");
            }
            let last = last.entry(event["run_id"].to_string()).or_default();
            *last += 1;
            assert_eq!(event["sequence"], *last, "{line}");
            assert_eq!(event["event"] == "run_started", *last == 1, "{line}");
            event
        })
        .collect()
}

#[track_caller]
fn events(world: &World) -> Vec<Value> {
    parsed(world, &world.read(FILE))
}

/// The lines in short: what happened, with which file, and how it ended.
fn short(events: &[Value]) -> String {
    let line = |event: &Value| {
        let mut words = Vec::new();
        for key in ["event", "action", "name", "how", "result", "exit_code"] {
            if let Some(text) = event[key].as_str() {
                words.push(text.to_owned());
            } else if !event[key].is_null() {
                words.push(event[key].to_string());
            }
        }
        if let Some(code) = event["error"]["code"].as_str() {
            words.push(code.to_owned());
        }
        words.join(" ")
    };
    let lines: Vec<_> = events.iter().map(line).collect();
    lines.join("\n")
}

/// The names of the files that `what` happened to.
fn names(events: &[Value], what: &str) -> BTreeSet<String> {
    let happened = events.iter().filter(|event| event["event"] == what);
    happened
        .map(|event| event["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Every change that was planned has exactly one end, and what was begun was planned.
#[track_caller]
fn assert_complete(events: &[Value]) {
    let mut ended = Vec::new();
    for what in ["done", "failed", "unknown", "not_tried", "not_recorded"] {
        ended.extend(names(events, what));
    }
    ended.sort();
    let planned: Vec<_> = names(events, "planned").into_iter().collect();
    assert_eq!(ended, planned, "{}", short(events));
    assert!(names(events, "started").is_subset(&names(events, "planned")));
    assert_eq!(events.last().unwrap()["event"], "run_finished");
}

#[test]
fn a_run_is_told_from_who_began_it_to_how_it_ended() {
    let (world, _emulator) = beside(&[], &["a.sh", "b.sh"]);
    world.expect(0, ONE_BY_ONE);
    let told = events(&world);
    insta::assert_snapshot!(short(&told), @r"
    run_started
    plan
    approved auto_approve
    planned create a.sh
    planned create b.sh
    library_started
    started create a.sh
    done create a.sh
    started create b.sh
    done create b.sh
    library_finished
    run_finished done 0
    ");
    assert_complete(&told);
    let [started, plan] = &told[..2] else {
        panic!()
    };
    assert_eq!(started["format_version"], "1.0");
    assert_eq!(started["user"], "tester");
    assert_eq!(
        started["command"],
        format!("jumpbag {}", ONE_BY_ONE.join(" "))
    );
    assert_eq!(plan["summary"]["create"], 2);
    let planned = &told[3];
    assert_eq!(planned["sha256_before"], Value::Null);
    assert_eq!(planned["sha256_after"], digest(b"echo a.sh\n"));
    assert_eq!(planned["reasons"][0]["code"], "new");

    // The second run comes after the first, which stays as it was.
    let before = world.read(FILE);
    world.write("files/a.sh", "echo changed\n");
    std::fs::remove_file(world.path("files/b.sh")).unwrap();
    world.expect(0, ONE_BY_ONE);
    let after = world.read(FILE);
    let second = after.strip_prefix(&before).unwrap();
    assert_eq!(parsed(&world, &after).len(), 2 * told.len());
    let second = parsed(&world, second);
    assert_eq!(names(&second, "done").len(), 2);
    let deleted = second.iter().find(|event| event["action"] == "delete");
    assert_eq!(deleted.unwrap()["sha256_after"], Value::Null);
    assert_ne!(second[0]["run_id"], told[0]["run_id"]);
}

#[test]
fn each_call_can_be_found_by_the_services_support() {
    let (world, _emulator) = beside(&["--fault", "upload:1:status=503"], &["a.sh"]);
    world.expect(0, APPLY);
    let told = events(&world);
    let find = |what: &str| told.iter().find(|event| event["event"] == what).unwrap();
    let id = find("started")["client_request_id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    let calls = find("done")["calls"].as_array().unwrap();
    let made: Vec<_> = calls
        .iter()
        .map(|call| format!("{} {}", call["method"].as_str().unwrap(), call["status"]))
        .collect();
    assert_eq!(made, ["POST 503", "GET 200", "POST 200"]);
    assert_eq!(calls[0]["ids"]["request-id"], calls[0]["ids"]["target"]);
    let ids: BTreeSet<_> = calls
        .iter()
        .map(|call| call["ids"]["request-id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 3, "{calls:?}");
}

#[test]
fn what_fails_says_why_and_what_is_not_known_says_so() {
    let faults = [
        "--fault",
        "upload:2:status=400",
        "--fault",
        "upload:3-7:drop-before",
    ];
    let (world, _emulator) = beside(&faults, &["a.sh", "b.sh", "c.sh", "d.sh"]);
    world.expect(3, ONE_BY_ONE);
    let told = events(&world);
    assert_complete(&told);
    insta::assert_snapshot!(short(&told[7..]), @r"
    library_started
    started create a.sh
    done create a.sh
    started create b.sh
    failed create b.sh jumpbag::library::rejected
    started create c.sh
    unknown create c.sh jumpbag::library::unknown
    started create d.sh
    done create d.sh
    library_finished
    run_finished incomplete 3
    ");
    let failed = told.iter().find(|event| event["event"] == "failed");
    let message = failed.unwrap()["error"]["message"].as_str().unwrap();
    assert!(message.contains("was answered 400 BadRequest"), "{message}");
    let unknown = told.iter().find(|event| event["event"] == "unknown");
    let calls = unknown.unwrap()["calls"].as_array().unwrap();
    assert_eq!(calls[0]["status"], Value::Null);
    let counts = told
        .iter()
        .find(|event| event["event"] == "library_finished");
    let counts = counts.unwrap();
    let count = |of: &str| counts[of].as_u64().unwrap();
    assert_eq!(
        ["done", "failed", "unknown", "not_tried"].map(count),
        [2, 1, 1, 0]
    );
}

#[test]
fn who_tried_what_in_vain_is_told() {
    let (world, _emulator) = beside(&[], &["a.sh"]);
    world.expect(4, &["apply", "--events", FILE]);
    insta::assert_snapshot!(short(&events(&world)), @r"
    run_started
    plan
    run_finished refused 4 jumpbag::apply::no_terminal
    ");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.edit(
        "plan.json",
        &digest(
            b"echo a.sh
",
        ),
        &digest(
            b"echo b.sh
",
        ),
    );
    for (code, result, args) in [
        (4, "jumpbag::apply::altered", &["apply", "plan.json"][..]),
        (
            4,
            "jumpbag::apply::fingerprint_mismatch",
            &["apply", "--approved", "sha256:0"],
        ),
        (1, "jumpbag::cli::read", &["apply", "nowhere.json"]),
        (1, "jumpbag::cli::no_library", &["apply", "-l", "nowhere"]),
    ] {
        world.expect(code, &[args, &["--events", FILE]].concat());
        let told = events(&world);
        let last = told.last().unwrap();
        assert_eq!(last["exit_code"], code, "{args:?}");
        assert_eq!(last["error"]["code"], result, "{args:?}");
    }
    assert!(!world.path(".library/index.json").exists());
}

#[test]
fn a_change_without_a_call_is_done_without_a_start() {
    let (world, emulator) = beside(&[], &["a.sh"]);
    emulator.curl(&world.path("files/a.sh"));
    let entry = "  - source: files/*\n    description: test description\n    parameters_description: test\n    has_parameters: true\n";
    world.manifest(&emulator.url, entry);
    world.expect(0, APPLY);
    let told = events(&world);
    assert_complete(&told);
    assert_eq!(names(&told, "started").len(), 0, "{}", short(&told));
    assert_eq!(names(&told, "done").len(), 1);
    // It is gone, and forgotten.
    emulator.delete("a.sh");
    world.manifest(&emulator.url, "  []\n");
    world.expect(0, APPLY);
    let forgotten = events(&world).split_off(told.len());
    assert_complete(&forgotten);
    assert!(short(&forgotten).contains("\ndone forget a.sh\n"));
}

#[test]
fn on_standard_output_there_is_nothing_but_events() {
    let (world, _emulator) = beside(&[], &["a.sh"]);
    let run = world.expect(0, &["apply", "--auto-approve", "--events", "-"]);
    let told = parsed(&world, &run.stdout);
    assert_complete(&told);
    assert!(run.stderr.contains("\nPlan: 1 to create."), "{run}");
    assert!(
        run.stderr.contains("\nApplied to test: 1 created."),
        "{run}"
    );
    let run = world.expect(1, &["apply", "--events", "-", "--json", "-"]);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("--events"), "{run}");
}

#[test]
fn events_that_cannot_be_written_stop_the_run_before_anything() {
    let (world, emulator) = beside(&[], &["a.sh"]);
    world.write("file", "");
    for path in ["nowhere/events.jsonl", ".", "file/events", "/dev/full"] {
        let run = world.expect(1, &["apply", "--auto-approve", "--events", path]);
        assert!(run.stderr.contains("jumpbag::cli::events"), "{path}: {run}");
        assert_eq!(run.stdout, "", "{path}");
    }
    assert_eq!(emulator.list().len(), 0);
    assert!(!world.path(".jumpbag").exists());
}

#[test]
fn the_pipeline_and_the_client_are_named_and_the_token_is_not() {
    let (world, _emulator) = beside(&[], &["a.sh"]);
    let mut command = world.command(APPLY);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_REPOSITORY", "soc/library"),
        ("GITHUB_RUN_ID", "71"),
        ("GITHUB_SHA", "c0ffee"),
        ("GITHUB_ACTOR", "ann"),
        ("AZURE_CLIENT_ID", "0F1E2D3C-0000-4000-8000-000000000001"),
    ] {
        command.env(name, value);
    }
    assert!(command.status().unwrap().success());
    let started = &events(&world)[0];
    insta::assert_snapshot!(format!("{:#}\n{:#}", started["ci"], started["identity"]), @r#"
    {
      "actor": "ann",
      "commit": "c0ffee",
      "provider": "github_actions",
      "run_url": "https://github.example/soc/library/actions/runs/71"
    }
    {
      "client_id": "0f1e2d3c-0000-4000-8000-000000000001",
      "source": "environment"
    }
    "#);
    assert!(!world.read(FILE).contains(TOKEN));
}

#[test]
fn no_name_gets_out_of_its_line() {
    let world = World::with_manifest("");
    world.write("a.sh", "echo a\n");
    let names = [
        "##vso[task.setvariable variable=a]b",
        "caf\u{e9} \u{1f600}",
        "set-output name=a;b",
    ];
    let entries = names.map(|name| format!("  - source: a.sh\n    name: {name:?}\n"));
    world.manifest("emulator:.library", &entries.concat());
    world.expect(0, APPLY);
    let text = world.read(FILE);
    assert!(text.is_ascii() && !text.contains("##"), "{text}");
    let done = self::names(&events(&world), "done");
    assert_eq!(done, names.map(str::to_owned).into());
}
