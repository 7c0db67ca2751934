//! A second opinion on a plan, by code that did not make it.

use std::collections::BTreeSet;

use super::{Action, Change, LibraryPlan, Reason};
use crate::model::{File, Inputs, Name, Unmanaged};

/// Something in a plan that does not fit what is desired, tracked and observed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The file that it is about; `None` where it is about the whole plan.
    pub(crate) name: Option<Name>,
    /// What does not fit, as a phrase.
    pub(crate) what: String,
}

/// Every way in which `plan` does not fit `inputs`; empty when it can be applied as it is.
///
/// It is asked about every plan before it is applied. For one just made, a misfit is a mistake of the
/// planner; for a saved one, the world has moved.
pub(crate) fn check(inputs: &Inputs, plan: &LibraryPlan) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let mut whole = |fits: bool, what: &str| {
        if !fits {
            misfits.push(Misfit {
                name: None,
                what: what.to_owned(),
            });
        }
    };
    whole(
        plan.library == inputs.library,
        "it was made for another library",
    );
    whole(
        plan.lineage == inputs.lineage,
        "the state has another lineage",
    );
    whole(
        plan.serial == inputs.serial,
        "the state has been written since",
    );
    whole(in_order(&plan.changes), "its changes are not in order");
    for change in &plan.changes {
        if let Err(what) = fits(inputs, change) {
            misfits.push(Misfit {
                name: Some(change.name.clone()),
                what: what.to_owned(),
            });
        }
    }
    misfits.extend(missing(inputs, plan));
    misfits
}

/// Whether deletes come last, each part is ordered by name, and no name comes twice.
fn in_order(changes: &[Change]) -> bool {
    let key = |change: &Change| (change.action == Action::Delete, change.name.clone());
    let names: BTreeSet<_> = changes.iter().map(|change| &change.name).collect();
    changes.is_sorted_by_key(key) && names.len() == changes.len()
}

fn same(one: Option<&File>, other: Option<&File>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same_as(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn fits(inputs: &Inputs, change: &Change) -> Result<(), &'static str> {
    let desired = inputs.desired.get(&change.name);
    let tracked = inputs.tracked.get(&change.name);
    let observed = inputs.seen_as(&change.name).map(|seen| seen.file);
    let require = |fits: bool, what| if fits { Ok(()) } else { Err(what) };

    if !same(change.before.as_ref(), observed) {
        return Err("the library holds something else than when the plan was made");
    }
    match change.action {
        Action::Create | Action::Update | Action::Adopt | Action::None => {
            let desired = desired.ok_or("the manifest no longer asks for it")?;
            require(
                same(change.after.as_ref(), Some(&desired.file)),
                "the manifest or the source asks for something else than when the plan was made",
            )?;
            require(
                change.protect == desired.protect,
                "its protection has changed",
            )?;
        }
        Action::Delete | Action::Forget => {
            require(change.after.is_none(), "it keeps a deleted file")?;
        }
    }
    match change.action {
        Action::Create => require(observed.is_none(), "a file of that name is there"),
        Action::Update => require(
            tracked.is_some() || desired.is_some_and(|desired| desired.adopt),
            "jumpbag did not put the file there, and it may not take it over",
        ),
        Action::Delete => {
            let destroys = change.reasons.contains(&Reason::Destroy);
            require(
                desired.is_none() || destroys,
                "the manifest asks for the file",
            )?;
            require(
                tracked.is_some() || inputs.policy.unmanaged == Unmanaged::Delete && !destroys,
                "jumpbag did not put the file there",
            )
        }
        Action::Adopt => require(
            tracked.is_none() && same(change.after.as_ref(), observed),
            "it is not equal to what is there",
        ),
        Action::Forget => require(
            tracked.is_some() && observed.is_none(),
            "there is nothing to forget",
        ),
        Action::None => Ok(()),
    }
}

/// Desired files that a plan of everything says nothing about.
fn missing(inputs: &Inputs, plan: &LibraryPlan) -> Vec<Misfit> {
    let destroys = plan
        .changes
        .iter()
        .any(|change| change.reasons.contains(&Reason::Destroy));
    if destroys || inputs.policy.destroy || plan.left_out > 0 {
        return Vec::new();
    }
    let planned: BTreeSet<_> = plan.changes.iter().map(|change| &change.name).collect();
    inputs
        .desired
        .keys()
        .filter(|name| !planned.contains(name))
        .map(|name| Misfit {
            name: Some(name.clone()),
            what: "the manifest asks for it, and the plan does not know it".to_owned(),
        })
        .collect()
}
