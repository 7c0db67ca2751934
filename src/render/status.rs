//! What `jumpbag status` shows: how each library stands.

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::{visible, word};
use super::pretty_json;
use super::size::{plural, thousands};
use super::style::Role;
use super::text::{Page, TextOptions, heading};
use super::words::to_seconds;
use crate::model::LibraryId;

/// The format that this version writes.
const FORMAT_VERSION: &str = "1.0";

/// What `jumpbag status --json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Status")]
struct StatusJson<'a> {
    /// The version of this format, `MAJOR.MINOR`: a minor version adds members, a major one changes them.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+$"))]
    format_version: &'a str,
    /// The version of jumpbag that wrote this.
    jumpbag_version: &'a str,
    /// The libraries of the manifest, in its order.
    libraries: Vec<LibraryJson<'a>>,
}

/// One library.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Library")]
struct LibraryJson<'a> {
    /// Its name in the manifest.
    name: &'a str,
    /// The API's address.
    endpoint: &'a str,
    /// Its tenant, where that is known.
    tenant_id: Option<&'a str>,
    #[serde(flatten)]
    status: &'a LibraryStatus,
}

/// How one library stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LibraryStatus {
    /// Which library.
    #[serde(skip)]
    pub(crate) library: LibraryId,
    /// The state's serial; 0 before the first apply.
    pub(crate) serial: u64,
    /// How many files the state knows.
    pub(crate) files: u64,
    /// How many uploads were begun by a run that did not come to record them.
    pub(crate) pending: u64,
    /// The last write of the state; null before the first.
    pub(crate) written: Option<LastWrite>,
    /// Whether a run is at work.
    pub(crate) lock: LockSeen,
    /// What the library holds, against the state; null where nobody looked, or could.
    pub(crate) drift: Option<DriftSeen>,
    /// What is left of each limit.
    pub(crate) limits: Vec<Allowance>,
}

/// The last write of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LastWrite {
    /// When, in UTC.
    pub(crate) at: String,
    /// The user's name.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The command, as it was typed.
    pub(crate) command: String,
    /// The page of the run, where a service for pipelines ran it.
    pub(crate) run_url: Option<String>,
}

/// Whether a state is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum LockSeen {
    /// By nobody.
    Free,
    /// Nobody can tell.
    NotKnown,
    /// By a run; null in the moment before it says who it is.
    Held {
        /// Who holds it.
        owner: Option<LockOwner>,
    },
    /// By a run that was killed; the next one takes the lock over.
    LeftBehind {
        /// Who held it.
        owner: LockOwner,
    },
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LockOwner {
    /// What `state unlock` takes.
    pub(crate) id: String,
    /// The user's name.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The command, as it was typed.
    pub(crate) command: String,
    /// Since when, in UTC.
    pub(crate) since: String,
}

/// What a library holds, against its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct DriftSeen {
    /// How many files somebody else changed or removed.
    pub(crate) drifted: u64,
    /// How many files the state does not know.
    pub(crate) unmanaged: u64,
}

/// What is left of a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Allowance {
    /// How many calls the window takes.
    pub(crate) calls: u32,
    /// The window's length, in milliseconds.
    pub(crate) per_ms: u64,
    /// How many calls can be made now.
    pub(crate) left: u32,
}

/// `libraries` as text.
pub(crate) fn status_text(libraries: &[LibraryStatus], options: TextOptions) -> String {
    let mut page = Page::new(options.color);
    for library in libraries {
        page.gap();
        heading(
            &mut page,
            &library.library,
            library.serial,
            library.serial > 0,
        );
        page.gap();
        let rows = [
            ("files    ", " ", files(library)),
            (
                "written  ",
                " ",
                library.written.as_ref().map_or_else(Vec::new, written),
            ),
            ("lock     ", " ", lock(&library.lock)),
            ("drift    ", " ", vec![drift(library)]),
            ("calls    ", ", ", library.limits.iter().map(left).collect()),
        ];
        for (what, separator, pieces) in rows {
            if !pieces.is_empty() {
                page.pack((2, (Role::Quiet, what)), 11, separator, &pieces);
            }
        }
    }
    page.text
}

/// `libraries` as JSON.
pub(crate) fn status_json(libraries: &[LibraryStatus]) -> String {
    pretty_json(&StatusJson {
        format_version: FORMAT_VERSION,
        jumpbag_version: env!("CARGO_PKG_VERSION"),
        libraries: libraries.iter().map(LibraryJson::of).collect(),
    })
}

/// The JSON schema of [`status_json`]'s document.
pub(crate) fn status_schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<StatusJson<'_>>()
}

impl<'a> LibraryJson<'a> {
    fn of(status: &'a LibraryStatus) -> Self {
        Self {
            name: &status.library.name,
            endpoint: &status.library.endpoint,
            tenant_id: status.library.tenant_id.as_deref(),
            status,
        }
    }
}

type Pieces = Vec<(Role, String)>;

fn files(library: &LibraryStatus) -> Pieces {
    let files = plural(library.files, "file");
    if library.pending == 0 {
        return vec![(Role::Plain, files)];
    }
    let pending = plural(library.pending, "upload");
    let pending =
        format!("{pending} of a run that was stopped: the next one settles what became of it");
    vec![(Role::Plain, format!("{files},")), (Role::Changed, pending)]
}

fn written(written: &LastWrite) -> Pieces {
    let plain = |text: String| (Role::Plain, text);
    let mut pieces = vec![
        plain(to_seconds(&written.at).into_owned()),
        plain(format!("by {}:", who(&written.user, &written.host))),
    ];
    pieces.extend(words(&written.command));
    pieces.extend(
        written
            .run_url
            .as_deref()
            .map(|url| plain(word(url).into_owned())),
    );
    pieces
}

fn lock(lock: &LockSeen) -> Pieces {
    let held = |how: &str, owner: &LockOwner| {
        let since = to_seconds(&owner.since).into_owned();
        let mut pieces = vec![
            (Role::Changed, how.to_owned()),
            (Role::Plain, format!("by {}", who(&owner.user, &owner.host))),
            (Role::Plain, format!("since {},", word(&since))),
            (Role::Plain, format!("id {}:", word(&owner.id))),
        ];
        pieces.extend(words(&owner.command));
        pieces
    };
    match lock {
        LockSeen::Free => vec![(Role::Plain, "free".to_owned())],
        LockSeen::NotKnown => vec![(Role::Quiet, "not known".to_owned())],
        LockSeen::Held { owner: None } => vec![(Role::Changed, "held".to_owned())],
        LockSeen::Held { owner: Some(owner) } => held("held", owner),
        LockSeen::LeftBehind { owner } => held("left behind", owner),
    }
}

fn drift(library: &LibraryStatus) -> (Role, String) {
    let Some(DriftSeen { drifted, unmanaged }) = &library.drift else {
        return (Role::Quiet, "not known".to_owned());
    };
    let (role, drifted) = match drifted {
        0 => (Role::Plain, "none".to_owned()),
        _ => (Role::Changed, plural(*drifted, "file")),
    };
    let unmanaged = match unmanaged {
        0 => String::new(),
        _ => format!(", {} unmanaged", thousands(*unmanaged)),
    };
    (role, format!("{drifted}{unmanaged}"))
}

fn left(limit: &Allowance) -> (Role, String) {
    let role = if limit.left == 0 {
        Role::Changed
    } else {
        Role::Plain
    };
    let [left, calls] = [limit.left, limit.calls].map(|number| thousands(u64::from(number)));
    (
        role,
        format!("{left} of {calls} left in {}", per(limit.per_ms)),
    )
}

/// A window's length, as a manifest writes it.
fn per(milliseconds: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let fits = |(unit, _): &&(u64, &str)| milliseconds.is_multiple_of(*unit);
    let (unit, name) = units.iter().find(fits).unwrap_or(&(1, "ms"));
    format!("{}{name}", milliseconds / unit)
}

/// The words of a command, which may be anybody's: nothing in it makes a line or a column.
fn words(command: &str) -> impl Iterator<Item = (Role, String)> {
    let words = command.split_whitespace();
    words.map(|word| (Role::Plain, visible(word).into_owned()))
}

fn who(user: &str, host: &str) -> String {
    word(&format!("{user}@{host}")).into_owned()
}
