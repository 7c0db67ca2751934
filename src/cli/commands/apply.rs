//! `apply`, `rollback` and `destroy`: plan, ask, and execute.

use std::io::{IsTerminal as _, stdin};
use std::sync::Arc;

use super::execute::{Goal, execute};
use super::prepare::{Prepared, Ready, prepare};
use super::wanted::Wanted;
use super::{saved, show};
use crate::cli::Context;
use crate::cli::args::{ApplyArgs, ApplyOptions, DestroyArgs, RollbackArgs, Towards};
use crate::cli::error::Refused;
use crate::cli::events::Events;
use crate::cli::exit::{Exit, Failure};
use crate::cli::policies::Policies;
use crate::cli::review::{self, Reviewed};
use crate::cli::revision;
use crate::cli::rollback;
use crate::cli::stop::Stop;
use crate::plan::{self, Plan};
use crate::render::events::Approval;
use crate::state::{PlanAccount, RunAccount};

pub(in crate::cli) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Failure> {
    let wanted = || match &args.plan {
        Some(path) => {
            let plan = show::read(path)?;
            Ok(Wanted::Saved(plan, path.clone(), args.options.clone()))
        }
        None => Ok(Wanted::Planned(
            args.options.clone(),
            args.towards.towards(),
        )),
    };
    recorded(context, wanted, &args.apply).await
}

pub(in crate::cli) async fn destroy(
    context: &Context,
    args: &DestroyArgs,
) -> Result<Exit, Failure> {
    let wanted = || Ok(Wanted::Planned(args.options.clone(), Towards::Nothing));
    recorded(context, wanted, &args.apply).await
}

pub(in crate::cli) async fn rollback(
    context: &Context,
    args: &RollbackArgs,
) -> Result<Exit, Failure> {
    let towards = Towards::Serial(args.serial);
    let wanted = || Ok(Wanted::Planned(args.options.clone(), towards));
    recorded(context, wanted, &args.apply).await
}

/// Applies what is wanted, with an account of it in the events, whatever comes of it.
async fn recorded(
    context: &Context,
    wanted: impl FnOnce() -> Result<Wanted, Failure>,
    options: &ApplyOptions,
) -> Result<Exit, Failure> {
    review::check(&options.forms, options.events.as_ref())?;
    let events = Arc::new(Events::open(options.events.as_ref(), context.output)?);
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

async fn go(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    events: &Arc<Events>,
) -> Result<Exit, Failure> {
    let stop = Stop::listen(context.output)?;
    // Until the execution begins, there is nothing to put in order at a second interruption.
    let (prepared, plan) = tokio::select! {
        approved = approved(context, wanted, options, events, &stop) => approved?,
        () = stop.now.cancelled() => return Ok(Exit::Interrupted),
    };
    let next = |look_first| wanted.next(options, look_first);
    let goal = Goal {
        plan: &plan,
        options,
        next: &next,
    };
    let Prepared {
        mut ready, unready, ..
    } = prepared;
    describe(context, &plan, &mut ready);
    execute(context, goal, ready, &unready, events, &stop).await
}

/// Has the states say from where and by what they are written.
fn describe(context: &Context, plan: &Plan, ready: &mut [Ready]) {
    let revision = revision::of(&context.global.manifest);
    let fingerprint = review::fingerprint(plan);
    for one in ready {
        let Some(part) = one.part(plan) else {
            continue;
        };
        let summary = part.summary();
        one.locked.describe(RunAccount {
            revision: revision.clone(),
            plan: Some(PlanAccount {
                fingerprint: fingerprint.clone(),
                create: summary.create,
                update: summary.update,
                delete: summary.delete,
                adopt: summary.adopt,
                forget: summary.forget,
            }),
        });
    }
}

/// Plans, shows the plan, and returns when somebody has approved it.
async fn approved(
    context: &Context,
    wanted: &Wanted,
    options: &ApplyOptions,
    events: &Events,
    stop: &Stop,
) -> Result<(Prepared, Plan), Failure> {
    let mut prepared = prepare(context, wanted, options, stop).await?;
    let ready = prepared.ready.iter().map(|one| &one.session);
    let unready = prepared.unready.iter().map(|one| &one.session);
    let sessions: Vec<_> = ready.chain(unready).cloned().collect();
    let warnings = std::mem::take(&mut prepared.warnings);
    let tell = |plan: &Plan| {
        let reviewed = Reviewed::of(plan);
        events.plan(plan, reviewed.fingerprint())?;
        let command = wanted.command(context, &sessions, &reviewed);
        review::show(context, &reviewed, &sessions, &options.forms, &command)
    };
    let mut plan = match wanted {
        Wanted::Planned(..) => Plan {
            libraries: prepared.inputs.iter().map(plan::plan).collect(),
            warnings,
        },
        Wanted::Saved(saved, ..) => {
            let again = saved::again(saved, &prepared.inputs, &prepared.ready, warnings);
            match again {
                Ok(plan) => plan,
                Err(misfits) => {
                    tell(saved)?;
                    return Err(Failure::refused(Refused::Stale { misfits }));
                }
            }
        }
    };
    let lints = &prepared.lints;
    lints.judge(context, &mut plan, &sessions, wanted.towards())?;
    let policies = Policies::load(context, wanted.options().policy.as_ref())?;
    policies.judge(context, &mut plan, lints.levels())?;
    tell(&plan)?;
    if plan.is_refused() {
        return Err(Failure::refused(Refused::Plan));
    }
    check(&plan, &prepared.ready)?;
    rollback::check(&plan, &sessions)?;
    let how = approve(context, wanted, &plan, options, stop).await?;
    events.approved(&plan, how)?;
    Ok((prepared, plan))
}

/// Refuses a plan that does not fit what it was made from: a second opinion, by code that did not make it.
fn check(plan: &Plan, ready: &[Ready]) -> Result<(), Failure> {
    let parts = ready.iter().filter_map(|one| Some((one, one.part(plan)?)));
    let misfits: Vec<_> = parts
        .flat_map(|(one, part)| saved::misfits(one, part))
        .collect();
    if misfits.is_empty() {
        Ok(())
    } else {
        Err(Failure::refused(Refused::Stale { misfits }))
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
