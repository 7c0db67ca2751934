//! Paths as a manifest writes them.

use camino::Utf8PathBuf;

use super::codes;
use super::decode::{Decoder, Located};
use super::node::Node;
use crate::diagnostics::Problem;

/// The path `node`: relative, with `/`, and not out of the manifest's folder by what is written;
/// symbolic links are followed later. Components without effect (`.`, `//`) are gone.
pub(super) fn path(
    decoder: &mut Decoder<'_>,
    node: &Node,
    what: &str,
) -> Option<Located<Utf8PathBuf>> {
    let text = decoder.plain_text(node, what)?;
    checked(decoder, &text, &text.value, what).map(|value| Located {
        value,
        span: text.span,
    })
}

/// As [`path`], for the `part` of `text` that is a path.
pub(super) fn checked(
    decoder: &mut Decoder<'_>,
    text: &Located<String>,
    part: &str,
    what: &str,
) -> Option<Utf8PathBuf> {
    let problem = match normal(part) {
        Ok(path) => return Some(path),
        Err(Refused::Backslash) => {
            Problem::error(&codes::BACKSLASH, format!("{what} contains a backslash"))
                .at(text.span, "paths use `/`")
                .help(format!("write `{}`", part.replace('\\', "/")))
        }
        Err(Refused::Drive) => Problem::error(
            &codes::DRIVE_LETTER,
            format!("{what} starts with a drive letter"),
        )
        .at(text.span, "paths are relative to the manifest")
        .help("move what it names into the manifest's folder, and write the path from there"),
        Err(Refused::Absolute) => {
            Problem::error(&codes::ABSOLUTE_PATH, format!("{what} is an absolute path"))
                .at(text.span, "paths are relative to the manifest")
                .help(
                    "move what it names into the manifest's folder, and write the path from there",
                )
        }
        Err(Refused::Parent) => Problem::error(
            &codes::PARENT_OUTSIDE,
            format!("{what} leaves the manifest's folder"),
        )
        .at(text.span, "`..` leads out of the folder")
        .help("move what it names into the manifest's folder, and write the path from there"),
    };
    decoder.report(problem);
    None
}

enum Refused {
    Backslash,
    Drive,
    Absolute,
    Parent,
}

fn normal(text: &str) -> Result<Utf8PathBuf, Refused> {
    let mut start = text.chars();
    if start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':') {
        return Err(Refused::Drive);
    }
    if text.contains('\\') {
        return Err(Refused::Backslash);
    }
    if text.starts_with('/') {
        return Err(Refused::Absolute);
    }
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        depth = match part {
            ".." => depth.checked_sub(1).ok_or(Refused::Parent)?,
            _ => depth + 1,
        };
        parts.push(part);
    }
    // Joined by hand: Windows would join with a backslash, and this is shown and compared.
    let path = parts.join("/");
    Ok(if path.is_empty() {
        ".".into()
    } else {
        path.into()
    })
}
