//! What a new manifest says about each file that a library holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Observed;
use super::manifest::Item;
use crate::cli::exit::Failure;
use crate::cli::session::Session;
use crate::manifest::{AUTO, Draft, Match, Note, Searched, holds_key};
use crate::model::{File, Name, Sha256, Unmanaged};
use crate::state::Locked;

/// How many other places of a content are named.
const ALSO: usize = 5;

/// What was found for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A source with its content.
    Sourced {
        path: String,
        size: u64,
        /// Where the content is, too.
        also: Vec<String>,
    },
    /// No source, but the content among those that jumpbag keeps.
    Kept {
        /// Whether the state has the file with this content.
        now: bool,
    },
    /// No source that could be written; why not.
    Unknown { why: Note },
}

impl Fate {
    /// The source and its size.
    pub(super) fn source(&self) -> Option<(&str, u64)> {
        match self {
            Self::Sourced { path, size, .. } => Some((path, *size)),
            Self::Kept { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// The files of a library that are asked for or in its state already, in the order of their names.
pub(super) fn items(
    session: &Session,
    locked: &Locked,
    observed: &Observed,
    searched: &Searched,
    is_asked: impl Fn(&Name) -> bool,
) -> Result<Vec<Item>, Failure> {
    let tracked = &locked.document().files;
    let mut folded: BTreeMap<Cow<'_, str>, u32> = BTreeMap::new();
    for name in observed.keys() {
        *folded.entry(name.folded()).or_default() += 1;
    }
    let mut items = Vec::new();
    for (name, observed) in observed {
        let before = tracked.get(name);
        if before.is_none() && !is_asked(name) {
            continue;
        }
        let file = File {
            size: None,
            ..observed.file.clone()
        };
        let desired = session.desired.get(name);
        let is_twin = folded.get(&name.folded()).is_some_and(|count| *count > 1);
        let fate = match unwritable(name, &file, is_twin) {
            Some(why) => Fate::Unknown { why },
            None => fate(session, name, &file, searched, before.map(|it| &it.file))?,
        };
        items.push(Item {
            library: session.id.name.clone(),
            name: name.clone(),
            protect: desired.map_or_else(
                || before.is_some_and(|before| before.protect),
                |desired| desired.protect,
            ),
            file,
            tracked: before.is_some(),
            unmanaged: session.library.unmanaged,
            fate,
        });
    }
    Ok(items)
}

/// Why a manifest cannot say what the library has; `None` where it can.
fn unwritable(name: &Name, file: &File, is_twin: bool) -> Option<Note> {
    if let Err(error) = Name::new(name.as_str()) {
        return Some(note(format!("A manifest cannot have its name: {error}.")));
    }
    if file.sha256 == Sha256::of(b"") {
        return Some(note("A manifest cannot have a file that is empty."));
    }
    if is_twin {
        let why = "The library has another file whose name differs only in case or encoding; a manifest can have one of them.";
        return Some(note(why));
    }
    let texts = [
        ("description", &file.description),
        ("parameters_description", &file.parameters_description),
    ];
    let mut all = texts.iter().filter_map(|(_, text)| text.as_deref());
    if holds_key(name.as_str()) || all.any(holds_key) {
        return Some(note(
            "The library shows a secret key of age here: take it away there, and make a new pair of keys.",
        ));
    }
    if let Some((key, _)) = texts.iter().find(|(_, text)| text.as_deref() == Some(AUTO)) {
        return Some(note(format!(
            "A manifest cannot have its `{key}`, `{AUTO}`: that stands for what the script says of itself."
        )));
    }
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let odd = texts
        .into_iter()
        .find_map(|(key, text)| Some((key, text.as_ref()?.chars().find(|c| is_odd(*c))?)));
    odd.map(|(key, c)| {
        let c = c.escape_unicode();
        note(format!(
            "A manifest cannot have the control character {c} of its `{key}`: change that in the library."
        ))
    })
}

fn fate(
    session: &Session,
    name: &Name,
    file: &File,
    searched: &Searched,
    before: Option<&File>,
) -> Result<Fate, Failure> {
    let limit = session.library.max_file_size;
    let matches = searched.matches.get(&file.sha256);
    let matches = matches.into_iter().flatten();
    let (fit, unfit): (Vec<&Match>, Vec<&Match>) =
        matches.partition(|found| found.unfit.is_none() && found.size <= limit);
    let depth = |found: &Match| found.path.split('/').count();
    let is_other = |found: &Match| found.path.rsplit('/').next() != Some(name.as_str());
    let best = fit
        .iter()
        .min_by_key(|found| (is_other(found), depth(found), found.path.as_str()));
    if let Some(best) = best {
        let others = fit.iter().filter(|found| found.path != best.path);
        return Ok(Fate::Sourced {
            path: best.path.clone(),
            size: best.size,
            also: others.map(|found| found.path.clone()).take(ALSO).collect(),
        });
    }
    if session.store.contents().has(file.sha256)? {
        return Ok(Fate::Kept {
            now: before.is_some_and(|before| before.sha256 == file.sha256),
        });
    }
    let why = match unfit.first() {
        Some(found) => Note {
            sentence: format!(
                "No source, because {}:",
                found.unfit.unwrap_or("it is over `max_file_size`")
            ),
            values: vec![found.path.clone()],
        },
        None => note(
            "No file with this content was found: put it into this folder, and write its path here.",
        ),
    };
    Ok(Fate::Unknown { why })
}

/// The entries for `items`, in the order of their names: one for all libraries that have the same.
pub(super) fn drafts(items: &[Item], libraries: usize) -> Vec<Draft> {
    let mut found: BTreeMap<Draft, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        let draft = Draft {
            name: item.name.clone(),
            file: item.file.clone(),
            protect: item.protect,
            source: item.fate.source().map(|(path, _)| path.to_owned()),
            notes: notes(item),
            libraries: Vec::new(),
        };
        found.entry(draft).or_default().insert(&item.library);
    }
    let with_libraries = |(draft, names): (Draft, BTreeSet<&str>)| {
        let is_all = names.len() == libraries;
        let names = names.into_iter().map(ToOwned::to_owned);
        Draft {
            libraries: if is_all { Vec::new() } else { names.collect() },
            ..draft
        }
    };
    found.into_iter().map(with_libraries).collect()
}

/// What stands above an entry.
fn notes(item: &Item) -> Vec<Note> {
    let mut notes = match &item.fate {
        Fate::Sourced { also, .. } if also.is_empty() => return Vec::new(),
        Fate::Sourced { also, .. } => {
            return vec![Note {
                sentence: "The same content is also in".to_owned(),
                values: also.clone(),
            }];
        }
        Fate::Kept { now: true } => vec![note(
            "jumpbag keeps its content: `jumpbag restore NAME -o PATH` writes it to a file.",
        )],
        Fate::Kept { now: false } => vec![note(
            "jumpbag keeps its content from an earlier serial: `jumpbag restore NAME@SERIAL -o PATH` writes it to a file.",
        )],
        Fate::Unknown { why } => vec![why.clone()],
    };
    if !item.tracked && item.unmanaged == Unmanaged::Delete {
        notes.push(note(
            "As `unmanaged: delete` is set, the next plan deletes it without an entry.",
        ));
    }
    if item.tracked {
        notes.push(note(
            "It is in the state: without an entry the next plan deletes it; `jumpbag state rm NAME` forgets it.",
        ));
    }
    notes.push(note(format!("sha256 {}", item.file.sha256)));
    notes
}

fn note(sentence: impl Into<String>) -> Note {
    Note {
        sentence: sentence.into(),
        values: Vec::new(),
    }
}
