//! How many calls a library takes.

use std::time::Duration;

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

    /// When the last of `calls` calls can start at the earliest under all `limits`, counted from the
    /// first, if calls take no time and none was made before.
    pub(crate) fn earliest_end(limits: &[Self], calls: u64) -> Duration {
        // The schedule is periodic in none of the windows alone, so it is played through; the state is
        // the start of every call, which is small beside the calls themselves.
        let mut starts: Vec<Duration> = Vec::new();
        for _ in 0..calls {
            let start = limits
                .iter()
                .filter_map(|limit| {
                    let leaves = starts.len().checked_sub(limit.calls as usize)?;
                    Some(*starts.get(leaves)? + limit.per)
                })
                .max()
                .unwrap_or_default()
                .max(starts.last().copied().unwrap_or_default());
            starts.push(start);
        }
        starts.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_waits_for_every_window() {
        let seconds = |calls| Limit::earliest_end(&Limit::DOCUMENTED, calls).as_secs();
        assert_eq!(seconds(0), 0);
        assert_eq!(seconds(100), 0, "a full window starts at once");
        assert_eq!(seconds(101), 60);
        assert_eq!(seconds(1500), 14 * 60);
        assert_eq!(seconds(1501), 3600);
        assert_eq!(Limit::earliest_end(&[], 1_000_000), Duration::ZERO);
    }
}
