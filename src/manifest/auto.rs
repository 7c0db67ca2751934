//! What scripts say of themselves, where the manifest leaves it to them (`auto`).

use rayon::prelude::*;

use super::attributes::Prose;
use super::content::Hashed;
use super::resolve::{Found, label};
use super::{Library, codes};
use crate::diagnostics::Problem;
use crate::files::open::content;
use crate::script::{self, NotUnderstood};
use crate::text::{self, Language};

/// What a script says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) description: Option<String>,
    pub(super) parameters: Option<String>,
}

/// What is asked of a script.
#[derive(Clone, Copy)]
struct Asked {
    description: bool,
    parameters: bool,
}

/// Why it is not known what a script says of itself.
enum NotSaid {
    /// It is not the file any more that was hashed.
    Changed,
    NotUnderstood,
}

/// Reads what `files` say of themselves, in parallel, where an entry for one of the `selected` libraries asks for it.
pub(super) fn fill(files: &mut Vec<Found<'_>>, selected: &[&Library], problems: &mut Vec<Problem>) {
    let asking: Vec<(usize, Asked)> = files
        .iter()
        .enumerate()
        .filter_map(|(nth, found)| Some((nth, asked(found, selected)?)))
        .collect();
    let read = asking.par_iter().filter_map(|(nth, asked)| {
        let found = files.get(*nth)?;
        Some((*nth, said(found, *asked)))
    });
    let read: Vec<_> = read.collect();
    for (nth, said) in read {
        let Some(found) = files.get_mut(nth) else {
            continue;
        };
        match said {
            Ok(said) => found.said = Some(Box::new(said)),
            Err(why) => problems.push(problem(found, &why)),
        }
    }
}

fn asked(found: &Found<'_>, selected: &[&Library]) -> Option<Asked> {
    let entry = found.source.entry;
    let libraries = selected.iter().map(|library| &library.name);
    let mut asked = Asked {
        description: false,
        parameters: false,
    };
    for library in libraries.filter(|name| entry.libraries.contains(*name)) {
        let attributes = entry.attributes_in(library);
        asked.description |= attributes.description == Prose::OfScript;
        asked.parameters |= attributes.parameters_description == Prose::OfScript;
    }
    (asked.description || asked.parameters).then_some(asked)
}

fn said(found: &Found<'_>, asked: Asked) -> Result<Said, NotSaid> {
    let name = found.name.as_str();
    let opaque = || match Language::of_name(name) {
        Some(_) if asked.parameters => Err(NotSaid::NotUnderstood),
        Some(_) | None => Ok(Said::default()),
    };
    if found.content.is_opaque {
        return opaque();
    }
    // What it says must be what was hashed: it is what the plan shows.
    let Hashed { size, sha256, .. } = found.content;
    let read = content(&found.path(), size, sha256).map_err(|_| NotSaid::Changed)?;
    let Some((_, text)) = text::characters_of_file(&read) else {
        return opaque();
    };
    let parameters = if asked.parameters {
        script::parameters(Language::of(name, &text), &text)
    } else {
        Ok(None)
    };
    Ok(Said {
        description: script::synopsis(&text).filter(|_| asked.description),
        parameters: parameters.map_err(|NotUnderstood| NotSaid::NotUnderstood)?,
    })
}

fn problem(found: &Found<'_>, why: &NotSaid) -> Problem {
    let path = &found.source.path;
    let problem = match why {
        NotSaid::Changed => Problem::error(
            &codes::SOURCE_UNREADABLE,
            format!("`{path}` changed while it was read"),
        )
        .help("try again when nothing writes to the file any more"),
        NotSaid::NotUnderstood => Problem::error(
            &codes::AUTO_UNKNOWN,
            format!("`{path}` takes parameters, or may, and it cannot be said which"),
        )
        .help("write its `parameters_description`, or null where it has none"),
    };
    problem.at(found.source.entry.source.span, label(found.source))
}
