//! From nodes to values; what is wrong is collected, and never stops anything.

use std::collections::BTreeMap;

use super::codes;
use super::node::{Node, Value};
use super::origin::Role;
use super::similar::similar;
use crate::diagnostics::{Problem, Span, Text};

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located<T> {
    /// What it is.
    pub(crate) value: T,
    /// Where it is.
    pub(crate) span: Span,
}

/// What a key of a map was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    /// The key is not there.
    Absent,
    /// The key is there, and its value is null.
    Null,
    /// This value.
    Value(T),
}

impl<T> Given<T> {
    /// The value, if there is one.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// `self` where the key is there, even with null, else `default`.
    pub(super) fn or(self, default: &Self) -> Self
    where
        T: Clone,
    {
        match self {
            Self::Absent => default.clone(),
            Self::Null | Self::Value(_) => self,
        }
    }

    /// What `decode` makes of the value; where it refuses it, the key counts as absent.
    pub(super) fn decode<U>(self, decode: impl FnOnce(T) -> Option<U>) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => decode(value).map_or(Given::Absent, Given::Value),
        }
    }
}

/// The values of a map whose keys are known.
pub(super) struct Fields<'n> {
    values: BTreeMap<&'n str, &'n Node>,
    /// Where the map is.
    pub(super) span: Span,
}

impl<'n> Fields<'n> {
    /// No values, of a map at `span`.
    pub(super) fn none(span: Span) -> Self {
        Self {
            values: BTreeMap::new(),
            span,
        }
    }

    /// With what `defaults` gives to the keys that are absent.
    pub(super) fn or(mut self, defaults: &Self) -> Self {
        for (key, node) in &defaults.values {
            self.values.entry(key).or_insert(node);
        }
        self
    }

    /// Where the value of `key` is, even null.
    pub(super) fn place(&self, key: &str) -> Option<Span> {
        self.values.get(key).map(|node| node.span)
    }

    /// What `key` was given.
    pub(super) fn given(&self, key: &str) -> Given<&'n Node> {
        match self.values.get(key) {
            None => Given::Absent,
            Some(node) if node.value == Value::Null => Given::Null,
            Some(node) => Given::Value(node),
        }
    }

    /// The value of `key`, unless it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.given(key).value()
    }
}

/// Decodes the nodes of one file.
pub(super) struct Decoder<'t> {
    text: &'t Text,
    role: Role,
    problems: Vec<Problem>,
}

impl<'t> Decoder<'t> {
    /// A decoder of nodes whose places are in `text`, which is a file of the `role`.
    pub(super) fn new(text: &'t Text, role: Role) -> Self {
        Self {
            text,
            role,
            problems: Vec::new(),
        }
    }

    /// What the file is that it decodes.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// All problems so far.
    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }

    /// Adds a problem.
    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The pairs of the map `node`, which is the value of `what`, without those whose key is there
    /// already or is no text.
    pub(super) fn pairs<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
    ) -> Option<Vec<(Located<&'n str>, &'n Node)>> {
        let Value::Map(map) = &node.value else {
            self.wrong_type(node, what, "a map of keys and values");
            return None;
        };
        let mut first_places: BTreeMap<&str, Span> = BTreeMap::new();
        let mut pairs = Vec::new();
        for (key, value) in map {
            let Value::Text(name) = &key.value else {
                self.wrong_type(key, "a key", "text");
                continue;
            };
            if name == "<<" {
                self.report(
                    Problem::error(&codes::MERGE_KEY, "`<<` does not merge maps")
                        .at(key.span, "an ordinary key in YAML 1.2")
                        .help("put what the entries share under `defaults:`"),
                );
                continue;
            }
            if let Some(first) = first_places.get(name.as_str()) {
                self.report(
                    Problem::error(&codes::DUPLICATE_KEY, format!("`{name}` is there twice"))
                        .at(key.span, "again here")
                        .at(*first, "first here")
                        .help("take one of the two away"),
                );
                continue;
            }
            first_places.insert(name, key.span);
            let name = Located {
                value: name.as_str(),
                span: key.span,
            };
            pairs.push((name, value));
        }
        Some(pairs)
    }

    /// The values of the map `node`, which is the value of `what` and has no keys but the `known`.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        self.fields_but(node, what, known, &[])
    }

    /// As [`Self::fields`]; for each key that belongs `elsewhere`, that says what to do.
    pub(super) fn fields_but<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
        elsewhere: &[(&str, &str)],
    ) -> Option<Fields<'n>> {
        let mut values = BTreeMap::new();
        for (key, value) in self.pairs(node, what)? {
            if let Some((_, help)) = elsewhere.iter().find(|(name, _)| *name == key.value) {
                let message = format!("`{}` does not belong into {what}", key.value);
                self.report(
                    Problem::error(&codes::MISPLACED_KEY, message)
                        .at(key.span, "not here")
                        .help(*help),
                );
                continue;
            }
            if !known.contains(&key.value) {
                self.unknown_key(&key, what, known);
                continue;
            }
            values.insert(key.value, value);
        }
        Some(Fields {
            values,
            span: node.span,
        })
    }

    fn unknown_key(&mut self, key: &Located<&str>, what: &str, known: &[&str]) {
        let help = match similar(key.value, known.iter().copied()) {
            Some(meant) => format!("write `{meant}`, if that is meant"),
            None => format!("take it away, or use one of {}", listed(known)),
        };
        let message = format!("`{}` is not a key of {what}", key.value);
        self.report(
            Problem::error(&codes::UNKNOWN_KEY, message)
                .at(key.span, "unknown here")
                .help(help),
        );
    }

    /// The elements of the list `node`.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if let Value::List(list) = &node.value {
            return Some(list);
        }
        self.wrong_type(node, what, "a list");
        None
    }

    /// The text `node`, which may hold any character.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Located<String>> {
        if let Value::Text(text) = &node.value {
            return Some(Located {
                value: text.clone(),
                span: self.trimmed(node.span),
            });
        }
        self.wrong_type(node, what, "text");
        None
    }

    /// The text `node`, which is not empty and holds no control character.
    pub(super) fn plain_text(&mut self, node: &Node, what: &str) -> Option<Located<String>> {
        let text = self.text(node, what)?;
        if text.value.is_empty() {
            self.report(
                Problem::error(&codes::EMPTY_TEXT, format!("{what} is empty"))
                    .at(text.span, "nothing here")
                    .help("write a value, or take the key away"),
            );
            return None;
        }
        let control = text.value.chars().find(|c| c.is_control());
        self.without_control(text, what, control)
    }

    /// The text `node`, which may have several lines and tabs, but no other control characters.
    pub(super) fn prose(&mut self, node: &Node, what: &str) -> Option<Located<String>> {
        let text = self.text(node, what)?;
        let control = text
            .value
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        self.without_control(text, what, control)
    }

    fn without_control(
        &mut self,
        text: Located<String>,
        what: &str,
        control: Option<char>,
    ) -> Option<Located<String>> {
        let Some(control) = control else {
            return Some(text);
        };
        let message = format!(
            "{what} holds the control character {}",
            control.escape_unicode()
        );
        self.report(
            Problem::error(&codes::CONTROL_CHARACTER, message)
                .at(text.span, "in this text")
                .help("take the character away"),
        );
        None
    }

    /// Whether `node` is `true`.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        self.wrong_type(node, what, "`true` or `false`");
        None
    }

    /// The whole number `node`, which is from `least` to `most`.
    pub(super) fn whole(&mut self, node: &Node, what: &str, least: u64, most: u64) -> Option<u64> {
        match node.value {
            Value::Whole(number) if (least..=most).contains(&number) => Some(number),
            Value::Whole(_) | Value::Number => {
                let message = format!("{what} is not a whole number from {least} to {most}");
                self.report(
                    Problem::error(&codes::BAD_NUMBER, message)
                        .at(node.span, "this number")
                        .help("write a number in that range"),
                );
                None
            }
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                self.wrong_type(node, what, "a whole number");
                None
            }
        }
    }

    /// What the word `node` means, by the table `words`.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if let Some((_, meaning)) = found {
            return Some(*meaning);
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = match similar(&text.value, words.iter().copied()) {
            Some(meant) => format!("write `{meant}`, if that is meant"),
            None => format!("use one of {}", listed(&words)),
        };
        let message = format!("{what} cannot be `{}`", text.value);
        self.report(
            Problem::error(&codes::UNKNOWN_WORD, message)
                .at(text.span, "unknown word")
                .help(help),
        );
        None
    }

    /// Reports that `node`, the value of `what`, is not what is `expected`.
    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let found = match &node.value {
            Value::Null => "nothing",
            Value::Bool(_) => "`true` or `false`",
            Value::Whole(_) | Value::Number => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        };
        let span = self.trimmed(node.span);
        let written = self.text.get(span);
        let help = match (&node.value, expected) {
            (Value::Bool(_) | Value::Whole(_) | Value::Number, "text")
                if !written.starts_with('*') =>
            {
                format!("put it in quotes: `\"{written}\"`")
            }
            (Value::Text(_), "a list") if !written.contains(['\n', '"', '\'', '*']) => {
                format!("put it in brackets: `[{written}]`")
            }
            (Value::Text(text), "`true` or `false`") => {
                let text = text.to_lowercase();
                let meant = matches!(text.as_str(), "yes" | "y" | "on" | "true" | "1");
                format!("write `{meant}`, without quotes, if that is meant")
            }
            _ => format!("write {expected}"),
        };
        let message = format!("{what} has to be {expected}");
        self.report(
            Problem::error(&codes::WRONG_TYPE, message)
                .at(span, format!("this is {found}"))
                .help(help),
        );
    }

    /// `span` without the line breaks at its end, which those of `|` texts have.
    fn trimmed(&self, span: Span) -> Span {
        let length = self.text.get(span).trim_end().len();
        Span {
            start: span.start,
            end: span.start.saturating_add(length),
        }
    }
}

/// The `words`, in backticks and with commas.
pub(super) fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
