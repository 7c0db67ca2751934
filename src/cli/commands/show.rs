//! `show`: a saved plan.

use crate::cli::Context;
use crate::cli::args::ShowArgs;
use crate::cli::commands::plan;
use crate::cli::error::Refused;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file;
use crate::cli::session::Workspace;
use crate::plan::Plan;
use crate::render;

/// The largest saved plan, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

pub(in crate::cli) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let plan = read(&args.plan)?;
    // The plan holds hashes. With the manifest at hand, the contents behind them can be shown.
    let sessions = Workspace::load(context).and_then(|workspace| workspace.sessions(context));
    plan::show(
        context,
        &plan,
        &sessions.unwrap_or_default(),
        args.json.as_ref(),
    )?;
    Ok(Exit::Done)
}

/// Reads a saved plan, and refuses one that is not what its fingerprint says.
pub(in crate::cli) fn read(path: &camino::Utf8PathBuf) -> Result<Plan, Failure> {
    let (plan, fingerprint) = render::from_json(&file::read(path, LARGEST)?)?;
    if fingerprint != plan::fingerprint(&plan) {
        return Err(Failure::refused(Refused::Altered { path: path.clone() }));
    }
    Ok(plan)
}
