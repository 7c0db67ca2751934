//! The exit codes: contract, section 7.

use std::process::ExitCode;

use crate::{library, state};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done; with `--detailed-exitcode`, and there was nothing to change.
    Done,
    /// An error; this run changed nothing.
    Failed,
    /// With `--detailed-exitcode`: there are changes. Nothing else ends so.
    Changes,
    /// Apply ran, and some changes failed or were not tried.
    Incomplete,
    /// Not approved, stale, a conflict, or against a rule.
    Refused,
    /// Somebody else holds the state's lock.
    Locked,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number for it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Incomplete => 3,
            Self::Refused => 4,
            Self::Locked => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what it was asked, and how the run ends for it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) report: miette::Report,
}

impl Failure {
    /// A command that must not go on.
    pub(crate) fn refused(error: impl miette::Diagnostic + Send + Sync + 'static) -> Self {
        Self {
            exit: Exit::Refused,
            report: miette::Report::new(error),
        }
    }
}

/// Errors that end a run with [`Exit::Failed`].
macro_rules! failed {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self { exit: Exit::Failed, report: miette::Report::new(error) }
            }
        }
    )+};
}

failed!(
    crate::diagnostics::Invalid,
    crate::http::Error,
    crate::identity::Error,
    crate::manifest::ReadError,
    crate::policy::Error,
    crate::render::PlanFileError,
    super::error::Error
);

impl From<state::Error> for Failure {
    fn from(error: state::Error) -> Self {
        let locked = matches!(error, state::Error::LockedBy { .. });
        let exit = if locked { Exit::Locked } else { Exit::Failed };
        Self {
            exit,
            report: miette::Report::new(error),
        }
    }
}

impl From<library::Error> for Failure {
    fn from(error: library::Error) -> Self {
        let stopped = matches!(error, library::Error::Stopped);
        let exit = if stopped {
            Exit::Interrupted
        } else {
            Exit::Failed
        };
        Self {
            exit,
            report: miette::Report::new(error),
        }
    }
}
