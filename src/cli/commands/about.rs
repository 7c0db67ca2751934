//! `version`, `schema` and `completions`: what jumpbag says of itself.

use clap::CommandFactory as _;

use crate::cli::Context;
use crate::cli::args::{Cli, SchemaName};
use crate::cli::exit::{Exit, Failure};
use crate::{annotate, manifest, render, state};

pub(in crate::cli) fn version(context: &Context) -> Result<Exit, Failure> {
    context
        .output
        .result(concat!("jumpbag ", env!("CARGO_PKG_VERSION"), "\n"))?;
    Ok(Exit::Done)
}

pub(in crate::cli) fn schema(context: &Context, name: SchemaName) -> Result<Exit, Failure> {
    let schema = match name {
        SchemaName::Manifest => manifest::schema(),
        SchemaName::Event => render::events::event_schema().to_value(),
        SchemaName::Plan => render::plan_schema().to_value(),
        SchemaName::State => state::schema().to_value(),
        SchemaName::Budget => state::budget_schema().to_value(),
        SchemaName::Status => render::status_schema().to_value(),
        SchemaName::Validation => annotate::schema().to_value(),
    };
    context.output.result(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}

pub(in crate::cli) fn completions(
    context: &Context,
    shell: clap_complete::Shell,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jumpbag", &mut script);
    context.output.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
