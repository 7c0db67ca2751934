//! One change in a terminal.

use unicode_width::UnicodeWidthStr as _;

use super::content::{INDENT, content};
use super::layout::{Page, WIDTH};
use crate::plan::{Action, Change, Refusal};
use crate::render::contents::Contents;
use crate::render::escape::{visible, word};
use crate::render::style::Role;
use crate::render::view::{AttributeView, Kind, View};
use crate::render::words;

/// Shows a change: its line, then what it does to attributes and content.
pub(super) fn change(page: &mut Page, view: &View<'_>, contents: &Contents) {
    let mut pieces = vec![(Role::Heading, title(view.change))];
    pieces.extend([(Role::Plain, view.size()), (Role::Quiet, view.hash())]);
    pieces.retain(|(_, text)| !text.is_empty());
    let why = words::why(view.change);
    let symbol = format!("{} ", view.kind.symbol());
    let start = (2, (role(view.kind), symbol.as_str()));
    let width = |text: &str| text.width() + 2;
    let whole = 4 + pieces.iter().map(|(_, text)| width(text)).sum::<usize>();
    if why.is_empty() {
        page.pack(start, INDENT, "  ", &pieces);
    } else if whole + words::joined(&why).width() <= WIDTH {
        pieces.push((Role::Plain, words::joined(&why)));
        page.pack(start, INDENT, "  ", &pieces);
    } else {
        page.pack(start, INDENT, "  ", &pieces);
        page.sentence((INDENT, (Role::Plain, "")), INDENT, Role::Plain, &why);
    }
    for refusal in &view.refusals {
        message(page, INDENT, refusal);
    }
    if let Some(drift) = view.drift {
        let mut pieces = words::drift(drift);
        pieces.extend(words::split("since the last apply"));
        page.sentence(
            (INDENT, (Role::Changed, "")),
            INDENT,
            Role::Changed,
            &pieces,
        );
    }
    for attribute in view.attributes() {
        show_attribute(page, &attribute);
    }
    content(page, view.change, contents);
}

/// What a refusal says, and what to do about it.
pub(super) fn message(page: &mut Page, indent: usize, refusal: &Refusal) {
    let (message, help) = (refusal.message(), refusal.help());
    let (message, help) = (visible(&message), visible(&help));
    let (says, asks) = (
        (indent, (Role::Refused, "")),
        (indent, (Role::Quiet, "help: ")),
    );
    let pieces = |text: &str, can_wrap| {
        if can_wrap {
            words::split(text)
        } else {
            vec![words::Piece::Ours(text.to_owned())]
        }
    };
    let message = pieces(&message, words::can_wrap_message(refusal));
    let help = pieces(&help, words::can_wrap_help(refusal));
    page.sentence(says, indent, Role::Refused, &message);
    page.sentence(asks, indent + 6, Role::Plain, &help);
}

fn role(kind: Kind) -> Role {
    match kind {
        Kind::Refused => Role::Refused,
        Kind::Delete => Role::Removed,
        Kind::Update | Kind::Rename => Role::Changed,
        Kind::Create => Role::Added,
        Kind::Adopt | Kind::Forget | Kind::Unchanged => Role::Plain,
    }
}

/// The name, and what the symbol leaves open.
fn title(change: &Change) -> String {
    let name = word(change.name.as_str());
    match (change.action, &change.renamed_from) {
        (Action::Adopt, _) => format!("adopt {name}"),
        (Action::Forget, _) => format!("forget {name}"),
        (_, Some(from)) => format!("{} → {name}", word(from.as_str())),
        (_, None) => name.into_owned(),
    }
}

/// On one line where it fits, otherwise below each other as in a diff.
fn show_attribute(page: &mut Page, attribute: &AttributeView<'_>) {
    let (old, new) = attribute.shown();
    let label = format!("{}:", attribute.attribute.as_str());
    let Some(old) = old else {
        let pieces = [
            (Role::Plain, label.as_str()),
            (Role::Plain, " "),
            (Role::Plain, &new),
        ];
        return page.line(INDENT, pieces);
    };
    if attribute.fits_one_line() && INDENT + label.width() + old.width() + new.width() + 4 <= WIDTH
    {
        return page.line(
            INDENT,
            [
                (Role::Plain, label.as_str()),
                (Role::Plain, " "),
                (Role::Removed, &old),
                (Role::Plain, " → "),
                (Role::Added, &new),
            ],
        );
    }
    page.line(INDENT, [(Role::Plain, label.as_str())]);
    page.line(INDENT + 2, [(Role::Removed, "- "), (Role::Removed, &old)]);
    page.line(INDENT + 2, [(Role::Added, "+ "), (Role::Added, &new)]);
}
