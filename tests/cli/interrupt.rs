//! Ctrl-C once and twice, at moments that the run itself names.

use std::time::{Duration, Instant};

use crate::emulator::Emulator;
use crate::harness::{Run, World};
use crate::running::wait_until;

const FILES: usize = 30;
const STATE: &str = ".jumpbag/test/state.json";
const APPLY: &[&str] = &["apply", "--auto-approve"];

/// The same, never with more at once than at first.
const FOUR: &[&str] = &["apply", "--auto-approve", "--concurrency", "4"];

/// A world with 30 scripts to create beside an emulator with these arguments.
fn thirty(args: &[&str], settings: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = world.emulator(args);
    for number in 0..FILES {
        world.write(
            &format!("scripts/{number:02}.sh"),
            format!("echo {number}\n"),
        );
    }
    let endpoint = format!("{}{settings}", emulator.url);
    world.manifest(&endpoint, "  - source: scripts/*.sh\n");
    (world, emulator)
}

/// The number at the end of the line that begins with `heading`.
#[track_caller]
fn count(run: &Run, heading: &str) -> usize {
    let line = run
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix(heading));
    let line = line.unwrap_or_else(|| panic!("no `{heading}` in:\n{run}"));
    let number: String = line.chars().take_while(char::is_ascii_digit).collect();
    number.parse().unwrap()
}

/// Runs the command that the summary ends with, and expects it to complete the library.
#[track_caller]
fn completed_by_the_next_command(world: &World, emulator: &Emulator, run: &Run) {
    let next = run.stdout.lines().last().unwrap();
    let next: Vec<_> = next.trim().split(' ').collect();
    assert_eq!(next, [&["jumpbag"], APPLY].concat(), "{run}");
    completed(world, emulator);
}

#[track_caller]
fn completed(world: &World, emulator: &Emulator) {
    world.expect(0, APPLY);
    assert_eq!(emulator.list().len(), FILES);
    assert_eq!(world.state_list(), emulator.names());
    world.assert_obeys("state", STATE);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn interrupted_once_it_finishes_what_is_under_way_and_begins_nothing_more() {
    for signal in ["INT", "TERM"] {
        let (world, emulator) = thirty(&["--fault", "upload:all:delay=300ms"], "");
        let mut running = world.start(FOUR);
        running.wait_for("] created ");
        running.signal(signal);
        let run = world.finish(&running.end());

        assert_eq!(run.code, Some(130), "{run}");
        assert!(run.stderr.contains("\nInterrupted: "), "{run}");
        let done = count(&run, "Applied to test: ");
        assert_eq!(emulator.names(), world.state_list());
        assert_eq!(emulator.list().len(), done, "{run}");
        // 4 were under way when the first was told, and 4 more may have been when the signal came.
        assert!((1..=12).contains(&done), "{run}");
        assert_eq!(count(&run, "Not tried: "), FILES - done);
        assert!(!run.stdout.contains("Failed"), "{run}");
        let there = emulator.names();
        for number in 0..FILES {
            let name = format!("{number:02}.sh");
            let not_tried = run.stdout.contains(&format!("  ! create {name}\n"));
            assert_eq!(not_tried, !there.contains(&name), "{name}: {run}");
        }
        world.assert_obeys("state", STATE);
        drop(emulator);
        let emulator = world.emulator(&["--listen", &address(&world)]);
        completed_by_the_next_command(&world, &emulator, &run);
    }
}

/// Where the emulator of the manifest was, so that the same one can be started without its faults.
fn address(world: &World) -> String {
    let manifest = world.read("jumpbag.yaml");
    let (_, rest) = manifest.split_once("http://").unwrap();
    rest.lines().next().unwrap().to_owned()
}

#[test]
fn interrupted_twice_it_stops_at_once_and_the_next_run_knows_what_arrived() {
    // Four arrive, and the answers to the next four do not come while anybody waits.
    let (world, emulator) = thirty(&["--fault", "upload:5-8:delay=1h"], "");
    let mut running = world.start(FOUR);
    running.wait_for("[4/30] created ");
    // They are under way once the library has them.
    wait_until("eight arrive", || emulator.list().len() == 8);
    running.signal("INT");
    running.wait_for("Interrupted: ");
    let interrupted = Instant::now();
    running.signal("INT");
    let run = world.finish(&running.end());

    assert_eq!(run.code, Some(130), "{run}");
    assert!(interrupted.elapsed() < Duration::from_secs(10), "{run}");
    world.assert_obeys("state", STATE);
    assert_eq!(world.state_list().len(), 4);
    assert_eq!(emulator.list().len(), 8);
    assert!(!world.path(".jumpbag/test/lock.json").exists(), "{run}");
    // What arrived without an answer is jumpbag's own, and not in the way.
    let plan = world.expect(2, &["plan", "--detailed-exitcode"]);
    assert!(
        plan.stdout.contains("\nPlan: 22 to create, 8 unchanged.\n"),
        "{plan}"
    );
    completed(&world, &emulator);
}

#[test]
fn interrupted_while_the_limits_are_waited_for_it_does_not_wait() {
    let limits = "\n    limits: [{ calls: 3, per: 1h }]";
    let (world, emulator) = thirty(&[], limits);
    let mut running = world.start(FOUR);
    running.wait_for("waiting 3600 s for the API's rate limit");
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(count(&run, "Applied to test: "), 2);
    assert_eq!(count(&run, "Not tried: "), FILES - 2);
    assert_eq!(emulator.names(), world.state_list());
}

#[test]
fn interrupted_while_the_api_has_it_wait_it_does_not_wait() {
    let throttled = "upload:3-99:status=429,retry-after=3600";
    let (world, emulator) = thirty(&["--fault", throttled], "");
    let mut running = world.start(FOUR);
    running.wait_for("for the API's rate limit");
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(emulator.names(), world.state_list());
    assert_eq!(count(&run, "Not tried: "), FILES - emulator.list().len());
}

#[test]
fn interrupted_while_a_lock_is_waited_for_it_does_not_wait() {
    let (world, _emulator) = thirty(&["--fault", "upload:5-8:delay=1h"], "");
    let mut holder = world.start(FOUR);
    holder.wait_for("[4/30] created ");
    for command in [APPLY, &["import", "--all"]] {
        let mut waiting = world.start(&[command, &["--lock-timeout", "1h"]].concat());
        waiting.wait_for("Waiting: ");
        waiting.signal("INT");
        let run = world.finish(&waiting.end());
        assert_eq!(run.code, Some(130), "{run}");
    }
}

#[test]
fn interrupted_before_anything_was_done_it_says_that_nothing_was() {
    let (world, _emulator) = thirty(&["--fault", "list:1:status=429,retry-after=3600"], "");
    let mut running = world.start(FOUR);
    // The listing is begun when somebody holds the lock.
    let lock = world.path(".jumpbag/test/lock.json");
    wait_until("it holds the lock", || lock.exists());
    running.signal("INT");
    running.wait_for("Interrupted: ");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(130), "{run}");
    assert!(!world.path(".library/index.json").exists(), "{run}");
    assert!(!world.path(STATE).exists(), "{run}");
}

#[test]
fn an_interrupted_emulator_speaks_of_itself() {
    let world = World::new();
    let running = world.start(&["emulator", "--data", ".library"]);
    // It hears signals before it opens its folder.
    wait_until("it opens its folder", || world.path(".library").exists());
    running.signal("INT");
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        run.stderr,
        "\nStopping: calls under way are answered. Interrupt again to stop now.\n"
    );
}
