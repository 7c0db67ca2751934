//! The section of one change.

use maud::{Markup, html};

use super::library::Numbered;
use super::{diff, facts, outside};
use crate::render::view::{Kind, View};
use crate::render::{Contents, words};

/// The longest diff, in lines, that is open when the page is.
const LONGEST_OPEN: usize = 120;

/// The section of a change. What goes and what is refused cannot be folded away; the others can, and are
/// open at first where `opens` says so and they are short.
pub(super) fn section(numbered: &Numbered<'_>, contents: &Contents, opens: bool) -> Markup {
    let Numbered { number, view } = numbered;
    let (content, lines) = diff::content(view, contents);
    let body = html! {
        // The target is within what can be folded: a browser unfolds it for one who follows the link.
        div.body id={ "c" (number) } {
            @let why = why(view);
            @if view.kind != Kind::Refused && !why.0.is_empty() { p.why { (why) } }
            @for refusal in &view.refusals {
                p.refusal { (outside::message(refusal)) br; "help: " (outside::help(refusal)) }
            }
            (facts::table(view))
            (content)
        }
    };
    html! {
        article .item .(view.kind.as_str()) {
            @if matches!(view.kind, Kind::Delete | Kind::Refused) {
                h4 { (heading(view)) }
                (body)
            } @else {
                details open[opens && lines <= LONGEST_OPEN] {
                    summary { h4 { (heading(view)) } }
                    (body)
                }
            }
        }
    }
}

fn heading(view: &View<'_>) -> Markup {
    html! { (badge(view.kind)) " " (title(view)) span.size { (view.size()) } }
}

/// The symbol and the word of a kind.
pub(super) fn badge(kind: Kind) -> Markup {
    html! { span.badge { b aria-hidden="true" { (kind.symbol()) } " " (kind.as_str()) } }
}

/// The name, of a rename both.
pub(super) fn title(view: &View<'_>) -> Markup {
    html! {
        @if let Some(from) = &view.change.renamed_from { (outside::name(from.as_str())) " → " }
        (outside::name(view.change.name.as_str()))
    }
}

/// Why it is made, and what somebody did before.
pub(super) fn why(view: &View<'_>) -> Markup {
    html! {
        @if view.kind == Kind::Refused { "refused, see above" } @else { (outside::sentence(&words::why(view.change))) }
        @if let Some(drift) = view.drift { "; " (outside::sentence(&words::drift(drift))) " since the last apply" }
    }
}
