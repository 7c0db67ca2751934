//! Text from outside in a page. Each piece stands in an element with a direction of its own: right-to-left letters in
//! it reorder nothing around it, and what has the direction is isolated without any style.

use maud::{Markup, Render, html};

use crate::plan::Refusal;
use crate::render::diff::Line;
use crate::render::escape::{content_pieces, visible, visible_content, word};
use crate::render::unified;
use crate::render::words::Piece;

/// A name or another short value, quoted where it is not plainly one word.
pub(super) fn name(text: &str) -> Markup {
    html! { code dir="ltr" { (word(text)) } }
}

/// A text as it is, but visible.
pub(super) fn text(text: &str) -> Markup {
    html! { code dir="ltr" { (visible(text)) } }
}

/// A text that [`escape`](crate::render::escape) has gone over already.
pub(super) fn shown(text: &str) -> Markup {
    html! { code dir="ltr" { (text) } }
}

/// A message that quotes what it likes.
pub(super) fn prose(text: &str) -> Markup {
    html! { bdi dir="ltr" { (visible(text)) } }
}

/// The text of a line of content, its changed words marked.
pub(super) fn line(line: &Line) -> Markup {
    html! { code dir="ltr" { (Marked(line)) } }
}

/// A sentence with values from outside in it.
pub(super) fn sentence(pieces: &[Piece]) -> Markup {
    html! {
        @for (nth, piece) in pieces.iter().enumerate() {
            @if nth > 0 { " " }
            @match piece {
                Piece::Ours(text) => (text),
                Piece::Theirs(text, after) => { (shown(text)) (after) }
            }
        }
    }
}

/// What a refusal says.
pub(super) fn message(refusal: &Refusal) -> Markup {
    quotations(&refusal.message(), refusal)
}

/// What to do about a refusal.
pub(super) fn help(refusal: &Refusal) -> Markup {
    quotations(&refusal.help(), refusal)
}

/// `text` with the names of `refusal`, which stand in it between backticks, as code; our own quotations too.
/// The names are looked for in the order in which they stand, so that none of them can end a quotation early.
fn quotations(text: &str, refusal: &Refusal) -> Markup {
    let mut rest = text;
    let mut parts = Vec::new();
    for quoted in refusal.quoted() {
        if let Some((before, after)) = rest.split_once(&format!("`{quoted}`")) {
            parts.push((before, quoted));
            rest = after;
        }
    }
    html! {
        @for (before, quoted) in parts { (ours(before)) (name(quoted)) }
        (ours(rest))
    }
}

/// Words of ours, with quotations between backticks.
fn ours(text: &str) -> Markup {
    html! {
        @for (nth, part) in text.split('`').enumerate() {
            @if nth % 2 == 0 { (visible(part)) } @else { (self::text(part)) }
        }
    }
}

/// The text of a line with its changed words in `mark`.
struct Marked<'a>(&'a Line);

impl Render for Marked<'_> {
    fn render_to(&self, out: &mut String) {
        let line = self.0;
        if line.marks.is_empty() {
            return visible_content(&line.text).render_to(out);
        }
        let mut run = String::new();
        let mut is_marked = false;
        let mut end = |run: &mut String, is_marked: bool| {
            if is_marked && !run.is_empty() {
                html! { mark { (run) } }.render_to(out);
            } else {
                run.render_to(out);
            }
            run.clear();
        };
        for (at, piece) in content_pieces(&line.text, false) {
            if unified::is_marked(line, at) != is_marked {
                end(&mut run, is_marked);
                is_marked = !is_marked;
            }
            piece.push_to(&mut run);
        }
        end(&mut run, is_marked);
    }
}
