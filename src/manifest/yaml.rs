//! From bytes to a tree, or to the one problem that stops the reading.

use std::ops::Range;

use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{DefaultMessageFormatter, Error, MessageFormatter as _, Options};

use super::codes;
use super::node::{Node, Value, with_text_budget};
use super::origin::Role;
use super::quick;
use crate::diagnostics::{Problem, Span, Text};

/// The deepest nesting; a manifest needs 4.
const MAX_DEPTH: usize = 32;

/// The most values. An entry with every attribute has 17, so this is over 200,000 of them.
const MAX_NODES: usize = 4_000_000;

/// How much aliases may add to a file.
#[derive(Clone, Copy)]
struct Aliases {
    /// The most values that they stand for.
    nodes: usize,
    /// The most bytes of text.
    bytes: usize,
}

impl Aliases {
    /// A manifest's: five values for each of 100,000 entries.
    const OF_MANIFEST: Self = Self {
        nodes: 500_000,
        bytes: 16 * 1024 * 1024,
    };

    /// An included file's: there may be [many](super::include::MAX_FILES), and together they shall not be
    /// more than a few times what a manifest has.
    const OF_INCLUDED: Self = Self {
        nodes: 25_000,
        bytes: 1024 * 1024,
    };

    fn of(role: Role) -> Self {
        match role {
            Role::Manifest => Self::OF_MANIFEST,
            Role::Included => Self::OF_INCLUDED,
        }
    }
}

/// The text of the file `name`, which lies at the offset `start`, or the text up to its first bad byte and
/// what is wrong there.
pub(super) fn decode(
    start: usize,
    name: &str,
    bytes: &[u8],
    role: Role,
) -> (Text, Option<Problem>) {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => {
            return match masked(text) {
                None => (Text::at(start, name, text), None),
                Some((masked, key)) => {
                    let place = start + key.start..start + key.end;
                    (Text::at(start, name, masked), Some(secret_key(place, role)))
                }
            };
        }
        Err(error) => error,
    };
    // What is before the bad byte stays as it is, so that its offset is also that of the replacement.
    let text = Text::at(start, name, String::from_utf8_lossy(bytes).into_owned());
    let bad = error.valid_up_to();
    let at = start + bad;
    let the = role.the();
    let problem = Problem::error(&codes::NOT_UTF8, format!("{the} is not UTF-8"))
        .at(
            (at..at + char::REPLACEMENT_CHARACTER.len_utf8()).into(),
            format!("byte {} is the first that is not", bad + 1),
        )
        .help(format!("save {the} as UTF-8"));
    (text, Some(problem))
}

/// What secret keys of age begin with, in capitals.
const KEY: &str = "AGE-SECRET-KEY-1";

/// Whether `text` holds what no manifest may hold: a secret key of age.
pub(crate) fn holds_key(text: &str) -> bool {
    text.to_ascii_uppercase().contains(KEY)
}

/// `text` with its secret keys of age made unreadable, and where the first one is; `None` where it has none. A
/// diagnostic shows lines of a file, and those around them.
fn masked(text: &str) -> Option<(String, Range<usize>)> {
    let upper = text.to_ascii_uppercase();
    let mut first = None;
    let mut masked = String::with_capacity(text.len());
    let mut rest = upper.as_str();
    while let Some((before, after)) = rest.split_once(KEY) {
        let taken = masked.len();
        masked.extend(text.get(taken..taken + before.len() + KEY.len()));
        let digits = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric())
                .len();
        first.get_or_insert(taken + before.len()..masked.len() + digits);
        masked.extend(std::iter::repeat_n('*', digits));
        rest = after.get(digits..).unwrap_or_default();
    }
    let first = first?;
    let taken = masked.len();
    masked.extend(text.get(taken..));
    Some((masked, first))
}

fn secret_key(place: Range<usize>, role: Role) -> Problem {
    let the = role.the();
    Problem::error(&codes::SECRET_KEY, format!("{the} holds a secret key of age"))
        .at(place.into(), "a secret never stands here")
        .help("take it away, make a new pair of keys, and write the public one, `age1…`; whoever has seen the file could read the state")
}

/// The tree of the file `text`.
pub(super) fn parse(text: &Text, role: Role) -> Result<Node, Problem> {
    let aliases = Aliases::of(role);
    if let Some(node) = quick::tree(text.as_str(), &options(aliases)) {
        return Ok(node.moved(text.start()));
    }
    // An escape such as `\L` takes two bytes in the file and three in its text.
    let bytes = text.as_str().len() * 2 + aliases.bytes;
    let (result, enough) = with_text_budget(bytes, || {
        serde_yaml::from_str_with_options::<Node>(text.as_str(), options(aliases))
    });
    match result {
        Ok(node) if node.value == Value::Null => {
            Err(empty(role).at(node.moved(text.start()).span, ""))
        }
        Ok(node) => Ok(node.moved(text.start())),
        Err(error) if !enough => Err(expansion(place(text, &error))),
        Err(error) => Err(problem(text, role, &error)),
    }
}

/// What [`quick`] makes of `text`, and what deserialisation does.
#[cfg(any(test, feature = "fuzz-internals"))]
pub(super) fn both_trees(text: &str) -> (Option<Node>, Option<Node>) {
    let options = || options(Aliases::OF_MANIFEST);
    let (slow, _) = with_text_budget(text.len() * 2, || {
        serde_yaml::from_str_with_options::<Node>(text, options())
    });
    (quick::tree(text, &options()), slow.ok())
}

fn empty(role: Role) -> Problem {
    let problem = Problem::error(&codes::EMPTY, format!("{} is empty", role.the()));
    problem.help(match role {
        Role::Manifest => {
            "run `jumpbag init` in an empty folder to see a starter manifest, and begin with `version: 1`"
        }
        Role::Included => "begin it with `version: 1`, and list `files:`, or do not include it",
    })
}

fn options(aliases: Aliases) -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            flow_nesting_limit: MAX_DEPTH * 2,
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 3,
            max_aliases: aliases.nodes,
            max_recorded_anchor_bytes: aliases.bytes,
            // An anchor that is used by every entry is no bomb; what aliases stand for is counted.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: aliases.nodes,
            max_replay_stack_depth: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// The problem that `error` is.
fn problem(text: &Text, role: Role, error: &Error) -> Problem {
    let the = role.the();
    let span = place(text, error);
    if let Error::AliasError { error, .. } = error {
        return problem(text, role, error);
    }
    let breach = if let Error::Budget { breach, .. } = error {
        Some(breach)
    } else {
        None
    };
    if let Some(BudgetBreach::Depth { .. }) = breach {
        return nesting(role, span);
    }
    if matches!(
        breach,
        Some(
            BudgetBreach::Aliases { .. }
                | BudgetBreach::Anchors { .. }
                | BudgetBreach::RecordedAnchorEvents { .. }
                | BudgetBreach::RecordedAnchorBytes { .. }
        )
    ) || matches!(
        error,
        Error::AliasReplayLimitExceeded { .. }
            | Error::AliasReplayCounterOverflow { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    ) {
        return expansion(span);
    }
    if breach.is_some() {
        return Problem::error(&codes::TOO_COMPLEX, format!("{the} holds too many values"))
            .at(span, format!("more than {MAX_NODES} values up to here"))
            .help(format!("use globs, or split {the} into several"));
    }
    if let Error::MultipleDocuments { .. } = error {
        return Problem::error(
            &codes::SEVERAL_DOCUMENTS,
            format!("{the} holds several YAML documents"),
        )
        .at(span, "the second one starts here")
        .help("keep one of them; move the others into files of their own");
    }
    if matches!(
        error,
        Error::UnknownAnchor { .. } | Error::RecursiveReferencesRequireWeakTypes { .. }
    ) {
        return Problem::error(&codes::BAD_ALIAS, "an alias stands for nothing")
            .at(span, "there is no finished anchor of this name before it")
            .help("put text that starts with `*`, such as a glob, in quotes, or define the anchor first");
    }
    let message = DefaultMessageFormatter.format_message(error);
    if message.contains("tab") && message.contains("indentation") {
        return Problem::error(&codes::TAB, "a line is indented with a tab")
            .at(span, "a tab")
            .help("indent with spaces");
    }
    if message.contains("nesting") || message.contains("recursion limit") {
        return nesting(role, span);
    }
    Problem::error(
        &codes::SYNTAX,
        format!("the YAML cannot be read: {message}"),
    )
    .at(span, "here")
    .help("correct the YAML at or before this place; put text with special characters in quotes")
}

fn nesting(role: Role, span: Span) -> Problem {
    let the = role.the();
    Problem::error(&codes::NESTING, format!("{the} is nested too deeply"))
        .at(span, format!("more than {MAX_DEPTH} levels"))
        .help("close the brackets before this place, and mind the indentation")
}

fn expansion(span: Span) -> Problem {
    Problem::error(
        &codes::EXPANSION,
        "anchors and aliases expand beyond the budget",
    )
    .at(span, "too much up to here")
    .help("write `defaults:`, or the values themselves, in place of aliases")
}

/// Where `error` is. The YAML crate's scanner counts characters and knows no bytes.
fn place(text: &Text, error: &Error) -> Span {
    let first = text.start();
    let Some(location) = error.location() else {
        return (first..first).into();
    };
    let text = text.as_str();
    let span = location.span();
    let start = span
        .byte_offset()
        .and_then(|start| usize::try_from(start).ok())
        .or_else(|| {
            let nth = usize::try_from(span.offset()).ok()?;
            text.char_indices().nth(nth).map(|(start, _)| start)
        })
        .filter(|start| text.is_char_boundary(*start))
        .unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let length = match span.byte_len() {
        Some(length) => usize::try_from(length).unwrap_or_default(),
        None => rest
            .chars()
            .take(usize::try_from(span.len()).unwrap_or_default())
            .map(char::len_utf8)
            .sum(),
    };
    // A place never spans lines: what is after the first is not what is wrong.
    let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
    let end = start + length.min(line);
    let end = if text.is_char_boundary(end) {
        end
    } else {
        start
    };
    (first + start..first + end).into()
}
