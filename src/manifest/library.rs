//! `libraries:`: where the files shall be, and by which rules.

use std::net::IpAddr;

use camino::Utf8PathBuf;
use url::{Host, Url};

use super::cloud::Cloud;
use super::decode::{Decoder, Fields, Located};
use super::node::{Node, Value};
use super::{codes, identity, path, quantity};
use crate::diagnostics::{Problem, Span};
use crate::model::{Auth, Limit, Policy, Unmanaged};

/// One library that a manifest declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Library {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// Whether the manifest declares no library at all, so that tenant and endpoint come from the
    /// environment.
    pub(crate) from_environment: bool,
    /// The tenant's id or one of its domain names.
    pub(crate) tenant_id: Option<String>,
    /// Which of Microsoft's clouds.
    pub(crate) cloud: Cloud,
    /// Where the API is, in place of the cloud's host.
    pub(crate) endpoint: Option<Endpoint>,
    /// How to get a token.
    pub(crate) auth: Auth,
    /// The app registration or managed identity, in place of what the environment says.
    pub(crate) client_id: Option<String>,
    /// The login host, in place of the cloud's: `https://HOST`.
    pub(crate) authority: Option<String>,
    /// What a token is asked for, in place of the cloud's.
    pub(crate) scope: Option<String>,
    /// Certificate authorities to trust besides the system's, relative to the manifest's folder.
    pub(crate) ca_file: Option<Utf8PathBuf>,
    /// The largest file that may be uploaded, in bytes.
    pub(crate) max_file_size: u64,
    /// The API's limits; empty for none.
    pub(crate) limits: Vec<Limit>,
    /// What happens to unmanaged files.
    pub(crate) unmanaged: Unmanaged,
    /// The most deletions of a plan.
    pub(crate) max_deletes: u64,
}

/// Where an API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// At this URL, as it is written: https, or http on a loopback address.
    Url(String),
    /// In the emulator, whose data are in this folder: relative to the manifest's, as it is written.
    Emulator(Utf8PathBuf),
}

pub(super) const UNMANAGED_WORDS: [(&str, Unmanaged); 2] =
    [("keep", Unmanaged::Keep), ("delete", Unmanaged::Delete)];

pub(super) const KEYS: [&str; 12] = [
    "tenant_id",
    "cloud",
    "endpoint",
    "auth",
    "client_id",
    "authority",
    "scope",
    "ca_file",
    "max_file_size",
    "limits",
    "unmanaged",
    "max_deletes",
];

/// What `library_defaults` cannot give, and what to do instead: these say which library it is. Two entries that
/// share them by a default would be the same library, with two states.
const ITS_OWN: [(&str, &str); 2] = [
    (
        "tenant_id",
        "write it under each library: it says which one that is",
    ),
    (
        "endpoint",
        "write it under each library: it says which one that is; `cloud` may be shared",
    ),
];

/// The keys of `library_defaults:`.
pub(super) fn default_keys() -> Vec<&'static str> {
    let own = |key: &&str| ITS_OWN.iter().any(|(own, _)| own == key);
    KEYS.into_iter().filter(|key| !own(key)).collect()
}

pub(super) const LIMIT_KEYS: [&str; 2] = ["calls", "per"];

impl Library {
    /// The size that Microsoft's page gave first; the smaller reading of "4MB".
    pub(crate) const MAX_FILE_SIZE: u64 = 4_000_000;

    /// The longest name, in characters.
    pub(super) const MAX_NAME: usize = 64;

    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            from_environment: false,
            tenant_id: None,
            cloud: Cloud::default(),
            endpoint: None,
            auth: Auth::default(),
            client_id: None,
            authority: None,
            scope: None,
            ca_file: None,
            max_file_size: Self::MAX_FILE_SIZE,
            limits: Limit::DOCUMENTED.to_vec(),
            unmanaged: Unmanaged::default(),
            max_deletes: Policy::MAX_DELETES,
        }
    }
}

/// The libraries of a manifest, by name; `defaults` has the settings of those that do not say otherwise.
pub(super) fn libraries(
    decoder: &mut Decoder<'_>,
    node: Option<&Node>,
    defaults: Option<&Node>,
) -> Vec<Library> {
    let defaults = defaults.map(|defaults| library_defaults(decoder, defaults, node.is_some()));
    let Some(node) = node else {
        return vec![Library {
            from_environment: true,
            ..Library::new("default")
        }];
    };
    let Some(pairs) = decoder.pairs(node, "`libraries`") else {
        return Vec::new();
    };
    if node.value == Value::Map(Vec::new()) {
        decoder.report(
            Problem::error(&codes::NO_LIBRARIES, "`libraries` holds no library")
                .at(node.span, "nothing here")
                .help("name a library, or take the key away: then the library comes from the environment"),
        );
    }
    let mut libraries: Vec<Library> = pairs
        .into_iter()
        .map(|(name, node)| library(decoder, &name, node, defaults.as_ref()))
        .collect();
    libraries.sort_by(|a, b| a.name.cmp(&b.name));
    libraries
}

/// What `node`, which is `library_defaults`, gives to libraries, of which there may be none.
fn library_defaults<'n>(decoder: &mut Decoder<'_>, node: &'n Node, libraries: bool) -> Fields<'n> {
    if !libraries {
        decoder.report(
            Problem::error(
                &codes::LIBRARY_DEFAULTS_UNUSED,
                "`library_defaults` is without effect: there are no `libraries`",
            )
            .at(node.span, "nobody has these")
            .help("declare the libraries under `libraries:`, or take `library_defaults` away"),
        );
    }
    let fields = decoder.fields_but(node, "`library_defaults`", &default_keys(), &ITS_OWN);
    let fields = fields.unwrap_or_else(|| Fields::none(node.span));
    // What is wrong with them is said even where every library says otherwise.
    settings(decoder, &mut Library::new(""), &fields);
    fields
}

fn library(
    decoder: &mut Decoder<'_>,
    name: &Located<&str>,
    node: &Node,
    defaults: Option<&Fields<'_>>,
) -> Library {
    if !is_name(name.value) {
        decoder.report(
            Problem::error(
                &codes::BAD_LIBRARY_NAME,
                format!("`{}` cannot be the name of a library", name.value),
            )
            .at(name.span, "it becomes the name of a folder")
            .help("use 1 to 64 characters, a-z, 0-9, `_` and `-`, with a letter or a digit first"),
        );
    }
    let mut library = Library::new(name.value);
    // A library without a body has the defaults.
    let fields = if node.value == Value::Null {
        Some(Fields::none(node.span))
    } else {
        decoder.fields(node, "a library", &KEYS)
    };
    if let Some(mut fields) = fields {
        if let Some(defaults) = defaults {
            fields = fields.or(defaults);
        }
        settings(decoder, &mut library, &fields);
    }
    library
}

/// Puts what `fields` say into `library`.
fn settings(decoder: &mut Decoder<'_>, library: &mut Library, fields: &Fields<'_>) {
    library.tenant_id = tenant_id(decoder, fields);
    if let Some(node) = fields.get("cloud") {
        library.cloud = decoder
            .word(node, "`cloud`", &Cloud::WORDS)
            .unwrap_or_default();
    }
    if let Some(node) = fields.get("endpoint") {
        library.endpoint = endpoint(decoder, node);
    }
    if let Some(node) = fields.get("auth") {
        library.auth = decoder
            .word(node, "`auth`", &Auth::WORDS)
            .unwrap_or_default();
    }
    identity::decode(decoder, fields, library);
    if let Some(node) = fields.get("max_file_size") {
        // Where it cannot be read, no file shall seem to be larger.
        library.max_file_size = max_file_size(decoder, node).unwrap_or(u64::MAX);
    }
    if let Some(node) = fields.get("limits") {
        library.limits = limits(decoder, node);
    }
    if let Some(node) = fields.get("unmanaged") {
        library.unmanaged = decoder
            .word(node, "`unmanaged`", &UNMANAGED_WORDS)
            .unwrap_or_default();
    }
    if let Some(node) = fields.get("max_deletes") {
        let most = decoder.whole(node, "`max_deletes`", 0, u64::MAX);
        library.max_deletes = most.unwrap_or(Policy::MAX_DELETES);
    }
}

fn is_name(text: &str) -> bool {
    (1..=Library::MAX_NAME).contains(&text.len())
        && text.starts_with(|c: char| matches!(c, 'a'..='z' | '0'..='9'))
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

fn tenant_id(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = decoder.plain_text(fields.get("tenant_id")?, "`tenant_id`")?;
    if is_guid(&text.value) || is_domain(&text.value) {
        return Some(text.value);
    }
    let message = format!("`{}` names no tenant", text.value);
    decoder.report(
        Problem::error(&codes::BAD_TENANT, message)
            .at(text.span, "neither a GUID nor a domain name")
            .help("write the tenant's id from the Entra overview page, or a domain such as `contoso.onmicrosoft.com`"),
    );
    None
}

pub(super) fn is_guid(text: &str) -> bool {
    // The crate reads other forms too: with braces, without hyphens.
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

fn endpoint(decoder: &mut Decoder<'_>, node: &Node) -> Option<Endpoint> {
    let text = decoder.plain_text(node, "`endpoint`")?;
    if let Some(folder) = text.value.strip_prefix("emulator:") {
        if folder.is_empty() {
            bad_endpoint(decoder, text.span, "no folder for the emulator's data");
            return None;
        }
        path::checked(decoder, &text, folder, "the emulator's folder")?;
        return Some(Endpoint::Emulator(folder.into()));
    }
    let Ok(url) = Url::parse(&text.value) else {
        bad_endpoint(decoder, text.span, "this is no URL");
        return None;
    };
    if !matches!(url.scheme(), "https" | "http") {
        bad_endpoint(decoder, text.span, "neither https nor http");
    } else if !url.username().is_empty() || url.password().is_some() {
        bad_endpoint(decoder, text.span, "it holds a user or a password");
    } else if url.query().is_some() || url.fragment().is_some() {
        bad_endpoint(decoder, text.span, "it holds a query or a fragment");
    } else if url.scheme() == "http" && !is_loopback(&url) {
        decoder.report(
            Problem::error(
                &codes::INSECURE_ENDPOINT,
                "the endpoint is plain http and not on this machine",
            )
            .at(text.span, "the token would travel in the clear")
            .help("use https; plain http is for `127.0.0.1`, `[::1]` and `localhost`"),
        );
    } else {
        return Some(Endpoint::Url(text.value));
    }
    None
}

fn bad_endpoint(decoder: &mut Decoder<'_>, span: Span, why: &str) {
    decoder.report(
        Problem::error(&codes::BAD_ENDPOINT, "the endpoint cannot be used")
            .at(span, why)
            .help("write `https://HOST`, or `emulator:DIR`; without `endpoint`, `cloud` decides"),
    );
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => false,
    }
}

fn max_file_size(decoder: &mut Decoder<'_>, node: &Node) -> Option<u64> {
    let size = match &node.value {
        Value::Whole(bytes) => Some(*bytes).filter(|bytes| *bytes > 0),
        Value::Text(text) => quantity::size(text),
        Value::Number => None,
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
            decoder.wrong_type(node, "`max_file_size`", "a size such as `4MB`");
            return None;
        }
    };
    if size.is_none() {
        decoder.report(
            Problem::error(&codes::BAD_SIZE, "`max_file_size` is not a size")
                .at(node.span, "this")
                .help("write a whole number of bytes larger than zero, or one with a unit, such as `4MB` or `4MiB`"),
        );
    }
    size
}

fn limits(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Limit> {
    let Some(list) = decoder.list(node, "`limits`") else {
        return Limit::DOCUMENTED.to_vec();
    };
    list.iter()
        .filter_map(|node| limit(decoder, node))
        .collect()
}

fn limit(decoder: &mut Decoder<'_>, node: &Node) -> Option<Limit> {
    let fields = decoder.fields(node, "a limit", &LIMIT_KEYS)?;
    let calls = required(decoder, &fields, "calls", "a limit").and_then(|node| {
        let calls = decoder.whole(node, "`calls`", 1, u64::from(u32::MAX))?;
        u32::try_from(calls).ok()
    });
    let per = required(decoder, &fields, "per", "a limit").and_then(|node| {
        let text = decoder.text(node, "`per`")?;
        let per = quantity::duration(&text.value);
        if per.is_none() {
            decoder.report(
                Problem::error(&codes::BAD_DURATION, "`per` is not a length of time")
                    .at(text.span, "this")
                    .help("write a whole number and a unit, such as `90s`, `1m` or `1h`, longer than zero"),
            );
        }
        per
    });
    Some(Limit {
        calls: calls?,
        per: per?,
    })
}

/// The value of `key`, without which `what` makes no sense.
pub(super) fn required<'n>(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'n>,
    key: &str,
    what: &str,
) -> Option<&'n Node> {
    let node = fields.get(key);
    if node.is_none() {
        decoder.report(
            Problem::error(&codes::MISSING_KEY, format!("{what} has no `{key}`"))
                .at(fields.span, "in this map")
                .help(format!("add `{key}:`")),
        );
    }
    node
}
