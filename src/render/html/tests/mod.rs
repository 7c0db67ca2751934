//! What a page holds, and that nothing in it can be forged.

mod dom;
mod forgery;
mod look;
mod parts;

use super::html;
use crate::plan::{LibraryPlan, Plan};
use crate::render::tests::fixtures::{FINGERPRINT, plan};
use crate::render::{Contents, Review};

const COMMAND: &str = "jumpbag apply --approved sha256:00";

fn page_of(plan: &Plan, contents: &Contents) -> String {
    html(&Review {
        plan,
        fingerprint: FINGERPRINT,
        contents,
        command: if plan.is_refused() { "" } else { COMMAND },
    })
}

fn page(library: LibraryPlan, contents: &Contents) -> String {
    page_of(&plan(library), contents)
}
