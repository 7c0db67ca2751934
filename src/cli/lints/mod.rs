//! What is odd about the contents that a run is about, and what comes of it.

mod look;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Context;
use super::args::Towards;
use super::error::Error;
use super::exit::Failure;
use super::session::Session;
use super::workspace::{Warnings, Workspace, warning};
use crate::diagnostics::lints::Levels;
use crate::diagnostics::{Invalid, Problem, Severity, Text, Texts};
use crate::model::{DesiredFile, Name};
use crate::plan::{Action, Change, Plan, Refusal, Warning};
use look::{Found, Wanted, at_once, wanted};

/// How much lints matter, and what the places of their findings are in.
pub(super) struct Lints {
    levels: Levels,
    texts: Texts,
    /// For certificates that expire.
    now: Timestamp,
}

/// What one lint has found.
struct Kind {
    /// The first finding, in this text where it is not in the manifest.
    first: Problem,
    text: Option<Text>,
    warnings: Vec<Warning>,
    /// Each with the place of its library.
    refusals: Vec<(usize, Refusal)>,
}

impl Lints {
    /// Those of the manifest of `workspace`.
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self {
            levels: workspace.manifest.lints.clone(),
            texts: workspace.manifest.texts.clone(),
            now: Timestamp::now(),
        }
    }

    /// The levels that the manifest sets.
    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What is odd about all files of the `desired` libraries; an error where the manifest denies any of it, or where a file
    /// cannot be looked at.
    pub(super) fn everything(
        &self,
        desired: &BTreeMap<String, BTreeMap<Name, DesiredFile>>,
    ) -> Result<Warnings, Failure> {
        let files = desired.values().enumerate();
        let files =
            files.flat_map(|(nth, files)| files.iter().map(move |(name, file)| (nth, name, file)));
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for found in self.look(&wanted(files), &mut self.texts.next_start())? {
            texts.extend(found.text);
            problems.extend(found.problems);
        }
        let texts = self.texts.and(texts);
        let problems = Invalid::unless_ok(&texts, problems)?;
        Ok(warnings(texts, problems))
    }

    /// Tells what is odd about what `plan` would upload, and refuses what the manifest denies. What a plan goes back to is not
    /// looked at: it was there before, and somebody is in a hurry.
    pub(super) fn judge(
        &self,
        context: &Context,
        plan: &mut Plan,
        sessions: &[Session],
        towards: Towards,
    ) -> Result<(), Error> {
        if towards.serial().is_some() {
            return Ok(());
        }
        // Those of one kind stand together, and need their help once.
        let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
        let mut start = self.texts.next_start();
        for some in at_once(&uploads(plan, sessions)) {
            for found in self.look(some, &mut start)? {
                self.sort(found, plan, &mut kinds);
            }
        }
        // Several may be in one text.
        let (mut texts, mut firsts) = (BTreeMap::new(), Vec::new());
        let mut refusals: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for mut kind in kinds.into_values() {
            if let more @ 1.. = kind.warnings.len().saturating_sub(1) {
                kind.first.message = format!("{} (and {more} more)", kind.first.message);
            }
            if !kind.warnings.is_empty() {
                texts.extend(kind.text.map(|text| (text.start(), text)));
                firsts.push(kind.first);
            }
            plan.warnings.extend(kind.warnings);
            for (nth, refusal) in kind.refusals {
                refusals.entry(nth).or_default().push(refusal);
            }
        }
        for (nth, refusals) in refusals {
            if let Some(part) = plan.libraries.get_mut(nth) {
                part.refuse(refusals);
            }
        }
        if !firsts.is_empty() {
            let texts = self.texts.and(texts.into_values().collect());
            let warnings = warnings(texts, firsts);
            context.output.warning(&warnings);
        }
        Ok(())
    }

    /// Puts what was `found` about a content among the `kinds`.
    fn sort(&self, found: Found<'_>, plan: &Plan, kinds: &mut BTreeMap<&str, Kind>) {
        let Found {
            asked,
            text,
            problems,
        } = found;
        let texts = self.texts.and(text.iter().cloned().collect());
        for problem in problems {
            let mut places = problem.labels.iter().map(|(span, _)| span.start);
            let is_in = |text: &Text| places.any(|start| text.contains(start));
            let kind = kinds.entry(problem.code.id).or_insert_with(|| Kind {
                first: problem.clone(),
                text: text.clone().filter(is_in),
                warnings: Vec::new(),
                refusals: Vec::new(),
            });
            if problem.severity == Severity::Error {
                let refusals = asked.iter();
                let refusals = refusals.map(|(nth, name)| (*nth, refusal(name, &problem)));
                kind.refusals.extend(refusals);
                continue;
            }
            let file = |(nth, name): &(usize, &Name)| {
                let part = plan.libraries.get(*nth)?;
                Some((part.library.name.clone(), Name::clone(name)))
            };
            kind.warnings.push(Warning {
                files: asked.iter().filter_map(file).collect(),
                ..warning(&texts, problem)
            });
        }
    }
}

/// The contents that `plan` puts into a library that did not have them so.
fn uploads<'a>(plan: &Plan, sessions: &'a [Session]) -> Vec<Wanted<'a>> {
    let mut files = Vec::new();
    for (nth, part) in plan.libraries.iter().enumerate() {
        let mut sessions = sessions.iter();
        // What the part says of itself does not count: it may come from a file.
        let Some(session) = sessions.find(|session| session.id.name == part.library.name) else {
            continue;
        };
        let uploads = part.changes.iter().filter(|change| is_upload(change));
        files.extend(uploads.filter_map(|change| {
            let (name, desired) = session.desired.get_key_value(&change.name)?;
            Some((nth, name, desired))
        }));
    }
    wanted(files.into_iter())
}

fn is_upload(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Update)
}

fn warnings(texts: Texts, problems: Vec<Problem>) -> Warnings {
    Warnings {
        heading: "lints have found something".to_owned(),
        texts,
        problems,
    }
}

fn refusal(name: &Name, problem: &Problem) -> Refusal {
    Refusal::Lint {
        name: name.clone(),
        code: problem.code.id.to_owned(),
        message: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    }
}
