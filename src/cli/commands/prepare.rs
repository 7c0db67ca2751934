//! What an apply needs of each library before anything is changed: its lock, its state, and its list.

use std::borrow::Cow;

use super::plan as planning;
use super::wanted::Wanted;
use crate::cli::Context;
use crate::cli::args::ApplyOptions;
use crate::cli::error::Error;
use crate::cli::exit::Failure;
use crate::cli::libraries::{self, Unready};
use crate::cli::lints::Lints;
use crate::cli::rollback;
use crate::cli::session::{Choice, Connection, Session};
use crate::cli::stop::Stop;
use crate::cli::workspace::Workspace;
use crate::model::{Inputs, Selection};
use crate::plan::{LibraryPlan, Plan, Warning};
use crate::state::Locked;
use tokio_util::sync::CancellationToken;

/// What an apply has to work with.
pub(super) struct Prepared {
    /// The libraries that it can work on, in the order of their names.
    pub(super) ready: Vec<Ready>,
    /// Those that it cannot, with why.
    pub(super) unready: Vec<Unready>,
    /// What is odd about the manifest or the libraries.
    pub(super) warnings: Vec<Warning>,
    /// What is planned from, in the order of the libraries' names; where one cannot be listed, the state
    /// stands for it.
    pub(super) inputs: Vec<Inputs>,
    /// What is thought of what would be uploaded.
    pub(super) lints: Lints,
}

/// A library that is locked and ready.
pub(super) struct Ready {
    pub(super) session: Session,
    pub(super) locked: Locked,
    pub(super) connection: Connection,
    /// Stops the calls of this library alone; cancelled when those of all are.
    pub(super) stop: CancellationToken,
    pub(super) inputs: Inputs,
}

impl Ready {
    /// Its part of `plan`.
    pub(super) fn part<'a>(&self, plan: &'a Plan) -> Option<&'a LibraryPlan> {
        part(plan, &self.session)
    }
}

/// Locks, reads and lists every library that the plan is about. Nothing is changed before each of them is
/// ready or known not to be.
pub(super) async fn prepare(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<Prepared, Failure> {
    let mut workspace = Workspace::towards(context, wanted.towards())?;
    let mut warnings = std::mem::take(&mut workspace.warnings);
    let lints = Lints::of(&workspace);
    let mut sessions = workspace.sessions(context)?;
    if let Wanted::Saved(plan, ..) = wanted {
        sessions = planned(sessions, plan)?;
    }
    if let Some(serial) = wanted.towards().serial() {
        rollback::fill(&mut sessions, serial)?;
    }
    let results = libraries::at_once(sessions, async |session: Session| {
        match ready(context, wanted, options, stop, &session).await {
            Ok((locked, connection, stop, inputs)) => Ok(Ready {
                session,
                locked,
                connection,
                stop,
                inputs,
            }),
            Err(failure) => Err(Unready::new(session, failure).await),
        }
    });
    let (ready, unready) = libraries::sort_out(context, results.await)?;
    warnings.extend(unready.iter().map(Unready::warning));
    let mut inputs: Vec<_> = ready.iter().map(|ready| ready.inputs.clone()).collect();
    inputs.extend(
        unready
            .iter()
            .filter_map(|one| one.inputs(&choice(wanted, &one.session))),
    );
    inputs.sort_by(|one, other| one.library.name.cmp(&other.library.name));
    if let Wanted::Planned(options, towards) = wanted {
        planning::check_targets(&planning::choice(options, *towards), &inputs)?;
    }
    Ok(Prepared {
        ready,
        unready,
        warnings,
        inputs,
        lints,
    })
}

/// The sessions that a saved plan is about.
fn planned(mut sessions: Vec<Session>, plan: &Plan) -> Result<Vec<Session>, Error> {
    sessions.retain(|session| part(plan, session).is_some());
    for part in &plan.libraries {
        let name = &part.library.name;
        if !sessions.iter().any(|session| session.id.name == *name) {
            return Err(Error::OtherManifest {
                library: name.clone(),
            });
        }
    }
    Ok(sessions)
}

fn part<'a>(plan: &'a Plan, session: &Session) -> Option<&'a LibraryPlan> {
    let mut parts = plan.libraries.iter();
    parts.find(|part| part.library.name == session.id.name)
}

async fn ready(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    stop: &Stop,
    session: &Session,
) -> Result<(Locked, Connection, CancellationToken, Inputs), Failure> {
    let lock = session.lock(context, options.lock_timeout, &stop.soon);
    let locked = lock.await?;
    let stop = stop.soon.child_token();
    let connection = session.connect(&stop).await?;
    let observed = if wanted.refreshes() {
        Some(connection.client.list().await?)
    } else {
        None
    };
    let document = Some(locked.document()).filter(|document| document.serial > 0);
    let spent = session.spent().await;
    let document = document.map(Cow::Borrowed);
    let inputs = session.inputs(document, observed, spent, &choice(wanted, session));
    Ok((locked, connection, stop, inputs))
}

/// What the plan of `session` is asked to be about.
fn choice(wanted: &Wanted, session: &Session) -> Choice {
    match wanted {
        Wanted::Planned(options, towards) => planning::choice(options, *towards),
        Wanted::Saved(plan, _, options) => part(plan, session)
            .map(|part| saved_choice(part, options.allow_deletes))
            .unwrap_or_default(),
    }
}

/// What a saved plan was asked to be about. How many deletes are `allowed` is said anew: a file that anybody
/// can edit must not say it.
fn saved_choice(part: &LibraryPlan, allowed: Option<u64>) -> Choice {
    let names = part.changes.iter().map(|change| change.name.clone());
    Choice {
        selection: Selection::Targets(names.collect()),
        towards: super::wanted::towards(part),
        allow_deletes: allowed,
    }
}
