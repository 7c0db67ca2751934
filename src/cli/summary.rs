//! The end of an apply: what was done, what failed, what was not tried, and what to run next.

use std::fmt::Write as _;

use super::Context;
use super::progress::did;
use crate::apply::Outcome;
use crate::model::{LibraryId, Name};
use crate::plan::Action;
use crate::render::escape::visible;

/// The account of one library's apply, as text that ends in a newline. `next` are the words of the command
/// that goes on with what is left.
pub(super) fn text(
    context: &Context,
    library: &LibraryId,
    outcome: &Outcome,
    next: &[String],
) -> String {
    let Outcome {
        done,
        failed,
        not_tried,
        warnings: _,
        not_recorded,
        unsaved: _,
    } = outcome;
    let mut text = String::from("\n");
    let library = visible(&library.name);
    let counts = counts(done);
    if counts.is_empty() {
        writeln!(text, "Applied to {library}: nothing that the state knows.").ok();
    } else {
        writeln!(text, "Applied to {library}: {}.", counts.join(", ")).ok();
    }
    let failed: Vec<_> = failed
        .iter()
        .map(|failed| (failed.name.clone(), failed.action))
        .collect();
    list(&mut text, "Failed", &failed);
    list(&mut text, "Not tried", not_tried);
    list(&mut text, "Done, but not in the state", not_recorded);
    if !outcome.is_complete() {
        let next: Vec<_> = next.iter().map(String::as_str).collect();
        // Writing to a string cannot fail.
        writeln!(
            text,
            "Nothing is lost: what is done stays done, and this goes on with the rest:"
        )
        .ok();
        writeln!(text, "  {}", command(context, &next)).ok();
    }
    text
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
    for (name, action) in changes {
        writeln!(text, "  ! {} {}", action.as_str(), visible(name.as_str())).ok();
    }
}

/// The command line of `words` with the global options of this run, quoted for a shell.
pub(super) fn command(context: &Context, words: &[&str]) -> String {
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
    for library in &global.library {
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
