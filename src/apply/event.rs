//! What an apply tells while it runs.

use uuid::Uuid;

use crate::library::Sent;
use crate::model::Name;
use crate::plan::Action;

/// One step of a change. A change that needs a call is told as started; then every change is told once more,
/// as what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call for the change is made as soon as this is told, and not before.
    Started {
        /// The file.
        name: Name,
        /// What is done about it.
        action: Action,
        /// The id that the change's requests carry.
        request_id: Uuid,
    },
    /// The change is made, and the state that knows it is on disk.
    Done {
        /// The file.
        name: Name,
        /// What was done about it.
        action: Action,
        /// The serial of that state.
        serial: u64,
        /// What was sent.
        sent: Vec<Sent>,
    },
    /// The change was not made, or it is not known whether it was.
    Failed {
        /// The file.
        name: Name,
        /// What should have been done about it.
        action: Action,
        /// Why, as a phrase.
        message: String,
        /// The same with its causes.
        details: String,
        /// The error's code.
        code: Option<String>,
        /// Whether it may have been made.
        unknown: bool,
        /// What was sent.
        sent: Vec<Sent>,
    },
    /// The change was not begun, or stopped before a call was carried out.
    NotTried {
        /// The file.
        name: Name,
        /// What should have been done about it.
        action: Action,
        /// What was sent, and refused.
        sent: Vec<Sent>,
    },
    /// The change is made, and the state that knows it could not be saved.
    NotRecorded {
        /// The file.
        name: Name,
        /// What was done about it.
        action: Action,
        /// What was sent.
        sent: Vec<Sent>,
    },
}

/// Hears of each change that is begun, and says whether it could take that: a call is made only after it has. Workers call it,
/// one at a time.
pub(crate) type Beginnings = dyn Fn(Event) -> bool + Send + Sync;

/// Hears every other event, and says whether it could take it. Where it could not, nothing more is begun.
pub(crate) type Listener<'a> = dyn FnMut(Event) -> bool + 'a;
