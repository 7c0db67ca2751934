//! A plan as JSON, written and read. A saved plan is this document too.

mod ascii;
mod document;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use ascii::pretty_json;
pub(crate) use read::{PlanFileError, from_json};
pub(crate) use write::{json, plan_schema};
