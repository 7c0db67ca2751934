//! The events of an apply as JSON lines: who applied what, when, and what became of it.

mod document;
#[cfg(test)]
mod tests;

pub(crate) use document::{
    Approval, Call, ChangeRef, Ci, Counts, Event, Identity, IdentitySource, Outcome, Problem,
    Provider, RunStarted,
};

use uuid::Uuid;

use super::ascii;
use super::write;
use crate::model::{LibraryId, Name};
use crate::plan::{Action, Change, LibraryPlan, Plan};

/// What stands before the event in each line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    /// The run.
    pub(crate) run_id: &'a str,
    /// The line's number in the run.
    pub(crate) sequence: u64,
    /// When, in UTC (RFC 3339).
    pub(crate) time: &'a str,
}

/// `event` as one line of JSON, with a line feed at the end and nothing but ASCII before it.
pub(crate) fn line(stamp: Stamp<'_>, event: &Event) -> String {
    let Stamp {
        run_id,
        sequence,
        time,
    } = stamp;
    let line = document::Line {
        run_id,
        sequence,
        time,
        event,
    };
    #[expect(
        clippy::expect_used,
        reason = "strings, numbers and lists always have a JSON form, and memory takes every write"
    )]
    let bytes = ascii::line(&line).expect("an event has a JSON form");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The JSON schema of one such line.
pub(crate) fn event_schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<document::Line<'_>>()
}

/// The version of the format of what is written here.
pub(crate) fn format_version() -> String {
    document::FORMAT_VERSION.to_owned()
}

/// That it is known what `plan` would do.
pub(crate) fn plan(plan: &Plan, fingerprint: &str) -> Event {
    let refusals = plan.libraries.iter().flat_map(|part| &part.refusals);
    Event::Plan {
        fingerprint: fingerprint.to_owned(),
        summary: write::summary(plan.summary()),
        refusals: refusals
            .map(|refusal| Problem {
                code: Some(refusal.code().to_owned()),
                message: refusal.message(),
            })
            .collect(),
    }
}

/// That `change` is going to be made.
pub(crate) fn planned(library: &LibraryId, change: &Change) -> Event {
    let sha256 = |file: &Option<crate::model::File>| Some(file.as_ref()?.sha256.to_string());
    Event::Planned {
        library: library.name.clone(),
        name: change.name.to_string(),
        action: write::action(change.action),
        reasons: change.reasons.iter().map(write::reason).collect(),
        renamed_from: change.renamed_from.as_ref().map(Name::to_string),
        sha256_before: sha256(&change.before),
        sha256_after: sha256(&change.after),
    }
}

/// That the changes of a library begin, which is asked by the application `client_id`.
pub(crate) fn library_started(part: &LibraryPlan, client_id: Option<Uuid>) -> Event {
    let LibraryId {
        name,
        endpoint,
        tenant_id,
    } = &part.library;
    Event::LibraryStarted {
        library: name.clone(),
        endpoint: endpoint.clone(),
        tenant_id: tenant_id.clone(),
        client_id: client_id.map(|id| id.to_string()),
        lineage: part.lineage.clone(),
        serial: part.serial,
    }
}

/// Which change a line is about.
pub(crate) fn change(library: &str, name: &Name, action: Action) -> ChangeRef {
    ChangeRef {
        library: library.to_owned(),
        name: name.to_string(),
        action: write::action(action),
    }
}
