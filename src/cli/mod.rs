//! The command line: the only module that knows a terminal, the environment and exit codes.

mod access;
mod args;
mod commands;
mod complete;
mod contents;
mod core_dump;
mod crash;
mod early;
mod env;
mod error;
mod events;
mod exit;
mod file;
mod ledger;
mod libraries;
mod lints;
mod output;
mod policies;
mod progress;
#[cfg(test)]
mod proof;
mod report;
mod repository;
mod review;
mod revision;
mod rollback;
mod select;
mod session;
mod stop;
mod summary;
mod workspace;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command, Global};
use error::Error;
use exit::{Exit, Failure};
use output::Output;

/// Runs jumpbag with this process's arguments, and returns its exit code.
///
/// # Errors
///
/// None: failures are printed to standard error, and the exit code says what became of the run.
pub fn main() -> ExitCode {
    if asks_for_version(std::env::args_os()) {
        let written = writeln!(io::stdout(), concat!("jumpbag ", env!("CARGO_PKG_VERSION")));
        return match written {
            // A closed standard output is nothing to report.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed.into(),
            Ok(()) | Err(_) => Exit::Done.into(),
        };
    }
    match complete::answer(std::env::args_os()) {
        Ok(false) => {}
        Ok(true) => return Exit::Done.into(),
        Err(_) => return Exit::Failed.into(),
    }
    core_dump::refuse();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed standard output is nothing to report.
            error.print().ok();
            // Not clap's 2, which a pipeline would take for "there are changes".
            return if error.use_stderr() {
                Exit::Failed.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let output = Output::new(&cli.global);
    crash::speak(output);
    match run(cli, output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.error(&*failure.report);
            failure.exit.into()
        }
    }
}

/// Whether that is all that was typed: it is what installers and wrappers ask, and needs no table of commands.
fn asks_for_version(mut args: impl Iterator<Item = OsString>) -> bool {
    let asked = args.nth(1);
    args.next().is_none() && asked.is_some_and(|it| it == "--version" || it == "-V")
}

fn run(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    log_to_stderr(&global);
    if let Some(folder) = &global.directory {
        env::go_to(folder).map_err(|cause| Error::Folder {
            folder: folder.display().to_string(),
            cause,
        })?;
    }
    let context = Context { global, output };
    match command {
        Command::Init(args) if args.from_remote => {
            let args = args.import(context.global.manifest.clone());
            block_on(commands::import::run(&context, &args))
        }
        Command::Init(_) => commands::init::run(&context),
        Command::Validate(args) => commands::validate::run(&context, &args),
        Command::Plan(args) => block_on(commands::plan::run(&context, &args)),
        Command::Apply(args) => block_on(commands::apply::run(&context, &args)),
        Command::Rollback(args) => block_on(commands::apply::rollback(&context, &args)),
        Command::Restore(args) => commands::restore::run(&context, &args),
        Command::Destroy(args) => block_on(commands::apply::destroy(&context, &args)),
        Command::Show(args) => commands::show::run(&context, &args),
        Command::Drift(args) => block_on(commands::drift::run(&context, &args)),
        Command::Status(args) => block_on(commands::status::run(&context, &args)),
        Command::Import(args) => block_on(commands::import::run(&context, &args)),
        Command::State(command) => block_on(commands::state::run(&context, &command)),
        Command::Emulator(args) => block_on(commands::emulator::run(&context, args)),
        Command::Explain(args) => commands::explain::run(&context, args.code.as_deref()),
        Command::Schema(args) => commands::about::schema(&context, args.name),
        Command::Completions(args) => commands::about::completions(&context, args.shell),
        Command::Man(args) => commands::about::man(&context, &args.folder),
        Command::Version => commands::about::version(&context),
    }
}

/// What every command is given.
struct Context {
    global: Global,
    output: Output,
}

/// Runs a command that waits for the network. What is still under way when it ends is dropped.
fn block_on(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let result = runtime.block_on(command);
    // Somebody may still be at the question.
    runtime.shutdown_background();
    result
}

fn log_to_stderr(global: &Global) {
    let wanted = env::text(env::LOG).or_else(|| {
        let level = match global.verbose {
            0 => return None,
            1 => "jumpbag=info",
            2 => "jumpbag=debug",
            _ => "jumpbag=trace",
        };
        Some(level.to_owned())
    });
    if let Some(wanted) = wanted {
        tracing_subscriber::fmt()
            .with_writer(io::stderr)
            .with_ansi(false)
            .with_env_filter(EnvFilter::new(wanted))
            .init();
    }
}
