//! Progress of an apply: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Output;
use crate::apply::Event;
use crate::model::Name;
use crate::plan::Action;
use crate::render::escape;

/// Shows the events of one library's apply.
pub(super) struct Progress {
    output: Output,
    bar: Option<ProgressBar>,
    total: u64,
    finished: u64,
}

impl Progress {
    /// For `total` changes.
    pub(super) fn new(output: Output, total: u64) -> Self {
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
        Self {
            output,
            bar,
            total,
            finished: 0,
        }
    }

    /// Shows one event.
    pub(super) fn tell(&mut self, event: Event) {
        match event {
            Event::Started { name, action } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{} {}", doing(action), shown(&name)));
                }
            }
            Event::Done { name, action } => self.line(&format!("{} {}", did(action), shown(&name))),
            Event::Failed {
                name,
                action,
                message,
            } => {
                let message = escape::visible(&message).into_owned();
                self.line(&format!(
                    "could not {} {}: {message}",
                    action.as_str(),
                    shown(&name)
                ));
            }
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
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
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
