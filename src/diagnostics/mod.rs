//! Problems in a text that a person wrote: what is wrong, where, and what to do next.
//!
//! Errors of an operation are not here; every module has its own enum of those.

mod code;
pub(crate) mod lints;
mod passwords;
mod problem;
mod text;

pub(crate) use code::Code;
pub(crate) use passwords::without_passwords;
pub(crate) use problem::{Invalid, Problem, Severity};
pub(crate) use text::{Span, Text, Texts};
