//! How a content changes. The page holds every line once, in the order of a unified diff; the style sheet also lays it
//! out side by side, for which a line that both sides have stands there again, hidden from screen readers.

use maud::{Markup, html};

use super::outside;
use crate::render::Contents;
use crate::render::diff::{ContentDiff, Hunk, Line, Side, TextChange};
use crate::render::view::{ContentView, View};
use crate::render::{unified, words};

/// From this line number on, the columns of numbers are wider.
const WIDE: usize = 10_000;

/// What is shown of a content, and how many lines that takes.
pub(super) fn content(view: &View<'_>, contents: &Contents) -> (Markup, usize) {
    let say = |text: &str| (html! { ul.notes { li { (text) } } }, 1);
    match &view.content(contents) {
        ContentView::Same => (html! {}, 0),
        ContentView::OldNotAtHand => {
            let why = outside::sentence(&words::unknown_before(view.change));
            (html! { ul.notes { li { (why) } } }, 1)
        }
        ContentView::NewNotAtHand => say("the new content is not at hand"),
        // The table above has the full digests.
        ContentView::Diff(ContentDiff::Binary { old, new }) => say(&words::binary(old, new)),
        ContentView::Diff(ContentDiff::Text(change)) => text(change),
    }
}

fn text(change: &TextChange) -> (Markup, usize) {
    let lines = change.hunks.iter().map(|hunk| hunk.lines.len()).sum();
    let last = change.hunks.last();
    let last = last.map_or(0, |hunk| hunk.old.end.max(hunk.new.end));
    let markup = html! {
        @if !change.notes.is_empty() {
            ul.notes { @for note in &change.notes { li { (words::note(*note)) } } }
        }
        @if !change.hunks.is_empty() {
            div .diff .wide[last >= WIDE] {
                @for hunk in &change.hunks { (self::hunk(hunk)) }
            }
        }
    };
    (markup, lines)
}

fn hunk(hunk: &Hunk) -> Markup {
    let lines = numbered(hunk);
    let (place, heading) = unified::header_parts(hunk);
    let is_kept = |it: &Numbered<'_>| it.line.side == Side::Both;
    html! {
        p.hunk {
            (place)
            @if let Some(heading) = heading { " " (outside::shown(&heading)) }
        }
        @for block in lines.chunk_by(|a, b| is_kept(a) == is_kept(b)) {
            div.block {
                @for line in block { (self::line(line)) }
                @for Numbered { new, line, .. } in block.iter().filter(|it| is_kept(it)) {
                    div.twin aria-hidden="true" { span { (new) } (code(line)) }
                }
            }
        }
    }
}

/// A line, and its numbers before and after, counted from 1; that of a side that does not have it means nothing.
struct Numbered<'a> {
    old: usize,
    new: usize,
    line: &'a Line,
}

fn numbered(hunk: &Hunk) -> Vec<Numbered<'_>> {
    let (mut old, mut new) = (hunk.old.start, hunk.new.start);
    let lines = hunk.lines.iter().map(|line| {
        old += usize::from(line.side != Side::New);
        new += usize::from(line.side != Side::Old);
        Numbered { old, new, line }
    });
    lines.collect()
}

/// A line with its numbers before and after. Its sign comes from the style sheet, so that a copied line has none.
fn line(Numbered { old, new, line }: &Numbered<'_>) -> Markup {
    html! {
        @match line.side {
            Side::Both => div { span { (old) } span { (new) } (code(line)) },
            Side::Old => del { span { (old) } (code(line)) },
            Side::New => ins { span { (new) } (code(line)) },
        }
    }
}

/// The text of a line, and what of ours belongs to it.
fn code(line: &Line) -> Markup {
    let (before, after) = unified::left_out(line);
    html! {
        @if !before.is_empty() { em { (before) } }
        (outside::line(line))
        @if !after.is_empty() { em { (after) } }
        @if !line.ended { em { "No newline at end of file" } }
    }
}
