//! From a plan to its JSON. Everything is taken apart whole, so that no member can be forgotten.

use std::borrow::Cow;

use super::ascii::pretty_json;
use super::document::{
    ActionJson, AttributeJson, CauseJson, ChangeJson, DiagnosticJson, DriftJson, FORMAT_VERSION,
    FileJson, LibraryJson, PlanJson, ReasonCode, ReasonJson, SeverityJson, SummaryJson,
    WarnedFileJson, WarningJson,
};
use crate::model::{Attribute, File, LibraryId, Name};
use crate::plan::{
    Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Summary, Warning,
};

/// `plan` as JSON, indented, with a line feed at the end. `fingerprint` is the plan's, as `sha256:` and
/// 64 digits.
pub(crate) fn json(plan: &Plan, fingerprint: &str) -> String {
    let Plan {
        libraries,
        warnings,
    } = plan;
    let document = PlanJson {
        format_version: FORMAT_VERSION.to_owned(),
        jumpbag_version: env!("CARGO_PKG_VERSION").to_owned(),
        fingerprint: fingerprint.to_owned(),
        summary: summary(plan.summary()),
        libraries: libraries.iter().map(library).collect(),
        warnings: warnings.iter().map(warning).collect(),
    };
    pretty_json(&document)
}

/// The JSON schema of [`json`]'s documents.
pub(crate) fn plan_schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<PlanJson<'_>>()
}

fn warning(warning: &Warning) -> WarningJson<'_> {
    let Warning {
        code,
        message,
        place,
        help,
        files,
    } = warning;
    let files = files.iter().map(|(library, name)| WarnedFileJson {
        library: library.into(),
        name: name.as_str().into(),
    });
    WarningJson {
        code: code.into(),
        message: message.into(),
        place: place.as_deref().map(Cow::Borrowed),
        help: help.as_deref().map(Cow::Borrowed),
        files: files.collect(),
    }
}

pub(super) fn summary(summary: Summary) -> SummaryJson {
    let Summary {
        create,
        update,
        delete,
        adopt,
        forget,
        unchanged,
        unmanaged,
        drifted,
        // The diagnostics say which.
        refused: _,
    } = summary;
    SummaryJson {
        create,
        update,
        delete,
        adopt,
        forget,
        unchanged,
        unmanaged,
        drifted,
    }
}

fn library(library: &LibraryPlan) -> LibraryJson {
    let LibraryPlan {
        library:
            LibraryId {
                name,
                endpoint,
                tenant_id,
            },
        lineage,
        serial,
        refreshed,
        changes,
        unmanaged,
        left_out,
        rollback,
        refusals,
        calls,
        seconds,
    } = library;
    LibraryJson {
        name: name.clone(),
        endpoint: endpoint.clone(),
        tenant_id: tenant_id.clone(),
        lineage: lineage.clone(),
        serial: *serial,
        refreshed: *refreshed,
        changes: changes.iter().map(change).collect(),
        unmanaged: unmanaged.iter().map(ToString::to_string).collect(),
        left_out: *left_out,
        rollback: *rollback,
        calls: *calls,
        seconds: *seconds,
        diagnostics: refusals.iter().map(diagnostic).collect(),
    }
}

fn change(change: &Change) -> ChangeJson {
    let Change {
        name,
        action,
        reasons,
        renamed_from,
        before,
        after,
        drifted,
        protect,
    } = change;
    ChangeJson {
        name: name.to_string(),
        action: self::action(*action),
        reasons: reasons.iter().map(reason).collect(),
        renamed_from: renamed_from.as_ref().map(Name::to_string),
        before: before.as_ref().map(file),
        after: after.as_ref().map(file),
        drifted: drifted.as_ref().map(drift),
        protect: *protect,
    }
}

pub(super) fn action(action: Action) -> ActionJson {
    match action {
        Action::Create => ActionJson::Create,
        Action::Update => ActionJson::Update,
        Action::Delete => ActionJson::Delete,
        Action::Adopt => ActionJson::Adopt,
        Action::Forget => ActionJson::Forget,
        Action::None => ActionJson::None,
    }
}

pub(super) fn reason(reason: &Reason) -> ReasonJson {
    let code = match reason {
        Reason::New => ReasonCode::New,
        Reason::Missing => ReasonCode::Missing,
        Reason::Differs(..) => ReasonCode::Differs,
        Reason::AlreadyThere => ReasonCode::AlreadyThere,
        Reason::TakenOver => ReasonCode::TakenOver,
        Reason::InTheWay => ReasonCode::InTheWay,
        Reason::NotDesired => ReasonCode::NotDesired,
        Reason::NotThen => ReasonCode::NotThen,
        Reason::Unmanaged => ReasonCode::Unmanaged,
        Reason::RenamedTo(_) => ReasonCode::RenamedTo,
        Reason::Destroy => ReasonCode::Destroy,
        Reason::Agrees => ReasonCode::Agrees,
    };
    let mut json = ReasonJson {
        code,
        attribute: None,
        cause: None,
        name: None,
    };
    if let Reason::Differs(of, by) = reason {
        json.attribute = Some(attribute(*of));
        json.cause = Some(cause(*by));
    }
    if let Reason::RenamedTo(name) = reason {
        json.name = Some(name.to_string());
    }
    json
}

fn attribute(attribute: Attribute) -> AttributeJson {
    match attribute {
        Attribute::Content => AttributeJson::Content,
        Attribute::Description => AttributeJson::Description,
        Attribute::HasParameters => AttributeJson::HasParameters,
        Attribute::ParametersDescription => AttributeJson::ParametersDescription,
    }
}

fn cause(cause: Cause) -> CauseJson {
    match cause {
        Cause::Manifest => CauseJson::Manifest,
        Cause::Drift => CauseJson::Drift,
        Cause::Both => CauseJson::Both,
        Cause::Rollback => CauseJson::Rollback,
    }
}

fn file(file: &File) -> FileJson {
    let File {
        sha256,
        size,
        description,
        has_parameters,
        parameters_description,
    } = file;
    FileJson {
        sha256: sha256.to_string(),
        size: *size,
        description: description.clone(),
        has_parameters: *has_parameters,
        parameters_description: parameters_description.clone(),
    }
}

fn drift(drift: &Drift) -> DriftJson {
    let Drift { attributes, by, at } = drift;
    DriftJson {
        attributes: attributes.iter().copied().map(attribute).collect(),
        by: by.clone(),
        at: at.clone(),
    }
}

fn diagnostic(refusal: &Refusal) -> DiagnosticJson {
    let mut json = DiagnosticJson {
        code: refusal.code().to_owned(),
        severity: SeverityJson::Error,
        message: refusal.message(),
        help: refusal.help(),
        name: refusal.name().map(Name::to_string),
        other: None,
        deletes: None,
        allowed: None,
        rule: None,
        said: None,
    };
    match refusal {
        Refusal::Conflict(_) | Refusal::Protected(_) | Refusal::Lint { .. } => {}
        Refusal::CaseClash { name: _, other } => json.other = Some(other.to_string()),
        Refusal::TooManyDeletes { deletes, allowed } => {
            json.deletes = Some(*deletes);
            json.allowed = Some(*allowed);
        }
        Refusal::Policy {
            name: _,
            rule,
            message,
        } => {
            json.rule = Some(rule.clone());
            json.said = Some(message.clone());
        }
    }
    json
}
