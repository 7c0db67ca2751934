//! `apply` and `destroy`: plan, ask, and execute.

use std::io::{IsTerminal as _, stdin};

use super::{plan as planning, show};
use crate::apply::{self, Tools};
use crate::cli::Context;
use crate::cli::args::{ApplyArgs, ApplyOptions, DestroyArgs, PlanOptions};
use crate::cli::error::{Error, Refused};
use crate::cli::exit::{Exit, Failure};
use crate::cli::progress::Progress;
use crate::cli::session::{Connection, Session, Workspace};
use crate::cli::stop::Stop;
use crate::cli::summary;
use crate::model::{Inputs, Name};
use crate::plan::{self, Action, LibraryPlan, Misfit, Plan};
use crate::render::escape::visible;
use crate::state::Locked;

pub(in crate::cli) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Failure> {
    let wanted = match &args.plan {
        Some(path) => Wanted::Saved(show::read(path)?),
        None => Wanted::Planned(args.options.clone(), args.destroy),
    };
    go(context, &wanted, &args.apply).await
}

pub(in crate::cli) async fn destroy(
    context: &Context,
    args: &DestroyArgs,
) -> Result<Exit, Failure> {
    go(
        context,
        &Wanted::Planned(args.options.clone(), true),
        &args.apply,
    )
    .await
}

/// What shall be applied.
enum Wanted {
    /// What is planned now.
    Planned(PlanOptions, bool),
    /// Exactly this.
    Saved(Plan),
}

/// A library that is locked and ready.
struct Ready {
    session: Session,
    locked: Locked,
    connection: Connection,
    inputs: Inputs,
}

async fn go(context: &Context, wanted: &Wanted, options: &ApplyOptions) -> Result<Exit, Failure> {
    let stop = Stop::listen(context.output)?;
    let work = async {
        let mut ready = prepare(context, wanted, options, &stop).await?;
        let plan = match wanted {
            Wanted::Planned(..) => Plan {
                libraries: ready
                    .iter()
                    .map(|ready| plan::plan(&ready.inputs))
                    .collect(),
            },
            Wanted::Saved(plan) => plan.clone(),
        };
        let sessions: Vec<_> = ready.iter().map(|ready| ready.session.clone()).collect();
        planning::show(context, &plan, &sessions, None)?;
        if plan.is_refused() {
            return Err(Failure::refused(Refused::Plan));
        }
        check(&plan, &ready)?;
        approve(context, wanted, &plan, options, &stop).await?;
        execute(context, &plan, &mut ready, options, &stop).await
    };
    tokio::select! {
        result = work => result,
        () = stop.now.cancelled() => Ok(Exit::Interrupted),
    }
}

/// Locks, reads and lists every library that the plan is about. Nothing is changed before all are ready.
async fn prepare(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<Vec<Ready>, Failure> {
    let mut sessions = Workspace::load(context)?.sessions(context)?;
    let mut choice = crate::cli::session::Choice::default();
    let mut refresh = true;
    match wanted {
        Wanted::Planned(options, destroy) => {
            choice = planning::choice(options, *destroy);
            refresh = !options.no_refresh;
        }
        Wanted::Saved(plan) => {
            let planned = |name: &str| plan.libraries.iter().any(|part| part.library.name == name);
            sessions.retain(|session| planned(&session.id.name));
            for part in &plan.libraries {
                let name = &part.library.name;
                if !sessions.iter().any(|session| session.id.name == *name) {
                    return Err(Error::OtherManifest {
                        library: name.clone(),
                    }
                    .into());
                }
            }
        }
    }
    let mut ready = Vec::new();
    for session in sessions {
        let locked = session.lock(context, options.lock_timeout).await?;
        let connection = session.connect(&stop.soon).await?;
        let observed = if refresh {
            Some(connection.client.list().await?)
        } else {
            None
        };
        let document = Some(locked.document()).filter(|document| document.serial > 0);
        let inputs = session.inputs(document, observed, &choice);
        ready.push(Ready {
            session,
            locked,
            connection,
            inputs,
        });
    }
    let inputs: Vec<_> = ready.iter().map(|ready| ready.inputs.clone()).collect();
    planning::check_targets(&choice, &inputs)?;
    Ok(ready)
}

/// Refuses a plan that does not fit what is desired, tracked and observed now.
fn check(plan: &Plan, ready: &[Ready]) -> Result<(), Failure> {
    let misfits: Vec<_> = plan
        .libraries
        .iter()
        .zip(ready)
        .flat_map(|(part, ready)| plan::check(&ready.inputs, part))
        .map(|Misfit { name, what }| match name {
            Some(name) => format!("`{name}`: {what}"),
            None => what,
        })
        .collect();
    if misfits.is_empty() {
        Ok(())
    } else {
        Err(Failure::refused(Refused::Stale { misfits }))
    }
}

/// Makes sure that somebody wants this plan.
async fn approve(
    context: &Context,
    wanted: &Wanted,
    plan: &Plan,
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<(), Failure> {
    let found = planning::fingerprint(plan);
    if let Some(approved) = &options.approved {
        let approved = approved.trim().to_ascii_lowercase();
        if approved == found {
            return Ok(());
        }
        return Err(Failure::refused(Refused::Fingerprint { found, approved }));
    }
    // Whoever saved a plan has seen it.
    let saved = matches!(wanted, Wanted::Saved(_));
    if options.auto_approve || saved || plan.summary().is_empty() {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(Failure::refused(Refused::NoTerminal { fingerprint: found }));
    }
    context
        .output
        .question("\nApply these changes? Only `yes` is taken for a yes: ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        stdin().read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        answer = answer => match answer {
            Ok(Ok(answer)) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::refused(Refused::NotApproved)),
        },
        () = stop.soon.cancelled() => Err(crate::library::Error::Stopped.into()),
    }
}

/// Applies each library's part, one after the other.
async fn execute(
    context: &Context,
    plan: &Plan,
    ready: &mut [Ready],
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for (part, ready) in plan.libraries.iter().zip(ready) {
        let sources = ready
            .session
            .desired
            .iter()
            .map(|(name, desired)| (name.clone(), desired.source.clone()))
            .collect::<std::collections::BTreeMap<Name, _>>();
        let tools = Tools {
            client: std::sync::Arc::clone(&ready.connection.client),
            contents: ready.session.store.contents(),
            sources,
            concurrency: options.concurrency.into(),
            stop: stop.soon.clone(),
            now: jiff::Timestamp::now,
        };
        let mut progress = Progress::new(
            context.output,
            steps(part),
            ready.connection.client.waiting(),
        );
        let outcome = apply::run(part, tools, &mut ready.locked, &mut |event| {
            progress.tell(event);
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
            context
                .output
                .result(&summary::text(context, &part.library, &outcome));
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
