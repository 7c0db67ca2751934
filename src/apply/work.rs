//! The workers: they take changes from a queue, make them, and report.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Error, Tools};
use crate::library::{Content, Upload};
use crate::model::{File as LibraryFile, Name, Sha256};
use crate::plan::{Action, Change};
use crate::state::Contents;

/// What a worker tells.
pub(super) enum Report {
    /// A call is about to be made.
    Started(Name, Action),
    /// The change was made, or was not.
    Finished(Change, Result<Made, Error>),
    /// The work was stopped before the change was begun.
    NotTried(Change),
}

/// A change with what became of it.
pub(super) struct Finished {
    pub(super) change: Change,
    pub(super) result: Result<Made, Error>,
}

/// A change that was made.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// See [`super::Outcome::warnings`].
    pub(super) warnings: Vec<String>,
}

/// The workers of one apply, and what they share.
pub(super) struct Crew {
    tools: Tools,
}

impl Crew {
    pub(super) fn new(tools: Tools) -> Self {
        Self { tools }
    }

    /// Begins no further change, and no call of those that were begun and wait.
    pub(super) fn halt(&self) {
        self.tools.stop.cancel();
    }

    /// Starts the workers on `changes`. The channel ends when all of them are reported.
    pub(super) fn start(self: &Arc<Self>, changes: Vec<Change>) -> mpsc::UnboundedReceiver<Report> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let workers = self.tools.concurrency.clamp(1, changes.len().max(1));
        let queue = Arc::new(Mutex::new(VecDeque::from(changes)));
        for _ in 0..workers {
            let (crew, queue, sender) = (Arc::clone(self), Arc::clone(&queue), sender.clone());
            tokio::spawn(async move {
                while let Some(change) = take(&queue) {
                    if sender.send(crew.work(change, &sender).await).is_err() {
                        break;
                    }
                }
            });
        }
        receiver
    }

    async fn work(&self, change: Change, sender: &mpsc::UnboundedSender<Report>) -> Report {
        if self.tools.stop.is_cancelled() {
            return Report::NotTried(change);
        }
        if change.calls() {
            // The receiver going away is noticed at the next report.
            sender
                .send(Report::Started(change.name.clone(), change.action))
                .ok();
        }
        match self.make(&change).await {
            Err(Error::Library(crate::library::Error::Stopped)) => Report::NotTried(change),
            Err(error) => {
                if let Error::Library(error) = &error
                    && error.is_fatal()
                {
                    self.halt();
                }
                Report::Finished(change, Err(error))
            }
            Ok(made) => Report::Finished(change, Ok(made)),
        }
    }

    async fn make(&self, change: &Change) -> Result<Made, Error> {
        let Some(file) = &change.after else {
            self.tools.client.delete(&change.name).await?;
            return Ok(Made::default());
        };
        self.keep_content(&change.name, file).await?;
        if change.action == Action::Adopt {
            return Ok(Made::default());
        }
        let upload = Upload {
            name: &change.name,
            file,
            over: change.action == Action::Update,
            content: &Kept {
                contents: self.tools.contents.clone(),
                sha256: file.sha256,
            },
        };
        let uploaded = self.tools.client.upload(&upload).await?;
        let warning = |attribute: crate::model::Attribute| {
            format!(
                "`{}` was stored with another {} than was sent",
                change.name,
                attribute.as_str()
            )
        };
        Ok(Made {
            warnings: uploaded.warnings.into_iter().map(warning).collect(),
        })
    }

    /// Puts the content into the content store, from which it is then sent: what the source becomes in
    /// the meantime has no part in it, and it can be got back later, which the API does not offer.
    async fn keep_content(&self, name: &Name, file: &LibraryFile) -> Result<(), Error> {
        let (contents, sha256) = (self.tools.contents.clone(), file.sha256);
        if contents.has(sha256) {
            return Ok(());
        }
        let path = self
            .tools
            .sources
            .get(name)
            .ok_or_else(|| Error::NoSource(name.clone()))?
            .clone();
        let stored = tokio::task::spawn_blocking(move || {
            let source = File::open(&path).map_err(|cause| Error::Source { path, cause })?;
            contents.put(sha256, source).map_err(Error::Contents)
        });
        // It is never aborted, so it fails only when it panics.
        stored
            .await
            .unwrap_or_else(|_| Err(Error::NoSource(name.clone())))
    }
}

fn take(queue: &Mutex<VecDeque<Change>>) -> Option<Change> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

/// A content in the content store.
struct Kept {
    contents: Contents,
    sha256: Sha256,
}

impl Content for Kept {
    fn open(&self) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.contents.open(self.sha256)?))
    }
}
