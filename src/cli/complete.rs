//! Completing what is being typed: with the names of files and libraries that the manifest and the state know.

use std::collections::BTreeSet;
use std::ffi::OsString;

use camino::{Utf8Path, Utf8PathBuf};
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::args::{Cli, MANIFEST};
use super::{env, session};
use crate::explain;
use crate::manifest::{self, EntryName, Manifest};

/// Completes the command line in `args` where a shell asks for that; false where nobody does.
pub(super) fn answer(args: impl Iterator<Item = OsString>) -> clap::error::Result<bool> {
    if env::text(env::COMPLETE).is_none() {
        return Ok(false);
    }
    let folder = env::folder();
    CompleteEnv::with_factory(Cli::command)
        .var(env::COMPLETE)
        .try_complete(args, folder.as_deref().map(Utf8Path::as_std_path))
}

/// What a shell has to run, so that it asks.
pub(super) fn script(shell: Shell) -> String {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        // The crate may learn more of them.
        Shell::Bash | _ => &Bash,
    };
    let mut script = Vec::new();
    // Nothing is written but to the memory.
    let name = "jumpbag";
    let written = completer.write_registration(env::COMPLETE, name, name, name, &mut script);
    written.ok();
    String::from_utf8_lossy(&script).into_owned()
}

/// The libraries of the manifest.
pub(super) fn libraries() -> Vec<CompletionCandidate> {
    let manifest = manifest();
    let libraries = manifest.iter().flat_map(|manifest| &manifest.libraries);
    libraries
        .map(|library| CompletionCandidate::new(&library.name))
        .collect()
}

/// The files that the manifest names, and those in states on this machine: nobody waits for another while typing.
pub(super) fn files() -> Vec<CompletionCandidate> {
    let Some(manifest) = manifest() else {
        return Vec::new();
    };
    let mut names = tracked(&manifest);
    for entry in &manifest.files {
        match &entry.name {
            EntryName::Given(name) => {
                names.insert(name.value.to_string());
            }
            EntryName::OfSource => {
                let source = entry.source.value.file_name().unwrap_or_default();
                if !source.contains(['*', '?', '[', '{']) {
                    names.insert(source.to_owned());
                }
            }
            EntryName::Bad => {}
        }
    }
    candidates(names)
}

/// The files in the states.
pub(super) fn tracked_files() -> Vec<CompletionCandidate> {
    let names = manifest().map(|it| tracked(&it)).unwrap_or_default();
    candidates(names)
}

/// The `names` that a shell takes for one word. It puts others into the command line as they are, and a name from outside must not
/// be able to end the command and begin another.
fn candidates(names: BTreeSet<String>) -> Vec<CompletionCandidate> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@' | ',');
    names
        .into_iter()
        .filter(|name| !name.starts_with('-') && name.chars().all(is_plain))
        .map(CompletionCandidate::new)
        .collect()
}

/// The codes that have a page.
pub(super) fn codes() -> Vec<CompletionCandidate> {
    let pages = explain::pages();
    pages
        .map(|page| CompletionCandidate::new(page.code))
        .collect()
}

fn tracked(manifest: &Manifest) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if manifest.state.url.is_some() {
        return names;
    }
    let Ok(place) = session::place(manifest) else {
        return names;
    };
    for library in &manifest.libraries {
        if let Ok(Some(document)) = place.library(&library.name).read() {
            names.extend(document.files.keys().map(ToString::to_string));
        }
    }
    names
}

/// The manifest of the command line that is being typed.
fn manifest() -> Option<Manifest> {
    let args: Vec<String> = env::args().collect();
    let value_of = |names: [&str; 2]| {
        args.iter().enumerate().rev().find_map(|(nth, word)| {
            names.iter().find_map(|name| {
                let rest = word.strip_prefix(name)?;
                match rest.strip_prefix('=') {
                    Some(value) => Some(value.to_owned()),
                    None if rest.is_empty() => args.get(nth + 1).cloned(),
                    None => None,
                }
            })
        })
    };
    let folder = value_of(["-C", "-C"])
        .map(Utf8PathBuf::from)
        .unwrap_or_default();
    let path = folder.join(value_of(["--manifest", "-m"]).unwrap_or_else(|| MANIFEST.to_owned()));
    manifest::parse(&path, &manifest::read(&path).ok()?).ok()
}
