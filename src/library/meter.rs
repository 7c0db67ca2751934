//! What may be sent now: by the limits, and by what this run has reserved for itself among others. Like the
//! limiter's, this is a core without a clock, a sleep or a lock.
//!
//! A send needs both: a reservation that is not over, and limits that allow it, counting what others had made
//! and reserved when this run last looked. That is enough, whatever several runs do. Of the calls in any span
//! of a window's length, look at the last one of the run that was the last to reserve for such a call. That
//! run knew all the others: those of other runs belong to earlier reservations, so it saw them as made or as
//! reserved, in both cases with a time that is not before their arrival. So the limiter counted them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::limiter::{Limiter, Moment, TRAVEL, Ticket};
use crate::model::{Account, Calls, Limit};

/// The most calls that are reserved at once. A killed run leaves as many behind, counted as made.
const BATCH: u32 = 16;

/// How often one that is held up by the reservations of others looks whether they are settled.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// The same moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// On the one that this run's waits go by. No wrong time of day and no correction moves it.
    pub(super) run: Moment,
    /// On the one that the runs share.
    pub(super) wall: Timestamp,
}

/// What to do when a send is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// Ask again at `until`, or already at `look_at`, if there is one.
    Wait {
        until: Moment,
        look_at: Option<Moment>,
    },
    /// Take a [`Meter::turn`] with the ledger, or go on [`Meter::alone`]; then ask again at once.
    Look,
}

/// Grants sends.
#[derive(Debug)]
pub(super) struct Meter {
    limiter: Limiter,
    /// `None` where nobody else is told.
    shared: Option<Shared>,
}

/// How this run stands with others.
#[derive(Debug)]
struct Shared {
    /// How long a reservation holds.
    span: Duration,
    /// How many calls the next one is of. The first is of one, so that a run that only lists holds up nobody.
    next: u32,
    /// The sends left of the last one, and when the last of them must have arrived.
    left: u32,
    until: Option<Now>,
    /// When to look whether others have made less than they had reserved.
    look_at: Option<Moment>,
}

impl Meter {
    /// Nothing was sent yet. With `shared`, nothing is sent without a reservation.
    pub(super) fn new(limits: Vec<Limit>, shared: bool) -> Self {
        let shared = shared.then(|| Shared {
            span: span(&limits),
            next: 1,
            left: 0,
            until: None,
            look_at: None,
        });
        Self {
            limiter: Limiter::new(limits),
            shared,
        }
    }

    /// Whether a send is possible; else what to do instead.
    pub(super) fn peek(&mut self, now: Now) -> Result<(), Instead> {
        let by_limits = self.limiter.peek(now.run);
        let Some(shared) = &self.shared else {
            return by_limits.map_err(|until| Instead::Wait {
                until,
                look_at: None,
            });
        };
        match by_limits {
            Ok(()) if shared.may_send(now) => Ok(()),
            Ok(()) => Err(Instead::Look),
            Err(_) if shared.look_at.is_some_and(|at| at <= now.run) => Err(Instead::Look),
            Err(until) => Err(Instead::Wait {
                until,
                look_at: shared.look_at,
            }),
        }
    }

    /// Takes one send, or says what to do instead, as [`Self::peek`] does.
    pub(super) fn try_take(&mut self, now: Now) -> Result<Ticket, Instead> {
        self.peek(now)?;
        if let Some(shared) = &mut self.shared {
            shared.left = shared.left.saturating_sub(1);
        }
        self.limiter
            .try_take(now.run)
            .map_err(|until| Instead::Wait {
                until,
                look_at: None,
            })
    }

    /// Takes note that the request of `ticket` was answered.
    pub(super) fn answered(&mut self, ticket: Ticket, now: Moment) {
        self.limiter.answered(ticket, now);
    }

    /// Lets nothing be sent before `until`.
    pub(super) fn pause_until(&mut self, until: Moment) {
        self.limiter.pause_until(until);
    }

    /// Takes note of what `others` have spent, and reserves as many sends as can be made now. Returns this
    /// run's account, which has to be kept before the next send.
    pub(super) fn turn(&mut self, now: Now, others: &[Calls]) -> Account {
        self.limiter
            .count_others(others.iter().map(|it| (now.moment(it.at), it.calls)));
        let room = self.limiter.room(now.run);
        let mut account = self.settled(now);
        if let Some(shared) = &mut self.shared {
            account.reserved = shared.reserve(now, room);
            let unsettled = others.iter().any(|it| it.at > now.wall);
            shared.look_at = unsettled.then(|| now.run.saturating_add(LOOK_AGAIN));
        }
        account
    }

    /// Goes on without others: there is no telling them.
    pub(super) fn alone(&mut self) {
        self.shared = None;
    }

    /// Whether others know of a reservation of this run's.
    pub(super) fn has_reserved(&self) -> bool {
        let until = self.shared.as_ref().map(|shared| shared.until);
        until.flatten().is_some()
    }

    /// Whether some of what was reserved was not used.
    pub(super) fn has_left(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.left > 0)
    }

    /// This run's account without a reservation.
    pub(super) fn settled(&self, now: Now) -> Account {
        let call = |at| Calls {
            at: now.wall(at),
            calls: 1,
        };
        Account {
            made: self.limiter.made().map(call).collect(),
            reserved: None,
        }
    }
}

impl Shared {
    /// The wall clock counts, too: a machine that slept had its other clock stand still.
    fn may_send(&self, now: Now) -> bool {
        self.left > 0
            && self.until.is_some_and(|until| {
                now.run.saturating_add(TRAVEL) <= until.run
                    && until.wall.duration_since(now.wall) >= TRAVEL
            })
    }

    fn reserve(&mut self, now: Now, room: u32) -> Option<Calls> {
        let span = SignedDuration::try_from(self.span).unwrap_or_default();
        let run = now.run.saturating_add(span);
        let until = Now {
            run,
            wall: now.wall(run),
        };
        self.left = self.next.min(room);
        self.until = Some(until);
        if self.left == 0 {
            return None;
        }
        self.next = self.next.saturating_mul(2).min(BATCH);
        Some(Calls {
            at: until.wall,
            calls: self.left,
        })
    }
}

impl Now {
    fn wall(self, moment: Moment) -> Timestamp {
        let since = moment.saturating_sub(self.run);
        let edge = if since.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        self.wall.checked_add(since).unwrap_or(edge)
    }

    fn moment(self, wall: Timestamp) -> Moment {
        self.run.saturating_add(wall.duration_since(self.wall))
    }
}

/// A part of the shortest window, so that what a killed run leaves behind does not hold up others for much
/// longer than that; and long enough for some calls on a slow network.
fn span(limits: &[Limit]) -> Duration {
    let shortest = limits.iter().map(|limit| limit.per).min();
    (shortest.unwrap_or_default() / 6).clamp(Duration::from_secs(1), Account::FARTHEST)
}
