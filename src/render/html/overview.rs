//! What stands before the libraries: the counts, which filter, the warnings, and the switch between diffs.

use maud::{Markup, html};

use super::library::Part;
use super::{members, outside};
use crate::plan::{Plan, Summary, Warning};
use crate::render::group::Grouped;
use crate::render::size::thousands;
use crate::render::view::{Kind, with_likeness};
use crate::render::words;

/// The kinds in the order of their tiles, each of which the style sheet can filter by.
pub(super) const KINDS: [Kind; 7] = [
    Kind::Refused,
    Kind::Delete,
    Kind::Update,
    Kind::Rename,
    Kind::Create,
    Kind::Adopt,
    Kind::Forget,
];

/// The counts. Those of changes are also choices that show these changes alone.
pub(super) fn tiles(plan: &Plan, parts: &[Part<'_>]) -> Markup {
    let views = || parts.iter().flat_map(|part| &part.views);
    // What several libraries share is counted in each of them, as in the first line.
    let counted = |counts: &dyn Fn(Kind) -> bool| -> usize {
        let in_part = |part: &Part<'_>| {
            let views = part.views.iter().filter(|it| counts(it.view.kind)).count();
            views * part.section.scope.libraries().len()
        };
        parts.iter().map(in_part).sum()
    };
    let count = |kind| counted(&|it| it == kind);
    let total = counted(&|_| true);
    html! {
        section.overview aria-labelledby="overview" {
            h2.unseen #overview { "Overview" }
            @if total > 0 {
                fieldset.tiles {
                    legend { "Show" }
                    (tile("all", "", "all changes", total, true))
                    @for kind in KINDS {
                        @let count = count(kind);
                        @if count > 0 { (tile(kind.as_str(), kind.symbol(), kind.as_str(), count, false)) }
                    }
                }
            }
            (others(&plan.summary()))
            @if count(Kind::Rename) > 0 {
                p.quiet { "In the first line, a rename counts as one to create and one to delete." }
            }
            @if views().any(|it| it.view.kind == Kind::Refused && it.view.change.calls()) {
                p.quiet { "In the first line, a refused change counts as what it would do." }
            }
            @if total > views().count() {
                p.quiet { "A change that is the same in several libraries is shown once, and counted in each." }
            }
        }
    }
}

fn tile(id: &str, symbol: &str, word: &str, count: usize, is_chosen: bool) -> Markup {
    html! {
        label .tile .(id) {
            input type="radio" name="show" id={ "show-" (id) } checked[is_chosen];
            span.count { (thousands(count as u64)) } " "
            span.what { @if !symbol.is_empty() { b aria-hidden="true" { (symbol) } " " } (word) }
        }
    }
}

/// The counts that are no changes.
fn others(summary: &Summary) -> Markup {
    let Summary {
        unchanged,
        unmanaged,
        drifted,
        ..
    } = *summary;
    let counts = [
        (unchanged, "unchanged"),
        (unmanaged, "unmanaged"),
        (drifted, "drifted"),
    ];
    html! {
        dl.others {
            @for (count, what) in counts { div { dt { (what) } dd { (thousands(count)) } } }
        }
    }
}

/// What is odd about the manifest and the files.
pub(super) fn warnings(warnings: &[Warning]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            section.notice.warnings aria-labelledby="warnings" {
                h2 #warnings { "Warnings: " (warnings.len()) }
                ul {
                    @for (Warning { code, message, place, help, files: _ }, is_like_before) in with_likeness(warnings) {
                        li {
                            @if let Some(place) = place { (outside::text(place)) " " }
                            (outside::prose(message)) " " span.code { (outside::text(code)) }
                            @if let Some(help) = help.as_ref().filter(|_| !is_like_before) { br; "help: " (outside::prose(help)) }
                        }
                    }
                }
            }
        }
    }
}

/// The libraries with a link each, where there are several, or the tables of them where some share something.
pub(super) fn libraries(grouped: &Grouped<'_>) -> Markup {
    html! {
        @if grouped.is_grouped() {
            nav aria-labelledby="libraries" {
                h2 #libraries { "Libraries" }
                (members::table(&grouped.changing, " with changes", &grouped.sections))
                (members::table(&grouped.unchanged, ": no changes", &grouped.sections))
            }
        } @else if grouped.sections.len() > 1 {
            nav aria-labelledby="libraries" {
                h2 #libraries { "Libraries" }
                ul {
                    @for (number, section) in (1..).zip(&grouped.sections) {
                        @for library in section.scope.libraries() {
                            li {
                                a href={ "#l" (number) } { (outside::name(&library.library.name)) }
                                ": " (words::summary_line(&library.summary()))
                                @if !library.refusals.is_empty() { " " strong { "Refused." } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The choice between unified and side by side, where there may be a diff.
pub(super) fn diff_switch(parts: &[Part<'_>]) -> Markup {
    let mut views = parts.iter().flat_map(|part| &part.views);
    let has_diff = views.any(|it| it.view.kind == Kind::Update);
    html! {
        @if has_diff {
            fieldset.switch {
                legend { "Diffs" }
                label { input type="radio" name="diff" id="diff-unified" checked; " unified" }
                label { input type="radio" name="diff" id="diff-split"; " side by side" }
            }
        }
    }
}
