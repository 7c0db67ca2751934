//! Deciding what to change. No clock, no randomness, no I/O: the same inputs always give the same plan.

mod change;

pub(crate) use change::{
    Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Summary,
};
