//! The attributes of a change as a table: what is there before, and what after.

use maud::{Markup, html};

use super::outside;
use crate::model::File;
use crate::render::size::size;
use crate::render::view::{Kind, View};

/// A row: what it is about, before and after. The texts are escaped already.
struct Fact {
    what: &'static str,
    before: Option<String>,
    after: Option<String>,
}

/// The facts of a change; nothing where there are none.
pub(super) fn table(view: &View<'_>) -> Markup {
    let facts = facts(view);
    let has_before = facts.iter().any(|fact| fact.before.is_some());
    let has_after = facts.iter().any(|fact| fact.after.is_some());
    let cell = |value: &Option<String>| html! { td { @if let Some(value) = value { (outside::shown(value)) } } };
    html! {
        @if !facts.is_empty() {
            table.facts {
                caption.unseen { "Attributes" }
                thead {
                    tr {
                        th scope="col" { "Attribute" }
                        @if has_before { th scope="col" { "Before" } }
                        @if has_after { th scope="col" { "After" } }
                    }
                }
                tbody {
                    @for fact in &facts {
                        tr {
                            th scope="row" { (fact.what) }
                            @if has_before { (cell(&fact.before)) }
                            @if has_after { (cell(&fact.after)) }
                        }
                    }
                }
            }
        }
    }
}

/// Content and size where they come, go, change or move, then the attributes that change.
fn facts(view: &View<'_>) -> Vec<Fact> {
    let (before, after) = match (view.before, view.change.after.as_ref()) {
        (Some(before), Some(after)) if before.sha256 == after.sha256 => match view.kind {
            Kind::Update => (None, None),
            Kind::Refused
            | Kind::Delete
            | Kind::Rename
            | Kind::Create
            | Kind::Adopt
            | Kind::Forget
            | Kind::Unchanged => (None, Some(after)),
        },
        both => both,
    };
    let fact = |what, show: &dyn Fn(&File) -> Option<String>| Fact {
        what,
        before: before.and_then(show),
        after: after.and_then(show),
    };
    let mut facts = vec![
        fact("sha256", &|file| Some(file.sha256.to_string())),
        fact("size", &|file| file.size.map(size)),
    ];
    facts.retain(|fact| fact.before.is_some() || fact.after.is_some());
    facts.extend(view.attributes().into_iter().map(|attribute| {
        let (before, after) = attribute.shown();
        Fact {
            what: attribute.attribute.as_str(),
            before,
            after: Some(after),
        }
    }));
    facts
}
