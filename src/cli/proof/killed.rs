//! A run that is killed at any of its operations on the state's store: the next run completes its work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc;

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{AFTER, BEFORE, Wish, World, apply, contents, is_complete, tracked};
use crate::apply::Outcome;
use crate::state::{Death, Mortal};

/// How a run ended.
pub(super) enum End {
    Died,
    Finished(Box<Outcome>),
}

pub(super) fn mortal(world: &World, death: Option<Death>) -> (Arc<Mortal>, mpsc::Receiver<()>) {
    let (died, receiver) = mpsc::channel();
    (Mortal::new(world.path("state"), death, died), receiver)
}

/// One run of the program on a runtime of its own, which ends with it.
pub(super) fn run_until(
    world: &World,
    leased: bool,
    wish: &Wish,
    death: Option<Death>,
) -> (End, u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (mortal, died) = mortal(world, death);
    let killed = CancellationToken::new();
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            runtime.block_on(async {
                let url = world.url();
                let store = mortal.store(leased);
                tokio::select! {
                    biased;
                    () = killed.cancelled() => None,
                    // Who dies at once gets no lock.
                    outcome = apply(store, url, wish.clone()) => outcome.ok(),
                }
            })
        });
        // Or it ended before that.
        let mut has_died = false;
        while !has_died && !run.is_finished() {
            has_died = died.try_recv().is_ok();
            std::thread::yield_now();
        }
        killed.cancel();
        mortal.bury();
        // What it says after its death nobody hears.
        run.join().unwrap().filter(|_| !has_died)
    });
    runtime.shutdown_background();
    (
        outcome.map_or(End::Died, |outcome| End::Finished(Box::new(outcome))),
        mortal.operations(),
    )
}

/// Kills a run at its operation `death`; the next one completes. Returns whether the run came that far.
fn survives(runtime: &Runtime, leased: bool, death: Death) -> bool {
    let world = World::new(runtime);
    let (end, _) = run_until(&world, leased, &Wish::new(world.desired(BEFORE), 2), None);
    assert!(matches!(end, End::Finished(outcome) if outcome.is_complete()));
    let wish = Wish::new(world.desired(AFTER), 2);

    let (end, operations) = run_until(&world, leased, &wish, Some(death));
    if let End::Finished(outcome) = end {
        assert!(outcome.is_complete() && operations <= death.at);
        return false;
    }
    // Whoever only reads finds one of the states that were written.
    let (mortal, _died) = mortal(&world, None);
    let document = mortal.store(leased).read().unwrap().unwrap();
    let between: BTreeSet<_> = [contents(BEFORE), contents(AFTER)]
        .into_iter()
        .flatten()
        .collect();
    assert!(
        tracked(&document)
            .into_iter()
            .all(|it| between.contains(&it))
    );

    let store = mortal.store(leased);
    if leased {
        // What a person does about the lock of a run that is gone.
        store.unlock("the run").ok();
    }
    let (end, _) = run_until(&world, leased, &wish, None);
    assert!(
        matches!(&end, End::Finished(outcome) if outcome.is_complete()),
        "{death:?}"
    );
    assert_eq!(is_complete(&world, runtime, &store), Ok(()), "{death:?}");
    true
}

/// Every operation of a run, before it and after it.
fn survives_all(leased: bool) {
    let runtime = Runtime::new().unwrap();
    for after in [false, true] {
        let came_so_far = |at: &u32| survives(&runtime, leased, Death { at: *at, after });
        let operations = (0..1_000).take_while(came_so_far).count();
        assert!(operations > 15, "only {operations} operations");
    }
}

#[test]
fn a_run_that_is_killed_at_any_operation_on_its_folder_is_completed_by_the_next() {
    survives_all(false);
}

#[test]
fn a_run_that_is_killed_at_any_operation_on_an_object_store_is_completed_by_the_next() {
    survives_all(true);
}
