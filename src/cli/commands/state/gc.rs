//! `state gc`: removing what nobody will ask for any more.

use std::fmt::Write as _;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::render::{escape::visible, plural};
use crate::state::{Retention, Waste};

/// Says what can go, or with `prune`, how long to wait for a lock, removes it.
pub(super) async fn run(
    context: &Context,
    sessions: &[Session],
    retention: Retention,
    prune: Option<Duration>,
) -> Result<Exit, Failure> {
    let now = jiff::Timestamp::now();
    let mut is_anything = false;
    for session in sessions {
        let waste = match prune {
            None => session.store.waste(retention, now)?,
            Some(timeout) => {
                let stop = CancellationToken::new();
                let mut locked = session.lock(context, timeout, &stop).await?;
                let waste = locked.waste(retention, now)?;
                locked.remove(&waste)?;
                waste
            }
        };
        is_anything |= waste != Waste::default();
        context
            .output
            .result(&account(session, &waste, prune.is_some()))?;
    }
    if is_anything && prune.is_none() {
        context
            .output
            .note("Nothing was removed. Remove it with the same command and `--prune`.");
    }
    Ok(Exit::Done)
}

fn account(session: &Session, waste: &Waste, is_removed: bool) -> String {
    let Waste { serials, contents } = waste;
    let library = visible(&session.id.name);
    if serials.is_empty() && contents.is_empty() {
        return format!("Nothing to remove from the state of `{library}`.\n");
    }
    let bytes: u64 = contents.iter().map(|(_, size)| size).sum();
    let verb = if is_removed {
        "Removed"
    } else {
        "Would remove"
    };
    let states = plural(serials.len() as u64, "state");
    let count = plural(contents.len() as u64, "content");
    let mut text = format!("{verb} {states} and {count} ({bytes} bytes) of `{library}`.\n");
    for (serial, at) in serials {
        // Writing to a string cannot fail.
        writeln!(
            text,
            "  serial {serial}  {}",
            at.strftime("%Y-%m-%d %H:%M:%SZ")
        )
        .ok();
    }
    for (sha256, size) in contents {
        writeln!(text, "  content {}  {size} bytes", sha256.short()).ok();
    }
    text
}
