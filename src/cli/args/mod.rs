//! What is typed on the command line. The doc comments are the help texts.

use std::path::PathBuf;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use super::complete;

mod emulator;
mod plan;
#[cfg(test)]
mod reference;
mod state;

pub(crate) use emulator::{EmulatorArgs, EmulatorTls};
pub(crate) use plan::{
    ApplyArgs, ApplyOptions, DestroyArgs, Forms, PlanArgs, PlanOptions, RollbackArgs, ShowArgs,
    Towards,
};
pub(crate) use state::StateCommand;

/// The manifest where the command line names none.
pub(crate) const MANIFEST: &str = "jumpbag.yaml";

/// Keep a Defender for Endpoint live response library as a reviewed manifest says
///
/// `plan` shows what would change, `apply` does it, and the state remembers it.
#[derive(Debug, Parser)]
#[command(
    name = "jumpbag",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  jumpbag init                     write a starter manifest
  jumpbag plan                     show what would change
  jumpbag apply                    change it, after a question"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Go to this folder first
    #[arg(short = 'C', global = true, hide_short_help = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The manifest
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = MANIFEST
    )]
    pub(crate) manifest: Utf8PathBuf,
    /// Only this library of the manifest; a glob, may be repeated
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        add = ArgValueCandidates::new(complete::libraries)
    )]
    pub(crate) library: Vec<String>,
    /// When to use colour
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: Color,
    /// Read every source, also those that nobody has touched since an earlier run
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) no_cache: bool,
    /// Log more to standard error; up to -vvv (or `JUMPBAG_LOG`)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print results and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented starter manifest, never over an existing file
    #[command(after_help = "\
Examples:
  jumpbag init -m jumpbag.yaml
  jumpbag init --from-remote --search scripts     from what the library of the environment holds")]
    Init(InitArgs),
    /// Check everything that can be checked without the network
    #[command(after_help = "\
Examples:
  jumpbag validate
  jumpbag validate --format github
  jumpbag validate --format sarif > jumpbag.sarif")]
    Validate(ValidateArgs),
    /// Show what would change
    #[command(after_help = "\
Examples:
  jumpbag plan
  jumpbag plan --out plan.json --detailed-exitcode
  jumpbag plan --target collect-triage.ps1")]
    Plan(PlanArgs),
    /// Change the library to what the manifest asks for
    #[command(after_help = "\
Examples:
  jumpbag apply                            plan, ask, and apply
  jumpbag apply plan.json                  apply exactly that saved plan
  jumpbag apply --approved sha256:6e21…    plan, and apply only what was approved")]
    Apply(ApplyArgs),
    /// Show a saved plan
    #[command(after_help = "Example:\n  jumpbag show plan.json")]
    Show(ShowArgs),
    /// Show what somebody else changed in the library since the last apply
    #[command(after_help = "Example:\n  jumpbag drift --detailed-exitcode")]
    Drift(DriftArgs),
    /// Show how each library stands: state, last apply, lock, drift, calls that are left
    #[command(after_help = "\
Examples:
  jumpbag status
  jumpbag status --no-refresh      without asking the libraries
  jumpbag status --json")]
    Status(StatusArgs),
    /// Take the library back to an earlier state; the same as `apply --rollback`
    #[command(after_help = "\
Examples:
  jumpbag state history            find the serial
  jumpbag plan --rollback 41       look at what would change
  jumpbag rollback 41")]
    Rollback(RollbackArgs),
    /// Write a content that jumpbag put into the library to a file
    #[command(after_help = "\
Examples:
  jumpbag restore collect-triage.ps1 -o scripts/collect-triage.ps1
  jumpbag restore collect-triage.ps1@41 -o -")]
    Restore(RestoreArgs),
    /// Delete every file that jumpbag put into the library; the same as `apply --destroy`
    #[command(after_help = "Example:\n  jumpbag destroy --allow-deletes 25")]
    Destroy(DestroyArgs),
    /// Take files that the library already has into the state
    #[command(after_help = "\
Examples:
  jumpbag import collect-triage.ps1
  jumpbag import --all
  jumpbag import --all --write-manifest jumpbag.yaml --search scripts")]
    Import(ImportArgs),
    /// Look at the state, and unlock it
    #[command(subcommand, after_help = "Example:\n  jumpbag state list")]
    State(StateCommand),
    /// Run a local emulator of the API, for trials and tests
    #[command(after_help = "\
Example:
  jumpbag emulator --listen 127.0.0.1:8080 --data .library --limit 100/1m

Faults are CALL:WHICH:EFFECT, where
  CALL    is list, upload, delete, token or any
  WHICH   is 3 (the third such call), 2-5, every/10 or all
  EFFECT  is status=503, status=429,retry-after=2, html=502, drop-before, drop-after, truncate,
          delay=500ms, wrong-sha256 or hang")]
    Emulator(EmulatorArgs),
    /// Say what an error, a lint or an exit code means, and what to do
    #[command(after_help = "\
Examples:
  jumpbag explain jumpbag::state::locked
  jumpbag explain locked                   the same: no other code ends so
  jumpbag explain 4                        an exit code
  jumpbag explain                          all codes")]
    Explain(ExplainArgs),
    /// Print a JSON schema
    #[command(after_help = "Example:\n  jumpbag schema manifest > manifest.schema.json")]
    Schema(SchemaArgs),
    /// Print the completions for a shell
    #[command(after_help = "\
Examples:
  source <(jumpbag completions bash)                      in ~/.bashrc; zsh in the same way
  jumpbag completions fish | source                       in ~/.config/fish/config.fish
  jumpbag completions powershell | Out-String | iex       in $PROFILE")]
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    #[command(after_help = "Example:\n  jumpbag man /usr/local/share/man/man1")]
    Man(ManArgs),
    /// Print the version
    #[command(after_help = "Example:\n  jumpbag version")]
    Version,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write what the library holds, and take it into the state; the same as `import --all --write-manifest`
    #[arg(long)]
    pub(crate) from_remote: bool,
    /// Look for sources in this folder, by their SHA-256; may be repeated
    #[arg(long, value_name = "DIR", requires = "from_remote", value_hint = clap::ValueHint::DirPath)]
    pub(crate) search: Vec<Utf8PathBuf>,
}

impl InitArgs {
    /// What `import` is asked for, to write the new `manifest`.
    pub(crate) fn import(self, manifest: Utf8PathBuf) -> ImportArgs {
        ImportArgs {
            names: Vec::new(),
            all: true,
            write_manifest: Some(manifest),
            search: self.search,
            lock_timeout: Duration::ZERO,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// How problems are written
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: ValidateFormat,
}

/// How `validate` writes problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidateFormat {
    /// For a person, on standard error
    Human,
    /// As JSON
    Json,
    /// As SARIF 2.1.0, for code scanning
    Sarif,
    /// As workflow commands of GitHub Actions
    Github,
    /// As logging commands of Azure Pipelines
    Azure,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The file, and optionally the serial of the state that it is taken from
    #[arg(value_name = "NAME[@SERIAL]", add = ArgValueCandidates::new(complete::tracked_files))]
    pub(crate) name: String,
    /// Where to write it; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Utf8PathBuf,
    /// Write over what is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// Exit with 2 when there is drift
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Do not ask the libraries what they hold: without drift
    #[arg(long)]
    pub(crate) no_refresh: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The files to take into the state
    #[arg(
        value_name = "NAME",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) names: Vec<String>,
    /// Take everything that the library has
    #[arg(long)]
    pub(crate) all: bool,
    /// Write a manifest of it to this new file, and take into the state what has a source there
    #[arg(long, value_name = "FILE", value_parser = new_file)]
    pub(crate) write_manifest: Option<Utf8PathBuf>,
    /// Look for sources in this folder, by their SHA-256; may be repeated
    #[arg(long, value_name = "DIR", requires = "write_manifest")]
    pub(crate) search: Vec<Utf8PathBuf>,
    /// Wait this long for a locked state, such as 5m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, or its end
    #[arg(add = ArgValueCandidates::new(complete::codes))]
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which schema
    pub(crate) name: SchemaName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// jumpbag.yaml
    Manifest,
    /// A line of `--events`
    Event,
    /// A saved plan, and `--json`
    Plan,
    /// state.json
    State,
    /// budget.json, beside it
    Budget,
    /// `status --json`
    Status,
    /// `validate --format json`
    Validation,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder; it is made where it is not there
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) folder: Utf8PathBuf,
}

fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "expected a time such as 90s, 5m or 1h".to_owned())?;
    Duration::try_from(span).map_err(|_| "expected a time that is not negative".to_owned())
}

/// A file that a later run reads, so that standard output is none.
fn new_file(text: &str) -> Result<Utf8PathBuf, String> {
    if text == "-" {
        return Err("expected a file, which the next plan reads".to_owned());
    }
    Ok(text.into())
}
