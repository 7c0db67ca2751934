//! `import --write-manifest`: a manifest of what libraries hold already.
//!
//! A file without an entry that is in the state would be deleted by the next plan. So what has no source gets
//! neither: its entry is commented out, and it stays unmanaged. The manifest is written before any state, because a
//! state without it would be such a state.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::Observed;
use super::draft::{self, Fate};
use crate::cli::Context;
use crate::cli::error::Error;
use crate::cli::exit::Failure;
use crate::cli::file;
use crate::cli::session::{Session, Workspace};
use crate::manifest::{self, Draft, Library, Manifest, Outline, Searched};
use crate::model::{File, Name, Sha256};
use crate::render::{escape::visible, plural};
use crate::state::Locked;

/// A library that is locked and listed.
pub(super) type Ready<'a> = (&'a Session, Locked, Observed);

/// A manifest that is to be written.
pub(super) struct Writing {
    path: Utf8PathBuf,
    search: Vec<Utf8PathBuf>,
    /// Whose libraries and state it takes over.
    base: Manifest,
}

/// A file of a library that the manifest says something about.
pub(super) struct Item {
    pub(super) library: String,
    pub(super) name: Name,
    pub(super) file: File,
    pub(super) protect: bool,
    pub(super) tracked: bool,
    pub(super) fate: Fate,
}

impl Writing {
    /// What is worked on: the manifest that there is, or without one the library of the environment, as the new
    /// manifest will name it. Refuses a `path` where something is.
    pub(super) fn begin(
        context: &Context,
        path: &Utf8Path,
        search: &[Utf8PathBuf],
    ) -> Result<(Self, Workspace), Failure> {
        if path.symlink_metadata().is_ok() {
            let path = path.to_owned();
            return Err(Error::Taken { path }.into());
        }
        let workspace = if context.global.manifest.symlink_metadata().is_ok() {
            Workspace::load(context)?
        } else {
            Workspace::of_environment(path)?
        };
        let base = workspace.manifest.clone();
        let beside = manifest::is_beside(path, &base).map_err(|cause| Error::Write {
            path: path.to_owned(),
            cause,
        })?;
        if !beside {
            return Err(Error::OtherFolder {
                path: path.to_owned(),
                folder: base.folder().to_owned(),
            }
            .into());
        }
        let writing = Self {
            path: path.to_owned(),
            search: search.to_vec(),
            base,
        };
        Ok((writing, workspace))
    }

    /// Writes the manifest of the `ready` libraries, and leaves in each list what can go into the state.
    pub(super) fn write(
        &self,
        context: &Context,
        ready: &mut [Ready<'_>],
        is_asked: impl Fn(&Name) -> bool,
    ) -> Result<(), Failure> {
        let searched = self.searched(ready)?;
        let mut items = Vec::new();
        for (session, locked, observed) in &*ready {
            items.extend(draft::items(
                session, locked, observed, &searched, &is_asked,
            )?);
        }
        let is_selected = |library: &&Library| {
            let mut sessions = ready.iter().map(|(session, ..)| session);
            sessions.any(|session| session.id.name == library.name)
        };
        let libraries: Vec<_> = self.base.libraries.iter().filter(is_selected).collect();
        let libraries: Vec<Library> = libraries.into_iter().cloned().collect();
        let outline = Outline {
            header: header(&libraries),
            libraries: &libraries,
            state: &self.base.state,
            entries: draft::drafts(&items, libraries.len()),
            is_harmless,
        };
        let text = outline.text();
        self.verify(&text, &outline, &items)?;
        match file::write_new(&self.path, text.as_bytes()) {
            // Somebody was faster; the help of this one is about another option.
            Err(Error::Exists { path }) => return Err(Error::Taken { path }.into()),
            written => written?,
        }
        self.report(context, &items, &outline.entries, &searched)?;
        for (session, _, observed) in ready {
            keep_sourced(observed, &session.id.name, &items);
        }
        Ok(())
    }

    /// Looks for what the libraries hold, in the folders that were given and in the sources of the manifest.
    fn searched(&self, ready: &[Ready<'_>]) -> Result<Searched, Error> {
        let wanted: BTreeSet<Sha256> = ready
            .iter()
            .flat_map(|(_, _, observed)| observed.values())
            .map(|observed| observed.file.sha256)
            .collect();
        let sources: BTreeSet<_> = ready
            .iter()
            .flat_map(|(session, ..)| session.desired.values())
            .filter(|desired| wanted.contains(&desired.file.sha256))
            .map(|desired| desired.source.clone())
            .collect();
        let limits = ready
            .iter()
            .map(|(session, ..)| session.library.max_file_size);
        let limit = limits.max().unwrap_or_default();
        manifest::search(&self.base, &self.search, &sources, &wanted, limit)
            .map_err(|(path, cause)| Error::Search { path, cause })
    }

    /// Reads the text as the next run will, and compares: a manifest that says something else than the libraries
    /// hold would change them.
    fn verify(&self, text: &str, outline: &Outline<'_>, items: &[Item]) -> Result<(), Error> {
        let unfaithful = || Error::Unfaithful {
            path: self.path.clone(),
        };
        let (manifest, resolved) = manifest::load(&self.path, text.as_bytes(), |_| true)
            .map_err(|_invalid| unfaithful())?;
        let mut expected: BTreeMap<&str, BTreeMap<&Name, &Item>> = BTreeMap::new();
        for item in items.iter().filter(|item| item.fate.source().is_some()) {
            let files = expected.entry(&item.library).or_default();
            files.insert(&item.name, item);
        }
        let mut same = manifest.libraries == outline.libraries && manifest.state == self.base.state;
        for library in outline.libraries {
            let files = resolved.libraries.get(&library.name);
            let expected = expected.remove(library.name.as_str()).unwrap_or_default();
            same &= files.map_or(0, BTreeMap::len) == expected.len();
            same &= files.into_iter().flatten().all(|(name, desired)| {
                expected.get(name).is_some_and(|item| {
                    item.file.same_as(&desired.file)
                        && item.protect == desired.protect
                        && !desired.adopt
                })
            });
        }
        if same { Ok(()) } else { Err(unfaithful()) }
    }

    /// Says what was written, and what is left to do.
    fn report(
        &self,
        context: &Context,
        items: &[Item],
        drafts: &[Draft],
        searched: &Searched,
    ) -> Result<(), Failure> {
        let count = |is: fn(&Fate) -> bool| items.iter().filter(|item| is(&item.fate)).count();
        let path = visible(self.path.as_str());
        let counts = [
            (count(|it| it.source().is_some()), "matched"),
            (count(|it| matches!(it, Fate::Kept { .. })), "kept"),
            (count(|it| matches!(it, Fate::Unknown { .. })), "unknown"),
        ];
        let counts: Vec<_> = counts
            .into_iter()
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let all = plural(items.len() as u64, "file");
        context
            .output
            .result(&format!("Wrote {path}: {all}, {}.\n", counts.join(", ")))?;
        for why in &searched.unreadable {
            context
                .output
                .note(&format!("Not searched: {}.", visible(why)));
        }
        if drafts.iter().any(|draft| draft.source.is_none()) {
            context.output.note(&format!(
                "What has no source is commented out in {path}, with what to do; what is not in the state is left alone."
            ));
        }
        let at_risk: BTreeSet<_> = items
            .iter()
            .filter(|item| item.tracked && item.fate.source().is_none())
            .map(|item| format!("`{}`", visible(item.name.as_str())))
            .collect();
        if !at_risk.is_empty() {
            let at_risk: Vec<_> = at_risk.into_iter().collect();
            context.output.note(&format!(
                "In the state and without an entry: {}. A plan with {path} deletes these; complete their entries first, or forget them with `jumpbag state rm`.",
                at_risk.join(", ")
            ));
        }
        Ok(())
    }
}

/// Whether `line` shows nothing else than it holds.
pub(super) fn is_harmless(line: &str) -> bool {
    visible(line) == line
}

/// Leaves the files of `library` that have a source in `observed`, with their sizes.
fn keep_sourced(observed: &mut Observed, library: &str, items: &[Item]) {
    let sizes: BTreeMap<&Name, u64> = items
        .iter()
        .filter(|item| item.library == library)
        .filter_map(|item| Some((&item.name, item.fate.source()?.1)))
        .collect();
    observed.retain(|name, _| sizes.contains_key(name));
    for (name, observed) in observed {
        observed.file.size = sizes.get(name).copied();
    }
}

fn header(libraries: &[Library]) -> Vec<String> {
    let names: Vec<_> = libraries
        .iter()
        .map(|library| format!("`{}`", library.name))
        .collect();
    let of = if names.len() == 1 {
        "the library"
    } else {
        "the libraries"
    };
    vec![
        format!("What {of} {} held when", names.join(", ")),
        "`jumpbag import --write-manifest` wrote this.".to_owned(),
        "Paths are relative to this file, use /, and stay inside its folder.".to_owned(),
    ]
}
