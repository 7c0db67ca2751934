//! A plan for a terminal or a log.

mod change;
mod changes;
mod content;
mod group;
mod layout;

pub(crate) use changes::changes_text;
pub(super) use layout::Page;

use super::contents::Contents;
use super::escape::word;
use super::group::{Scope, Section};
use super::size::plural;
use super::style::Role;
use super::words;
pub(crate) use super::words::summary_line;
use crate::model::{LibraryId, Name};
use crate::plan::{Drift, Plan};

/// How a plan is shown as text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextOptions {
    /// Whether colour repeats what the symbols say.
    pub(crate) color: bool,
}

/// How many unmanaged names are listed; the rest is counted.
const MOST_UNMANAGED: usize = 20;

/// `plan` as text, at most 80 columns wide where what it shows allows that. `fingerprint` is the plan's,
/// as `sha256:` and 64 digits.
pub(crate) fn text(
    plan: &Plan,
    fingerprint: &str,
    contents: &Contents,
    options: TextOptions,
) -> String {
    let mut page = Page::new(options.color);
    let several = plan.libraries.len() != 1;
    let grouped = super::group::group(plan);
    // Refusals have their own place.
    for section in grouped.sections.iter().filter(|it| !it.only_refuses()) {
        page.gap();
        part(&mut page, section, contents);
        if let Scope::Whole(library) = section.scope
            && several
        {
            let summary = summary_line(&library.summary());
            let calls = words::calls(library.calls, library.seconds);
            page.gap();
            page.line(2, [(Role::Plain, summary.as_str())]);
            page.line(2, [(Role::Plain, calls.as_str())]);
        }
    }
    group::libraries(&mut page, &grouped);
    if plan.is_refused() {
        refusals(&mut page, &grouped.sections, several);
    }
    page.gap();
    let summary = summary_line(&plan.summary());
    page.line(0, [(Role::Heading, summary.as_str())]);
    page.line(0, [(Role::Plain, words::total_calls(plan).as_str())]);
    let fingerprint = format!("Fingerprint: {}", super::escape::visible(fingerprint));
    page.line(0, [(Role::Plain, fingerprint.as_str())]);
    page.text
}

fn part(page: &mut Page, section: &Section<'_>, contents: &Contents) {
    match &section.scope {
        Scope::Shared(libraries) => group::heading(page, libraries, section.views.len()),
        Scope::Whole(library) | Scope::Own { library, .. } => heading(
            page,
            &library.library,
            library.serial,
            library.lineage.is_some(),
        ),
    }
    for note in &section.notes {
        page.line(2, [(Role::Changed, note.as_str())]);
    }
    if let Scope::Own { elsewhere, .. } = section.scope
        && let Some(line) = words::elsewhere(elsewhere)
    {
        page.line(2, [(Role::Quiet, line.as_str())]);
    }
    page.gap();
    for view in &section.views {
        change::change(page, view, contents);
    }
    page.gap();
    left_alone(page, "Unmanaged, left alone", section.unmanaged);
    drift(page, &section.drift);
    if let Some(line) = words::agreeing(section.agreeing) {
        page.line(2, [(Role::Plain, line.as_str())]);
    }
}

/// Which library, and the state that the plan was made from.
pub(super) fn heading(page: &mut Page, library: &LibraryId, serial: u64, has_state: bool) {
    let pieces = place(library, serial, has_state);
    page.pack((0, (Role::Heading, "Library ")), 4, "  ", &pieces);
}

/// Its name, where it is, and its state.
fn place(library: &LibraryId, serial: u64, has_state: bool) -> Vec<(Role, String)> {
    let LibraryId {
        name,
        endpoint,
        tenant_id,
    } = library;
    let state = if has_state {
        format!("serial {serial}")
    } else {
        "no state yet".to_owned()
    };
    let tenant = tenant_id
        .as_deref()
        .map(|it| format!("tenant {}", word(it)));
    vec![
        (Role::Heading, word(name).into_owned()),
        (Role::Plain, format!("at {}", word(endpoint))),
        (Role::Plain, tenant.unwrap_or_default()),
        (Role::Plain, state),
    ]
}

/// Files of the library that a plan or a report only counts: how many, and the first of them.
pub(super) fn left_alone(page: &mut Page, what: &str, names: &[Name]) {
    if names.is_empty() {
        return;
    }
    let head = format!("{what}: {}", plural(names.len() as u64, "file"));
    page.line(2, [(Role::Plain, head.as_str())]);
    let mut pieces: Vec<_> = names
        .iter()
        .take(MOST_UNMANAGED)
        .map(|name| (Role::Quiet, word(name.as_str()).into_owned()))
        .collect();
    let more = names.len().saturating_sub(MOST_UNMANAGED);
    if more == 0 {
        return page.pack((6, (Role::Plain, "")), 6, ", ", &pieces);
    }
    // A name of several words is in quotes, so this cannot be one.
    pieces.push((Role::Quiet, format!("and {more} more")));
    page.pack((6, (Role::Plain, "")), 6, ", ", &pieces);
}

fn drift(page: &mut Page, drifted: &[(&Name, &Drift)]) {
    if drifted.is_empty() {
        return;
    }
    let head = format!(
        "Drift: {} changed since the last apply",
        plural(drifted.len() as u64, "file")
    );
    page.line(2, [(Role::Plain, head.as_str())]);
    for (name, drift) in drifted {
        let name = format!("{}: ", word(name.as_str()));
        let start = (6, (Role::Plain, name.as_str()));
        page.sentence(start, 8, Role::Changed, &words::drift(drift));
    }
}

fn refusals(page: &mut Page, sections: &[Section<'_>], several: bool) {
    page.gap();
    page.line(
        0,
        [(Role::Refused, "Refused: this plan must not be applied.")],
    );
    let refused = sections.iter().filter(|it| !it.refusals.is_empty());
    for section in refused {
        let place = match &section.scope {
            Scope::Shared(libraries) => {
                group::refused_in(page, libraries);
                None
            }
            Scope::Whole(library) | Scope::Own { library, .. } => {
                several.then(|| format!("in {}", word(&library.library.name)))
            }
        };
        for refusal in &section.refusals {
            let mut head = vec![(Role::Quiet, refusal.code().to_owned())];
            head.extend(place.clone().map(|place| (Role::Plain, place)));
            page.pack((2, (Role::Refused, "! ")), 4, "  ", &head);
            change::message(page, 4, refusal);
        }
    }
}
