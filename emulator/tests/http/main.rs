//! The emulator as a client sees it: real sockets on the loopback address.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop"
)]

mod client;
mod curl;
mod entra;
mod faults;
mod kill;
mod library;
mod lifecycle;
mod limits;
mod tls;
mod token;
