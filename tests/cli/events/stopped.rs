//! Runs that do not come to their end: interrupted, killed, or without anybody to tell.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::{APPLY, FILE, assert_complete, beside, events, names, parsed, short};
use crate::emulator::Emulator;
use crate::harness::World;
use crate::running::wait_until;

/// [`APPLY`], never with more at once than at first.
fn four() -> Vec<&'static str> {
    [APPLY, &["--concurrency", "4"]].concat()
}

fn thirty(args: &[&str]) -> (World, Emulator) {
    let names: Vec<_> = (0..30).map(|number| format!("{number:02}.sh")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    beside(args, &names)
}

#[test]
fn interrupted_once_every_change_has_its_end() {
    let (world, emulator) = thirty(&["--fault", "upload:all:delay=300ms"]);
    let mut running = world.start(&four());
    running.wait_for("] created ");
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    let told = events(&world);
    assert_complete(&told);
    let there: BTreeSet<_> = emulator.names().into_iter().collect();
    assert_eq!(names(&told, "done"), there);
    assert_eq!(names(&told, "not_tried").len(), 30 - there.len());
    let last = told.last().unwrap();
    assert_eq!(
        (&last["result"], &last["exit_code"]),
        (&"interrupted".into(), &130.into())
    );
    // The command that goes on leaves a trail, too.
    assert!(
        run.stdout
            .ends_with("  jumpbag apply --auto-approve --events events.jsonl\n"),
        "{run}"
    );
}

#[test]
fn interrupted_twice_what_was_under_way_is_unknown() {
    let (world, emulator) = thirty(&["--fault", "upload:5-8:delay=1h"]);
    let mut running = world.start(&four());
    running.wait_for("[4/30] created ");
    wait_until("eight arrive", || emulator.list().len() == 8);
    running.signal("INT");
    running.wait_for("Interrupted: ");
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    let told = events(&world);
    assert_complete(&told);
    assert_eq!(names(&told, "done").len(), 4);
    let there: BTreeSet<_> = emulator.names().into_iter().collect();
    let unknown = names(&told, "unknown");
    assert_eq!(&unknown | &names(&told, "done"), there);
    assert_eq!(names(&told, "not_tried").len(), 22);
    assert_eq!(told.last().unwrap()["exit_code"], 130);
}

#[test]
fn a_killed_run_has_told_of_every_call_that_it_made() {
    let (world, emulator) = thirty(&["--fault", "upload:5-8:delay=1h"]);
    let mut running = world.start(&four());
    running.wait_for("[4/30] created ");
    wait_until("eight arrive", || emulator.list().len() == 8);
    running.signal("KILL");
    drop(running);
    let told = events(&world);
    let there: BTreeSet<_> = emulator.names().into_iter().collect();
    assert_eq!(names(&told, "started"), there);
    assert_eq!(names(&told, "done").len(), 4);
    assert_eq!(names(&told, "planned").len(), 30);

    // Had it been killed within a line, the next run's would still be whole.
    world.write(FILE, format!("{}{{\"run_id\":\"ha", world.read(FILE)));
    let whole = world.read(FILE).lines().count();
    world.expect(0, APPLY);
    let text = world.read(FILE);
    let next = text.lines().skip(whole).map(|line| format!("{line}\n"));
    let next = parsed(&world, &next.collect::<String>());
    assert_complete(&next);
    assert_eq!(names(&next, "done").len(), 22, "{}", short(&next));
}

/// The manifest of two libraries with one file, both at `endpoints`.
fn two(world: &World, endpoints: [&str; 2]) {
    world.write("a.sh", "echo a\n");
    let [one, other] = endpoints;
    world.write(
        "jumpbag.yaml",
        format!(
            "version: 1\nlibraries:\n  contoso:\n    endpoint: {one}\n  fabrikam:\n    endpoint: {other}\nfiles:\n  - source: a.sh\n"
        ),
    );
}

/// The events of one library, in short.
fn of(world: &World, library: &str) -> String {
    let told = events(world);
    let of = told.iter().filter(|event| event["library"] == library);
    short(&of.cloned().collect::<Vec<_>>())
}

#[test]
fn interrupted_twice_every_library_that_was_begun_is_told_of() {
    let world = World::new();
    let slow = ["--fault", "upload:all:delay=1h"];
    let (one, other) = (
        world.emulator_in(".one", &slow),
        world.emulator_in(".other", &slow),
    );
    two(&world, [&one.url, &other.url]);
    let mut running = world.start(&four());
    wait_until("both arrive", || one.list().len() + other.list().len() == 2);
    running.signal("INT");
    running.wait_for("Interrupted: ");
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(of(&world, "contoso"), of(&world, "fabrikam"));
    insta::assert_snapshot!(of(&world, "contoso"), @r"
    planned create a.sh
    library_started
    started create a.sh
    unknown create a.sh
    library_finished
    ");
}

#[test]
fn the_changes_of_a_library_that_cannot_be_read_are_told_of_as_not_tried() {
    let world = World::new();
    let one = world.emulator_in(".one", &["--fault", "list:all:status=403"]);
    let other = world.emulator_in(".other", &[]);
    two(&world, [&one.url, &other.url]);
    world.expect(3, APPLY);
    insta::assert_snapshot!(of(&world, "contoso"), @r"
    planned create a.sh
    not_tried create a.sh
    ");
    insta::assert_snapshot!(of(&world, "fabrikam"), @r"
    planned create a.sh
    library_started
    started create a.sh
    done create a.sh
    library_finished
    ");
}

/// The reader goes away in the middle: what cannot be told is not done.
#[test]
fn once_events_cannot_be_written_no_call_is_begun() {
    let (world, emulator) = thirty(&["--fault", "upload:all:delay=300ms"]);
    let mut child = world
        .command(&["apply", "--auto-approve", "--events", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    while !told
        .last()
        .is_some_and(|line: &String| line.contains("\"event\":\"done\""))
    {
        told.push(lines.next().unwrap().unwrap());
    }
    drop(lines);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{stderr}");
    assert!(stderr.contains("jumpbag::cli::events"), "{stderr}");
    assert!(stderr.contains("\nNot tried: "), "{stderr}");
    // What was under way was ended and recorded; all but what was begun since was told.
    let there = emulator.names();
    assert!((1..=12).contains(&there.len()), "{stderr}");
    assert_eq!(world.state_list(), there);
}
