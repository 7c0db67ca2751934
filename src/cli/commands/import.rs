//! `import`: taking what the library already has into the state.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::Context;
use crate::cli::args::ImportArgs;
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{Session, Workspace};
use crate::cli::stop::Stop;
use crate::model::{Name, ObservedFile, TrackedFile};
use crate::render::{escape::visible, plural};

pub(in crate::cli) async fn run(context: &Context, args: &ImportArgs) -> Result<Exit, Failure> {
    let sessions = Workspace::load(context)?.sessions(context)?;
    let stop = Stop::listen(context.output)?;
    let names: BTreeSet<_> = args.names.iter().map(Name::existing).collect();
    for session in &sessions {
        let work = import(context, args, session, &names, &stop);
        tokio::select! {
            done = work => done?,
            () = stop.now.cancelled() => return Ok(Exit::Interrupted),
        }
    }
    Ok(Exit::Done)
}

async fn import(
    context: &Context,
    args: &ImportArgs,
    session: &Session,
    names: &BTreeSet<Name>,
    stop: &Stop,
) -> Result<(), Failure> {
    let mut locked = session.lock(context, args.lock_timeout, &stop.soon).await?;
    let connection = session.connect(&stop.soon).await?;
    let observed = connection.client.list().await?;
    for name in names {
        if !observed.contains_key(name) {
            return Err(Error::NoFile {
                name: name.clone(),
                among: "the library has no file",
                help: did_you_mean(
                    name.as_str(),
                    observed.keys().map(Name::as_str),
                    "run `jumpbag plan` for what it has",
                ),
            }
            .into());
        }
    }
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
    report(context, session, &found);
    Ok(())
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
        file.size = desired
            .filter(|desired| desired.file.sha256 == file.sha256)
            .and_then(|desired| desired.file.size);
        let protect = desired.is_some_and(|desired| desired.protect);
        document
            .files
            .insert(name.clone(), TrackedFile { file, protect });
    }
}

/// Says what was imported, and what the manifest still has to say about it.
fn report(context: &Context, session: &Session, found: &BTreeMap<Name, ObservedFile>) {
    let library = visible(&session.id.name);
    let count = plural(found.len() as u64, "file");
    let mut text = format!("Imported {count} of `{library}`.\n");
    for name in found.keys() {
        text.push_str("  ");
        text.push_str(&visible(name.as_str()));
        text.push('\n');
    }
    context.output.result(&text);
    let missing: Vec<_> = found
        .keys()
        .filter(|name| !session.desired.contains_key(name))
        .map(|name| format!("`{}`", visible(name.as_str())))
        .collect();
    if !missing.is_empty() {
        context.output.note(&format!(
            "The manifest has no entry for {}: the next plan deletes what has none. Add entries, or leave those files unmanaged.",
            missing.join(", ")
        ));
    }
}
