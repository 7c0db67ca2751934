//! What the lines so far say of each change, so that a run that is stopped leaves none without an end.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply;
use crate::library::Sent;
use crate::model::Name;
use crate::plan::{Action, Plan};
use crate::render::events::{self, Call, Counts, Event, Problem};

/// The changes of a run that have not ended yet, and how many have.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<(String, Name), Open>,
    counts: BTreeMap<String, Counts>,
    /// The libraries that were started and not finished.
    started: BTreeSet<String>,
    /// Whether a change was begun or made, so that the run may have changed something.
    has_effect: bool,
}

#[derive(Debug)]
struct Open {
    action: Action,
    is_started: bool,
}

impl Ledger {
    /// Takes the changes of `plan` down, and returns their lines.
    pub(super) fn plan(&mut self, plan: &Plan) -> Vec<Event> {
        let mut lines = Vec::new();
        for part in &plan.libraries {
            let changes = part.changes.iter();
            for change in changes.filter(|change| change.action != Action::None) {
                let open = Open {
                    action: change.action,
                    is_started: false,
                };
                let key = (part.library.name.clone(), change.name.clone());
                self.open.insert(key, open);
                lines.push(events::planned(&part.library, change));
            }
        }
        lines
    }

    /// Takes down that a library's changes begin.
    pub(super) fn start(&mut self, library: &str) {
        self.started.insert(library.to_owned());
    }

    /// Takes one event down, and returns its line.
    pub(super) fn hear(&mut self, library: &str, event: apply::Event) -> Event {
        let change = |name: &Name, action| events::change(library, name, action);
        self.enter(library, &event);
        match event {
            apply::Event::Started {
                name,
                action,
                request_id,
            } => Event::Started {
                change: change(&name, action),
                client_request_id: request_id.to_string(),
            },
            apply::Event::Done {
                name,
                action,
                serial,
                sent,
            } => Event::Done {
                change: change(&name, action),
                serial,
                calls: calls(sent),
            },
            apply::Event::Failed {
                name,
                action,
                message: _,
                details,
                code,
                unknown,
                sent,
            } => {
                let (change, calls) = (change(&name, action), calls(sent));
                let error = Problem {
                    code,
                    message: details,
                };
                if unknown {
                    Event::Unknown {
                        change,
                        error: Some(error),
                        calls,
                    }
                } else {
                    Event::Failed {
                        change,
                        error,
                        calls,
                    }
                }
            }
            apply::Event::NotTried { name, action, sent } => Event::NotTried {
                change: change(&name, action),
                calls: calls(sent),
            },
            apply::Event::NotRecorded { name, action, sent } => Event::NotRecorded {
                change: change(&name, action),
                calls: calls(sent),
            },
        }
    }

    fn enter(&mut self, library: &str, event: &apply::Event) {
        let counts = self.counts.entry(library.to_owned()).or_default();
        let (name, count) = match event {
            apply::Event::Started { name, .. } => {
                if let Some(open) = self.open.get_mut(&(library.to_owned(), name.clone())) {
                    open.is_started = true;
                }
                self.has_effect = true;
                return;
            }
            apply::Event::Done { name, .. } => (name, &mut counts.done),
            apply::Event::Failed { name, unknown, .. } if *unknown => (name, &mut counts.unknown),
            apply::Event::Failed { name, .. } => (name, &mut counts.failed),
            apply::Event::NotTried { name, .. } => (name, &mut counts.not_tried),
            apply::Event::NotRecorded { name, .. } => (name, &mut counts.not_recorded),
        };
        *count += 1;
        self.has_effect |= !matches!(event, apply::Event::NotTried { .. });
        self.open.remove(&(library.to_owned(), name.clone()));
    }

    /// Takes down that a library's changes are over, and returns the line.
    pub(super) fn finish(&mut self, library: &str, serial: Option<u64>) -> Event {
        self.started.remove(library);
        Event::LibraryFinished {
            library: library.to_owned(),
            serial,
            counts: self.counts.get(library).copied().unwrap_or_default(),
        }
    }

    /// The lines of what a stopped run leaves open: a change that was begun may have been made.
    pub(super) fn close(&mut self) -> Vec<Event> {
        let mut lines = Vec::new();
        for ((library, name), open) in std::mem::take(&mut self.open) {
            let change = events::change(&library, &name, open.action);
            let counts = self.counts.entry(library).or_default();
            let calls = Vec::new();
            lines.push(if open.is_started {
                counts.unknown += 1;
                let error = None;
                Event::Unknown {
                    change,
                    error,
                    calls,
                }
            } else {
                counts.not_tried += 1;
                Event::NotTried { change, calls }
            });
        }
        for library in self.started.clone() {
            lines.push(self.finish(&library, None));
        }
        lines
    }

    /// Whether the run may have changed something.
    pub(super) fn has_effect(&self) -> bool {
        self.has_effect
    }
}

fn calls(sent: Vec<Sent>) -> Vec<Call> {
    let call = |sent: Sent| Call {
        method: sent.method.to_string(),
        status: sent.status,
        ids: sent
            .ids
            .into_iter()
            .map(|(name, id)| (name.to_owned(), id))
            .collect(),
    };
    sent.into_iter().map(call).collect()
}
