//! `show`: a saved plan.

use crate::cli::Context;
use crate::cli::args::{PlanOptions, ShowArgs};
use crate::cli::error::Refused;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file;
use crate::cli::review::{self, Reviewed};
use crate::cli::workspace::Workspace;
use crate::plan::Plan;
use crate::render;

/// The largest saved plan, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

pub(in crate::cli) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    review::check(&args.forms, None)?;
    let plan = read(&args.plan)?;
    // The plan holds hashes. With the manifest at hand, the contents behind them can be shown.
    let sessions = Workspace::load(context).and_then(|workspace| workspace.sessions(context));
    let sessions = sessions.unwrap_or_default();
    let reviewed = Reviewed::of(&plan);
    let command = review::apply_saved_command(
        context,
        args.plan.as_str(),
        &PlanOptions::default(),
        &sessions,
        &reviewed,
    );
    review::show(context, &reviewed, &sessions, &args.forms, &command)?;
    Ok(Exit::Done)
}

/// Reads a saved plan, and refuses one that is not what its fingerprint says.
pub(in crate::cli) fn read(path: &camino::Utf8PathBuf) -> Result<Plan, Failure> {
    let (plan, fingerprint) = render::from_json(&file::read(path, LARGEST)?)?;
    if fingerprint != review::fingerprint(&plan) {
        return Err(Failure::refused(Refused::Altered { path: path.clone() }));
    }
    Ok(plan)
}
