//! What can be wrong with a budget. Nothing of it stops a run.

use miette::Diagnostic;
use thiserror::Error;

use crate::state::backend::{Cause, Fault};
use crate::state::format::{Damage, FormatVersion};

use super::format;

/// Why the calls of other runs are not known.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Problem {
    /// The file was truncated or altered.
    #[error("the calls of earlier runs are not known: the budget `{path}` is damaged")]
    #[diagnostic(
        code(jumpbag::state::budget_damaged),
        severity(Warning),
        help(
            "nothing has to be done: the next call writes it anew, with the shortest limit as used up when it was last written"
        )
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<Damage>,
    },

    /// A newer version wrote the file.
    #[error(
        "the calls of other runs are not known: the budget `{path}` has the format {found}, and this jumpbag reads {}",
        format::VERSION
    )]
    #[diagnostic(
        code(jumpbag::state::budget_newer_format),
        severity(Warning),
        help(
            "install the version of jumpbag that wrote it, or a newer one; until then, the limits hold within each run only"
        )
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: FormatVersion,
    },

    /// The file system refused.
    #[error("the calls of other runs are not known: could not read the budget `{path}`")]
    #[diagnostic(
        code(jumpbag::state::budget_unreadable),
        severity(Warning),
        help(
            "give your user the right to read it; until then, the limits hold within each run only"
        )
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The operating system's answer.
        #[source]
        source: Cause,
    },
}

impl Problem {
    pub(super) fn damaged(path: String, damage: Damage) -> Self {
        let source = Box::new(damage);
        Self::Damaged { path, source }
    }

    pub(super) fn newer(path: String, found: FormatVersion) -> Self {
        Self::Newer { path, found }
    }

    pub(super) fn unreadable(path: String, fault: Fault) -> Self {
        let source = fault
            .cause()
            .unwrap_or_else(|| "somebody else was faster".into());
        Self::Unreadable { path, source }
    }

    /// Whether writing the file anew mends it, and destroys nothing.
    pub(super) fn is_mended(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
