//! `state …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the files that jumpbag put into the library
    #[command(after_help = "Example:\n  jumpbag state list")]
    List,
    /// Show what the state says of one file
    #[command(after_help = "Example:\n  jumpbag state show collect-triage.ps1")]
    Show {
        /// The file
        name: String,
    },
    /// List the states between runs: serial, when, who, and by which command
    #[command(after_help = "Example:\n  jumpbag state history")]
    History,
    /// Remove the lock that a killed run left behind
    #[command(after_help = "Example:\n  jumpbag state unlock 2f1c6d5e-8a0b-4f5c-9d59-0d5d3b1b6a11")]
    Unlock {
        /// The lock's id, as the refused command printed it
        id: String,
    },
}
