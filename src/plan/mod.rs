//! Deciding what to change. No clock, no randomness, no I/O: the same inputs always give the same plan.

mod change;
mod check;
mod drift;
mod fingerprint;
mod planner;
#[cfg(test)]
mod tests;

pub(crate) use change::{
    Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Summary, Warning,
};
pub(crate) use check::{Misfit, check};
pub(crate) use drift::drift;
pub(crate) use fingerprint::fingerprint;
pub(crate) use planner::plan;
