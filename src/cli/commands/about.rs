//! `version`, `schema` and `completions`: what jumpbag says of itself.

use clap::CommandFactory as _;

use crate::cli::Context;
use crate::cli::args::{Cli, SchemaName};
use crate::cli::exit::Exit;
use crate::{manifest, render, state};

pub(in crate::cli) fn version(context: &Context) -> Exit {
    context
        .output
        .result(concat!("jumpbag ", env!("CARGO_PKG_VERSION"), "\n"));
    Exit::Done
}

pub(in crate::cli) fn schema(context: &Context, name: SchemaName) -> Exit {
    let schema = match name {
        SchemaName::Manifest => manifest::schema(),
        SchemaName::Plan => render::plan_schema().to_value(),
        SchemaName::State => state::schema().to_value(),
    };
    context.output.result(&format!("{schema:#}\n"));
    Exit::Done
}

pub(in crate::cli) fn completions(context: &Context, shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jumpbag", &mut script);
    context.output.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
