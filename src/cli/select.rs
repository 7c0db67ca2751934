//! Which libraries of the manifest a run is about: what `--library` says.

use globset::Glob;

use super::Context;
use super::error::Error;
use crate::manifest::{Library, Manifest};

/// The globs of `--library`, each with its text.
pub(super) fn patterns(context: &Context) -> Result<Vec<(String, globset::GlobMatcher)>, Error> {
    let compile = |pattern: &String| match Glob::new(pattern) {
        Ok(glob) => Ok((pattern.clone(), glob.compile_matcher())),
        Err(cause) => Err(Error::BadGlob {
            pattern: pattern.clone(),
            cause,
        }),
    };
    context.global.library.iter().map(compile).collect()
}

/// Whether one of `patterns` matches, or there is none.
pub(super) fn is_selected(patterns: &[(String, globset::GlobMatcher)], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|(_, pattern)| pattern.is_match(name))
}

/// The libraries that are asked for, by name; an error where a glob matches none.
pub(super) fn libraries(context: &Context, manifest: &Manifest) -> Result<Vec<Library>, Error> {
    let patterns = patterns(context)?;
    let names = || {
        manifest
            .libraries
            .iter()
            .map(|library| library.name.as_str())
    };
    for (pattern, matcher) in &patterns {
        if !names().any(|name| matcher.is_match(name)) {
            let known: Vec<_> = names().map(|name| format!("`{name}`")).collect();
            let help = format!("the manifest has {}", known.join(", "));
            return Err(Error::NoLibrary {
                pattern: pattern.clone(),
                help,
            });
        }
    }
    let mut selected: Vec<_> = manifest
        .libraries
        .iter()
        .filter(|library| is_selected(&patterns, &library.name))
        .cloned()
        .collect();
    selected.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(selected)
}
