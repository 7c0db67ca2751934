//! The rate limiter's core: no clock, no sleep, no lock.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use crate::model::Limit;

/// A moment, counted from the run's beginning. Calls of earlier runs were before that: an `Instant` cannot
/// say that everywhere, for instance soon after a machine has started.
pub(super) type Moment = SignedDuration;

/// How long after its sending a request may reach the service, at the most, as far as we count.
///
/// The service may count a request when it arrives, which is between its sending and its answer. A
/// request that is answered late must not block others for as long as it is under way, so that a
/// service which is slow to answer does not make us slower than its limits: hence a bound.
pub(super) const TRAVEL: SignedDuration = SignedDuration::from_millis(250);

/// Grants sends such that in no span of a window's length more than its `calls` requests reach the
/// service, and otherwise as early as possible.
#[derive(Debug)]
pub(super) struct Limiter {
    limits: Vec<Limit>,
    /// The latest moment at which each request can have arrived, as far as is known. Requests that no
    /// window sees any more are dropped, so this run never has more than the longest window's `calls`.
    stamps: BTreeSet<Ticket>,
    /// No send before this.
    paused_until: Option<Moment>,
    granted: u64,
}

/// One granted send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    stamp: Moment,
    whose: Whose,
    id: u64,
}

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Ours,
    Others,
}

impl Limiter {
    /// A limiter under which all `limits` hold; without any, it only pauses.
    pub(super) fn new(limits: Vec<Limit>) -> Self {
        Self {
            limits,
            stamps: BTreeSet::new(),
            paused_until: None,
            granted: 0,
        }
    }

    /// Whether a send is possible at `now`; else when to ask again. That moment may come nearer when a
    /// request is answered, and move away when another is sent or the library is paused.
    pub(super) fn peek(&mut self, now: Moment) -> Result<(), Moment> {
        self.forget(now);
        let free_at = self
            .limits
            .iter()
            .filter_map(|limit| {
                let before = (limit.calls as usize).saturating_sub(1);
                let blocking = self.stamps.iter().rev().nth(before)?;
                Some(after(blocking.stamp, limit.per))
            })
            .chain(self.paused_until)
            .filter(|free_at| *free_at > now)
            .max();
        free_at.map_or(Ok(()), Err)
    }

    /// Takes one send at `now`, or says when to ask again, as [`Limiter::peek`] does.
    pub(super) fn try_take(&mut self, now: Moment) -> Result<Ticket, Moment> {
        self.peek(now)?;
        self.granted += 1;
        let ticket = Ticket {
            stamp: now.saturating_add(TRAVEL),
            whose: Whose::Ours,
            id: self.granted,
        };
        if !self.limits.is_empty() {
            self.stamps.insert(ticket);
        }
        Ok(ticket)
    }

    /// Takes note that the request of `ticket` was answered at `now`, so it arrived by then.
    pub(super) fn answered(&mut self, ticket: Ticket, now: Moment) {
        if now < ticket.stamp && self.stamps.remove(&ticket) {
            self.stamps.insert(Ticket {
                stamp: now,
                ..ticket
            });
        }
    }

    /// Lets nothing be sent before `until`. A pause is never shortened.
    pub(super) fn pause_until(&mut self, until: Moment) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// Counts `others`, and no other calls of other runs any more. The latest that fill the largest window
    /// are enough: what is before them holds up nothing.
    pub(super) fn count_others(&mut self, others: impl Iterator<Item = (Moment, u32)>) {
        let most = self.limits.iter().map(|limit| limit.calls).max();
        let mut others: Vec<_> = others.collect();
        others.sort_unstable_by(|one, other| other.cmp(one));
        let stamps = others
            .into_iter()
            .flat_map(|(stamp, calls)| std::iter::repeat_n(stamp, calls as usize));
        self.stamps.retain(|ticket| ticket.whose == Whose::Ours);
        let tickets = stamps.take(most.unwrap_or(0) as usize).zip(0..);
        self.stamps.extend(tickets.map(|(stamp, id)| Ticket {
            stamp,
            whose: Whose::Others,
            id,
        }));
    }

    /// How many sends are possible at `now`.
    pub(super) fn room(&self, now: Moment) -> u32 {
        if self.paused_until.is_some_and(|until| until > now) {
            return 0;
        }
        let room = self.limits.iter().map(|limit| {
            let latest = self.stamps.iter().rev();
            let seen = latest.take_while(|ticket| after(ticket.stamp, limit.per) > now);
            let seen = u32::try_from(seen.count()).unwrap_or(u32::MAX);
            limit.calls.saturating_sub(seen)
        });
        room.min().unwrap_or(u32::MAX)
    }

    /// The moments from which this run's own requests count.
    pub(super) fn made(&self) -> impl Iterator<Item = Moment> + '_ {
        let ours = |ticket: &&Ticket| ticket.whose == Whose::Ours;
        self.stamps.iter().filter(ours).map(|ticket| ticket.stamp)
    }

    fn forget(&mut self, now: Moment) {
        let longest = self.limits.iter().map(|limit| limit.per).max();
        while let (Some(longest), Some(first)) = (longest, self.stamps.first().copied()) {
            if after(first.stamp, longest) > now {
                break;
            }
            self.stamps.remove(&first);
        }
    }
}

/// `start + time`, or, where that is more than can be said, what is as good as never.
fn after(start: Moment, time: Duration) -> Moment {
    start.saturating_add(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(calls: u32, per: u64) -> Limit {
        Limit {
            calls,
            per: Duration::from_millis(per),
        }
    }

    /// A limiter, and the clock of a timetable in milliseconds.
    fn timetable(limits: &[Limit]) -> (Limiter, impl Fn(i64) -> Moment + use<>) {
        (Limiter::new(limits.to_vec()), Moment::from_millis)
    }

    #[test]
    fn a_full_window_opens_when_its_first_call_leaves_it() {
        let (mut limiter, at) = timetable(&[limit(2, 1000)]);
        for now in [0, 20] {
            let ticket = limiter.try_take(at(now)).unwrap();
            limiter.answered(ticket, at(now));
        }
        assert_eq!(limiter.try_take(at(30)), Err(at(1000)));
        assert_eq!(limiter.try_take(at(999)), Err(at(1000)));
        assert!(limiter.try_take(at(1000)).is_ok());
        assert_eq!(limiter.try_take(at(1000)), Err(at(1020)), "only one left");
    }

    #[test]
    fn every_window_has_to_be_open() {
        let (mut limiter, at) = timetable(&[limit(1, 100), limit(2, 1000)]);
        for now in [0, 100] {
            let ticket = limiter.try_take(at(now)).unwrap();
            limiter.answered(ticket, at(now));
        }
        assert_eq!(limiter.try_take(at(100)), Err(at(1000)));
    }

    #[test]
    fn a_request_counts_from_its_answer_but_not_later_than_travel() {
        let (mut limiter, at) = timetable(&[limit(1, 1000)]);
        let ticket = limiter.try_take(at(0)).unwrap();
        assert_eq!(limiter.peek(at(10)), Err(at(1250)), "it may be under way");
        limiter.answered(ticket, at(40));
        assert_eq!(limiter.peek(at(50)), Err(at(1040)), "it arrived by 40");

        let ticket = limiter.try_take(at(1040)).unwrap();
        limiter.answered(ticket, at(1900));
        assert_eq!(limiter.peek(at(1900)), Err(at(2290)), "a late answer");
    }

    #[test]
    fn a_pause_holds_for_all_and_is_not_shortened() {
        let (mut limiter, at) = timetable(&[]);
        limiter.pause_until(at(500));
        limiter.pause_until(at(100));
        assert_eq!(limiter.try_take(at(499)), Err(at(500)));
        assert!(limiter.try_take(at(500)).is_ok());
    }

    #[test]
    fn a_window_longer_than_any_clock_does_not_overflow() {
        let (mut limiter, at) = timetable(&[Limit {
            calls: 1,
            per: Duration::MAX,
        }]);
        assert!(limiter.try_take(at(0)).is_ok());
        assert!(limiter.try_take(at(1_000_000)).is_err());
    }

    #[test]
    fn the_calls_of_others_count_until_they_are_counted_anew() {
        let (mut limiter, at) = timetable(&[limit(3, 1000)]);
        limiter.count_others([(at(-500), 2), (at(-2000), 7)].into_iter());
        assert_eq!(limiter.room(at(0)), 1);
        limiter.try_take(at(0)).unwrap();
        assert_eq!(limiter.room(at(0)), 0);
        assert_eq!(limiter.peek(at(0)), Err(at(500)));
        limiter.count_others([(at(100), 2)].into_iter());
        assert_eq!(limiter.peek(at(500)), Err(at(1100)), "reserved until then");
        limiter.count_others(std::iter::empty());
        assert_eq!(limiter.room(at(500)), 2);
        assert_eq!(limiter.made().collect::<Vec<_>>(), [at(250)]);
    }

    #[test]
    fn no_number_of_calls_of_others_takes_more_memory_than_the_limits() {
        let (mut limiter, at) = timetable(&[limit(3, 1000), limit(5, 2000)]);
        limiter.count_others((0..50).map(|n| (at(n), u32::MAX)));
        assert_eq!(limiter.stamps.len(), 5);
        assert_eq!(limiter.peek(at(60)), Err(at(2049)));
    }

    #[test]
    fn the_history_is_bounded_by_the_longest_window() {
        let (mut limiter, at) = timetable(&[limit(5, 10), limit(20, 100)]);
        let mut now = 0;
        for _ in 0..1000 {
            while limiter.try_take(at(now)).is_err() {
                now += 1;
            }
            assert!(limiter.stamps.len() <= 20);
        }
        let (mut unlimited, at) = timetable(&[]);
        for now in 0..1000 {
            unlimited.try_take(at(now)).unwrap();
        }
        assert!(unlimited.stamps.is_empty());
    }
}
