//! `files:` and `defaults:`: which files shall be in the libraries.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::codes;
use super::decode::{Decoder, Fields, Given, Located, listed};
use super::library::{Library, required};
use super::node::Node;
use super::path;
use super::similar::similar;
use crate::diagnostics::{Problem, Span};
use crate::model::{InvalidName, Name, none_if_empty};

/// One entry of `files:`, with the attributes that `defaults:` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where its source is, and for a glob where it looks; relative to the manifest's folder.
    pub(crate) source: Located<Utf8PathBuf>,
    /// What the file is called in the libraries.
    pub(crate) name: EntryName,
    /// See [`crate::model::File::description`].
    pub(crate) description: Option<String>,
    /// See [`crate::model::File::parameters_description`].
    pub(crate) parameters_description: Option<String>,
    /// See [`crate::model::File::has_parameters`].
    pub(crate) has_parameters: bool,
    /// Whether it may take over an unmanaged file of that name.
    pub(crate) adopt: bool,
    /// Whether a plan that would delete it is an error.
    pub(crate) protect: bool,
    /// The names of the libraries that it is for.
    pub(crate) libraries: BTreeSet<String>,
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

/// The attributes that `defaults:` can give.
pub(super) const ATTRIBUTE_KEYS: [&str; 6] = [
    "description",
    "parameters_description",
    "has_parameters",
    "adopt",
    "protect",
    "libraries",
];

/// The keys of an entry: its own two, and the attributes.
pub(super) const KEYS: [&str; 8] = [
    "source",
    "name",
    "description",
    "parameters_description",
    "has_parameters",
    "adopt",
    "protect",
    "libraries",
];

#[derive(Clone)]
struct Attributes {
    description: Given<String>,
    parameters_description: Given<String>,
    has_parameters: Given<bool>,
    adopt: Given<bool>,
    protect: Given<bool>,
    libraries: Given<BTreeSet<String>>,
}

/// The entries of a manifest.
pub(super) fn entries(
    decoder: &mut Decoder<'_>,
    defaults: Option<&Node>,
    files: Option<&Node>,
    libraries: &[Library],
) -> Vec<Entry> {
    let fields = defaults.and_then(|node| decoder.fields(node, "`defaults`", &ATTRIBUTE_KEYS));
    let defaults = fields.map(|fields| attributes(decoder, &fields, libraries));
    let Some(list) = files.and_then(|node| decoder.list(node, "`files`")) else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|node| entry(decoder, node, defaults.as_ref(), libraries))
        .collect()
}

fn entry(
    decoder: &mut Decoder<'_>,
    node: &Node,
    defaults: Option<&Attributes>,
    libraries: &[Library],
) -> Option<Entry> {
    let fields = decoder.fields(node, "an entry of `files`", &KEYS)?;
    let source = required(decoder, &fields, "source", "an entry of `files`")
        .and_then(|node| path::path(decoder, node, "`source`"));
    let name = fields
        .get("name")
        .map_or(EntryName::OfSource, |node| name(decoder, node));
    let own = attributes(decoder, &fields, libraries);
    let attributes = match defaults {
        Some(defaults) => own.or(defaults),
        None => own,
    };
    let parameters_description = none_if_empty(attributes.parameters_description.value());
    Some(Entry {
        source: source?,
        name,
        description: none_if_empty(attributes.description.value()),
        has_parameters: attributes
            .has_parameters
            .value()
            .unwrap_or(parameters_description.is_some()),
        parameters_description,
        adopt: attributes.adopt.value().unwrap_or(false),
        protect: attributes.protect.value().unwrap_or(false),
        libraries: attributes.libraries.value().unwrap_or_else(|| {
            libraries
                .iter()
                .map(|library| library.name.clone())
                .collect()
        }),
    })
}

fn attributes(decoder: &mut Decoder<'_>, fields: &Fields<'_>, libraries: &[Library]) -> Attributes {
    let mut prose = |key: &str| {
        fields.given(key).decode(|node| {
            let text = decoder.prose(node, &format!("`{key}`"))?;
            Some(text.value)
        })
    };
    let description = prose("description");
    let parameters_description = prose("parameters_description");
    let mut boolean = |key: &str| {
        fields
            .given(key)
            .decode(|node| decoder.boolean(node, &format!("`{key}`")))
    };
    Attributes {
        description,
        parameters_description,
        has_parameters: boolean("has_parameters"),
        adopt: boolean("adopt"),
        protect: boolean("protect"),
        libraries: fields
            .given("libraries")
            .decode(|node| library_names(decoder, node, libraries)),
    }
}

impl Attributes {
    /// `self` where it says something, even null, else `defaults`.
    fn or(self, defaults: &Self) -> Self {
        fn pick<T: Clone>(own: Given<T>, default: &Given<T>) -> Given<T> {
            match own {
                Given::Absent => default.clone(),
                Given::Null | Given::Value(_) => own,
            }
        }
        Self {
            description: pick(self.description, &defaults.description),
            parameters_description: pick(
                self.parameters_description,
                &defaults.parameters_description,
            ),
            has_parameters: pick(self.has_parameters, &defaults.has_parameters),
            adopt: pick(self.adopt, &defaults.adopt),
            protect: pick(self.protect, &defaults.protect),
            libraries: pick(self.libraries, &defaults.libraries),
        }
    }
}

/// The known ones of the libraries that the list `node` names.
fn library_names(
    decoder: &mut Decoder<'_>,
    node: &Node,
    libraries: &[Library],
) -> Option<BTreeSet<String>> {
    let list = decoder.list(node, "`libraries`")?;
    if list.is_empty() {
        decoder.report(
            Problem::error(&codes::IN_NO_LIBRARY, "the entry is for no library")
                .at(node.span, "nothing here")
                .help("name a library, or take the key away: then it is for all of them"),
        );
    }
    let known: Vec<&str> = libraries
        .iter()
        .map(|library| library.name.as_str())
        .collect();
    let mut names = BTreeSet::new();
    for node in list {
        let Some(name) = decoder.plain_text(node, "a library's name") else {
            continue;
        };
        if known.contains(&name.value.as_str()) {
            names.insert(name.value);
            continue;
        }
        let help = match similar(&name.value, known.iter().copied()) {
            Some(meant) => format!("write `{meant}`, if that is meant"),
            None => format!(
                "declare it under `libraries:` at the top, or use one of {}",
                listed(&known)
            ),
        };
        let message = format!("the manifest declares no library `{}`", name.value);
        decoder.report(
            Problem::error(&codes::UNKNOWN_LIBRARY, message)
                .at(name.span, "unknown library")
                .help(help),
        );
    }
    Some(names)
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
