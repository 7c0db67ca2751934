//! How the library differs from what the state says, whatever the manifest asks for.

use std::collections::BTreeMap;

use super::Drift;
use crate::model::{Name, ObservedFile, Seen, TrackedFile};

/// Every tracked file that is no longer as jumpbag put it there, by name.
pub(crate) fn drift(
    tracked: &BTreeMap<Name, TrackedFile>,
    observed: &BTreeMap<Name, ObservedFile>,
) -> BTreeMap<Name, Drift> {
    tracked
        .iter()
        .filter_map(|(name, tracked)| {
            Some((
                name.clone(),
                of_file(tracked, observed.get(name).map(Seen::from))?,
            ))
        })
        .collect()
}

/// How one tracked file drifted, if it did.
pub(super) fn of_file(tracked: &TrackedFile, observed: Option<Seen<'_>>) -> Option<Drift> {
    let Some(observed) = observed else {
        return Some(Drift {
            attributes: Vec::new(),
            by: None,
            at: None,
        });
    };
    let attributes = tracked.file.differences(observed.file);
    (!attributes.is_empty()).then(|| Drift {
        attributes,
        by: observed.created_by.map(str::to_owned),
        at: observed.last_updated.map(str::to_owned),
    })
}
