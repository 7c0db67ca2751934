//! A plan as JSON, written and read: a saved plan is this document too. And an apply's events as JSON lines.

mod ascii;
mod document;
pub(crate) mod events;
mod parts;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use ascii::pretty_json;
pub(crate) use read::{PlanFileError, from_json};
pub(crate) use write::{json, plan_schema};
