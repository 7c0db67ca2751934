//! `state …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the files that jumpbag put into the library
    #[command(after_help = "Example:\n  jumpbag state list")]
    List {
        /// As they were at this serial
        #[arg(long, value_name = "SERIAL")]
        serial: Option<u64>,
    },
    /// Show what the state says of one file
    #[command(after_help = "Example:\n  jumpbag state show collect-triage.ps1")]
    Show {
        /// The file
        name: String,
        /// As it was at this serial
        #[arg(long, value_name = "SERIAL")]
        serial: Option<u64>,
    },
    /// List the states between runs: serial, when, who, and by which command
    #[command(after_help = "Example:\n  jumpbag state history")]
    History {
        /// Print all that is known, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what changed from one serial to another
    #[command(after_help = "Example:\n  jumpbag state diff 41")]
    Diff {
        /// The earlier state
        #[arg(value_name = "SERIAL")]
        from: u64,
        /// The later one [default: the current state]
        #[arg(value_name = "SERIAL")]
        to: Option<u64>,
    },
    /// Remove the lock that a killed run left behind
    #[command(after_help = "Example:\n  jumpbag state unlock 2f1c6d5e-8a0b-4f5c-9d59-0d5d3b1b6a11")]
    Unlock {
        /// The lock's id, as the refused command printed it
        id: String,
    },
}
