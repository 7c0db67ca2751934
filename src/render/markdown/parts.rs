//! The parts of a plan in Markdown, apart from the details of its changes.

use std::fmt::Write as _;

use super::block::fenced;
use super::inline::{code, message, sentence};
use crate::model::{LibraryId, Name, Sha256};
use crate::plan::{Drift, LibraryPlan, Plan, Refusal, Warning};
use crate::render::escape::word;
use crate::render::group::Section;
use crate::render::view::{Kind, View, with_likeness};
use crate::render::{Review, words};

/// How many entries of a list are shown, and how many bytes; the rest is counted.
const MOST_ENTRIES: usize = 20;
const MOST_BYTES: usize = 4_000;
/// How many characters of a library's name or endpoint are shown.
const LONGEST_NAME: usize = 200;
/// The longest command that is shown, in bytes: the targets of a plan can make it longer than a comment.
const LONGEST_COMMAND: usize = 4_000;

/// The marker, the verdict and where it applies.
pub(super) fn head(review: &Review<'_>) -> String {
    let plan = review.plan;
    let mut out = format!("{}\n", marker(plan));
    let place = match plan.libraries.as_slice() {
        [] => String::new(),
        [one] => format!(" in {}", short(&one.library.name)),
        several => format!(" in {}", words::libraries(several.len())),
    };
    writeln!(out, "## {}{place}\n", words::verdict(plan)).ok();
    if plan.is_refused() {
        out.push_str("**Refused: this plan must not be applied.**\n\n");
    }
    out
}

/// A name of a library or of where it is. A plan file may hold one that is longer than a comment.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        None => code(&word(text)),
        Some((at, _)) => {
            let more = text.chars().count() - LONGEST_NAME;
            let start = text.get(..at).unwrap_or_default();
            format!("{} … ({more} more characters)", code(&word(start)))
        }
    }
}

/// A comment that no renderer shows. It depends on the libraries alone; names in it are cut to what can be in a
/// comment, and the digest tells those apart that then look the same.
fn marker(plan: &Plan) -> String {
    let mut ids = String::new();
    let mut names = String::new();
    for part in &plan.libraries {
        let LibraryId {
            name,
            endpoint,
            tenant_id,
        } = &part.library;
        let tenant = tenant_id.as_deref().unwrap_or_default();
        for field in [name, endpoint, tenant] {
            write!(ids, "{}:{field}", field.len()).ok();
        }
        let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        if names.len() < 100 {
            names.push(' ');
            names.extend(name.chars().filter(allowed).take(64));
        }
    }
    let digest = Sha256::of(ids.as_bytes()).short();
    format!("<!-- jumpbag:plan {digest}{names} -->")
}

/// The summary as in the text, the calls, the fingerprint, and the command that applies the plan.
pub(super) fn foot(review: &Review<'_>) -> String {
    let Review {
        plan,
        fingerprint,
        contents: _,
        command,
    } = review;
    let mut out = String::new();
    writeln!(out, "{}\n", words::summary_line(&plan.summary())).ok();
    writeln!(out, "{}\n", words::total_calls(plan)).ok();
    writeln!(out, "Fingerprint: {}\n", code(fingerprint)).ok();
    if command.is_empty() {
        return out;
    }
    if command.len() > LONGEST_COMMAND {
        out.push_str("Apply exactly this with the options of the plan, and ");
        writeln!(out, "{}.", code(&format!("--approved {fingerprint}"))).ok();
    } else {
        out.push_str("Apply exactly this:\n\n");
        out.push_str(&fenced("sh", command));
    }
    out
}

/// Which library, where it is, and its state.
pub(super) fn heading(library: &LibraryPlan) -> String {
    let LibraryId {
        name,
        endpoint,
        tenant_id,
    } = &library.library;
    let mut out = format!("Library {} at {}", short(name), short(endpoint));
    if let Some(tenant) = tenant_id {
        write!(out, ", tenant {}", short(tenant)).ok();
    }
    write!(out, ", {}\n\n", words::state(library)).ok();
    out
}

/// What a plan did not look at.
pub(super) fn notes(notes: &[String]) -> String {
    let mut out = String::new();
    for note in notes {
        writeln!(out, "**{note}**\n").ok();
    }
    out
}

/// The head of a table of changes.
pub(super) const TABLE: &str = "| Change | Name | Why | Size | SHA-256 |\n|---|---|---|---|---|\n";

/// A row of that table.
pub(super) fn row(view: &View<'_>) -> String {
    let name = code(&word(view.change.name.as_str()));
    let name = match &view.change.renamed_from {
        Some(from) => format!("{} → {name}", code(&word(from.as_str()))),
        None => name,
    };
    let mut why = if view.kind == Kind::Refused {
        "refused, see above".to_owned()
    } else {
        sentence(&words::why(view.change))
    };
    if let Some(drift) = view.drift {
        write!(
            why,
            "; {} since the last apply",
            sentence(&words::drift(drift))
        )
        .ok();
    }
    let hash = view.hash();
    let hash: Vec<_> = hash
        .split(" → ")
        .filter(|it| !it.is_empty())
        .map(code)
        .collect();
    format!(
        "| `{}`&nbsp;{} | {name} | {why} | {} | {} |\n",
        view.kind.symbol(),
        view.kind.as_str(),
        // A size is not broken from its unit.
        view.size()
            .replace(' ', "&nbsp;")
            .replace("&nbsp;→&nbsp;", " → "),
        hash.join(" → ")
    )
}

/// What is odd about the manifest and the files.
pub(super) fn warnings(warnings: &[Warning]) -> String {
    let entry = |(warning, is_like_before): (&Warning, bool)| {
        let Warning {
            code: id,
            message: text,
            place,
            help,
            files: _,
        } = warning;
        let mut out = code(id);
        if let Some(place) = place {
            write!(out, " {}", code(place)).ok();
        }
        // More backticks than those of one name are not ours.
        let quoted = if text.matches('`').count() > 2 {
            "`"
        } else {
            ""
        };
        write!(out, " {}", message(text, [quoted])).ok();
        if let Some(help) = help.as_ref().filter(|_| !is_like_before) {
            let quoted = if help.matches('`').count() > 2 {
                "`"
            } else {
                ""
            };
            write!(out, "; help: {}", message(help, [quoted])).ok();
        }
        out
    };
    list(
        "Warnings",
        with_likeness(warnings).map(entry),
        warnings.len(),
    )
}

/// Why the plan must not be applied.
pub(super) fn refusals(refusals: &[&Refusal]) -> String {
    let entry = |refusal: &&Refusal| {
        let names = || refusal.quoted();
        format!(
            "{} {}; help: {}",
            code(refusal.code()),
            message(&refusal.message(), names()),
            message(&refusal.help(), names())
        )
    };
    list("Refused", refusals.iter().map(entry), refusals.len())
}

/// Who changed what since the last apply.
pub(super) fn drift(drifted: &[(&Name, &Drift)]) -> String {
    let entry = |(name, drift): &(&Name, &Drift)| {
        let drift = sentence(&words::drift(drift));
        format!("{}: {drift}", code(&word(name.as_str())))
    };
    list("Drift", drifted.iter().map(entry), drifted.len())
}

/// What is left alone, and what will only be recorded.
pub(super) fn rest(section: &Section<'_>) -> String {
    let names = section.unmanaged.iter();
    let names = names.map(|name| code(&word(name.as_str())));
    let out = list("Unmanaged, left alone", names, section.unmanaged.len());
    out + &recorded(section)
}

/// As [`rest`], without the names of unmanaged files.
pub(super) fn counted_rest(section: &Section<'_>) -> String {
    let out = match section.unmanaged.len() {
        0 => String::new(),
        count => format!("**Unmanaged, left alone: {count}**\n\n"),
    };
    out + &recorded(section)
}

/// What will only be recorded.
fn recorded(section: &Section<'_>) -> String {
    let mut out = String::new();
    if let Some(line) = words::agreeing(section.agreeing) {
        writeln!(out, "{line}\n").ok();
    }
    out
}

fn list(heading: &str, entries: impl Iterator<Item = String>, count: usize) -> String {
    if count == 0 {
        return String::new();
    }
    let mut out = format!("**{heading}: {count}**\n\n");
    let mut shown = 0;
    for entry in entries.take(MOST_ENTRIES) {
        if out.len() + entry.len() > MOST_BYTES {
            break;
        }
        writeln!(out, "- {entry}").ok();
        shown += 1;
    }
    if shown < count {
        writeln!(out, "- and {} more", count - shown).ok();
    }
    out.push('\n');
    out
}
