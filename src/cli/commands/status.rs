//! `status`: how each library stands.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::args::StatusArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::libraries::{self, Unready};
use crate::cli::session::{self, Session};
use crate::gather;
use crate::model::Limit;
use crate::plan;
use crate::render::{
    Allowance, DriftSeen, LastWrite, LibraryStatus, LockOwner, LockSeen, TextOptions, status_json,
    status_text,
};
use crate::state::{Document, LockStatus, Owner, Written};

pub(in crate::cli) async fn run(context: &Context, args: &StatusArgs) -> Result<Exit, Failure> {
    let sessions = session::stores(context)?;
    let results = libraries::at_once(sessions, async |session: Session| {
        match look(&session, args.no_refresh).await {
            Ok(seen) => Ok(seen),
            Err(failure) => Err(Unready::new(session, failure).await),
        }
    });
    let (seen, unready) = libraries::sort_out(context, results.await)?;
    let (statuses, unseen): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    let text = if args.json {
        status_json(&statuses)
    } else {
        let color = context.output.color();
        status_text(&statuses, TextOptions { color })
    };
    context.output.result(&text)?;
    let unseen: Vec<_> = unseen.into_iter().flatten().collect();
    for failure in &unseen {
        context.output.error(&*failure.report);
    }
    Ok(if unseen.is_empty() && unready.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// How one library stands, and why it could not be asked, where it could not: the rest is worth knowing then.
async fn look(
    session: &Session,
    no_refresh: bool,
) -> Result<(LibraryStatus, Option<Failure>), Failure> {
    let document = session.read().await?;
    let store = session.store.clone();
    let lock = session::apart(move || store.lock_status()).await?;
    let spent = session.spent().await;
    let drift = if no_refresh {
        Ok(None)
    } else {
        drift(session, document.as_ref()).await.map(Some)
    };
    let (drift, unseen) = match drift {
        Ok(drift) => (drift, None),
        Err(failure) => (None, Some(failure)),
    };
    let known = document.as_ref();
    let status = LibraryStatus {
        library: session.id.clone(),
        serial: known.map_or(0, |document| document.serial),
        files: known.map_or(0, |document| document.files.len() as u64),
        pending: known.map_or(0, |document| document.pending.len() as u64),
        written: known
            .and_then(|document| document.written.as_ref())
            .map(written),
        lock: lock_seen(lock),
        drift,
        limits: left(&session.library.limits, &spent),
    };
    Ok((status, unseen))
}

/// What the library holds, against what `document` says.
async fn drift(session: &Session, document: Option<&Document>) -> Result<DriftSeen, Failure> {
    let connection = session.connect(&CancellationToken::new()).await?;
    let observed = connection.client.list().await?;
    let tracked = document.cloned();
    let tracked = tracked
        .map(|document| gather::tracked(document, Some(&observed)))
        .unwrap_or_default();
    let unmanaged = observed.keys().filter(|name| !tracked.contains_key(*name));
    Ok(DriftSeen {
        drifted: plan::drift(&tracked, &observed).len() as u64,
        unmanaged: unmanaged.count() as u64,
    })
}

/// What is left of `limits` when calls were `spent` so long ago.
fn left(limits: &[Limit], spent: &[Duration]) -> Vec<Allowance> {
    let left = |limit: &Limit| {
        let counts = spent.iter().filter(|age| **age < limit.per).count();
        Allowance {
            calls: limit.calls,
            per_ms: u64::try_from(limit.per.as_millis()).unwrap_or(u64::MAX),
            left: limit
                .calls
                .saturating_sub(u32::try_from(counts).unwrap_or(u32::MAX)),
        }
    };
    limits.iter().map(left).collect()
}

fn written(written: &Written) -> LastWrite {
    LastWrite {
        at: written.at.to_string(),
        user: written.user.clone(),
        host: written.host.clone(),
        command: written.command.clone(),
        run_url: written.run_url.clone(),
    }
}

fn lock_seen(lock: LockStatus) -> LockSeen {
    let of = |owner: Owner| LockOwner {
        id: owner.id,
        user: owner.user,
        host: owner.host,
        command: owner.command,
        since: owner.since.to_string(),
    };
    match lock {
        LockStatus::Free => LockSeen::Free,
        LockStatus::Held(owner) => LockSeen::Held {
            owner: owner.map(of),
        },
        LockStatus::LeftBehind(owner) => LockSeen::LeftBehind { owner: of(owner) },
    }
}
