//! The end of an apply: what was done, what failed, what was not tried, and what to run next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Context;
use super::exit::Failure;
use super::progress::did;
use crate::apply::Outcome;
use crate::model::Name;
use crate::plan::{Action, LibraryPlan, Plan};
use crate::render::escape::visible;

/// What became of a run.
pub(super) struct Account<'a> {
    pub(super) plan: &'a Plan,
    /// By the libraries' names.
    pub(super) ends: &'a [(&'a str, End<'a>)],
    /// Gives the words of the command that goes on with what is left, by whether the library has to be looked
    /// at first.
    pub(super) next: &'a dyn Fn(bool) -> Vec<String>,
}

/// What became of one library.
pub(super) enum End<'a> {
    /// Its changes were begun.
    Applied(&'a Outcome),
    /// It could not be worked on, for this reason; what was planned for it, as far as that is known.
    Unready(&'a Failure, Option<&'a LibraryPlan>),
}

/// The account of a run, as text that ends in a newline; `None` where everything is said already, because
/// there was nothing to do.
pub(super) fn text(context: &Context, account: &Account<'_>) -> Option<String> {
    let mut text = String::new();
    let is_idle = |name: &str| {
        let mut parts = account.plan.libraries.iter();
        parts.any(|part| part.library.name == name && part.summary().is_empty())
    };
    let mut complete: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut incomplete = Vec::new();
    for (name, end) in account.ends {
        match end {
            End::Applied(outcome) if outcome.is_complete() => {
                if !is_idle(name) {
                    let counts = counts(&outcome.done).join(", ");
                    complete.entry(counts).or_default().push(name);
                }
            }
            End::Applied(_) | End::Unready(..) => incomplete.push((*name, end)),
        }
    }
    for (counts, names) in complete {
        applied(&mut text, &counts, &names);
    }
    for (name, end) in &incomplete {
        match end {
            End::Applied(outcome) => unfinished(&mut text, name, outcome),
            End::Unready(failure, part) => unread(&mut text, name, failure, *part),
        }
    }
    if !incomplete.is_empty() {
        go_on(&mut text, context, account, &incomplete);
    }
    (!text.is_empty()).then(|| format!("\n{text}"))
}

/// Says that the libraries called `names` are as planned, after the same `counts` of changes in each.
fn applied(text: &mut String, counts: &str, names: &[&str]) {
    // Writing to a string cannot fail.
    if let [name] = names {
        writeln!(text, "Applied to {}: {}.", visible(name), done(counts)).ok();
    } else {
        writeln!(
            text,
            "Applied to {} libraries: {} in each.",
            names.len(),
            done(counts)
        )
        .ok();
    }
}

fn done(counts: &str) -> &str {
    if counts.is_empty() {
        "nothing that the state knows"
    } else {
        counts
    }
}

fn unfinished(text: &mut String, name: &str, outcome: &Outcome) {
    let Outcome {
        done: made,
        failed,
        not_tried,
        warnings: _,
        not_recorded,
        unsaved: _,
        halted: _,
    } = outcome;
    applied(text, &counts(made).join(", "), &[name]);
    let failed: Vec<_> = failed
        .iter()
        .map(|failed| (failed.name.clone(), failed.action))
        .collect();
    list(text, "Failed", &failed);
    list(text, "Not tried", not_tried);
    list(text, "Done, but not in the state", not_recorded);
}

fn unread(text: &mut String, name: &str, failure: &Failure, part: Option<&LibraryPlan>) {
    // Its causes have been told, where it happened.
    let why = failure.report.to_string();
    writeln!(text, "Not applied to {}: {}.", visible(name), visible(&why)).ok();
    let changes = part.into_iter().flat_map(|part| &part.changes);
    let planned = changes.filter(|change| change.action != Action::None);
    let planned: Vec<_> = planned
        .map(|change| (change.name.clone(), change.action))
        .collect();
    list(text, "Not tried", &planned);
}

/// Says how to go on with the libraries that are not as planned.
fn go_on(
    text: &mut String,
    context: &Context,
    account: &Account<'_>,
    incomplete: &[(&str, &End<'_>)],
) {
    let all = account.ends.len();
    let names: Vec<_> = incomplete.iter().map(|(name, _)| *name).collect();
    if all > 1 {
        let planned = all - names.len();
        let shown: Vec<_> = names.iter().map(|name| visible(name)).collect();
        writeln!(
            text,
            "{planned} of {all} libraries {} as planned. Not so: {}.",
            if planned == 1 { "is" } else { "are" },
            shown.join(", ")
        )
        .ok();
    }
    let look_first = incomplete
        .iter()
        .any(|(_, end)| matches!(end, End::Applied(outcome) if outcome.unsaved.is_some()));
    let words = (account.next)(look_first);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let command = if all > 1 {
        command_for(context, &names, &words)
    } else {
        command(context, &words)
    };
    writeln!(
        text,
        "Nothing is lost: what is done stays done, and this goes on with the rest:\n  {command}"
    )
    .ok();
}

/// `3 created`, `1 deleted`, in the order of the actions.
fn counts(done: &[(Name, Action)]) -> Vec<String> {
    [
        Action::Create,
        Action::Update,
        Action::Delete,
        Action::Adopt,
        Action::Forget,
    ]
    .into_iter()
    .filter_map(|action| {
        let count = done.iter().filter(|(_, done)| *done == action).count();
        let word = if action == Action::Forget {
            "forgotten"
        } else {
            did(action)
        };
        (count > 0).then(|| format!("{count} {word}"))
    })
    .collect()
}

fn list(text: &mut String, heading: &str, changes: &[(Name, Action)]) {
    if changes.is_empty() {
        return;
    }
    writeln!(text, "{heading}: {}", changes.len()).ok();
    // They are reported by whichever worker stops first.
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort();
    for (name, action) in changes {
        writeln!(text, "  ! {} {}", action.as_str(), visible(name.as_str())).ok();
    }
}

/// The command line of `words` with the global options of this run, quoted for a shell.
pub(super) fn command(context: &Context, words: &[&str]) -> String {
    let libraries: Vec<_> = context.global.library.iter().map(String::as_str).collect();
    command_for(context, &libraries, words)
}

/// The same for these libraries.
fn command_for(context: &Context, libraries: &[&str], words: &[&str]) -> String {
    let global = &context.global;
    let mut line = vec!["jumpbag".to_owned()];
    let mut option = |name: &str, value: &str| {
        line.push(name.to_owned());
        line.push(quoted(value));
    };
    if let Some(folder) = &global.directory {
        option("-C", &folder.to_string_lossy());
    }
    if global.manifest != "jumpbag.yaml" {
        option("-m", global.manifest.as_str());
    }
    for library in libraries {
        option("-l", library);
    }
    line.extend(words.iter().map(|word| quoted(word)));
    line.join(" ")
}

/// `word` as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", visible(word).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_dangerous;

    #[test]
    fn no_name_adds_a_line_to_the_account() {
        for bad in crate::render::hostile_texts() {
            let account = |name: &str| {
                let name = Name::existing(name);
                let mut text = String::new();
                list(&mut text, "Not tried", &[(name, Action::Create)]);
                text + &quoted(&bad)
            };
            let shown = account(&bad);
            assert_eq!(shown.lines().count(), 3, "{bad:?}");
            assert!(
                !shown.chars().any(|c| c != '\n' && is_dangerous(c)),
                "{bad:?}"
            );
            assert!(shown.starts_with("Not tried: 1\n  ! create "), "{bad:?}");
        }
    }
}
