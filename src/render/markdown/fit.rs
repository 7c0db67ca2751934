//! What of a plan fits a comment, and what is left out, always with a line that says so.

use std::fmt::Write as _;

use super::inline::bare;
use super::{block, group, parts};
use crate::render::contents::{Contents, changed_content};
use crate::render::escape::word;
use crate::render::group::{Grouped, Scope, Section, group};
use crate::render::view::{Kind, View};
use crate::render::{Review, words};

/// Stands for a diff that does not fit.
const NO_DIFF: &str = "The diff of this file is left out: the comment is full.\n\n";
/// Room for the last line of a plan whose names do not all fit.
const RESERVE: usize = 120;

/// Everything between the head and the foot, in at most `room` bytes: whole if that fits; otherwise without
/// diffs, last to first; then without details, last to first; then without the names of unmanaged files; then as a list
/// of names; and where even these do not fit, of as many of them as do, deletes first.
pub(super) fn body(review: &Review<'_>, room: usize) -> String {
    let grouped = group(review.plan);
    let warnings = parts::warnings(&review.plan.warnings);
    let tables = group::tables(&grouped);
    let Some((parts, left)) = parts_within(&grouped, room, warnings.len() + tables.len()) else {
        return names(&grouped, room);
    };
    let mut filling = Filling::of(&parts, left);
    let mut out: String = parts.iter().map(|part| part.before.as_str()).collect();
    out.push_str(&tables);
    out.push_str(&warnings);
    let several = parts.len() > 1;
    for part in &parts {
        if several {
            out.push_str(&part.heading);
        }
        for view in &part.section.views {
            filling.push(view, review.contents, &mut out);
        }
        out.push_str(&part.after);
    }
    out
}

/// The sections without any details, and the room that they leave beside what is `used`; `None` where they do not fit.
fn parts_within<'a>(
    grouped: &'a Grouped<'a>,
    room: usize,
    used: usize,
) -> Option<(Vec<Part<'a>>, usize)> {
    let room = room.checked_sub(used)?;
    let sections = (1..).zip(&grouped.sections);
    let parts = sections.map(|(number, section)| Part::of(section, number));
    let mut parts: Vec<_> = parts.collect();
    let len = |parts: &[Part<'_>]| parts.iter().map(Part::len).sum::<usize>();
    if len(&parts) > room {
        parts.iter_mut().for_each(Part::count_unmanaged);
    }
    let left = room.checked_sub(len(&parts))?;
    Some((parts, left))
}

/// A section of a plan.
struct Part<'a> {
    section: &'a Section<'a>,
    /// Up to the table, and the drift.
    before: String,
    /// Above the details, where there are several sections.
    heading: String,
    after: String,
}

impl<'a> Part<'a> {
    fn of(section: &'a Section<'a>, number: usize) -> Self {
        let views = &section.views;
        let mut before = group::section_heading(section, number);
        before.push_str(&parts::notes(&section.notes));
        before.push_str(&parts::refusals(&section.refusals));
        if !views.is_empty() {
            before.push_str(parts::TABLE);
            before.extend(views.iter().map(parts::row));
            before.push('\n');
        }
        before.push_str(&parts::drift(&section.drift));
        let after = parts::rest(section);
        let has_details = !after.is_empty() || views.iter().any(|view| details(view).is_some());
        let heading = if has_details {
            group::details_heading(section, number)
        } else {
            String::new()
        };
        Self {
            section,
            before,
            heading,
            after,
        }
    }

    fn len(&self) -> usize {
        self.before.len() + self.heading.len() + self.after.len()
    }

    /// Leaves the names of unmanaged files out: the summary counts them, and nothing happens to them.
    fn count_unmanaged(&mut self) {
        let counted = parts::counted_rest(self.section);
        if counted.len() < self.after.len() {
            self.after = counted;
        }
    }
}

/// How the room that is left is filled with details.
struct Filling {
    room: usize,
    /// Whether all details are there, so that diffs may be; otherwise there are none.
    all: bool,
    /// How many details are left out.
    left_out: usize,
    /// How many are still to come.
    to_come: usize,
}

impl Filling {
    fn of(parts: &[Part<'_>], room: usize) -> Self {
        let views = parts.iter().flat_map(|part| &part.section.views);
        let details = views.filter_map(|view| Some((details(view)?, has_content(view))));
        let (mut count, mut all) = (0, 0);
        for (details, has_content) in details {
            count += 1;
            all += details.len() + if has_content { NO_DIFF.len() } else { 0 };
        }
        let fits = all <= room;
        Self {
            room: if fits {
                room - all
            } else {
                room.saturating_sub(RESERVE)
            },
            all: fits,
            left_out: 0,
            to_come: count,
        }
    }

    fn push(&mut self, view: &View<'_>, contents: &Contents, out: &mut String) {
        let Some(details) = details(view) else { return };
        self.to_come -= 1;
        if self.all {
            out.push_str(&details.head);
            if has_content(view) {
                out.push_str(&self.content(view, contents));
            }
            out.push_str(details.tail);
            return;
        }
        // The first that does not fit is the last that is tried.
        if self.left_out == 0 && details.len() + NO_DIFF.len() <= self.room {
            self.room -= details.len() + NO_DIFF.len();
            out.push_str(&details.head);
            if has_content(view) {
                out.push_str(NO_DIFF);
            }
            out.push_str(details.tail);
            return;
        }
        self.left_out += 1;
        if self.to_come == 0 {
            let count = self.left_out;
            writeln!(
                out,
                "The details of {count} more changes are left out: the comment is full.\n"
            )
            .ok();
        }
    }

    /// The diff, if it and all before it fit.
    fn content(&mut self, view: &View<'_>, contents: &Contents) -> String {
        if self.left_out == 0 {
            let diff = block::content(view, contents);
            let more = diff.len().saturating_sub(NO_DIFF.len());
            if more <= self.room {
                self.room -= more;
                return diff;
            }
            self.left_out = 1;
        }
        NO_DIFF.to_owned()
    }
}

fn details(view: &View<'_>) -> Option<block::Details> {
    block::details(view, has_content(view))
}

fn has_content(view: &View<'_>) -> bool {
    changed_content(view.change).is_some()
}

/// The names alone, those that are refused or deleted first.
fn names(grouped: &Grouped<'_>, room: usize) -> String {
    let mut out =
        "The table of changes does not fit into a comment; these are the names.\n\n".to_owned();
    // What happens comes before where: half of the room is kept for the files.
    out.push_str(&group::names(grouped, room / 2));
    let mut left_out = 0;
    let is_worst = |view: &&View<'_>| matches!(view.kind, Kind::Refused | Kind::Delete);
    for worst in [true, false] {
        for (number, section) in (1..).zip(&grouped.sections) {
            let views = section.views.iter();
            let lines: Vec<_> = views
                .filter(|view| is_worst(view) == worst)
                .map(name)
                .collect();
            if lines.is_empty() {
                continue;
            }
            let heading = format!("{}\n\n```diff\n", place(section, number));
            let end = "```\n\n";
            let mut used = out.len() + heading.len() + end.len() + RESERVE;
            let fitting = lines.iter().take_while(|line| {
                used += line.len();
                used <= room
            });
            let fitting = fitting.count();
            left_out += lines.len() - fitting;
            if fitting > 0 {
                out.push_str(&heading);
                out.extend(lines.into_iter().take(fitting));
                out.push_str(end);
            }
        }
    }
    if left_out > 0 {
        writeln!(
            out,
            "**{left_out} more names do not fit here.** `jumpbag plan` shows them.\n"
        )
        .ok();
    }
    out
}

/// Which libraries a list of names is about.
fn place(section: &Section<'_>, number: usize) -> String {
    match &section.scope {
        Scope::Whole(library) | Scope::Own { library, .. } => {
            format!("Library `{}`", bare(&word(&library.library.name)))
        }
        Scope::Shared(libraries) => {
            let libraries = words::libraries(libraries.len());
            format!("Group {number}, {libraries}")
        }
    }
}

fn name(view: &View<'_>) -> String {
    format!("{} {}\n", view.kind.symbol(), bare(&block::title(view)))
}
