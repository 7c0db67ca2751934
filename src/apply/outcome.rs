//! What an apply did.

use crate::library;
use crate::model::Name;
use crate::plan::Action;
use crate::state;

/// What became of every change of one library's plan.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Made, and in the state, in the order in which they were.
    pub(crate) done: Vec<(Name, Action)>,
    /// Not made, or not known to be made.
    pub(crate) failed: Vec<Failed>,
    /// Not begun, because of an earlier failure or an interruption.
    pub(crate) not_tried: Vec<(Name, Action)>,
    /// What the library answered otherwise than it was asked, though the content is right.
    pub(crate) warnings: Vec<String>,
    /// Made, but not in the state: it could not be saved. The next plan finds them in the library.
    pub(crate) not_recorded: Vec<(Name, Action)>,
    /// Why the state could not be saved.
    pub(crate) unsaved: Option<state::Error>,
    /// Why it could not be saved at one time, after which no further change was begun. It was later.
    pub(crate) halted: Option<Box<state::Error>>,
}

/// A change that was not made, or not known to be made.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The file.
    pub(crate) name: Name,
    /// What should have been done about it.
    pub(crate) action: Action,
    /// Why.
    pub(crate) error: Error,
}

/// Why one change was not made.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum Error {
    /// The API did not do it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Library(#[from] library::Error),
    /// The content could not be put into the content store, or is not what the plan says.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Contents(#[from] state::Error),
    /// The source could not be opened.
    #[error("could not read `{path}`")]
    #[diagnostic(
        code(jumpbag::apply::source),
        help("nothing was sent; make the file readable, then plan again")
    )]
    Source {
        /// The source.
        path: camino::Utf8PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The plan needs a content, and nothing says where it is.
    #[error("no source has the content of `{0}`")]
    #[diagnostic(code(jumpbag::apply::no_source), help("plan again"))]
    NoSource(Name),
}

impl Error {
    /// Whether the change may have been made all the same.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Library(library::Error::Unknown { .. }))
    }
}

impl Outcome {
    /// Whether every change was made and recorded.
    pub(crate) fn is_complete(&self) -> bool {
        let Self {
            done: _,
            failed,
            not_tried,
            warnings: _,
            not_recorded,
            unsaved,
            halted: _,
        } = self;
        failed.is_empty() && not_tried.is_empty() && not_recorded.is_empty() && unsaved.is_none()
    }
}
