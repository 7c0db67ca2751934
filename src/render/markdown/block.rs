//! Blocks of Markdown: a change's details, with what it does to attributes and content.

use std::fmt::Write as _;

use super::inline::{longest_run, sentence};
use crate::render::contents::Contents;
use crate::render::diff::{ContentDiff, Hunk};
use crate::render::escape::word;
use crate::render::view::{ContentView, View};
use crate::render::{unified, words};

/// The lines of a change's section.
pub(super) struct Details {
    /// The section without the content.
    pub(super) head: String,
    /// Its end.
    pub(super) tail: &'static str,
}

impl Details {
    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

/// `lines` in a fence that none of them can end, highlighted as a diff.
pub(super) fn fenced(language: &str, lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines, '`').max(2) + 1);
    let end = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{lines}{end}{fence}\n")
}

/// The section of a change, all but its content. `None` where the table says everything.
pub(super) fn details(view: &View<'_>, has_content: bool) -> Option<Details> {
    let attributes = attributes(view);
    if attributes.is_empty() && !has_content {
        return None;
    }
    let mut head = format!(
        "<details><summary><code>{}</code> {} <code>{}</code></summary>\n\n",
        view.kind.symbol(),
        view.kind.as_str(),
        html(&title(view)),
    );
    if !attributes.is_empty() {
        head.push_str(&fenced("diff", &attributes));
        head.push('\n');
    }
    Some(Details {
        head,
        tail: "</details>\n\n",
    })
}

/// The name, of a rename both.
pub(super) fn title(view: &View<'_>) -> String {
    let name = word(view.change.name.as_str());
    match &view.change.renamed_from {
        Some(from) => format!("{} → {name}", word(from.as_str())),
        None => name.into_owned(),
    }
}

/// What the attributes become, in the lines of a diff.
fn attributes(view: &View<'_>) -> String {
    let mut lines = String::new();
    for attribute in view.attributes() {
        let name = attribute.attribute.as_str();
        let (old, new) = attribute.shown();
        if let Some(old) = old {
            writeln!(lines, "-{name}: {old}").ok();
        }
        writeln!(lines, "+{name}: {new}").ok();
    }
    lines
}

/// How the content of a change differs; empty where it does not.
pub(super) fn content(view: &View<'_>, contents: &Contents) -> String {
    let change = match view.content(contents) {
        ContentView::Same => return String::new(),
        ContentView::OldNotAtHand => {
            return format!("- {}\n\n", sentence(&words::unknown_before(view.change)));
        }
        ContentView::NewNotAtHand => return "- the new content is not at hand\n\n".to_owned(),
        ContentView::Diff(ContentDiff::Binary { old, new }) => {
            let hashes = format!("-sha256 {}\n+sha256 {}\n", old.sha256, new.sha256);
            let what = words::binary(&old, &new);
            return format!("- {what}\n\n{}\n", fenced("diff", &hashes));
        }
        ContentView::Diff(ContentDiff::Text(change)) => change,
    };
    let mut out = String::new();
    for note in change.notes {
        writeln!(out, "- {}", words::note(note)).ok();
    }
    if !out.is_empty() {
        out.push('\n');
    }
    if !change.hunks.is_empty() {
        let lines: String = change.hunks.iter().map(hunk).collect();
        out.push_str(&fenced("diff", &lines));
        out.push('\n');
    }
    out
}

fn hunk(hunk: &Hunk) -> String {
    let mut out = unified::header(hunk);
    out.push('\n');
    for line in &hunk.lines {
        for shown in unified::lines(line) {
            out.push_str(&shown);
            out.push('\n');
        }
    }
    out
}

/// `text`, which is [`word`]ed or of ours, within an HTML block, in which Markdown means nothing.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
