//! `plan`: what would change.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::args::{PlanArgs, PlanOptions, Towards};
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::file;
use crate::cli::libraries::{self, Unready};
use crate::cli::lints::Lints;
use crate::cli::policies::Policies;
use crate::cli::review::{self, Reviewed};
use crate::cli::rollback;
use crate::cli::session::{Choice, Session};
use crate::cli::workspace::Workspace;
use crate::model::{Inputs, Name, Selection};
use crate::plan::{self, Plan};
use crate::render;
use crate::state::Document;

pub(in crate::cli) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit, Failure> {
    review::check(&args.forms, None)?;
    let policies = Policies::load(context, args.options.policy.as_ref())?;
    let towards = args.towards.towards();
    let (mut workspace, early) = Workspace::ahead(context, towards)?;
    let mut warnings = std::mem::take(&mut workspace.warnings);
    let lints = Lints::of(&workspace);
    let mut sessions = workspace.sessions(context)?;
    if let Some(serial) = towards.serial() {
        rollback::fill(&mut sessions, serial)?;
    }
    let choice = choice(&args.options, towards);
    let early = RefCell::new(early);
    let results = libraries::at_once(&sessions, async |session: &Session| {
        let document = early.borrow_mut().take(&session.id.name);
        match inputs(session, document, &args.options, &choice).await {
            Ok(inputs) => Ok(inputs),
            Err(failure) => Err(Unready::new(session.clone(), failure).await),
        }
    });
    let (mut inputs, unready) = libraries::sort_out(context, results.await)?;
    warnings.extend(unready.iter().map(Unready::warning));
    inputs.extend(unready.iter().filter_map(|one| one.inputs(&choice)));
    inputs.sort_by(|one, other| one.library.name.cmp(&other.library.name));
    check_targets(&choice, &inputs)?;
    let mut plan = Plan {
        libraries: inputs.iter().map(plan::plan).collect(),
        warnings,
    };
    lints.judge(context, &mut plan, &sessions, towards)?;
    policies.judge(context, &mut plan, lints.levels())?;
    rollback::check(&plan, &sessions)?;
    let reviewed = Reviewed::of(&plan);
    let command = review::apply_command(context, &args.options, towards, &reviewed);
    review::show(context, &reviewed, &sessions, &args.forms, &command)?;
    if let Some(path) = &args.out {
        file::write(path, &render::json(&plan, reviewed.fingerprint()))?;
        let allowed = args
            .options
            .allow_deletes
            .map(|allowed| allowed.to_string());
        let mut words = vec!["apply", path.as_str()];
        if let Some(allowed) = &allowed {
            words.extend(["--allow-deletes", allowed]);
        }
        let policy = review::policy_words(&args.options);
        words.extend(policy.iter().map(String::as_str));
        context.output.note(&format!(
            "\nSaved the plan. Apply exactly this one with: {}",
            crate::cli::summary::command(context, &words)
        ));
    }
    let exit = if !unready.is_empty() {
        Exit::Failed
    } else if plan.is_refused() {
        Exit::Refused
    } else if args.detailed_exitcode && !plan.summary().is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    };
    // The process ends, which gives them back at once and not piece by piece. No secret is in them.
    std::mem::forget((plan, inputs));
    Ok(exit)
}

/// What one library is planned from; its state is read unless it is `document`.
async fn inputs(
    session: &Session,
    document: Option<Document>,
    options: &PlanOptions,
    choice: &Choice,
) -> Result<Inputs, Failure> {
    let document = match document {
        Some(document) => Some(session.accept(document)?),
        None => session.read().await?,
    };
    let observed = if options.no_refresh {
        None
    } else {
        let connection = session.connect(&CancellationToken::new()).await?;
        Some(connection.client.list().await?)
    };
    let spent = session.spent().await;
    Ok(session.inputs(document.map(Cow::Owned), observed, spent, choice))
}

pub(in crate::cli) fn choice(options: &PlanOptions, towards: Towards) -> Choice {
    let targets: BTreeSet<_> = options.target.iter().map(Name::existing).collect();
    let selection = if targets.is_empty() {
        Selection::All
    } else {
        Selection::Targets(targets)
    };
    Choice {
        selection,
        towards,
        allow_deletes: options.allow_deletes,
    }
}

/// Refuses a target that no side knows: it is a typing error, and a plan without it says nothing of it.
pub(in crate::cli) fn check_targets(choice: &Choice, inputs: &[Inputs]) -> Result<(), Error> {
    let Selection::Targets(targets) = &choice.selection else {
        return Ok(());
    };
    let known = || {
        inputs.iter().flat_map(|inputs| {
            inputs
                .desired
                .keys()
                .chain(inputs.tracked.keys())
                .chain(inputs.observed.keys())
        })
    };
    for target in targets {
        if !known().any(|name| name == target) {
            return Err(Error::NoFile {
                name: target.clone(),
                among: "neither the manifest, the state nor the library knows a file",
                help: did_you_mean(
                    target.as_str(),
                    known().map(Name::as_str),
                    "give the file's name in the library, not its source",
                ),
            });
        }
    }
    Ok(())
}
