//! The sections of a plan: each is about one library, or about what several share.

use maud::{Markup, html};
use rayon::prelude::*;

use super::{change, outside, table};
use crate::model::Name;
use crate::plan::{Drift, LibraryPlan, Refusal};
use crate::render::group::{Scope, Section};
use crate::render::size::plural;
use crate::render::view::View;
use crate::render::{Contents, words};

/// The most changes of a plan whose details are open when the page is.
const MOST_OPEN: usize = 20;
/// From more changes on, a browser lays out only those in sight.
const MANY: usize = 200;
/// The longest list of names that is open when the page is.
const LONGEST_LIST: usize = 30;

/// A section of a plan, with what the rest of the page needs to know of it.
pub(super) struct Part<'a> {
    /// Its number in the page.
    pub(super) number: usize,
    pub(super) section: &'a Section<'a>,
    pub(super) views: Vec<Numbered<'a>>,
    /// Whether the details of short changes are open.
    opens: bool,
}

/// A change, and its number in the page.
pub(super) struct Numbered<'a> {
    pub(super) number: usize,
    pub(super) view: &'a View<'a>,
}

/// The parts of a page. Sections and changes are numbered through, so that no name has to be in a link.
pub(super) fn parts<'a>(sections: &'a [Section<'a>]) -> Vec<Part<'a>> {
    let mut number = 0;
    let mut parts: Vec<_> = (1..)
        .zip(sections)
        .map(|(nth, section)| Part {
            number: nth,
            section,
            views: section
                .views
                .iter()
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

/// A section of the page.
pub(super) fn section(part: &Part<'_>, contents: &Contents) -> Markup {
    let section = part.section;
    let id = format!("l{}", part.number);
    let heading = format!("{id}h");
    html! {
        section.library id=(id) aria-labelledby=(heading) {
            (head(section, part.number))
            @for note in &section.notes { p.note { strong { (note) } } }
            (refusals(&section.refusals))
            (drift(&section.drift))
            @if !part.views.is_empty() {
                h3 { "Changes" }
                (table::table(&part.views))
                h3 { "Details" }
                @for section in changes(part, contents) { (section) }
            } @else if section.is_whole() {
                h3 { "Changes" }
                p { "No changes" }
            }
            @if let Some(line) = words::agreeing(section.agreeing) { p { (line) } }
            (unmanaged(section.unmanaged))
            @if let Scope::Whole(library) = section.scope {
                p.calls { (words::calls(library.calls, library.seconds)) }
            }
        }
    }
}

/// Which libraries a section is about.
fn head(section: &Section<'_>, number: usize) -> Markup {
    let heading = format!("l{number}h");
    match &section.scope {
        Scope::Whole(library) | Scope::Own { library, .. } => html! {
            h2 id=(heading) { "Library " (outside::name(&library.library.name)) }
            (place(library))
            @if let Scope::Own { elsewhere, .. } = section.scope
                && let Some(line) = words::elsewhere(elsewhere) { p.quiet { (line) } }
        },
        Scope::Shared(libraries) => html! {
            h2 id=(heading) {
                (words::shared(libraries.len(), section.views.len())) " "
                span.quiet { "(group " (number) ")" }
            }
            ul.names {
                @for library in libraries { li { (outside::name(&library.library.name)) } }
            }
        },
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
            ", " (words::state(library))
        }
    }
}

fn refusals(refusals: &[&Refusal]) -> Markup {
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
fn drift(drifted: &[(&Name, &Drift)]) -> Markup {
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
