//! What several libraries share, and the list of all of them, in a terminal.

use super::layout::Page;
use super::place;
use crate::plan::LibraryPlan;
use crate::render::escape::word;
use crate::render::group::{Grouped, Member};
use crate::render::style::Role;
use crate::render::words;

/// Where names of libraries stand: further in than anything that starts with a sign or a word of ours.
const NAMES: usize = 4;

/// How many libraries a section is about, and which.
pub(super) fn heading(page: &mut Page, libraries: &[&LibraryPlan], changes: usize) {
    let heading = words::shared(libraries.len(), changes);
    page.line(0, [(Role::Heading, heading.as_str())]);
    page.pack((NAMES, (Role::Plain, "")), NAMES, ", ", &names(libraries));
}

fn names(libraries: &[&LibraryPlan]) -> Vec<(Role, String)> {
    let name = |it: &&LibraryPlan| (Role::Plain, word(&it.library.name).into_owned());
    libraries.iter().map(name).collect()
}

/// Where each library is, and what happens to it in all.
pub(super) fn libraries(page: &mut Page, grouped: &Grouped<'_>) {
    for (members, what, changes) in [
        (&grouped.changing, " with changes", true),
        (&grouped.unchanged, ": no changes", false),
    ] {
        if members.is_empty() {
            continue;
        }
        page.gap();
        let heading = words::libraries(members.len()) + what;
        page.line(0, [(Role::Heading, heading.as_str())]);
        for Member { library, .. } in members {
            member(page, library, changes);
        }
    }
}

fn member(page: &mut Page, library: &LibraryPlan, changes: bool) {
    let mut pieces = place(&library.library, library.serial, library.lineage.is_some());
    let counts = (Role::Plain, words::counts(library));
    let start = (2, (Role::Plain, "Library "));
    if !changes {
        // The shortest form: there may be a hundred of them.
        pieces.push(counts);
        return page.pack(start, NAMES, "  ", &pieces);
    }
    page.pack(start, NAMES, "  ", &pieces);
    let calls = (Role::Plain, words::calls(library.calls, library.seconds));
    let plain = (NAMES, (Role::Plain, ""));
    page.pack(plain, NAMES, "  ", &[counts, calls]);
}

/// Which libraries what follows is about: by their names, where it is in several.
pub(super) fn refused_in(page: &mut Page, libraries: &[&LibraryPlan]) {
    let start = format!("In {}: ", words::libraries(libraries.len()));
    let start = (2, (Role::Plain, start.as_str()));
    page.pack(start, NAMES, ", ", &names(libraries));
}
