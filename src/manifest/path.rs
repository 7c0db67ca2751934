//! Paths as a manifest writes them.

use camino::Utf8PathBuf;

use super::codes;
use super::decode::{Decoder, Located};
use super::node::Node;
use crate::diagnostics::Problem;

/// The path `node`: relative, with `/`, and not out of its file's folder by what is written;
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
    let (path, leaves) = normal_or_reported(decoder, text, part, what)?;
    if leaves {
        let file = decoder.role().the();
        decoder.report(
            Problem::error(
                &codes::PARENT_OUTSIDE,
                format!("{what} leaves {file}'s folder"),
            )
            .at(text.span, "`..` leads out of the folder")
            .help(move_it(file)),
        );
        return None;
    }
    Some(path)
}

/// As [`path`], but it may lead out of the folder through `..`: how far is for the caller to judge.
pub(super) fn path_upwards(
    decoder: &mut Decoder<'_>,
    node: &Node,
    what: &str,
) -> Option<Located<Utf8PathBuf>> {
    let text = decoder.plain_text(node, what)?;
    let (value, _) = normal_or_reported(decoder, &text, &text.value, what)?;
    Some(Located {
        value,
        span: text.span,
    })
}

fn normal_or_reported(
    decoder: &mut Decoder<'_>,
    text: &Located<String>,
    part: &str,
    what: &str,
) -> Option<(Utf8PathBuf, bool)> {
    let file = decoder.role().the();
    let relative = format!("paths are relative to {file}");
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
        .at(text.span, relative)
        .help(move_it(file)),
        Err(Refused::Absolute) => {
            Problem::error(&codes::ABSOLUTE_PATH, format!("{what} is an absolute path"))
                .at(text.span, relative)
                .help(move_it(file))
        }
    };
    decoder.report(problem);
    None
}

fn move_it(file: &str) -> String {
    format!("move what it names into {file}'s folder, and write the path from there")
}

/// Why a text is no path of a manifest.
pub(super) enum Refused {
    Backslash,
    Drive,
    Absolute,
}

/// `text` without parts that have no effect, and whether it leads out of the folder that it starts in.
pub(super) fn normal(text: &str) -> Result<(Utf8PathBuf, bool), Refused> {
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
    let mut leaves = false;
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        depth = match part {
            ".." => {
                leaves |= depth == 0;
                depth.saturating_sub(1)
            }
            _ => depth + 1,
        };
        parts.push(part);
    }
    // Joined by hand: Windows would join with a backslash, and this is shown and compared.
    let path = parts.join("/");
    let path = if path.is_empty() {
        ".".into()
    } else {
        path.into()
    };
    Ok((path, leaves))
}
