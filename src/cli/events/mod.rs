//! `--events`: the audit trail of an apply, written while it runs.
//!
//! Nothing is begun that is not in it. A change's `started` is on the disk before its first call is made, its
//! `done` is written after the state that knows it; where a line cannot be written, no further call is begun.

mod ledger;
mod sink;
mod who;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use camino::Utf8PathBuf;
use uuid::Uuid;

use super::error::Error;
use super::exit::{Exit, Failure};
use super::output::Output;
use crate::apply;
use crate::plan::{LibraryPlan, Plan};
use crate::render::events::{self, Approval, Event, Outcome, Problem, Stamp};
use ledger::Ledger;
use sink::Sink;

/// The events of one run; without `--events`, none are written.
pub(super) struct Events(Option<Mutex<Log>>);

struct Log {
    path: Utf8PathBuf,
    sink: Sink,
    run_id: String,
    sequence: u64,
    ledger: Ledger,
    /// Whether a line is missing.
    is_broken: bool,
    /// Why, until somebody has been told.
    cause: Option<io::Error>,
}

impl Events {
    /// Begins the events of this run, in the file at `path` if there is one. An error here comes before
    /// anything is done.
    pub(super) fn open(path: Option<&Utf8PathBuf>, output: Output) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let failed = |cause| Error::Events {
            path: path.clone(),
            cause,
        };
        let mut log = Log {
            path: path.clone(),
            sink: Sink::open(path, output).map_err(failed)?,
            run_id: Uuid::new_v4().to_string(),
            sequence: 0,
            ledger: Ledger::default(),
            is_broken: false,
            cause: None,
        };
        log.write(&Event::RunStarted(Box::new(who::run_started())));
        log.sync();
        log.check()?;
        Ok(Self(Some(Mutex::new(log))))
    }

    /// Writes what is planned.
    pub(super) fn plan(&self, plan: &Plan, fingerprint: &str) -> Result<(), Error> {
        self.with(Ok(()), |log| {
            log.write(&events::plan(plan, fingerprint));
            log.check()
        })
    }

    /// Writes that `plan` is approved, and each of its changes. An error here still comes before anything is
    /// done.
    pub(super) fn approved(&self, plan: &Plan, how: Approval) -> Result<(), Error> {
        self.with(Ok(()), |log| {
            log.write(&Event::Approved { how });
            for line in log.ledger.plan(plan) {
                log.write(&line);
            }
            log.sync();
            log.check()
        })
    }

    /// Writes that the changes of a library begin, which is asked by the application `client_id`. Returns false where no call must be made.
    pub(super) fn library_started(&self, part: &LibraryPlan, client_id: Option<Uuid>) -> bool {
        self.with(true, |log| {
            log.ledger.start(&part.library.name);
            log.write(&events::library_started(part, client_id));
            !log.is_broken
        })
    }

    /// Writes one event of a library's apply. Returns false where it could not, so that no further call must
    /// be begun.
    pub(super) fn hear(&self, library: &str, event: &apply::Event) -> bool {
        self.with(true, |log| {
            let line = log.ledger.hear(library, event.clone());
            log.write(&line);
            // What was begun is to be known even if the machine ends now. The other lines follow with the next
            // sync: what they say is in the state, or is taken for unknown.
            if matches!(event, apply::Event::Started { .. }) {
                log.sync();
            }
            !log.is_broken
        })
    }

    /// Writes that the changes of a library are over.
    pub(super) fn library_finished(&self, library: &str, serial: u64) {
        self.with((), |log| {
            let line = log.ledger.finish(library, Some(serial));
            log.write(&line);
        });
    }

    /// Writes how the run ended, and what it left open. A run whose events are not complete did not do
    /// what it was asked: it says so, and is not done.
    pub(super) fn end(
        &self,
        output: Output,
        result: Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        let Some(log) = &self.0 else {
            return result;
        };
        let mut log = lock(log);
        for line in log.ledger.close() {
            log.write(&line);
        }
        let (exit, error) = match &result {
            Ok(exit) => (log.end_of(*exit), None),
            Err(failure) => (failure.exit, Some(problem(&failure.report))),
        };
        log.write(&Event::RunFinished {
            result: outcome(exit),
            exit_code: exit.code(),
            error,
        });
        log.sync();
        if let Err(error) = log.check() {
            output.error(&error);
        }
        result.map(|exit| log.end_of(exit))
    }

    /// Works on the log, or gives `unwritten` where there is none.
    fn with<T>(&self, unwritten: T, work: impl FnOnce(&mut Log) -> T) -> T {
        match &self.0 {
            Some(log) => work(&mut lock(log)),
            None => unwritten,
        }
    }
}

impl Log {
    /// Writes one line. After one that failed, the next is tried all the same: its number shows the gap.
    fn write(&mut self, event: &Event) {
        self.sequence += 1;
        let time = jiff::Timestamp::now().to_string();
        let stamp = Stamp {
            run_id: &self.run_id,
            sequence: self.sequence,
            time: &time,
        };
        let written = self.sink.append(&events::line(stamp, event));
        self.note(written);
    }

    fn sync(&mut self) {
        let synced = self.sink.sync();
        self.note(synced);
    }

    fn note(&mut self, done: io::Result<()>) {
        if let Err(cause) = done {
            // The first failure says most.
            if !self.is_broken {
                self.cause = Some(cause);
            }
            self.is_broken = true;
        }
    }

    /// How a run that would end with `exit` ends: where a line is missing, it is not done.
    fn end_of(&self, exit: Exit) -> Exit {
        if exit != Exit::Done || !self.is_broken {
            exit
        } else if self.ledger.has_effect() {
            Exit::Incomplete
        } else {
            Exit::Failed
        }
    }

    /// An error where a line is missing and nobody has been told.
    fn check(&mut self) -> Result<(), Error> {
        match self.cause.take() {
            Some(cause) => Err(Error::Events {
                path: self.path.clone(),
                cause,
            }),
            None => Ok(()),
        }
    }
}

/// A panic cannot leave the log in a state that hides a line.
fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn problem(report: &miette::Report) -> Problem {
    let chain: Vec<_> = report.chain().map(ToString::to_string).collect();
    Problem {
        code: report.code().map(|code| code.to_string()),
        message: chain.join(": "),
    }
}

fn outcome(exit: Exit) -> Outcome {
    match exit {
        // Only a plan with `--detailed-exitcode` ends with changes.
        Exit::Done | Exit::Changes => Outcome::Done,
        Exit::Failed => Outcome::Failed,
        Exit::Incomplete => Outcome::Incomplete,
        Exit::Refused => Outcome::Refused,
        Exit::Locked => Outcome::Locked,
        Exit::Interrupted => Outcome::Interrupted,
    }
}
