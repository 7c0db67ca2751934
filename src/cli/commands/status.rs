//! `status`: how each library stands.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::args::StatusArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::libraries::{self, OfLibrary, Unready};
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
    let is_one = statuses.len() == 1 && unready.is_empty();
    for (status, failures) in statuses.iter().zip(&unseen) {
        for Failure { report, .. } in failures {
            let (library, error) = (status.library.name.as_str(), &**report);
            if is_one {
                context.output.error(error);
            } else {
                context.output.error(&OfLibrary { library, error });
            }
        }
    }
    Ok(if unseen.iter().all(Vec::is_empty) && unready.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// How one library stands, and why there is something that could not be asked: the rest is worth knowing then.
async fn look(
    session: &Session,
    no_refresh: bool,
) -> Result<(LibraryStatus, Vec<Failure>), Failure> {
    let document = session.read().await?;
    let mut unseen: Vec<Failure> = Vec::new();
    let store = session.store.clone();
    let lock = match session::apart(move || store.lock_status()).await {
        Ok(lock) => lock_seen(lock),
        Err(error) => {
            unseen.push(error.into());
            LockSeen::NotKnown
        }
    };
    let drift = if no_refresh {
        None
    } else {
        let drift = drift(session, document.as_ref()).await;
        drift.map_err(|failure| unseen.push(failure)).ok()
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
        lock,
        drift,
        // Last, so that what was asked for this counts.
        limits: left(&session.library.limits, &session.spent_by_all().await),
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
