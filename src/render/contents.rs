//! The contents that diffs are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::Sha256;
use crate::plan::{Action, Change, Plan};

/// Contents for diffs, gathered before a plan is shown. What is not among them is not at hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    by_sha256: BTreeMap<Sha256, Arc<[u8]>>,
}

/// A content with its digest.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    sha256: Sha256,
    bytes: Arc<[u8]>,
}

impl Content {
    /// `bytes` with their digest, computed here, so that a reviewer is never shown another content than the
    /// one that the plan names.
    pub(crate) fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            sha256: Sha256::of(&bytes),
            bytes,
        }
    }
}

impl Contents {
    /// Adds a content, and returns its digest.
    pub(crate) fn insert(&mut self, content: Content) -> Sha256 {
        let Content { sha256, bytes } = content;
        self.by_sha256.insert(sha256, bytes);
        sha256
    }

    /// The content of that digest, where it is at hand.
    pub(super) fn get(&self, sha256: Sha256) -> Option<&[u8]> {
        self.by_sha256.get(&sha256).map(AsRef::as_ref)
    }
}

/// The contents that showing `plan` would use: before and after of the updates that change the content.
pub(crate) fn wanted_contents(plan: &Plan) -> BTreeSet<Sha256> {
    plan.libraries
        .iter()
        .flat_map(|library| &library.changes)
        .filter_map(changed_content)
        .flat_map(<[Sha256; 2]>::from)
        .collect()
}

/// The content before and after an update that changes it.
pub(super) fn changed_content(change: &Change) -> Option<(Sha256, Sha256)> {
    let (before, after) = (
        change.before.as_ref()?.sha256,
        change.after.as_ref()?.sha256,
    );
    (change.action == Action::Update && before != after).then_some((before, after))
}
