//! The table of what follows from desired, tracked and observed.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::iter;
use std::time::Duration;

use super::drift;
use super::{Action, Cause, Change, LibraryPlan, Reason, Refusal};
use crate::model::{
    Attribute, DesiredFile, File, Inputs, Limit, Name, Seen, Selection, TrackedFile, Unmanaged,
};

/// The changes that take the observed library to the desired one, in an order in which they can run.
///
/// `tracked` decides ownership: a file that is observed and not tracked is somebody else's, and is
/// touched only where the manifest says `adopt: true` or `unmanaged: delete`.
pub(crate) fn plan(inputs: &Inputs) -> LibraryPlan {
    let mut planner = Planner::new(inputs);
    for sides in sides(inputs) {
        planner.decide(&sides);
    }
    planner.finish()
}

/// What each side has under one name.
struct Sides<'a> {
    name: &'a Name,
    desired: Option<&'a DesiredFile>,
    tracked: Option<&'a TrackedFile>,
    observed: Option<Seen<'a>>,
}

/// Every name on any of the three sides, once, in order.
fn sides(inputs: &Inputs) -> impl Iterator<Item = Sides<'_>> {
    let mut desired = inputs.desired.iter().peekable();
    let mut tracked = inputs.tracked.iter().peekable();
    let mut observed = inputs.seen().peekable();
    iter::from_fn(move || {
        let next = [
            desired.peek().map(|it| it.0),
            tracked.peek().map(|it| it.0),
            observed.peek().map(|it| it.0),
        ];
        let name = next.into_iter().flatten().min()?;
        Some(Sides {
            name,
            desired: desired.next_if(|it| it.0 == name).map(|it| it.1),
            tracked: tracked.next_if(|it| it.0 == name).map(|it| it.1),
            observed: observed.next_if(|it| it.0 == name).map(|it| it.1),
        })
    })
}

struct Planner<'a> {
    inputs: &'a Inputs,
    /// The observed names without case, to find names that differ in nothing else; made when it is asked for.
    folded: OnceCell<BTreeMap<Cow<'a, str>, &'a Name>>,
    changes: Vec<Change>,
    deletes: Vec<Change>,
    unmanaged: Vec<Name>,
    left_out: u64,
    refusals: Vec<Refusal>,
}

impl<'a> Planner<'a> {
    fn new(inputs: &'a Inputs) -> Self {
        Self {
            inputs,
            folded: OnceCell::new(),
            changes: Vec::with_capacity(inputs.desired.len()),
            deletes: Vec::new(),
            unmanaged: Vec::new(),
            left_out: 0,
            refusals: Vec::new(),
        }
    }

    /// One row of the contract's table.
    fn decide(&mut self, sides: &Sides<'_>) {
        let Sides {
            name,
            desired: wanted,
            tracked,
            observed,
        } = *sides;
        let policy = &self.inputs.policy;
        let selected = match &policy.selection {
            Selection::All => true,
            Selection::Targets(targets) => targets.contains(name),
        };
        if !selected {
            if wanted.is_some() || tracked.is_some() {
                self.left_out += 1;
            } else {
                // It is left alone, whatever the manifest says of such files.
                self.unmanaged.push(name.clone());
            }
            return;
        }
        if policy.destroy {
            return self.destroy(name, wanted, tracked, observed);
        }
        match (wanted, tracked, observed) {
            (Some(desired), tracked, None) => self.create(name, desired, tracked),
            (Some(desired), None, Some(observed)) => self.meet(name, desired, observed),
            (Some(desired), Some(tracked), Some(observed)) => {
                self.keep_up(name, desired, tracked, observed);
            }
            (None, Some(tracked), Some(observed)) => {
                self.delete(
                    name,
                    self.not_desired(),
                    Some(tracked),
                    observed,
                    tracked.protect,
                );
            }
            (None, Some(tracked), None) => self.forget(name, self.not_desired(), tracked),
            (None, None, Some(observed)) => match policy.unmanaged {
                Unmanaged::Keep => self.unmanaged.push(name.clone()),
                Unmanaged::Delete => self.delete(name, Reason::Unmanaged, None, observed, false),
            },
            (None, None, None) => {}
        }
    }

    fn cause(
        &self,
        attribute: Attribute,
        desired: &DesiredFile,
        tracked: &TrackedFile,
        observed: Seen<'_>,
    ) -> Cause {
        let edited = !desired.file.agrees_in(attribute, &tracked.file);
        let drifted = !tracked.file.agrees_in(attribute, observed.file);
        let goes_back = self.inputs.policy.rollback.is_some();
        match (edited, drifted) {
            (true, _) if goes_back => Cause::Rollback,
            (true, true) => Cause::Both,
            (false, _) => Cause::Drift,
            (true, false) => Cause::Manifest,
        }
    }

    fn not_desired(&self) -> Reason {
        match self.inputs.policy.rollback {
            None => Reason::NotDesired,
            Some(_) => Reason::NotThen,
        }
    }

    /// Everything tracked goes, and nothing else does.
    fn destroy(
        &mut self,
        name: &Name,
        wanted: Option<&DesiredFile>,
        tracked: Option<&TrackedFile>,
        observed: Option<Seen<'_>>,
    ) {
        match (tracked, observed) {
            (Some(tracked), Some(observed)) => {
                let protect = wanted.map_or(tracked.protect, |desired| desired.protect);
                self.delete(name, Reason::Destroy, Some(tracked), observed, protect);
            }
            (Some(tracked), None) => self.forget(name, Reason::Destroy, tracked),
            (None, Some(_)) => self.unmanaged.push(name.clone()),
            (None, None) => {}
        }
    }

    /// The observed name that differs from `name` in nothing but case and encoding.
    fn differing_in_case(&self, name: &Name) -> Option<&'a Name> {
        let observed = || self.inputs.seen().map(|(name, _)| name);
        let folded = || observed().map(|name| (name.folded(), name)).collect();
        let folded = self.folded.get_or_init(folded);
        folded.get(&name.folded()).copied()
    }

    fn create(&mut self, name: &Name, desired: &DesiredFile, tracked: Option<&TrackedFile>) {
        let drifted = tracked.and_then(|tracked| drift::of_file(tracked, None));
        if let Some(other) = self.differing_in_case(name) {
            self.refusals.push(Refusal::CaseClash {
                name: name.clone(),
                other: other.clone(),
            });
            let change = Change {
                reasons: vec![Reason::InTheWay],
                ..change(name, Action::None)
            };
            return self
                .changes
                .push(with_after(Change { drifted, ..change }, desired));
        }
        let reason = if tracked.is_some() {
            Reason::Missing
        } else {
            Reason::New
        };
        let change = Change {
            reasons: vec![reason],
            drifted,
            ..change(name, Action::Create)
        };
        self.changes.push(with_after(change, desired));
    }

    /// A file that jumpbag did not put there has the desired name.
    fn meet(&mut self, name: &Name, desired: &DesiredFile, observed: Seen<'_>) {
        let (action, reason) = if desired.file.same_as(observed.file) {
            (Action::Adopt, Reason::AlreadyThere)
        } else if desired.adopt {
            (Action::Update, Reason::TakenOver)
        } else {
            self.refusals.push(Refusal::Conflict(name.clone()));
            (Action::None, Reason::InTheWay)
        };
        let before = Some(sized(observed.file, [Some(&desired.file), None]));
        let change = Change {
            reasons: vec![reason],
            before,
            ..change(name, action)
        };
        self.changes.push(with_after(change, desired));
    }

    fn keep_up(
        &mut self,
        name: &Name,
        desired: &DesiredFile,
        tracked: &TrackedFile,
        observed: Seen<'_>,
    ) {
        let reasons: Vec<_> = desired
            .file
            .differences(observed.file)
            .into_iter()
            .map(|attribute| {
                Reason::Differs(attribute, self.cause(attribute, desired, tracked, observed))
            })
            .collect();
        let (action, reasons) = if !reasons.is_empty() {
            (Action::Update, reasons)
        } else if desired.file.same_as(&tracked.file) && desired.protect == tracked.protect {
            (Action::None, Vec::new())
        } else {
            (Action::None, vec![Reason::Agrees])
        };
        let change = Change {
            reasons,
            before: Some(sized(
                observed.file,
                [Some(&desired.file), Some(&tracked.file)],
            )),
            drifted: drift::of_file(tracked, Some(observed)),
            ..change(name, action)
        };
        self.changes.push(with_after(change, desired));
    }

    fn delete(
        &mut self,
        name: &Name,
        reason: Reason,
        tracked: Option<&TrackedFile>,
        observed: Seen<'_>,
        protect: bool,
    ) {
        if protect {
            self.refusals.push(Refusal::Protected(name.clone()));
        }
        self.deletes.push(Change {
            reasons: vec![reason],
            before: Some(sized(
                observed.file,
                [tracked.map(|tracked| &tracked.file), None],
            )),
            drifted: tracked.and_then(|tracked| drift::of_file(tracked, Some(observed))),
            protect,
            ..change(name, Action::Delete)
        });
    }

    fn forget(&mut self, name: &Name, reason: Reason, tracked: &TrackedFile) {
        let drifted = drift::of_file(tracked, None);
        self.changes.push(Change {
            reasons: vec![reason],
            drifted,
            ..change(name, Action::Forget)
        });
    }

    fn finish(mut self) -> LibraryPlan {
        pair_renames(&mut self.changes, &mut self.deletes);
        let deletes = self.deletes.len() as u64;
        if deletes > self.inputs.policy.max_deletes {
            let allowed = self.inputs.policy.max_deletes;
            self.refusals
                .push(Refusal::TooManyDeletes { deletes, allowed });
        }
        self.changes.append(&mut self.deletes);
        let calls = self.changes.iter().filter(|change| change.calls()).count() as u64;
        let Inputs {
            library,
            lineage,
            serial,
            refreshed,
            limits,
            spent,
            ..
        } = self.inputs;
        LibraryPlan {
            library: library.clone(),
            lineage: lineage.clone(),
            serial: *serial,
            refreshed: *refreshed,
            changes: self.changes,
            unmanaged: self.unmanaged,
            left_out: self.left_out,
            rollback: self.inputs.policy.rollback,
            refusals: self.refusals,
            calls,
            seconds: seconds(limits, spent, calls),
        }
    }
}

/// When the last of `calls` can start, in whole seconds, after the listing that every apply starts with.
/// What other runs have `spent` delays it.
fn seconds(limits: &[Limit], spent: &[Duration], calls: u64) -> u64 {
    let calls = if calls == 0 { 0 } else { calls + 1 };
    let end = Limit::earliest_end(limits, spent, calls);
    end.as_secs() + u64::from(end.subsec_nanos() > 0)
}

fn change(name: &Name, action: Action) -> Change {
    Change {
        name: name.clone(),
        action,
        reasons: Vec::new(),
        renamed_from: None,
        before: None,
        after: None,
        drifted: None,
        protect: false,
    }
}

fn with_after(change: Change, desired: &DesiredFile) -> Change {
    Change {
        after: Some(desired.file.clone()),
        protect: desired.protect,
        ..change
    }
}

/// `observed` with the size of one of `known` that has the same content: the API reports no sizes.
fn sized(observed: &File, known: [Option<&File>; 2]) -> File {
    let size = known
        .into_iter()
        .flatten()
        .find(|file| file.sha256 == observed.sha256)
        .and_then(|file| file.size);
    File {
        size: observed.size.or(size),
        ..observed.clone()
    }
}

/// Joins each create to a delete of the same content, both in the order of their names.
fn pair_renames(changes: &mut [Change], deletes: &mut [Change]) {
    let mut sources: BTreeMap<_, Vec<&mut Change>> = BTreeMap::new();
    for delete in deletes.iter_mut().rev() {
        if let Some(before) = &delete.before {
            sources.entry(before.sha256).or_default().push(delete);
        }
    }
    for create in changes
        .iter_mut()
        .filter(|change| change.action == Action::Create)
    {
        let sha256 = create.after.as_ref().map(|file| file.sha256);
        let source = sha256.and_then(|sha256| sources.get_mut(&sha256)?.pop());
        if let Some(delete) = source {
            create.renamed_from = Some(delete.name.clone());
            delete.reasons.push(Reason::RenamedTo(create.name.clone()));
        }
    }
}
