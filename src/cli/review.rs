//! Showing a plan to whoever reviews it, in every form that was asked for.

use camino::Utf8PathBuf;

use super::Context;
use super::args::{Forms, PlanOptions, Towards};
use super::error::Error;
use super::session::Session;
use super::{contents, file, summary};
use crate::model::Policy;
use crate::plan::{self, Plan};
use crate::render::{self, Contents, Review, TextOptions};

/// A plan with its fingerprint, which for thousands of changes takes a while.
#[derive(Clone, Debug)]
pub(super) struct Reviewed<'a> {
    plan: &'a Plan,
    fingerprint: String,
}

impl<'a> Reviewed<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        Self {
            plan,
            fingerprint: fingerprint(plan),
        }
    }

    /// The plan's, as it is printed.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// What a reviewer approves, as it is printed.
pub(super) fn fingerprint(plan: &Plan) -> String {
    format!("sha256:{}", plan::fingerprint(plan))
}

/// Refuses forms that would get mixed up, also with events, before any work is done.
pub(super) fn check(forms: &Forms, events: Option<&Utf8PathBuf>) -> Result<(), Error> {
    let events = events.map(|path| ("--events", path));
    let on_stdout = forms.all().chain(events).filter(|(_, path)| *path == "-");
    let options: Vec<_> = on_stdout.map(|(option, _)| option).collect();
    match options.as_slice() {
        [one, other, ..] => Err(Error::OneStdout { one, other }),
        [_] | [] => Ok(()),
    }
}

/// Writes the plan in the `forms`, and prints its text unless one of them goes to standard output. `command`
/// is the one that applies it.
pub(super) fn show(
    context: &Context,
    reviewed: &Reviewed<'_>,
    sessions: &[Session],
    forms: &Forms,
    command: &str,
) -> Result<(), Error> {
    let Reviewed { plan, fingerprint } = reviewed;
    // JSON has no contents; reading thousands of them takes a while.
    let needs_contents = forms.markdown.is_some()
        || forms.html.is_some()
        || forms.json.as_ref().is_none_or(|it| it != "-");
    let contents = if needs_contents {
        contents::at_hand(plan, sessions)
    } else {
        Contents::default()
    };
    let has_effect = !plan.is_refused() && !plan.summary().is_empty();
    let review = Review {
        plan,
        fingerprint,
        contents: &contents,
        command: if has_effect { command } else { "" },
    };
    let write = |path: &Option<Utf8PathBuf>, form: &dyn Fn() -> String| match path {
        None => Ok(()),
        Some(path) if path == "-" => context.output.result(&form()),
        Some(path) => file::write(path, &form()),
    };
    let write_all = || {
        write(&forms.markdown, &|| render::markdown(&review))?;
        write(&forms.html, &|| render::html(&review))?;
        write(&forms.json, &|| render::json(plan, fingerprint))
    };
    if forms.all().any(|(_, path)| path == "-") {
        return write_all();
    }
    let options = TextOptions {
        color: context.output.color(),
    };
    let text = || render::text(plan, fingerprint, &contents, options);
    let text = if forms.all().next().is_none() {
        text()
    } else {
        let beside = std::thread::scope(|scope| {
            let beside = std::thread::Builder::new().spawn_scoped(scope, text);
            let written = write_all();
            let beside = beside.ok().and_then(|beside| beside.join().ok());
            written.map(|()| beside)
        })?;
        // A system may refuse a thread.
        beside.unwrap_or_else(text)
    };
    context.output.result(&text)
}

/// The command that applies what is planned now, and only if it still comes out the same: on any machine, and
/// without a saved plan.
pub(super) fn apply_command(
    context: &Context,
    options: &PlanOptions,
    towards: Towards,
    reviewed: &Reviewed<'_>,
) -> String {
    let mut words = vec!["apply".to_owned()];
    words.extend(towards.words());
    for target in &options.target {
        words.push(format!("--target={target}"));
    }
    if let Some(allowed) = options.allow_deletes {
        words.extend(["--allow-deletes".to_owned(), allowed.to_string()]);
    }
    words.extend(policy_words(options));
    words.extend(["--approved".to_owned(), reviewed.fingerprint.clone()]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    summary::command(context, &words)
}

/// How the command line says which policies decide.
pub(super) fn policy_words(options: &PlanOptions) -> Vec<String> {
    let words = |folder: &Utf8PathBuf| vec!["--policy".to_owned(), folder.to_string()];
    options.policy.as_ref().map(words).unwrap_or_default()
}

/// The command that applies the plan saved in `path`, if it is still the one that was reviewed. As many deletes
/// are allowed as it has, where that has to be said.
pub(super) fn apply_saved_command(
    context: &Context,
    path: &str,
    options: &PlanOptions,
    sessions: &[Session],
    Reviewed { plan, fingerprint }: &Reviewed<'_>,
) -> String {
    let mut words = vec!["apply".to_owned(), path.to_owned()];
    let most = plan.libraries.iter().map(|part| part.summary().delete);
    let most = most.max().unwrap_or(0);
    let allowed = sessions.iter().map(|session| session.library.max_deletes);
    if most > allowed.min().unwrap_or(Policy::MAX_DELETES) {
        words.extend(["--allow-deletes".to_owned(), most.to_string()]);
    }
    words.extend(policy_words(options));
    words.extend(["--approved".to_owned(), fingerprint.clone()]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    summary::command(context, &words)
}
