//! Executing a plan whose libraries are locked and ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::apply::{self, Tools};
use crate::cli::Context;
use crate::cli::args::ApplyOptions;
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

/// Applies each library's part, one after the other. `next` gives the words of the command that goes on, by
/// whether the library has to be looked at first.
pub(super) async fn execute(
    context: &Context,
    plan: &Plan,
    ready: &mut [Ready],
    options: &ApplyOptions,
    next: &dyn Fn(bool) -> Vec<String>,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for (part, ready) in plan.libraries.iter().zip(ready) {
        let sources = ready
            .session
            .desired
            .iter()
            .map(|(name, desired)| (name.clone(), desired.source.clone()))
            .collect::<BTreeMap<Name, _>>();
        let tools = Tools {
            client: Arc::clone(&ready.connection.client),
            contents: ready.session.store.contents(),
            sources,
            concurrency: options.concurrency.into(),
            stop: ready.stop.clone(),
            now: jiff::Timestamp::now,
            request_id: uuid::Uuid::new_v4,
        };
        let mut progress = Progress::new(
            context.output,
            steps(part),
            ready.connection.client.waiting(),
        );
        let outcome = apply::run(part, tools, &mut ready.locked, &mut |event| {
            progress.tell(event);
            true
        })
        .await;
        progress.end();
        for warning in &outcome.warnings {
            context
                .output
                .note(&format!("warning: {}", visible(warning)));
        }
        for failed in &outcome.failed {
            context.output.error(&failed.error);
        }
        if let Some(error) = &outcome.unsaved {
            context.output.error(error);
        }
        // Of a plan without changes, everything is said already.
        if !(outcome.is_complete() && part.summary().is_empty()) {
            let next = next(outcome.unsaved.is_some());
            let text = summary::text(context, &part.library, &outcome, &next);
            // What was done has to be said somewhere.
            if context.output.result(&text).is_err() {
                context.output.note(&text);
            }
        }
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

/// How many changes will be told of.
fn steps(part: &LibraryPlan) -> u64 {
    part.changes
        .iter()
        .filter(|change| change.action != Action::None)
        .count() as u64
}
