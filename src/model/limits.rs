//! How many calls a library takes.

use std::time::Duration;

use jiff::SignedDuration;

/// One window of a rate limit: never more than `calls` in any span of `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The most calls in the window; at least 1.
    pub(crate) calls: u32,
    /// The window's length; longer than zero.
    pub(crate) per: Duration,
}

impl Limit {
    /// What the API documents for each of its calls: 100 a minute and 1,500 an hour.
    pub(crate) const DOCUMENTED: [Self; 2] = [
        Self {
            calls: 100,
            per: Duration::from_mins(1),
        },
        Self {
            calls: 1500,
            per: Duration::from_hours(1),
        },
    ];

    /// When the last of `calls` calls can start at the earliest under all `limits`, counted from now, if calls
    /// take no time. `spent` says how long ago each of the calls before them was.
    pub(crate) fn earliest_end(limits: &[Self], spent: &[Duration], calls: u64) -> Duration {
        let signed = |time| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        let before = spent.iter().map(|age| -signed(*age));
        // The schedule is periodic in none of the windows alone, so it is played through; the state is
        // the start of every call, which is small beside the calls themselves.
        let mut starts: Vec<SignedDuration> = before.collect();
        starts.sort_unstable();
        let mut last = SignedDuration::ZERO;
        for _ in 0..calls {
            let opens = limits.iter().filter_map(|limit| {
                let leaves = starts.len().checked_sub(limit.calls as usize)?;
                Some(starts.get(leaves)?.saturating_add(signed(limit.per)))
            });
            last = opens.max().unwrap_or_default().max(last);
            starts.push(last);
        }
        last.unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_waits_for_every_window() {
        let seconds = |calls| Limit::earliest_end(&Limit::DOCUMENTED, &[], calls).as_secs();
        assert_eq!(seconds(0), 0);
        assert_eq!(seconds(100), 0, "a full window starts at once");
        assert_eq!(seconds(101), 60);
        assert_eq!(seconds(1500), 14 * 60);
        assert_eq!(seconds(1501), 3600);
        assert_eq!(Limit::earliest_end(&[], &[], 1_000_000), Duration::ZERO);
    }

    #[test]
    fn calls_before_them_count_for_as_long_as_a_window_sees_them() {
        let ages = |age, calls| vec![Duration::from_secs(age); calls];
        let seconds = |spent: &[Duration], calls| {
            Limit::earliest_end(&Limit::DOCUMENTED, spent, calls).as_secs()
        };
        assert_eq!(seconds(&ages(60, 100), 100), 0, "they have left the minute");
        assert_eq!(seconds(&ages(59, 100), 100), 1);
        assert_eq!(seconds(&ages(59, 100), 0), 0);
        assert_eq!(seconds(&ages(600, 1500), 1), 3000, "and fill the hour");
        let mixed = [ages(10, 50), ages(30, 50)].concat();
        assert_eq!(seconds(&mixed, 50), 30, "in whatever order");
        assert_eq!(seconds(&mixed, 51), 50);
    }
}
