//! The one door through which every request of a library leaves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limiter::{Limiter, Ticket};
use crate::model::Limit;

/// Lets requests pass in the order in which they came, as early as the limits allow.
#[derive(Debug)]
pub(super) struct Gate {
    limiter: Arc<Mutex<Limiter>>,
    /// Whose turn it is. Tokio's mutex is fair: first come, first served.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the one whose turn it is when it may perhaps go earlier, or must wait longer.
    news: Arc<Notify>,
    waiting: watch::Sender<Option<Instant>>,
    stop: CancellationToken,
}

/// The user asked to stop; no new request starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// One request that has passed. Without an answer it counts as travelling for as long as one can.
#[derive(Debug)]
#[must_use = "tell it when the answer is there"]
pub(super) struct Pass {
    ticket: Ticket,
    limiter: Arc<Mutex<Limiter>>,
    news: Arc<Notify>,
}

impl Gate {
    pub(super) fn new(limits: Vec<Limit>, stop: CancellationToken) -> Self {
        Self {
            limiter: Arc::new(Mutex::new(Limiter::new(limits))),
            turn: tokio::sync::Mutex::new(()),
            news: Arc::new(Notify::new()),
            waiting: watch::Sender::new(None),
            stop,
        }
    }

    /// Waits for the turn and for the limits, then takes one send.
    ///
    /// `prepare` runs when the limits are open and before the send is taken, so that a token is
    /// fetched neither an hour before it is used nor in the time in which the request counts as travelling.
    pub(super) async fn pass<T, F: Future<Output = T>>(
        &self,
        prepare: impl FnOnce() -> F,
    ) -> Result<(T, Pass), Stopped> {
        let _turn = self.unless_stopped(self.turn.lock()).await?;
        self.open(Limiter::peek).await?;
        let prepared = self.unless_stopped(prepare()).await?;
        let ticket = self.open(Limiter::try_take).await?;
        let pass = Pass {
            ticket,
            limiter: Arc::clone(&self.limiter),
            news: Arc::clone(&self.news),
        };
        Ok((prepared, pass))
    }

    /// Lets nothing pass for `time` from now on.
    pub(super) fn pause(&self, time: Duration) {
        lock(&self.limiter).pause_until(Instant::now() + time);
        self.news.notify_one();
    }

    /// Until when the next request waits; `None` while nothing waits for the limits.
    pub(super) fn waiting(&self) -> watch::Receiver<Option<Instant>> {
        self.waiting.subscribe()
    }

    /// What `future` gives, unless the user stops before.
    pub(super) async fn unless_stopped<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Stopped),
            value = future => Ok(value),
        }
    }

    async fn open<T>(
        &self,
        ask: impl Fn(&mut Limiter, Instant) -> Result<T, Instant>,
    ) -> Result<T, Stopped> {
        let _quiet = Quiet(&self.waiting);
        loop {
            if self.stop.is_cancelled() {
                return Err(Stopped);
            }
            // News between the question and the wait are kept by `Notify` as one permit.
            let until = match ask(&mut lock(&self.limiter), Instant::now()) {
                Ok(answer) => return Ok(answer),
                Err(until) => until,
            };
            self.waiting.send_replace(Some(until));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Stopped),
                () = self.news.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }
}

impl Pass {
    /// Takes note that the service has answered, so that the request has arrived.
    pub(super) fn answered(self) {
        lock(&self.limiter).answered(self.ticket, Instant::now());
        self.news.notify_one();
    }
}

/// Takes the notice of waiting down, also when the waiting future is dropped.
struct Quiet<'a>(&'a watch::Sender<Option<Instant>>);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.send_if_modified(|waiting| waiting.take().is_some());
    }
}

/// A panic cannot leave the limiter half-changed in a way that lets too much through.
fn lock(limiter: &Mutex<Limiter>) -> MutexGuard<'_, Limiter> {
    limiter.lock().unwrap_or_else(PoisonError::into_inner)
}
