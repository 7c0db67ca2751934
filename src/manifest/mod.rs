//! From `jumpbag.yaml` to what is desired.
//!
//! 1. [`read()`] gets the manifest's bytes.
//! 2. [`parse`] turns them into a [`Manifest`], with nothing but the text at hand.
//! 3. [`resolve`](resolve::resolve) looks at the sources: it expands globs, checks and hashes contents, and gives names.
//!
//! Each step collects every problem that it finds; [`load`] runs 2 and 3 and joins their problems.

mod cloud;
mod codes;
mod content;
mod decode;
mod entry;
mod glob;
mod identity;
mod library;
mod names;
mod node;
mod path;
mod quantity;
mod read;
mod resolve;
mod schema;
mod similar;
#[cfg(test)]
mod tests;
mod yaml;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostics::{Invalid, Problem, Text};
use node::{Node, Value};

pub(crate) use cloud::Cloud;
pub(crate) use entry::{Entry, EntryName};
pub(crate) use library::{Endpoint, Library};
pub(crate) use quantity::size;
pub(crate) use read::{ReadError, read};
pub(crate) use resolve::Resolved;
pub(crate) use schema::schema;
pub(crate) use similar::similar;

/// What a manifest says; its sources have not been looked at.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// The manifest itself; all places are in it.
    pub(crate) text: Text,
    /// The path of the manifest.
    pub(crate) path: Utf8PathBuf,
    /// The libraries, by name; at least one.
    pub(crate) libraries: Vec<Library>,
    /// Where the state is kept.
    pub(crate) state: StateSettings,
    /// The entries, as they are written.
    pub(crate) files: Vec<Entry>,
}

impl Manifest {
    /// The folder of the manifest, which all of its paths are relative to.
    pub(crate) fn folder(&self) -> &Utf8Path {
        match self.path.parent() {
            Some(folder) if folder != "" => folder,
            _ => Utf8Path::new("."),
        }
    }
}

/// `state:`: where the state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateSettings {
    /// In which kind of store.
    pub(crate) backend: Backend,
    /// The folder of the local backend, relative to the manifest's.
    pub(crate) path: Utf8PathBuf,
}

/// A kind of store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backend {
    /// A folder on this machine.
    #[default]
    Local,
}

impl StateSettings {
    /// The folder of the local backend where the manifest names none.
    pub(crate) const PATH: &'static str = ".jumpbag";
}

/// The only version of the format.
const VERSION: u64 = 1;

const KEYS: [&str; 5] = ["version", "libraries", "state", "defaults", "files"];

const STATE_KEYS: [&str; 3] = ["backend", "path", "url"];

/// The backends; whether this version has them.
const BACKENDS: [(&str, bool); 4] = [
    ("local", true),
    ("azure", false),
    ("s3", false),
    ("gcs", false),
];

/// The manifest at `path`, whose content is `bytes`. Looks at nothing else.
pub(crate) fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Manifest, Invalid> {
    let (manifest, problems) = parse_what_is_good(path, bytes);
    Invalid::unless_ok(&manifest.text, problems)?;
    Ok(manifest)
}

/// [`parse`] and [`resolve`](resolve::resolve) in one, for the libraries that `select` picks: sources are looked at even
/// where the manifest has errors, so that all problems come together.
pub(crate) fn load(
    path: &Utf8Path,
    bytes: &[u8],
    select: impl Fn(&Library) -> bool,
) -> Result<(Manifest, Resolved), Invalid> {
    let (manifest, mut problems) = parse_what_is_good(path, bytes);
    let selected: Vec<&Library> = manifest
        .libraries
        .iter()
        .filter(|library| select(library))
        .collect();
    let (libraries, more) = resolve::resolve(&manifest, &selected);
    problems.extend(more);
    let warnings = Invalid::unless_ok(&manifest.text, problems)?;
    let resolved = Resolved {
        libraries,
        warnings,
    };
    Ok((manifest, resolved))
}

/// What can be understood of a manifest, and everything that is wrong with the rest.
fn parse_what_is_good(path: &Utf8Path, bytes: &[u8]) -> (Manifest, Vec<Problem>) {
    let (text, not_utf8) = yaml::decode(path.as_str(), bytes);
    let mut manifest = Manifest {
        text: text.clone(),
        path: path.to_owned(),
        libraries: Vec::new(),
        state: StateSettings {
            backend: Backend::default(),
            path: StateSettings::PATH.into(),
        },
        files: Vec::new(),
    };
    if let Some(problem) = not_utf8 {
        return (manifest, vec![problem]);
    }
    let node = match yaml::parse(&text) {
        Ok(node) => node,
        Err(problem) => return (manifest, vec![problem]),
    };
    let mut decoder = decode::Decoder::new(&text);
    manifest.decode(&mut decoder, &node);
    let problems = decoder.finish();
    (manifest, problems)
}

impl Manifest {
    fn decode(&mut self, decoder: &mut decode::Decoder<'_>, node: &Node) {
        if !matches!(node.value, Value::Map(_)) {
            decoder.report(
                Problem::error(&codes::NOT_A_MAP, "the manifest is not a map")
                    .at(node.span, "keys and values are expected here")
                    .help("begin with `version: 1`"),
            );
            return;
        }
        let Some(fields) = decoder.fields(node, "the manifest", &KEYS) else {
            return;
        };
        version(decoder, &fields);
        self.libraries = library::libraries(decoder, fields.get("libraries"));
        if let Some(node) = fields.get("state") {
            state(decoder, node, &mut self.state);
        }
        self.files = entry::entries(
            decoder,
            fields.get("defaults"),
            fields.get("files"),
            &self.libraries,
        );
    }
}

fn version(decoder: &mut decode::Decoder<'_>, fields: &decode::Fields<'_>) {
    match fields.get("version") {
        None => decoder.report(
            Problem::error(
                &codes::MISSING_VERSION,
                "the manifest does not say its version",
            )
            .at(fields.span, "in this map")
            .help("add `version: 1`"),
        ),
        Some(node) => match node.value {
            Value::Whole(VERSION) => {}
            Value::Whole(_) | Value::Number => decoder.report(
                Problem::error(
                    &codes::UNSUPPORTED_VERSION,
                    "the manifest has a version that this jumpbag does not know",
                )
                .at(node.span, format!("only {VERSION} is known"))
                .help("use a newer jumpbag, or write `version: 1`"),
            ),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                decoder.wrong_type(node, "`version`", "the number 1");
            }
        },
    }
}

fn state(decoder: &mut decode::Decoder<'_>, node: &Node, settings: &mut StateSettings) {
    let Some(fields) = decoder.fields(node, "`state`", &STATE_KEYS) else {
        return;
    };
    let mut supported = true;
    if let Some(node) = fields.get("backend") {
        supported = decoder.word(node, "`backend`", &BACKENDS).unwrap_or(true);
        if !supported {
            decoder.report(
                Problem::error(
                    &codes::UNSUPPORTED_BACKEND,
                    "this version of jumpbag has no such backend",
                )
                .at(node.span, "only `local` is there yet")
                .help("write `backend: local`, and keep its folder where it is backed up"),
            );
        }
    }
    if let Some(node) = fields.get("url")
        && supported
    {
        decoder.report(
            Problem::error(
                &codes::UNKNOWN_KEY,
                "`url` is not a key of the local backend",
            )
            .at(node.span, "unknown here")
            .help("take it away, or write `path`"),
        );
    }
    if let Some(node) = fields.get("path")
        && let Some(path) = path::path(decoder, node, "`path`")
    {
        settings.path = path.value;
    }
}
