//! `state history`: the states between runs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::library::chain;
use crate::render::{escape::visible, plural, pretty_json};
use crate::state::{self, Document, PlanAccount, Written};

/// One state, or why it cannot be read.
type Entry = (u64, Result<Document, state::Error>);

/// One state a line, the oldest first.
pub(super) fn run(context: &Context, sessions: &[Session], as_json: bool) -> Result<Exit, Failure> {
    let histories = sessions
        .iter()
        .map(|session| Ok((session, entries(session)?)));
    let histories: Vec<_> = histories.collect::<Result<_, Failure>>()?;
    let text = if as_json {
        document(&histories)
    } else {
        table(&histories)
    };
    context.output.result(&text)?;
    let entries = histories.iter().flat_map(|(_, entries)| entries);
    let mut is_whole = true;
    for error in entries.filter_map(|(_, document)| document.as_ref().err()) {
        context.output.error(error);
        is_whole = false;
    }
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

/// Every state that the history has, and the current one, where a killed run wrote it.
fn entries(session: &Session) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = session
        .store
        .history()?
        .into_iter()
        .map(|serial| (serial, session.store.read_serial(serial)))
        .collect();
    if let Some(current) = session.document()?
        && entries.iter().all(|(serial, _)| *serial != current.serial)
    {
        entries.push((current.serial, Ok(current)));
        entries.sort_by_key(|(serial, _)| *serial);
    }
    Ok(entries)
}

fn table(histories: &[(&Session, Vec<Entry>)]) -> String {
    let mut text = String::new();
    for (session, entries) in histories {
        if histories.len() > 1 {
            // Writing to a string cannot fail.
            writeln!(text, "Library {}", visible(&session.id.name)).ok();
        }
        for (serial, document) in entries {
            let line = document
                .as_ref()
                .map_or_else(|_| "damaged, see below".to_owned(), line);
            writeln!(text, "{serial:>6}  {line}").ok();
        }
    }
    text
}

/// When, who, what, and how much there was then.
fn line(document: &Document) -> String {
    let files = plural(document.files.len() as u64, "file");
    let Some(written) = &document.written else {
        return files;
    };
    let who = format!("{}@{}", written.user, written.host);
    let revision = written
        .run
        .revision
        .as_ref()
        .map_or_else(String::new, |it| {
            let mark = if it.dirty { "*" } else { "" };
            let short: String = it.commit.chars().take(8).collect();
            format!("  {short}{mark}")
        });
    let words = [&who, &what(written)].map(|text| visible(text).into_owned());
    let [who, what] = words;
    format!(
        "{}  {who}  {what}  {files}{revision}",
        written.at.strftime("%Y-%m-%d %H:%M:%SZ")
    )
}

/// The plan that was applied, in numbers; else the command.
fn what(written: &Written) -> String {
    let Some(plan) = &written.run.plan else {
        let words = written.command.split(' ').skip(1);
        let words: Vec<_> = words.take_while(|word| !word.starts_with('-')).collect();
        return words.join(" ");
    };
    let PlanAccount {
        fingerprint: _,
        create,
        update,
        delete,
        adopt,
        forget,
    } = plan;
    let counts = [
        ("+", create),
        ("~", update),
        ("-", delete),
        ("=", adopt),
        ("!", forget),
    ];
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<_> = counts
        .map(|(symbol, count)| format!("{symbol}{count}"))
        .collect();
    if counts.is_empty() {
        "no changes".to_owned()
    } else {
        counts.join(" ")
    }
}

fn document(histories: &[(&Session, Vec<Entry>)]) -> String {
    let libraries = histories.iter().map(|(session, entries)| {
        let entries: Vec<_> = entries.iter().map(entry).collect();
        json!({ "name": session.id.name, "history": entries })
    });
    pretty_json(&json!({
        "format_version": "1.0",
        "libraries": libraries.collect::<Vec<_>>(),
    }))
}

fn entry((serial, document): &Entry) -> Value {
    let document = match document {
        Ok(document) => document,
        Err(error) => return json!({ "serial": serial, "damaged": chain(error) }),
    };
    let written = document.written.as_ref().map(|written| {
        let revision = written.run.revision.as_ref();
        let plan = written.run.plan.as_ref();
        json!({
            "at": written.at.to_string(),
            "user": written.user,
            "host": written.host,
            "command": written.command,
            "run_url": written.run_url,
            "revision": revision.map(|it| json!({ "commit": it.commit, "dirty": it.dirty })),
            "plan": plan.map(|it| json!({
                "fingerprint": it.fingerprint,
                "create": it.create,
                "update": it.update,
                "delete": it.delete,
                "adopt": it.adopt,
                "forget": it.forget,
            })),
        })
    });
    json!({
        "serial": serial,
        "lineage": document.lineage,
        "files": document.files.len(),
        "written": written,
    })
}
