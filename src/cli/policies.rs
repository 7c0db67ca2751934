//! The policies of a run: where they are, and what they say of its plan.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::Context;
use super::error::Error;
use super::exit::Failure;
use super::file;
use super::review;
use crate::diagnostics::lints::Levels;
use crate::model::Name;
use crate::plan::{Plan, Refusal, Warning};
use crate::policy::{self, Source, Verdict};
use crate::render;

/// The folder beside the manifest that is looked into where nobody says otherwise.
const FOLDER: &str = "policies";

/// The largest file of policies that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The policies of a run.
pub(super) struct Policies(Vec<Source>);

/// What a policy warns of.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the policies' rule `{rule}` warns: {message}")]
#[diagnostic(severity(Warning), code(jumpbag::policy::warn))]
struct Warns {
    rule: String,
    message: String,
}

impl Policies {
    /// Those in the folder `given`, or else in the one beside the manifest, where there need be none.
    pub(super) fn load(context: &Context, given: Option<&Utf8PathBuf>) -> Result<Self, Failure> {
        let folder = match given {
            Some(folder) => folder.clone(),
            None => beside(&context.global.manifest),
        };
        let cannot = |cause| Error::Policies {
            folder: folder.clone(),
            cause,
        };
        let mut paths = Vec::new();
        match list(&folder, &mut paths) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && given.is_none() => {
                return Ok(Self(Vec::new()));
            }
            Err(error) => return Err(cannot(error).into()),
        }
        if paths.is_empty() && given.is_some() {
            let none = io::Error::new(io::ErrorKind::NotFound, "it holds no `*.rego`");
            return Err(cannot(none).into());
        }
        paths.sort();
        let read = |path: Utf8PathBuf| {
            let bytes = file::read(&path, LARGEST)?;
            let text = String::from_utf8(bytes)
                .map_err(|error| cannot(io::Error::new(io::ErrorKind::InvalidData, error)))?;
            let path = path.into_string();
            Ok::<_, Error>(Source { path, text })
        };
        let sources: Result<Vec<_>, _> = paths.into_iter().map(read).collect();
        Ok(Self(sources?))
    }

    /// Tells what they warn of in `plan`, and refuses what they deny. They are told which `lints` the manifest sets, too: a policy
    /// that asks for what a lint finds must know where it does not look.
    pub(super) fn judge(
        self,
        context: &Context,
        plan: &mut Plan,
        lints: &Levels,
    ) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let json = render::json(plan, &review::fingerprint(plan));
        let levels: BTreeMap<_, _> = lints.set_levels().collect();
        for verdict in policy::judge(self.0, &json, &levels, Timestamp::now())? {
            if verdict.denies {
                deny(plan, verdict);
                continue;
            }
            let Verdict { rule, message, .. } = verdict;
            plan.warnings.push(Warning {
                code: "jumpbag::policy::warn".to_owned(),
                message: format!("the policies' rule `{rule}` warns: {message}"),
                place: None,
                help: None,
                files: Vec::new(),
            });
            context.output.warning(&Warns { rule, message });
        }
        Ok(())
    }
}

/// The folder of policies beside the manifest at `path`.
fn beside(path: &Utf8Path) -> Utf8PathBuf {
    match path.parent() {
        Some(folder) if folder != "" => folder.join(FOLDER),
        Some(_) | None => FOLDER.into(),
    }
}

/// Adds the policies in `folder`, and in folders in it, to `paths`. What tests policies is none.
fn list(folder: &Utf8Path, paths: &mut Vec<Utf8PathBuf>) -> io::Result<()> {
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            list(entry.path(), paths)?;
        } else if is_policy(entry.path()) {
            paths.push(entry.into_path());
        }
    }
    Ok(())
}

fn is_policy(path: &Utf8Path) -> bool {
    let is_test = path.file_stem().is_some_and(|stem| stem.ends_with("_test"));
    !is_test
        && path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("rego"))
}

/// Refuses the library that the `verdict` is about, or all of them.
fn deny(plan: &mut Plan, verdict: Verdict) {
    let Verdict {
        rule,
        message,
        library,
        file,
        ..
    } = verdict;
    let is_meant = |name: &str| library.as_ref().is_none_or(|library| library == name);
    // A library that the plan does not have must not make the denial go away.
    let is_known = plan
        .libraries
        .iter()
        .any(|part| is_meant(&part.library.name));
    for part in &mut plan.libraries {
        if is_known && !is_meant(&part.library.name) {
            continue;
        }
        let name = file.as_deref().map(Name::existing);
        let name = name.filter(|name| part.changes.iter().any(|change| change.name == *name));
        let refusal = Refusal::Policy {
            name,
            rule: rule.clone(),
            message: message.clone(),
        };
        if !part.refusals.contains(&refusal) {
            part.refusals.push(refusal);
        }
    }
}
