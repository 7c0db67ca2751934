//! `version`, `schema`, `completions` and `man`: what jumpbag says of itself.

use camino::Utf8Path;
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::cli::args::{Cli, SchemaName};
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, complete, file};
use crate::render::escape::visible;
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
    context.output.result(&complete::script(shell))?;
    Ok(Exit::Done)
}

/// Writes a page for the program and for each of its commands.
pub(in crate::cli) fn man(context: &Context, folder: &Utf8Path) -> Result<Exit, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    file::make_folder(folder)?;
    let mut commands = vec![program];
    let mut count = 0;
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().cloned());
        let (man, mut page) = (Man::new(command), Vec::new());
        let path = folder.join(man.get_filename());
        man.render(&mut page).map_err(|cause| Error::Write {
            path: path.clone(),
            cause,
        })?;
        file::write_shared(&path, &page)?;
        count += 1;
    }
    let folder = visible(folder.as_str());
    context
        .output
        .note(&format!("Wrote {count} pages into {folder}."));
    Ok(Exit::Done)
}
