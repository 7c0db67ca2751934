//! What a comment looks like, that it always fits, and that nothing in it can be forged.

mod fit;
mod forgery;
mod look;

use super::markdown;
use crate::plan::{LibraryPlan, Plan};
use crate::render::tests::fixtures::{FINGERPRINT, plan};
use crate::render::{Contents, Review};

const COMMAND: &str = "jumpbag apply --approved sha256:00";

fn comment_of(plan: &Plan, contents: &Contents) -> String {
    markdown(&Review {
        plan,
        fingerprint: FINGERPRINT,
        contents,
        command: if plan.is_refused() { "" } else { COMMAND },
    })
}

fn comment(library: LibraryPlan, contents: &Contents) -> String {
    comment_of(&plan(library), contents)
}
