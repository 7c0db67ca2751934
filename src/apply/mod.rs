//! Executing a plan. It decides nothing: what is done, in which order, and with which content was decided
//! by the planner, and everything it needs is in the plan.

mod event;
mod outcome;
mod pace;
mod record;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use event::{Beginnings, Event, Listener};
pub(crate) use outcome::{Error, Failed, Outcome};
pub(crate) use pace::Concurrency;
use record::Recorder;
use work::Crew;

use crate::library::Client;
use crate::model::Name;
use crate::plan::{Action, Change, LibraryPlan, Reason};
use crate::state::{Contents, Locked};

/// How long no state is written after one was, as a multiple of the time that it took. That grows with the files of the
/// library: so a fifth of the time goes into it, however many there are.
const REST: u32 = 4;

/// What an apply works with, besides the plan and the state.
pub(crate) struct Tools {
    /// The library's API.
    pub(crate) client: Arc<Client>,
    /// Where their contents are kept, and sent from.
    pub(crate) contents: Contents,
    /// Where the contents of the files are read from.
    pub(crate) sources: BTreeMap<Name, Utf8PathBuf>,
    /// How many changes are under way at once.
    pub(crate) concurrency: Concurrency,
    /// Who hears of what is begun.
    pub(crate) beginnings: Arc<Beginnings>,
    /// Cancelled when no new call shall be made; also by the apply itself, when none can succeed or be
    /// recorded. The client has to obey it, too: a call may wait for the limits for a long time.
    pub(crate) stop: CancellationToken,
    /// The clock, for the state.
    pub(crate) now: fn() -> jiff::Timestamp,
    /// Makes the ids that the requests of each change carry.
    pub(crate) request_id: fn() -> uuid::Uuid,
}

/// Makes the changes of `plan`, records each in the state as soon as it is made, and tells `events`: that it is done only
/// after the state that knows it is on disk. Who hears of beginnings has heard of a change before its first call is made.
///
/// A change that fails does not keep the others from being made, unless no further call can succeed.
/// When it returns, everything that is reported as done is on disk.
pub(crate) async fn run(
    plan: &LibraryPlan,
    tools: Tools,
    locked: &mut Locked,
    events: &mut Listener<'_>,
) -> Outcome {
    let mut recorder = Recorder::new(locked, tools.now, events);
    let crew = Arc::new(Crew::new(tools));
    // What needs no call is not begun either, once no change shall be.
    let begun = if crew.is_halted() {
        recorder.leave_all(plan, Action::Forget);
        false
    } else {
        let (agreed, warnings) = crew.keep(recorder.agreed(plan)).await;
        for warning in warnings {
            recorder.warn(warning);
        }
        recorder.begin(plan, agreed)
    };
    if !begun {
        crew.halt();
    }
    let (deletes, others): (Vec<_>, Vec<_>) = plan
        .changes
        .iter()
        .cloned()
        .partition(|change| change.action == Action::Delete);
    let others = others.into_iter().filter(|change| {
        matches!(
            change.action,
            Action::Create | Action::Update | Action::Adopt
        )
    });
    phase(&crew, others.collect(), &mut recorder).await;
    let (deletes, waiting) = deletes
        .into_iter()
        .partition(|delete| recorder.may_delete(delete));
    for change in waiting {
        recorder.leave(change, Vec::new());
    }
    phase(&crew, deletes, &mut recorder).await;
    recorder.finish()
}

/// Makes `changes` with as many workers as allowed, and records them as they come in. Nobody waits for a state to be
/// written: what is made meanwhile goes into the next.
async fn phase(crew: &Arc<Crew>, changes: Vec<Change>, recorder: &mut Recorder<'_, '_>) {
    let mut reports = crew.start(changes);
    let mut rested = Instant::now();
    while let Some(report) = reports.recv().await {
        let (mut finished, mut receipts) = (Vec::new(), Vec::new());
        let mut next = Some(report);
        while let Some((report, receipt)) = next {
            receipts.push(receipt);
            match report {
                work::Report::Finished(one) => finished.push(one),
                work::Report::NotTried(change, sent) => recorder.leave(change, sent),
            }
            next = tokio::select! {
                biased;
                report = reports.recv() => report,
                () = tokio::time::sleep_until(rested) => None,
            };
        }
        let started = Instant::now();
        if !recorder.record(finished.into_iter()) {
            crew.halt();
        }
        drop(receipts);
        if crew.goes_on() {
            rested = Instant::now() + started.elapsed() * REST;
        }
    }
}

/// The file that must be there before `delete` may run, where it is the second half of a rename.
fn renamed_to(delete: &Change) -> Option<&Name> {
    delete.reasons.iter().find_map(|reason| match reason {
        Reason::RenamedTo(name) => Some(name),
        Reason::New
        | Reason::Missing
        | Reason::Differs(..)
        | Reason::AlreadyThere
        | Reason::TakenOver
        | Reason::InTheWay
        | Reason::NotDesired
        | Reason::NotThen
        | Reason::Unmanaged
        | Reason::Destroy
        | Reason::Agrees => None,
    })
}
