//! `drift`: what somebody else changed since the last apply.

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::args::DriftArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session;
use crate::gather;
use crate::plan;
use crate::render::{self, LibraryDrift, TextOptions};

pub(in crate::cli) async fn run(context: &Context, args: &DriftArgs) -> Result<Exit, Failure> {
    let mut libraries = Vec::new();
    for session in session::stores(context)? {
        let document = session.document()?;
        let connection = session.connect(&CancellationToken::new()).await?;
        let observed = connection.client.list().await?;
        let tracked = document
            .as_ref()
            .map(|document| gather::tracked(document, Some(&observed)))
            .unwrap_or_default();
        libraries.push(LibraryDrift {
            library: session.id.clone(),
            serial: document.map_or(0, |document| document.serial),
            drifted: plan::drift(&tracked, &observed).into_iter().collect(),
            unmanaged: observed
                .into_keys()
                .filter(|name| !tracked.contains_key(name))
                .collect(),
        });
    }
    let drifted = libraries.iter().any(|library| !library.drifted.is_empty());
    let options = TextOptions {
        color: context.output.color(),
    };
    context
        .output
        .result(&render::drift_text(&libraries, options))?;
    Ok(if drifted && args.detailed_exitcode {
        Exit::Changes
    } else {
        Exit::Done
    })
}
