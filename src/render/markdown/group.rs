//! What several libraries share, and all of them, in Markdown.
//!
//! A section of several libraries has a number, by which its details and the table of libraries name it: there may
//! be others of as many libraries.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::parts::{heading, short};
use crate::model::LibraryId;
use crate::plan::LibraryPlan;
use crate::render::group::{Grouped, Member, Scope, Section};
use crate::render::size::duration;
use crate::render::words;

/// Stands for libraries whose names do not fit.
const NO_NAME: &str = "more libraries do not fit here";

/// Which libraries a section is about, with its `number`.
pub(super) fn section_heading(section: &Section<'_>, number: usize) -> String {
    match &section.scope {
        Scope::Whole(library) => heading(library),
        Scope::Own { library, elsewhere } => {
            let mut out = heading(library);
            if let Some(line) = words::elsewhere(*elsewhere) {
                writeln!(out, "{line}\n").ok();
            }
            out
        }
        Scope::Shared(libraries) => {
            let names: Vec<_> = libraries.iter().copied().map(name).collect();
            let what = words::shared(libraries.len(), section.views.len());
            format!("**{what}** (group {number})\n\n{}\n\n", names.join(", "))
        }
    }
}

fn name(library: &LibraryPlan) -> String {
    short(&library.library.name)
}

/// Above the details of a section's changes.
pub(super) fn details_heading(section: &Section<'_>, number: usize) -> String {
    match &section.scope {
        Scope::Whole(library) | Scope::Own { library, .. } => {
            format!("Details of {}\n\n", name(library))
        }
        Scope::Shared(libraries) => {
            let what = words::shared(libraries.len(), section.views.len());
            format!("Details of group {number}, {what}\n\n")
        }
    }
}

/// Where each library is, and what happens to it in all; empty where each has its own section.
pub(super) fn tables(grouped: &Grouped<'_>) -> String {
    let shared = grouped.shared();
    let mut out = String::new();
    for (members, what) in parts(grouped) {
        if members.is_empty() {
            continue;
        }
        let libraries = words::libraries(members.len());
        let columns = "| Library | Tenant | Endpoint | State | Plan | Calls | Groups |";
        write!(out, "**{libraries}{what}**\n\n{columns}\n").ok();
        out.push_str("|---|---|---|---|---|---|---|\n");
        out.extend(members.iter().map(|member| row(member, shared)));
        out.push('\n');
    }
    out
}

fn parts<'g, 'a>(grouped: &'g Grouped<'a>) -> [(&'g [Member<'a>], &'static str); 2] {
    [
        (&grouped.changing, " with changes"),
        (&grouped.unchanged, ": no changes"),
    ]
}

fn row(member: &Member<'_>, shared: usize) -> String {
    let library = member.library;
    let LibraryId {
        name,
        endpoint,
        tenant_id,
    } = &library.library;
    let tenant = tenant_id.as_deref().map(short).unwrap_or_default();
    let calls = match library.calls {
        0 => "0".to_owned(),
        calls => format!("{calls}, {}", duration(library.seconds)),
    };
    format!(
        "| {} | {tenant} | {} | {} | {} | {calls} | {} |\n",
        short(name),
        short(endpoint),
        words::state(library),
        words::counts(library),
        groups(member, shared)
    )
}

/// The numbers of the groups that a library is in: `1–3, 7`.
fn groups(member: &Member<'_>, shared: usize) -> String {
    let mut ranges: Vec<RangeInclusive<usize>> = Vec::new();
    for number in member.sections.iter().filter(|number| **number <= shared) {
        match ranges.last_mut() {
            Some(range) if range.end() + 1 == *number => *range = *range.start()..=*number,
            _ => ranges.push(*number..=*number),
        }
    }
    let shown = |range: &RangeInclusive<usize>| match range.end() - range.start() {
        0 => range.start().to_string(),
        1 => format!("{}, {}", range.start(), range.end()),
        _ => format!("{}–{}", range.start(), range.end()),
    };
    ranges.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// As [`tables`], in at most `room` bytes: where the tables do not fit the names alone, and where these do not fit, as
/// many as do.
pub(super) fn names(grouped: &Grouped<'_>, room: usize) -> String {
    let tables = tables(grouped);
    if tables.len() <= room {
        return tables;
    }
    let shared = grouped.shared();
    let mut out = String::new();
    let mut left_out = 0;
    for (members, what) in parts(grouped) {
        if members.is_empty() {
            continue;
        }
        let heading = format!("**{}{what}**\n\n", words::libraries(members.len()));
        // There is room for the last line, whatever its count.
        let end = 2 * heading.len() + NO_NAME.len() + 40;
        out.push_str(&heading);
        for member in members {
            let groups = match groups(member, shared) {
                groups if groups.is_empty() => String::new(),
                groups => format!(", groups {groups}"),
            };
            let line = format!("- {}{groups}\n", name(member.library));
            if left_out == 0 && out.len() + line.len() + end <= room {
                out.push_str(&line);
            } else {
                left_out += 1;
            }
        }
        out.push('\n');
    }
    if left_out > 0 {
        writeln!(
            out,
            "**{left_out} {NO_NAME}.** `jumpbag plan` shows them.\n"
        )
        .ok();
    }
    out
}
