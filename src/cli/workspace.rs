//! The manifest of a run, with what it asks for.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::args::Towards;
use super::early::Early;
use super::exit::Failure;
use super::session::{Session, Shared};
use super::{Context, env, select};
use crate::diagnostics::{Problem, Texts};
use crate::files::stat_cache::StatCache;
use crate::manifest::{self, Library, Manifest};
use crate::model::{DesiredFile, Name, Sha256};
use crate::plan::Warning;

/// The manifest with what it asks of the selected libraries.
pub(super) struct Workspace {
    pub(super) manifest: Manifest,
    /// By the library's name.
    pub(super) desired: BTreeMap<String, BTreeMap<Name, DesiredFile>>,
    /// What is odd about the manifest.
    pub(super) problems: Vec<Problem>,
    /// The same, for whoever reads the plan.
    pub(super) warnings: Vec<Warning>,
}

/// What is odd about a manifest or its files, and no error.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{heading}")]
#[diagnostic(severity(Warning))]
pub(super) struct Warnings {
    pub(super) heading: String,
    /// What the problems' places are in.
    #[source_code]
    pub(super) texts: Texts,
    #[related]
    pub(super) problems: Vec<Problem>,
}

impl Workspace {
    /// What is asked for: by the manifest, unless the library goes back to an earlier state; then nothing yet.
    pub(super) fn towards(context: &Context, towards: Towards) -> Result<Self, Failure> {
        match towards {
            Towards::Manifest | Towards::Nothing => Self::load(context),
            Towards::Serial(_) => {
                let path = &context.global.manifest;
                Ok(Self {
                    manifest: manifest::parse(path, &manifest::read(path)?)?,
                    desired: BTreeMap::new(),
                    problems: Vec::new(),
                    warnings: Vec::new(),
                })
            }
        }
    }

    /// [`Self::towards`], and meanwhile begins to read the state: for who needs no lock for that.
    pub(super) fn ahead(context: &Context, towards: Towards) -> Result<(Self, Early), Failure> {
        match towards {
            Towards::Manifest | Towards::Nothing => {
                let mut early = Early::default();
                let workspace = Self::load_while(context, |manifest, selected| {
                    early = Early::begin(manifest, selected);
                })?;
                Ok((workspace, early))
            }
            Towards::Serial(_) => Ok((Self::towards(context, towards)?, Early::default())),
        }
    }

    /// The library of the environment, as a manifest at `path` that says nothing would have it.
    pub(super) fn of_environment(path: &Utf8Path) -> Result<Self, Failure> {
        Ok(Self {
            manifest: manifest::parse(path, b"version: 1\n")?,
            desired: BTreeMap::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Reads and checks the manifest and its sources; warnings are shown.
    pub(super) fn load(context: &Context) -> Result<Self, Failure> {
        Self::load_while(context, |_, _| ())
    }

    /// [`Self::load`], which tells of the manifest, and of which libraries are selected, before it looks at the sources.
    fn load_while(
        context: &Context,
        tell: impl FnOnce(&Manifest, &dyn Fn(&str) -> bool),
    ) -> Result<Self, Failure> {
        let path = &context.global.manifest;
        let bytes = manifest::read(path)?;
        let patterns = select::patterns(context)?;
        let selected = |name: &str| select::is_selected(&patterns, name);
        let opened = manifest::open(path, &bytes);
        if let Some(manifest) = opened.manifest() {
            tell(manifest, &selected);
        }
        let cache = stat_cache(context);
        let of_library = |library: &Library| selected(&library.name);
        let (manifest, resolved) = opened.resolve(of_library, &cache)?;
        if let Err(error) = cache.save(context.global.library.is_empty()) {
            // The next run reads more files: nothing else is lost.
            tracing::info!("what was read of the sources could not be remembered: {error}");
        }
        let warning = |problem| warning(&manifest.texts, problem);
        let warnings = resolved.warnings.iter().cloned().map(warning).collect();
        if !resolved.warnings.is_empty() {
            context.output.warning(&Warnings {
                heading: format!("`{}` is valid, with warnings", manifest.texts.name()),
                texts: manifest.texts.clone(),
                problems: resolved.warnings.clone(),
            });
        }
        Ok(Self {
            manifest,
            desired: resolved.libraries,
            problems: resolved.warnings,
            warnings,
        })
    }

    /// The selected libraries, in the order of their names.
    pub(super) fn sessions(mut self, context: &Context) -> Result<Vec<Session>, Failure> {
        let selected = select::libraries(context, &self.manifest)?;
        let shared = Shared::new(&self.manifest)?;
        selected
            .into_iter()
            .map(|library| {
                let desired = self.desired.remove(&library.name).unwrap_or_default();
                Session::new(context, &self.manifest, library, desired, &shared)
            })
            .collect()
    }
}

/// What earlier runs with this manifest know of its sources.
fn stat_cache(context: &Context) -> StatCache {
    let real = context.global.manifest.canonicalize_utf8();
    match (env::cache_folder(), real) {
        (Some(folder), Ok(manifest)) if !context.global.no_cache => {
            let name = Sha256::of(manifest.as_str().as_bytes()).to_string();
            StatCache::open(&folder.join("stat").join(name))
        }
        _ => StatCache::off(),
    }
}

/// `problem` as a plan holds it, without the texts that it is in.
pub(super) fn warning(texts: &Texts, problem: Problem) -> Warning {
    let first = problem.labels.first();
    let place = first.and_then(|(span, _)| texts.place(*span));
    Warning {
        code: problem.code.id.to_owned(),
        message: problem.message,
        place,
        help: problem.help,
        files: Vec::new(),
    }
}
