//! `state …`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Subcommand;
use clap_complete::engine::ArgValueCandidates;

use crate::cli::complete;

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
        #[arg(add = ArgValueCandidates::new(complete::tracked_files))]
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
    /// Print the state as it is stored
    #[command(after_help = "Example:\n  jumpbag state pull > state.json")]
    Pull,
    /// Write a state that was pulled in place of the current one
    #[command(after_help = "Example:\n  jumpbag state push state.json")]
    Push {
        /// The file; `-` for standard input
        #[arg(value_name = "FILE")]
        file: Utf8PathBuf,
        /// Write over this serial, though the file is older or of another lineage
        #[arg(long, value_name = "SERIAL")]
        force: Option<u64>,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Have the state know a file by the name that somebody gave it in the library
    #[command(after_help = "Example:\n  jumpbag state mv collect.ps1 collect-triage.ps1")]
    Mv {
        /// The name in the state
        #[arg(add = ArgValueCandidates::new(complete::tracked_files))]
        old: String,
        /// The name that it has in the library
        new: String,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Have the state forget files, and leave them in the library
    #[command(after_help = "Example:\n  jumpbag state rm collect-triage.ps1")]
    Rm {
        /// The files
        #[arg(
            value_name = "NAME",
            required = true,
            add = ArgValueCandidates::new(complete::tracked_files)
        )]
        names: Vec<String>,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Move the state to another place: copied, read back, and then marked as moved
    #[command(after_help = "Example:\n  jumpbag state migrate --to az://states/jumpbag")]
    Migrate {
        /// A URL as `state.url` in a manifest, or a folder as `state.path`
        #[arg(long, value_name = "URL")]
        to: String,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Encrypt everything anew for the recipients that the manifest names now
    #[command(after_help = "Example:\n  jumpbag state reseal")]
    Reseal {
        /// Decrypt everything; for a manifest without `encrypt_to`
        #[arg(long)]
        plain: bool,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Remove old states from the history, and contents that nothing refers to
    #[command(after_help = "\
Examples:
  jumpbag state gc --keep 20 --older-than 30d
  jumpbag state gc --keep 20 --older-than 30d --prune")]
    Gc {
        /// Keep the newest so many states
        #[arg(long, value_name = "N", default_value = "10")]
        keep: usize,
        /// Keep those that are younger
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = age)]
        older_than: Duration,
        /// Remove it, and do not only say what would be removed
        #[arg(long)]
        prune: bool,
        /// Wait this long for a locked state, such as 5m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::duration)]
        lock_timeout: Duration,
    },
    /// Remove the lock that a killed run left behind
    #[command(after_help = "Example:\n  jumpbag state unlock 2f1c6d5e-8a0b-4f5c-9d59-0d5d3b1b6a11")]
    Unlock {
        /// The lock's id, as the refused command printed it
        id: String,
    },
}

fn age(text: &str) -> Result<Duration, String> {
    let some = crate::manifest::duration(text);
    some.or_else(|| super::duration(text).ok())
        .ok_or_else(|| "expected a time such as 90d or 12h".to_owned())
}
