//! The table of a library's changes.

use maud::{Markup, html};

use super::change::{badge, title, why};
use super::library::Numbered;
use super::outside;
use crate::render::size::plural;
use crate::render::view::View;

/// All changes, a row each, linked to their sections.
pub(super) fn table(views: &[Numbered<'_>]) -> Markup {
    html! {
        table.changes {
            caption { (plural(views.len() as u64, "change")) ", in the order of the plan" }
            thead {
                tr {
                    @for what in ["Change", "Name", "Why"] { th scope="col" { (what) } }
                    th.wide scope="col" { "Size" }
                    th.wide scope="col" { "SHA-256" }
                }
            }
            tbody { @for numbered in views { (row(numbered)) } }
        }
    }
}

fn row(Numbered { number, view }: &Numbered<'_>) -> Markup {
    html! {
        tr .item .(view.kind.as_str()) {
            td { (badge(view.kind)) }
            th scope="row" { a href={ "#c" (number) } { (title(view)) } }
            td { (why(view)) }
            td.wide.size { (view.size()) }
            td.wide { (hash(view)) }
        }
    }
}

fn hash(view: &View<'_>) -> Markup {
    let hash = view.hash();
    html! {
        @for (nth, digest) in hash.split(" → ").filter(|it| !it.is_empty()).enumerate() {
            @if nth > 0 { " → " }
            (outside::shown(digest))
        }
    }
}
