//! A saved plan, made again: anybody may have edited the file, so it only says what was approved.

use super::prepare::Ready;
use crate::plan::{self, LibraryPlan, Misfit, Plan, Warning};

/// The plan that is made of the same files now, with today's `warnings`; what does not fit where it comes out otherwise than
/// `saved`. A library that is not ready keeps its saved part, which nobody executes.
pub(super) fn again(
    saved: &Plan,
    ready: &[Ready],
    warnings: Vec<Warning>,
) -> Result<Plan, Vec<String>> {
    let parts = ready.iter().filter_map(|one| Some((one, one.part(saved)?)));
    let mut misfits: Vec<String> = parts.flat_map(|(one, part)| misfits(one, part)).collect();
    let libraries = saved.libraries.iter().map(|part| {
        let mut ready = ready.iter();
        match ready.find(|one| one.session.id.name == part.library.name) {
            Some(one) => made_again(one, part),
            None => part.clone(),
        }
    });
    let now = Plan {
        libraries: libraries.collect(),
        warnings,
    };
    // What is refused now has no effect, and is not what was saved.
    if misfits.is_empty()
        && !now.is_refused()
        && plan::fingerprint(&now) != plan::fingerprint(saved)
    {
        misfits.push("planned again, it comes out otherwise".to_owned());
    }
    if misfits.is_empty() {
        Ok(now)
    } else {
        Err(misfits)
    }
}

/// How `part` does not fit what is desired, tracked and observed now.
pub(super) fn misfits(ready: &Ready, part: &LibraryPlan) -> Vec<String> {
    let misfits = plan::check(&ready.inputs, part).into_iter();
    let said = misfits.map(|Misfit { name, what }| match name {
        Some(name) => format!("`{name}`: {what}"),
        None => what,
    });
    said.collect()
}

/// The part of `ready`, made again. What was refused when it was saved stays so.
fn made_again(ready: &Ready, saved: &LibraryPlan) -> LibraryPlan {
    let mut part = plan::plan(&ready.inputs);
    for refusal in &saved.refusals {
        if !part.refusals.contains(refusal) {
            part.refusals.push(refusal.clone());
        }
    }
    part
}
