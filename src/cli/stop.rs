//! Ctrl-C: once to stop in good order, twice to stop now.

use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::output::Output;

/// What the user asked for while a command runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// Make no new call.
    pub(super) soon: CancellationToken,
    /// End the run; the state on disk is whole at every moment.
    pub(super) now: CancellationToken,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM from here on, for a command that makes calls.
    pub(super) fn listen(output: Output) -> Result<Self, Error> {
        Self::listen_and_say(
            output,
            "\nInterrupted: calls under way are finished, and no new ones are made. Interrupt again to stop now.",
        )
    }

    /// The same, for any command: the first signal is answered with `words`.
    pub(super) fn listen_and_say(output: Output, words: &'static str) -> Result<Self, Error> {
        let stop = Self::default();
        let heard = stop.clone();
        let mut signals = Signals::new().map_err(Error::Runtime)?;
        tokio::spawn(async move {
            signals.next().await;
            // First, because a command that has nothing under way ends at once when it is stopped.
            output.note(words);
            heard.soon.cancel();
            signals.next().await;
            heard.now.cancel();
        });
        Ok(stop)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
