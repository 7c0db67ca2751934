//! One file for each command.

pub(super) mod about;
pub(super) mod apply;
pub(super) mod drift;
pub(super) mod emulator;
mod execute;
pub(super) mod explain;
pub(super) mod import;
pub(super) mod init;
pub(super) mod plan;
mod prepare;
pub(super) mod restore;
mod saved;
pub(super) mod show;
pub(super) mod state;
pub(super) mod status;
pub(super) mod validate;
mod wanted;
