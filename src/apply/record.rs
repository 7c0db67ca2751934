//! Recording what was done, in the state and in the outcome.

use std::collections::{BTreeMap, BTreeSet};

use super::work::Finished;
use super::{Event, Failed, Listener, Outcome, renamed_to};
use crate::library::{Sent, chain};
use crate::model::{Name, TrackedFile};
use crate::plan::{Action, Change, LibraryPlan};
use crate::state::{Document, Locked};

/// Writes the state after each batch of finished changes, and keeps the account of the apply.
pub(super) struct Recorder<'a, 'b> {
    locked: &'a mut Locked,
    now: fn() -> jiff::Timestamp,
    events: &'a mut Listener<'b>,
    /// Whether every event was taken.
    heard: bool,
    outcome: Outcome,
    /// Finished, but not in the state yet, because writing it failed.
    unsaved: Vec<(Change, Vec<Sent>)>,
    created: BTreeSet<Name>,
}

impl<'a, 'b> Recorder<'a, 'b> {
    pub(super) fn new(
        locked: &'a mut Locked,
        now: fn() -> jiff::Timestamp,
        events: &'a mut Listener<'b>,
    ) -> Self {
        let (unsaved, created) = (Vec::new(), BTreeSet::new());
        Self {
            locked,
            now,
            events,
            heard: true,
            outcome: Outcome::default(),
            unsaved,
            created,
        }
    }

    /// Takes down what went wrong with a change that nobody is to wait for.
    pub(super) fn warn(&mut self, warning: String) {
        self.outcome.warnings.push(warning);
    }

    /// Tells `event`; false once anything could not be told, so that no further change must be begun.
    pub(super) fn tell(&mut self, event: Event) -> bool {
        self.heard &= (self.events)(event);
        self.heard
    }

    /// The changes of `plan` that nothing is to be done about but to record them.
    pub(super) fn agreed(&self, plan: &LibraryPlan) -> Vec<Change> {
        let document = self.locked.document();
        let agreed = plan
            .changes
            .iter()
            .filter(|change| change.action == Action::None && !is_recorded(document, change));
        agreed.cloned().collect()
    }

    /// Records what was `agreed` and what needs no call, and which uploads are about to be made: should this run be
    /// killed, the next one knows these files for jumpbag's own. Returns false when that could not be saved or told, so
    /// that no change must be begun.
    pub(super) fn begin(&mut self, plan: &LibraryPlan, agreed: Vec<Change>) -> bool {
        let changes = &plan.changes;
        let mut recorded = agreed;
        let forgets = changes.iter().filter(|it| it.action == Action::Forget);
        recorded.extend(forgets.cloned());
        let uploads: Vec<_> = changes
            .iter()
            .filter(|change| matches!(change.action, Action::Create | Action::Update))
            .filter_map(|change| Some((change.name.clone(), change.after.clone()?)))
            .collect();
        if recorded.is_empty() && uploads.is_empty() && !self.would_settle(plan) {
            return true;
        }
        let written = self.locked.write(
            |document| {
                settle(document, plan);
                document.pending.extend(uploads);
                for change in &recorded {
                    enter(document, change);
                }
            },
            (self.now)(),
        );
        let forgotten = recorded
            .into_iter()
            .filter(|change| change.action == Action::Forget);
        match written {
            Ok(()) => {
                forgotten.for_each(|change| self.done(&change, Vec::new()));
                self.heard
            }
            Err(error) => {
                forgotten.for_each(|change| self.leave(change, Vec::new()));
                self.outcome.unsaved = Some(error);
                false
            }
        }
    }

    /// Whether something that an earlier run had under way is known now. What did not arrive must not stay: somebody else may
    /// upload the same file, which would then count as ours.
    fn would_settle(&self, plan: &LibraryPlan) -> bool {
        let document = self.locked.document();
        if document.pending.is_empty() {
            return false;
        }
        let mut settled = document.clone();
        settle(&mut settled, plan);
        settled.pending != document.pending
    }

    /// Whether the second half of a rename may run: its first half was made.
    pub(super) fn may_delete(&self, delete: &Change) -> bool {
        renamed_to(delete).is_none_or(|name| self.created.contains(name))
    }

    /// Takes all changes of `plan` with this action down as not tried.
    pub(super) fn leave_all(&mut self, plan: &LibraryPlan, action: Action) {
        for change in plan.changes.iter().filter(|change| change.action == action) {
            self.leave(change.clone(), Vec::new());
        }
    }

    /// Takes `change` down as not tried.
    pub(super) fn leave(&mut self, change: Change, sent: Vec<Sent>) {
        let (name, action) = (change.name, change.action);
        self.outcome.not_tried.push((name.clone(), action));
        self.tell(Event::NotTried { name, action, sent });
    }

    /// Records a batch. Returns false when the state could not be saved, or an event not told, so that no
    /// further change must be begun.
    pub(super) fn record(&mut self, batch: impl Iterator<Item = Finished>) -> bool {
        for Finished {
            change,
            result,
            sent,
        } in batch
        {
            match result {
                Ok(made) => {
                    self.outcome.warnings.extend(made.warnings);
                    self.unsaved.push((change, sent));
                }
                Err(error) => {
                    let (name, action) = (change.name, change.action);
                    self.tell(Event::Failed {
                        name: name.clone(),
                        action,
                        message: error.to_string(),
                        details: chain(&error),
                        code: miette::Diagnostic::code(&error).map(|code| code.to_string()),
                        unknown: error.is_unknown(),
                        sent,
                    });
                    self.outcome.failed.push(Failed {
                        name,
                        action,
                        error,
                    });
                }
            }
        }
        self.save()
    }

    fn save(&mut self) -> bool {
        if self.unsaved.is_empty() {
            return self.heard && self.outcome.unsaved.is_none();
        }
        let batch = std::mem::take(&mut self.unsaved);
        let at = (self.now)();
        let locked = &mut *self.locked;
        let written = tokio::task::block_in_place(|| {
            locked.write(
                |document| {
                    for (change, _) in &batch {
                        enter(document, change);
                    }
                },
                at,
            )
        });
        match written {
            Ok(()) => {
                if let Some(error) = self.outcome.unsaved.take() {
                    self.outcome.halted = Some(Box::new(error));
                }
                for (change, sent) in batch {
                    self.done(&change, sent);
                }
                self.heard
            }
            Err(error) => {
                self.outcome.unsaved = Some(error);
                self.unsaved = batch;
                false
            }
        }
    }

    fn done(&mut self, change: &Change, sent: Vec<Sent>) {
        let (name, action) = (change.name.clone(), change.action);
        if action == Action::Create {
            self.created.insert(name.clone());
        }
        self.tell(Event::Done {
            name: name.clone(),
            action,
            serial: self.locked.document().serial,
            sent,
        });
        self.outcome.done.push((name, action));
    }

    /// Tries once more what could not be saved, closes the history entry, and gives the account.
    pub(super) fn finish(mut self) -> Outcome {
        self.save();
        for (change, sent) in std::mem::take(&mut self.unsaved) {
            // Done in the library; the next plan finds it there.
            let (name, action) = (change.name, change.action);
            self.outcome.not_recorded.push((name.clone(), action));
            self.tell(Event::NotRecorded { name, action, sent });
        }
        if self.outcome.unsaved.is_none()
            && let Err(error) = self.locked.finish()
        {
            self.outcome.unsaved = Some(error);
        }
        self.outcome
    }
}

/// Enters the uploads of an earlier run that arrived and were not recorded, as the plan found them: they are
/// jumpbag's own, also when this run is killed before it comes to them.
fn settle(document: &mut Document, plan: &LibraryPlan) {
    let changes: BTreeMap<_, _> = plan
        .changes
        .iter()
        .map(|change| (&change.name, change))
        .collect();
    for (name, file) in std::mem::take(&mut document.pending) {
        match changes.get(&name) {
            // Nobody has looked.
            _ if !plan.refreshed => {
                document.pending.insert(name, file);
            }
            Some(change) if change.before.as_ref().is_some_and(|it| it.same_as(&file)) => {
                let protect = document.files.get(&name).is_some_and(|it| it.protect);
                document.files.insert(name, TrackedFile { file, protect });
            }
            // It did not arrive.
            Some(_) => {}
            // The plan was not about it.
            None if plan.left_out > 0 => {
                document.pending.insert(name, file);
            }
            None => {}
        }
    }
}

/// Whether the state already says what `change`, which does nothing, would have it say.
fn is_recorded(document: &Document, change: &Change) -> bool {
    let tracked = document.files.get(&change.name);
    tracked.is_some_and(|tracked| {
        tracked.protect == change.protect
            && change
                .after
                .as_ref()
                .is_some_and(|after| tracked.file.same_as(after))
    })
}

/// Enters a finished change into the state.
fn enter(document: &mut Document, change: &Change) {
    document.pending.remove(&change.name);
    match &change.after {
        Some(file) => {
            let tracked = TrackedFile {
                file: file.clone(),
                protect: change.protect,
            };
            document.files.insert(change.name.clone(), tracked);
        }
        None => {
            document.files.remove(&change.name);
        }
    }
}
