//! `import`: taking what the library already has into the state.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::Context;
use crate::cli::args::ImportArgs;
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::libraries::{self, Unready};
use crate::cli::session::Session;
use crate::cli::stop::Stop;
use crate::cli::workspace::Workspace;
use crate::model::{Name, ObservedFile, TrackedFile};
use crate::render::{escape::visible, plural};
use crate::state::Locked;
use manifest::Writing;

mod draft;
mod error;
mod manifest;
mod report;
#[cfg(test)]
mod tests;

pub(in crate::cli) async fn run(context: &Context, args: &ImportArgs) -> Result<Exit, Failure> {
    let (writing, workspace) = match &args.write_manifest {
        Some(path) => {
            let (writing, workspace) = Writing::begin(context, path, &args.search)?;
            (Some(writing), workspace)
        }
        None => (None, Workspace::load(context)?),
    };
    let sessions = workspace.sessions(context)?;
    let stop = Stop::listen(context.output)?;
    let names: BTreeSet<_> = args.names.iter().map(Name::existing).collect();
    let work = async {
        let results = libraries::at_once(&sessions, async |session: &Session| {
            match ready(context, args, &stop, session).await {
                Ok((locked, observed)) => Ok((session, locked, observed)),
                Err(failure) => Err(Unready::new(session.clone(), failure).await),
            }
        });
        let (mut ready, unready) = libraries::sort_out(context, results.await)?;
        // Nothing is written before every name is known.
        check(&names, &ready)?;
        if let Some(writing) = &writing {
            // A manifest without a library would later be taken for one that has it no more.
            if !unready.is_empty() {
                return Err(error::Error::NotAllReady.into());
            }
            writing.write(context, &mut ready, |name| args.all || names.contains(name))?;
        }
        for (session, locked, observed) in ready {
            write(context, args, session, locked, observed, &names)?;
        }
        Ok(if unready.is_empty() {
            Exit::Done
        } else {
            Exit::Incomplete
        })
    };
    tokio::select! {
        done = work => done,
        () = stop.now.cancelled() => Ok(Exit::Interrupted),
    }
}

async fn ready(
    context: &Context,
    args: &ImportArgs,
    stop: &Stop,
    session: &Session,
) -> Result<(Locked, Observed), Failure> {
    let locked = session.lock(context, args.lock_timeout, &stop.soon).await?;
    let connection = session.connect(&stop.soon).await?;
    Ok((locked, connection.client.list().await?))
}

type Observed = BTreeMap<Name, ObservedFile>;

/// Refuses a name that no library has.
fn check(names: &BTreeSet<Name>, ready: &[(&Session, Locked, Observed)]) -> Result<(), Error> {
    let known = || ready.iter().flat_map(|(_, _, observed)| observed.keys());
    for name in names {
        if !known().any(|known| known == name) {
            return Err(Error::NoFile {
                name: name.clone(),
                among: if ready.len() > 1 {
                    "no library has a file"
                } else {
                    "the library has no file"
                },
                help: did_you_mean(
                    name.as_str(),
                    known().map(Name::as_str),
                    "run `jumpbag plan` for what it has",
                ),
            });
        }
    }
    Ok(())
}

fn write(
    context: &Context,
    args: &ImportArgs,
    session: &Session,
    mut locked: Locked,
    observed: Observed,
    names: &BTreeSet<Name>,
) -> Result<(), Failure> {
    let tracked = &locked.document().files;
    let wanted = |name: &Name| (args.all || names.contains(name)) && !tracked.contains_key(name);
    let found: BTreeMap<_, _> = observed
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    if !found.is_empty() {
        locked.write(
            |document| enter(document, session, &found),
            jiff::Timestamp::now(),
        )?;
        locked.finish()?;
    }
    report(context, args, session, &found)
}

fn enter(
    document: &mut crate::state::Document,
    session: &Session,
    found: &BTreeMap<Name, ObservedFile>,
) {
    for (name, observed) in found {
        // The manifest's protection holds from the start; a size that is known is kept.
        let desired = session.desired.get(name);
        let mut file = observed.file.clone();
        let known = desired.filter(|desired| desired.file.sha256 == file.sha256);
        file.size = file.size.or(known.and_then(|desired| desired.file.size));
        let protect = desired.is_some_and(|desired| desired.protect);
        document
            .files
            .insert(name.clone(), TrackedFile { file, protect });
    }
}

/// Says what was imported, and what the manifest still has to say about it.
fn report(
    context: &Context,
    args: &ImportArgs,
    session: &Session,
    found: &BTreeMap<Name, ObservedFile>,
) -> Result<(), Failure> {
    let library = visible(&session.id.name);
    let count = plural(found.len() as u64, "file");
    let mut text = format!("Imported {count} of `{library}`.\n");
    for name in found.keys() {
        text.push_str("  ");
        text.push_str(&visible(name.as_str()));
        text.push('\n');
    }
    context.output.result(&text)?;
    if args.write_manifest.is_some() {
        return Ok(());
    }
    let missing: Vec<_> = found
        .keys()
        .filter(|name| !session.desired.contains_key(name))
        .map(|name| format!("`{}`", visible(name.as_str())))
        .collect();
    if !missing.is_empty() {
        context.output.note(&format!(
            "The manifest has no entry for {}: the next plan deletes what has none, so add entries first.",
            missing.join(", ")
        ));
    }
    Ok(())
}
