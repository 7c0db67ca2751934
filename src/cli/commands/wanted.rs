//! What an apply is asked for, and how the user goes on from it.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use crate::cli::Context;
use crate::cli::args::{ApplyOptions, PlanOptions, Towards};
use crate::cli::review::{self, Reviewed};
use crate::cli::session::Session;
use crate::plan::{LibraryPlan, Plan, Reason};

/// What shall be applied.
pub(super) enum Wanted {
    /// What is planned now.
    Planned(PlanOptions, Towards),
    /// Exactly this, read from that file, with as many deletes as are allowed now, if the policies do not deny it.
    Saved(Plan, Utf8PathBuf, PlanOptions),
}

impl Wanted {
    /// What the libraries are taken to. A saved plan is only read where all its parts were made for the same, but for
    /// those that do nothing.
    pub(super) fn towards(&self) -> Towards {
        match self {
            Self::Planned(_, towards) => *towards,
            Self::Saved(plan, ..) => {
                let parts = plan.libraries.iter().map(towards);
                parts
                    .reduce(|one, other| if one == Towards::Manifest { other } else { one })
                    .unwrap_or_default()
            }
        }
    }

    /// Whether the libraries are listed.
    pub(super) fn refreshes(&self) -> bool {
        match self {
            Self::Planned(options, _) => !options.no_refresh,
            Self::Saved(..) => true,
        }
    }

    /// The words of the command that goes on where an apply of this ended: its next run, or where that
    /// would be stale or has to be looked at first, its next plan.
    pub(super) fn next(&self, options: &ApplyOptions, look_first: bool) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: Option<String>| {
            words.extend([Some(option.to_owned()), value].into_iter().flatten());
        };
        let targets = match self {
            Self::Planned(options, _) => options.target.clone(),
            Self::Saved(plan, ..) => planned_targets(plan),
        };
        let command = match (self, look_first) {
            (Self::Planned(..), false) => "apply",
            (Self::Planned(..), true) | (Self::Saved(..), _) => "plan",
        };
        add(command, None);
        for word in self.towards().words() {
            add(&word, None);
        }
        for target in targets {
            add("--target", Some(target));
        }
        match self {
            Self::Planned(plan, _) => {
                if let Some(allowed) = plan.allow_deletes {
                    add("--allow-deletes", Some(allowed.to_string()));
                }
                if options.auto_approve && !look_first {
                    add("--auto-approve", None);
                }
                if let (Some(path), false) = (&options.events, look_first) {
                    add("--events", Some(path.to_string()));
                }
            }
            Self::Saved(_, path, plan) => {
                if let Some(allowed) = plan.allow_deletes {
                    add("--allow-deletes", Some(allowed.to_string()));
                }
                add("--out", Some(path.to_string()));
            }
        }
        words.extend(review::policy_words(self.options()));
        words
    }

    /// What the command line says about the plan.
    pub(super) fn options(&self) -> &PlanOptions {
        match self {
            Self::Planned(options, _) | Self::Saved(_, _, options) => options,
        }
    }

    /// The command that applies the `reviewed` plan and nothing else.
    pub(super) fn command(
        &self,
        context: &Context,
        sessions: &[Session],
        reviewed: &Reviewed<'_>,
    ) -> String {
        match self {
            Self::Planned(options, towards) => {
                review::apply_command(context, options, *towards, reviewed)
            }
            Self::Saved(_, path, options) => {
                review::apply_saved_command(context, path.as_str(), options, sessions, reviewed)
            }
        }
    }
}

/// The files that a saved plan was limited to; none where it is about everything.
fn planned_targets(plan: &Plan) -> Vec<String> {
    if plan.libraries.iter().all(|part| part.left_out == 0) {
        return Vec::new();
    }
    let changes = plan.libraries.iter().flat_map(|part| &part.changes);
    let names: BTreeSet<_> = changes.map(|change| change.name.to_string()).collect();
    names.into_iter().collect()
}

/// What a saved plan was made to take a library to.
pub(super) fn towards(part: &LibraryPlan) -> Towards {
    let mut reasons = part.changes.iter().flat_map(|change| &change.reasons);
    if let Some(serial) = part.rollback {
        Towards::Serial(serial)
    } else if reasons.any(|reason| *reason == Reason::Destroy) {
        Towards::Nothing
    } else {
        Towards::Manifest
    }
}
