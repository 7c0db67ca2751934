//! What the parts of one plan must be to each other: a plan is made for one purpose, and has each library once.

use std::collections::BTreeSet;

use super::read::{PlanFileError, wrong};
use crate::plan::{LibraryPlan, Reason};

/// What a part was made for: going back to a serial, destroying, or, with neither, what the manifest asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Purpose {
    rollback: Option<u64>,
    destroys: bool,
}

/// Refuses `parts` that no single run could have planned: whoever looks at one of them must know what the others are for.
pub(super) fn check(parts: &[LibraryPlan]) -> Result<(), PlanFileError> {
    let mut names = BTreeSet::new();
    let mut first = None;
    for (nth, part) in parts.iter().enumerate() {
        if !names.insert(&part.library.name) {
            let place = format!("libraries[{nth}].name");
            return Err(wrong(&place, "the library is there already"));
        }
        if let Some(purpose) = purpose(part)
            && *first.get_or_insert(purpose) != purpose
        {
            let place = format!("libraries[{nth}]");
            let problem =
                "it goes back or destroys, and the parts before it do not, or the reverse";
            return Err(wrong(&place, problem));
        }
    }
    Ok(())
}

/// `None` for a part that says nothing of it.
fn purpose(part: &LibraryPlan) -> Option<Purpose> {
    let mut reasons = part.changes.iter().flat_map(|change| &change.reasons);
    let purpose = Purpose {
        rollback: part.rollback,
        destroys: reasons.any(|reason| *reason == Reason::Destroy),
    };
    (purpose.rollback.is_some() || !part.changes.is_empty()).then_some(purpose)
}
