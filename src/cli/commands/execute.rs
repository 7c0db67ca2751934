//! Executing a plan whose libraries are locked and ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::apply::{self, Outcome, Tools};
use crate::cli::Context;
use crate::cli::args::ApplyOptions;
use crate::cli::events::Events;
use crate::cli::exit::{Exit, Failure};
use crate::cli::progress::Progress;
use crate::cli::session::{Connection, Session};
use crate::cli::stop::Stop;
use crate::cli::summary;
use crate::model::{Inputs, Name};
use crate::plan::{Action, LibraryPlan, Plan};
use crate::render::escape::visible;
use crate::state::Locked;

/// A library that is locked and ready.
pub(super) struct Ready {
    pub(super) session: Session,
    pub(super) locked: Locked,
    pub(super) connection: Connection,
    /// Stops the calls of this library alone; cancelled when those of all are.
    pub(super) stop: CancellationToken,
    pub(super) inputs: Inputs,
}

/// What is executed, and how.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a ApplyOptions,
    /// Gives the words of the command that goes on, by whether the library has to be looked at first.
    pub(super) next: &'a dyn Fn(bool) -> Vec<String>,
}

/// Applies each library's part, one after the other.
pub(super) async fn execute(
    context: &Context,
    goal: Goal<'_>,
    ready: &mut [Ready],
    events: &Events,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for (part, ready) in goal.plan.libraries.iter().zip(ready) {
        let library = &part.library.name;
        if !events.library_started(part) {
            ready.stop.cancel();
        }
        let mut progress = Progress::new(
            context.output,
            steps(part),
            ready.connection.client.waiting(),
        );
        let tools = tools(ready, goal.options);
        let outcome = apply::run(part, tools, &mut ready.locked, &mut |event| {
            let is_written = events.hear(library, &event);
            progress.tell(event);
            is_written
        })
        .await;
        progress.end();
        events.library_finished(library, ready.locked.document().serial);
        tell(context, goal, part, &outcome);
        let end = if outcome.is_complete() {
            Exit::Done
        } else if stop.soon.is_cancelled() {
            Exit::Interrupted
        } else {
            Exit::Incomplete
        };
        exit = end.worse(exit);
    }
    Ok(exit)
}

fn tools(ready: &Ready, options: &ApplyOptions) -> Tools {
    let sources = ready
        .session
        .desired
        .iter()
        .map(|(name, desired)| (name.clone(), desired.source.clone()))
        .collect::<BTreeMap<Name, _>>();
    Tools {
        client: Arc::clone(&ready.connection.client),
        contents: ready.session.store.contents(),
        sources,
        concurrency: options.concurrency.into(),
        stop: ready.stop.clone(),
        now: jiff::Timestamp::now,
        request_id: uuid::Uuid::new_v4,
    }
}

/// Says what became of a library's part.
fn tell(context: &Context, goal: Goal<'_>, part: &LibraryPlan, outcome: &Outcome) {
    let output = context.output;
    for warning in &outcome.warnings {
        output.note(&format!("warning: {}", visible(warning)));
    }
    for failed in &outcome.failed {
        output.error(&failed.error);
    }
    if let Some(error) = &outcome.unsaved {
        output.error(error);
    }
    // Of a plan without changes, everything is said already.
    if !(outcome.is_complete() && part.summary().is_empty()) {
        let next = (goal.next)(outcome.unsaved.is_some());
        let text = summary::text(context, &part.library, outcome, &next);
        // What was done has to be said somewhere.
        if output.result(&text).is_err() {
            output.note(&text);
        }
    }
}

/// How many changes will be told of.
fn steps(part: &LibraryPlan) -> u64 {
    part.changes
        .iter()
        .filter(|change| change.action != Action::None)
        .count() as u64
}
