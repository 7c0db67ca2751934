//! The live response library's API: lists what is observed, uploads and deletes.
//!
//! A call here ends in one of two ways: with `Ok`, and then the library is known to be as asked; or with
//! an [`Error`] that says what is known. Nothing is guessed: an upload whose outcome is unknown is settled
//! by listing. The client does not know plans, states or terminals.
//!
//! - [`gate`], [`meter`] and [`limiter`] keep every request of a library, retries and pages included, under
//!   its limits; [`ledger`] is where several runs on one library share them.
//! - [`send`] sends one request once; [`retry`] says when it may be sent again.
//! - [`client`] and [`upload`] are the three calls made of such requests.
//! - [`body`] streams a content and holds its end back until it is known to be the right one.
//! - [`endpoint`] says where a token may go.
//! - [`trace`] keeps the ids of what was sent for a change.
//! - [`wire`] is the only place that knows the API's field names.

mod answer;
mod body;
mod client;
mod endpoint;
mod error;
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz;
mod gate;
mod identity;
mod ledger;
mod limiter;
mod meter;
mod retry;
mod send;
mod trace;
mod upload;
mod wire;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use crate::http::Http;
pub(crate) use client::{Client, Settings, Timeouts};
pub(crate) use error::{Error, chain};
pub(crate) use identity::{Identity, IdentityError, TokenFuture, TokenSource, claimed_client_id};
pub(crate) use ledger::Ledger;
pub(crate) use retry::{Retry, retry_after};
pub(crate) use trace::{Sent, Trace};
pub(crate) use upload::{Content, Upload};
