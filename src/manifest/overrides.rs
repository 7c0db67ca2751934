//! `overrides:`: attributes of an entry that differ from library to library.
//!
//! Neither the source nor the name can: what was reviewed is what is uploaded everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attributes::{self, Attributes, Written};
use super::codes;
use super::decode::{Decoder, Fields, Given, Located};
use super::node::{Node, Value};
use super::selector::Selector;
use crate::diagnostics::Problem;

/// What an override cannot have, and what to do instead.
const ELSEWHERE: [(&str, &str); 3] = [
    (
        "source",
        "take it away: what was reviewed is what is uploaded everywhere; for other content write an entry with other `libraries`",
    ),
    (
        "name",
        "take it away: a file has one name everywhere; for another name write an entry with other `libraries`",
    ),
    (
        "libraries",
        "write it beside `overrides`, for the whole entry",
    ),
];

/// One pair of `overrides:`.
struct Override<'n> {
    /// The libraries that its key means.
    libraries: BTreeSet<String>,
    fields: Fields<'n>,
    written: Written,
}

/// The attributes of an entry in those of its `libraries` where `node`, its `overrides`, says something else than
/// the entry, which says `own`.
pub(super) fn overridden(
    decoder: &mut Decoder<'_>,
    node: &Node,
    own: &Written,
    libraries: &BTreeSet<String>,
    selector: &mut Selector,
) -> BTreeMap<String, Attributes> {
    let overrides = read(decoder, node, libraries, selector);
    // Two keys may both mean many libraries; that they disagree is said once.
    let mut conflicts = BTreeSet::new();
    let named: BTreeSet<&String> = overrides
        .iter()
        .flat_map(|one| one.libraries.iter())
        .collect();
    let base = own.clone().finish();
    let mut overridden = BTreeMap::new();
    for library in named {
        let mut merging = Merging {
            decoder,
            library,
            matching: overrides
                .iter()
                .enumerate()
                .filter(|(_, one)| one.libraries.contains(library))
                .collect(),
            conflicts: &mut conflicts,
        };
        let attributes = merging.merged().or(own).finish();
        if attributes != base {
            overridden.insert(library.clone(), attributes);
        }
    }
    overridden
}

fn read<'n>(
    decoder: &mut Decoder<'_>,
    node: &'n Node,
    libraries: &BTreeSet<String>,
    selector: &mut Selector,
) -> Vec<Override<'n>> {
    let mut overrides = Vec::new();
    for (key, node) in decoder.pairs(node, "`overrides`").unwrap_or_default() {
        let libraries = meant(decoder, &key, libraries, selector);
        // An override without a body overrides nothing, as a library without one has the defaults.
        if node.value == Value::Null {
            continue;
        }
        let fields = decoder.fields_but(node, "an override", &attributes::KEYS, &ELSEWHERE);
        overrides.extend(fields.map(|fields| Override {
            libraries,
            written: Written::of(decoder, &fields),
            fields,
        }));
    }
    overrides
}

/// Those of an entry's `libraries` that `key` means; that it means none is reported.
fn meant(
    decoder: &mut Decoder<'_>,
    key: &Located<&str>,
    libraries: &BTreeSet<String>,
    selector: &mut Selector,
) -> BTreeSet<String> {
    let key = Located {
        value: key.value.to_owned(),
        span: key.span,
    };
    let all = Arc::clone(selector.all());
    let anywhere = selector.matching_or_reported(decoder, &key, &all);
    let here: BTreeSet<String> = anywhere.intersection(libraries).cloned().collect();
    // An entry for no library has been reported.
    if here.is_empty() && !anywhere.is_empty() && !libraries.is_empty() {
        let message = format!("the entry is for no library `{}`", key.value);
        decoder.report(
            Problem::error(&codes::OVERRIDE_UNUSED, message)
                .at(key.span, "overrides nothing")
                .help("add it to the entry's `libraries`, or take the override away"),
        );
    }
    here
}

/// Joins what several keys override for one library.
struct Merging<'m, 'n, 'd, 't> {
    decoder: &'d mut Decoder<'t>,
    library: &'m str,
    /// The overrides that mean the library, with their numbers.
    matching: Vec<(usize, &'m Override<'n>)>,
    /// What is reported already.
    conflicts: &'m mut BTreeSet<(&'static str, usize, usize)>,
}

impl Merging<'_, '_, '_, '_> {
    fn merged(&mut self) -> Written {
        let [description, parameters, has_parameters, adopt, protect] = attributes::KEYS;
        Written {
            description: self.only(description, |written| &written.description),
            parameters_description: self
                .only(parameters, |written| &written.parameters_description),
            has_parameters: self.only(has_parameters, |written| &written.has_parameters),
            adopt: self.only(adopt, |written| &written.adopt),
            protect: self.only(protect, |written| &written.protect),
        }
    }

    /// What the overrides give to the attribute `key`: two that give it different values are in conflict, because
    /// their order must not decide.
    fn only<T: Clone + PartialEq>(
        &mut self,
        key: &'static str,
        of: impl Fn(&Written) -> &Given<T>,
    ) -> Given<T> {
        let mut found: Option<(usize, &Override<'_>)> = None;
        for (nth, one) in &self.matching {
            if matches!(of(&one.written), Given::Absent) {
                continue;
            }
            let Some((first_nth, first)) = found else {
                found = Some((*nth, one));
                continue;
            };
            let differ = of(&first.written) != of(&one.written);
            if differ && self.conflicts.insert((key, first_nth, *nth)) {
                let problem = conflict(key, self.library, &first.fields, &one.fields);
                self.decoder.report(problem);
            }
        }
        found.map_or(Given::Absent, |(_, one)| of(&one.written).clone())
    }
}

fn conflict(key: &str, library: &str, first: &Fields<'_>, again: &Fields<'_>) -> Problem {
    let message = format!("two overrides give `{library}` a different `{key}`");
    Problem::error(&codes::OVERRIDE_CONFLICT, message)
        .at(again.place(key).unwrap_or(again.span), "and this here")
        .at(first.place(key).unwrap_or(first.span), "this here")
        .help("take one of the two away, or narrow a glob: the order of overrides decides nothing")
}
