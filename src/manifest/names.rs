//! Which file has which name in which library.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Desired, Found};
use super::{Library, codes};
use crate::diagnostics::Problem;

/// The files of each of the `selected` libraries, by name. Two files of a library have names that differ
/// in more than case and encoding.
pub(super) fn by_library(
    files: &[Found<'_>],
    selected: &[&Library],
    problems: &mut Vec<Problem>,
) -> Desired {
    let mut desired: Desired = BTreeMap::new();
    let mut reported: BTreeSet<(usize, usize)> = BTreeSet::new();
    for library in selected {
        let mut first_by_name: BTreeMap<String, usize> = BTreeMap::new();
        let names = desired.entry(library.name.clone()).or_default();
        for (nth, found) in files.iter().enumerate() {
            if !found.source.entry.libraries.contains(&library.name) {
                continue;
            }
            let first = *first_by_name.entry(found.name.folded()).or_insert(nth);
            match files.get(first) {
                Some(other) if first != nth => {
                    if reported.insert((first, nth)) {
                        problems.push(duplicate(other, found, &library.name));
                    }
                }
                _ => {
                    names.insert(found.name.clone(), found.desired_in(&library.name));
                }
            }
        }
    }
    desired
}

fn duplicate(first: &Found<'_>, again: &Found<'_>, library: &str) -> Problem {
    let (one, two) = (&first.source.path, &again.source.path);
    let message = if first.name == again.name {
        format!("two files of `{library}` are called `{}`", again.name)
    } else {
        format!(
            "`{}` and `{}` in `{library}` differ only in {}",
            first.name,
            again.name,
            first.name.differs_in(&again.name)
        )
    };
    let problem = Problem::error(&codes::DUPLICATE_NAME, message);
    let problem = if first.source.nth == again.source.nth {
        problem.at(again.span, format!("both `{one}` and `{two}` match"))
    } else {
        problem
            .at(again.span, format!("again here, for `{two}`"))
            .at(first.span, format!("first here, for `{one}`"))
    };
    problem.help(if first.path == again.path {
        "take one of the two entries away, or narrow a glob"
    } else if first.source.by_glob || again.source.by_glob {
        "narrow the glob, or list the files one by one, each with its own `name`"
    } else {
        "give one of the two another `name`, or `libraries` that do not overlap"
    })
}
