//! `files:` and `defaults:`: which files shall be in the libraries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::attributes::{self, Attributes, Written};
use super::decode::{Decoder, Fields, Given, Located};
use super::library::required;
use super::node::Node;
use super::origin::Origin;
use super::selector::Selector;
use super::{codes, overrides, path};
use crate::diagnostics::{Problem, Span};
use crate::model::{InvalidName, Name};

/// One entry of `files:`, with the attributes that `defaults:` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file that it is written in.
    pub(crate) origin: Arc<Origin>,
    /// Where its source is, and for a glob where it looks; relative to the origin's folder.
    pub(crate) source: Located<Utf8PathBuf>,
    /// What the file is called in the libraries.
    pub(crate) name: EntryName,
    /// The names of the libraries that it is for.
    pub(crate) libraries: Arc<BTreeSet<String>>,
    /// Its attributes where nothing is overridden.
    pub(crate) attributes: Attributes,
    /// Its attributes in the libraries where they are others.
    pub(crate) overridden: BTreeMap<String, Attributes>,
}

impl Entry {
    /// Its attributes in `library`.
    pub(crate) fn attributes_in(&self, library: &str) -> &Attributes {
        self.overridden.get(library).unwrap_or(&self.attributes)
    }
}

/// What a file is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryName {
    /// As its source.
    OfSource,
    /// This.
    Given(Located<Name>),
    /// The manifest gives one that cannot be; that is reported.
    Bad,
}

/// The keys that `defaults:` can have.
pub(super) const DEFAULTS_KEYS: [&str; 6] = {
    let [a, b, c, d, e] = attributes::KEYS;
    [a, b, c, d, e, "libraries"]
};

/// The keys of an entry.
pub(super) const KEYS: [&str; 9] = {
    let [a, b, c, d, e] = attributes::KEYS;
    ["source", "name", a, b, c, d, e, "libraries", "overrides"]
};

/// What `defaults:` gives to the entries beside it.
struct Defaults {
    attributes: Written,
    libraries: Given<Arc<BTreeSet<String>>>,
}

/// The entries of one file, by what it has under `defaults` and `files`.
pub(super) fn entries(
    decoder: &mut Decoder<'_>,
    origin: &Arc<Origin>,
    fields: &Fields<'_>,
    selector: &mut Selector,
) -> Vec<Entry> {
    let defaults = fields
        .get("defaults")
        .and_then(|node| decoder.fields(node, "`defaults`", &DEFAULTS_KEYS))
        .map(|fields| Defaults {
            attributes: Written::of(decoder, &fields),
            libraries: libraries(decoder, &fields, selector),
        });
    let list = fields.get("files");
    let Some(list) = list.and_then(|node| decoder.list(node, "`files`")) else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|node| entry(decoder, origin, node, defaults.as_ref(), selector))
        .collect()
}

fn entry(
    decoder: &mut Decoder<'_>,
    origin: &Arc<Origin>,
    node: &Node,
    defaults: Option<&Defaults>,
    selector: &mut Selector,
) -> Option<Entry> {
    let fields = decoder.fields(node, "an entry of `files`", &KEYS)?;
    let source = required(decoder, &fields, "source", "an entry of `files`")
        .and_then(|node| path::path(decoder, node, "`source`"));
    let name = fields
        .get("name")
        .map_or(EntryName::OfSource, |node| name(decoder, node));
    let mut written = Written::of(decoder, &fields);
    let mut libraries = libraries(decoder, &fields, selector);
    if let Some(defaults) = defaults {
        written = written.or(&defaults.attributes);
        libraries = libraries.or(&defaults.libraries);
    }
    let libraries = libraries
        .value()
        .unwrap_or_else(|| Arc::clone(selector.all()));
    let overridden = match fields.get("overrides") {
        Some(node) => overrides::overridden(decoder, node, &written, &libraries, selector),
        None => BTreeMap::new(),
    };
    Some(Entry {
        origin: Arc::clone(origin),
        source: source?,
        name,
        libraries,
        attributes: written.finish(),
        overridden,
    })
}

fn libraries(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    selector: &mut Selector,
) -> Given<Arc<BTreeSet<String>>> {
    fields
        .given("libraries")
        .decode(|node| selector.listed(decoder, node))
}

fn name(decoder: &mut Decoder<'_>, node: &Node) -> EntryName {
    let Some(text) = decoder.text(node, "`name`") else {
        return EntryName::Bad;
    };
    match Name::new(&text.value) {
        Ok(name) => EntryName::Given(Located {
            value: name,
            span: text.span,
        }),
        Err(error) => {
            decoder.report(invalid_name(&text.value, &error, text.span, "this name"));
            EntryName::Bad
        }
    }
}

/// What is wrong with the name `text`, which the manifest gives or implies at `span`.
pub(super) fn invalid_name(text: &str, error: &InvalidName, span: Span, label: &str) -> Problem {
    let (code, help) = match error {
        InvalidName::Empty => (
            &codes::NAME_EMPTY,
            "write a name, or take the key away: then the file is called as its source",
        ),
        InvalidName::TooLong(_) => (&codes::NAME_TOO_LONG, "choose a shorter `name`"),
        InvalidName::Dots => (&codes::NAME_DOTS, "choose another `name`"),
        InvalidName::Separator(_) => (
            &codes::NAME_SEPARATOR,
            "a library has no folders: choose a `name` without separators",
        ),
        InvalidName::Control(_) => (
            &codes::NAME_CONTROL,
            "choose a `name` without control characters",
        ),
        InvalidName::Reserved(_) => (
            &codes::NAME_RESERVED,
            "choose a `name` without any of `<>:\"|?*`",
        ),
        InvalidName::Device(_) => (&codes::NAME_DEVICE, "choose another `name`"),
        InvalidName::Edge => (
            &codes::NAME_EDGE,
            "choose a `name` without spaces at its ends and without a dot at its end",
        ),
    };
    Problem::error(
        code,
        format!("`{text}` cannot be the name of a file: {error}"),
    )
    .at(span, label)
    .help(help)
}
