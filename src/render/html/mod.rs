//! A plan as a page of HTML, which needs nothing but itself: no script, no font, no network.
//!
//! What comes from outside is made visible, escaped by maud, and isolated by its element from the direction of our
//! own words: [`outside`] is the only way in. It is never an attribute's value. The page's policy
//! forbids every load and every style but the one that the page carries.

mod change;
mod diff;
mod facts;
mod library;
mod members;
mod outside;
mod overview;
mod style;
mod table;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::escape::word;
use super::group::group;
use super::{Review, words};
use crate::plan::Plan;

/// The plan as a page of HTML; the same bytes for the same review.
pub(crate) fn html(review: &Review<'_>) -> String {
    let grouped = group(review.plan);
    let parts = library::parts(&grouped.sections);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(style::policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title(review.plan)) " – jumpbag" }
                style { (PreEscaped(style::SHEET)) }
            }
            body {
                a.skip href="#changes" { "Skip to the changes" }
                header { (head(review)) }
                main {
                    (overview::tiles(review.plan, &parts))
                    (overview::warnings(&review.plan.warnings))
                    (overview::libraries(&grouped))
                    div.parts #changes .many[library::are_many(&parts)] tabindex="-1" {
                        (overview::diff_switch(&parts))
                        @for part in &parts { (library::section(part, review.contents)) }
                    }
                }
                footer { (foot(review)) }
            }
        }
    };
    page.into_string()
}

/// The verdict as plain text.
fn title(plan: &Plan) -> String {
    let place = match plan.libraries.as_slice() {
        [] => String::new(),
        [one] => format!(" in {}", word(&one.library.name)),
        several => format!(" in {} libraries", several.len()),
    };
    let refused = if plan.is_refused() { "Refused: " } else { "" };
    format!("{refused}{}{place}", words::verdict(plan))
}

/// What a reader has to know first.
fn head(review: &Review<'_>) -> Markup {
    let plan = review.plan;
    html! {
        p.brand { "jumpbag plan" }
        h1 {
            (words::verdict(plan))
            @match plan.libraries.as_slice() {
                [] => {}
                [one] => { " in " (outside::name(&one.library.name)) }
                several => { " in " (several.len()) " libraries" }
            }
        }
        @if plan.is_refused() {
            p.banner { strong { "Refused: this plan must not be applied." } }
        }
        p.fingerprint { "Fingerprint " (outside::text(review.fingerprint)) }
    }
}

/// What it takes to apply the plan, and the command that does.
fn foot(review: &Review<'_>) -> Markup {
    let plan = review.plan;
    html! {
        h2 { "Apply" }
        p.summary { (words::summary_line(&plan.summary())) }
        p { (words::total_calls(plan)) }
        p.fingerprint { "Fingerprint: " (outside::text(review.fingerprint)) }
        @if !review.command.is_empty() {
            p { "Apply exactly this:" }
            pre.command { (outside::text(review.command)) }
        } @else if plan.is_refused() {
            p { strong { "Refused: this plan must not be applied." } }
        } @else {
            p { "There is nothing to apply." }
        }
    }
}
