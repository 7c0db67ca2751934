//! `import --write-manifest`: a manifest of what libraries hold already.
//!
//! A file without an entry that is in the state would be deleted by the next plan. So what has no source gets
//! neither: its entry is commented out, and it stays unmanaged. The manifest is written before any state, because a
//! state without it would be such a state.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

use super::Observed;
use super::draft::{self, Fate};
use super::error::{Difference, Error};
use super::report::Written;
use crate::cli::Context;
use crate::cli::args::MANIFEST;
use crate::cli::exit::Failure;
use crate::cli::session::Session;
use crate::cli::workspace::Workspace;
use crate::cli::{error, file};
use crate::files::open::reader;
use crate::files::stat_cache::StatCache;
use crate::manifest::{self, Library, Manifest, Outline, Searched};
use crate::model::{File as LibraryFile, Name, Sha256, Unmanaged};
use crate::render::escape::visible;
use crate::state::Locked;

/// By this line of comment a later run knows that a manifest was written here.
const WROTE: &str = "`jumpbag import --write-manifest` wrote this.";

/// The most bytes that are read of a source: more than the API takes.
const LARGEST: u64 = 64 << 20;

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
    pub(super) file: LibraryFile,
    pub(super) protect: bool,
    pub(super) tracked: bool,
    /// What the library does with it while it is unmanaged.
    pub(super) unmanaged: Unmanaged,
    pub(super) fate: Fate,
}

impl Writing {
    /// What is worked on: the manifest that there is, or without one the library of the environment, as the new
    /// manifest will name it. Refuses a `path` where something is that no earlier run can have written.
    pub(super) fn begin(
        context: &Context,
        path: &Utf8Path,
        search: &[Utf8PathBuf],
    ) -> Result<(Self, Workspace), Failure> {
        if !is_nothing(path) {
            earlier(path)?;
        }
        // One that is named on purpose has to be there.
        let present = &context.global.manifest;
        let is_named = present != MANIFEST && present != path;
        let workspace = if is_named || !is_nothing(present) {
            Workspace::load(context)?
        } else {
            Workspace::of_environment(path)?
        };
        let base = workspace.manifest.clone();
        let beside = manifest::is_beside(path, &base).map_err(|cause| error::Error::Write {
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
        self.keep(ready, &items)?;
        let written = Written {
            path: &self.path,
            base: &self.base.path,
            is_new: self.put(&text)?,
        };
        written.report(context, ready, &items, &searched)?;
        for (session, _, observed) in ready {
            keep_sourced(observed, &session.id.name, &items);
        }
        Ok(())
    }

    /// Keeps the contents of the sources, as an apply that adopts does: nothing but a source can give them, and it
    /// may be changed before the next apply.
    fn keep(&self, ready: &[Ready<'_>], items: &[Item]) -> Result<(), Failure> {
        for (session, ..) in ready {
            let contents = session.store.contents();
            for item in items.iter().filter(|item| item.library == session.id.name) {
                let Some((source, _)) = item.fate.source() else {
                    continue;
                };
                let path = self.base.folder().join(source);
                let source =
                    reader(&path, LARGEST).map_err(|cause| error::Error::Read { path, cause })?;
                contents.put(item.file.sha256, source)?;
            }
        }
        Ok(())
    }

    /// Writes the manifest where nothing is. Where it is already, an earlier run was ended before the state was
    /// written, and this one goes on from there. Returns whether it wrote.
    fn put(&self, text: &str) -> Result<bool, Failure> {
        match file::write_new_shared(&self.path, text.as_bytes()) {
            Ok(()) => Ok(true),
            Err(error::Error::Exists { path }) => {
                if earlier(&path)? == text.as_bytes() {
                    Ok(false)
                } else {
                    Err(Error::Outdated { path }.into())
                }
            }
            Err(error) => Err(error.into()),
        }
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
        let unfaithful = |cause| Error::Unfaithful {
            path: self.path.clone(),
            cause,
        };
        let cache = StatCache::off();
        let loaded = manifest::load(&self.path, text.as_bytes(), |_| true, &cache);
        let (manifest, resolved) = loaded.map_err(|invalid| {
            let why = invalid.problems.first().map(|problem| &problem.message);
            unfaithful(Difference::Invalid(why.cloned().unwrap_or_default()))
        })?;
        if manifest.libraries != outline.libraries || manifest.state != self.base.state {
            return Err(unfaithful(Difference::Other("settings")));
        }
        let mut expected: BTreeMap<&str, BTreeMap<&Name, &Item>> = BTreeMap::new();
        for item in items.iter().filter(|item| item.fate.source().is_some()) {
            let files = expected.entry(&item.library).or_default();
            files.insert(&item.name, item);
        }
        let mut same = true;
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
        if same {
            Ok(())
        } else {
            Err(unfaithful(Difference::Other("entries")))
        }
    }
}

/// Whether it is certain that nothing is at `path`.
fn is_nothing(path: &Utf8Path) -> bool {
    let at = path.symlink_metadata();
    at.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// What an earlier run wrote to `path`; refuses what else is there.
fn earlier(path: &Utf8Path) -> Result<Vec<u8>, Error> {
    let is_mark = |line: &[u8]| line.strip_prefix(b"# ") == Some(WROTE.as_bytes());
    manifest::read(path)
        .ok()
        .filter(|bytes| {
            bytes
                .split(|byte| *byte == b'\n')
                .nth(1)
                .is_some_and(is_mark)
        })
        .ok_or_else(|| Error::Taken {
            path: path.to_owned(),
        })
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
        WROTE.to_owned(),
        "Paths are relative to this file, use /, and stay inside its folder.".to_owned(),
    ]
}
