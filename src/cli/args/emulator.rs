//! `emulator`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct EmulatorArgs {
    /// Where to listen: a loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// The folder that holds the library
    #[arg(long, value_name = "DIR", default_value = ".library")]
    pub(crate) data: PathBuf,
    /// A rate limit such as 100/1m; may be repeated [default: 100/1m and 1500/1h]
    #[arg(long, value_name = "CALLS/TIME")]
    pub(crate) limit: Vec<jumpbag_emulator::Limit>,
    /// Have no rate limit
    #[arg(long, conflicts_with = "limit")]
    pub(crate) no_limit: bool,
    /// The largest file, such as 4MB
    #[arg(long, value_name = "SIZE", default_value = "4MB", value_parser = size)]
    pub(crate) max_file_size: u64,
    /// A fault to inject; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub(crate) fault: Vec<jumpbag_emulator::Fault>,
    /// Speak TLS, with a certificate authority that is made for this run; `--tls` alone means valid
    #[arg(long, value_name = "CERTIFICATE", num_args = 0..=1, require_equals = true, default_missing_value = "valid")]
    pub(crate) tls: Option<EmulatorTls>,
    /// A JSON file with the tenants and applications that may ask for tokens [default: anybody may]
    #[arg(long, value_name = "FILE")]
    pub(crate) entra: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmulatorTls {
    /// A certificate for localhost and the loopback addresses
    Valid,
    /// One whose time is over
    Expired,
    /// One for another host
    WrongHost,
}

fn size(text: &str) -> Result<u64, String> {
    crate::manifest::size(text).ok_or_else(|| "expected a size such as 4MB or 20MiB".to_owned())
}
