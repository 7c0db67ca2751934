//! From JSON back to a plan. The bytes may be anything.

use std::borrow::Cow;

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use super::document::{
    ActionJson, AttributeJson, CauseJson, ChangeJson, DiagnosticJson, DriftJson, FORMAT_MAJOR,
    FORMAT_VERSION, FileJson, LibraryJson, PlanJson, ReasonCode, ReasonJson, SeverityJson,
    WarnedFileJson, WarningJson,
};
use super::{parts, write};
use crate::model::{Attribute, File, LibraryId, Name, Sha256};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Warning};

/// The longest plan file that is read, in bytes.
pub(super) const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Why a saved plan cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum PlanFileError {
    /// Longer than any plan.
    #[error("the plan file has {bytes} bytes, and {MOST_BYTES} are the most")]
    #[diagnostic(
        code(jumpbag::render::plan_too_large),
        help("check that the file is a plan written by `jumpbag plan --out`")
    )]
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
    /// Written by a newer version.
    #[error(
        "the plan file has format version {found}, and this version of jumpbag reads up to {FORMAT_VERSION}"
    )]
    #[diagnostic(
        code(jumpbag::render::plan_too_new),
        help("use the version of jumpbag that wrote the plan, or plan again with this one")
    )]
    NewerFormat {
        /// Its format version.
        found: String,
    },
    /// Not JSON, or not of a plan's form.
    #[error("the plan file is damaged at line {}, column {}", cause.line(), cause.column())]
    #[diagnostic(
        code(jumpbag::render::plan_damaged),
        help("write the plan again with `jumpbag plan --out`")
    )]
    Damaged {
        /// What the parser met.
        #[source]
        cause: serde_json::Error,
    },
    /// JSON of a plan's form that no plan has.
    #[error("the plan file is damaged at `{place}`: {problem}")]
    #[diagnostic(
        code(jumpbag::render::plan_damaged),
        help("write the plan again with `jumpbag plan --out`")
    )]
    Wrong {
        /// The path of the member, such as `libraries[0].changes[2].before`.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a saved plan, and its fingerprint as it was written. Whether the plan still has that
/// fingerprint is for the caller to check.
///
/// # Errors
///
/// [`PlanFileError`]: the file is too large, of a newer major format, or damaged.
pub(crate) fn from_json(bytes: &[u8]) -> Result<(Plan, String), PlanFileError> {
    if bytes.len() > MOST_BYTES {
        return Err(PlanFileError::TooLarge { bytes: bytes.len() });
    }
    let damaged = |cause| PlanFileError::Damaged { cause };
    // The version decides what the rest means, so it is read on its own first.
    let Version { format_version } = serde_json::from_slice(bytes).map_err(damaged)?;
    check_version(format_version)?;
    let document: PlanJson<'_> = serde_json::from_slice(bytes).map_err(damaged)?;
    let PlanJson {
        format_version: _,
        jumpbag_version: _,
        fingerprint,
        summary,
        libraries,
        warnings,
    } = document;
    let digits = fingerprint.strip_prefix("sha256:");
    let lower = !fingerprint.contains(|c: char| c.is_ascii_uppercase());
    if !lower || digits.and_then(|it| it.parse::<Sha256>().ok()).is_none() {
        return Err(wrong(
            "fingerprint",
            "expected `sha256:` and 64 hexadecimal digits in lower case",
        ));
    }
    let libraries = each(libraries, "libraries", library)?;
    parts::check(&libraries)?;
    let warnings = warnings.into_iter().map(warning).collect();
    let plan = Plan {
        libraries,
        warnings,
    };
    if summary != write::summary(plan.summary()) {
        return Err(wrong("summary", "its counts are not those of the changes"));
    }
    Ok((plan, fingerprint))
}

fn warning(warning: WarningJson<'_>) -> Warning {
    let WarningJson {
        code,
        message,
        place,
        help,
        files,
    } = warning;
    let file = |file: WarnedFileJson<'_>| {
        let name = Name::existing(file.name);
        (file.library.into_owned(), name)
    };
    Warning {
        code: code.into_owned(),
        message: message.into_owned(),
        place: place.map(Cow::into_owned),
        help: help.map(Cow::into_owned),
        files: files.into_iter().map(file).collect(),
    }
}

/// The one member that every version of the format has.
#[derive(Deserialize)]
struct Version {
    format_version: String,
}

fn check_version(found: String) -> Result<(), PlanFileError> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let major = found.split_once('.').and_then(|(major, minor)| {
        number(minor)?;
        number(major)
    });
    match major {
        Some(FORMAT_MAJOR) => Ok(()),
        Some(major) if major > FORMAT_MAJOR => Err(PlanFileError::NewerFormat { found }),
        _ => Err(wrong(
            "format_version",
            &format!("expected a version such as {FORMAT_VERSION}"),
        )),
    }
}

pub(super) fn wrong(place: &str, problem: &str) -> PlanFileError {
    PlanFileError::Wrong {
        place: place.to_owned(),
        problem: problem.to_owned(),
    }
}

fn each<T, U>(
    items: Vec<T>,
    place: &str,
    read: impl Fn(T, &str) -> Result<U, PlanFileError>,
) -> Result<Vec<U>, PlanFileError> {
    items
        .into_iter()
        .enumerate()
        .map(|(nth, item)| read(item, &format!("{place}[{nth}]")))
        .collect()
}

fn library(json: LibraryJson, place: &str) -> Result<LibraryPlan, PlanFileError> {
    let LibraryJson {
        name,
        endpoint,
        tenant_id,
        lineage,
        serial,
        refreshed,
        changes,
        unmanaged,
        left_out,
        rollback,
        calls,
        seconds,
        diagnostics,
    } = json;
    Ok(LibraryPlan {
        library: LibraryId {
            name,
            endpoint,
            tenant_id,
        },
        lineage,
        serial,
        refreshed,
        changes: each(changes, &format!("{place}.changes"), change)?,
        unmanaged: unmanaged.into_iter().map(Name::existing).collect(),
        left_out,
        rollback,
        refusals: each(diagnostics, &format!("{place}.diagnostics"), refusal)?,
        calls,
        seconds,
    })
}

fn change(json: ChangeJson, place: &str) -> Result<Change, PlanFileError> {
    let ChangeJson {
        name,
        action,
        reasons,
        renamed_from,
        before,
        after,
        drifted,
        protect,
    } = json;
    let file = |json: Option<FileJson>, member| {
        json.map(|json| file(json, &format!("{place}.{member}")))
            .transpose()
    };
    Ok(Change {
        name: Name::existing(name),
        action: match action {
            ActionJson::Create => Action::Create,
            ActionJson::Update => Action::Update,
            ActionJson::Delete => Action::Delete,
            ActionJson::Adopt => Action::Adopt,
            ActionJson::Forget => Action::Forget,
            ActionJson::None => Action::None,
        },
        reasons: each(reasons, &format!("{place}.reasons"), reason)?,
        renamed_from: renamed_from.map(Name::existing),
        before: file(before, "before")?,
        after: file(after, "after")?,
        drifted: drifted.map(drift),
        protect,
    })
}

fn reason(json: ReasonJson, place: &str) -> Result<Reason, PlanFileError> {
    let ReasonJson {
        code,
        attribute: of,
        cause: by,
        name,
    } = json;
    Ok(match code {
        ReasonCode::New => Reason::New,
        ReasonCode::Missing => Reason::Missing,
        ReasonCode::Differs => match (of, by) {
            (Some(of), Some(by)) => Reason::Differs(attribute(of), cause(by)),
            _ => return Err(wrong(place, "`differs` needs `attribute` and `cause`")),
        },
        ReasonCode::AlreadyThere => Reason::AlreadyThere,
        ReasonCode::TakenOver => Reason::TakenOver,
        ReasonCode::InTheWay => Reason::InTheWay,
        ReasonCode::NotDesired => Reason::NotDesired,
        ReasonCode::NotThen => Reason::NotThen,
        ReasonCode::Unmanaged => Reason::Unmanaged,
        ReasonCode::RenamedTo => match name {
            Some(name) => Reason::RenamedTo(Name::existing(name)),
            None => return Err(wrong(place, "`renamed_to` needs `name`")),
        },
        ReasonCode::Destroy => Reason::Destroy,
        ReasonCode::Agrees => Reason::Agrees,
    })
}

fn attribute(json: AttributeJson) -> Attribute {
    match json {
        AttributeJson::Content => Attribute::Content,
        AttributeJson::Description => Attribute::Description,
        AttributeJson::HasParameters => Attribute::HasParameters,
        AttributeJson::ParametersDescription => Attribute::ParametersDescription,
    }
}

fn cause(json: CauseJson) -> Cause {
    match json {
        CauseJson::Manifest => Cause::Manifest,
        CauseJson::Drift => Cause::Drift,
        CauseJson::Both => Cause::Both,
        CauseJson::Rollback => Cause::Rollback,
    }
}

fn file(json: FileJson, place: &str) -> Result<File, PlanFileError> {
    let FileJson {
        sha256,
        size,
        description,
        has_parameters,
        parameters_description,
    } = json;
    let sha256 = sha256
        .parse()
        .map_err(|_| wrong(&format!("{place}.sha256"), "expected 64 hexadecimal digits"))?;
    Ok(File {
        sha256,
        size,
        description,
        has_parameters,
        parameters_description,
    })
}

fn drift(json: DriftJson) -> Drift {
    let DriftJson { attributes, by, at } = json;
    Drift {
        attributes: attributes.into_iter().map(attribute).collect(),
        by,
        at,
    }
}

fn refusal(json: DiagnosticJson, place: &str) -> Result<Refusal, PlanFileError> {
    let DiagnosticJson {
        code,
        severity: SeverityJson::Error,
        // Of most, they follow from the rest.
        message,
        help,
        name,
        other,
        deletes,
        allowed,
        rule,
        said,
    } = json;
    let name = name.map(Name::existing);
    let other = other.map(Name::existing);
    let read = match (code.as_str(), name, other, deletes, allowed) {
        ("jumpbag::plan::conflict", Some(name), ..) => Some(Refusal::Conflict(name)),
        ("jumpbag::plan::case_clash", Some(name), Some(other), ..) => {
            Some(Refusal::CaseClash { name, other })
        }
        ("jumpbag::plan::protected", Some(name), ..) => Some(Refusal::Protected(name)),
        ("jumpbag::plan::too_many_deletes", _, _, Some(deletes), Some(allowed)) => {
            Some(Refusal::TooManyDeletes { deletes, allowed })
        }
        (lint, Some(name), ..) if lint.starts_with(concat!("jumpbag::", "lint::")) => {
            Some(Refusal::Lint {
                name,
                code: code.clone(),
                message,
                help,
            })
        }
        ("jumpbag::policy::deny", name, ..) => {
            rule.zip(said).map(|(rule, message)| Refusal::Policy {
                name,
                rule,
                message,
            })
        }
        // One that is not understood must not be dropped: the plan would become applicable.
        _ => None,
    };
    read.ok_or_else(|| wrong(place, "not a diagnostic that this version knows"))
}
