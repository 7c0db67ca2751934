//! Colour. It only repeats what symbols and words say already.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects};

/// What a piece of output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading.
    Heading,
    /// Something that comes.
    Added,
    /// Something that goes.
    Removed,
    /// Something that becomes another.
    Changed,
    /// The words of an added line that are new.
    AddedWord,
    /// The words of a removed line that are gone.
    RemovedWord,
    /// Something that must not happen.
    Refused,
    /// What stands around the rest: gutters, hunk headers, notes.
    Quiet,
    /// The rest.
    Plain,
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Styles {
    pub(super) color: bool,
}

impl Styles {
    /// Appends `text` in the style of `role`.
    pub(super) fn paint(self, out: &mut String, role: Role, text: &str) {
        let style = style(role);
        if !self.color || text.is_empty() || style == anstyle::Style::new() {
            out.push_str(text);
            return;
        }
        // A `String` takes every write.
        write!(out, "{}{text}{}", style.render(), style.render_reset()).unwrap_or_default();
    }
}

fn style(role: Role) -> anstyle::Style {
    let color = |color: AnsiColor| anstyle::Style::new().fg_color(Some(color.into()));
    match role {
        Role::Heading => anstyle::Style::new().effects(Effects::BOLD),
        Role::Added => color(AnsiColor::Green),
        Role::Removed => color(AnsiColor::Red),
        Role::Changed => color(AnsiColor::Yellow),
        Role::AddedWord => color(AnsiColor::Green).effects(Effects::BOLD | Effects::UNDERLINE),
        Role::RemovedWord => color(AnsiColor::Red).effects(Effects::BOLD | Effects::UNDERLINE),
        Role::Refused => color(AnsiColor::Red).effects(Effects::BOLD),
        Role::Quiet => anstyle::Style::new().effects(Effects::DIMMED),
        Role::Plain => anstyle::Style::new(),
    }
}
