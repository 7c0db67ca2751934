//! What a shell script takes.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::ascii;

/// What a shell script takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It reads nothing that it is given.
    Nothing,
    /// Options that it reads with `getopts`, once.
    Options(Options),
    /// It reads something, and it cannot be said what.
    Anything,
}

/// The options of one `getopts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where it says so.
    pub(crate) place: Range<usize>,
    /// Each letter, and whether a value follows it.
    letters: Vec<(char, bool)>,
    /// Whether it reads more than these.
    pub(crate) has_others: bool,
}

impl Options {
    /// Whether one of them is `-letter`.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.letters.iter().any(|(known, _)| *known == letter)
    }

    /// How each is written.
    pub(super) fn written(&self) -> impl Iterator<Item = String> {
        let letters = self.letters.iter();
        letters.map(|(letter, has_value)| match has_value {
            true => format!("[-{letter} <value>]"),
            false => format!("[-{letter}]"),
        })
    }
}

/// What the shell script `text` takes.
pub(crate) fn taken(text: &str) -> Taken {
    // What a script was given, whole or in parts, and loops over all of it.
    const GIVEN: &str =
        r"\$(\{?#?[1-9@*]|\{!?[1-9@*]|\{!#|\{?#?argv\b)|BASH_ARGV|\bfor\s+\w+\s*(;|\n|do\b)";
    static OTHERS: LazyLock<Option<Regex>> = LazyLock::new(|| ascii(GIVEN));
    // Behind `getopts`, a `shift` or a count only takes the options away.
    static TAKES: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii(&format!(r"{GIVEN}|\$(#|\{{#\}})|\bgetopts\b|\bshift\b")));
    static GETOPTS: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii(r#"\bgetopts\s+["']?:?([A-Za-z0-9:]+)["']?\s"#));
    let (Some(takes), Some(others), Some(getopts)) =
        (TAKES.as_ref(), OTHERS.as_ref(), GETOPTS.as_ref())
    else {
        return Taken::Anything;
    };
    if !takes.is_match(text) {
        return Taken::Nothing;
    }
    let mut calls = getopts.captures_iter(text);
    // With several, or with long options beside them, others may be read as well.
    let mut words = text.split("getopts").skip(2);
    let (Some(call), None, None, false) = (
        calls.next(),
        calls.next(),
        words.next(),
        text.contains("--"),
    ) else {
        return Taken::Anything;
    };
    let (Some(whole), Some(letters)) = (call.get(0), call.get(1)) else {
        return Taken::Anything;
    };
    let mut options = Options {
        place: whole.range(),
        letters: Vec::new(),
        has_others: others.is_match(text),
    };
    for c in letters.as_str().chars() {
        match (c, options.letters.last_mut()) {
            (':', Some((_, has_value))) => *has_value = true,
            (':', None) => {}
            _ => options.letters.push((c, false)),
        }
    }
    Taken::Options(options)
}
