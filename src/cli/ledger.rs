//! The budget beside the state, as the client asks for it.

use jiff::Timestamp;

use crate::library::Ledger;
use crate::model::{Account, Booked, Calls};
use crate::state::Budget;

impl Ledger for Budget {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn is_far(&self) -> bool {
        Self::is_far(self)
    }

    fn turn(&self, turn: &mut dyn FnMut(&[Calls]) -> Account) -> Booked {
        Self::turn(self, turn)
    }
}
