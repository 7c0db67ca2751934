//! `explain`: the pages about errors, lints and exit codes.

use crate::cli::Context;
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::explain::{Page, page, pages};
use crate::manifest::similar;
use crate::render::escape::visible;

/// How wide a page is at the most, in columns.
const WIDTH: usize = 80;

pub(in crate::cli) fn run(context: &Context, code: Option<&str>) -> Result<Exit, Failure> {
    let text = match code {
        None => pages().flat_map(|page| [page.code, "\n"]).collect(),
        Some(code) => shown(page(code).ok_or_else(|| no_code(code))?),
    };
    context.output.result(&text)?;
    Ok(Exit::Done)
}

fn shown(page: Page) -> String {
    let mut text = format!("{}\n", page.code);
    for paragraph in page.paragraphs() {
        text.push('\n');
        text.push_str(&textwrap::fill(&paragraph, WIDTH));
        text.push('\n');
    }
    text
}

fn no_code(code: &str) -> Error {
    let last = |code: &'static str| code.rsplit("::").next().unwrap_or(code);
    let asked = code.rsplit("::").next().unwrap_or(code);
    // Several may end alike.
    let meant = similar(asked, pages().map(|page| last(page.code))).unwrap_or(asked);
    let meant = pages().filter(|page| last(page.code) == meant);
    let meant: Vec<_> = meant.map(|page| format!("`{}`", page.code)).collect();
    let help = match meant.join(" or ").as_str() {
        "" => "`jumpbag explain` lists all codes".to_owned(),
        meant => format!("did you mean {meant}? `jumpbag explain` lists all codes"),
    };
    Error::NoCode {
        code: visible(code).into_owned(),
        help,
    }
}
