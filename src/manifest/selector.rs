//! Which of the manifest's libraries a name or a glob means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{Glob, GlobMatcher};

use super::decode::{Decoder, Located, listed};
use super::glob::is_glob;
use super::node::Node;
use super::similar::similar;
use super::{Library, codes};
use crate::diagnostics::Problem;

/// Finds libraries of a manifest; no glob is compiled twice.
pub(super) struct Selector {
    /// The names of all of them.
    all: Arc<BTreeSet<String>>,
    globs: BTreeMap<String, Result<GlobMatcher, String>>,
}

impl Selector {
    /// A selector among `libraries`.
    pub(super) fn new(libraries: &[Library]) -> Self {
        let names = libraries.iter().map(|library| library.name.clone());
        Self {
            all: Arc::new(names.collect()),
            globs: BTreeMap::new(),
        }
    }

    /// The names of all libraries.
    pub(super) fn all(&self) -> &Arc<BTreeSet<String>> {
        &self.all
    }

    /// Those `among` some libraries that `text`, a name or a glob, means; or why it is no glob.
    pub(super) fn matching(
        &mut self,
        text: &str,
        among: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, String> {
        if !is_glob(text) {
            return Ok(among.get(text).cloned().into_iter().collect());
        }
        let compiled = self.globs.entry(text.to_owned()).or_insert_with(|| {
            let glob = Glob::new(text).map_err(|error| error.kind().to_string())?;
            Ok(glob.compile_matcher())
        });
        let matcher = compiled.as_ref().map_err(Clone::clone)?;
        let matches = among.iter().filter(|name| matcher.is_match(name));
        Ok(matches.cloned().collect())
    }

    /// The libraries that the list `node` names; what it names in vain is reported.
    pub(super) fn listed(
        &mut self,
        decoder: &mut Decoder<'_>,
        node: &Node,
    ) -> Option<Arc<BTreeSet<String>>> {
        let list = decoder.list(node, "`libraries`")?;
        if list.is_empty() {
            decoder.report(
                Problem::error(&codes::IN_NO_LIBRARY, "the entry is for no library")
                    .at(node.span, "nothing here")
                    .help("name a library, or take the key away: then it is for all of them"),
            );
        }
        let all = Arc::clone(&self.all);
        let mut names = BTreeSet::new();
        for node in list {
            if let Some(text) = decoder.plain_text(node, "a library's name") {
                names.extend(self.matching_or_reported(decoder, &text, &all));
            }
        }
        Some(Arc::new(names))
    }

    /// Those `among` some libraries that `text` means. That it means none is reported.
    pub(super) fn matching_or_reported(
        &mut self,
        decoder: &mut Decoder<'_>,
        text: &Located<String>,
        among: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let names = match self.matching(&text.value, among) {
            Ok(names) => names,
            Err(why) => {
                let message = format!("`{}` is not a glob of libraries", text.value);
                decoder.report(
                    Problem::error(&codes::LIBRARY_GLOB_INVALID, message)
                        .at(text.span, why)
                        .help("correct the glob: `*` stands for any part of a name"),
                );
                return BTreeSet::new();
            }
        };
        if names.is_empty() {
            decoder.report(self.unknown(text));
        }
        names
    }

    fn unknown(&self, text: &Located<String>) -> Problem {
        let known: Vec<&str> = self.all.iter().map(String::as_str).collect();
        let by_glob = is_glob(&text.value);
        let help = match similar(&text.value, known.iter().copied()) {
            Some(meant) if !by_glob => format!("write `{meant}`, if that is meant"),
            _ => format!(
                "declare it under `libraries:` at the top, or use one of {}",
                listed(&known)
            ),
        };
        let message = if by_glob {
            format!("no library of the manifest matches `{}`", text.value)
        } else {
            format!("the manifest declares no library `{}`", text.value)
        };
        Problem::error(&codes::UNKNOWN_LIBRARY, message)
            .at(text.span, "unknown library")
            .help(help)
    }
}
