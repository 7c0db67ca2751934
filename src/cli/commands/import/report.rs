//! What is said about a new manifest: what it has, and what the next plan does with what it has not.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::draft::Fate;
use super::manifest::{Item, Ready};
use crate::cli::Context;
use crate::cli::exit::Failure;
use crate::manifest::Searched;
use crate::model::{Name, Unmanaged};
use crate::render::{escape::visible, plural};

/// Where the new manifest stands.
pub(super) struct Written<'a> {
    pub(super) path: &'a Utf8Path,
    /// The manifest that it was made from.
    pub(super) base: &'a Utf8Path,
    /// Whether this run wrote it, and not an earlier one.
    pub(super) is_new: bool,
}

/// Files that the new manifest has no entry for, as they are shown, by what becomes of them.
#[derive(Default)]
struct Missing {
    /// Entries of the old manifest that the library has no file for.
    not_there: BTreeSet<String>,
    /// Entries of the old manifest that were not asked for.
    not_asked: BTreeSet<String>,
    /// In the state and in the library.
    deleted: BTreeSet<String>,
    /// In the library alone, which says `unmanaged: delete`.
    unwanted: BTreeSet<String>,
    /// In the state alone.
    forgotten: BTreeSet<String>,
}

impl Written<'_> {
    /// Says what was written, and what is left to do.
    pub(super) fn report(
        &self,
        context: &Context,
        ready: &[Ready<'_>],
        items: &[Item],
        searched: &Searched,
    ) -> Result<(), Failure> {
        let count = |is: fn(&Fate) -> bool| items.iter().filter(|item| is(&item.fate)).count();
        let path = visible(self.path.as_str());
        let counts = [
            (count(|it| it.source().is_some()), "matched"),
            (count(|it| matches!(it, Fate::Kept { .. })), "kept"),
            (count(|it| matches!(it, Fate::Unknown { .. })), "unknown"),
        ];
        let counts: Vec<_> = counts
            .into_iter()
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let all = plural(items.len() as u64, "file");
        let done = if self.is_new {
            format!("Wrote {path}")
        } else {
            format!("Left {path} as an earlier run wrote it")
        };
        context
            .output
            .result(&format!("{done}: {all}, {}.\n", counts.join(", ")))?;
        for why in &searched.unreadable {
            context
                .output
                .note(&format!("Not searched: {}.", visible(why)));
        }
        let missing = Missing::of(ready, items);
        if items.iter().any(|item| item.fate.source().is_none()) {
            let left_alone = if missing.unwanted.is_empty() {
                "; what is not in the state is left alone"
            } else {
                ""
            };
            context.output.note(&format!(
                "What has no source is commented out in {path}, with what to do{left_alone}."
            ));
        }
        for sentence in missing.sentences(&path, &visible(self.base.as_str())) {
            context.output.note(&sentence);
        }
        Ok(())
    }
}

impl Missing {
    fn of(ready: &[Ready<'_>], items: &[Item]) -> Self {
        let key = |item: &Item| (item.library.clone(), item.name.clone());
        let known: BTreeSet<_> = items.iter().map(key).collect();
        let sourced = items.iter().filter(|item| item.fate.source().is_some());
        let sourced: BTreeSet<_> = sourced.map(key).collect();
        let mut missing = Self::default();
        for (session, locked, observed) in ready {
            let library = &session.id.name;
            let shown = |name: &Name| {
                let name = visible(name.as_str());
                match ready {
                    [_] => format!("`{name}`"),
                    _ => format!("`{name}` of `{library}`"),
                }
            };
            let is_in =
                |set: &BTreeSet<_>, name: &Name| set.contains(&(library.clone(), name.clone()));
            let tracked = &locked.document().files;
            for name in session.desired.keys() {
                if !observed.contains_key(name) {
                    missing.not_there.insert(shown(name));
                } else if !is_in(&known, name) {
                    missing.not_asked.insert(shown(name));
                }
            }
            for name in observed.keys().filter(|name| !is_in(&sourced, name)) {
                if tracked.contains_key(name) {
                    missing.deleted.insert(shown(name));
                } else if session.library.unmanaged == Unmanaged::Delete {
                    missing.unwanted.insert(shown(name));
                }
            }
            let gone = tracked.keys().filter(|name| !observed.contains_key(name));
            missing.forgotten.extend(gone.map(shown));
        }
        missing
    }

    /// A sentence about each kind that there is; `path` is the new manifest, and `base` the old one.
    fn sentences(self, path: &str, base: &str) -> Vec<String> {
        let all = [
            (
                self.not_there,
                format!(
                    "Entries of {base} that are not in {path}, because the library has no such file"
                ),
                String::new(),
            ),
            (
                self.not_asked,
                format!(
                    "Entries of {base} that are not in {path}, because they were not asked for"
                ),
                String::new(),
            ),
            (
                self.deleted,
                "In the state and without an entry".to_owned(),
                format!(
                    " A plan with {path} deletes these; complete their entries first, or forget them with `jumpbag state rm`."
                ),
            ),
            (
                self.unwanted,
                "Unmanaged and without an entry".to_owned(),
                format!(
                    " As `unmanaged: delete` is set, a plan with {path} deletes these; complete their entries first, or set `unmanaged: keep`."
                ),
            ),
            (
                self.forgotten,
                "In the state and not in the library".to_owned(),
                format!(" A plan with {path} forgets these."),
            ),
        ];
        let sentence = |(names, what, then): (BTreeSet<String>, String, String)| {
            let names: Vec<_> = names.into_iter().collect();
            (!names.is_empty()).then(|| format!("{what}: {}.{then}", names.join(", ")))
        };
        all.into_iter().filter_map(sentence).collect()
    }
}
