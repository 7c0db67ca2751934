//! Executing a plan whose libraries are locked and ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::prepare::Ready;
use crate::apply::{self, Beginnings, Concurrency, Outcome, Tools};
use crate::cli::Context;
use crate::cli::args::ApplyOptions;
use crate::cli::events::Events;
use crate::cli::exit::{Exit, Failure};
use crate::cli::libraries::{AT_ONCE, OfLibrary, Unready};
use crate::cli::progress::{Progress, Share};
use crate::cli::stop::Stop;
use crate::cli::summary::{self, Account, End};
use crate::model::Name;
use crate::plan::{Action, LibraryPlan, Plan};
use crate::render::escape::visible;

/// What is executed, and how.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a ApplyOptions,
    /// Gives the words of the command that goes on, by whether the library has to be looked at first.
    pub(super) next: &'a dyn Fn(bool) -> Vec<String>,
}

/// One library's part, with all that its thread needs.
struct Work {
    part: LibraryPlan,
    ready: Ready,
    tools: Tools,
    /// Tells an event to all who listen.
    tell: Arc<Beginnings>,
    events: Arc<Events>,
    stop: Stop,
}

/// Applies all libraries' parts at once; what fails in one does not stop the others.
pub(super) async fn execute(
    context: &Context,
    goal: Goal<'_>,
    ready: Vec<Ready>,
    unready: &[Unready],
    events: &Arc<Events>,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let parts = &goal.plan.libraries;
    let total = ready.iter().filter_map(|one| one.part(goal.plan));
    let is_one = parts.len() <= 1;
    let progress = Progress::new(context.output, total.map(steps).sum(), is_one);
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for ready in ready {
        let Some(part) = ready.part(goal.plan).cloned() else {
            continue;
        };
        let name = part.library.name.clone();
        let share = Arc::new(progress.share(&name, ready.connection.client.waiting()));
        let tell = teller(Arc::clone(events), name, Arc::clone(&share));
        let work = Work {
            tools: tools(&ready, goal.options, Arc::clone(&tell)),
            tell,
            events: Arc::clone(events),
            stop: stop.clone(),
            part,
            ready,
        };
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            // Nobody closes the semaphore.
            let _turn = turns.acquire_owned().await;
            // The state is written and synced on this thread, which must not keep other libraries waiting.
            let library = work.part.library.clone();
            let done = tokio::task::spawn_blocking(move || Handle::current().block_on(work.run()));
            (library, done.await.ok().flatten())
        });
    }
    let mut ends = Vec::new();
    while let Some(joined) = running.join_next().await {
        let Ok((library, outcome)) = joined else {
            continue;
        };
        if let Some(outcome) = &outcome {
            tell(context, &library.name, is_one, outcome);
        }
        ends.push((library, outcome));
    }
    progress.end();
    ends.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    Ok(conclude(context, goal, &ends, unready, stop))
}

impl Work {
    /// Applies the part. `None` where it was stopped at once, so that nobody knows what became of it.
    async fn run(mut self) -> Option<Outcome> {
        let library = &self.part.library.name;
        let client_id = self.ready.connection.client.client_id().await;
        if !self.events.library_started(&self.part, client_id) {
            self.ready.stop.cancel();
        }
        let (events, tell) = (&self.events, &self.tell);
        let mut listen = |event| tell(event);
        let applied = apply::run(&self.part, self.tools, &mut self.ready.locked, &mut listen);
        let outcome = tokio::select! {
            outcome = applied => outcome,
            () = self.stop.now.cancelled() => return None,
        };
        events.library_finished(library, self.ready.locked.document().serial);
        Some(outcome)
    }
}

fn tools(ready: &Ready, options: &ApplyOptions, beginnings: Arc<Beginnings>) -> Tools {
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
        concurrency: match options.concurrency {
            Some(number) => Concurrency::exactly(number.into()),
            None => Concurrency::default(),
        },
        beginnings,
        stop: ready.stop.clone(),
        now: jiff::Timestamp::now,
        request_id: uuid::Uuid::new_v4,
    }
}

/// Tells the events of `library`: first to the audit trail, which may refuse them.
fn teller(events: Arc<Events>, library: String, share: Arc<Share>) -> Arc<Beginnings> {
    Arc::new(move |event| {
        let is_written = events.hear(&library, &event);
        share.tell(event);
        is_written
    })
}

/// Says what went wrong in a library.
fn tell(context: &Context, library: &str, is_one: bool, outcome: &Outcome) {
    let output = context.output;
    let error = |error: &dyn miette::Diagnostic| {
        if is_one {
            output.error(error);
        } else {
            output.error(&OfLibrary { library, error });
        }
    };
    for warning in &outcome.warnings {
        let of = if is_one {
            String::new()
        } else {
            format!("library `{}`: ", visible(library))
        };
        output.note(&format!("warning: {of}{}", visible(warning)));
    }
    for failed in &outcome.failed {
        error(&failed.error);
    }
    let halted = outcome.halted.as_deref();
    let halted = halted.filter(|_| !outcome.not_tried.is_empty());
    if let Some(unsaved) = outcome.unsaved.as_ref().or(halted) {
        error(unsaved);
    }
}

/// Gives the account of the run, and says how it ended.
fn conclude(
    context: &Context,
    goal: Goal<'_>,
    ends: &[(crate::model::LibraryId, Option<Outcome>)],
    unready: &[Unready],
    stop: &Stop,
) -> Exit {
    let applied = ends.iter().filter_map(|(library, outcome)| {
        Some((library.name.as_str(), End::Applied(outcome.as_ref()?)))
    });
    let unread = unready.iter().map(|one| {
        let name = &one.session.id.name;
        let part = goal
            .plan
            .libraries
            .iter()
            .find(|part| part.library.name == *name);
        (name.as_str(), End::Unready(&one.failure, part))
    });
    let mut ends_by_name: Vec<_> = applied.chain(unread).collect();
    ends_by_name.sort_by_key(|(name, _)| *name);
    let account = Account {
        plan: goal.plan,
        ends: &ends_by_name,
        next: goal.next,
    };
    if let Some(text) = summary::text(context, &account) {
        // What was done has to be said somewhere.
        if context.output.result(&text).is_err() {
            context.output.note(&text);
        }
    }
    let is_complete =
        |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(Outcome::is_complete);
    if stop.now.is_cancelled() {
        Exit::Interrupted
    } else if ends.iter().all(|(_, outcome)| is_complete(outcome)) && unready.is_empty() {
        Exit::Done
    } else if stop.soon.is_cancelled() {
        Exit::Interrupted
    } else {
        Exit::Incomplete
    }
}

/// How many changes will be told of.
fn steps(part: &LibraryPlan) -> u64 {
    part.changes
        .iter()
        .filter(|change| change.action != Action::None)
        .count() as u64
}
