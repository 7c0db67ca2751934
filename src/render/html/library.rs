//! The part of a plan that is about one library.

use maud::{Markup, html};
use rayon::prelude::*;

use super::{change, outside, table};
use crate::model::Name;
use crate::plan::{Drift, LibraryPlan, Plan, Refusal};
use crate::render::size::plural;
use crate::render::view::{View, views};
use crate::render::{Contents, words};

/// The most changes of a plan whose details are open when the page is.
const MOST_OPEN: usize = 20;
/// From more changes on, a browser lays out only those in sight.
const MANY: usize = 200;
/// The longest list of names that is open when the page is.
const LONGEST_LIST: usize = 30;

/// A library's part, with what the rest of the page needs to know of it.
pub(super) struct Part<'a> {
    /// Its number in the page.
    pub(super) number: usize,
    pub(super) library: &'a LibraryPlan,
    pub(super) views: Vec<Numbered<'a>>,
    /// Whether the details of short changes are open.
    opens: bool,
}

/// A change, and its number in the page.
pub(super) struct Numbered<'a> {
    pub(super) number: usize,
    pub(super) view: View<'a>,
}

/// The parts of a plan. Libraries and changes are numbered through, so that no name has to be in a link.
pub(super) fn parts(plan: &Plan) -> Vec<Part<'_>> {
    let mut number = 0;
    let mut parts: Vec<_> = (1..)
        .zip(&plan.libraries)
        .map(|(nth, library)| Part {
            number: nth,
            library,
            views: views(library)
                .map(|view| {
                    number += 1;
                    Numbered { number, view }
                })
                .collect(),
            opens: false,
        })
        .collect();
    for part in &mut parts {
        part.opens = number <= MOST_OPEN;
    }
    parts
}

/// Whether there are so many changes that a browser should lay out only those in sight.
pub(super) fn are_many(parts: &[Part<'_>]) -> bool {
    parts.iter().map(|part| part.views.len()).sum::<usize>() > MANY
}

/// The section of a library.
pub(super) fn section(part: &Part<'_>, contents: &Contents) -> Markup {
    let library = part.library;
    let id = format!("l{}", part.number);
    let heading = format!("{id}h");
    html! {
        section.library id=(id) aria-labelledby=(heading) {
            h2 id=(heading) { "Library " (outside::name(&library.library.name)) }
            (place(library))
            @for note in words::notes(library) { p.note { strong { (note) } } }
            (refusals(&library.refusals))
            (drift(part))
            h3 { "Changes" }
            @if part.views.is_empty() {
                p { "No changes" }
            } @else {
                (table::table(&part.views))
                h3 { "Details" }
                @for section in changes(part, contents) { (section) }
            }
            @if let Some(line) = words::agreeing(library) { p { (line) } }
            (unmanaged(&library.unmanaged))
            p.calls { (words::calls(library.calls, library.seconds)) }
        }
    }
}

/// The sections of the changes, in their order; made in parallel, since diffs of thousands take a while.
fn changes(part: &Part<'_>, contents: &Contents) -> Vec<Markup> {
    let section = |numbered| change::section(numbered, contents, part.opens);
    part.views.par_iter().map(section).collect()
}

/// Where it is, and which state the plan was made from.
fn place(library: &LibraryPlan) -> Markup {
    let id = &library.library;
    html! {
        p.place {
            "at " (outside::name(&id.endpoint))
            @if let Some(tenant) = &id.tenant_id { ", tenant " (outside::name(tenant)) }
            @if library.lineage.is_some() { ", serial " (library.serial) } @else { ", no state yet" }
        }
    }
}

fn refusals(refusals: &[Refusal]) -> Markup {
    html! {
        @if !refusals.is_empty() {
            div.notice.refused {
                h3 { "Refused: " (refusals.len()) }
                ul {
                    @for refusal in refusals {
                        li {
                            (outside::message(refusal)) " " span.code { (refusal.code()) }
                            br; "help: " (outside::help(refusal))
                        }
                    }
                }
            }
        }
    }
}

/// Who changed what since the last apply.
fn drift(part: &Part<'_>) -> Markup {
    let changes = part.library.changes.iter();
    let drifted: Vec<(&Name, &Drift)> = changes
        .filter_map(|change| Some((&change.name, change.drifted.as_ref()?)))
        .collect();
    html! {
        @if !drifted.is_empty() {
            div.notice.drift {
                h3 { "Drift: " (plural(drifted.len() as u64, "file")) " changed since the last apply" }
                ul {
                    @for (name, drift) in drifted {
                        li { (outside::name(name.as_str())) ": " (outside::sentence(&words::drift(drift))) }
                    }
                }
            }
        }
    }
}

fn unmanaged(names: &[Name]) -> Markup {
    html! {
        @if !names.is_empty() {
            details.unmanaged open[names.len() <= LONGEST_LIST] {
                summary { h3 { "Unmanaged, left alone: " (plural(names.len() as u64, "file")) } }
                ul { @for name in names { li { (outside::name(name.as_str())) } } }
            }
        }
    }
}
