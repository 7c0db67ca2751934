//! What an apply tells while it runs.

use crate::model::Name;
use crate::plan::Action;

/// One step of a change. A change is told as started, and then as done or failed; one that needs no call
/// is only told as done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call for the change is about to be made.
    Started {
        /// The file.
        name: Name,
        /// What is done about it.
        action: Action,
    },
    /// The change is made, and the state that knows it is on disk.
    Done {
        /// The file.
        name: Name,
        /// What was done about it.
        action: Action,
    },
    /// The change was not made, or it is not known whether it was.
    Failed {
        /// The file.
        name: Name,
        /// What should have been done about it.
        action: Action,
        /// Why, as a phrase.
        message: String,
    },
}
