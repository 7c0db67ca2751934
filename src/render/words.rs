//! The sentences and phrases of a plan, the same in every form. Names in them are made harmless.

use std::borrow::Cow;
use std::fmt;

use super::escape::word;
pub(super) use super::notes::{binary, note, unknown_before};
use super::size::{duration, plural};
use crate::model::{Attribute, Name};
use crate::plan::{Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Summary};

/// The one line that says what a plan does.
pub(crate) fn summary_line(summary: &Summary) -> String {
    let Summary {
        create,
        update,
        delete,
        adopt,
        forget,
        unchanged,
        unmanaged,
        // Drift has its own lines.
        drifted: _,
        refused,
    } = *summary;
    if summary.is_empty() {
        return "No changes. The library matches the manifest.".to_owned();
    }
    let parts = counted([
        (create, "to create"),
        (update, "to update"),
        (delete, "to delete"),
        (adopt, "to adopt"),
        (forget, "to forget"),
        (refused, "refused"),
        (unchanged, "unchanged"),
        (unmanaged, "unmanaged"),
    ]);
    format!("Plan: {}.", parts.join(", "))
}

/// Each count with what it counts, but for zeros.
fn counted<const N: usize>(counts: [(u64, &str); N]) -> Vec<String> {
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
}

/// What happens to one of many libraries, in a list of them; `no changes` where there is nothing to count.
pub(super) fn counts(library: &LibraryPlan) -> String {
    let summary = library.summary();
    let mut parts = if summary.is_empty() {
        counted([
            (summary.unchanged, "unchanged"),
            (summary.unmanaged, "unmanaged"),
        ])
    } else {
        let line = summary_line(&summary);
        let line = line.strip_prefix("Plan: ").unwrap_or(&line);
        vec![line.trim_end_matches('.').to_owned()]
    };
    parts.extend(counted([(summary.drifted, "drifted")]));
    if parts.is_empty() {
        parts.push("no changes".to_owned());
    }
    // Where files are counted as refused, that says it.
    let refused = if library.refusals.is_empty() || summary.refused > 0 {
        ""
    } else {
        "refused: "
    };
    format!("{refused}{}", parts.join(", "))
}

/// The state that the plan of a library was made from.
pub(super) fn state(library: &LibraryPlan) -> String {
    match library.lineage {
        Some(_) => format!("serial {}", library.serial),
        None => "no state yet".to_owned(),
    }
}

/// `1 library`, `2 libraries`.
pub(super) fn libraries(count: usize) -> String {
    match count {
        1 => "1 library".to_owned(),
        _ => format!("{count} libraries"),
    }
}

/// What stands above the changes that are the same in so many libraries.
pub(super) fn shared(libraries: usize, changes: usize) -> String {
    let libraries = self::libraries(libraries);
    match changes {
        0 => format!("{libraries}: the same besides changes"),
        1 => format!("{libraries}: same change"),
        _ => format!("{libraries}: the same {changes} changes"),
    }
}

/// Which changes of a library stand in other sections; `None` where there are none.
pub(super) fn elsewhere(changes: usize) -> Option<String> {
    match changes {
        0 => None,
        1 => Some("1 more change is the same in other libraries, see above.".to_owned()),
        _ => Some(format!(
            "{changes} more changes are the same in other libraries, see above."
        )),
    }
}

/// What a plan does, in one line without the files that it leaves as they are.
pub(super) fn verdict(plan: &Plan) -> String {
    let summary = Summary {
        unchanged: 0,
        unmanaged: 0,
        ..plan.summary()
    };
    if summary.is_empty() && !plan.is_refused() {
        return "No changes".to_owned();
    }
    summary_line(&summary).trim_end_matches('.').to_owned()
}

/// What a plan did not look at, and what else decided it.
pub(super) fn notes(library: &LibraryPlan) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(serial) = library.rollback {
        notes.push(format!(
            "Goes back to serial {serial} of the state. The manifest has no part in this plan."
        ));
    }
    if !library.refreshed {
        notes.push(
            "Not refreshed: planned against the state alone, not against the library.".to_owned(),
        );
    }
    if library.left_out > 0 {
        let were = if library.left_out == 1 { "was" } else { "were" };
        let files = plural(library.left_out, "file");
        notes.push(format!("{files} {were} left out by --target."));
    }
    notes
}

/// Says that `files` are as they should be, and will only be recorded; `None` where there are none.
pub(super) fn agreeing(files: usize) -> Option<String> {
    let verb = if files == 1 { "agrees" } else { "agree" };
    let count = plural(files as u64, "file");
    (files > 0).then(|| format!("{count} already {verb} and will be recorded."))
}

/// How many calls all changes take, and how long.
pub(super) fn total_calls(plan: &Plan) -> String {
    let sum = plan
        .libraries
        .iter()
        .map(|it| it.calls)
        .fold(0, u64::saturating_add);
    let longest = plan.libraries.iter().map(|it| it.seconds).max();
    let longest = longest.unwrap_or(0);
    let line = calls(sum, longest);
    // Each library has limits of its own; how their calls interleave is not the plan's business.
    match plan.libraries.len() {
        0 | 1 => line,
        _ if longest == 0 => line,
        _ => format!("{line} of the slowest library"),
    }
}

/// How many calls the changes of one library take, and how long.
pub(super) fn calls(calls: u64, seconds: u64) -> String {
    match calls {
        0 => "No API calls".to_owned(),
        _ => format!(
            "{}, {} under the limits",
            plural(calls, "API call"),
            duration(seconds)
        ),
    }
}

/// A piece of a sentence; between two of them there is a space, at which a line may be broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word of ours.
    Ours(String),
    /// A text from outside, as one [`word`], with what of our punctuation follows it.
    Theirs(String, &'static str),
}

impl Piece {
    /// `text`, which is from outside, as one word.
    pub(super) fn theirs(text: &str) -> Self {
        Self::Theirs(word(text).into_owned(), "")
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(text) => f.write_str(text),
            Self::Theirs(text, after) => write!(f, "{text}{after}"),
        }
    }
}

/// Why a change is in the plan.
pub(super) fn why(change: &Change) -> Vec<Piece> {
    let reasons = change.reasons.iter();
    let mut phrases: Vec<Vec<Piece>> = reasons
        .filter_map(|it| {
            if *it == Reason::New && change.renamed_from.is_some() {
                Some(split("same content"))
            } else {
                reason(it)
            }
        })
        .collect();
    for (cause, phrase) in [
        (Cause::Manifest, "manifest changed"),
        (Cause::Drift, "library drifted in"),
        (Cause::Both, "manifest and library both changed"),
        (Cause::Rollback, "rolled back"),
    ] {
        let attributes = change.reasons.iter().filter_map(|reason| {
            if let Reason::Differs(attribute, by) = reason
                && *by == cause
            {
                Some(*attribute)
            } else {
                None
            }
        });
        let attributes = attribute_list(attributes);
        if !attributes.is_empty() {
            phrases.push(split(&format!("{phrase} {attributes}")));
        }
    }
    if change.protect {
        phrases.push(split("protected"));
    }
    let count = phrases.len();
    for phrase in phrases.iter_mut().take(count.saturating_sub(1)) {
        match phrase.last_mut() {
            Some(Piece::Ours(text)) => text.push(';'),
            Some(Piece::Theirs(_, after)) => *after = ";",
            None => {}
        }
    }
    phrases.concat()
}

fn reason(reason: &Reason) -> Option<Vec<Piece>> {
    let phrase = match reason {
        Reason::New => "new",
        Reason::Missing => "missing from the library",
        // By cause, below.
        Reason::Differs(..) => return None,
        Reason::AlreadyThere => "already in the library",
        Reason::TakenOver => "takes over an unmanaged file",
        // The refusal says it, and of which kind the file is.
        Reason::InTheWay => return None,
        Reason::NotDesired => "no longer in the manifest",
        Reason::NotThen => "not there then",
        Reason::Unmanaged => "unmanaged",
        Reason::RenamedTo(name) => {
            let mut phrase = split("goes on as");
            phrase.push(Piece::theirs(name.as_str()));
            return Some(phrase);
        }
        Reason::Destroy => "everything tracked is destroyed",
        Reason::Agrees => "already agrees and will be recorded",
    };
    Some(split(phrase))
}

/// What somebody did to a file in the library, and who and when.
pub(super) fn drift(drift: &Drift) -> Vec<Piece> {
    let Drift { attributes, by, at } = drift;
    if attributes.is_empty() && by.is_none() && at.is_none() {
        return split("missing from the library");
    }
    let known = |text: &Option<String>, unknown| match text {
        Some(text) => vec![Piece::theirs(text)],
        None => split(unknown),
    };
    let what = format!("{} changed by", attribute_list(attributes.iter().copied()));
    [
        split(&what),
        known(by, "an unknown user"),
        split("at"),
        known(
            &at.as_deref().map(to_seconds).map(Cow::into_owned),
            "an unknown time",
        ),
    ]
    .concat()
}

/// A time of the API, such as `2019-10-24T10:54:23.2009016Z`, without its fraction of a
/// second; anything else as it is.
pub(super) fn to_seconds(time: &str) -> Cow<'_, str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match time.split_once('.') {
        Some((seconds, fraction)) if fraction.strip_suffix('Z').is_some_and(digits) => {
            Cow::Owned(format!("{seconds}Z"))
        }
        _ => Cow::Borrowed(time),
    }
}

/// The words of a phrase of ours.
pub(super) fn split(phrase: &str) -> Vec<Piece> {
    let words = phrase.split_whitespace();
    words.map(|word| Piece::Ours(word.to_owned())).collect()
}

/// A sentence on one line.
pub(super) fn joined(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(Piece::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

fn attribute_list(attributes: impl Iterator<Item = Attribute>) -> String {
    attributes
        .map(Attribute::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether the message of `refusal` can be wrapped: a name that is not plainly a word could look like a
/// line of ours at the start of one.
pub(super) fn can_wrap_message(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Conflict(name) | Refusal::Protected(name) => is_word(name),
        Refusal::CaseClash { name, other } => is_word(name) && is_word(other),
        Refusal::TooManyDeletes { .. } => true,
        Refusal::Lint { name, message, .. } => is_word(name) && is_prose(message),
        Refusal::Policy { .. } => false,
    }
}

/// As [`can_wrap_message`], for its help.
pub(super) fn can_wrap_help(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::CaseClash { name: _, other } => is_word(other),
        Refusal::Conflict(_)
        | Refusal::Protected(_)
        | Refusal::TooManyDeletes { .. }
        | Refusal::Policy { .. } => true,
        Refusal::Lint { help, .. } => is_prose(help),
    }
}

/// Whether no word of `text`, which may come from a plan's file, looks like a symbol of ours at the start of a line.
fn is_prose(text: &str) -> bool {
    let mut words = text.split(' ');
    words.all(|word| word.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | '"')))
}

fn is_word(name: &Name) -> bool {
    matches!(word(name.as_str()), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_second() {
        for (time, shown) in [
            ("2019-10-24T10:54:23.2009016Z", "2019-10-24T10:54:23Z"),
            ("2019-10-24T10:54:23Z", "2019-10-24T10:54:23Z"),
            ("2019.hidden", "2019.hidden"),
            ("x.Z", "x.Z"),
        ] {
            assert_eq!(to_seconds(time), shown);
        }
    }
}
