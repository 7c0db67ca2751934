//! The workers: they take changes from a queue, make them, and report.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::pace::Pace;
use super::{Error, Event, Tools};
use crate::files::open::reader;
use crate::library::{Content, Sent, Trace, Upload, chain};
use crate::model::{File as LibraryFile, Name};
use crate::plan::{Action, Change};
use crate::state::{self, Packed};

/// The most bytes that are read of a source which was smaller when it was hashed: more than the API takes.
const LARGEST: u64 = 64 << 20;

/// What contents may take of the memory at once, in KiB: some of the largest that the API takes.
const ROOM: usize = 32 << 10;

/// The share of [`ROOM`] that a content takes while it is under way; one that is too large takes all of it.
fn room_for(file: &LibraryFile) -> u32 {
    let size = file.size.unwrap_or_default().div_ceil(1 << 10);
    u32::try_from(size.min(ROOM as u64)).unwrap_or(u32::MAX)
}

/// What a worker tells.
pub(super) enum Report {
    /// The change was made, or was not.
    Finished(Finished),
    /// The work was stopped before the change was made; what was sent was refused.
    NotTried(Change, Vec<Sent>),
}

impl Report {
    /// What was sent for the change.
    fn sent(&self) -> &[Sent] {
        match self {
            Self::Finished(Finished { sent, .. }) | Self::NotTried(_, sent) => sent,
        }
    }
}

/// A change with what became of it.
pub(super) struct Finished {
    pub(super) change: Change,
    pub(super) result: Result<Made, Error>,
    pub(super) sent: Vec<Sent>,
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
    pace: Pace,
    /// What contents may take of the memory at once, in KiB.
    room: Semaphore,
    /// Whether whoever hears of beginnings could take all of them.
    heard: Mutex<bool>,
}

impl Crew {
    pub(super) fn new(tools: Tools) -> Self {
        Self {
            pace: Pace::new(tools.concurrency),
            room: Semaphore::new(ROOM),
            heard: Mutex::new(true),
            tools,
        }
    }

    /// Begins no further change, and no call of those that were begun and wait.
    pub(super) fn halt(&self) {
        self.tools.stop.cancel();
    }

    /// Whether changes are begun before those before them are recorded.
    pub(super) fn goes_on(&self) -> bool {
        self.tools.concurrency.most() > 1
    }

    /// Whether no change shall be begun.
    pub(super) fn is_halted(&self) -> bool {
        self.tools.stop.is_cancelled()
    }

    /// Puts the contents of `changes` into the content store, so that a state which names them can be gone back to. Returns the
    /// changes whose content is there, and why it is not for each of the others.
    pub(super) async fn keep(&self, changes: Vec<Change>) -> (Vec<Change>, Vec<String>) {
        let keep = async |change: Change| match &change.after {
            None => Ok(change),
            Some(file) => match self.keep_content(&change.name, file).await {
                Ok(_) => Ok(change),
                Err(error) => Err(format!(
                    "`{}` is in the library as it is to be, but could not be recorded: {}",
                    change.name,
                    chain(&error)
                )),
            },
        };
        let mut results =
            stream::iter(changes.into_iter().map(keep)).buffered(self.tools.concurrency.most());
        let (mut kept, mut warnings) = (Vec::new(), Vec::new());
        while let Some(result) = results.next().await {
            match result {
                Ok(change) => kept.push(change),
                Err(warning) => warnings.push(warning),
            }
        }
        (kept, warnings)
    }

    /// Starts the workers on `changes`. The channel ends when all of them are reported.
    ///
    /// With each comes what has to be dropped once it is recorded. Where one change is made after the other, that is waited for.
    pub(super) fn start(
        self: &Arc<Self>,
        changes: Vec<Change>,
    ) -> mpsc::UnboundedReceiver<(Report, oneshot::Sender<()>)> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let workers = self.tools.concurrency.most().min(changes.len());
        let queue = Arc::new(Mutex::new(VecDeque::from(changes)));
        for _ in 0..workers {
            let (crew, queue, sender) = (Arc::clone(self), Arc::clone(&queue), sender.clone());
            tokio::spawn(async move {
                loop {
                    let permit = crew.pace.begin().await;
                    let Some(change) = take(&queue) else {
                        break;
                    };
                    let report = crew.work(change).await;
                    crew.pace.end(permit, report.sent());
                    let (receipt, recorded) = oneshot::channel();
                    if sender.send((report, receipt)).is_err() {
                        break;
                    }
                    if !crew.goes_on() {
                        // It is never sent, only dropped.
                        recorded.await.ok();
                    }
                }
            });
        }
        receiver
    }

    async fn work(self: &Arc<Self>, change: Change) -> Report {
        let trace = Trace::new((self.tools.request_id)());
        if self.tools.stop.is_cancelled() || !self.starts(&change, &trace).await {
            return Report::NotTried(change, Vec::new());
        }
        let result = self.make(&change, &trace).await;
        let sent = trace.sent();
        match result {
            Err(Error::Library(crate::library::Error::Stopped)) => Report::NotTried(change, sent),
            Err(error) => {
                if let Error::Library(error) = &error
                    && error.is_fatal()
                {
                    self.halt();
                }
                let result = Err(error);
                Report::Finished(Finished {
                    change,
                    result,
                    sent,
                })
            }
            result => Report::Finished(Finished {
                change,
                result,
                sent,
            }),
        }
    }

    /// Says that the calls of `change` begin, and waits until that is written down: false where it cannot be, and
    /// no call must be made. A change without a call begins by itself.
    async fn starts(self: &Arc<Self>, change: &Change, trace: &Trace) -> bool {
        if !change.calls() {
            return true;
        }
        let started = Event::Started {
            name: change.name.clone(),
            action: change.action,
            request_id: trace.id(),
        };
        let crew = Arc::clone(self);
        let told = tokio::task::spawn_blocking(move || {
            let mut heard = crew.heard.lock().unwrap_or_else(PoisonError::into_inner);
            // Who was stopped while this waited has nobody left to tell.
            if crew.is_halted() {
                return false;
            }
            *heard = *heard && (crew.tools.beginnings)(started);
            *heard
        });
        let heard = told.await.unwrap_or_default();
        if !heard {
            self.halt();
        }
        heard
    }

    async fn make(&self, change: &Change, trace: &Trace) -> Result<Made, Error> {
        let Some(file) = &change.after else {
            let deleted = self.tools.client.delete(&change.name, Some(trace));
            deleted.await?;
            return Ok(Made::default());
        };
        let _room = self.room.acquire_many(room_for(file)).await;
        let packed = self.keep_content(&change.name, file).await?;
        if change.action == Action::Adopt {
            return Ok(Made::default());
        }
        let upload = Upload {
            name: &change.name,
            file,
            over: change.action == Action::Update,
            content: &Kept(packed),
        };
        let uploaded = self.tools.client.upload(&upload, Some(trace)).await?;
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
    async fn keep_content(&self, name: &Name, file: &LibraryFile) -> Result<Packed, Error> {
        let (contents, sha256) = (self.tools.contents.clone(), file.sha256);
        let most = file.size.unwrap_or_default().max(LARGEST);
        let path = self.tools.sources.get(name).cloned();
        let no_source = Error::NoSource(name.clone());
        let stored = tokio::task::spawn_blocking(move || {
            match contents.whole(sha256) {
                Ok(Some(packed)) => return Ok(packed),
                Ok(None) => {}
                // It is kept anew.
                Err(state::Error::ContentDamaged { .. } | state::Error::SealedDamaged { .. })
                    if path.is_some() => {}
                Err(error) => return Err(Error::Contents(error)),
            }
            let path = path.ok_or(no_source)?;
            // Since it was hashed it may have become a pipe, a device, or something that never ends.
            let source = reader(&path, most).map_err(|cause| Error::Source { path, cause })?;
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

/// A content of the content store.
struct Kept(Packed);

impl Content for Kept {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        // What is sent is checked by the sender: [`Upload`] knows the digest.
        Ok(Box::new(self.0.unchecked()?))
    }
}
