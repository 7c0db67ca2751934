//! What an apply is asked for, and how the user goes on from it.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use crate::cli::Context;
use crate::cli::args::{ApplyOptions, PlanOptions};
use crate::cli::review;
use crate::cli::session::Session;
use crate::plan::{LibraryPlan, Plan, Reason};

/// What shall be applied.
pub(super) enum Wanted {
    /// What is planned now.
    Planned(PlanOptions, bool),
    /// Exactly this, read from that file, with as many deletes as are allowed now.
    Saved(Plan, Utf8PathBuf, Option<u64>),
}

impl Wanted {
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
        let (targets, destroy) = match self {
            Self::Planned(options, destroy) => (options.target.clone(), *destroy),
            Self::Saved(plan, ..) => (planned_targets(plan), plan.libraries.iter().any(is_destroy)),
        };
        let command = match (self, look_first) {
            (Self::Planned(..), false) => "apply",
            (Self::Planned(..), true) | (Self::Saved(..), _) => "plan",
        };
        add(command, None);
        if destroy {
            add("--destroy", None);
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
            Self::Saved(_, path, allowed) => {
                if let Some(allowed) = allowed {
                    add("--allow-deletes", Some(allowed.to_string()));
                }
                add("--out", Some(path.to_string()));
            }
        }
        words
    }

    /// The command that applies `plan` and nothing else.
    pub(super) fn command(&self, context: &Context, sessions: &[Session], plan: &Plan) -> String {
        match self {
            Self::Planned(options, destroy) => {
                review::apply_command(context, options, *destroy, plan)
            }
            Self::Saved(_, path, _) => {
                review::apply_saved_command(context, path.as_str(), sessions, plan)
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

/// Whether a saved plan was made to delete everything.
pub(super) fn is_destroy(part: &LibraryPlan) -> bool {
    part.changes
        .iter()
        .any(|change| change.reasons.contains(&Reason::Destroy))
}
