//! `apply` and `destroy`: plan, ask, and execute.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, stdin};

use camino::Utf8PathBuf;

use super::execute::{Goal, Ready, execute};
use super::{plan as planning, show};
use crate::cli::Context;
use crate::cli::args::{ApplyArgs, ApplyOptions, DestroyArgs, PlanOptions};
use crate::cli::error::{Error, Refused};
use crate::cli::events::Events;
use crate::cli::exit::{Exit, Failure};
use crate::cli::review;
use crate::cli::session::{Choice, Session, Workspace};
use crate::cli::stop::Stop;
use crate::model::Selection;
use crate::plan::{self, LibraryPlan, Misfit, Plan, Reason, Refusal, Warning};
use crate::render::events::Approval;

pub(in crate::cli) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Failure> {
    let wanted = || match &args.plan {
        Some(path) => {
            let plan = show::read(path)?;
            Ok(Wanted::Saved(
                plan,
                path.clone(),
                args.options.allow_deletes,
            ))
        }
        None => Ok(Wanted::Planned(args.options.clone(), args.destroy)),
    };
    recorded(context, wanted, &args.apply).await
}

pub(in crate::cli) async fn destroy(
    context: &Context,
    args: &DestroyArgs,
) -> Result<Exit, Failure> {
    let wanted = || Ok(Wanted::Planned(args.options.clone(), true));
    recorded(context, wanted, &args.apply).await
}

/// Applies what is wanted, with an account of it in the events, whatever comes of it.
async fn recorded(
    context: &Context,
    wanted: impl FnOnce() -> Result<Wanted, Failure>,
    options: &ApplyOptions,
) -> Result<Exit, Failure> {
    review::check(&options.forms, options.events.as_ref())?;
    let events = Events::open(options.events.as_ref(), context.output)?;
    let beside = Context {
        global: context.global.clone(),
        output: context.output.beside(),
    };
    let on_stdout = options.events.as_ref().is_some_and(|path| path == "-");
    let context = if on_stdout { &beside } else { context };
    let result = async { go(context, &wanted()?, options, &events).await };
    let result = result.await;
    events.end(context.output, result)
}

/// What shall be applied.
enum Wanted {
    /// What is planned now.
    Planned(PlanOptions, bool),
    /// Exactly this, read from that file, with as many deletes as are allowed now.
    Saved(Plan, Utf8PathBuf, Option<u64>),
}

impl Wanted {
    /// The words of the command that goes on where an apply of this ended: its next run, or where that
    /// would be stale or has to be looked at first, its next plan.
    fn next(&self, options: &ApplyOptions, look_first: bool) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: Option<String>| {
            words.extend([Some(option.to_owned()), value].into_iter().flatten());
        };
        let (targets, destroy) = match self {
            Self::Planned(options, destroy) => (options.target.clone(), *destroy),
            Self::Saved(plan, ..) => (planned_targets(plan), plan.libraries.iter().any(is_destroy)),
        };
        let command = match (self, look_first) {
            (Self::Planned(..), false) => "apply",
            (Self::Planned(..), true) | (Self::Saved(..), _) => "plan",
        };
        add(command, None);
        if destroy {
            add("--destroy", None);
        }
        for target in targets {
            add("--target", Some(target));
        }
        match self {
            Self::Planned(plan, _) => {
                if let Some(allowed) = plan.allow_deletes {
                    add("--allow-deletes", Some(allowed.to_string()));
                }
                if options.auto_approve && !look_first {
                    add("--auto-approve", None);
                }
                if let (Some(path), false) = (&options.events, look_first) {
                    add("--events", Some(path.to_string()));
                }
            }
            Self::Saved(_, path, allowed) => {
                if let Some(allowed) = allowed {
                    add("--allow-deletes", Some(allowed.to_string()));
                }
                add("--out", Some(path.to_string()));
            }
        }
        words
    }

    /// The command that applies `plan` and nothing else.
    fn command(&self, context: &Context, sessions: &[Session], plan: &Plan) -> String {
        match self {
            Self::Planned(options, destroy) => {
                review::apply_command(context, options, *destroy, plan)
            }
            Self::Saved(_, path, _) => {
                review::apply_saved_command(context, path.as_str(), sessions, plan)
            }
        }
    }
}

/// The files that a saved plan was limited to; none where it is about everything.
fn planned_targets(plan: &Plan) -> Vec<String> {
    if plan.libraries.iter().all(|part| part.left_out == 0) {
        return Vec::new();
    }
    let changes = plan.libraries.iter().flat_map(|part| &part.changes);
    let names: BTreeSet<_> = changes.map(|change| change.name.to_string()).collect();
    names.into_iter().collect()
}

/// Whether a saved plan was made to delete everything.
fn is_destroy(part: &LibraryPlan) -> bool {
    part.changes
        .iter()
        .any(|change| change.reasons.contains(&Reason::Destroy))
}

async fn go(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    events: &Events,
) -> Result<Exit, Failure> {
    let stop = Stop::listen(context.output)?;
    let work = async {
        let (mut ready, warnings) = prepare(context, wanted, options, &stop).await?;
        let plan = match wanted {
            Wanted::Planned(..) => planned(&ready, warnings),
            Wanted::Saved(plan, ..) => plan.clone(),
        };
        let sessions: Vec<_> = ready.iter().map(|ready| ready.session.clone()).collect();
        let command = wanted.command(context, &sessions, &plan);
        events.plan(&plan, &review::fingerprint(&plan))?;
        review::show(context, &plan, &sessions, &options.forms, &command)?;
        if plan.is_refused() {
            return Err(Failure::refused(Refused::Plan));
        }
        check(wanted, &plan, &ready)?;
        let how = approve(context, wanted, &plan, options, &stop).await?;
        events.approved(&plan, how)?;
        let next = |look_first| wanted.next(options, look_first);
        let goal = Goal {
            plan: &plan,
            options,
            next: &next,
        };
        execute(context, goal, &mut ready, events, &stop).await
    };
    tokio::select! {
        result = work => result,
        () = stop.now.cancelled() => Ok(Exit::Interrupted),
    }
}

/// What is planned now.
fn planned(ready: &[Ready], warnings: Vec<Warning>) -> Plan {
    let inputs = ready.iter().map(|ready| &ready.inputs);
    Plan {
        libraries: inputs.map(plan::plan).collect(),
        warnings,
    }
}

/// Locks, reads and lists every library that the plan is about. Nothing is changed before all are ready.
async fn prepare(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<(Vec<Ready>, Vec<Warning>), Failure> {
    let mut workspace = Workspace::load(context)?;
    let warnings = std::mem::take(&mut workspace.warnings);
    let mut sessions = workspace.sessions(context)?;
    let mut choice = Choice::default();
    let mut refresh = true;
    match wanted {
        Wanted::Planned(options, destroy) => {
            choice = planning::choice(options, *destroy);
            refresh = !options.no_refresh;
        }
        Wanted::Saved(plan, ..) => {
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
        let locked = session
            .lock(context, options.lock_timeout, &stop.soon)
            .await?;
        let stop = stop.soon.child_token();
        let connection = session.connect(&stop).await?;
        let observed = if refresh {
            Some(connection.client.list().await?)
        } else {
            None
        };
        let document = Some(locked.document()).filter(|document| document.serial > 0);
        let inputs = match wanted {
            Wanted::Planned(..) => session.inputs(document, observed, &choice),
            Wanted::Saved(plan, _, allowed) => {
                let part = plan
                    .libraries
                    .iter()
                    .find(|part| part.library.name == session.id.name);
                let choice = part
                    .map(|part| planned_choice(part, *allowed))
                    .unwrap_or_default();
                session.inputs(document, observed, &choice)
            }
        };
        ready.push(Ready {
            session,
            locked,
            connection,
            stop,
            inputs,
        });
    }
    let inputs: Vec<_> = ready.iter().map(|ready| ready.inputs.clone()).collect();
    planning::check_targets(&choice, &inputs)?;
    Ok((ready, warnings))
}

/// Refuses a plan that does not fit what is desired, tracked and observed now.
fn check(wanted: &Wanted, plan: &Plan, ready: &[Ready]) -> Result<(), Failure> {
    let mut misfits: Vec<_> = plan
        .libraries
        .iter()
        .zip(ready)
        .flat_map(|(part, ready)| plan::check(&ready.inputs, part))
        .map(|Misfit { name, what }| match name {
            Some(name) => format!("`{name}`: {what}"),
            None => what,
        })
        .collect();
    if misfits.is_empty() && matches!(wanted, Wanted::Saved(..)) {
        misfits = plan_again(plan, ready);
    }
    if misfits.is_empty() {
        Ok(())
    } else {
        Err(Failure::refused(Refused::Stale { misfits }))
    }
}

/// How a saved plan differs from the one that is made of the same files now: somebody who edits it must not
/// get past a refusal by it.
fn plan_again(saved: &Plan, ready: &[Ready]) -> Vec<String> {
    let now = planned(ready, Vec::new());
    let refusals = now.libraries.iter().flat_map(|part| &part.refusals);
    let mut misfits: Vec<_> = refusals.map(Refusal::message).collect();
    if misfits.is_empty() && plan::fingerprint(&now) != plan::fingerprint(saved) {
        misfits.push("planned again, it comes out otherwise".to_owned());
    }
    misfits
}

/// What a saved plan was asked to be about. How many deletes are `allowed` is said anew: a file that anybody
/// can edit must not say it.
fn planned_choice(part: &LibraryPlan, allowed: Option<u64>) -> Choice {
    let names = part.changes.iter().map(|change| change.name.clone());
    Choice {
        selection: Selection::Targets(names.collect()),
        destroy: is_destroy(part),
        allow_deletes: allowed,
    }
}

/// Makes sure that somebody wants this plan; returns who says so.
async fn approve(
    context: &Context,
    wanted: &Wanted,
    plan: &Plan,
    options: &ApplyOptions,
    stop: &Stop,
) -> Result<Approval, Failure> {
    let found = review::fingerprint(plan);
    if let Some(approved) = &options.approved {
        let approved = approved.trim().to_ascii_lowercase();
        if approved == found {
            return Ok(Approval::ApprovedFingerprint);
        }
        return Err(Failure::refused(Refused::Fingerprint { found, approved }));
    }
    // Whoever saved a plan has seen it.
    if matches!(wanted, Wanted::Saved(..)) {
        return Ok(Approval::SavedPlan);
    }
    if plan.summary().is_empty() {
        return Ok(Approval::NoChanges);
    }
    if options.auto_approve {
        return Ok(Approval::AutoApprove);
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
            Ok(Ok(answer)) if answer.trim() == "yes" => Ok(Approval::Question),
            _ => Err(Failure::refused(Refused::NotApproved)),
        },
        () = stop.soon.cancelled() => Err(crate::library::Error::Stopped.into()),
    }
}
