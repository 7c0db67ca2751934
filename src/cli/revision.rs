//! The git revision of the manifest, for the history.

use std::io::Read as _;
use std::process::{Command, Stdio};

use camino::Utf8Path;

use crate::state::Revision;

/// The most that is read of what git says, in bytes: more makes no difference.
const MOST: u64 = 4096;

/// The commit that the folder of `manifest` is checked out at; `None` where git is not there or knows none.
pub(super) fn of(manifest: &Utf8Path) -> Option<Revision> {
    let folder = match manifest.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    };
    let commit = git(folder, &["rev-parse", "--verify", "HEAD^{commit}"])?;
    let commit = commit.trim();
    let is_hash = matches!(commit.len(), 40 | 64) && commit.chars().all(|c| c.is_ascii_hexdigit());
    if !is_hash {
        return None;
    }
    // Where it cannot be told, it is not said to be what the commit has.
    let status = git(folder, &["status", "--porcelain", "--untracked-files=no"]);
    Some(Revision {
        commit: commit.to_owned(),
        dirty: status.is_none_or(|changes| !changes.trim().is_empty()),
    })
}

/// What git prints; `None` where it fails.
fn git(folder: &Utf8Path, args: &[&str]) -> Option<String> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        // A repository can name programs; none of them is run for this.
        .args(["--no-optional-locks", "--no-pager"])
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(args)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut said = String::new();
    let read = child.stdout.take()?.take(MOST).read_to_string(&mut said);
    // It has closed its end, or is told by ours that nobody reads on.
    let ended = child.wait().ok()?;
    // Cut off, it has said enough, and ended in a way of its own.
    let is_whole = ended.success() || said.len() as u64 == MOST;
    read.ok().filter(|_| is_whole)?;
    Some(said)
}
