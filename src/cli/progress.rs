//! Progress of an apply: a bar on a terminal, plain lines elsewhere.

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

/// Shows the events of one library's apply.
pub(super) struct Progress {
    output: Output,
    bar: Option<ProgressBar>,
    total: u64,
    finished: u64,
    waits: JoinHandle<()>,
}

impl Progress {
    /// For `total` changes; `waiting` says until when the next call waits for the limits.
    pub(super) fn new(
        output: Output,
        total: u64,
        waiting: watch::Receiver<Option<Instant>>,
    ) -> Self {
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
        let waits = tokio::spawn(tell_waits(output, bar.clone(), waiting));
        Self {
            output,
            bar,
            total,
            finished: 0,
            waits,
        }
    }

    /// Shows one event.
    pub(super) fn tell(&mut self, event: Event) {
        match event {
            Event::Started { name, action, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{} {}", doing(action), shown(&name)));
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

    fn line(&mut self, text: &str) {
        self.finished += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.finished);
                bar.println(text);
            }
            None => self
                .output
                .note(&format!("[{}/{}] {text}", self.finished, self.total)),
        }
    }

    /// Clears the bar.
    pub(super) fn end(self) {
        self.waits.abort();
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says when nothing happens because the limits are used up.
async fn tell_waits(
    output: Output,
    bar: Option<ProgressBar>,
    mut waiting: watch::Receiver<Option<Instant>>,
) {
    while waiting.changed().await.is_ok() {
        let until = *waiting.borrow_and_update();
        let left = until.map_or(Duration::ZERO, |until| until.duration_since(Instant::now()));
        if left < WORTH_TELLING {
            continue;
        }
        let text = format!(
            "waiting {} s for the API's rate limit",
            left.as_secs_f64().ceil()
        );
        match &bar {
            Some(bar) => bar.set_message(text),
            None => output.note(&text),
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
