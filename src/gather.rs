//! Joining what the manifest, the state and the library say to the planner's inputs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    DesiredFile, Inputs, LibraryId, Limit, Name, ObservedFile, Policy, TrackedFile,
};
use crate::state::Document;

/// What is known about one library before planning.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// Which library.
    pub(crate) library: LibraryId,
    /// What the state says; `None` before the first write.
    pub(crate) document: Option<Cow<'a, Document>>,
    /// What the manifest asks for.
    pub(crate) desired: Arc<BTreeMap<Name, DesiredFile>>,
    /// What the API listed; `None` without a refresh.
    pub(crate) observed: Option<BTreeMap<Name, ObservedFile>>,
    /// The user's rules.
    pub(crate) policy: Policy,
    /// The API's limits.
    pub(crate) limits: Vec<Limit>,
    /// How long ago other runs made the calls that still count in the limits.
    pub(crate) spent: Vec<Duration>,
}

/// The planner's inputs.
pub(crate) fn join(known: Known<'_>) -> Inputs {
    let Known {
        library,
        document,
        desired,
        observed,
        policy,
        limits,
        spent,
    } = known;
    let document = document.map(Cow::into_owned);
    let lineage = document.as_ref().and_then(|it| it.lineage.clone());
    let serial = document.as_ref().map_or(0, |it| it.serial);
    let tracked = document
        .map(|document| tracked(document, observed.as_ref()))
        .unwrap_or_default();
    let refreshed = observed.is_some();
    Inputs {
        library,
        lineage,
        serial,
        refreshed,
        desired,
        observed: observed.unwrap_or_default(),
        tracked,
        policy,
        limits,
        spent,
    }
}

/// What jumpbag last put there. An upload whose outcome was never recorded counts when the library holds
/// exactly that file: the run that made it was killed in between.
pub(crate) fn tracked(
    document: Document,
    observed: Option<&BTreeMap<Name, ObservedFile>>,
) -> BTreeMap<Name, TrackedFile> {
    let mut tracked = document.files;
    for (name, file) in document.pending {
        let arrived = observed
            .and_then(|observed| observed.get(&name))
            .is_some_and(|observed| observed.file.same_as(&file));
        if arrived {
            let protect = tracked.get(&name).is_some_and(|before| before.protect);
            tracked.insert(name, TrackedFile { file, protect });
        }
    }
    tracked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{File, Sha256};

    fn file(content: &str) -> File {
        File {
            sha256: Sha256::of(content.as_bytes()),
            size: None,
            description: None,
            has_parameters: false,
            parameters_description: None,
        }
    }

    fn library() -> LibraryId {
        LibraryId {
            name: "default".into(),
            endpoint: "https://a".into(),
            tenant_id: None,
        }
    }

    fn observed(content: &str) -> BTreeMap<Name, ObservedFile> {
        let seen = ObservedFile {
            file: file(content),
            created_by: None,
            last_updated: None,
        };
        BTreeMap::from([(Name::existing("a"), seen)])
    }

    #[test]
    fn an_upload_that_was_not_recorded_counts_only_when_it_arrived_as_it_was_sent() {
        let mut document = Document::new(library());
        document.pending.insert(Name::existing("a"), file("sent"));
        assert_eq!(tracked(document.clone(), Some(&observed("sent"))).len(), 1);
        assert_eq!(tracked(document.clone(), Some(&observed("other"))).len(), 0);
        assert_eq!(
            tracked(document.clone(), None).len(),
            0,
            "nobody has looked"
        );

        let before = TrackedFile {
            file: file("before"),
            protect: true,
        };
        document.files.insert(Name::existing("a"), before.clone());
        let arrived = tracked(document.clone(), Some(&observed("sent")));
        let expected = TrackedFile {
            file: file("sent"),
            protect: true,
        };
        assert_eq!(arrived[&Name::existing("a")], expected);
        let not_arrived = tracked(document.clone(), Some(&observed("before")));
        assert_eq!(not_arrived[&Name::existing("a")], before);
    }
}
