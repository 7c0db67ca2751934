//! A plan as JSON: the only types of a plan that are written and read.
//!
//! A minor version of the format adds members, a major one removes or changes them; readers ignore
//! members that they do not know.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The format that this version writes.
pub(super) const FORMAT_VERSION: &str = "1.3";
/// The newest major version of the format that this version reads.
pub(super) const FORMAT_MAJOR: u64 = 1;

/// A plan of jumpbag: the ordered changes that take live response libraries to what the manifest asks for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Plan")]
pub(super) struct PlanJson<'a> {
    /// The version of this format, `MAJOR.MINOR`.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+$"))]
    pub(super) format_version: String,
    /// The version of jumpbag that wrote this.
    pub(super) jumpbag_version: String,
    /// A digest of what the plan would do: the same fingerprint, the same effect.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub(super) fingerprint: String,
    /// The counts over all libraries.
    pub(super) summary: SummaryJson,
    /// One part for each library, by name.
    pub(super) libraries: Vec<LibraryJson>,
    /// What was odd about the manifest; since 1.1.
    #[serde(default)]
    pub(super) warnings: Vec<WarningJson<'a>>,
}

/// Something that was odd about the manifest, and stops nothing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Warning")]
pub(super) struct WarningJson<'a> {
    /// A stable code, such as `jumpbag::lint::name_characters`.
    pub(super) code: Cow<'a, str>,
    /// What is odd.
    pub(super) message: Cow<'a, str>,
    /// Where, such as `jumpbag.yaml:12:5`.
    pub(super) place: Option<Cow<'a, str>>,
    /// What to do about it.
    pub(super) help: Option<Cow<'a, str>>,
    /// The files that it is about, where that is known; since 1.3.
    #[serde(default)]
    pub(super) files: Vec<WarnedFileJson<'a>>,
}

/// A file that a warning is about.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WarnedFile")]
pub(super) struct WarnedFileJson<'a> {
    /// The library's name.
    pub(super) library: Cow<'a, str>,
    /// The file's name.
    pub(super) name: Cow<'a, str>,
}

/// How many files a plan does what with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Summary")]
pub(crate) struct SummaryJson {
    /// Uploads of new files.
    pub(super) create: u64,
    /// Uploads over existing files.
    pub(super) update: u64,
    /// Deletions.
    pub(super) delete: u64,
    /// Files taken into the state, without a call.
    pub(super) adopt: u64,
    /// Files dropped from the state, without a call.
    pub(super) forget: u64,
    /// Files that are as they should be.
    pub(super) unchanged: u64,
    /// Files that are neither desired nor tracked, and left alone.
    pub(super) unmanaged: u64,
    /// Files that somebody changed since the last apply.
    pub(super) drifted: u64,
}

/// The part of a plan that is about one library.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Library")]
pub(super) struct LibraryJson {
    /// Its name in the manifest.
    pub(super) name: String,
    /// Where its API is, as the manifest spells it.
    pub(super) endpoint: String,
    /// The tenant, where one is named.
    #[serde(deserialize_with = "present")]
    pub(super) tenant_id: Option<String>,
    /// The id of the state's life; null before the first write.
    #[serde(deserialize_with = "present")]
    pub(super) lineage: Option<String>,
    /// The state's counter of writes.
    pub(super) serial: u64,
    /// Whether the library was listed, or the state was taken for it.
    pub(super) refreshed: bool,
    /// Every file that the plan looked at, in the order of execution.
    pub(super) changes: Vec<ChangeJson>,
    /// The names of the files that are neither desired nor tracked, and left alone.
    pub(super) unmanaged: Vec<String>,
    /// How many files `--target` left out.
    pub(super) left_out: u64,
    /// The serial of the state that the library goes back to; null where the manifest decides.
    #[serde(default)]
    pub(super) rollback: Option<u64>,
    /// How many API calls the changes take.
    pub(super) calls: u64,
    /// The least time that they take under the limits, in seconds.
    pub(super) seconds: u64,
    /// Why the plan must not be applied; empty when it may be.
    pub(super) diagnostics: Vec<DiagnosticJson>,
}

/// What is to be done about one file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Change")]
pub(super) struct ChangeJson {
    /// The file's name.
    pub(super) name: String,
    /// What is to be done.
    pub(super) action: ActionJson,
    /// Why.
    pub(super) reasons: Vec<ReasonJson>,
    /// For a create whose content is that of a deleted file: that file's name.
    #[serde(deserialize_with = "present")]
    pub(super) renamed_from: Option<String>,
    /// What is there before.
    #[serde(deserialize_with = "present")]
    pub(super) before: Option<FileJson>,
    /// What shall be there after.
    #[serde(deserialize_with = "present")]
    pub(super) after: Option<FileJson>,
    /// How the library differs from what jumpbag last put there.
    #[serde(deserialize_with = "present")]
    pub(super) drifted: Option<DriftJson>,
    /// Whether a later plan that would delete the file is an error.
    pub(super) protect: bool,
}

/// What is done about one file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Action")]
pub(crate) enum ActionJson {
    Create,
    Update,
    Delete,
    Adopt,
    Forget,
    None,
}

/// Why a change is in the plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Reason")]
pub(crate) struct ReasonJson {
    /// The kind of reason.
    pub(super) code: ReasonCode,
    /// For `differs`: in what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attribute: Option<AttributeJson>,
    /// For `differs`: who brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<CauseJson>,
    /// For `renamed_to`: the new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

/// The kind of a reason.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReasonCode {
    New,
    Missing,
    Differs,
    AlreadyThere,
    TakenOver,
    InTheWay,
    NotDesired,
    NotThen,
    Unmanaged,
    RenamedTo,
    Destroy,
    Agrees,
}

/// What two versions of a file differ in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Attribute")]
pub(super) enum AttributeJson {
    Content,
    Description,
    HasParameters,
    ParametersDescription,
}

/// Who brought about that desired and observed differ.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Cause")]
pub(super) enum CauseJson {
    Manifest,
    Drift,
    Both,
    Rollback,
}

/// One version of a file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "File")]
pub(super) struct FileJson {
    /// The digest of the content.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) sha256: String,
    /// The content's length in bytes; null where only the API knows the file, which reports none.
    #[serde(deserialize_with = "present")]
    pub(super) size: Option<u64>,
    /// What the file is for.
    #[serde(deserialize_with = "present")]
    pub(super) description: Option<String>,
    /// Whether live response offers to pass parameters.
    pub(super) has_parameters: bool,
    /// How the parameters are written.
    #[serde(deserialize_with = "present")]
    pub(super) parameters_description: Option<String>,
}

/// How a file in the library differs from what jumpbag last put there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Drift")]
pub(super) struct DriftJson {
    /// What differs; empty when the file is missing.
    pub(super) attributes: Vec<AttributeJson>,
    /// Who wrote it, in the API's words.
    #[serde(deserialize_with = "present")]
    pub(super) by: Option<String>,
    /// When, in the API's words.
    #[serde(deserialize_with = "present")]
    pub(super) at: Option<String>,
}

/// Why a plan must not be applied.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Diagnostic")]
pub(super) struct DiagnosticJson {
    /// A stable code, such as `jumpbag::plan::conflict`.
    pub(super) code: String,
    /// How bad it is.
    pub(super) severity: SeverityJson,
    /// What is wrong.
    pub(super) message: String,
    /// What to do next.
    pub(super) help: String,
    /// The file that it is about; null where it is about the whole plan.
    #[serde(deserialize_with = "present")]
    pub(super) name: Option<String>,
    /// For `case_clash`: the name that the library holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<String>,
    /// For `too_many_deletes`: how many the plan has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deletes: Option<u64>,
    /// For `too_many_deletes`: how many are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) allowed: Option<u64>,
    /// For a denial by policy: the rule. Since 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
    /// For a denial by policy: what the rule says. Since 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) said: Option<String>,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Severity")]
pub(super) enum SeverityJson {
    Error,
}

/// A member that may be null but not absent: a plan that lost one must not be taken for one that had none.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}
