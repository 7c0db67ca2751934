//! The plan as data: nothing in it decides, and nothing in it can act.

use std::collections::BTreeSet;

use crate::model::{Attribute, File, LibraryId, Name};

/// The ordered changes that take every selected library to what is desired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One part for each library, in the order of their names.
    pub(crate) libraries: Vec<LibraryPlan>,
    /// What was odd about the manifest when the plan was made. It has no effect.
    pub(crate) warnings: Vec<Warning>,
}

/// Something to say to a reviewer that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The diagnostic's code.
    pub(crate) code: String,
    /// What is odd, as a phrase.
    pub(crate) message: String,
    /// Where, such as `jumpbag.yaml:12:5`.
    pub(crate) place: Option<String>,
    /// What to do about it.
    pub(crate) help: Option<String>,
    /// The files that it is about, each with its library; empty where it is about none or nobody knows.
    pub(crate) files: Vec<(String, Name)>,
}

/// The part of a plan that is about one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LibraryPlan {
    /// Which library.
    pub(crate) library: LibraryId,
    /// The state's lineage that the plan was made from; `None` before the first write.
    pub(crate) lineage: Option<String>,
    /// The state's serial that the plan was made from.
    pub(crate) serial: u64,
    /// Whether the library was listed, or the state was taken for it.
    pub(crate) refreshed: bool,
    /// Creates and updates by name, then deletes by name; the others stand among the first by name.
    pub(crate) changes: Vec<Change>,
    /// Observed, neither desired nor tracked, and left alone; by name.
    pub(crate) unmanaged: Vec<Name>,
    /// How many files `--target` left out.
    pub(crate) left_out: u64,
    /// The serial of the state that the library goes back to; `None` where the manifest decides.
    pub(crate) rollback: Option<u64>,
    /// Why the plan must not be applied; empty when it may be.
    pub(crate) refusals: Vec<Refusal>,
    /// How many API calls the changes take.
    pub(crate) calls: u64,
    /// When the last of them can start at the earliest under the limits, in whole seconds, rounded up.
    pub(crate) seconds: u64,
}

impl LibraryPlan {
    /// Refuses the part for `refusals`, too: those that it has are not repeated, and the order stays.
    pub(crate) fn refuse(&mut self, refusals: impl IntoIterator<Item = Refusal>) {
        self.refusals.extend(refusals);
        let mut seen = BTreeSet::new();
        let is_first: Vec<_> = self.refusals.iter().map(|it| seen.insert(it)).collect();
        let mut is_first = is_first.into_iter();
        self.refusals.retain(|_| is_first.next() == Some(true));
    }
}

/// What is to be done about one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// The file's name.
    pub(crate) name: Name,
    /// What is to be done.
    pub(crate) action: Action,
    /// Why; in the order of [`Reason`].
    pub(crate) reasons: Vec<Reason>,
    /// For a create whose content is that of a deleted file: that file's name.
    pub(crate) renamed_from: Option<Name>,
    /// What is there before: observed, or tracked where the plan was not refreshed.
    pub(crate) before: Option<File>,
    /// What shall be there after; `None` where nothing shall.
    pub(crate) after: Option<File>,
    /// How the library differs from what jumpbag last put there.
    pub(crate) drifted: Option<Drift>,
    /// Whether a later plan that would delete the file is an error.
    pub(crate) protect: bool,
}

/// What is done about one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// Upload it; refuse if a file of that name has appeared.
    Create,
    /// Upload it over what is there.
    Update,
    /// Delete it from the library.
    Delete,
    /// Record in the state that it is jumpbag's now; no call.
    Adopt,
    /// Drop it from the state; no call.
    Forget,
    /// Nothing, but perhaps a record in the state; no call.
    None,
}

impl Action {
    /// The word for it in plans and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Forget => "forget",
            Self::None => "none",
        }
    }
}

/// Why a change is in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// Desired, and neither tracked nor observed.
    New,
    /// Tracked, but no longer in the library.
    Missing,
    /// Desired and observed differ in this attribute, and why they do.
    Differs(Attribute, Cause),
    /// Observed and equal to what is desired, and not tracked yet.
    AlreadyThere,
    /// An unmanaged file of that name is there and `adopt: true` takes it over.
    TakenOver,
    /// An unmanaged file of that name is there with another content or attributes.
    InTheWay,
    /// Tracked, and no longer desired.
    NotDesired,
    /// Tracked, and not in the state that the library goes back to.
    NotThen,
    /// Neither desired nor tracked, under `unmanaged: delete`.
    Unmanaged,
    /// Its content goes on under this name.
    RenamedTo(Name),
    /// The plan destroys everything tracked.
    Destroy,
    /// The library already agrees with what is desired, and the state does not know it yet.
    Agrees,
}

/// Who brought about that desired and observed differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The manifest or the source changed since the last apply.
    Manifest,
    /// Somebody changed the library since the last apply.
    Drift,
    /// Both did.
    Both,
    /// The library goes back to an earlier state.
    Rollback,
}

/// How a file in the library differs from what jumpbag last put there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Drift {
    /// What differs; empty when the file is missing.
    pub(crate) attributes: Vec<Attribute>,
    /// Who wrote it, in the API's words; unknown for a missing file.
    pub(crate) by: Option<String>,
    /// When, in the API's words; unknown for a missing file.
    pub(crate) at: Option<String>,
}

/// Why a plan must not be applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// An unmanaged file of this name is in the way.
    Conflict(Name),
    /// `name` differs from `other`, which the library holds, only in case or encoding.
    CaseClash {
        /// The desired name.
        name: Name,
        /// The observed one.
        other: Name,
    },
    /// This protected file would be deleted.
    Protected(Name),
    /// The plan has more deletions than are allowed.
    TooManyDeletes {
        /// How many it has.
        deletes: u64,
        /// How many are allowed.
        allowed: u64,
    },
    /// A lint that the manifest denies found something in this file, which would be uploaded.
    Lint {
        /// The file.
        name: Name,
        /// The lint's code.
        code: String,
        /// What it found, as a phrase that begins with the name in backticks.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// A policy denies the plan.
    Policy {
        /// The file that it says it is about.
        name: Option<Name>,
        /// The policy's rule, such as `deny`.
        rule: String,
        /// What it says; anything.
        message: String,
    },
}

impl Refusal {
    /// The diagnostic's code.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Conflict(_) => "jumpbag::plan::conflict",
            Self::CaseClash { .. } => "jumpbag::plan::case_clash",
            Self::Protected(_) => "jumpbag::plan::protected",
            Self::TooManyDeletes { .. } => "jumpbag::plan::too_many_deletes",
            Self::Lint { code, .. } => code,
            Self::Policy { .. } => "jumpbag::policy::deny",
        }
    }

    /// The file that it is about; `None` where it is about the whole plan.
    pub(crate) fn name(&self) -> Option<&Name> {
        match self {
            Self::Conflict(name)
            | Self::CaseClash { name, .. }
            | Self::Protected(name)
            | Self::Lint { name, .. } => Some(name),
            Self::Policy { name, .. } => name.as_ref(),
            Self::TooManyDeletes { .. } => None,
        }
    }

    /// What is from outside in the message and the help, in this order, and stands between backticks there.
    pub(crate) fn quoted(&self) -> impl Iterator<Item = &str> {
        let (one, other) = match self {
            Self::Conflict(name) | Self::Protected(name) | Self::Lint { name, .. } => {
                (Some(name.as_str()), None)
            }
            Self::CaseClash { name, other } => (Some(name.as_str()), Some(other.as_str())),
            Self::TooManyDeletes { .. } => (None, None),
            Self::Policy { rule, message, .. } => (Some(rule.as_str()), Some(message.as_str())),
        };
        [one, other].into_iter().flatten()
    }

    /// What is wrong, as a phrase.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Conflict(name) => {
                format!(
                    "`{name}` is in the library with other content, and jumpbag did not put it there"
                )
            }
            Self::CaseClash { name, other } => {
                let what = name.differs_in(other);
                format!("`{name}` differs only in {what} from `{other}`, which the library holds")
            }
            Self::Protected(name) => format!("`{name}` is protected and would be deleted"),
            Self::TooManyDeletes { deletes, allowed } => {
                format!("the plan deletes {deletes} files, and {allowed} are allowed")
            }
            Self::Lint { message, .. } => message.clone(),
            Self::Policy { rule, message, .. } => {
                format!("the policies' rule `{rule}` denies it: `{message}`")
            }
        }
    }

    /// What to do next.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Conflict(_) => {
                "give its entry `adopt: true` to replace it, or another `name`".to_owned()
            }
            Self::CaseClash { name, other } => {
                let what = name.differs_in(other);
                format!("spell the name `{other}`, or choose one that differs in more than {what}")
            }
            Self::Protected(_) => {
                "set `protect: false` on its entry and apply that first, or put the entry back"
                    .to_owned()
            }
            Self::TooManyDeletes { deletes, .. } => format!(
                "pass `--allow-deletes {deletes}` for this run if that is meant, or raise `max_deletes`"
            ),
            Self::Lint { help, .. } => help.clone(),
            Self::Policy { .. } => {
                "plan what the policy allows, or have whoever keeps the policies change them"
                    .to_owned()
            }
        }
    }
}

/// How many files a plan does what with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Uploads of new files.
    pub(crate) create: u64,
    /// Uploads over existing files.
    pub(crate) update: u64,
    /// Deletions.
    pub(crate) delete: u64,
    /// Files taken into the state.
    pub(crate) adopt: u64,
    /// Files dropped from the state.
    pub(crate) forget: u64,
    /// Files that are as they should be.
    pub(crate) unchanged: u64,
    /// Files that are neither desired nor tracked, and left alone.
    pub(crate) unmanaged: u64,
    /// Files that somebody changed since the last apply.
    pub(crate) drifted: u64,
    /// Files whose change is refused; they are in no other count but `drifted`.
    pub(crate) refused: u64,
}

impl Summary {
    /// Whether applying does nothing to the library and nothing worth a question to the state.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            create,
            update,
            delete,
            adopt,
            forget,
            refused,
            ..
        } = self;
        [create, update, delete, adopt, forget, refused]
            .into_iter()
            .all(|count| *count == 0)
    }
}

impl Plan {
    /// The counts over all libraries.
    pub(crate) fn summary(&self) -> Summary {
        self.libraries
            .iter()
            .map(LibraryPlan::summary)
            .fold(Summary::default(), |sum, next| Summary {
                create: sum.create + next.create,
                update: sum.update + next.update,
                delete: sum.delete + next.delete,
                adopt: sum.adopt + next.adopt,
                forget: sum.forget + next.forget,
                unchanged: sum.unchanged + next.unchanged,
                unmanaged: sum.unmanaged + next.unmanaged,
                drifted: sum.drifted + next.drifted,
                refused: sum.refused + next.refused,
            })
    }

    /// Whether any part must not be applied.
    pub(crate) fn is_refused(&self) -> bool {
        self.libraries
            .iter()
            .any(|library| !library.refusals.is_empty())
    }
}

impl LibraryPlan {
    /// The counts of this library.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary {
            unmanaged: self.unmanaged.len() as u64,
            ..Summary::default()
        };
        let refused = self.refusals.iter().filter_map(Refusal::name);
        let refused: BTreeSet<_> = refused.collect();
        for change in &self.changes {
            let count = match change.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Delete => &mut summary.delete,
                Action::Adopt => &mut summary.adopt,
                Action::Forget => &mut summary.forget,
                Action::None if refused.contains(&change.name) => &mut summary.refused,
                Action::None => &mut summary.unchanged,
            };
            *count += 1;
            summary.drifted += u64::from(change.drifted.is_some());
        }
        summary
    }
}

impl Change {
    /// Whether the change needs an API call.
    pub(crate) fn calls(&self) -> bool {
        matches!(
            self.action,
            Action::Create | Action::Update | Action::Delete
        )
    }
}
