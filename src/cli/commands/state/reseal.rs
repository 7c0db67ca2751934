//! `state reseal`: encrypting everything anew.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::Context;
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::render::{escape::visible, plural};

pub(super) async fn run(
    context: &Context,
    sessions: &[Session],
    plain: bool,
    timeout: Duration,
) -> Result<Exit, Failure> {
    let recipients = sessions.first().map_or(0, |it| it.recipients().len());
    // For nobody is said twice: what is decrypted by mistake was readable.
    if plain == (recipients > 0) {
        return Err(Error::Reseal { plain }.into());
    }
    let stop = CancellationToken::new();
    for session in sessions {
        let session = session.at(session.store.clone().unsealing());
        let mut locked = session.lock(context, timeout, &stop).await?;
        let files = tokio::task::block_in_place(|| locked.reseal())?;
        let how = if plain {
            "are plain".to_owned()
        } else {
            format!(
                "are encrypted for {}",
                plural(recipients as u64, "recipient")
            )
        };
        context.output.result(&format!(
            "{} of the state of `{}` {how} now, and were read back.\n",
            plural(files as u64, "file"),
            visible(&session.id.name)
        ))?;
    }
    Ok(Exit::Done)
}
