//! What can go wrong with a state, by what can be done about it.

use std::io;
use std::time::Duration;

use jiff::SignedDuration;
use miette::Diagnostic;
use thiserror::Error;

use crate::model::{LibraryId, Sha256};

use super::backend::sealed::SealFault;
use super::backend::{Cause, Fault};
use super::document::{Lock, Owner};
use super::format::{Damage, FormatVersion};

/// An operation on a state that failed. Unless the variant says otherwise, nothing was written.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Error {
    /// Another run holds the lock.
    #[error("the state in `{folder}` is locked by {}{renewed}", describe(owner.as_deref()))]
    #[diagnostic(code(jumpbag::state::locked))]
    LockedBy {
        /// The library's prefix.
        folder: String,
        /// Who holds it; `None` in the moment before it says so.
        owner: Option<Box<Owner>>,
        /// When the holder last said that it is alive, as the rest of the sentence.
        renewed: String,
        /// What to do next.
        #[help]
        help: String,
    },

    /// Somebody removed this run's lock, or its renewal failed and another run has it.
    #[error("this run has lost the lock of the state in `{folder}`")]
    #[diagnostic(
        code(jumpbag::state::lock_lost),
        help(
            "make sure that no other run is active, then plan again: what this run could not record is found in the library"
        )
    )]
    LockLost {
        /// The library's prefix.
        folder: String,
    },

    /// Nobody can tell who holds the lock.
    #[error("the lock `{path}` is damaged")]
    #[diagnostic(
        code(jumpbag::state::lock_damaged),
        help(
            "make sure that no run is active, also none of a newer version of jumpbag, then delete it with the tools of your storage"
        )
    )]
    LockDamaged {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<Damage>,
    },

    /// The file system offers no locks.
    #[error("could not lock `{path}`")]
    #[diagnostic(
        code(jumpbag::state::cannot_lock),
        help("keep the state on a file system that supports locks, such as a local disk")
    )]
    CannotLock {
        /// The file whose lock decides.
        path: String,
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
        folder: String,
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
        folder: String,
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
        folder: String,
        /// Who holds it; `None` in the moment before it says so.
        owner: Option<Box<Owner>>,
        /// What to do next.
        #[help]
        help: String,
    },

    /// A file is encrypted, and there is no key.
    #[error("`{path}` is encrypted, and no key was given")]
    #[diagnostic(
        code(jumpbag::state::sealed_without_identity),
        help(
            "put an identity of age into JUMPBAG_AGE_IDENTITY, or name its file in JUMPBAG_AGE_IDENTITY_FILE"
        )
    )]
    SealedWithoutIdentity {
        /// The file.
        path: String,
    },

    /// A file is encrypted for others.
    #[error("`{path}` is encrypted for other keys than those that were given")]
    #[diagnostic(
        code(jumpbag::state::other_identity),
        help(
            "give the identity of one of the recipients that it was encrypted for; after `encrypt_to` was changed, those of before are needed until `jumpbag state reseal` was run"
        )
    )]
    OtherIdentity {
        /// The file.
        path: String,
    },

    /// An encrypted file was altered.
    #[error("`{path}` cannot be decrypted")]
    #[diagnostic(
        code(jumpbag::state::sealed_damaged),
        help(
            "take the file from a backup; a content may also be deleted: it is kept again when it is next uploaded"
        )
    )]
    SealedDamaged {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: SealFault,
    },

    /// A state that is encrypted would be written plain.
    #[error("the state `{path}` is encrypted, and the manifest does not say for whom")]
    #[diagnostic(
        code(jumpbag::state::would_unseal),
        help(
            "name the recipients in `state: {{ encrypt_to: […] }}`, or decrypt everything with `jumpbag state reseal --plain`"
        )
    )]
    WouldUnseal {
        /// The file.
        path: String,
    },

    /// What this run would write, no key of this run could read.
    #[error("none of the keys that were given can read what would be written to `{folder}`")]
    #[diagnostic(
        code(jumpbag::state::cannot_read_back),
        help(
            "put the identity of one of the recipients in `encrypt_to` into JUMPBAG_AGE_IDENTITY, or name its file in JUMPBAG_AGE_IDENTITY_FILE"
        )
    )]
    CannotReadBack {
        /// The library's prefix.
        folder: String,
    },

    /// A state is somewhere else now.
    #[error("the state `{path}` was moved to `{to}`")]
    #[diagnostic(
        code(jumpbag::state::moved),
        help("say so under `state` in the manifest, as `jumpbag state migrate` has printed it")
    )]
    Moved {
        /// The file.
        path: String,
        /// Where it is.
        to: String,
    },

    /// A state that was never written cannot be moved.
    #[error("the state in `{folder}` was never written")]
    #[diagnostic(
        code(jumpbag::state::nothing_to_move),
        help("change `state` in the manifest; nothing has to be moved")
    )]
    NothingToMove {
        /// The library's prefix.
        folder: String,
    },

    /// A state is to be moved to where another is.
    #[error("in `{folder}` is another state, or a newer one")]
    #[diagnostic(
        code(jumpbag::state::other_state_there),
        help("move the state to an empty place, or remove what is there")
    )]
    OtherStateThere {
        /// The library's prefix there.
        folder: String,
    },

    /// A copy is not what it was copied from.
    #[error("`{path}` is not what it was copied from")]
    #[diagnostic(
        code(jumpbag::state::not_copied),
        help("the state is still where it was: remove that file, and run the command again")
    )]
    NotCopied {
        /// The copy.
        path: String,
    },

    /// What was read back is not what was written.
    #[error("`{path}` is not what was just written there")]
    #[diagnostic(
        code(jumpbag::state::not_rewritten),
        help(
            "make sure that nothing else writes there and that the storage keeps what is written to it, then run the command again"
        )
    )]
    NotRewritten {
        /// The file.
        path: String,
    },

    /// A state was truncated, altered or lost.
    #[error("the state `{path}` is damaged")]
    #[diagnostic(code(jumpbag::state::damaged))]
    Damaged {
        /// The file.
        path: String,
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
        path: String,
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
        path: String,
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
        path: String,
    },

    /// A state cannot be written in a way that it can be read again.
    #[error("the new state for `{path}` could not be read again, and was not written")]
    #[diagnostic(
        code(jumpbag::state::unwritable),
        help("report this as a bug of jumpbag, with the cause above")
    )]
    Unwritable {
        /// The file.
        path: String,
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
        folder: String,
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
        path: String,
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
        path: String,
        /// What is wrong.
        #[source]
        source: io::Error,
    },

    /// A kept content is longer than the caller can use.
    #[error("the content in `{path}` has more than {max_bytes} bytes")]
    #[diagnostic(
        code(jumpbag::state::content_too_large),
        help(
            "no file of a library is as large, so that jumpbag did not write it: delete `{path}`, and the content is kept again when it is next uploaded"
        )
    )]
    ContentTooLarge {
        /// The object.
        path: String,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// The folder's file system refused.
    #[error("could not {doing} `{path}`")]
    #[diagnostic(code(jumpbag::state::io))]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: String,
        /// What to do next.
        #[help]
        help: &'static str,
        /// The operating system's answer.
        #[source]
        source: Cause,
    },

    /// The environment has settings that no store can be opened with.
    #[error("the store at `{url}` cannot be used with the settings in the environment")]
    #[diagnostic(
        code(jumpbag::state::storage_settings),
        help(
            "set the variables that `object_store` reads, such as AZURE_STORAGE_ACCOUNT_NAME, AWS_REGION or GOOGLE_SERVICE_ACCOUNT"
        )
    )]
    StorageSettings {
        /// The place that the manifest names.
        url: String,
        /// What is wrong.
        #[source]
        source: Cause,
    },

    /// The state and the credentials would travel in the clear.
    #[error("the variable {} asks for plain http to another machine", name.to_ascii_uppercase())]
    #[diagnostic(
        code(jumpbag::state::plain_storage),
        help("use https; plain http is for `127.0.0.1`, `[::1]` and `localhost`")
    )]
    PlainStorage {
        /// The variable.
        name: String,
    },

    /// The object store takes writes that it has to refuse.
    #[error("the storage at `{place}` ignores the conditions of a write")]
    #[diagnostic(
        code(jumpbag::state::unconditional_storage),
        help(
            "keep the state where writes can be conditional (`If-Match`, `If-None-Match`), such as Azure Blob Storage, S3 or Google Cloud Storage: here, two runs would overwrite each other's states"
        )
    )]
    Unconditional {
        /// The library's prefix.
        place: String,
    },

    /// The object store refused.
    #[error("could not {doing} `{path}`")]
    #[diagnostic(code(jumpbag::state::storage))]
    Storage {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: String,
        /// What to do next.
        #[help]
        help: &'static str,
        /// The store's answer.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// An operation on what is at `path` that failed, other than by a lost race.
    pub(super) fn storage(doing: &'static str, path: String, fault: Fault) -> Self {
        if let Fault::Sealed(fault) = fault {
            return Self::sealed(path, fault);
        }
        let is_remote = path.contains("://");
        let help = match (&fault, is_remote) {
            (Fault::Denied(_), false) => {
                "give your user the right to write there, or name another folder under `state` in the manifest"
            }
            (Fault::Full(_), false) => "free some space, then run the command again",
            (_, false) => "check the folder that `state` in the manifest names",
            (Fault::Denied(_), true) => {
                "give the identity that the environment names the right to read, write and list there"
            }
            (Fault::NoStore(_), true) => {
                "create the container or bucket, or correct the `url` under `state` in the manifest"
            }
            (_, true) => {
                "check the `url` under `state` in the manifest and the storage's settings in the environment, then run the command again"
            }
        };
        let source = fault
            .cause()
            .unwrap_or_else(|| "somebody else was faster".into());
        if is_remote {
            Self::Storage {
                doing,
                path,
                help,
                source,
            }
        } else {
            Self::Io {
                doing,
                path,
                help,
                source,
            }
        }
    }

    fn sealed(path: String, fault: SealFault) -> Self {
        match fault {
            SealFault::NoIdentity => Self::SealedWithoutIdentity { path },
            SealFault::OtherIdentity => Self::OtherIdentity { path },
            SealFault::Damaged(_) => Self::SealedDamaged {
                path,
                source: fault,
            },
        }
    }

    pub(super) fn locked_by(folder: String, owner: Option<Owner>) -> Self {
        let help = match &owner {
            Some(owner) => format!(
                "wait for it with `--lock-timeout 5m`, or end process {} on `{}`; `jumpbag state unlock {}` removes the lock of a run that is gone",
                owner.pid, owner.host, owner.id
            ),
            None => "wait for it with `--lock-timeout 5m`".to_owned(),
        };
        Self::LockedBy {
            folder,
            owner: owner.map(Box::new),
            renewed: String::new(),
            help,
        }
    }

    /// A lock that its holder has to renew. `silent` is for how long it has not, where that is too long.
    pub(super) fn leased_by(folder: String, lock: Lock, silent: Option<Duration>) -> Self {
        let renewed = lock.renewed.unwrap_or(lock.owner.since);
        let renewed = match silent {
            None => format!(", and renewed it at {renewed}"),
            Some(silent) => {
                let silent = SignedDuration::from_secs(silent.as_secs().cast_signed());
                format!(", and has not renewed it since {renewed}, {silent:#} ago")
            }
        };
        let owner = lock.owner;
        let unlock = format!("jumpbag state unlock {}", owner.id);
        let help = if silent.is_some() {
            format!(
                "that run is probably gone: make sure that process {} on `{}` is, then run `{unlock}`",
                owner.pid, owner.host
            )
        } else {
            format!(
                "wait for it with `--lock-timeout 5m`, or end process {} on `{}`; `{unlock}` removes the lock of a run that is gone",
                owner.pid, owner.host
            )
        };
        Self::LockedBy {
            folder,
            owner: Some(Box::new(owner)),
            renewed,
            help,
        }
    }

    /// Whether there is a history, and no state.
    pub(super) fn is_lost_state(&self) -> bool {
        matches!(self, Self::Damaged { source, .. } if matches!(**source, Damage::Missing(_)))
    }

    /// The same of a state that only a manifest with `state: {yaml}` names.
    pub(crate) fn of_a_place_that_says(mut self, yaml: &str) -> Self {
        if let Self::LockedBy { help, .. } = &mut self {
            *help = format!("{help}, with `state: {yaml}` in the manifest");
        }
        self
    }

    pub(super) fn lock_in_use(folder: String, owner: Option<Owner>) -> Self {
        let help = match &owner {
            Some(owner) => format!(
                "end process {} on `{}`, which is alive: the lock goes with it",
                owner.pid, owner.host
            ),
            None => "end the jumpbag process that is alive: the lock goes with it".to_owned(),
        };
        Self::LockInUse {
            folder,
            owner: owner.map(Box::new),
            help,
        }
    }
}

/// Who, where, how and since when.
fn describe(owner: Option<&Owner>) -> String {
    match owner {
        Some(owner) => {
            let of = owner
                .run_url
                .as_ref()
                .map_or_else(String::new, |url| format!(" of {url}"));
            format!(
                "`{}` on `{}`, process {}{of}, which has run `{}` since {}",
                owner.user, owner.host, owner.pid, owner.command, owner.since
            )
        }
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
