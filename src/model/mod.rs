//! Plain data that the stages hand to each other: no I/O, no serde, no clock.

mod auth;
mod file;
mod library;
mod limits;
mod name;
mod sha256;
mod spent;

pub(crate) use auth::Auth;
pub(crate) use file::{
    Attribute, DesiredFile, File, ObservedFile, Seen, TrackedFile, none_if_empty,
};
pub(crate) use library::{Inputs, LibraryId, Policy, Selection, Unmanaged};
pub(crate) use limits::Limit;
pub(crate) use name::{InvalidName, Name};
pub(crate) use sha256::{Hasher, Sha256};
pub(crate) use spent::{Account, Booked, Calls};
