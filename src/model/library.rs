//! What the planner is given for one library.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{DesiredFile, Limit, Name, ObservedFile, Seen, TrackedFile};

/// Which library: part of every plan and of the state, so that neither is used on another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LibraryId {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// Where its API is, as the manifest spells it (`https://…`, or `emulator:DIR`).
    pub(crate) endpoint: String,
    /// The tenant, where the manifest or the environment names one.
    pub(crate) tenant_id: Option<String>,
}

/// What happens to files that are neither desired nor tracked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unmanaged {
    /// They are listed and left alone.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
}

/// Which files a plan is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All of them.
    #[default]
    All,
    /// These, by `--target`; the rest is left out.
    Targets(BTreeSet<Name>),
}

/// The rules that the user set for a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// See [`Unmanaged`].
    pub(crate) unmanaged: Unmanaged,
    /// The most deletions that are not refused.
    pub(crate) max_deletes: u64,
    /// See [`Selection`].
    pub(crate) selection: Selection,
    /// Whether everything tracked shall go.
    pub(crate) destroy: bool,
    /// The serial of the state that what is desired comes from, where it is not the manifest.
    pub(crate) rollback: Option<u64>,
}

impl Policy {
    /// The most deletions that a plan may have without being allowed more.
    pub(crate) const MAX_DELETES: u64 = 10;
}

/// Everything that a plan for one library depends on.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// Which library.
    pub(crate) library: LibraryId,
    /// The id of the state's life; `None` before the first write.
    pub(crate) lineage: Option<String>,
    /// The state's counter of writes; 0 before the first.
    pub(crate) serial: u64,
    /// Whether `observed` was just read from the API, or is `tracked` in its place.
    pub(crate) refreshed: bool,
    /// What the manifest asks for.
    pub(crate) desired: Arc<BTreeMap<Name, DesiredFile>>,
    /// What jumpbag last put there.
    pub(crate) tracked: BTreeMap<Name, TrackedFile>,
    /// What the API listed; empty where it was not asked. See [`Inputs::seen`].
    pub(crate) observed: BTreeMap<Name, ObservedFile>,
    /// The user's rules.
    pub(crate) policy: Policy,
    /// The API's limits, for the time that the plan takes.
    pub(crate) limits: Vec<Limit>,
    /// How long ago other runs made the calls that still count in them, for the same.
    pub(crate) spent: Vec<Duration>,
}

impl Inputs {
    /// What the library is taken to hold, by name: what the API listed, or, where it was not asked, what is tracked.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (&Name, Seen<'_>)> {
        let listed = self.observed.iter().filter(|_| self.refreshed);
        let listed = listed.map(|(name, file)| (name, Seen::from(file)));
        let tracked = if self.refreshed {
            None
        } else {
            Some(&self.tracked)
        };
        let tracked = tracked.into_iter().flatten();
        listed.chain(tracked.map(|(name, file)| (name, Seen::from(file))))
    }

    /// What the library is taken to hold under `name`.
    pub(crate) fn seen_as(&self, name: &Name) -> Option<Seen<'_>> {
        if self.refreshed {
            self.observed.get(name).map(Seen::from)
        } else {
            self.tracked.get(name).map(Seen::from)
        }
    }
}
