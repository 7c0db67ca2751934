//! `restore`: getting one content back. The API has no download; what jumpbag put there it has kept.

use std::io::{IsTerminal as _, stdout};

use crate::cli::Context;
use crate::cli::args::RestoreArgs;
use crate::cli::error::{Error, did_you_mean};
use crate::cli::exit::{Exit, Failure};
use crate::cli::file;
use crate::cli::session::{self, Session};
use crate::model::{Name, Sha256};
use crate::render::escape::visible;
use crate::state::Document;

/// The largest content that is written, in bytes: more than the API takes.
const LARGEST: u64 = 64 << 20;

/// A content, and where it was found.
struct Found<'a> {
    session: &'a Session,
    sha256: Sha256,
    serial: u64,
}

pub(in crate::cli) fn run(context: &Context, args: &RestoreArgs) -> Result<Exit, Failure> {
    let sessions = session::stores(context)?;
    let found = find(&sessions, &args.name)?;
    let contents = found.session.store.contents();
    let Some(content) = contents.read(found.sha256, LARGEST)? else {
        return Err(Error::NotKept {
            library: found.session.id.name.clone(),
            files: format!("`{}` ({})", visible(&args.name), found.sha256.short()),
        }
        .into());
    };
    if args.output == "-" {
        if stdout().is_terminal() && !is_harmless(&content) {
            return Err(Error::BinaryOnTerminal.into());
        }
        context.output.bytes(&content)?;
        return Ok(Exit::Done);
    }
    if args.force {
        file::write_bytes(&args.output, &content)?;
    } else {
        file::write_new(&args.output, &content)?;
    }
    context.output.note(&format!(
        "Wrote `{}` of serial {} to `{}`.",
        visible(&args.name),
        found.serial,
        visible(args.output.as_str())
    ));
    Ok(Exit::Done)
}

/// Whether a terminal shows the content and does nothing else.
fn is_harmless(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok_and(|text| {
        text.chars()
            .all(|c| matches!(c, '\n' | '\t') || !c.is_control())
    })
}

/// The content that `wanted`, `NAME` or `NAME@SERIAL`, means. A name of the state wins: names hold `@`, too.
fn find<'a>(sessions: &'a [Session], wanted: &str) -> Result<Found<'a>, Failure> {
    let mut documents = Vec::new();
    for session in sessions {
        documents.extend(session.document()?.map(|document| (session, document)));
    }
    let whole = among(&documents, &Name::existing(wanted));
    let then = wanted
        .rsplit_once('@')
        .and_then(|(name, serial)| Some((name, serial.parse::<u64>().ok()?)));
    let found = match then {
        Some((name, serial)) if whole.is_empty() => {
            documents = earlier(sessions, serial)?;
            among(&documents, &Name::existing(name))
        }
        Some(_) | None => whole,
    };
    let first = found.first().map(|(_, sha256, _)| *sha256);
    match found.as_slice() {
        [] => {
            let known = documents
                .iter()
                .flat_map(|(_, document)| document.files.keys());
            let name = then.map_or(wanted, |(name, _)| name);
            Err(Error::NoFile {
                name: Name::existing(name),
                among: "that state knows no file",
                help: did_you_mean(
                    name,
                    known.map(Name::as_str),
                    "run `jumpbag state list` for the files that it has, and `jumpbag state history` for the serials",
                ),
            }
            .into())
        }
        [(session, sha256, serial), rest @ ..]
            if rest.iter().all(|(_, other, _)| Some(*other) == first) =>
        {
            Ok(Found {
                session,
                sha256: *sha256,
                serial: *serial,
            })
        }
        several => {
            let names = several.iter().map(|(session, ..)| session.id.name.clone());
            Err(Error::OneLibrary {
                names: names.collect(),
            }
            .into())
        }
    }
}

/// Every library that tracks `name`, with the content and the serial.
fn among<'a>(
    documents: &[(&'a Session, Document)],
    name: &Name,
) -> Vec<(&'a Session, Sha256, u64)> {
    let one = |(session, document): &(&'a Session, Document)| {
        let tracked = document.files.get(name)?;
        Some((*session, tracked.file.sha256, document.serial))
    };
    documents.iter().filter_map(one).collect()
}

/// The states of that serial. One library of several may have none.
fn earlier(sessions: &[Session], serial: u64) -> Result<Vec<(&Session, Document)>, Failure> {
    let mut documents = Vec::new();
    let mut refusal = None;
    for session in sessions {
        match session.store.read_serial(serial) {
            Ok(document) => documents.push((session, document)),
            Err(error @ crate::state::Error::NoSuchSerial { .. }) => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    match refusal {
        Some(error) if documents.is_empty() => Err(error.into()),
        Some(_) | None => Ok(documents),
    }
}
