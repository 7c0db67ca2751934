//! jumpbag's own document of what `validate` found.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Annotation, Place};
use crate::diagnostics::Severity;
use crate::render::pretty_json;

/// The format that this version writes. 1.1 added `path` to places: a manifest may include files.
const FORMAT_VERSION: &str = "1.1";

/// What `jumpbag validate --format json` found in a manifest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Validation")]
struct ValidationJson<'a> {
    /// The version of this format, `MAJOR.MINOR`: a minor version adds members, a major one changes them.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+$"))]
    format_version: &'a str,
    /// The version of jumpbag that wrote this.
    jumpbag_version: &'a str,
    /// The manifest, relative to the repository.
    manifest: &'a str,
    /// Whether there is no error.
    valid: bool,
    /// Errors and warnings, in the order of the manifest and of what it includes.
    problems: Vec<ProblemJson<'a>>,
}

/// Something that is wrong or odd.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct ProblemJson<'a> {
    /// A stable code, such as `jumpbag::manifest::duplicate_name`.
    code: &'a str,
    /// Whether it stops every run.
    severity: SeverityJson,
    /// What is wrong.
    message: &'a str,
    /// What to do next.
    help: Option<&'a str>,
    /// Where; the first place is the primary one. Empty where it is about no line of a file.
    places: Vec<PlaceJson<'a>>,
}

/// Whether a problem stops every run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Severity")]
enum SeverityJson {
    Error,
    Warning,
}

/// A place in the manifest, or in a file that it includes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct PlaceJson<'a> {
    /// The file, relative to the repository.
    path: &'a str,
    /// The first byte, from 0.
    offset: usize,
    /// How many bytes.
    length: usize,
    /// The first character's line, from 1.
    line: usize,
    /// The first character's column in characters, from 1.
    column: usize,
    /// The line behind the last character.
    end_line: usize,
    /// The column behind the last character.
    end_column: usize,
    /// What is there; may be empty.
    label: &'a str,
}

/// `annotations` as that document.
pub(crate) fn json(path: &str, annotations: &[Annotation]) -> String {
    let document = ValidationJson {
        format_version: FORMAT_VERSION,
        jumpbag_version: env!("CARGO_PKG_VERSION"),
        manifest: path,
        valid: annotations.iter().all(|it| it.severity != Severity::Error),
        problems: annotations.iter().map(problem).collect(),
    };
    pretty_json(&document)
}

/// The JSON schema of [`json`]'s documents.
pub(crate) fn schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<ValidationJson<'_>>()
}

fn problem(annotation: &Annotation) -> ProblemJson<'_> {
    ProblemJson {
        code: &annotation.code,
        severity: match annotation.severity {
            Severity::Error => SeverityJson::Error,
            Severity::Warning => SeverityJson::Warning,
        },
        message: &annotation.message,
        help: annotation.help.as_deref(),
        places: annotation.places.iter().map(place).collect(),
    }
}

fn place(place: &Place) -> PlaceJson<'_> {
    PlaceJson {
        path: &place.path,
        offset: place.span.start,
        length: place.span.end.saturating_sub(place.span.start),
        line: place.start.0,
        column: place.start.1,
        end_line: place.end.0,
        end_column: place.end.1,
        label: &place.label,
    }
}
