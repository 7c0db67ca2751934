//! A plan for a terminal or a log.

mod change;
mod content;
mod layout;

pub(super) use layout::Page;

use super::contents::Contents;
use super::escape::word;
use super::size::plural;
use super::style::Role;
use super::view::views;
use super::words;
pub(crate) use super::words::summary_line;
use crate::model::{LibraryId, Name};
use crate::plan::{LibraryPlan, Plan};

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
    for library in &plan.libraries {
        page.gap();
        part(&mut page, library, contents);
        if several {
            let summary = summary_line(&library.summary());
            page.gap();
            page.line(2, [(Role::Plain, summary.as_str())]);
            page.line(
                2,
                [(
                    Role::Plain,
                    words::calls(library.calls, library.seconds).as_str(),
                )],
            );
        }
    }
    refusals(&mut page, plan, several);
    page.gap();
    let summary = summary_line(&plan.summary());
    page.line(0, [(Role::Heading, summary.as_str())]);
    page.line(0, [(Role::Plain, words::total_calls(plan).as_str())]);
    let fingerprint = format!("Fingerprint: {}", super::escape::visible(fingerprint));
    page.line(0, [(Role::Plain, fingerprint.as_str())]);
    page.text
}

fn part(page: &mut Page, library: &LibraryPlan, contents: &Contents) {
    heading(
        page,
        &library.library,
        library.serial,
        library.lineage.is_some(),
    );
    for note in words::notes(library) {
        page.line(2, [(Role::Changed, note.as_str())]);
    }
    page.gap();
    for view in views(library) {
        change::change(page, &view, contents);
    }
    page.gap();
    left_alone(page, "Unmanaged, left alone", &library.unmanaged);
    drift(page, library);
    if let Some(line) = words::agreeing(library) {
        page.line(2, [(Role::Plain, line.as_str())]);
    }
}

/// Which library, and the state that the plan was made from.
pub(super) fn heading(page: &mut Page, library: &LibraryId, serial: u64, has_state: bool) {
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
    let pieces = [
        (Role::Heading, word(name).into_owned()),
        (Role::Plain, format!("at {}", word(endpoint))),
        (Role::Plain, tenant.unwrap_or_default()),
        (Role::Plain, state),
    ];
    page.pack((0, (Role::Heading, "Library ")), 4, "  ", &pieces);
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

fn drift(page: &mut Page, library: &LibraryPlan) {
    let drifted: Vec<_> = library
        .changes
        .iter()
        .filter_map(|change| Some((&change.name, change.drifted.as_ref()?)))
        .collect();
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

fn refusals(page: &mut Page, plan: &Plan, several: bool) {
    if !plan.is_refused() {
        return;
    }
    page.gap();
    page.line(
        0,
        [(Role::Refused, "Refused: this plan must not be applied.")],
    );
    for library in &plan.libraries {
        for refusal in &library.refusals {
            let mut head = vec![(Role::Quiet, refusal.code().to_owned())];
            if several {
                head.push((Role::Plain, format!("in {}", word(&library.library.name))));
            }
            page.pack((2, (Role::Refused, "! ")), 4, "  ", &head);
            change::message(page, 4, refusal);
        }
    }
}
