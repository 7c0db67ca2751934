//! The `jumpbag` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    jumpbag::cli::main()
}
