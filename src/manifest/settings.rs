//! The settings of a manifest as a whole: its version, and where the state is kept.

use camino::Utf8PathBuf;

use super::decode::{Decoder, Fields};
use super::node::{Node, Value};
use super::{codes, path};
use crate::diagnostics::{Problem, Span};

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

impl Default for StateSettings {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            path: Self::PATH.into(),
        }
    }
}

/// The only version of the format.
const VERSION: u64 = 1;

pub(super) const STATE_KEYS: [&str; 3] = ["backend", "path", "url"];

/// The backends; whether this version has them.
pub(super) const BACKENDS: [(&str, bool); 4] = [
    ("local", true),
    ("azure", false),
    ("s3", false),
    ("gcs", false),
];

/// Where `fields` say the version that is known. `manifest` is where the manifest says it, for a file that it
/// includes by what is at `by`.
pub(super) fn version(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    manifest: Option<Span>,
    by: Option<Span>,
) -> Option<Span> {
    let the = decoder.role().the();
    let Some(node) = fields.get("version") else {
        let message = format!("{the} does not say its version");
        let mut problem = Problem::error(&codes::MISSING_VERSION, message)
            .at(fields.span, "in this map")
            .help("add `version: 1`");
        if let Some(by) = by {
            problem = problem.at(by, "included here");
        }
        decoder.report(problem);
        return None;
    };
    match (&node.value, manifest) {
        (Value::Whole(VERSION), _) => return Some(node.span),
        (Value::Whole(_) | Value::Number, Some(manifest)) => decoder.report(
            Problem::error(
                &codes::VERSION_MISMATCH,
                "the included file has another version than the manifest",
            )
            .at(node.span, "this file's version")
            .at(manifest, "the manifest's version")
            .help("write both in the same version: what was meant by one may mean something else in another"),
        ),
        (Value::Whole(_) | Value::Number, None) => decoder.report(
            Problem::error(
                &codes::UNSUPPORTED_VERSION,
                format!("{the} has a version that this jumpbag does not know"),
            )
            .at(node.span, format!("only {VERSION} is known"))
            .help("use a newer jumpbag, or write `version: 1`"),
        ),
        (Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_), _) => {
            decoder.wrong_type(node, "`version`", "the number 1");
        }
    }
    None
}

/// `node`, which is `state`, into `settings`.
pub(super) fn state(decoder: &mut Decoder<'_>, node: &Node, settings: &mut StateSettings) {
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
