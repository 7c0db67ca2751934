//! What a state holds, in memory.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{File, LibraryId, Name, TrackedFile};

use super::Error;

/// Everything that jumpbag remembers about one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// The id of the state's life; `None` before the first write.
    pub(crate) lineage: Option<String>,
    /// The counter of writes; 0 before the first.
    pub(crate) serial: u64,
    /// Which library it is about.
    pub(crate) library: LibraryId,
    /// Who wrote it; `None` before the first write.
    pub(crate) written: Option<Written>,
    /// What jumpbag put into the library.
    pub(crate) files: BTreeMap<Name, TrackedFile>,
    /// Uploads that were started and whose outcome was not recorded yet.
    pub(crate) pending: BTreeMap<Name, File>,
}

/// One write of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// When.
    pub(crate) at: Timestamp,
    /// The user's name.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The command, as it was typed.
    pub(crate) command: String,
    /// The page of the run, where a service for pipelines runs it.
    pub(crate) run_url: Option<String>,
    /// What the run does, where it is known.
    pub(crate) run: RunAccount,
}

/// What a run says of itself, before it writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunAccount {
    /// The revision of the manifest.
    pub(crate) revision: Option<Revision>,
    /// The plan that it applies.
    pub(crate) plan: Option<PlanAccount>,
}

/// A revision of the repository that a manifest is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    /// The commit's hash.
    pub(crate) commit: String,
    /// Whether tracked files differ from it.
    pub(crate) dirty: bool,
}

/// A plan that is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanAccount {
    /// What was approved: of all libraries together.
    pub(crate) fingerprint: String,
    /// How many of this library's files are created.
    pub(crate) create: u64,
    /// How many are updated.
    pub(crate) update: u64,
    /// How many are deleted.
    pub(crate) delete: u64,
    /// How many that are there are taken into the state.
    pub(crate) adopt: u64,
    /// How many that are gone are forgotten.
    pub(crate) forget: u64,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Names this one time of holding it; a random UUID.
    pub(crate) id: String,
    /// The user's name.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The process on that machine.
    pub(crate) pid: u32,
    /// The command, as it was typed.
    pub(crate) command: String,
    /// Since when.
    pub(crate) since: Timestamp,
    /// The page of the run, where a service for pipelines runs it.
    pub(crate) run_url: Option<String>,
}

/// What is written about a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Who holds it, or held it last.
    pub(crate) owner: Owner,
    /// When that one last said that it is alive, by its own clock; `None` where the operating system knows.
    pub(crate) renewed: Option<Timestamp>,
    /// Whether it was given back.
    pub(crate) released: bool,
}

impl Lock {
    /// A lock that was never held; `by` has made it.
    pub(super) fn unused(by: Owner) -> Self {
        Self {
            owner: by,
            renewed: None,
            released: true,
        }
    }

    /// Whether it was never held.
    pub(super) fn is_unused(&self) -> bool {
        self.released && self.renewed.is_none()
    }
}

impl Document {
    /// The state of a library of which nothing is remembered yet.
    pub(crate) fn new(library: LibraryId) -> Self {
        Self {
            lineage: None,
            serial: 0,
            library,
            written: None,
            files: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    /// Refuses a library that is not the one the state is about.
    ///
    /// The tenant decides where both sides name one: an endpoint serves many tenants, and a tenant
    /// can be moved to another endpoint. Otherwise the endpoint does. The name is the user's to change.
    pub(crate) fn check_library(&self, library: &LibraryId) -> Result<(), Error> {
        let same = if let (Some(ours), Some(theirs)) = (&self.library.tenant_id, &library.tenant_id)
        {
            ours.eq_ignore_ascii_case(theirs)
        } else {
            let [ours, theirs] =
                [&self.library, library].map(|library| library.endpoint.trim_end_matches('/'));
            ours == theirs
        };
        if same {
            return Ok(());
        }
        Err(Error::OtherLibrary {
            state: Box::new(self.library.clone()),
            wanted: Box::new(library.clone()),
        })
    }
}
