//! The binary as a user runs it: a real process, a real HTTP server on loopback, a real file system.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that fails says why"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test writes its own files, and has to end when nothing comes"
)]

#[cfg(unix)]
mod approval;
mod emulator;
#[cfg(unix)]
mod events;
mod harness;
mod history;
mod identity;
mod leaks;
mod running;

mod annotations;
mod budget;
mod completions;
mod concurrency;
mod exit_codes;
mod explain;
#[cfg(target_os = "linux")]
mod files;
mod fleet;
mod import_manifest;
#[cfg(unix)]
mod interrupt;
mod kept;
#[cfg(unix)]
mod killed;
mod libraries;
mod limits;
mod lints;
#[cfg(unix)]
mod locks;
mod login_host;
#[cfg(unix)]
mod matrix;
mod overlays;
mod plan_files;
mod plan_options;
mod policies;
#[cfg(unix)]
mod race;
mod real_input;
mod refusals;
mod reviewed;
mod rollback;
mod sealed;
mod secrets;
mod stale_plans;
#[cfg(unix)]
mod stat_cache;
mod state_commands;
mod status;
#[cfg(unix)]
mod storage;
mod stranger;
mod user_path;
