//! The tables of all libraries, where some of them share changes: where each is, and what happens to it in all.

use maud::{Markup, html};

use super::outside;
use crate::render::group::{Member, Scope, Section};
use crate::render::words;

/// The table of `members`, which are `what`, with links to their sections; nothing where there are none.
pub(super) fn table(members: &[Member<'_>], what: &str, sections: &[Section<'_>]) -> Markup {
    html! {
        @if !members.is_empty() {
            table.libraries {
                caption { (words::libraries(members.len())) (what) }
                thead {
                    tr {
                        @for what in ["Library", "Where", "Plan", "Shown in"] { th scope="col" { (what) } }
                    }
                }
                tbody { @for member in members { (row(member, sections)) } }
            }
        }
    }
}

fn row(member: &Member<'_>, sections: &[Section<'_>]) -> Markup {
    let library = member.library;
    let id = &library.library;
    html! {
        tr {
            th scope="row" { (outside::name(&id.name)) }
            td {
                (outside::name(&id.endpoint))
                @if let Some(tenant) = &id.tenant_id { ", tenant " (outside::name(tenant)) }
                ", " (words::state(library))
            }
            td {
                (words::counts(library))
                @if library.calls > 0 { br; (words::calls(library.calls, library.seconds)) }
            }
            td { (links(member, sections)) }
        }
    }
}

/// Links to the sections that a library is in.
fn links(member: &Member<'_>, sections: &[Section<'_>]) -> Markup {
    let numbered = member.sections.iter().filter_map(|number| {
        let section = sections.get(number.checked_sub(1)?)?;
        Some((number, section))
    });
    html! {
        @for (nth, (number, section)) in numbered.enumerate() {
            @if nth > 0 { ", " }
            a href={ "#l" (number) } {
                @match section.scope {
                    Scope::Shared(_) => { "group " (number) }
                    Scope::Whole(_) | Scope::Own { .. } => { "by itself" }
                }
            }
        }
    }
}
