//! A saved plan, made again: anybody may have edited the file, so it only says what was approved.

use super::prepare::Ready;
use crate::model::{Inputs, Sha256};
use crate::plan::{self, LibraryPlan, Misfit, Plan, Warning};

/// The plan that is made of `inputs` now, with today's `warnings`; what does not fit where the parts of the libraries that are `ready` come
/// out otherwise than `saved`. The others are not executed; of them, the state says what it can.
pub(super) fn again(
    saved: &Plan,
    inputs: &[Inputs],
    ready: &[Ready],
    warnings: Vec<Warning>,
) -> Result<Plan, Vec<String>> {
    let parts = ready.iter().filter_map(|one| Some((one, one.part(saved)?)));
    let mut misfits: Vec<String> = parts.flat_map(|(one, part)| misfits(one, part)).collect();
    let now = Plan {
        libraries: inputs.iter().map(|inputs| made(inputs, saved)).collect(),
        warnings,
    };
    // What is refused now has no effect, and is not what was saved.
    if misfits.is_empty() && !now.is_refused() && effect(&now, ready) != effect(saved, ready) {
        misfits.push("planned again, it comes out otherwise".to_owned());
    }
    if misfits.is_empty() {
        Ok(now)
    } else {
        Err(misfits)
    }
}

/// What `plan` does to the libraries that are `ready`.
fn effect(plan: &Plan, ready: &[Ready]) -> Sha256 {
    let parts = ready.iter().filter_map(|one| one.part(plan));
    plan::fingerprint(&Plan {
        libraries: parts.cloned().collect(),
        warnings: Vec::new(),
    })
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

/// The part that is made of `inputs`. What was refused when it was saved stays so.
fn made(inputs: &Inputs, saved: &Plan) -> LibraryPlan {
    let mut part = plan::plan(inputs);
    let mut saved = saved.libraries.iter();
    let saved = saved.find(|saved| saved.library.name == part.library.name);
    part.refuse(saved.into_iter().flat_map(|saved| saved.refusals.clone()));
    part
}
