//! The changes of a plan alone, for what is no plan to be applied.

use super::{Page, TextOptions, change};
use crate::plan::Plan;
use crate::render::contents::Contents;
use crate::render::group;
use crate::render::style::Role;

/// The changes of `plan` as its text shows them, without what is said about applying it. Ends with how many of
/// each there are.
pub(crate) fn changes_text(plan: &Plan, contents: &Contents, options: TextOptions) -> String {
    let mut page = Page::new(options.color);
    let grouped = group::group(plan);
    for section in &grouped.sections {
        for view in &section.views {
            change::change(&mut page, view, contents);
        }
    }
    let summary = plan.summary();
    let counts = [
        (summary.create, "added"),
        (summary.update, "changed"),
        (summary.delete, "removed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    page.gap();
    let line = if counts.is_empty() {
        "No difference.".to_owned()
    } else {
        format!("{}.", counts.join(", "))
    };
    page.line(0, [(Role::Heading, line.as_str())]);
    page.text
}
