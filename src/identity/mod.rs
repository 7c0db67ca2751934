//! Who we are to the API: from settings to tokens.
//!
//! - [`choose`](mod@choose) decides which identity a library uses, from its settings and the environment; it is pure.
//! - [`credential`] asks Microsoft's `azure_identity` for one token of it; [`certificate`] and [`github`] make
//!   the assertions that this crate does not make.
//! - [`transport`] carries all of their requests, and tries again where that helps.
//! - [`source`] keeps a token and renews it in time; [`registry`] lets libraries share one.
//! - [`error`] is what can go wrong, [`entra`] what Microsoft's own codes mean.
//!
//! This module does not read the environment; where `azure_identity` does, it says so. No error and no debug
//! output of it holds a secret.

mod certificate;
mod choose;
mod credential;
mod entra;
mod environment;
mod error;
mod github;
mod registry;
mod source;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use choose::{Wanted, choose};
pub(crate) use environment::Environment;
pub(crate) use error::Error;
pub(crate) use registry::{Place, Registry};
