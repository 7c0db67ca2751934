//! What a plan is made of, shown as and applied by.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::duration;
use crate::cli::complete;

/// The headings of the options that several commands have.
const SHOWN: &str = "How it is shown";
const APPLIED: &str = "How it is applied";

/// What a plan is about.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is planned")]
pub(crate) struct PlanOptions {
    /// Take the state for what is in the library, and make no call
    #[arg(long)]
    pub(crate) no_refresh: bool,
    /// Only this file; may be repeated
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(complete::files))]
    pub(crate) target: Vec<String>,
    /// Allow this many deletions in this run, instead of `max_deletes`
    #[arg(long, value_name = "N")]
    pub(crate) allow_deletes: Option<u64>,
    /// Policies (`*.rego`) of this folder decide [default: `policies`, if any]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) policy: Option<Utf8PathBuf>,
}

/// What a plan takes the library to.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is planned")]
pub(crate) struct TowardsArgs {
    /// Delete everything that jumpbag put there
    #[arg(long)]
    destroy: bool,
    /// Go back to this serial of the state
    #[arg(long, value_name = "SERIAL", conflicts_with = "destroy")]
    rollback: Option<u64>,
}

impl TowardsArgs {
    /// The same as one choice.
    pub(crate) fn towards(&self) -> Towards {
        match self.rollback {
            Some(serial) => Towards::Serial(serial),
            None if self.destroy => Towards::Nothing,
            None => Towards::Manifest,
        }
    }
}

/// What a plan takes the library to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Towards {
    /// What the manifest asks for.
    #[default]
    Manifest,
    /// Nothing that jumpbag put there.
    Nothing,
    /// What the state of this serial had.
    Serial(u64),
}

impl Towards {
    /// The options that say it.
    pub(crate) fn words(self) -> Vec<String> {
        match self {
            Self::Manifest => Vec::new(),
            Self::Nothing => vec!["--destroy".to_owned()],
            Self::Serial(serial) => vec!["--rollback".to_owned(), serial.to_string()],
        }
    }

    /// The serial that is gone back to.
    pub(crate) fn serial(self) -> Option<u64> {
        match self {
            Self::Serial(serial) => Some(serial),
            Self::Manifest | Self::Nothing => None,
        }
    }
}

/// In which forms a plan is written, besides or instead of its text.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = SHOWN)]
pub(crate) struct Forms {
    /// Write it as Markdown for a comment; `-` for standard output, not the text
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<Utf8PathBuf>,
    /// Write it as a page of HTML; `-` for standard output, not the text
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<Utf8PathBuf>,
    /// Write it as JSON; `-` for standard output, not the text
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<Utf8PathBuf>,
}

impl Forms {
    /// The forms that were asked for, by their options.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Utf8PathBuf)> {
        let Self {
            markdown,
            html,
            json,
        } = self;
        let all = [("--markdown", markdown), ("--html", html), ("--json", json)];
        all.into_iter()
            .filter_map(|(option, path)| Some((option, path.as_ref()?)))
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) options: PlanOptions,
    #[command(flatten)]
    pub(crate) towards: TowardsArgs,
    /// Save the plan, for `apply FILE`
    #[arg(long, help_heading = SHOWN, value_name = "FILE")]
    pub(crate) out: Option<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) forms: Forms,
    /// Exit with 2 when there are changes
    #[arg(long, help_heading = SHOWN)]
    pub(crate) detailed_exitcode: bool,
}

/// How a plan is applied.
#[derive(Clone, Debug, Args)]
pub(crate) struct ApplyOptions {
    #[command(flatten)]
    pub(crate) forms: Forms,
    /// Do not ask
    #[arg(long, help_heading = APPLIED)]
    pub(crate) auto_approve: bool,
    /// Apply only if the plan has this fingerprint
    #[arg(long, help_heading = APPLIED, value_name = "FINGERPRINT", conflicts_with = "auto_approve")]
    pub(crate) approved: Option<String>,
    /// Append what happens as JSON lines; `-` for standard output, not the texts
    #[arg(long, help_heading = APPLIED, value_name = "FILE")]
    pub(crate) events: Option<Utf8PathBuf>,
    /// How many files are sent at once [default: 4, up to 16 while that goes well]
    #[arg(long, help_heading = APPLIED, hide_short_help = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: Option<u16>,
    /// Wait this long for a locked state, such as 5m
    #[arg(long, help_heading = APPLIED, hide_short_help = true, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A saved plan; without one, apply plans first
    #[arg(conflicts_with_all = ["no_refresh", "target", "destroy", "rollback"])]
    pub(crate) plan: Option<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) options: PlanOptions,
    #[command(flatten)]
    pub(crate) towards: TowardsArgs,
    #[command(flatten)]
    pub(crate) apply: ApplyOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The state to go back to, by its serial in `state history`
    pub(crate) serial: u64,
    #[command(flatten)]
    pub(crate) options: PlanOptions,
    #[command(flatten)]
    pub(crate) apply: ApplyOptions,
}

#[derive(Debug, Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub(crate) options: PlanOptions,
    #[command(flatten)]
    pub(crate) apply: ApplyOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The saved plan
    pub(crate) plan: Utf8PathBuf,
    #[command(flatten)]
    pub(crate) forms: Forms,
}
