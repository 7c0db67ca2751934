//! The binary as a user runs it: a real process, a real HTTP server on loopback, a real file system.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails says why"
)]

mod emulator;
mod harness;
mod running;

mod exit_codes;
mod plan_files;
mod user_path;
