//! `state pull` and `state push`: a state as a file.

use std::io::{Read as _, stdin};
use std::time::Duration;

use camino::Utf8PathBuf;
use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file;
use crate::cli::session::Session;
use crate::render::escape::visible;
use crate::state::{Document, Store};

/// The largest state that is read, in bytes: as an object store's.
const LARGEST: u64 = 64 << 20;

pub(super) fn pull(context: &Context, sessions: &[Session]) -> Result<Exit, Failure> {
    let session = one(sessions)?;
    match session.store.pull()? {
        Some(bytes) => context.output.bytes(&bytes)?,
        None => context.output.note(&format!(
            "The state of `{}` was never written.",
            visible(&session.id.name)
        )),
    }
    Ok(Exit::Done)
}

pub(super) async fn push(
    context: &Context,
    sessions: &[Session],
    path: &Utf8PathBuf,
    force: Option<u64>,
    timeout: Duration,
) -> Result<Exit, Failure> {
    let session = one(sessions)?;
    let pushed = Store::understand(path.as_str(), &read(path)?)?;
    pushed.check_library(&session.id)?;
    let stop = CancellationToken::new();
    let mut locked = session.lock(context, timeout, &stop).await?;
    let current = locked.document();
    let library = visible(&session.id.name).into_owned();
    if *current == pushed {
        context
            .output
            .result(&format!("The state of `{library}` is that one already.\n"))?;
        return Ok(Exit::Done);
    }
    if let Some(what) = against(current, &pushed)
        && force != Some(current.serial)
    {
        let serial = current.serial;
        return Err(Error::WouldGoBack {
            library,
            what,
            serial,
        }
        .into());
    }
    locked.replace(pushed, jiff::Timestamp::now())?;
    locked.finish()?;
    let serial = locked.document().serial;
    context.output.result(&format!(
        "The state of `{library}` is that one now, as serial {serial}.\n"
    ))?;
    Ok(Exit::Done)
}

/// What speaks against `pushed` in place of `current`.
fn against(current: &Document, pushed: &Document) -> Option<String> {
    if current.serial == 0 {
        return None;
    }
    if current.lineage != pushed.lineage {
        let lineage = pushed.lineage.as_deref().unwrap_or("none");
        return Some(format!("another lineage, {}", visible(lineage)));
    }
    (pushed.serial <= current.serial).then(|| format!("serial {}", pushed.serial))
}

fn read(path: &Utf8PathBuf) -> Result<Vec<u8>, Failure> {
    if path != "-" {
        return Ok(file::read(path, LARGEST)?);
    }
    let mut bytes = Vec::new();
    let read = stdin().lock().take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|cause| Error::Read {
        path: path.clone(),
        cause,
    })?;
    Ok(bytes)
}

fn one(sessions: &[Session]) -> Result<&Session, Error> {
    match sessions {
        [session] => Ok(session),
        several => Err(Error::OneLibrary {
            names: several
                .iter()
                .map(|session| session.id.name.clone())
                .collect(),
        }),
    }
}
