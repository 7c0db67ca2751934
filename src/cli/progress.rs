//! Progress of an apply: a bar on a terminal, plain lines elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::output::Output;
use crate::apply::Event;
use crate::model::Name;
use crate::plan::Action;
use crate::render::escape;

/// Waits shorter than this are not worth a line.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Shows the progress of a run over all of its libraries.
pub(super) struct Progress {
    board: Arc<Board>,
    /// Whether there is one library, which then need not be named.
    is_one: bool,
}

/// What shows one library's share of the progress.
pub(super) struct Share {
    board: Arc<Board>,
    /// What its lines begin with.
    of: String,
    waits: JoinHandle<()>,
}

struct Board {
    output: Output,
    bar: Option<ProgressBar>,
    total: u64,
    /// Held while a line is printed, so that the lines are in the order of their numbers.
    finished: Mutex<u64>,
}

impl Progress {
    /// For `total` changes.
    pub(super) fn new(output: Output, total: u64, is_one: bool) -> Self {
        let bar = output.bars().then(|| {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {wide_msg}");
            bar.set_style(
                style
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> "),
            );
            bar
        });
        let board = Board {
            output,
            bar,
            total,
            finished: Mutex::new(0),
        };
        Self {
            board: Arc::new(board),
            is_one,
        }
    }

    /// What shows the share of `library`; `waiting` says until when its next call waits for the limits.
    pub(super) fn share(&self, library: &str, waiting: watch::Receiver<Option<Instant>>) -> Share {
        let of = if self.is_one {
            String::new()
        } else {
            format!("{}: ", escape::visible(library))
        };
        let waits = tokio::spawn(tell_waits(Arc::clone(&self.board), of.clone(), waiting));
        Share {
            board: Arc::clone(&self.board),
            of,
            waits,
        }
    }

    /// Clears the bar.
    pub(super) fn end(self) {
        if let Some(bar) = &self.board.bar {
            bar.finish_and_clear();
        }
    }
}

impl Share {
    /// Shows one event.
    pub(super) fn tell(&self, event: Event) {
        match event {
            Event::Started { name, action, .. } => {
                if let Some(bar) = &self.board.bar {
                    bar.set_message(format!("{}{} {}", self.of, doing(action), shown(&name)));
                }
            }
            Event::Done { name, action, .. } => {
                self.line(&format!("{} {}", did(action), shown(&name)));
            }
            Event::Failed {
                name,
                action,
                message,
                ..
            } => {
                let message = escape::visible(&message).into_owned();
                self.line(&format!(
                    "could not {} {}: {message}",
                    action.as_str(),
                    shown(&name)
                ));
            }
            // The account at the end has them.
            Event::NotTried { .. } | Event::NotRecorded { .. } => {}
        }
    }

    fn line(&self, text: &str) {
        let (board, of) = (&self.board, &self.of);
        let mut finished = board
            .finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *finished += 1;
        match &board.bar {
            Some(bar) => {
                bar.set_position(*finished);
                bar.println(format!("{of}{text}"));
            }
            None => board
                .output
                .note(&format!("[{finished}/{}] {of}{text}", board.total)),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.waits.abort();
    }
}

/// Says when nothing happens because the limits are used up.
async fn tell_waits(board: Arc<Board>, of: String, mut waiting: watch::Receiver<Option<Instant>>) {
    while waiting.changed().await.is_ok() {
        let until = *waiting.borrow_and_update();
        let left = until.map_or(Duration::ZERO, |until| until.duration_since(Instant::now()));
        if left < WORTH_TELLING {
            continue;
        }
        let text = format!(
            "{of}waiting {} s for the API's rate limit",
            left.as_secs_f64().ceil()
        );
        match &board.bar {
            Some(bar) => bar.set_message(text),
            None => board.output.note(&text),
        }
    }
}

fn shown(name: &Name) -> String {
    escape::visible(name.as_str()).into_owned()
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Delete => "deleting",
        Action::Adopt => "adopting",
        Action::Forget => "forgetting",
        Action::None => "recording",
    }
}

/// The word for a change that was made.
pub(super) fn did(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::Forget => "forgot",
        Action::None => "recorded",
    }
}
