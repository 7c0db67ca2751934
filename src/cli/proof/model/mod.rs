//! Random lives of a library, against a model of a few lines: edits, applies, deaths, faults, other people, ways back.

mod steps;
mod theory;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use super::killed::{End, mortal, run_until};
use super::{REFUSED, Wish, World, apply, client, file_of};
use crate::apply::Outcome;
use crate::cli::env;
use crate::library::{Content, Upload};
use crate::model::{DesiredFile, File, Name, Selection, Sha256};
use crate::state::{Death, Store};
use steps::{Step, steps};
use theory::{Kept, MOST_DELETES, Model, Owned, Wanted};

const NAMES: [&str; 5] = ["a.ps1", "b.ps1", "c.sh", "d.sh", "e.exe"];
const CONTENTS: [&str; 4] = ["one", "two", "three", "four"];

fn name(number: u8) -> Name {
    Name::existing(NAMES[usize::from(number)])
}

fn file((content, described): Kept) -> File {
    File {
        description: described.then(|| "About it".to_owned()),
        ..file_of(CONTENTS[usize::from(content)])
    }
}

fn kept(file: &File) -> Kept {
    let is_it = |content: &&str| Sha256::of(content.as_bytes()) == file.sha256;
    let content = CONTENTS.iter().position(is_it);
    let content = content.unwrap_or_else(|| panic!("made up: {file:?}"));
    (u8::try_from(content).unwrap(), file.description.is_some())
}

fn number(name: &Name) -> u8 {
    let found = NAMES.iter().position(|it| *it == name.as_str());
    u8::try_from(found.unwrap()).unwrap()
}

/// What somebody else uploads.
struct Theirs(&'static str);

impl Content for Theirs {
    fn open(&self) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(self.0.as_bytes()))
    }
}

/// A real library and a real state beside the model.
struct Life<'a> {
    runtime: &'a Runtime,
    world: World,
    model: Model,
    /// The contents that runs have uploaded or adopted.
    made: BTreeSet<u8>,
    /// The states that runs have left, by their serials.
    serials: BTreeMap<u64, Owned>,
}

impl<'a> Life<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let world = World::new(runtime);
        for content in CONTENTS {
            world.desired(&[(content, content)]);
        }
        Self {
            runtime,
            world,
            model: Model::default(),
            made: BTreeSet::new(),
            serials: BTreeMap::new(),
        }
    }

    fn store(&self) -> Store {
        mortal(&self.world, None).0.store(false)
    }

    fn wish(&self, wanted: &BTreeMap<u8, Wanted>) -> Wish {
        let desired = wanted.iter().map(|(number, wanted)| {
            let desired = DesiredFile {
                file: file(wanted.kept),
                source: self.world.path(CONTENTS[usize::from(wanted.kept.0)]),
                adopt: wanted.adopt,
                protect: wanted.protect,
                is_opaque: false,
                place: 0..0,
            };
            (name(*number), desired)
        });
        Wish {
            max_deletes: MOST_DELETES as u64,
            ..Wish::new(desired.collect(), 2)
        }
    }

    fn observed(&self) -> BTreeMap<u8, Kept> {
        let client = client(&self.world.url());
        let observed = self.runtime.block_on(client.list()).unwrap();
        let files = observed.iter();
        files
            .map(|(name, it)| (number(name), kept(&it.file)))
            .collect()
    }

    /// What the state knows, and what it does not know the end of.
    fn recorded(&self) -> (u64, Owned, BTreeMap<u8, Kept>) {
        let Some(document) = self.store().read().unwrap() else {
            return (0, BTreeMap::new(), BTreeMap::new());
        };
        let files = document.files.iter();
        let files = files.map(|(name, it)| (number(name), (kept(&it.file), it.protect)));
        let pending = document.pending.iter();
        let pending = pending.map(|(name, file)| (number(name), kept(file)));
        (document.serial, files.collect(), pending.collect())
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Edit(name, wanted) => {
                match wanted {
                    Some(wanted) => drop(self.model.wanted.insert(*name, *wanted)),
                    None => drop(self.model.wanted.remove(name)),
                }
                Ok(())
            }
            Step::Apply => self.apply(&self.model.wanted.clone(), None, None),
            Step::ApplyOne(name) => self.apply(&self.model.wanted.clone(), Some(*name), None),
            Step::Back(back) => self.go_back(*back),
            Step::Restore(back) => match self.then(*back) {
                Some((serial, then)) => self.can_restore(serial, &then),
                None => Ok(()),
            },
            Step::Other(name, kept) => {
                self.somebody_else(*name, *kept);
                Ok(())
            }
            Step::Die { at, after } => self.die(*at, *after),
            Step::Fail(fault) => self.fail(fault),
        }
    }

    /// A run with nothing in its way does what the model says.
    fn apply(
        &mut self,
        wanted: &BTreeMap<u8, Wanted>,
        only: Option<u8>,
        rollback: Option<u64>,
    ) -> Result<(), TestCaseError> {
        let mut wish = self.wish(wanted);
        wish.rollback = rollback;
        if let Some(only) = only {
            wish.selection = Selection::Targets([name(only)].into());
        }
        let ended = self.run(wish);
        let Some((library, owned)) = self.model.applied(wanted, only) else {
            let code = ended.as_ref().err().and_then(|(code, _)| code.as_deref());
            prop_assert_eq!(code, Some(REFUSED), "{:?}", ended);
            prop_assert_eq!(&self.observed(), &self.model.library);
            return Ok(());
        };
        let is_complete = ended.as_ref().is_ok_and(Outcome::is_complete);
        prop_assert!(is_complete, "{:?}", ended);
        let done = ended.into_iter().flat_map(|outcome| outcome.done);
        let made = done.filter_map(|(name, _)| wanted.get(&number(&name)));
        self.made.extend(made.map(|wanted| wanted.kept.0));
        prop_assert_eq!(&self.observed(), &library);
        let (serial, recorded, pending) = self.recorded();
        prop_assert_eq!(&recorded, &owned);
        let open = self.model.still_open(wanted, only);
        self.model.library = library;
        self.model.owned = owned;
        self.model.pending = open;
        prop_assert_eq!(&pending, &self.model.pending);
        self.serials.insert(serial, recorded);
        Ok(())
    }

    fn run(&self, wish: Wish) -> Result<Outcome, super::Stopped> {
        let run = apply(self.store(), self.world.url(), wish);
        self.runtime.block_on(run)
    }

    /// The state of the history that is as far back, with its serial.
    fn then(&self, back: u8) -> Option<(u64, Owned)> {
        let serials = self.store().history().unwrap();
        let at = serials.len().checked_sub(usize::from(back) + 1)?;
        let serial = *serials.get(at)?;
        let document = self.store().read_serial(serial).unwrap();
        let then = document.files.iter();
        let then = then.map(|(name, it)| (number(name), (kept(&it.file), it.protect)));
        Some((serial, then.collect()))
    }

    /// The history says what was, and has all its contents.
    fn can_restore(&self, serial: u64, then: &Owned) -> Result<(), TestCaseError> {
        if let Some(left) = self.serials.get(&serial) {
            prop_assert_eq!(then, left, "the history of {}", serial);
        }
        let keeps_all = then.values().all(|(kept, _)| self.keeps(kept.0));
        prop_assert!(keeps_all, "a content of {} is lost", serial);
        Ok(())
    }

    fn go_back(&mut self, back: u8) -> Result<(), TestCaseError> {
        let Some((serial, then)) = self.then(back) else {
            return Ok(());
        };
        self.can_restore(serial, &then)?;
        let wanted = then.into_iter().map(|(name, (kept, protect))| {
            let wanted = Wanted {
                kept,
                adopt: false,
                protect,
            };
            (name, wanted)
        });
        self.apply(&wanted.collect(), None, Some(serial))
    }

    fn somebody_else(&mut self, number: u8, kept: Option<Kept>) {
        let client = client(&self.world.url());
        let name = name(number);
        let Some(kept) = kept else {
            self.runtime.block_on(client.delete(&name, None)).unwrap();
            self.model.library.remove(&number);
            return;
        };
        let upload = Upload {
            name: &name,
            file: &file(kept),
            over: true,
            content: &Theirs(CONTENTS[usize::from(kept.0)]),
        };
        self.runtime.block_on(client.upload(&upload, None)).unwrap();
        self.model.library.insert(number, kept);
    }

    fn die(&mut self, at: u8, after: bool) -> Result<(), TestCaseError> {
        let wish = self.wish(&self.model.wanted);
        let death = Death {
            at: at.into(),
            after,
        };
        let (end, _) = run_until(&self.world, false, &wish, Some(death));
        // What the dead run had sent may still be on its way: it arrives, or never does, before anybody looks.
        self.world.start(self.runtime, Vec::new());
        match end {
            End::Died => self.look(),
            End::Finished(outcome) => {
                prop_assert!(outcome.is_complete(), "{:?}", outcome);
                self.look()
            }
        }
    }

    fn fail(&mut self, fault: &str) -> Result<(), TestCaseError> {
        let faults = vec![fault.parse().unwrap()];
        self.world.start(self.runtime, faults);
        let ended = self.run(self.wish(&self.model.wanted));
        self.world.start(self.runtime, Vec::new());
        let said_done = ended.is_ok_and(|outcome| outcome.is_complete());
        let applied = self.model.applied(&self.model.wanted, None);
        self.look()?;
        if said_done {
            let expected = applied.map(|(library, _)| library);
            prop_assert_eq!(Some(&self.model.library), expected.as_ref());
        }
        Ok(())
    }

    /// After what may have ended anywhere: every file is as it was, or as it was to be; and so is what the state says.
    fn look(&mut self) -> Result<(), TestCaseError> {
        let (library, (serial, owned, pending)) = (self.observed(), self.recorded());
        let before = (self.model.library.clone(), self.model.ours());
        let after = self.model.applied(&self.model.wanted, None);
        let after = after.unwrap_or_else(|| before.clone());
        for name in 0..5 {
            let there = library.get(&name);
            let was_or_is = [before.0.get(&name), after.0.get(&name)];
            prop_assert!(was_or_is.contains(&there), "{} is {:?}", name, there);
            let known = owned.get(&name);
            let was = [
                self.model.owned.get(&name),
                before.1.get(&name),
                after.1.get(&name),
            ];
            prop_assert!(
                was.contains(&known),
                "the state has {} as {:?}",
                name,
                known
            );
        }
        self.model.library = library;
        self.model.owned.clone_from(&owned);
        self.model.pending = pending;
        self.serials.insert(serial, owned);
        Ok(())
    }

    fn keeps(&self, content: u8) -> bool {
        let sha256 = Sha256::of(CONTENTS[usize::from(content)].as_bytes());
        let found = self.store().contents().read(sha256, 1 << 20).unwrap();
        found.is_some_and(|found| Sha256::of(&found) == sha256)
    }
}

fn lives(runtime: &Runtime, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut life = Life::new(runtime);
    for step in steps {
        life.step(step)?;
    }
    // Whatever happened: with nothing in its way, the next run does it all, and the one after it nothing.
    life.step(&Step::Apply)?;
    let again = life.run(life.wish(&life.model.wanted));
    let is_quiet = again
        .as_ref()
        .map_or(true, |outcome| outcome.done.is_empty());
    prop_assert!(is_quiet, "{:?}", again);
    for content in &life.made {
        prop_assert!(life.keeps(*content), "{} is lost", content);
    }
    life.world.stop(runtime);
    Ok(())
}

/// An upload that never arrived, of a file that is no longer wanted: an apply of that name alone has no change for it, and
/// leaves it open as all that it was not about. Once the model said otherwise.
#[test]
fn what_never_arrived_and_is_not_wanted_stays_open_until_everything_is_looked_at() {
    let wanted = Wanted {
        kept: (0, false),
        adopt: false,
        protect: false,
    };
    let life = [
        Step::Edit(2, Some(wanted)),
        Step::Edit(3, Some(wanted)),
        Step::Die {
            at: 6,
            after: false,
        },
        Step::Edit(2, None),
        Step::ApplyOne(2),
    ];
    lives(&Runtime::new().unwrap(), &life).unwrap();
}

/// The same 2,000 lives in every run; with `MODEL` as many others as it says.
#[test]
fn whatever_happens_to_a_library_is_what_the_model_says() {
    const AT_ONCE: u8 = 4;
    let runtime = Runtime::new().unwrap();
    let others: Option<u32> = env::text("MODEL").map(|lives| lives.parse().unwrap());
    let run = |seed: u8| {
        let config = ProptestConfig {
            cases: others.unwrap_or(2_000).div_ceil(AT_ONCE.into()),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = if others.is_some() {
            TestRunner::new(config)
        } else {
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
            TestRunner::new_with_rng(config, rng)
        };
        runner.run(&steps(), |steps| lives(&runtime, &steps))
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..AT_ONCE)
            .map(|seed| scope.spawn(move || run(seed)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for ended in ended {
        ended.unwrap_or_else(|failure| panic!("{failure}"));
    }
}
