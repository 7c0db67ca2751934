//! Plans that are not applied.

use camino::Utf8PathBuf;
use miette::Diagnostic;
use thiserror::Error as ThisError;

/// Why a plan is not applied: exit code 4.
#[derive(Debug, ThisError, Diagnostic)]
pub(crate) enum Refused {
    /// The plan has conflicts, or is against a rule.
    #[error("the plan is refused, and nothing was changed")]
    #[diagnostic(
        code(jumpbag::apply::refused),
        help("resolve what the plan marks with `!`, then plan again")
    )]
    Plan,

    /// The answer was not `yes`.
    #[error("the plan was not approved, and nothing was changed")]
    #[diagnostic(code(jumpbag::apply::not_approved), help("answer `yes` to apply it"))]
    NotApproved,

    /// There is nobody to ask.
    #[error("nobody can be asked to approve the plan, and nothing was changed")]
    #[diagnostic(
        code(jumpbag::apply::no_terminal),
        help(
            "pass `--approved {fingerprint}` to apply exactly this plan, or `--auto-approve` to apply whatever is planned"
        )
    )]
    NoTerminal {
        /// The plan's.
        fingerprint: String,
    },

    /// What would be done is not what was approved.
    #[error("the plan is {found}, and {approved} was approved; nothing was changed")]
    #[diagnostic(
        code(jumpbag::apply::fingerprint_mismatch),
        help("have the plan above reviewed, and approve its fingerprint")
    )]
    Fingerprint {
        /// The fingerprint of what would be done.
        found: String,
        /// What `--approved` gave.
        approved: String,
    },

    /// A saved plan no longer fits.
    #[error("the plan is stale, and nothing was changed: {}", .misfits.join("; "))]
    #[diagnostic(
        code(jumpbag::apply::stale),
        help("plan again, and have the new plan approved")
    )]
    Stale {
        /// What does not fit.
        misfits: Vec<String>,
    },

    /// A saved plan is not what its fingerprint says.
    #[error(
        "the plan `{path}` was altered: it is not what its fingerprint says; nothing was changed"
    )]
    #[diagnostic(code(jumpbag::apply::altered), help("plan again"))]
    Altered {
        /// The plan.
        path: Utf8PathBuf,
    },
}
