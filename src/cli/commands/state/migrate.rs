//! `state migrate`: from one place to another.

use std::time::Duration;

use camino::Utf8Path;
use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::env;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::manifest::StateSettings;
use crate::render::{escape::visible, plural};
use crate::state::{Error, Place};

pub(super) async fn run(
    context: &Context,
    sessions: &[Session],
    to: &str,
    timeout: Duration,
) -> Result<Exit, Failure> {
    let settings = StateSettings::named(to);
    let place = if let Some(url) = &settings.url {
        Place::remote(url, env::storage(), jiff::Timestamp::now)?
    } else {
        let folder = sessions.first().map_or(Utf8Path::new("."), Session::folder);
        Place::folder(folder.join(&settings.path))
    };
    let recipients = sessions.first().map_or(&[][..], Session::recipients);
    let place = place.sealed(session::keys(recipients)?);
    let stop = CancellationToken::new();
    for session in sessions {
        let library = visible(&session.id.name);
        let why_not = match session.store.read() {
            Ok(Some(_)) => None,
            Ok(None) => Some("was never written"),
            // By a run that was ended before it came to all libraries.
            Err(Error::Moved { to: there, .. }) if there == to => Some("is there already"),
            Err(error) => return Err(error.into()),
        };
        if let Some(why_not) = why_not {
            context
                .output
                .note(&format!("The state of `{library}` {why_not}."));
            continue;
        }
        let mut from = session.lock(context, timeout, &stop).await?;
        let target = session.at(place.library(&session.id.name));
        let into = target.lock(context, timeout, &stop).await?;
        let moved =
            tokio::task::block_in_place(|| from.migrate(&into, to, jiff::Timestamp::now()))?;
        context.output.result(&format!(
            "Moved the state of `{library}`: serial {}, {} of the history and {}, all read back.\n",
            from.document().serial,
            plural(moved.serials as u64, "state"),
            plural(moved.contents as u64, "content"),
        ))?;
    }
    context.output.result(&format!(
        "The state is there when the manifest says so:\n\nstate: {}\n",
        settings.yaml()
    ))?;
    Ok(Exit::Done)
}
