//! How many calls are taken: sliding windows over the calls that were.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;

use crate::duration;

/// One window of a rate limit: never more than `calls` in any span of `per`.
///
/// Written `100/1m`, `1500/1h`, `20/1s`, or `5/500ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most calls in the window; at least 1.
    pub calls: u32,
    /// The window's length; longer than zero.
    pub per: Duration,
}

impl Limit {
    /// What the API documents: 100 calls a minute and 1,500 an hour.
    pub const DOCUMENTED: [Self; 2] = [
        Self {
            calls: 100,
            per: Duration::from_mins(1),
        },
        Self {
            calls: 1500,
            per: Duration::from_hours(1),
        },
    ];

    /// Whether a call can ever be taken under it.
    pub(crate) fn is_usable(self) -> bool {
        self.calls > 0 && !self.per.is_zero()
    }
}

/// Says that a text is not a [`Limit`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a limit: write calls and a window, such as `100/1m`, `20/1s`, or `5/500ms`"
)]
pub struct ParseLimitError {
    text: String,
}

impl FromStr for Limit {
    type Err = ParseLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (calls, per) = text.split_once('/')?;
            let limit = Self {
                calls: calls.parse().ok()?,
                per: duration::parse(per)?,
            };
            limit.is_usable().then_some(limit)
        };
        parse().ok_or_else(|| ParseLimitError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.calls, duration::Shown(self.per))
    }
}

/// Keeps one history of calls under several windows.
///
/// The windows slide strictly: at no moment does any span of a window's length hold more calls
/// than its limit. Whether the real service's windows slide, and whether the three calls share
/// one budget, is not documented; a client that is good enough for this is good enough for all.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Vec<Limit>,
    /// When the calls were taken, oldest first; as many as the largest limit can see.
    taken: VecDeque<Instant>,
}

impl Limiter {
    /// Starts with an empty history; no limits means that every call is taken.
    pub(crate) fn new(limits: Vec<Limit>) -> Self {
        Self {
            limits,
            taken: VecDeque::new(),
        }
    }

    /// Takes a call at `now`, or says how long it is until the next one would be taken.
    ///
    /// A refused call leaves no trace. The real service does not say whether refused calls count;
    /// if they did, a client that waits as long as it is told would still be served.
    pub(crate) fn try_take(&mut self, now: Instant) -> Result<(), Duration> {
        let wait = self
            .limits
            .iter()
            .filter_map(|limit| {
                let before = self.taken.len().checked_sub(limit.calls as usize)?;
                let free_at = *self.taken.get(before)? + limit.per;
                free_at.checked_duration_since(now)
            })
            .max()
            .filter(|wait| !wait.is_zero());
        if let Some(wait) = wait {
            return Err(wait);
        }
        let most = self.limits.iter().map(|limit| limit.calls as usize).max();
        self.taken.push_back(now);
        while self.taken.len() > most.unwrap_or(0) {
            self.taken.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limits: &[&str]) -> Limiter {
        Limiter::new(limits.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn both_windows_slide() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let wait = |ms| Err(Duration::from_millis(ms));
        let mut limiter = limiter(&["2/1s", "3/10s"]);
        assert_eq!(limiter.try_take(at(0)), Ok(()));
        assert_eq!(limiter.try_take(at(400)), Ok(()));
        assert_eq!(limiter.try_take(at(500)), wait(500), "the second is full");
        assert_eq!(
            limiter.try_take(at(999)),
            wait(1),
            "and the refusals did not count"
        );
        assert_eq!(
            limiter.try_take(at(1000)),
            Ok(()),
            "the first call left the second"
        );
        assert_eq!(
            limiter.try_take(at(1200)),
            wait(8800),
            "the longer wait is told"
        );
        assert_eq!(
            limiter.try_take(at(10_000)),
            Ok(()),
            "one call left the ten seconds"
        );
        assert_eq!(limiter.try_take(at(10_000)), wait(400), "and one only");
    }

    #[tokio::test(start_paused = true)]
    async fn no_span_of_a_window_holds_more_than_its_limit() {
        let start = Instant::now();
        let mut limiter = limiter(&["5/100ms", "20/1s"]);
        let mut taken: Vec<u64> = Vec::new();
        // Uneven steps, so that bursts and pauses both occur.
        let mut at = 0;
        for step in 0..5000_u64 {
            at += (step * step) % 13;
            if limiter.try_take(start + Duration::from_millis(at)).is_ok() {
                taken.push(at);
            }
        }
        assert!(taken.len() > 100);
        for (limit, span) in [(5, 100), (20, 1000)] {
            for window in taken.windows(limit + 1) {
                assert!(window[limit] - window[0] >= span, "{window:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_every_call_is_taken_and_none_is_remembered() {
        let mut limiter = limiter(&[]);
        for _ in 0..10_000 {
            assert_eq!(limiter.try_take(Instant::now()), Ok(()));
        }
        assert!(limiter.taken.is_empty());
    }

    #[test]
    fn limits_are_shown_as_they_are_read() {
        for text in ["100/1m", "1500/1h", "20/1s", "5/500ms"] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
        for text in [
            "", "100", "0/1m", "5/0s", "-1/1m", "5/1", "5/1m/2", "x/1m", "5 / 1m",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
