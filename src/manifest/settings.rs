//! The settings of a manifest as a whole: its version, where the state is kept, and how much lints matter.

use age::x25519::Recipient;
use camino::Utf8PathBuf;
use url::Url;

use super::decode::{Decoder, Fields};
use super::node::{Node, Value};
use super::{codes, path};
use crate::diagnostics::lints::{self, Level, Levels};
use crate::diagnostics::{Problem, Span};

/// `state:`: where the state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateSettings {
    /// In which kind of store.
    pub(crate) backend: Backend,
    /// The folder of the local backend, relative to the manifest's.
    pub(crate) path: Utf8PathBuf,
    /// Whom it is encrypted for: recipients of age, such as `age1…`; for nobody where there are none.
    pub(crate) encrypt_to: Vec<String>,
    /// Where the other backends keep it: a bucket or container, and a prefix. It holds no secret.
    pub(crate) url: Option<String>,
}

/// A kind of store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backend {
    /// A folder on this machine.
    #[default]
    Local,
    /// Azure Blob Storage.
    Azure,
    /// Amazon S3, or what is compatible with it.
    S3,
    /// Google Cloud Storage.
    Gcs,
}

impl Backend {
    /// The word for it in a manifest.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Azure => "azure",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
        }
    }

    /// How its URLs begin, the usual one first; the crate `object_store` reads them.
    const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Local => &[],
            Self::Azure => &["az", "azure", "adl", "abfs", "abfss", "https"],
            Self::S3 => &["s3", "s3a", "https"],
            Self::Gcs => &["gs"],
        }
    }

    /// `url` as it is kept, or why it is no place for a state.
    fn check_url(self, url: &str) -> Result<String, &'static str> {
        // There, what is before the host is a container.
        const WITH_CONTAINER: [&str; 3] = ["az", "abfs", "abfss"];
        let Ok(parsed) = Url::parse(url) else {
            return Err("this is no URL");
        };
        if !self.schemes().contains(&parsed.scheme()) {
            return Err("not a URL of this backend");
        }
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err("no bucket or container");
        }
        if parsed.password().is_some() {
            return Err("it holds a password");
        }
        if !parsed.username().is_empty() && !WITH_CONTAINER.contains(&parsed.scheme()) {
            return Err("it holds a user name");
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err("it holds a query or a fragment");
        }
        Ok(url.trim_end_matches('/').to_owned())
    }
}

impl StateSettings {
    /// The folder of the local backend where the manifest names none.
    pub(crate) const PATH: &'static str = ".jumpbag";
}

impl StateSettings {
    /// What a manifest would say for `place`, a URL or a folder; or why there can be no state.
    pub(crate) fn named(place: &str) -> Result<Self, &'static str> {
        let Some((scheme, rest)) = place.split_once("://") else {
            return Ok(Self {
                path: place.into(),
                ..Self::default()
            });
        };
        let host = rest.split('/').next().unwrap_or_default();
        let backend = match scheme {
            "s3" | "s3a" => Backend::S3,
            "gs" => Backend::Gcs,
            "https" if host.ends_with("amazonaws.com") => Backend::S3,
            _ => Backend::Azure,
        };
        Ok(Self {
            backend,
            url: Some(backend.check_url(place)?),
            ..Self::default()
        })
    }

    /// The same as the manifest spells it.
    pub(crate) fn yaml(&self) -> String {
        let backend = self.backend.as_str();
        let (key, value) = match &self.url {
            Some(url) => ("url", url.as_str()),
            None => ("path", self.path.as_str()),
        };
        format!(
            "{{ backend: {backend}, {key}: '{}' }}",
            value.replace('\'', "''")
        )
    }
}

impl Default for StateSettings {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            path: Self::PATH.into(),
            encrypt_to: Vec::new(),
            url: None,
        }
    }
}

/// The only version of the format.
const VERSION: u64 = 1;

pub(super) const STATE_KEYS: [&str; 4] = ["backend", "encrypt_to", "path", "url"];

/// The backends, by their words.
pub(super) const BACKENDS: [(&str, Backend); 4] = [
    (Backend::Local.as_str(), Backend::Local),
    (Backend::Azure.as_str(), Backend::Azure),
    (Backend::S3.as_str(), Backend::S3),
    (Backend::Gcs.as_str(), Backend::Gcs),
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
    if let Some(node) = fields.get("encrypt_to") {
        settings.encrypt_to = recipients(decoder, node);
    }
    let mut known = true;
    if let Some(node) = fields.get("backend") {
        match decoder.word(node, "`backend`", &BACKENDS) {
            Some(backend) => settings.backend = backend,
            None => known = false,
        }
    }
    // Which keys there may be is not known either.
    if !known {
        return;
    }
    let (taken, other) = if settings.backend == Backend::Local {
        ("path", "url")
    } else {
        ("url", "path")
    };
    if let Some(node) = fields.get(other) {
        let backend = settings.backend.as_str();
        decoder.report(
            Problem::error(
                &codes::UNKNOWN_KEY,
                format!("`{other}` is not a key of the {backend} backend"),
            )
            .at(node.span, "unknown here")
            .help(format!("take it away, or write `{taken}`")),
        );
    }
    if settings.backend == Backend::Local {
        if let Some(node) = fields.get("path")
            && let Some(path) = path::path(decoder, node, "`path`")
        {
            settings.path = path.value;
        }
    } else if let Some(node) = fields.get("url") {
        settings.url = url(decoder, node, settings.backend);
    } else {
        bad_url(decoder, fields.span, settings.backend, "it has no `url`");
    }
}

/// `node`, which is `lints`, into `levels`.
pub(super) fn lints(decoder: &mut Decoder<'_>, node: &Node, levels: &mut Levels) {
    let known: Vec<&str> = lints::ALL.iter().map(|lint| lint.id).collect();
    let Some(fields) = decoder.fields(node, "`lints`", &known) else {
        return;
    };
    for id in known {
        if let Some(node) = fields.get(id)
            && let Some(level) = decoder.word(node, "a lint", &Level::WORDS)
        {
            levels.set(id, level);
        }
    }
}

/// The recipients in `node`.
fn recipients(decoder: &mut Decoder<'_>, node: &Node) -> Vec<String> {
    let Some(list) = decoder.list(node, "`encrypt_to`") else {
        return Vec::new();
    };
    let mut recipients: Vec<String> = Vec::new();
    for node in list {
        let Some(text) = decoder.plain_text(node, "a recipient") else {
            continue;
        };
        let why = if text.value.parse::<Recipient>().is_err() {
            "no recipient of age's native kind"
        } else if recipients.contains(&text.value) {
            "a recipient twice"
        } else {
            recipients.push(text.value);
            continue;
        };
        decoder.report(
            Problem::error(
                &codes::BAD_RECIPIENT,
                format!("`encrypt_to` holds {why}"),
            )
            .at(text.span, why)
            .help("write public keys such as `age1…`, as `age-keygen` prints them; keys of plugins and of SSH are not taken"),
        );
    }
    recipients
}

/// The URL `node` of a store.
fn url(decoder: &mut Decoder<'_>, node: &Node, backend: Backend) -> Option<String> {
    let text = decoder.plain_text(node, "`url`")?;
    match backend.check_url(&text.value) {
        Ok(url) => Some(url),
        Err(why) => {
            bad_url(decoder, text.span, backend, why);
            None
        }
    }
}

fn bad_url(decoder: &mut Decoder<'_>, span: Span, backend: Backend, why: &str) {
    let scheme = backend.schemes().first().copied().unwrap_or_default();
    let bucket = if backend == Backend::Azure {
        "CONTAINER"
    } else {
        "BUCKET"
    };
    decoder.report(
        Problem::error(
            &codes::BAD_STATE_URL,
            "the place of the state cannot be used",
        )
        .at(span, why)
        .help(format!(
            "write `url: {scheme}://{bucket}/PREFIX`; the account, the region and the credentials come from the environment"
        )),
    );
}
