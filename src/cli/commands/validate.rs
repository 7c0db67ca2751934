//! `validate`: everything that can be said without the network.

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Workspace;
use crate::render::{escape, plural};

pub(in crate::cli) fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = Workspace::load(context)?;
    let path = escape::visible(workspace.manifest.path.as_str()).into_owned();
    let sessions = workspace.sessions(context)?;
    let files: usize = sessions.iter().map(|session| session.desired.len()).sum();
    context.output.result(&format!(
        "{path} is valid: {} in {}.\n",
        plural(files as u64, "file"),
        if sessions.len() == 1 {
            "1 library".to_owned()
        } else {
            format!("{} libraries", sessions.len())
        },
    ))?;
    Ok(Exit::Done)
}
