//! What is said when jumpbag has a bug and stops where it is: Rust ends it with the exit code 101.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;

use super::output::Output;

/// A panic, without its message: that may repeat whatever was being read, such as a token.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("jumpbag stopped at {place}: that is a bug")]
#[diagnostic(
    code(jumpbag::cli::bug),
    help(
        "what was reported as done is recorded, and `jumpbag plan` shows what is left; please report the place, the command and the output of `jumpbag version` at {url}",
        url = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues")
    )
)]
struct Bug {
    place: String,
}

/// Has every panic from now on say where it is and what to do. `RUST_BACKTRACE=1` shows how it came there, as everywhere.
pub(super) fn speak(output: Output) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location();
        let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        output.error(&Bug { place });
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            output.note(&backtrace.to_string());
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;
    use crate::cli::env::text;

    /// The variable that makes [`child`] one.
    const MESSAGE: &str = "JUMPBAG_TEST_PANIC";

    #[test]
    #[ignore = "is run as a process of its own by `a_panic_does_not_show_its_message`"]
    fn child() {
        let Some(message) = text(MESSAGE) else {
            return;
        };
        let cli = Cli::try_parse_from(["jumpbag", "version"]).unwrap();
        speak(Output::new(&cli.global));
        let thread = std::thread::spawn(move || panic!("{message}"));
        assert!(thread.join().is_err());
    }

    #[test]
    fn a_panic_does_not_show_its_message() {
        let run = |backtrace: &str| {
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", "cli::crash::tests::child", "--ignored"])
                .args(["--nocapture"])
                .env(MESSAGE, "hush-hush")
                .env("RUST_BACKTRACE", backtrace)
                .output()
                .unwrap();
            assert!(output.status.success());
            let all = [output.stdout, output.stderr].concat();
            String::from_utf8(all).unwrap()
        };
        let said = run("0");
        assert!(!said.contains("hush"), "{said}");
        assert!(said.contains("jumpbag::cli::bug"), "{said}");
        assert!(
            said.contains("jumpbag stopped at src/cli/crash.rs:"),
            "{said}"
        );
        let said = run("1");
        assert!(!said.contains("hush"), "{said}");
        assert!(said.contains("crash::tests::child"), "{said}");
    }
}
