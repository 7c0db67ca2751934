//! What runs have spent of a library's limits, as they tell each other.

use std::time::Duration;

use jiff::Timestamp;

/// Calls that count in the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Calls {
    /// The latest moment at which they can have reached the service.
    pub(crate) at: Timestamp,
    /// How many; at least 1.
    pub(crate) calls: u32,
}

/// What one run has spent, and what it may still spend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// The calls that it has made.
    pub(crate) made: Vec<Calls>,
    /// The calls that it may make until then. Others count them as made at that moment: whoever is killed
    /// cannot tell any more how many it made.
    pub(crate) reserved: Option<Calls>,
}

impl Account {
    /// How far ahead a run reserves at the most, so that no time in an account is further in the future
    /// unless a clock is wrong.
    pub(crate) const FARTHEST: Duration = Duration::from_secs(10);

    /// Everything in it, in no order.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Calls> + '_ {
        self.made.iter().chain(&self.reserved).copied()
    }
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Booked {
    /// Everybody knows it from now on.
    Kept,
    /// It cannot be kept; what others have spent was read where that was possible.
    NotKept,
    /// Somebody else was faster; it was not kept.
    Busy,
}
