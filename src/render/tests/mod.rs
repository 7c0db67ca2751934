//! What a person reads: every symbol, every kind of diff, and what hostile texts must not do.

pub(super) mod corpus;
mod diffs;
pub(super) mod fixtures;
mod groups;
mod hostile;
mod notes;
mod plans;
mod terminal;
