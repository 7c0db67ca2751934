//! From `jumpbag.yaml` to what is desired.
//!
//! 1. [`read()`] gets the manifest's bytes.
//! 2. [`parse`] turns them into a [`Manifest`], with nothing but the text at hand.
//! 3. [`include`](mod@include) reads the files that it includes, and adds their entries.
//! 4. [`resolve`](resolve::resolve) looks at the sources: it expands globs, checks and hashes contents, and gives names.
//!
//! Each step collects every problem that it finds; [`open`] runs 2 and 3, [`Opened::resolve`] 4, and joins their problems.

mod attributes;
mod auto;
mod cloud;
mod codes;
mod content;
mod decode;
mod entry;
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz;
mod glob;
mod identity;
mod include;
mod library;
mod names;
mod node;
mod origin;
mod outline;
mod overrides;
mod path;
mod quantity;
mod quick;
mod read;
mod real;
mod resolve;
mod schema;
mod search;
mod selector;
mod settings;
mod similar;
mod skipped;
#[cfg(test)]
mod tests;
mod yaml;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostics::lints::Levels;
use crate::diagnostics::{Invalid, Problem, Severity, Span, Text, Texts};
use crate::files::stat_cache::StatCache;
use decode::{Decoder, Located};
use node::{Node, Value};
use origin::{Origin, Role};
use selector::Selector;

pub(crate) use attributes::AUTO;
pub(crate) use cloud::Cloud;
pub(crate) use entry::{Entry, EntryName};
pub(crate) use library::{Endpoint, Library};
pub(crate) use origin::repository_root;
pub(crate) use outline::{Draft, Note, Outline};
pub(crate) use quantity::{duration, size};
pub(crate) use read::{ReadError, read};
pub(crate) use resolve::Resolved;
pub(crate) use schema::schema;
pub(crate) use search::{Match, Searched, is_beside, search};
pub(crate) use settings::StateSettings;
pub(crate) use similar::similar;
pub(crate) use yaml::holds_key;

/// What a manifest says; its sources have not been looked at.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// The manifest itself, and what of the files that it includes was read; all places are in these.
    pub(crate) texts: Texts,
    /// The path of the manifest.
    pub(crate) path: Utf8PathBuf,
    /// The libraries, by name; at least one.
    pub(crate) libraries: Vec<Library>,
    /// Where the state is kept.
    pub(crate) state: StateSettings,
    /// How much each lint matters.
    pub(crate) lints: Levels,
    /// The entries, as they are written: those of the manifest, and, if they were read, of what it includes.
    pub(crate) files: Vec<Entry>,
}

impl Manifest {
    /// The folder of the manifest, which all of its paths are relative to.
    pub(crate) fn folder(&self) -> &Utf8Path {
        origin::folder_of(&self.path)
    }
}

/// The keys of a manifest.
const KEYS: [&str; 8] = [
    "version",
    "include",
    "libraries",
    "library_defaults",
    "state",
    "lints",
    "defaults",
    "files",
];

/// The manifest at `path`, whose content is `bytes`. Looks at nothing else: what it includes is not in it.
pub(crate) fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Manifest, Invalid> {
    let parsed = parse_what_is_good(path, bytes);
    Invalid::unless_ok(&parsed.manifest.texts, parsed.problems)?;
    Ok(parsed.manifest)
}

/// [`open`] and [`Opened::resolve`] in one.
pub(crate) fn load(
    path: &Utf8Path,
    bytes: &[u8],
    select: impl Fn(&Library) -> bool,
    cache: &StatCache,
) -> Result<(Manifest, Resolved), Invalid> {
    open(path, bytes).resolve(select, cache)
}

/// The manifest at `path`, whose content is `bytes`, and what it includes.
pub(crate) fn open(path: &Utf8Path, bytes: &[u8]) -> Opened {
    let mut parsed = parse_what_is_good(path, bytes);
    let mut problems = std::mem::take(&mut parsed.problems);
    problems.extend(include::read(&mut parsed, bytes.len()));
    Opened {
        manifest: parsed.manifest,
        problems,
    }
}

/// A manifest with what it includes, whose sources have not been looked at.
pub(crate) struct Opened {
    manifest: Manifest,
    problems: Vec<Problem>,
}

impl Opened {
    /// The manifest; `None` where it has errors.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        let mut severities = self.problems.iter().map(|problem| problem.severity);
        let is_good = severities.all(|severity| severity != Severity::Error);
        is_good.then_some(&self.manifest)
    }

    /// Looks at the sources of the libraries that `select` picks, also where the manifest has errors, so that all
    /// problems come together. Those whose content `cache` knows are not read.
    pub(crate) fn resolve(
        self,
        select: impl Fn(&Library) -> bool,
        cache: &StatCache,
    ) -> Result<(Manifest, Resolved), Invalid> {
        let Self {
            manifest,
            mut problems,
        } = self;
        let selected: Vec<&Library> = manifest
            .libraries
            .iter()
            .filter(|library| select(library))
            .collect();
        let (libraries, more) = resolve::resolve(&manifest, &selected, cache);
        problems.extend(more);
        let warnings = Invalid::unless_ok(&manifest.texts, problems)?;
        let resolved = Resolved {
            libraries,
            warnings,
        };
        Ok((manifest, resolved))
    }
}

/// What can be understood of a manifest's own text.
struct Parsed {
    manifest: Manifest,
    /// Its own text.
    text: Text,
    /// Where it says its version; `None` where it does not, or says one that is not known.
    version: Option<Span>,
    /// What it includes.
    include: Vec<Located<Utf8PathBuf>>,
    /// Everything that is wrong with the rest.
    problems: Vec<Problem>,
}

fn parse_what_is_good(path: &Utf8Path, bytes: &[u8]) -> Parsed {
    let (text, not_utf8) = yaml::decode(0, path.as_str(), bytes, Role::Manifest);
    let mut parsed = Parsed {
        manifest: Manifest {
            texts: text.clone().into(),
            path: path.to_owned(),
            libraries: Vec::new(),
            state: StateSettings::default(),
            lints: Levels::default(),
            files: Vec::new(),
        },
        text: text.clone(),
        version: None,
        include: Vec::new(),
        problems: Vec::new(),
    };
    let node = match not_utf8.map_or_else(|| yaml::parse(&text, Role::Manifest), Err) {
        Ok(node) => node,
        Err(problem) => {
            parsed.problems.push(problem);
            return parsed;
        }
    };
    let mut decoder = Decoder::new(&text, Role::Manifest);
    parsed.decode(&mut decoder, &node);
    parsed.problems = decoder.finish();
    parsed
}

impl Parsed {
    fn decode(&mut self, decoder: &mut Decoder<'_>, node: &Node) {
        if !is_map(decoder, node) {
            return;
        }
        let Some(fields) = decoder.fields(node, "the manifest", &KEYS) else {
            return;
        };
        self.version = settings::version(decoder, &fields, None, None);
        self.include = include::list(decoder, &fields);
        self.manifest.libraries = library::libraries(
            decoder,
            fields.get("libraries"),
            fields.get("library_defaults"),
        );
        if let Some(node) = fields.get("state") {
            settings::state(decoder, node, &mut self.manifest.state);
        }
        if let Some(node) = fields.get("lints") {
            settings::lints(decoder, node, &mut self.manifest.lints);
        }
        let origin = Arc::new(Origin {
            role: Role::Manifest,
            folder: self.manifest.folder().to_owned(),
        });
        let mut selector = Selector::new(&self.manifest.libraries);
        self.manifest.files = entry::entries(decoder, &origin, &fields, &mut selector);
    }
}

/// Whether the whole file is a map; it is reported where it is none.
fn is_map(decoder: &mut Decoder<'_>, node: &Node) -> bool {
    let is_map = matches!(node.value, Value::Map(_));
    if !is_map {
        let message = format!("{} is not a map", decoder.role().the());
        decoder.report(
            Problem::error(&codes::NOT_A_MAP, message)
                .at(node.span, "keys and values are expected here")
                .help("begin with `version: 1`"),
        );
    }
    is_map
}
