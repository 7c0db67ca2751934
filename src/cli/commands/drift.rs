//! `drift`: what somebody else changed since the last apply.

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::args::DriftArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::libraries::{self, Unready};
use crate::cli::session::{self, Session};
use crate::gather;
use crate::plan;
use crate::render::{self, LibraryDrift, TextOptions};

pub(in crate::cli) async fn run(context: &Context, args: &DriftArgs) -> Result<Exit, Failure> {
    let sessions = session::stores(context)?;
    let results = libraries::at_once(sessions, async |session: Session| {
        match look(&session).await {
            Ok(drift) => Ok(drift),
            Err(failure) => Err(Unready::new(session, failure).await),
        }
    });
    let (libraries, unready) = libraries::sort_out(context, results.await)?;
    let drifted = libraries.iter().any(|library| !library.drifted.is_empty());
    let options = TextOptions {
        color: context.output.color(),
    };
    context
        .output
        .result(&render::drift_text(&libraries, options))?;
    Ok(if !unready.is_empty() {
        Exit::Failed
    } else if drifted && args.detailed_exitcode {
        Exit::Changes
    } else {
        Exit::Done
    })
}

/// Compares what the state says of one library with what it holds.
async fn look(session: &Session) -> Result<LibraryDrift, Failure> {
    let document = session.read().await?;
    let connection = session.connect(&CancellationToken::new()).await?;
    let observed = connection.client.list().await?;
    let serial = document.as_ref().map_or(0, |document| document.serial);
    let tracked = document
        .map(|document| gather::tracked(document, Some(&observed)))
        .unwrap_or_default();
    Ok(LibraryDrift {
        library: session.id.clone(),
        serial,
        drifted: plan::drift(&tracked, &observed).into_iter().collect(),
        unmanaged: observed
            .into_keys()
            .filter(|name| !tracked.contains_key(name))
            .collect(),
    })
}
