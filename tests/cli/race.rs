//! Two hundred applies on one state, ten at once: no serial is written twice, and nothing is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::harness::{World, digest};
use crate::storage::{Server, servers};

const RACERS: usize = 10;
const APPLIES: usize = 20;

/// What a racer writes in its `round`.
fn content(racer: usize, round: usize) -> String {
    format!("Write-Output {racer}.{round}\n")
}

/// Lets them race. `state` is what the manifest says about the state, and `environment` is for its backend.
fn race(world: &World, state: &str, environment: &BTreeMap<String, String>) {
    let emulator = world.emulator(&[]);
    let files: Vec<_> = (0..RACERS)
        .map(|racer| format!("- {{source: {racer}.ps1}}\n"))
        .collect();
    let endpoint = &emulator.url;
    world.write(
        "jumpbag.yaml",
        format!(
            "version: 1\nlibraries: {{test: {{endpoint: '{endpoint}', limits: []}}}}\nstate: {state}\nfiles:\n{}",
            files.concat()
        ),
    );
    for racer in 0..RACERS {
        world.write(&format!("{racer}.ps1"), content(racer, 0));
    }
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command.envs(environment);
        world.finish(&command.output().unwrap())
    };
    let refused = AtomicU32::new(0);
    thread::scope(|scope| {
        for racer in 0..RACERS {
            let (run, refused) = (&run, &refused);
            scope.spawn(move || {
                let name = format!("{racer}.ps1");
                let apply = ["apply", "--auto-approve", "--no-refresh", "--target", &name];
                for round in 0..APPLIES {
                    world.write(&name, content(racer, round));
                    let mut result = run(&apply);
                    if result.code == Some(5) {
                        assert!(result.stderr.contains("is locked by"), "{result}");
                        refused.fetch_add(1, Ordering::Relaxed);
                        result = run(&[&apply[..], &["--lock-timeout", "10m"]].concat());
                    }
                    assert_eq!(result.code, Some(0), "{result}");
                }
            });
        }
    });
    assert!(refused.into_inner() > 0, "nobody lost a race");

    let history = run(&["state", "history", "--json"]);
    assert_eq!(history.code, Some(0), "{history}");
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let entries = history["libraries"][0]["history"].as_array().unwrap();
    // Each apply says what it begins, and what it has done.
    let serials: Vec<_> = entries
        .iter()
        .map(|it| it["serial"].as_u64().unwrap())
        .collect();
    let expected: Vec<_> = (1..=RACERS * APPLIES).map(|it| 2 * it as u64).collect();
    assert_eq!(serials, expected);
    let last = expected.last().unwrap().to_string();
    for racer in 0..RACERS {
        let name = format!("{racer}.ps1");
        let show = run(&["state", "show", &name, "--serial", &last]);
        assert!(
            show.stdout
                .contains(&digest(content(racer, APPLIES - 1).as_bytes())),
            "{show}"
        );
        assert!(
            show.stdout.contains("content                kept"),
            "{show}"
        );
        // The first of all contents, too.
        let first = (1..).map(|it| (2 * it).to_string()).find_map(|serial| {
            let show = run(&["restore", &format!("{name}@{serial}"), "-o", "-"]);
            (show.code == Some(0)).then_some(show.stdout)
        });
        assert_eq!(first.unwrap(), content(racer, 0));
    }
    let drift = run(&["drift", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(0), "{drift}");
}

#[test]
fn two_hundred_applies_race_on_a_folder() {
    let world = World::in_memory();
    race(&world, "{}", &BTreeMap::new());
    let objects = world.files();
    for (racer, round) in (0..RACERS).flat_map(|it| (0..APPLIES).map(move |round| (it, round))) {
        let name = digest(content(racer, round).as_bytes());
        assert!(
            objects.iter().any(|(path, _)| path.ends_with(&name)),
            "{racer}.{round}"
        );
    }
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn two_hundred_applies_race_on_servers() {
    thread::scope(|scope| {
        for server in servers() {
            scope.spawn(move || {
                let Server {
                    backend,
                    url,
                    environment,
                    ..
                } = &server;
                let state = format!("{{backend: {backend}, url: '{url}/race'}}");
                race(&World::in_memory(), &state, environment);
            });
        }
    });
}
