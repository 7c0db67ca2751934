//! A run that is killed at any moment loses nothing, and the next one completes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use serde_json::Value;

use crate::emulator::Emulator;
use crate::harness::World;
use crate::running::{Running, wait_until};
use crate::stranger::sha256;

const APPLY: &[&str] = &["apply", "--auto-approve", "--events", "events.jsonl"];

/// What the manifest asks for: contents by name.
type Wanted = BTreeMap<String, String>;

/// A library with a manifest that changes, and runs that are killed.
struct Victim {
    world: World,
    emulator: Emulator,
    random: Rng,
    wanted: Wanted,
    /// Every content that was ever asked for, by name: nothing else may be in the library.
    ever: BTreeMap<String, Vec<String>>,
}

/// What is counted until the run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Files that the run says are done.
    Told(usize),
    /// Contents that have been kept for being sent.
    Kept(usize),
}

impl Victim {
    fn new(random: Rng) -> Self {
        let world = World::in_memory();
        let emulator = world.emulator(&[]);
        Self {
            world,
            emulator,
            random,
            wanted: Wanted::new(),
            ever: BTreeMap::new(),
        }
    }

    /// Asks for `name` with a content that it never had.
    fn edit(&mut self, name: &str) {
        let content = format!("echo {name} {:016x}\n", self.random.u64(..));
        self.world.write(&format!("files/{name}"), &content);
        let ever = self.ever.entry(name.to_owned()).or_default();
        ever.push(sha256(content.as_bytes()));
        self.wanted.insert(name.to_owned(), content);
    }

    fn drop(&mut self, name: &str) {
        fs::remove_file(self.world.path(format!("files/{name}"))).unwrap();
        self.wanted.remove(name);
    }

    /// Asks for `count` files.
    fn fill(&mut self, count: usize) {
        for number in 0..count {
            self.edit(&format!("{number:03}.sh"));
        }
    }

    /// About one in `part` of the files that are asked for.
    fn some(&mut self, part: usize) -> Vec<String> {
        let names: Vec<_> = self.wanted.keys().cloned().collect();
        let random = &mut self.random;
        let chosen = names.into_iter().filter(|_| random.usize(..part) == 0);
        chosen.collect()
    }

    fn write_manifest(&self) {
        let files = "  - source: files/*.sh\n    description: A script\n";
        let manifest = crate::harness::manifest(&self.emulator.url, files).replace(
            "files:\n",
            "    limits: [{ calls: 100000, per: 1s }]\n    max_deletes: 1000\nfiles:\n",
        );
        self.world.write("jumpbag.yaml", manifest);
    }

    /// Runs an apply and kills it at a random moment.
    fn kill(&mut self) {
        self.write_manifest();
        let changes = self.changes();
        let count = self.random.usize(..=changes);
        let moment = if self.random.u8(..4) == 0 {
            Moment::Kept(count)
        } else {
            Moment::Told(count)
        };
        let kept = self.objects();
        let mut run = self.world.start(APPLY);
        match moment {
            Moment::Told(0) => {}
            Moment::Told(count) => run.wait_for(&format!("[{count}/{changes}]")),
            Moment::Kept(count) => self.wait(&run, || self.objects() >= kept + count),
        }
        // A little further, to somewhere between two such events.
        for _ in 0..self.random.usize(..200) {
            std::thread::yield_now();
        }
        // It is killed.
        drop(run);
        self.check(&format!("{moment:?} of {changes}"));
    }

    /// How many changes the next apply has to make.
    fn changes(&self) -> usize {
        let plan = self.world.expect(0, &["-q", "plan", "--json", "-"]).stdout;
        let plan: Value = serde_json::from_str(&plan).unwrap();
        let changes = plan["libraries"][0]["changes"].as_array().unwrap();
        let actions = changes
            .iter()
            .map(|change| change["action"].as_str().unwrap());
        actions.filter(|action| *action != "none").count()
    }

    /// Waits for what may not come, because the run has made all of its changes.
    fn wait(&self, run: &Running, has_come: impl Fn() -> bool) {
        let lock = self.world.path(".jumpbag/test/lock.json");
        let begun = std::cell::Cell::new(false);
        wait_until(&format!("the process {} did it", run.id()), || {
            begun.set(begun.get() || lock.exists());
            has_come() || (begun.get() && !lock.exists())
        });
    }

    /// How many contents are kept.
    fn objects(&self) -> usize {
        let objects = fs::read_dir(self.world.path(".jumpbag/test/objects"));
        let names = objects
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| !name.to_string_lossy().starts_with('.'))
            .count()
    }

    /// What holds at every moment: the state can be read, and the library holds nothing that no plan named.
    fn check(&self, moment: &str) {
        let state = self.world.path(".jumpbag/test/state.json");
        if state.exists() {
            let json: Value = self.world.json(".jumpbag/test/state.json");
            assert!(json.is_object());
        }
        let tracked = self.world.state_list();
        let digests = self.emulator.digests();
        for (name, digest) in &digests {
            let planned = self
                .ever
                .get(name)
                .is_some_and(|ever| ever.contains(digest));
            assert!(planned, "{moment}: {name} with {digest}");
        }
        self.check_events(moment, &digests);
        for name in tracked {
            // Its delete may have come through, without being recorded.
            let there = digests.contains_key(&name) || !self.wanted.contains_key(&name);
            assert!(there, "{moment}: {name} is tracked, and not there");
        }
    }

    /// What is in the library was begun by a run whose events say so, with that very content.
    fn check_events(&self, moment: &str, digests: &BTreeMap<String, String>) {
        let Ok(text) = fs::read_to_string(self.world.path("events.jsonl")) else {
            assert!(digests.is_empty(), "{moment}: {digests:?}");
            return;
        };
        let (mut planned, mut begun) = (BTreeMap::new(), BTreeSet::new());
        // The last line, and no other, may be cut.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for event in whole.lines().filter(|line| line.ends_with('}')) {
            let event: Value = serde_json::from_str(event).unwrap();
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            let change = (text("run_id"), text("name"));
            match text("event").as_str() {
                "planned" => drop(planned.insert(change, text("sha256_after"))),
                "started" => {
                    let (_, name) = &change;
                    begun.insert((name.clone(), planned[&change].clone()));
                }
                _ => {}
            }
        }
        for (name, digest) in digests {
            let is_begun = begun.contains(&(name.clone(), digest.clone()));
            assert!(is_begun, "{moment}: {name} with {digest} was not begun");
        }
    }

    /// The next run completes it: manifest, library and state agree.
    fn complete(&self) {
        self.write_manifest();
        let run = self.world.expect(0, APPLY);
        let digest =
            |(name, content): (&String, &String)| (name.clone(), sha256(content.as_bytes()));
        let wanted: BTreeMap<_, _> = self.wanted.iter().map(digest).collect();
        assert_eq!(self.emulator.digests(), wanted, "{run}");
        let plan = self.world.expect(0, &["plan", "--detailed-exitcode"]);
        assert!(plan.stdout.contains("\nNo changes."), "{plan}");
        let names: Vec<_> = wanted.into_keys().collect();
        assert_eq!(self.world.state_list(), names);
        let left: Vec<_> = self
            .world
            .files()
            .into_iter()
            .filter(|(path, _)| path.to_string_lossy().ends_with(".tmp"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Runs `rounds` rounds, each with a seed of its own that is printed when it fails.
fn rounds(rounds: u64, salt: u64, round: impl Fn(&mut Victim)) {
    for number in 0..rounds {
        // The same seeds in every run: what fails once fails again, as far as the moment allows.
        let seed = salt * 1000 + number;
        let mut victim = Victim::new(Rng::with_seed(seed));
        let outcome = catch_unwind(AssertUnwindSafe(|| round(&mut victim)));
        assert!(outcome.is_ok(), "so ended the round with the seed {seed}");
    }
}

#[test]
fn a_killed_apply_of_new_files_is_completed() {
    rounds(12, 1, |victim| {
        victim.fill(200);
        victim.kill();
        victim.complete();
    });
}

/// Updates, creates and deletes in one plan, killed somewhere.
#[test]
fn a_killed_apply_of_everything_is_completed() {
    rounds(7, 2, |victim| {
        victim.fill(200);
        victim.complete();
        for name in victim.some(2) {
            victim.edit(&name);
        }
        for name in victim.some(4) {
            victim.drop(&name);
        }
        for number in 0..20 {
            victim.edit(&format!("new-{number:02}.sh"));
        }
        victim.kill();
        victim.complete();
    });
}

/// What a killed run had put there is jumpbag's own, also when the manifest then asks for something else.
#[test]
fn files_that_are_edited_after_the_kill_are_no_conflict() {
    rounds(6, 3, |victim| {
        victim.fill(200);
        victim.kill();
        for name in victim.some(2) {
            victim.edit(&name);
        }
        for name in victim.some(4) {
            victim.drop(&name);
        }
        victim.complete();
    });
}

/// One kill after the other, with edits between them: nothing is forgotten on the way.
#[test]
fn runs_that_are_killed_again_and_again_are_completed() {
    rounds(5, 4, |victim| {
        victim.fill(40);
        for _ in 0..5 {
            victim.kill();
            for name in victim.some(3) {
                victim.edit(&name);
            }
            for name in victim.some(8) {
                victim.drop(&name);
            }
        }
        victim.complete();
    });
}
