//! What can go wrong with a manifest that is written for a library; none of it changes anything.

use std::io;

use camino::Utf8PathBuf;
use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::cli::exit::{Exit, Failure};

/// A manifest that was not written.
#[derive(Debug, ThisError, Diagnostic)]
pub(super) enum Error {
    /// A new manifest replaces nothing.
    #[error("`{path}` is there already")]
    #[diagnostic(
        code(jumpbag::import::exists),
        help("name another file with `--write-manifest`: it replaces none")
    )]
    Taken {
        /// Which file.
        path: Utf8PathBuf,
    },

    /// An earlier run wrote it, for what was there then.
    #[error("an earlier run wrote `{path}`, and now it would say something else")]
    #[diagnostic(
        code(jumpbag::import::outdated),
        help(
            "run `jumpbag plan -m {path}` for what is left to do with it: what the library has as it says is adopted; or name another file with `--write-manifest`"
        )
    )]
    Outdated {
        /// Which file.
        path: Utf8PathBuf,
    },

    /// A new manifest would stand in another folder.
    #[error("`{path}` would not be in `{folder}`, the folder of the manifest that it is made from")]
    #[diagnostic(
        code(jumpbag::import::other_folder),
        help(
            "write it into that folder: the paths of its libraries and its state are relative to it"
        )
    )]
    OtherFolder {
        /// The new one.
        path: Utf8PathBuf,
        /// Where the present one is.
        folder: Utf8PathBuf,
    },

    /// Sources cannot be looked for.
    #[error("could not search `{path}`")]
    #[diagnostic(
        code(jumpbag::import::search),
        help("name a folder that exists and that you may read with `--search`")
    )]
    Search {
        /// Where.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// A new manifest would not say what its libraries hold.
    #[error("the manifest `{path}` would not say what the libraries hold, and was not written")]
    #[diagnostic(
        code(jumpbag::import::unfaithful),
        help(
            "run it again: a source may have been changed meanwhile; if it stays so, report this as a bug of jumpbag"
        )
    )]
    Unfaithful {
        /// The new one.
        path: Utf8PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Difference,
    },

    /// A manifest is made of all libraries or not at all.
    #[error(
        "not every library can be read, so that no manifest was written and nothing was changed"
    )]
    #[diagnostic(
        code(jumpbag::import::not_all_ready),
        help("mend what is named above, or choose libraries with `-l`")
    )]
    NotAllReady,
}

/// How a manifest that was read back is not what was meant.
#[derive(Debug, ThisError)]
pub(super) enum Difference {
    /// It would be refused.
    #[error("it would be refused: {0}")]
    Invalid(String),
    /// It would be understood as something else.
    #[error("its {0} would be others")]
    Other(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            exit: Exit::Failed,
            report: miette::Report::new(error),
        }
    }
}
