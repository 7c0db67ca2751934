//! The lines of an apply's events: the only types of them that are written.
//!
//! A minor version of the format adds events and members, a major one removes or changes them; readers ignore
//! what they do not know.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::render::json::document::{ActionJson, ReasonJson, SummaryJson};

/// The format that this version writes.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// One line of the events of jumpbag's applies. The lines of a run have its `run_id`, and are numbered without
/// a gap; a file may hold the lines of many runs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(super) struct Line<'a> {
    /// The run: a UUID, new for each.
    pub(super) run_id: &'a str,
    /// The line's number in the run, from 1. A number that is missing is a line that was lost.
    pub(super) sequence: u64,
    /// When, in UTC (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub(super) time: &'a str,
    /// What.
    #[serde(flatten)]
    pub(super) event: &'a Event,
}

/// What happened. A change is `planned`, then `started` where it needs a call, and then one of `done`,
/// `failed`, `unknown`, `not_tried` and `not_recorded`. One that was started and has none of these was under
/// way when the run was killed: whether it was made is not known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The run begins: the first line of each.
    RunStarted(Box<RunStarted>),
    /// It is known what would be done. Nothing is done yet, and perhaps nothing may be.
    Plan {
        /// The plan's fingerprint.
        #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
        fingerprint: String,
        /// The counts over all libraries.
        summary: SummaryJson,
        /// Why it must not be applied; empty where it may be.
        refusals: Vec<Problem>,
    },
    /// The plan may be applied.
    Approved {
        /// Who or what says so.
        how: Approval,
    },
    /// A change that is going to be made. All of them stand before the first is started.
    Planned {
        /// The library's name in the manifest.
        library: String,
        /// The file's name.
        name: String,
        /// What is to be done.
        action: ActionJson,
        /// Why.
        reasons: Vec<ReasonJson>,
        /// For a create whose content is that of a deleted file: that file's name.
        renamed_from: Option<String>,
        /// The digest of the content before; null where there is no file.
        #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
        sha256_before: Option<String>,
        /// The digest of the content after; null where no file shall be.
        #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
        sha256_after: Option<String>,
    },
    /// The changes of a library begin.
    LibraryStarted {
        /// The library's name in the manifest.
        library: String,
        /// Where its API is.
        endpoint: String,
        /// The tenant, where one is named.
        tenant_id: Option<String>,
        /// The application that the API is asked by, as its token claims, which only the API can verify; null
        /// where the token does not say.
        client_id: Option<String>,
        /// The id of the state's life; null before the first write.
        lineage: Option<String>,
        /// The state's serial before.
        serial: u64,
    },
    /// The calls for a change begin. This line is on disk before the first of them is made.
    Started {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// The id that all of its requests carry, in the header `client-request-id`.
        client_request_id: String,
    },
    /// A change is made, and the state that knows it is on disk.
    Done {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// The serial of that state.
        serial: u64,
        /// The calls that it took.
        calls: Vec<Call>,
    },
    /// A change was not made.
    Failed {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// Why.
        error: Problem,
        /// The calls that were made.
        calls: Vec<Call>,
    },
    /// A change may have been made or not: the next plan looks.
    Unknown {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// Why; null where the run was stopped while a call was under way.
        error: Option<Problem>,
        /// The calls that were made; empty where the run was stopped.
        calls: Vec<Call>,
    },
    /// A change was not begun, or stopped before the API did anything.
    NotTried {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// The calls that were made, and refused.
        calls: Vec<Call>,
    },
    /// A change is made, and the state does not know it, because it could not be saved: the next plan finds it.
    NotRecorded {
        /// Which change.
        #[serde(flatten)]
        change: ChangeRef,
        /// The calls that it took.
        calls: Vec<Call>,
    },
    /// The changes of a library are over.
    LibraryFinished {
        /// The library's name in the manifest.
        library: String,
        /// The state's serial after; null where the run was stopped.
        serial: Option<u64>,
        /// How many changes ended how.
        #[serde(flatten)]
        counts: Counts,
    },
    /// The run is over: the last line of each that was not killed.
    RunFinished {
        /// How it ended.
        result: Outcome,
        /// The exit code.
        exit_code: u8,
        /// Why it did not do what it was asked, where one error says so.
        error: Option<Problem>,
    },
}

/// Who runs what, and where. Nothing of it is verified: it is what the environment says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunStarted {
    /// The version of this format, `MAJOR.MINOR`.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+$"))]
    pub(crate) format_version: String,
    /// The version of jumpbag.
    pub(crate) jumpbag_version: String,
    /// The command as it was typed.
    pub(crate) command: String,
    /// The user's name on the machine.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The process's id.
    pub(crate) process: u32,
    /// The application that the environment names, if any. Which one a library was asked by, its
    /// `library_started` says.
    pub(crate) identity: Option<Identity>,
    /// The pipeline that this runs in, if any.
    pub(crate) ci: Option<Ci>,
}

/// An application registration.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Identity {
    /// Its client id.
    pub(crate) client_id: String,
    /// Where that is from.
    pub(crate) source: IdentitySource,
}

/// Where a client id is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdentitySource {
    /// A claim of the token, which only the API can verify.
    UnverifiedTokenClaim,
    /// The variable `AZURE_CLIENT_ID`.
    Environment,
}

/// A pipeline's run.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Ci {
    /// Which service runs it.
    pub(crate) provider: Provider,
    /// The page of the run.
    pub(crate) run_url: Option<String>,
    /// The commit that it runs for.
    pub(crate) commit: Option<String>,
    /// Who started it.
    pub(crate) actor: Option<String>,
}

/// A service that runs pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provider {
    GithubActions,
    AzurePipelines,
    GitlabCi,
}

/// Who or what approved a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Approval {
    /// Somebody answered `yes`.
    Question,
    /// `--auto-approve`.
    AutoApprove,
    /// `--approved`, with this plan's fingerprint.
    ApprovedFingerprint,
    /// It was saved, and whoever saved it has seen it.
    SavedPlan,
    /// It has no changes.
    NoChanges,
}

/// Which change a line is about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeRef {
    /// The library's name in the manifest.
    pub(crate) library: String,
    /// The file's name.
    pub(crate) name: String,
    /// What is done.
    pub(crate) action: ActionJson,
}

/// What is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// A stable code, such as `jumpbag::library::exists`.
    pub(crate) code: Option<String>,
    /// What, with its causes.
    pub(crate) message: String,
}

/// One request to the API.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Call {
    /// The HTTP method.
    pub(crate) method: String,
    /// The HTTP status; null where no answer came.
    pub(crate) status: Option<u16>,
    /// The ids in the answer by which the service's support finds it: by header, and `target` for the one in
    /// an error's text.
    pub(crate) ids: BTreeMap<String, String>,
}

/// How many changes of a library ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Counts {
    /// Made, and in the state.
    pub(crate) done: u64,
    /// Not made.
    pub(crate) failed: u64,
    /// Perhaps made.
    pub(crate) unknown: u64,
    /// Not begun.
    pub(crate) not_tried: u64,
    /// Made, and not in the state.
    pub(crate) not_recorded: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Everything is done.
    Done,
    /// An error; nothing was changed.
    Failed,
    /// Some changes failed, or were not tried.
    Incomplete,
    /// The plan was refused, or not approved; nothing was changed.
    Refused,
    /// Somebody else held the state's lock; nothing was changed.
    Locked,
    /// It was interrupted.
    Interrupted,
}
