//! What can go wrong with a state, by what can be done about it.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use thiserror::Error;

use crate::model::{LibraryId, Sha256};

use super::document::Owner;
use super::format::{Damage, FormatVersion};

/// An operation on a state that failed. Unless the variant says otherwise, nothing was written.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Error {
    /// Another run holds the lock.
    #[error("the state in `{folder}` is locked by {}", describe(owner.as_deref()))]
    #[diagnostic(code(jumpbag::state::locked))]
    LockedBy {
        /// The library's prefix.
        folder: Utf8PathBuf,
        /// Who holds it; `None` in the moment before it says so.
        owner: Option<Box<Owner>>,
        /// What to do next.
        #[help]
        help: String,
    },

    /// The file system offers no locks.
    #[error("could not lock `{path}`")]
    #[diagnostic(
        code(jumpbag::state::cannot_lock),
        help("keep the state on a file system that supports locks, such as a local disk")
    )]
    CannotLock {
        /// The file whose lock decides.
        path: Utf8PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },

    /// A lock is to be removed, and there is none.
    #[error("the state in `{folder}` is not locked")]
    #[diagnostic(
        code(jumpbag::state::not_locked),
        help("run the command that was refused again; there is nothing to unlock")
    )]
    NotLocked {
        /// The library's prefix.
        folder: Utf8PathBuf,
    },

    /// A lock is to be removed by an id that is not its own.
    #[error("the lock of the state in `{folder}` has the id `{}`, and not `{given}`", owner.id)]
    #[diagnostic(
        code(jumpbag::state::wrong_lock_id),
        help(
            "make sure that the run of {} is gone, then run `jumpbag state unlock {}`",
            describe(Some(owner)),
            owner.id
        )
    )]
    WrongLockId {
        /// The library's prefix.
        folder: Utf8PathBuf,
        /// The id that was given.
        given: String,
        /// Whose lock it is.
        owner: Box<Owner>,
    },

    /// A lock is to be removed whose process is alive.
    #[error(
        "the lock of the state in `{folder}` is in use by {}",
        describe(owner.as_deref())
    )]
    #[diagnostic(code(jumpbag::state::lock_in_use))]
    LockInUse {
        /// The library's prefix.
        folder: Utf8PathBuf,
        /// Who holds it; `None` in the moment before it says so.
        owner: Option<Box<Owner>>,
        /// What to do next.
        #[help]
        help: String,
    },

    /// A state was truncated, altered or lost.
    #[error("the state `{path}` is damaged")]
    #[diagnostic(code(jumpbag::state::damaged))]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// The newest state in the history that reads well.
        last_good: Option<u64>,
        /// How to put it back.
        #[help]
        help: String,
        /// What is wrong.
        #[source]
        source: Box<Damage>,
    },

    /// A state has a format that this version cannot read.
    #[error("the state `{path}` has the format {found}, and this jumpbag reads {known}")]
    #[diagnostic(
        code(jumpbag::state::newer_format),
        help("install the version of jumpbag that wrote it, or a newer one")
    )]
    NewerFormat {
        /// The file.
        path: Utf8PathBuf,
        /// Its format.
        found: FormatVersion,
        /// The newest format that this version knows.
        known: FormatVersion,
    },

    /// A state has a format that this version can read and cannot write without loss.
    #[error("the state `{path}` has the format {found}, and this jumpbag writes {known}")]
    #[diagnostic(
        code(jumpbag::state::newer_minor_format),
        help(
            "install the version of jumpbag that wrote it, or a newer one: this one would drop what it does not know"
        )
    )]
    NewerMinorFormat {
        /// The file.
        path: Utf8PathBuf,
        /// Its format.
        found: FormatVersion,
        /// The newest format that this version knows.
        known: FormatVersion,
    },

    /// A state is about another library.
    #[error(
        "the state is about the library {}, and not about the one {}",
        describe_library(state),
        describe_library(wanted)
    )]
    #[diagnostic(
        code(jumpbag::state::other_library),
        help("give the library another name in the manifest, or move the state's folder away")
    )]
    OtherLibrary {
        /// The one it is about.
        state: Box<LibraryId>,
        /// The one that was asked for.
        wanted: Box<LibraryId>,
    },

    /// Somebody else wrote a state that this run holds the lock of.
    #[error("somebody else changed the state `{path}` during this run")]
    #[diagnostic(
        code(jumpbag::state::raced),
        help(
            "make sure that no other run is active, then plan again: the library may be ahead of the state"
        )
    )]
    Raced {
        /// The file.
        path: Utf8PathBuf,
    },

    /// A state cannot be written in a way that it can be read again.
    #[error("the new state for `{path}` could not be read again, and was not written")]
    #[diagnostic(
        code(jumpbag::state::unwritable),
        help("report this as a bug of jumpbag, with the cause above")
    )]
    Unwritable {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: Box<Damage>,
    },

    /// The history has no such entry.
    #[error("the history in `{folder}` has no serial {serial}")]
    #[diagnostic(
        code(jumpbag::state::no_such_serial),
        help("choose one of those that `jumpbag state history` lists")
    )]
    NoSuchSerial {
        /// The library's prefix.
        folder: Utf8PathBuf,
        /// The serial that was asked for.
        serial: u64,
    },

    /// The history has another state under a serial that is to be kept.
    #[error("`{path}` holds another state than the one that has its serial now")]
    #[diagnostic(
        code(jumpbag::state::history_taken),
        help("move `{path}` away, then run the command again")
    )]
    HistoryTaken {
        /// The entry.
        path: Utf8PathBuf,
    },

    /// A content is not the one that was announced.
    #[error("the content has the sha256 {found}, and {expected} was expected")]
    #[diagnostic(
        code(jumpbag::state::content_changed),
        help("plan again: the file was changed after it was hashed")
    )]
    ContentChanged {
        /// What it should be.
        expected: Sha256,
        /// What it is.
        found: Sha256,
    },

    /// A content that is to be kept could not be read.
    #[error("could not read the content {} to keep it", sha256.short())]
    #[diagnostic(
        code(jumpbag::state::content_unreadable),
        help("check that the file can be read, then run the command again")
    )]
    ContentUnreadable {
        /// The content.
        sha256: Sha256,
        /// Why not.
        #[source]
        source: io::Error,
    },

    /// A kept content is not what its name says.
    #[error("the content in `{path}` is damaged")]
    #[diagnostic(
        code(jumpbag::state::content_damaged),
        help("delete `{path}`: the content is kept again when it is next uploaded")
    )]
    ContentDamaged {
        /// The object.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: io::Error,
    },

    /// A kept content is longer than the caller can use.
    #[error("the content in `{path}` has more than {max_bytes} bytes")]
    #[diagnostic(
        code(jumpbag::state::content_too_large),
        help("write the content to a file with `jumpbag restore`")
    )]
    ContentTooLarge {
        /// The object.
        path: Utf8PathBuf,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// The file system refused.
    #[error("could not {doing} `{path}`")]
    #[diagnostic(code(jumpbag::state::io))]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: Utf8PathBuf,
        /// What to do next.
        #[help]
        help: &'static str,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(super) fn io(doing: &'static str, path: &Utf8Path, source: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let kind = source.kind();
        let help = if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
            "give your user the right to write there, or name another folder under `state` in the manifest"
        } else if matches!(kind, StorageFull | QuotaExceeded) {
            "free some space, then run the command again"
        } else {
            "check the folder that `state` in the manifest names"
        };
        Self::Io {
            doing,
            path: path.to_owned(),
            help,
            source,
        }
    }

    pub(super) fn locked_by(folder: &Utf8Path, owner: Option<Owner>) -> Self {
        let help = match &owner {
            Some(owner) => format!(
                "wait for it with `--lock-timeout 5m`, or end process {} on `{}`; `jumpbag state unlock {}` removes the lock of a run that is gone",
                owner.pid, owner.host, owner.id
            ),
            None => "wait for it with `--lock-timeout 5m`".to_owned(),
        };
        Self::LockedBy {
            folder: folder.to_owned(),
            owner: owner.map(Box::new),
            help,
        }
    }

    pub(super) fn lock_in_use(folder: &Utf8Path, owner: Option<Owner>) -> Self {
        let help = match &owner {
            Some(owner) => format!(
                "end process {} on `{}`, which is alive: the lock goes with it",
                owner.pid, owner.host
            ),
            None => "end the jumpbag process that is alive: the lock goes with it".to_owned(),
        };
        Self::LockInUse {
            folder: folder.to_owned(),
            owner: owner.map(Box::new),
            help,
        }
    }
}

/// Who, where, how and since when.
fn describe(owner: Option<&Owner>) -> String {
    match owner {
        Some(owner) => format!(
            "`{}` on `{}`, process {}, which has run `{}` since {}",
            owner.user, owner.host, owner.pid, owner.command, owner.since
        ),
        None => "another run".to_owned(),
    }
}

/// What tells two libraries apart.
fn describe_library(library: &LibraryId) -> String {
    match &library.tenant_id {
        Some(tenant) => format!("of tenant {tenant} at `{}`", library.endpoint),
        None => format!("at `{}`", library.endpoint),
    }
}
