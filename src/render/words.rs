//! The sentences and phrases of a plan, the same in every form. Names in them are made harmless.

use super::diff::{Note, SignatureChange};
use super::escape::word;
use super::size::{duration, plural};
use crate::model::Attribute;
use crate::plan::{Cause, Change, Drift, Reason, Refusal, Summary};

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
    let parts: Vec<String> = [
        (create, "to create"),
        (update, "to update"),
        (delete, "to delete"),
        (adopt, "to adopt"),
        (forget, "to forget"),
        (refused, "refused"),
        (unchanged, "unchanged"),
        (unmanaged, "unmanaged"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    format!("Plan: {}.", parts.join(", "))
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

/// Why a change is in the plan.
pub(super) fn why(change: &Change) -> String {
    let mut phrases: Vec<String> = change.reasons.iter().filter_map(reason).collect();
    for (cause, phrase) in [
        (Cause::Manifest, "manifest changed"),
        (Cause::Drift, "library drifted in"),
        (Cause::Both, "manifest and library both changed"),
    ] {
        let attributes = change.reasons.iter().filter_map(|reason| match reason {
            Reason::Differs(attribute, by) if *by == cause => Some(*attribute),
            _ => None,
        });
        let attributes = attribute_list(attributes);
        if !attributes.is_empty() {
            phrases.push(format!("{phrase} {attributes}"));
        }
    }
    if change.protect {
        phrases.push("protected".to_owned());
    }
    phrases.join("; ")
}

fn reason(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::New => "new".to_owned(),
        Reason::Missing => "missing from the library".to_owned(),
        Reason::Differs(..) => return None,
        Reason::AlreadyThere => "already in the library".to_owned(),
        Reason::TakenOver => "takes over an unmanaged file".to_owned(),
        Reason::InTheWay => "an unmanaged file is in the way".to_owned(),
        Reason::NotDesired => "no longer in the manifest".to_owned(),
        Reason::Unmanaged => "unmanaged".to_owned(),
        Reason::RenamedTo(name) => format!("goes on as {}", word(name.as_str())),
        Reason::Destroy => "everything tracked is destroyed".to_owned(),
        Reason::Agrees => "already agrees and will be recorded".to_owned(),
    })
}

/// What somebody did to a file in the library, and who and when.
pub(super) fn drift(drift: &Drift) -> String {
    let Drift { attributes, by, at } = drift;
    if attributes.is_empty() && by.is_none() && at.is_none() {
        return "missing from the library".to_owned();
    }
    let what = attribute_list(attributes.iter().copied());
    let by = by.as_deref().map_or("an unknown user".into(), word);
    let at = at.as_deref().map_or("an unknown time".into(), word);
    format!("{what} changed by {by} at {at}")
        .trim_start()
        .to_owned()
}

fn attribute_list(attributes: impl Iterator<Item = Attribute>) -> String {
    attributes
        .map(Attribute::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What the hunks of a diff do not say.
pub(super) fn note(note: Note) -> String {
    let differs = |what: &str, only: bool, from: &str, to: &str| {
        let verb = if only { "only the" } else { "the" };
        let s = if what.ends_with('s') { "" } else { "s" };
        format!("{verb} {what} differ{s}: {from} → {to}")
    };
    match note {
        Note::SameText => "the text is the same".to_owned(),
        Note::Guessed(before, after) => {
            let which = match (before, after) {
                (true, false) => "the previous content",
                (false, _) => "the new content",
                (true, true) => "the content",
            };
            format!("{which} is not UTF-8 and is read as Windows-1252")
        }
        Note::Encoding { from, to, only } => differs("encoding", only, from.as_str(), to.as_str()),
        Note::Endings { from, to, only } => {
            differs("line endings", only, from.as_str(), to.as_str())
        }
        Note::MixedEndings => {
            "the line endings are mixed before and after, and are not compared".to_owned()
        }
        Note::WhiteSpace => "only white space differs".to_owned(),
        Note::Signature { what, only } => {
            let only = if only { "only " } else { "" };
            let verb = match what {
                SignatureChange::Added => "is new",
                SignatureChange::Removed => "is gone",
                SignatureChange::Changed => "differs",
            };
            format!("{only}the Authenticode signature block {verb} (not shown)")
        }
    }
}

/// Whether a message that names the files of `refusal` can be wrapped: a name that is not plainly a word
/// could look like a line of ours at the start of one.
pub(super) fn can_wrap(refusal: &Refusal) -> bool {
    let plain =
        |name: &crate::model::Name| matches!(word(name.as_str()), std::borrow::Cow::Borrowed(_));
    match refusal {
        Refusal::Conflict(name) | Refusal::Protected(name) => plain(name),
        Refusal::CaseClash { name, other } => plain(name) && plain(other),
        Refusal::TooManyDeletes { .. } => true,
    }
}
