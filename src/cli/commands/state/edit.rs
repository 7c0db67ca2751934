//! `state mv` and `state rm`: what the state knows, without a call to the library.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::model::Name;
use crate::render::escape::visible;
use crate::state::{Document, Locked};

/// Has the state know the file `old` by the name `new`.
pub(super) async fn rename(
    context: &Context,
    sessions: &[Session],
    [old, new]: [&String; 2],
    timeout: Duration,
) -> Result<Exit, Failure> {
    let [from, to] = [old, new].map(Name::existing);
    let knowing = knowing(sessions, std::slice::from_ref(&from))?;
    let mut all = lock(context, &knowing, timeout).await?;
    for (_, locked) in &all {
        // Nothing is written before every state is known to take it.
        let files = &locked.document().files;
        let taken = files
            .keys()
            .find(|name| **name != from && name.folded() == to.folded());
        if let Some(name) = taken {
            let name = name.clone();
            return Err(Error::NameTaken { name }.into());
        }
    }
    for (session, locked) in &mut all {
        write(locked, |document| {
            if let Some(file) = document.files.remove(&from) {
                document.files.insert(to.clone(), file);
            }
        })?;
        context.output.result(&format!(
            "The state of `{}` knows `{}` as `{}` now.\n",
            visible(&session.id.name),
            visible(old),
            visible(new)
        ))?;
    }
    Ok(Exit::Done)
}

/// Has the state forget the files `names`.
pub(super) async fn forget(
    context: &Context,
    sessions: &[Session],
    names: &[String],
    timeout: Duration,
) -> Result<Exit, Failure> {
    let names: Vec<_> = names.iter().map(Name::existing).collect();
    let knowing = knowing(sessions, &names)?;
    let mut all = lock(context, &knowing, timeout).await?;
    for (session, locked) in &mut all {
        let known = |name: &&Name| locked.document().files.contains_key(*name);
        let forgotten: Vec<_> = names.iter().filter(known).cloned().collect();
        write(locked, |document| {
            for name in &forgotten {
                document.files.remove(name);
                document.pending.remove(name);
            }
        })?;
        for name in &forgotten {
            context.output.result(&format!(
                "The state of `{}` has forgotten `{}`.\n",
                visible(&session.id.name),
                visible(name.as_str())
            ))?;
        }
    }
    context.output.note(
        "The library was not changed. What the manifest still asks for is adopted by the next apply if it is the same.",
    );
    Ok(Exit::Done)
}

/// The sessions whose states know any of `names`; an error where none of them knows one.
fn knowing<'a>(sessions: &'a [Session], names: &[Name]) -> Result<Vec<&'a Session>, Failure> {
    let mut documents = Vec::new();
    for session in sessions {
        documents.extend(session.document()?.map(|document| (session, document)));
    }
    let knows = |document: &Document, name: &Name| document.files.contains_key(name);
    for name in names {
        if !documents.iter().any(|(_, document)| knows(document, name)) {
            let known = documents
                .iter()
                .flat_map(|(_, document)| document.files.keys());
            return Err(Error::NoFile {
                name: name.clone(),
                among: "no state knows a file",
                help: did_you_mean(
                    name.as_str(),
                    known.map(Name::as_str),
                    "run `jumpbag state list` for the files that it has",
                ),
            }
            .into());
        }
    }
    let knowing = documents
        .into_iter()
        .filter(|(_, document)| names.iter().any(|name| knows(document, name)));
    Ok(knowing.map(|(session, _)| session).collect())
}

async fn lock<'a>(
    context: &Context,
    sessions: &[&'a Session],
    timeout: Duration,
) -> Result<Vec<(&'a Session, Locked)>, Failure> {
    let stop = CancellationToken::new();
    let mut all = Vec::new();
    for session in sessions {
        all.push((*session, session.lock(context, timeout, &stop).await?));
    }
    Ok(all)
}

fn write(locked: &mut Locked, change: impl FnOnce(&mut Document)) -> Result<(), Failure> {
    locked.write(change, jiff::Timestamp::now())?;
    locked.finish()?;
    Ok(())
}
