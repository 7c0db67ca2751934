//! The page of the documentation about the command line, from what clap knows.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

/// Where the page is.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/cli.md");

fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page =
        "# The command line\n\n<!-- Written by `UPDATE_DOCS=1 cargo test --lib reference`. -->\n\n"
            .to_owned();
    let about = command.get_long_about().map(ToString::to_string);
    writeln!(page, "{}\n", about.unwrap_or_default()).unwrap();
    page.push_str("`jumpbag COMMAND -h` prints what is here. Options that every command has:\n\n");
    page.push_str(&table(
        command.get_arguments().filter(|arg| arg.is_global_set()),
    ));
    for command in command.get_subcommands() {
        write(&mut page, "jumpbag", command);
    }
    page
}

/// The section about `command` and those in it.
fn write(page: &mut String, parent: &str, command: &Command) {
    if command.get_name() == "help" || command.is_hide_set() {
        return;
    }
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    write!(page, "\n## `{name}`\n\n{about}\n").unwrap();
    let own = |arg: &&Arg| !arg.is_global_set() && arg.get_id() != "help";
    if command.get_subcommands().next().is_none() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        write!(page, "\n```text part\n{usage}\n```\n").unwrap();
    }
    let mut args = command.get_arguments().filter(own).peekable();
    if args.peek().is_some() {
        write!(page, "\n{}", table(args)).unwrap();
    }
    for command in command.get_subcommands() {
        write(page, &name, command);
    }
}

fn table<'a>(args: impl Iterator<Item = &'a Arg>) -> String {
    let mut table = "| option | |\n|---|---|\n".to_owned();
    for arg in args.filter(|arg| !arg.is_hide_set()) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('|', "\\|");
        let values = arg.get_possible_values();
        let values: Vec<_> = values
            .iter()
            .map(|it| format!("`{}`", it.get_name()))
            .collect();
        let takes = arg.get_action().takes_values();
        let values = if values.is_empty() || !takes {
            String::new()
        } else {
            format!(": {}", values.join(", "))
        };
        let defaults = arg
            .get_default_values()
            .iter()
            .map(|it| it.to_string_lossy());
        let defaults: Vec<_> = defaults.collect();
        let default = if defaults.is_empty() || !takes {
            String::new()
        } else {
            format!("; by default `{}`", defaults.join(" "))
        };
        writeln!(table, "| {} | {help}{values}{default} |", spelled(arg)).unwrap();
    }
    table
}

/// How an argument is written: `-m`, `--manifest <FILE>`.
fn spelled(arg: &Arg) -> String {
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    let value = if arg.get_action().takes_values() {
        format!("<{value}>")
    } else {
        String::new()
    };
    let short = arg.get_short().map(|it| format!("-{it}"));
    let long = arg.get_long().map(|it| format!("--{it}"));
    let mut names: Vec<_> = [short, long].into_iter().flatten().collect();
    if names.is_empty() {
        names.push(String::new());
    }
    let last = names.len() - 1;
    names[last] = format!("{} {value}", names[last]).trim().to_owned();
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Says what to run where it is not what clap knows; with `UPDATE_DOCS` it is written.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is asked by its environment"
)]
fn the_reference_is_what_clap_knows() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        crate::cli::file::write(PAGE.into(), &page).unwrap();
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        found == page,
        "run: UPDATE_DOCS=1 cargo test --lib reference"
    );
}

/// On one screen of a hundred columns, what is rarely wanted is in `--help` alone.
#[test]
fn short_help_is_short() {
    fn check(parent: &str, command: &mut Command) {
        let name = format!("{parent} {}", command.get_name());
        let help = command.render_help().to_string();
        let longest = help.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{name}: {longest:?} columns");
        let lines = help.lines().count();
        assert!(lines <= 40, "{name}: {lines} lines\n{help}");
        for command in command.get_subcommands_mut() {
            check(&name, command);
        }
    }
    let mut command = Cli::command().term_width(100);
    command.build();
    check("", &mut command);
}
