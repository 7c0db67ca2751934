//! SIGKILL at any moment of an apply: nothing is lost, nothing unplanned is there, and the next apply completes it.

use std::collections::BTreeMap;

use fastrand::Rng;
use sha2::{Digest as _, Sha256};

use crate::emulator::Emulator;
use crate::harness::World;

const FILES: usize = 200;
const ROUNDS: u64 = 10;

/// What the manifest asks for: the content of each file.
type Wanted = BTreeMap<String, String>;

struct Bag {
    world: World,
    emulator: Emulator,
    wanted: Wanted,
    rng: Rng,
}

impl Bag {
    fn new(seed: u64) -> Self {
        let world = World::in_memory();
        let emulator = world.emulator(&[]);
        let library = format!("endpoint: {}\n    limits: []", emulator.url);
        world.write(
            "jumpbag.yaml",
            format!(
                "version: 1\nlibraries:\n  test:\n    {library}\nfiles:\n  - source: files/*.sh\n"
            ),
        );
        let mut bag = Self {
            world,
            emulator,
            wanted: Wanted::new(),
            rng: Rng::with_seed(seed),
        };
        for number in 0..FILES {
            bag.put(format!("f{number:04}.sh"));
        }
        bag
    }

    /// Gives a file a content that no other has.
    fn put(&mut self, name: String) {
        let content = format!("#!/bin/sh\necho {} {name}\n", self.rng.u64(..));
        self.world.write(&format!("files/{name}"), &content);
        self.wanted.insert(name, content);
    }

    fn some_of_the_files(&mut self, most: usize) -> Vec<String> {
        let names: Vec<_> = self.wanted.keys().cloned().collect();
        let count = self.rng.usize(..=most);
        self.rng.choose_multiple(names, count)
    }

    /// Changes up to a quarter of the files, deletes some, renames some, and fills up with new ones.
    fn edit(&mut self) {
        for name in self.some_of_the_files(FILES / 4) {
            self.put(name);
        }
        for name in self.some_of_the_files(FILES / 8) {
            std::fs::remove_file(self.world.path(format!("files/{name}"))).unwrap();
            self.wanted.remove(&name);
        }
        for name in self.some_of_the_files(FILES / 16) {
            let new = format!("r{:016x}.sh", self.rng.u64(..));
            let path = |name: &str| self.world.path(format!("files/{name}"));
            std::fs::rename(path(&name), path(&new)).unwrap();
            let content = self.wanted.remove(&name).unwrap();
            self.wanted.insert(new, content);
        }
        while self.wanted.len() < FILES {
            let name = format!("n{:016x}.sh", self.rng.u64(..));
            self.put(name);
        }
    }

    /// Starts an apply and kills it: after so many lines, and then a moment.
    fn apply_and_kill(&mut self) {
        let mut running = self
            .world
            .start(&["apply", "--auto-approve", "--allow-deletes", "1000"]);
        for _ in 0..self.rng.usize(..FILES) {
            if !running.saw("] ") {
                break;
            }
        }
        for _ in 0..self.rng.u32(..3_000_000) {
            std::hint::spin_loop();
        }
        drop(running);
    }

    /// What may be there now: what was before, and what should be after.
    fn assert_nothing_unplanned(&self, before: &BTreeMap<String, String>) {
        let wanted = digests(&self.wanted);
        for (name, sha256) in self.emulator.digests() {
            let may = [before.get(&name), wanted.get(&name)];
            assert!(
                may.contains(&Some(&sha256)),
                "`{name}` has a content that nobody planned"
            );
        }
    }

    /// The state is whole, and everything that it says was there at some time of this round.
    fn assert_state_is_whole(&self) {
        if self.world.path(".jumpbag/test/state.json").exists() {
            self.world.json(".jumpbag/test/state.json");
            self.world.state_list();
        }
    }

    fn complete(&self) {
        self.world
            .expect(0, &["apply", "--auto-approve", "--allow-deletes", "1000"]);
        assert_eq!(self.emulator.digests(), digests(&self.wanted));
        self.world.expect(0, &["plan", "--detailed-exitcode"]);
        assert_eq!(self.world.state_list(), self.emulator.names());
        assert_eq!(
            self.world.json(".jumpbag/test/state.json").get("pending"),
            Some(&serde_json::json!({}))
        );
    }
}

fn digests(wanted: &Wanted) -> BTreeMap<String, String> {
    let hex = |content: &String| {
        Sha256::digest(content)
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    };
    wanted
        .iter()
        .map(|(name, content)| (name.clone(), hex(content)))
        .collect()
}

/// Ten rounds of edit, kill, and complete. In every other round, sources change between the kill and the
/// next apply, which must not take for somebody else's what the killed run had put there.
fn rounds(seed: u64) {
    let mut bag = Bag::new(seed);
    for round in 0..ROUNDS {
        let before = bag.emulator.digests();
        bag.apply_and_kill();
        bag.assert_nothing_unplanned(&before);
        bag.assert_state_is_whole();
        if round % 2 == 1 {
            for name in bag.some_of_the_files(FILES / 4) {
                bag.put(name);
            }
        }
        bag.complete();
        bag.edit();
    }
}

#[test]
fn a_killed_apply_is_completed_by_the_next_with_seed_1() {
    rounds(1);
}

#[test]
fn a_killed_apply_is_completed_by_the_next_with_seed_2() {
    rounds(2);
}

#[test]
fn a_killed_apply_is_completed_by_the_next_with_seed_3() {
    rounds(3);
}

#[test]
fn a_killed_apply_is_completed_by_the_next_with_seed_4() {
    rounds(4);
}

#[test]
fn a_killed_apply_is_completed_by_the_next_with_seed_5() {
    rounds(5);
}
