//! One change in a terminal.

use unicode_width::UnicodeWidthStr as _;

use super::content::{INDENT, content};
use super::layout::{Page, WIDTH};
use crate::model::{Attribute, File};
use crate::plan::{Action, Change, LibraryPlan, Reason, Refusal};
use crate::render::contents::Contents;
use crate::render::escape::{quoted, visible, word};
use crate::render::fold::{common_start, fold};
use crate::render::size::{size, sizes, thousands};
use crate::render::style::Role;
use crate::render::words;

/// Whether a change has a line of its own: files for which nothing is done have none, and a delete that
/// is half of a rename is shown with the other half.
pub(super) fn is_shown(library: &LibraryPlan, change: &Change) -> bool {
    if library.refuses(&change.name) {
        return true;
    }
    let is_half = change.action == Action::Delete
        && change.reasons.iter().any(|reason| {
            matches!(reason, Reason::RenamedTo(name) if library.changes.iter().any(|other| {
                other.action == Action::Create
                    && other.name == *name
                    && other.renamed_from.as_ref() == Some(&change.name)
            }))
        });
    change.action != Action::None && !is_half
}

/// Shows a change: its line, then what it does to attributes and content.
pub(super) fn change(page: &mut Page, library: &LibraryPlan, change: &Change, contents: &Contents) {
    let refusals: Vec<&Refusal> = library
        .refusals
        .iter()
        .filter(|refusal| refusal.name() == Some(&change.name))
        .collect();
    let source = change.renamed_from.as_ref().and_then(|from| {
        library
            .changes
            .iter()
            .find(|other| other.action == Action::Delete && other.name == *from)
    });
    let (symbol, role) = if refusals.is_empty() {
        symbol(change)
    } else {
        ("!", Role::Refused)
    };
    let before = change
        .before
        .as_ref()
        .or(source.and_then(|source| source.before.as_ref()));
    let (size, hash) = identity(before, change.after.as_ref());
    let mut pieces = vec![(Role::Heading, title(change))];
    pieces.extend([(Role::Plain, size), (Role::Quiet, hash)]);
    pieces.retain(|(_, text)| !text.is_empty());
    let why = words::why(change);
    let symbol = format!("{symbol} ");
    let start = (2, (role, symbol.as_str()));
    let width = |text: &str| text.width() + 2;
    let whole = 4 + pieces.iter().map(|(_, text)| width(text)).sum::<usize>();
    if whole + why.join(" ").width() <= WIDTH {
        pieces.push((Role::Plain, why.join(" ")));
        page.pack(start, INDENT, "  ", &pieces);
    } else {
        page.pack(start, INDENT, "  ", &pieces);
        page.sentence((INDENT, (Role::Plain, "")), INDENT, Role::Plain, why);
    }
    for refusal in refusals {
        message(page, INDENT, refusal);
    }
    if change.action == Action::Delete || source.is_some() {
        let drifted = source.map_or(change.drifted.as_ref(), |source| source.drifted.as_ref());
        if let Some(drift) = drifted {
            let mut pieces = words::drift(drift);
            pieces.extend(words::split("since the last apply"));
            page.sentence((INDENT, (Role::Changed, "")), INDENT, Role::Changed, pieces);
        }
    }
    attributes(page, before, change.after.as_ref());
    content(page, change, contents);
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
            vec![text.to_owned()]
        }
    };
    let message = pieces(&message, words::can_wrap_message(refusal));
    let help = pieces(&help, words::can_wrap_help(refusal));
    page.sentence(says, indent, Role::Refused, message);
    page.sentence(asks, indent + 6, Role::Plain, help);
}

fn symbol(change: &Change) -> (&'static str, Role) {
    match change.action {
        Action::Create if change.renamed_from.is_some() => ("→", Role::Changed),
        Action::Create => ("+", Role::Added),
        Action::Update => ("~", Role::Changed),
        Action::Delete => ("-", Role::Removed),
        Action::Adopt | Action::Forget | Action::None => ("=", Role::Plain),
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

/// Size and short digest, before and after.
fn identity(before: Option<&File>, after: Option<&File>) -> (String, String) {
    match (before, after) {
        (Some(before), Some(after)) if before.sha256 != after.sha256 => (
            match (before.size, after.size) {
                (Some(old), Some(new)) => sizes(old, new),
                (None, Some(new)) => format!("? → {}", size(new)),
                (Some(old), None) => format!("{} → ?", size(old)),
                (None, None) => String::new(),
            },
            format!("{} → {}", before.sha256.short(), after.sha256.short()),
        ),
        (before, Some(file)) | (before @ Some(file), None) => (
            file.size
                .or(before.and_then(|before| before.size))
                .map(size)
                .unwrap_or_default(),
            file.sha256.short(),
        ),
        (None, None) => (String::new(), String::new()),
    }
}

/// The attributes but the content: of a new file those that it has, of a changed one those that differ.
fn attributes(page: &mut Page, before: Option<&File>, after: Option<&File>) {
    let Some(after) = after else { return };
    for attribute in Attribute::ALL {
        if attribute == Attribute::Content {
            continue;
        }
        let new = Value::of(after, attribute);
        match before.map(|before| Value::of(before, attribute)) {
            Some(old) if old != new => differing(page, attribute, old, new),
            Some(_) => {}
            None if matches!(new, Value::Flag(false) | Value::Text(None)) => {}
            None => {
                let shown = new.shown(0);
                let label = format!("{}: ", attribute.as_str());
                page.line(
                    INDENT,
                    [(Role::Plain, label.as_str()), (Role::Plain, &shown)],
                );
            }
        }
    }
}

/// On one line where they fit, otherwise below each other as in a diff.
fn differing(page: &mut Page, attribute: Attribute, old: Value<'_>, new: Value<'_>) {
    let focus = match (old, new) {
        (Value::Text(Some(old)), Value::Text(Some(new))) => common_start(old, new),
        _ => 0,
    };
    let (old, new) = (old.shown(focus), new.shown(focus));
    let label = format!("{}:", attribute.as_str());
    if INDENT + label.width() + old.width() + new.width() + 4 <= WIDTH {
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

/// The value of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Flag(bool),
    Text(Option<&'a str>),
}

impl<'a> Value<'a> {
    fn of(file: &'a File, attribute: Attribute) -> Self {
        match attribute {
            Attribute::HasParameters => Self::Flag(file.has_parameters),
            Attribute::Description => Self::Text(file.description.as_deref()),
            Attribute::ParametersDescription => Self::Text(file.parameters_description.as_deref()),
            Attribute::Content => Self::Text(None),
        }
    }

    /// Quoted where it is a text, and folded so that the byte `focus` is in it.
    fn shown(self, focus: usize) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Text(None) => "none".to_owned(),
            Self::Text(Some(text)) => {
                let folded = fold(text, focus.min(text.len().saturating_sub(1)));
                let shown = quoted(text.get(folded.shown).unwrap_or_default());
                let start = match folded.before {
                    0 => String::new(),
                    before => format!("({} more characters) … ", thousands(before as u64)),
                };
                let end = match folded.after {
                    0 => String::new(),
                    after => format!(" … ({} more characters)", thousands(after as u64)),
                };
                format!("{start}{shown}{end}")
            }
        }
    }
}
