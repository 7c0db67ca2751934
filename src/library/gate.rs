//! The one door through which every request of a library leaves.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::limiter::{Moment, Ticket};
use super::meter::{Instead, Meter, Now};
use crate::model::{Booked, Calls, Limit};

/// How long one waits for another's turn with the ledger before asking again, and how often it asks.
/// A turn takes milliseconds; who has it for two seconds was stopped within it.
const RETRY: Duration = Duration::from_millis(20);
const RETRIES: u32 = 100;
/// How often one asks that is about to go, and should not wait.
const RETRIES_AT_THE_END: u32 = 3;

/// Lets requests pass in the order in which they came, as early as the limits allow.
pub(super) struct Gate {
    meter: Arc<Mutex<Meter>>,
    /// Where others are told what passes.
    ledger: Option<Arc<dyn Ledger>>,
    /// When the meter's time began.
    start: Instant,
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
    meter: Arc<Mutex<Meter>>,
    start: Instant,
    news: Arc<Notify>,
}

impl Gate {
    /// A gate under which all `limits` hold; together with the other runs that share `ledger`, if there is one.
    pub(super) fn new(
        limits: Vec<Limit>,
        ledger: Option<Arc<dyn Ledger>>,
        stop: CancellationToken,
    ) -> Self {
        // Without limits there is nothing to share.
        let ledger = ledger.filter(|_| !limits.is_empty());
        Self {
            meter: Arc::new(Mutex::new(Meter::new(limits, ledger.is_some()))),
            ledger,
            start: Instant::now(),
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
        self.open(Meter::peek).await?;
        let prepared = self.unless_stopped(prepare()).await?;
        let ticket = self.open(Meter::try_take).await?;
        let pass = Pass {
            ticket,
            meter: Arc::clone(&self.meter),
            start: self.start,
            news: Arc::clone(&self.news),
        };
        Ok((prepared, pass))
    }

    /// Lets nothing pass for `time` from now on.
    pub(super) fn pause(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        lock(&self.meter).pause_until(since(self.start).saturating_add(time));
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
        ask: impl Fn(&mut Meter, Now) -> Result<T, Instead>,
    ) -> Result<T, Stopped> {
        let _quiet = Quiet(&self.waiting);
        loop {
            if self.stop.is_cancelled() {
                return Err(Stopped);
            }
            // News between the question and the wait are kept by `Notify` as one permit.
            let answer = ask(&mut lock(&self.meter), self.now());
            let (until, look_at) = match answer {
                Ok(answer) => return Ok(answer),
                Err(Instead::Wait { until, look_at }) => (until, look_at),
                Err(Instead::Look) => {
                    self.look().await?;
                    continue;
                }
            };
            self.waiting.send_replace(Some(self.instant(until)));
            let wake = self.instant(look_at.map_or(until, |at| at.min(until)));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Stopped),
                () = self.news.notified() => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Learns what others have spent, and reserves what is to be sent next. A ledger that does not work stops
    /// nobody: the limits are then kept within this run.
    ///
    /// A turn that is near is taken here and not on a thread for blocking work. It is short, and on another
    /// thread it could outlive its caller and put an old account in place of a newer one; one that is far away
    /// is refused then, because somebody was faster.
    async fn look(&self) -> Result<(), Stopped> {
        if let Some(ledger) = &self.ledger {
            for _ in 0..RETRIES {
                match self.turn_with(ledger).await {
                    Booked::Kept => return Ok(()),
                    Booked::NotKept => break,
                    Booked::Busy => self.unless_stopped(tokio::time::sleep(RETRY)).await?,
                }
            }
        }
        tracing::info!("other runs are not told of this run's calls, and may exceed the limits");
        lock(&self.meter).alone();
        Ok(())
    }

    async fn turn_with(&self, ledger: &Arc<dyn Ledger>) -> Booked {
        let (meter, start) = (Arc::clone(&self.meter), self.start);
        let clock = Arc::clone(ledger);
        let mut turn = move |others: &[Calls]| {
            let now = Now {
                run: since(start),
                wall: clock.now(),
            };
            lock(&meter).turn(now, others)
        };
        if !ledger.is_far() {
            return ledger.turn(&mut turn);
        }
        let ledger = Arc::clone(ledger);
        let taken = tokio::task::spawn_blocking(move || ledger.turn(&mut turn));
        taken.await.unwrap_or(Booked::NotKept)
    }

    fn now(&self) -> Now {
        Now {
            run: since(self.start),
            // Nobody asks for it without a ledger.
            wall: self
                .ledger
                .as_ref()
                .map_or(Timestamp::UNIX_EPOCH, |ledger| ledger.now()),
        }
    }

    /// When that is, or what is as good as never.
    fn instant(&self, moment: Moment) -> Instant {
        const YEARS: Duration = Duration::from_hours(30 * 365 * 24);
        let time = Duration::try_from(moment).unwrap_or_default();
        self.start
            .checked_add(time)
            .unwrap_or_else(|| self.start + YEARS)
    }
}

impl Drop for Gate {
    /// Gives back what was reserved and not used. What cannot be given back counts as used.
    fn drop(&mut self) {
        let Some(ledger) = self.ledger.take() else {
            return;
        };
        let meter = lock(&self.meter);
        // Where others are told from afar, it is not worth the while to say of calls only when they were made.
        if !meter.has_reserved() || (ledger.is_far() && !meter.has_left()) {
            return;
        }
        drop(meter);
        let now = Now {
            run: since(self.start),
            wall: ledger.now(),
        };
        for _ in 0..RETRIES_AT_THE_END {
            if ledger.turn(&mut |_| lock(&self.meter).settled(now)) != Booked::Busy {
                return;
            }
            std::thread::sleep(RETRY);
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

impl Pass {
    /// Takes note that the service has answered, so that the request has arrived.
    pub(super) fn answered(self) {
        lock(&self.meter).answered(self.ticket, since(self.start));
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

/// The time from `start` until now.
fn since(start: Instant) -> Moment {
    SignedDuration::try_from(start.elapsed()).unwrap_or(SignedDuration::MAX)
}

/// A panic cannot leave the meter half-changed in a way that lets too much through.
fn lock(meter: &Mutex<Meter>) -> MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}
