//! Which file has which name in which library, and what is odd about it.

use std::collections::BTreeSet;

use super::resolve::{Desired, Found};
use super::{Library, codes};
use crate::diagnostics::lints::{Levels, NAME_CHARACTERS, NAME_SPACES};
use crate::diagnostics::{Problem, Span};
use crate::model::Name;

/// The files of each of the `selected` libraries, by name. Two files of a library have names that differ
/// in more than case and encoding.
pub(super) fn by_library(
    files: &[Found<'_>],
    selected: &[&Library],
    problems: &mut Vec<Problem>,
) -> Desired {
    let mut reported: BTreeSet<(usize, usize)> = BTreeSet::new();
    let of_library = |library: &&Library| {
        let files = files.iter().enumerate();
        let files = files.filter(|(_, it)| it.source.entry.libraries.contains(&library.name));
        let mut folded: Vec<_> = files
            .map(|(nth, found)| (found.name.folded(), nth, found))
            .collect();
        folded.sort_by(|(one, nth, _), (two, other, _)| (one, nth).cmp(&(two, other)));
        for same in folded.chunk_by(|(one, ..), (two, ..)| one == two) {
            if let [(_, first_nth, first), others @ ..] = same {
                for (_, nth, again) in others {
                    if reported.insert((*first_nth, *nth)) {
                        problems.push(duplicate(first, again, &library.name));
                    }
                }
            }
        }
        folded.dedup_by(|(one, ..), (two, ..)| one == two);
        let desired = |(_, _, found): (_, _, &Found<'_>)| {
            (found.name.clone(), found.desired_in(&library.name))
        };
        let names = folded.into_iter().map(desired).collect();
        (library.name.clone(), names)
    };
    selected.iter().map(of_library).collect()
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
    problem.help(if first.path() == again.path() {
        "take one of the two entries away, or narrow a glob"
    } else if first.source.by_glob || again.source.by_glob {
        "narrow the glob, or list the files one by one, each with its own `name`"
    } else {
        "give one of the two another `name`, or `libraries` that do not overlap"
    })
}

/// What is odd about the `name` at `span`, and no error.
pub(super) fn odd(name: &Name, span: Span, levels: &Levels) -> impl Iterator<Item = Problem> {
    let spaces = name.as_str().contains(' ').then(|| {
        let message = format!("the name `{name}` contains a space");
        let problem = levels.problem(&NAME_SPACES, message)?;
        Some(
            problem
                .at(span, "a responder has to type it in quotes")
                .help("choose a `name` without one, such as with `-` in its place"),
        )
    });
    let ordinary = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ');
    let odd = name.as_str().chars().find(|c| !ordinary(*c));
    let characters = odd.map(|odd| {
        let message = format!("the name `{name}` contains `{odd}`");
        let problem = levels.problem(&NAME_CHARACTERS, message)?;
        Some(
            problem
                .at(
                    span,
                    "the portal asks for letters, digits, `.`, `_` and `-`",
                )
                .help("choose a `name` of these characters; the API may refuse others"),
        )
    });
    [spaces, characters].into_iter().flatten().flatten()
}
