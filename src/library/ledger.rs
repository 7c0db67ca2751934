//! Where the runs on one library tell each other what they have spent of its limits.

use jiff::Timestamp;

use crate::model::{Account, Booked, Calls};

/// The accounts of all runs on one library. Where they are kept is not the client's business.
pub(crate) trait Ledger: Send + Sync {
    /// The clock that the accounts are kept by.
    fn now(&self) -> Timestamp;

    /// Whether a turn waits for answers from afar, so that asynchronous code must not take it itself.
    fn is_far(&self) -> bool;

    /// Calls `turn` with what all others have spent and reserved, and keeps the account that it returns in
    /// place of this run's last one. Where that is [`Booked::Busy`], somebody else was faster, and it was not
    /// kept: the next turn begins anew.
    fn turn(&self, turn: &mut dyn FnMut(&[Calls]) -> Account) -> Booked;
}
