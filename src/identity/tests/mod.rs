//! Identities without a network but loopback; `tests/cli/identity` tests them against the emulator.

mod certificate;
mod choose;
mod source;
mod transport;

use crate::library::IdentityError;

/// What stands for any failure to get a token.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{0}")]
struct Refused(&'static str);

fn refused(text: &'static str) -> IdentityError {
    IdentityError::new(Refused(text))
}
