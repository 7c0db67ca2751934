//! `state`: looking at what jumpbag remembers.

use std::fmt::Write as _;

use crate::cli::Context;
use crate::cli::args::StateCommand;
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::model::{Name, TrackedFile};
use crate::render::escape::visible;
use crate::state::{self, Document, Retention};

mod diff;
mod edit;
mod gc;
mod history;
mod migrate;
mod reseal;
mod transfer;

pub(in crate::cli) async fn run(
    context: &Context,
    command: &StateCommand,
) -> Result<Exit, Failure> {
    let sessions = session::stores(context)?;
    match command {
        StateCommand::List { serial } => list(context, &sessions, *serial),
        StateCommand::Show { name, serial } => {
            show(context, &sessions, &Name::existing(name), *serial)
        }
        StateCommand::History { json } => history::run(context, &sessions, *json),
        StateCommand::Diff { from, to } => diff::run(context, &sessions, *from, *to),
        StateCommand::Pull => transfer::pull(context, &sessions),
        StateCommand::Push {
            file,
            force,
            lock_timeout,
        } => transfer::push(context, &sessions, file, *force, *lock_timeout).await,
        StateCommand::Mv {
            old,
            new,
            lock_timeout,
        } => edit::rename(context, &sessions, [old, new], *lock_timeout).await,
        StateCommand::Rm {
            names,
            lock_timeout,
        } => edit::forget(context, &sessions, names, *lock_timeout).await,
        StateCommand::Migrate { to, lock_timeout } => {
            migrate::run(context, &sessions, to, *lock_timeout).await
        }
        StateCommand::Reseal {
            plain,
            lock_timeout,
        } => reseal::run(context, &sessions, *plain, *lock_timeout).await,
        StateCommand::Gc {
            keep,
            older_than,
            prune,
            lock_timeout,
        } => {
            let retention = Retention {
                keep: *keep,
                older_than: *older_than,
            };
            gc::run(
                context,
                &sessions,
                retention,
                prune.then_some(*lock_timeout),
            )
            .await
        }
        StateCommand::Unlock { id } => unlock(context, &sessions, id),
    }
}

/// The state of `serial`, or the current one.
fn at(session: &Session, serial: Option<u64>) -> Result<Option<Document>, Failure> {
    match serial {
        Some(serial) => Ok(Some(session.store.read_serial(serial)?)),
        None => session.document(),
    }
}

/// One name a line, with the library before it where there are several.
fn list(context: &Context, sessions: &[Session], serial: Option<u64>) -> Result<Exit, Failure> {
    let mut text = String::new();
    for session in sessions {
        for name in at(session, serial)?
            .into_iter()
            .flat_map(|document| document.files.into_keys())
        {
            if sessions.len() > 1 {
                text.push_str(&session.id.name);
                text.push('/');
            }
            text.push_str(&visible(name.as_str()));
            text.push('\n');
        }
    }
    context.output.result(&text)?;
    Ok(Exit::Done)
}

fn show(
    context: &Context,
    sessions: &[Session],
    name: &Name,
    serial: Option<u64>,
) -> Result<Exit, Failure> {
    let mut known = Vec::new();
    let mut text = String::new();
    for session in sessions {
        let Some(document) = at(session, serial)? else {
            continue;
        };
        if let Some(file) = document.files.get(name) {
            describe(&mut text, session, document.serial, name, file)?;
        }
        known.extend(document.files.into_keys());
    }
    if text.is_empty() {
        return Err(Error::NoFile {
            name: name.clone(),
            among: "no state knows a file",
            help: did_you_mean(
                name.as_str(),
                known.iter().map(Name::as_str),
                "run `jumpbag state list` for the files that it has",
            ),
        }
        .into());
    }
    context.output.result(&text)?;
    Ok(Exit::Done)
}

fn describe(
    text: &mut String,
    session: &Session,
    serial: u64,
    name: &Name,
    tracked: &TrackedFile,
) -> Result<(), Failure> {
    let file = &tracked.file;
    let optional = |text: Option<&String>| {
        text.map_or_else(
            || "none".to_owned(),
            |text| format!("\"{}\"", visible(text)),
        )
    };
    let size = file
        .size
        .map_or_else(|| "unknown".to_owned(), |size| format!("{size} bytes"));
    let content = if session.store.contents().has(file.sha256)? {
        "kept"
    } else {
        "not kept"
    };
    let lines = [
        ("name", visible(name.as_str()).into_owned()),
        ("library", visible(&session.id.name).into_owned()),
        ("serial", serial.to_string()),
        ("sha256", file.sha256.to_string()),
        ("size", size),
        ("description", optional(file.description.as_ref())),
        ("has_parameters", file.has_parameters.to_string()),
        (
            "parameters_description",
            optional(file.parameters_description.as_ref()),
        ),
        ("protect", tracked.protect.to_string()),
        ("content", content.to_owned()),
    ];
    for (key, value) in lines {
        // Writing to a string cannot fail.
        writeln!(text, "{key:<22} {value}").ok();
    }
    Ok(())
}

/// Removes the lock of whichever selected library has it.
fn unlock(context: &Context, sessions: &[Session], id: &str) -> Result<Exit, Failure> {
    let mut refusal = None;
    for session in sessions {
        match session.store.unlock(id) {
            Ok(owner) => {
                context.output.result(&format!(
                    "Removed the lock {} of {} on {}.\n",
                    visible(&owner.id),
                    visible(&owner.user),
                    visible(&owner.host)
                ))?;
                return Ok(Exit::Done);
            }
            // With several libraries, the one that is locked has more to say than one that is not.
            Err(error @ state::Error::NotLocked { .. }) => {
                refusal.get_or_insert(error);
            }
            Err(error) => refusal = Some(error),
        }
    }
    refusal.map_or(Ok(Exit::Done), |error| Err(error.into()))
}
