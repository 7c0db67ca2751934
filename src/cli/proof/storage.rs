//! Everything that can go wrong at every operation on the state's store: it is done, or nothing is, or the next run
//! settles it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tokio::runtime::Runtime;

use super::{
    AFTER, BEFORE, Stopped, Wish, World, apply, contents, folder, is_complete, stopped, tracked,
};
use crate::apply::Outcome;
use crate::state::{Faulty, Plot};

/// How a run may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It said that it is done, and it is.
    Done,
    /// It said what failed, and neither library nor state is changed.
    NothingChanged,
    /// It said what failed, and the next run completes it.
    SettledByTheNext,
}

/// A world as it is before each case.
struct Template {
    folder: tempfile::TempDir,
    leased: bool,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Template {
    fn new(runtime: &Runtime, leased: bool) -> Self {
        let mut world = World::new(runtime);
        let wish = Wish::new(world.desired(BEFORE), 1);
        let store = Faulty::new(world.path("state"), None).store(leased);
        let outcome = runtime.block_on(apply(store, world.url(), wish));
        assert!(outcome.unwrap().is_complete());
        world.stop(runtime);
        Self {
            folder: world.folder,
            leased,
        }
    }

    fn world(&self, runtime: &Runtime) -> World {
        let copied = folder();
        copy(self.folder.path(), copied.path());
        World::in_folder(runtime, copied)
    }

    /// Everything that can go wrong with a run, at the operations that it has. One file after the other is changed, so
    /// that every run has them in the same order.
    fn plots(&self, runtime: &Runtime) -> Vec<Plot> {
        let world = self.world(runtime);
        let faulty = Faulty::new(world.path("state"), None);
        let store = faulty.store(self.leased);
        let run = apply(store, world.url(), Wish::new(world.desired(AFTER), 1));
        assert!(runtime.block_on(run).unwrap().is_complete());
        let mut plots = Vec::new();
        for (at, troubles) in (0..).zip(faulty.operations()) {
            for trouble in troubles {
                plots.push(Plot {
                    trouble,
                    at,
                    always: false,
                });
                // A clock that was set stays so.
                if !trouble.is_of_the_clock() {
                    plots.push(Plot {
                        trouble,
                        at,
                        always: true,
                    });
                }
            }
        }
        plots
    }

    /// At which operation a run met it, and what became of it.
    fn show(&self, runtime: &Runtime, plot: Plot) -> (String, Result<End, String>) {
        let mut world = self.world(runtime);
        let wish = Wish::new(world.desired(AFTER), 1);
        let faulty = Faulty::new(world.path("state"), Some(plot));
        let store = faulty.store(self.leased);
        let run = apply(store, world.url(), wish.clone());
        let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run)));
        let healthy = Faulty::new(world.path("state"), None);
        let store = healthy.store(self.leased);
        let end = ended
            .map_err(|_| "it panicked".to_owned())
            .and_then(|ended| judge(&world, runtime, &ended, &healthy, self.leased));

        // What a person does about the lock of a run that could not give it back.
        store.unlock("the run").ok();
        let next = runtime.block_on(apply(store.clone(), world.url(), wish));
        let is_settled = match next {
            Ok(outcome) if outcome.is_complete() => is_complete(&world, runtime, &store),
            Ok(outcome) => Err(format!("the next run does not complete it: {outcome:?}")),
            Err((_, why)) => Err(format!("the next run stops: {why}")),
        };
        world.stop(runtime);
        let end = end.and_then(|end| is_settled.map(|()| end));
        (faulty.first().unwrap(), end)
    }
}

/// What a run made of library and state.
fn judge(
    world: &World,
    runtime: &Runtime,
    ended: &Result<Outcome, Stopped>,
    healthy: &std::sync::Arc<Faulty>,
    leased: bool,
) -> Result<End, String> {
    let (before, after) = (contents(BEFORE), contents(AFTER));
    let document = healthy.store(leased).read();
    let document = document.map_err(|error| format!("the state is damaged: {error}"))?;
    let document = document.ok_or("the state is gone")?;
    let (library, state) = (world.observed(runtime), tracked(&document));
    for files in [&library, &state] {
        let is_known = |(name, digest): (&_, &_)| {
            before.get(name) == Some(digest) || after.get(name) == Some(digest)
        };
        if !files.iter().all(is_known) {
            return Err(format!("something is made up: {files:?}"));
        }
    }
    let codes = match ended {
        Ok(outcome) if outcome.is_complete() => {
            let is_true = library == after && state == after && document.pending.is_empty();
            return if is_true {
                Ok(End::Done)
            } else {
                Err(format!("it said that it is done: {library:?} {document:?}"))
            };
        }
        Ok(outcome) => codes(outcome),
        Err(stopped) => vec![stopped.clone()],
    };
    if codes.is_empty() || codes.iter().any(|(code, _)| code.is_none()) {
        return Err(format!("it did not say why: {codes:?}"));
    }
    if library == before && state == before && document.pending.is_empty() {
        Ok(End::NothingChanged)
    } else {
        Ok(End::SettledByTheNext)
    }
}

/// Why an apply is not complete.
fn codes(outcome: &Outcome) -> Vec<Stopped> {
    let failed = outcome.failed.iter().map(|failed| stopped(&failed.error));
    let halted = outcome.halted.iter().map(|error| stopped(error.as_ref()));
    let unsaved = outcome.unsaved.iter().map(stopped);
    failed.chain(halted).chain(unsaved).collect()
}

/// Counts of ends, by what is in front of them.
#[derive(Default)]
struct Table(BTreeMap<String, [u32; 3]>);

impl Table {
    fn count(&mut self, row: String, end: End) {
        self.0.entry(row).or_default()[end as usize] += 1;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | done | nothing changed | settled by the next | all |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        for (row, [done, nothing, settled]) in &self.0 {
            let all = done + nothing + settled;
            writeln!(f, "| {row} | {done} | {nothing} | {settled} | {all} |")?;
        }
        Ok(())
    }
}

#[test]
fn every_trouble_at_every_operation_is_done_or_nothing_or_settled_by_the_next_run() {
    let runtime = Runtime::new().unwrap();
    let (mut by_trouble, mut by_operation) = (Table::default(), Table::default());
    let mut others = Vec::new();
    for leased in [false, true] {
        let template = Template::new(&runtime, leased);
        for plot in template.plots(&runtime) {
            let (first, end) = template.show(&runtime, plot);
            match end {
                Ok(end) => {
                    let often = if plot.always { "from then on" } else { "once" };
                    by_trouble.count(format!("{}, {often}", plot.trouble.name()), end);
                    let store = if leased { "object store" } else { "folder" };
                    by_operation.count(format!("{store}: {first}"), end);
                    by_operation.count("all".to_owned(), end);
                }
                Err(what) => others.push(format!("{first}, {plot:?}, {leased}: {what}")),
            }
        }
    }
    println!("{by_trouble}\n{by_operation}");
    assert!(
        others.is_empty(),
        "{}:\n{}",
        others.len(),
        others.join("\n")
    );
}
