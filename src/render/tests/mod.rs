//! What a person reads: every symbol, every kind of diff, and what hostile texts must not do.

mod diffs;
mod fixtures;
mod hostile;
mod plans;
